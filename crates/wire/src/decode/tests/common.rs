//! The short cut leads where the walk leads.

use flowloom_schema::LinkType;

use super::super::common::decode_common;
use super::super::tunnel::is_tunnel_port;
use super::super::walk;
use crate::{LayerStack, Options, Packet};

/// Compares the two ways on one frame; whether the short cut was taken.
fn agree(bytes: &[u8], original: u32) -> bool {
    let options = Options::default();
    let (mut walked, mut cut) = (Packet::default(), Packet::default());
    let (mut walked_layers, mut cut_layers) = (LayerStack::new(), LayerStack::new());
    walk(LinkType::ETHERNET, bytes, original, options, &mut walked_layers, &mut walked);
    let is_common = decode_common(bytes, original, &options, &mut cut_layers, &mut cut);
    let expected = if is_common { walked } else { Packet::default() };
    assert_eq!(cut, expected, "{bytes:02x?} of {original}");
    let expected = if is_common { walked_layers.spans() } else { &[] };
    assert_eq!(cut_layers.spans(), expected, "{bytes:02x?} of {original}");
    is_common
}

/// The headers a frame has, and where the transport header begins.
#[derive(Clone, Copy)]
struct Shape {
    tags: usize,
    ip6: bool,
    tcp: bool,
}

impl Shape {
    fn nth(n: usize) -> Self {
        Self { tags: n / 4 % 3, ip6: n & 2 != 0, tcp: n & 1 != 0 }
    }

    fn ip_at(self) -> usize {
        14 + 4 * self.tags
    }

    fn transport_at(self) -> usize {
        self.ip_at() + if self.ip6 { 40 } else { 20 }
    }

    /// A frame with `payload` bytes after its headers, which are of `noise` otherwise.
    fn frame(self, header_words: u8, payload: u16, noise: &[u8]) -> Vec<u8> {
        let mut bytes = noise.to_vec();
        let header_len = if self.tcp { u16::from(header_words) * 4 } else { 8 };
        let len = header_len + payload;
        let (ip, transport) = (self.ip_at(), self.transport_at());
        bytes.resize(bytes.len().max(transport + usize::from(len)), 0);
        for tag in 0..self.tags {
            let at = 12 + 4 * tag;
            bytes[at..at + 2].copy_from_slice(&[[0x81, 0x00], [0x88, 0xa8]][tag]);
        }
        let protocol = if self.tcp { 6 } else { 17 };
        if self.ip6 {
            bytes[ip - 2..=ip].copy_from_slice(&[0x86, 0xdd, 0x60]);
            bytes[ip + 4..ip + 6].copy_from_slice(&len.to_be_bytes());
            bytes[ip + 6] = protocol;
        } else {
            bytes[ip - 2..=ip].copy_from_slice(&[0x08, 0x00, 0x45]);
            bytes[ip + 2..ip + 4].copy_from_slice(&(20 + len).to_be_bytes());
            bytes[ip + 6..ip + 8].copy_from_slice(&[0x40, 0]);
            bytes[ip + 9] = protocol;
        }
        if self.tcp {
            bytes[transport + 12] = header_words << 4;
        } else {
            bytes[transport + 4..transport + 6].copy_from_slice(&len.to_be_bytes());
        }
        bytes
    }
}

#[test]
fn whole_frames_take_the_short_cut() {
    let mut random = Random(1);
    for round in 0..24_000 {
        let (shape, noise) = (Shape::nth(round), random.bytes(90));
        let bytes = shape.frame(5 + random.below(11) as u8, random.below(2_000) as u16, &noise);
        let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let at = shape.transport_at();
        let leads_on = !shape.tcp && (is_tunnel_port(port(at)) || is_tunnel_port(port(at + 2)));
        assert_eq!(agree(&bytes, bytes.len() as u32), !leads_on);
    }
}

#[test]
fn broken_and_cut_frames_are_read_alike() {
    let mut random = Random(2);
    let mut common = 0;
    for round in 0..60_000 {
        let noise = random.bytes(90);
        let payload = random.below(2_000) as u16;
        let shape = Shape::nth(round);
        let mut bytes = shape.frame(random.below(16) as u8, payload, &noise);
        let original = (bytes.len() - random.below(40)) as u32;
        bytes[12 + random.below(shape.transport_at() + 4)] = random.below(256) as u8;
        common += u32::from(agree(&bytes, original));
        bytes.truncate(random.below(200));
        common += u32::from(agree(&bytes, original));
    }
    assert!((10_000..110_000).contains(&common), "{common} of 120,000");
}

/// Numbers without pattern, the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }
}
