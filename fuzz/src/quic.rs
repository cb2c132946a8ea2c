//! QUIC: datagrams of any bytes, whole and cut. What a cut packet holds is not verified, so that
//! changed bytes come through as changed frames and hellos.

use std::sync::Arc;

use flowloom_flow::Direction;
use flowloom_protocols::quic::QuicColumns;
use flowloom_protocols::{
    Conversation, Ends, Lesson, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};

/// Datagrams: a byte of which the lowest bit is the direction and the next whether the datagram was
/// cut, two for the length, then so many bytes.
pub fn quic(data: &[u8]) {
    let limits = Limits { messages_max: 8, ..Limits::default() };
    let mut shared = Shared::new(Arc::new(Registry::new()), Wants::ALL, limits, 1);
    let mut conversation = Conversation::default();
    let ends = Ends { ports: [50_000, 443], ip_version: 4, ..Ends::default() };
    let mut rest = data;
    let mut stamp = Stamp::default();
    while let Some(([how, high, low], bytes)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(bytes.len());
        let (bytes, after) = bytes.split_at(len);
        rest = after;
        stamp.frame += 1;
        let payload = Payload {
            transport: Transport::Udp,
            direction: if how & 1 == 0 { Direction::Up } else { Direction::Down },
            seq: 0,
            tcp_flags: 0,
            len: (len + if how & 2 == 0 { 0 } else { 1_500 }) as u32,
            bytes,
            stamp,
            ends,
        };
        conversation.packet(&payload, &mut shared);
    }
    conversation.end(ends, &mut shared);
    for lesson in &shared.lessons {
        if let Lesson::ConnectionId { frame, id, .. } = lesson {
            assert!((1..=stamp.frame).contains(frame) && (1..=20).contains(&id.len()));
        }
    }
    let findings = conversation.findings();
    let columns = QuicColumns::of(Some(findings));
    if let Some(quic) = &findings.quic {
        assert!(quic.packets.len() <= limits.messages_max, "lists are bounded");
        let stamps = quic.packets.iter().map(|packet| packet.stamp.frame);
        assert!(
            stamps.is_sorted() && columns.quic_packet_types.is_none() == quic.packets.is_empty()
        );
    }
}

/// A client's first packet, cut behind its hello: the vector of RFC 9001, appendix A.2.
pub(crate) fn seed() -> Vec<u8> {
    [&[2, 1, 24][..], INITIAL].concat()
}

const INITIAL: &[u8] = b"\
    \xc0\x00\x00\x00\x01\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\x00\x00\x44\x9e\x7b\x9a\xec\x34\xd1\xb1\
    \xc9\x8d\xd7\x68\x9f\xb8\xec\x11\xd2\x42\xb1\x23\xdc\x9b\xd8\xba\xb9\x36\xb4\x7d\x92\xec\x35\x6c\
    \x0b\xab\x7d\xf5\x97\x6d\x27\xcd\x44\x9f\x63\x30\x00\x99\xf3\x99\x1c\x26\x0e\xc4\xc6\x0d\x17\xb3\
    \x1f\x84\x29\x15\x7b\xb3\x5a\x12\x82\xa6\x43\xa8\xd2\x26\x2c\xad\x67\x50\x0c\xad\xb8\xe7\x37\x8c\
    \x8e\xb7\x53\x9e\xc4\xd4\x90\x5f\xed\x1b\xee\x1f\xc8\xaa\xfb\xa1\x7c\x75\x0e\x2c\x7a\xce\x01\xe6\
    \x00\x5f\x80\xfc\xb7\xdf\x62\x12\x30\xc8\x37\x11\xb3\x93\x43\xfa\x02\x8c\xea\x7f\x7f\xb5\xff\x89\
    \xea\xc2\x30\x82\x49\xa0\x22\x52\x15\x5e\x23\x47\xb6\x3d\x58\xc5\x45\x7a\xfd\x84\xd0\x5d\xff\xfd\
    \xb2\x03\x92\x84\x4a\xe8\x12\x15\x46\x82\xe9\xcf\x01\x2f\x90\x21\xa6\xf0\xbe\x17\xdd\xd0\xc2\x08\
    \x4d\xce\x25\xff\x9b\x06\xcd\xe5\x35\xd0\xf9\x20\xa2\xdb\x1b\xf3\x62\xc2\x3e\x59\x6d\x11\xa4\xf5\
    \xa6\xcf\x39\x48\x83\x8a\x3a\xec\x4e\x15\xda\xf8\x50\x0a\x6e\xf6\x9e\xc4\xe3\xfe\xb6\xb1\xd9\x8e\
    \x61\x0a\xc8\xb7\xec\x3f\xaf\x6a\xd7\x60\xb7\xba\xd1\xdb\x4b\xa3\x48\x5e\x8a\x94\xdc\x25\x0a\xe3\
    \xfd\xb4\x1e\xd1\x5f\xb6\xa8\xe5\xeb\xa0\xfc\x3d\xd6\x0b\xc8\xe3";
