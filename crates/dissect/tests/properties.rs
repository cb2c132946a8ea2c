//! Whatever the bytes, a dissection is in bounds: frames of the samples, cut everywhere and with
//! every byte changed.
#![expect(clippy::unwrap_used, reason = "tests fail, and say what they did")]

mod bounds;

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use flowloom_capture::{Block, Capture, Limits, Source};
use flowloom_dissect::{Dissection, Dissector, FrameInput, KnownLayers};
use flowloom_schema::{LinkType, Timestamp};
use proptest::prelude::*;

use crate::bounds::check;

#[test]
fn cut_frames_are_dissected_in_bounds() {
    each_frame(60, |input, dissector, dissection| {
        for len in 0..=input.bytes.len() {
            check(&FrameInput { bytes: &input.bytes[..len], ..*input }, dissector, dissection);
        }
    });
}

#[test]
fn changed_frames_are_dissected_in_bounds() {
    each_frame(40, |input, dissector, dissection| {
        let mut bytes = input.bytes.to_vec();
        for at in 0..bytes.len() {
            let original = bytes[at];
            for changed in [0, 0xff, original ^ 0x80, original.wrapping_add(1)] {
                bytes[at] = changed;
                check(&FrameInput { bytes: &bytes, ..*input }, dissector, dissection);
            }
            bytes[at] = original;
        }
    });
}

/// In one dissector, so that what was changed gets into datagrams, streams and connections.
#[test]
fn changed_captures_are_dissected_in_bounds() {
    let mut random = Random(1);
    for round in 0..8 {
        each_frame(400, |input, dissector, dissection| {
            let mut bytes = input.bytes.to_vec();
            for _ in 0..random.below(4) {
                let at = random.below(bytes.len().max(1));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.below(256) as u8;
                }
            }
            if round % 2 == 1 && random.below(8) == 0 {
                bytes.truncate(random.below(bytes.len() + 1));
            }
            check(&FrameInput { bytes: &bytes, ..*input }, dissector, dissection);
        });
    }
}

#[test]
fn fragments_that_never_end_take_no_more_than_their_limit() {
    let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
    let mut frame = [0; 60];
    frame[0] = 0x45;
    frame[3] = 60;
    frame[9] = 17;
    for number in 0..200_000_u32 {
        frame[12..16].copy_from_slice(&number.to_be_bytes());
        frame[6..8].copy_from_slice(&(0x2000 | number as u16 & 0x1fff).to_be_bytes());
        let input = FrameInput {
            number: u64::from(number),
            time: Timestamp(0),
            since: None,
            link: LinkType::RAW,
            interface: 0,
            original: 60,
            bytes: &frame,
        };
        check(&input, &mut dissector, &mut dissection);
        assert_eq!(dissection.joined_len(), 0);
    }
}

/// A byte of HPACK stands for a header field of four thousand bytes, again and again.
#[test]
fn small_headers_of_http2_do_not_make_large_texts() {
    let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
    let large = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'b'; 4_000]].concat();
    let frame = |block: &[u8]| {
        let len = (block.len() as u32).to_be_bytes();
        [&len[1..], &[1, 4, 0, 0, 0, 1], block].concat()
    };
    let mut payload = [&SETTINGS[..], &frame(&large)].concat();
    for _ in 0..200 {
        payload.extend(frame(&[0xbe; 200]));
    }
    check(&raw(&segment(1, 1, &payload)), &mut dissector, &mut dissection);
    let headers = dissection.fields().iter().filter(|field| field.info.name == "http2.header");
    assert_eq!(headers.count(), 1 + 200 * 200);
}

/// Headers that never end are given up once all of them together are too much.
#[test]
fn unfinished_headers_of_http2_are_bounded_together() {
    let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
    // A header field with a value of 15,000 bytes; the next one is in another frame.
    let header = [0, 0x3a, 0x9e, 1, 0, 0, 0, 0, 1, 0x40, 1, b'a', 0x7f, 0x99, 0x74];
    let begun = [&SETTINGS[..], &header, &[b'b'; 15_000]].concat();
    let end = [0, 0, 1, 9, 4, 0, 0, 0, 1, 0x82];
    let mut is_told = |connections: std::ops::Range<u16>, asked: u16| {
        for connection in connections {
            dissector.dissect(&raw(&segment(connection, 1, &begun)), &mut dissection);
        }
        let seq = 1 + begun.len() as u32;
        dissector.dissect(&raw(&segment(asked, seq, &end)), &mut dissection);
        dissection.fields().iter().any(|field| field.info.name == "http2.headers.method")
    };
    assert!(is_told(0..10, 0));
    // 15 kB each, of 64 MiB.
    assert!(!is_told(10..4_600, 1));
    assert!(is_told(4_600..4_610, 4_600));
}

/// Segments that come early and never in order are given up once all of them together are too much.
#[test]
fn segments_that_come_early_are_bounded_together() {
    let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
    let early = vec![b'x'; 30_000];
    let mut is_told = |connections: std::ops::Range<u16>, asked: u16| {
        for connection in connections {
            dissector.dissect(&raw(&segment(connection, 1, b"x")), &mut dissection);
            dissector.dissect(
                &raw(&segment(connection, 30, b"GET /y HTTP/1.1\r\n\r\n")),
                &mut dissection,
            );
            dissector.dissect(&raw(&segment(connection, 60, &early)), &mut dissection);
        }
        let rest = [b'x'; 28];
        dissector.dissect(&raw(&segment(asked, 2, &rest)), &mut dissection);
        dissection.fields().iter().any(|field| field.info.name == "http.request.uri")
    };
    assert!(is_told(0..10, 0));
    // 30 kB each, of 64 MiB.
    assert!(!is_told(10..2_400, 11));
    assert!(is_told(2_400..2_410, 2_400));
}

/// The identifiers of a Retry of QUIC end behind the packet.
#[test]
fn a_retry_that_is_cut_is_dissected_in_bounds() {
    let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
    let retry = [0xf0, 0, 0, 0, 1, 0, 20, 1];
    let mut packet = vec![0x45, 0, 0, 36, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    packet.extend([0x01, 0xbb, 0xc3, 0x50, 0, 16, 0, 0]);
    packet.extend(retry);
    check(&raw(&packet), &mut dissector, &mut dissection);
    assert!(dissection.fields().iter().any(|field| field.info.name == "quic.scil"));
}

proptest! {
    /// Segments of one connection in any order, with any flags, of protocols that change what is spoken.
    #[test]
    fn segments_in_any_order_are_dissected_in_bounds(
        segments in prop::collection::vec((any::<bool>(), 0..90_u32, 0..6_usize, prop::sample::select(&FLAGS[..])), 1..60)
    ) {
        let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
        for (is_answer, seq, what, flags) in segments {
            let said: [&[u8]; 6] = [
                &SETTINGS,
                b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
                b"HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n",
                b"\x16\x03\x01\0\x02\x01\0",
                b"SSH-2.0-x\r\n",
                b"",
            ];
            let mut frame = segment(1, seq, said[what]);
            frame[33] = flags;
            frame[28..32].copy_from_slice(&(90 - seq).to_be_bytes());
            if is_answer {
                let (src, dst) = ([frame[12], frame[13], frame[14], frame[15]], [192, 0, 2, 2]);
                frame[12..16].copy_from_slice(&dst);
                frame[16..20].copy_from_slice(&src);
                let ports = [frame[22], frame[23], frame[20], frame[21]];
                frame[20..24].copy_from_slice(&ports);
            }
            check(&raw(&frame), &mut dissector, &mut dissection);
        }
    }
}

#[test]
fn names_are_unique_and_documented() {
    let fields = KnownLayers::shipped().all().iter().flat_map(|layer| layer.fields);
    // NetFlow and IPFIX share fields.
    let fields: BTreeMap<_, _> = fields.map(|field| (std::ptr::from_ref(*field), *field)).collect();
    let mut names: Vec<_> = fields.values().map(|field| field.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    // PPPoE has the same header in discovery and in sessions.
    assert!(count - names.len() <= 5, "{count} fields, {} names", names.len());
    for layer in KnownLayers::shipped().all() {
        assert!(!layer.doc.is_empty() && !layer.prefix.is_empty(), "{}", layer.name);
        assert!(layer.fields.iter().all(|field| field.doc.ends_with('.')), "{}", layer.name);
    }
}

/// ACK, PSH ACK, SYN, SYN ACK, FIN ACK, RST.
const FLAGS: [u8; 6] = [0x10, 0x18, 2, 0x12, 0x11, 4];
const SETTINGS: [u8; 15] = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];

/// A packet of IPv4 and TCP, from one of many senders.
fn segment(sender: u16, seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend((40 + payload.len() as u16).to_be_bytes());
    bytes.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0]);
    bytes.extend(sender.to_be_bytes());
    bytes.extend([192, 0, 2, 2, 0x1f, 0x90, 0x9c, 0x40]);
    bytes.extend(seq.to_be_bytes());
    bytes.extend([0, 0, 0, 1, 0x50, 0x18, 1, 0, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

/// A frame that begins with an IP header.
fn raw(bytes: &[u8]) -> FrameInput<'_> {
    FrameInput {
        number: 1,
        time: Timestamp(0),
        since: None,
        link: LinkType::RAW,
        interface: 0,
        original: bytes.len() as u32,
        bytes,
    }
}

/// Numbers that look like chance, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

fn each_frame(
    frames_max: usize,
    mut give: impl FnMut(&FrameInput<'_>, &mut Dissector, &mut Dissection),
) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
    let mut frames = 0;
    for file in fs::read_dir(samples).unwrap().flatten() {
        let bytes = Box::new(Cursor::new(fs::read(file.path()).unwrap()));
        let Ok(mut capture) = Capture::from_reader("test", bytes, Limits::default()) else {
            continue;
        };
        let mut block = Block::default();
        let mut left = frames_max;
        while left > 0 && capture.read(&mut block).unwrap() {
            for (at, frame) in block.frames.iter().enumerate().take(left) {
                let input = FrameInput {
                    number: block.first + at as u64,
                    time: frame.time,
                    since: None,
                    link: frame.link,
                    interface: frame.interface,
                    original: frame.original,
                    bytes: block.data(frame),
                };
                give(&input, &mut dissector, &mut dissection);
                frames += 1;
            }
            left = left.saturating_sub(block.frames.len());
        }
    }
    assert!(frames > 100, "{frames} frames");
}
