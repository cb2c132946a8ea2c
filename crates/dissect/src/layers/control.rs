//! What tunnels over UDP say besides the packets they carry: control messages of L2TP, GTP and
//! CAPWAP, and the encapsulation of ESP.

use flowloom_wire::Packet;

use crate::declared::KnownLayers;
use crate::field::layer;
use crate::layers::{app, dtls, frame, security, tunnel};
use crate::writer::Writer;

layer! {
    ENCAPSULATION "udpencap" "udpencap" "ESP or IKE in UDP (RFC 3948).";
    KEEPALIVE Bool "udpencap.nat_keepalive" "Nothing but a sign of life.";
    NON_ESP Bool "udpencap.non_esp_marker" "Four zero bytes: IKE follows.";
}

layer! {
    GTP2 "gtpv2" "gtpv2" "GPRS tunnelling protocol, version 2 (3GPP TS 29.274).";
    FLAGS Hex(2) "gtpv2.flags" "Flags.";
    VERSION Uint "gtpv2.version" "Version: 2.";
    PIGGYBACKING Uint "gtpv2.p" "Whether another message follows.";
    HAS_TEID Uint "gtpv2.t" "Whether there is a tunnel endpoint identifier.";
    HAS_PRIORITY Uint "gtpv2.mp" "Whether there is a priority, and then which.";
    MESSAGE Uint "gtpv2.message_type" "Kind of message.";
    LENGTH Uint "gtpv2.msg_length" "Bytes after the first four.";
    TEID Hex(8) "gtpv2.teid" "Tunnel endpoint identifier.";
    SEQ Hex(6) "gtpv2.seq" "Sequence number.";
}

layer! {
    CAPWAP "capwap" "capwap" "CAPWAP control (RFC 5415).";
}

/// A control message of L2TP, if it is one.
pub(crate) fn l2tp(w: &mut Writer<'_>, at: usize) -> bool {
    let is_control = w.number(at, 2).is_some_and(|flags| flags & 0xc80f == 0xc802);
    if !is_control || w.rest(at).len() < 12 {
        return false;
    }
    let mut next = tunnel::l2tp(w, at);
    // The layer goes on with its attributes.
    w.layer_end(w.end);
    while let Some(first) = w.number(next, 2) {
        let len = (first & 0x3ff) as usize;
        if len < 6 || w.get(next, len).is_none() {
            break;
        }
        tunnel::l2tp_attribute(w, next, len);
        next += len;
    }
    w.layer_end(next);
    frame::data(w, next, usize::MAX);
    true
}

/// A message of GTP that carries no packet, if it is one.
pub(crate) fn gtp(w: &mut Writer<'_>, at: usize) -> bool {
    match w.number(at, 1).map(|flags| flags >> 4) {
        Some(3) if w.rest(at).len() >= 8 => {
            let next = tunnel::gtp(w, at);
            frame::data(w, next, usize::MAX);
            true
        }
        Some(4 | 5) if w.rest(at).len() >= 8 => {
            // The layer all versions have.
            w.layer(&tunnel::GTP, at);
            w.layer_end(at);
            gtp2(w, at);
            true
        }
        _ => false,
    }
}

fn gtp2(w: &mut Writer<'_>, at: usize) {
    let mut next = at;
    // One more can ride on a message.
    for _ in 0..2 {
        w.layer(&GTP2, next);
        let flags = w.uint(&FLAGS, next, 1);
        w.below(|w| {
            w.bits(&VERSION, next, 1, 5, 3);
            w.bits(&PIGGYBACKING, next, 1, 4, 1);
            w.bits(&HAS_TEID, next, 1, 3, 1);
            w.bits(&HAS_PRIORITY, next, 1, 2, 1);
        });
        w.named(&MESSAGE, next + 1, 1, message_name);
        let len = w.uint(&LENGTH, next + 2, 2) as usize;
        let mut number = next + 4;
        if flags & 8 != 0 {
            w.uint(&TEID, number, 4);
            number += 4;
        }
        w.uint(&SEQ, number, 3);
        if flags & 4 != 0 {
            w.bits(&HAS_PRIORITY, number + 3, 1, 4, 4);
        }
        w.layer_end(number + 4);
        let end = next + 4 + len;
        frame::data(w, number + 4, end.saturating_sub(number + 4));
        next = end;
        if flags & 0x10 == 0 || w.rest(next).len() < 8 {
            break;
        }
    }
    frame::data(w, next, usize::MAX);
}

fn message_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "echo request",
        2 => "echo response",
        3 => "version not supported",
        32 => "create session request",
        33 => "create session response",
        34 => "modify bearer request",
        35 => "modify bearer response",
        36 => "delete session request",
        37 => "delete session response",
        95 => "create bearer request",
        96 => "create bearer response",
        97 => "update bearer request",
        98 => "update bearer response",
        99 => "delete bearer request",
        100 => "delete bearer response",
        170 => "release access bearers request",
        171 => "release access bearers response",
        176 => "downlink data notification",
        177 => "downlink data notification acknowledge",
        _ => return None,
    })
}

/// A control message of CAPWAP, if it is one.
pub(crate) fn capwap(w: &mut Writer<'_>, at: usize) -> bool {
    let is_control = w.number(at, 1).is_some_and(|first| matches!(first, 0 | 1));
    if !is_control || w.rest(at).len() < 8 {
        return false;
    }
    w.layer(&CAPWAP, at);
    let next = tunnel::capwap_preamble(w, at);
    w.layer_end(next);
    if dtls::is_dtls(w, next) {
        dtls::dtls(w, next);
    } else {
        frame::data(w, next, usize::MAX);
    }
    true
}

/// ESP in UDP, or what else comes at its port.
pub(crate) fn encapsulation(
    w: &mut Writer<'_>,
    packet: &Packet,
    known: &KnownLayers,
    at: usize,
) -> bool {
    let rest = w.rest(at);
    match *rest {
        [0xff] => {
            w.layer(&ENCAPSULATION, at);
            w.bits(&KEEPALIVE, at, 1, 0, 1);
        }
        [0, 0, 0, 0, ..] => {
            w.layer(&ENCAPSULATION, at);
            w.add(&NON_ESP, at, 4, crate::dissection::Value::Bool(true));
            w.layer_end(at + 4);
            if !app::declared(w, packet, known, at + 4, false) {
                frame::data(w, at + 4, usize::MAX);
            }
        }
        [_, _, _, _, _, _, _, _, ..] => {
            w.layer(&ENCAPSULATION, at);
            w.layer_end(at);
            let next = security::esp(w, at);
            frame::data(w, next, usize::MAX);
        }
        _ => return false,
    }
    true
}
