//! IGMP (RFC 1112, RFC 2236, RFC 3376).

use crate::field::layer;
use crate::writer::Writer;

layer! {
    IGMP "igmp" "igmp" "IGMP (RFC 2236, RFC 3376).";
    VERSION Uint "igmp.version" "Version.";
    TYPE Hex(2) "igmp.type" "Kind of message.";
    MAX_RESPONSE Uint "igmp.max_resp" "Within what time to answer, in tenths of a second.";
    CHECKSUM Hex(4) "igmp.checksum" "Checksum, as sent.";
    GROUP Ipv4 "igmp.maddr" "A group.";
    SUPPRESS Bool "igmp.s" "Routers must not do as the query says.";
    ROBUSTNESS Uint "igmp.qrv" "Robustness of the querier.";
    INTERVAL Uint "igmp.qqic" "Interval of queries, as a code.";
    SOURCES Uint "igmp.num_src" "How many sources there are.";
    SOURCE Ipv4 "igmp.saddr" "A source.";
    RECORDS Uint "igmp.num_grp_recs" "How many records there are.";
    RECORD Uint "igmp.record_type" "Kind of a record.";
    AUXILIARY Uint "igmp.aux_data_len" "Words of further data of a record.";
}

pub(super) fn igmp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&IGMP, at);
    let len = w.rest(at).len();
    let kind = w.number(at, 1).unwrap_or(0);
    let version = match (kind, len) {
        (0x11, 12..) | (0x22, _) => 3,
        (0x11, _) if w.number(at + 1, 1) == Some(0) => 1,
        (0x11 | 0x16 | 0x17, _) => 2,
        (0x12, _) => 1,
        _ => 0,
    };
    if version > 0 {
        w.computed(&VERSION, at, 1, version);
    }
    w.named(&TYPE, at, 1, type_name);
    match (kind, version) {
        (0x11, 3) => {
            let tenths = w.number(at + 1, 1).map_or(0, response_time);
            w.computed(&MAX_RESPONSE, at + 1, 1, tenths);
            w.uint(&CHECKSUM, at + 2, 2);
            w.ipv4(&GROUP, at + 4);
            w.bits(&SUPPRESS, at + 8, 1, 3, 1);
            w.bits(&ROBUSTNESS, at + 8, 1, 0, 3);
            w.uint(&INTERVAL, at + 9, 1);
            let sources = w.uint(&SOURCES, at + 10, 2) as usize;
            addresses(w, at + 12, sources);
        }
        (0x22, _) => {
            w.uint(&CHECKSUM, at + 2, 2);
            let records = w.uint(&RECORDS, at + 6, 2);
            let mut record = at + 8;
            for _ in 0..records {
                if w.get(record, 8).is_none() {
                    break;
                }
                w.named(&RECORD, record, 1, record_name);
                let auxiliary = w.uint(&AUXILIARY, record + 1, 1) as usize;
                let sources = w.uint(&SOURCES, record + 2, 2) as usize;
                w.ipv4(&GROUP, record + 4);
                addresses(w, record + 8, sources);
                record += 8 + 4 * (sources + auxiliary);
            }
        }
        (0x11 | 0x12 | 0x16 | 0x17, _) => {
            if version == 2 {
                w.uint(&MAX_RESPONSE, at + 1, 1);
            }
            w.uint(&CHECKSUM, at + 2, 2);
            w.ipv4(&GROUP, at + 4);
            w.layer_end(at + 8);
            return at + 8;
        }
        _ => {}
    }
    w.end
}

/// A code from 128 on is a floating-point number (RFC 3376, section 4.1.1).
fn response_time(code: u64) -> u64 {
    if code < 128 { code } else { (code & 0x0f | 0x10) << ((code >> 4 & 7) + 3) }
}

fn addresses(w: &mut Writer<'_>, at: usize, count: usize) {
    for source in (at..w.end).step_by(4).take(count) {
        w.ipv4(&SOURCE, source);
    }
}

fn type_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0x11 => "membership query",
        0x12 => "membership report v1",
        0x16 => "membership report v2",
        0x17 => "leave group",
        0x22 => "membership report v3",
        _ => return None,
    })
}

fn record_name(kind: u64) -> Option<&'static str> {
    let names =
        ["is include", "is exclude", "to include", "to exclude", "allow sources", "block sources"];
    names.get((kind as usize).checked_sub(1)?).copied()
}
