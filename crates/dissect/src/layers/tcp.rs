//! TCP (RFC 9293) and its options.

use flowloom_wire::Tcp;

use crate::field::layer;
use crate::writer::Writer;

layer! {
    TCP "tcp" "tcp" "TCP (RFC 9293).";
    SRC_PORT Uint "tcp.srcport" "Source port.";
    DST_PORT Uint "tcp.dstport" "Destination port.";
    LEN Uint "tcp.len" "Bytes of payload.";
    SEQ Uint "tcp.seq_raw" "Sequence number.";
    ACK Uint "tcp.ack_raw" "Acknowledgement number.";
    HDR_LEN Uint "tcp.hdr_len" "Bytes of the header with its options.";
    FLAGS Hex(4) "tcp.flags" "Flags.";
    RES Bool "tcp.flags.res" "A reserved flag.";
    AE Bool "tcp.flags.ae" "Accurate ECN.";
    CWR Bool "tcp.flags.cwr" "Congestion window reduced.";
    ECE Bool "tcp.flags.ece" "ECN echo.";
    URG Bool "tcp.flags.urg" "The urgent pointer counts.";
    ACK_FLAG Bool "tcp.flags.ack" "The acknowledgement number counts.";
    PSH Bool "tcp.flags.push" "The receiver should pass on what it has.";
    RST Bool "tcp.flags.reset" "The connection is reset.";
    SYN Bool "tcp.flags.syn" "The connection is opened.";
    FIN Bool "tcp.flags.fin" "The sender has no more to send.";
    WINDOW Uint "tcp.window_size_value" "Receive window, as sent.";
    CHECKSUM Hex(4) "tcp.checksum" "Checksum, as sent.";
    URGENT Uint "tcp.urgent_pointer" "Where urgent data ends.";
    OPTION_KIND Uint "tcp.option_kind" "Kind of an option.";
    OPTION_LEN Uint "tcp.option_len" "Bytes of an option.";
    MSS Uint "tcp.options.mss_val" "Largest segment the sender takes.";
    WSCALE Uint "tcp.options.wscale.shift" "Power of two by which windows are multiplied.";
    WSCALE_BY Uint "tcp.options.wscale.multiplier" "What windows are multiplied by.";
    SACK_LEFT Uint "tcp.options.sack_le" "First byte of a block that was received.";
    SACK_RIGHT Uint "tcp.options.sack_re" "Byte after a block that was received.";
    TS_VALUE Uint "tcp.options.timestamp.tsval" "Timestamp.";
    TS_ECHO Uint "tcp.options.timestamp.tsecr" "Timestamp that is echoed.";
    FAST_OPEN Bytes "tcp.options.tfo.cookie" "Fast open cookie.";
    USER_TIMEOUT Uint "tcp.options.user_to_val" "User timeout.";
    MD5 Bytes "tcp.options.md5.digest" "MD5 signature (RFC 2385).";
    AO_KEY Uint "tcp.options.ao.keyid" "Authentication option: key.";
    AO_NEXT Uint "tcp.options.ao.rnextkeyid" "Authentication option: key to be used next.";
    AO_MAC Bytes "tcp.options.ao.mac" "Authentication option: code.";
    MPTCP_SUBTYPE Uint "tcp.options.mptcp.subtype" "Multipath TCP: kind of message.";
    EXPERIMENT Hex(4) "tcp.options.experimental.exid" "Identifier of an experiment.";
}

pub(super) fn tcp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&TCP, at);
    let Ok(tcp) = Tcp::parse(w.rest(at)) else { return at };
    let header_len = tcp.header_len();
    w.uint(&SRC_PORT, at, 2);
    w.uint(&DST_PORT, at + 2, 2);
    w.computed(&LEN, at, 0, w.claim.saturating_sub(at + header_len) as u64);
    w.uint(&SEQ, at + 4, 4);
    w.uint(&ACK, at + 8, 4);
    w.computed(&HDR_LEN, at + 12, 1, header_len as u64);
    w.bits(&FLAGS, at + 12, 2, 0, 12);
    w.below(|w| {
        w.bits(&RES, at + 12, 2, 9, 3);
        w.flags(at + 12, 2, &BITS);
    });
    w.uint(&WINDOW, at + 14, 2);
    w.uint(&CHECKSUM, at + 16, 2);
    w.uint(&URGENT, at + 18, 2);
    options(w, at + Tcp::LEN_MIN, at + header_len);
    w.layer_end(at + header_len);
    at + header_len
}

/// The front of a header that an error quotes, which need be no longer (RFC 792); whether there is
/// so much of it.
pub(crate) fn quoted(w: &mut Writer<'_>, at: usize) -> bool {
    if w.rest(at).len() < 8 {
        return false;
    }
    w.layer(&TCP, at);
    w.uint(&SRC_PORT, at, 2);
    w.uint(&DST_PORT, at + 2, 2);
    w.uint(&SEQ, at + 4, 4);
    w.layer_end(at + 8);
    super::data(w, at + 8, usize::MAX);
    true
}

fn options(w: &mut Writer<'_>, mut at: usize, end: usize) {
    while at < end {
        let Some(kind) = w.number(at, 1) else { return };
        w.named(&OPTION_KIND, at, 1, option_name);
        if kind == NOP || kind == END {
            at += 1;
            continue;
        }
        let Some(len) = w.number(at + 1, 1).map(|len| len as usize) else { return };
        if len < 2 || at + len > end {
            return;
        }
        w.below(|w| {
            w.uint(&OPTION_LEN, at + 1, 1);
            option(w, kind, at + 2, len - 2);
        });
        at += len;
    }
}

/// What an option says: its data is at `at`.
fn option(w: &mut Writer<'_>, kind: u64, at: usize, len: usize) {
    match (kind, len) {
        (2, 2) => {
            w.uint(&MSS, at, 2);
        }
        (3, 1) => {
            let shift = w.uint(&WSCALE, at, 1).min(14);
            w.computed(&WSCALE_BY, at, 1, 1 << shift);
        }
        (5, _) if len.is_multiple_of(8) => {
            for block in (at..at + len).step_by(8) {
                w.uint(&SACK_LEFT, block, 4);
                w.uint(&SACK_RIGHT, block + 4, 4);
            }
        }
        (8, 8) => {
            w.uint(&TS_VALUE, at, 4);
            w.uint(&TS_ECHO, at + 4, 4);
        }
        (19, 16) => w.bytes(&MD5, at, len),
        (28, 2) => {
            w.bits(&USER_TIMEOUT, at, 2, 0, 15);
        }
        (29, 2..) => {
            w.uint(&AO_KEY, at, 1);
            w.uint(&AO_NEXT, at + 1, 1);
            w.bytes(&AO_MAC, at + 2, len - 2);
        }
        (30, 1..) => {
            let subtype = w.number(at, 1).unwrap_or(0) >> 4;
            let name = MPTCP_NAMES.get(subtype as usize).copied();
            w.add_named(&MPTCP_SUBTYPE, at, 1, Value::Uint(subtype), name);
        }
        (34, _) => w.bytes(&FAST_OPEN, at, len),
        (253 | 254, 2..) => {
            w.uint(&EXPERIMENT, at, 2);
        }
        _ => {}
    }
}

use crate::dissection::Value;
use crate::field::FieldInfo;

fn option_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        END => "end of options",
        NOP => "no operation",
        2 => "maximum segment size",
        3 => "window scale",
        4 => "SACK permitted",
        5 => "SACK",
        8 => "timestamps",
        19 => "MD5 signature",
        28 => "user timeout",
        29 => "authentication",
        30 => "multipath TCP",
        34 => "fast open",
        69 => "encryption negotiation",
        253 | 254 => "experiment",
        _ => return None,
    })
}

static BITS: [(&FieldInfo, u32); 9] = [
    (&AE, 8),
    (&CWR, 7),
    (&ECE, 6),
    (&URG, 5),
    (&ACK_FLAG, 4),
    (&PSH, 3),
    (&RST, 2),
    (&SYN, 1),
    (&FIN, 0),
];
const MPTCP_NAMES: [&str; 9] = [
    "capable",
    "join",
    "data sequence",
    "add address",
    "remove address",
    "priority",
    "fail",
    "fast close",
    "reset",
];
const END: u64 = 0;
const NOP: u64 = 1;
