//! UDP (RFC 768).

use flowloom_wire::Udp;

use crate::field::layer;
use crate::writer::Writer;

layer! {
    UDP "udp" "udp" "UDP (RFC 768).";
    SRC_PORT Uint "udp.srcport" "Source port.";
    DST_PORT Uint "udp.dstport" "Destination port.";
    LENGTH Uint "udp.length" "Bytes of header and payload.";
    CHECKSUM Hex(4) "udp.checksum" "Checksum, as sent.";
}

layer! {
    UDP_LITE "udplite" "udp" "UDP-Lite (RFC 3828); the other fields are those of UDP.";
    COVERAGE Uint "udp.checksum_coverage" "Bytes that the checksum covers.";
}

pub(super) fn udp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&UDP, at);
    w.uint(&SRC_PORT, at, 2);
    w.uint(&DST_PORT, at + 2, 2);
    let length = w.uint(&LENGTH, at + 4, 2) as usize;
    w.uint(&CHECKSUM, at + 6, 2);
    w.layer_end(at + Udp::LEN);
    if length >= Udp::LEN {
        w.limit(at + length);
    }
    at + Udp::LEN
}

pub(super) fn udp_lite(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&UDP_LITE, at);
    w.uint(&SRC_PORT, at, 2);
    w.uint(&DST_PORT, at + 2, 2);
    w.computed(&LENGTH, at, 0, w.claim.saturating_sub(at) as u64);
    w.uint(&COVERAGE, at + 4, 2);
    w.uint(&CHECKSUM, at + 6, 2);
    w.layer_end(at + Udp::LEN);
    at + Udp::LEN
}
