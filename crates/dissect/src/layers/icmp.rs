//! ICMP (RFC 792).

use flowloom_wire::Icmp;

use crate::field::layer;
use crate::writer::Writer;

layer! {
    ICMP "icmp" "icmp" "ICMP (RFC 792).";
    TYPE Uint "icmp.type" "Kind of message.";
    CODE Uint "icmp.code" "Kind within the kind.";
    CHECKSUM Hex(4) "icmp.checksum" "Checksum, as sent.";
    IDENT Uint "icmp.ident" "Identifier of an echo.";
    SEQ Uint "icmp.seq" "Sequence number of an echo.";
    MTU Uint "icmp.mtu" "Largest packet of the next hop.";
    GATEWAY Ipv4 "icmp.redir_gw" "The gateway to use.";
    POINTER Uint "icmp.pointer" "The byte at fault.";
    ORIGINATE Uint "icmp.originate_timestamp" "When the request was sent, in milliseconds of the day.";
    RECEIVE Uint "icmp.receive_timestamp" "When the request was received.";
    TRANSMIT Uint "icmp.transmit_timestamp" "When the reply was sent.";
    MASK Ipv4 "icmp.address_mask" "The mask of a network.";
}

pub(super) fn icmp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&ICMP, at);
    let kind = w.named(&TYPE, at, 1, type_name);
    w.uint(&CODE, at + 1, 1);
    w.uint(&CHECKSUM, at + 2, 2);
    let data = at + Icmp::LEN;
    match kind {
        0 | 8 | 13..=18 => {
            w.uint(&IDENT, at + 4, 2);
            w.uint(&SEQ, at + 6, 2);
        }
        3 if w.number(at + 1, 1) == Some(4) => {
            w.uint(&MTU, at + 6, 2);
        }
        5 => w.ipv4(&GATEWAY, at + 4),
        12 => {
            w.uint(&POINTER, at + 4, 1);
        }
        _ => {}
    }
    match kind {
        13 | 14 => {
            w.uint(&ORIGINATE, data, 4);
            w.uint(&RECEIVE, data + 4, 4);
            w.uint(&TRANSMIT, data + 8, 4);
            return data + 12;
        }
        17 | 18 => {
            w.ipv4(&MASK, data);
            return data + 4;
        }
        _ => {}
    }
    w.layer_end(data);
    data
}

/// Where an error message quotes the packet it is about; `at` is where it begins itself.
pub(crate) fn quoted_at(is_v6: bool, bytes: &[u8], at: usize) -> Option<usize> {
    let kind = *bytes.get(at)?;
    let is_error = if is_v6 { matches!(kind, 1..=4) } else { matches!(kind, 3 | 4 | 5 | 11 | 12) };
    is_error.then_some(at + Icmp::LEN)
}

fn type_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "echo reply",
        3 => "destination unreachable",
        4 => "source quench",
        5 => "redirect",
        8 => "echo request",
        9 => "router advertisement",
        10 => "router solicitation",
        11 => "time exceeded",
        12 => "parameter problem",
        13 => "timestamp request",
        14 => "timestamp reply",
        17 => "address mask request",
        18 => "address mask reply",
        _ => return None,
    })
}
