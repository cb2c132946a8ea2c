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

/// A frame with `payload` bytes after its headers, which are of `noise` otherwise.
fn frame(tcp: bool, header_words: u8, payload: u16, noise: &[u8]) -> Vec<u8> {
    let mut bytes = noise.to_vec();
    let header_len = if tcp { u16::from(header_words) * 4 } else { 8 };
    let total = 20 + header_len + payload;
    bytes.resize(bytes.len().max(14 + usize::from(total)), 0);
    bytes[12..16].copy_from_slice(&[0x08, 0x00, 0x45, noise[15]]);
    bytes[16..18].copy_from_slice(&total.to_be_bytes());
    bytes[20..22].copy_from_slice(&[0x40, 0]);
    bytes[23] = if tcp { 6 } else { 17 };
    if tcp {
        bytes[46] = header_words << 4;
    } else {
        bytes[38..40].copy_from_slice(&(total - 20).to_be_bytes());
    }
    bytes
}

#[test]
fn whole_frames_take_the_short_cut() {
    let mut random = Random(1);
    for round in 0..4_000 {
        let (tcp, noise) = (round % 2 == 0, random.bytes(60));
        let bytes = frame(tcp, 5 + random.below(11) as u8, random.below(2_000) as u16, &noise);
        let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let leads_on = !tcp && (is_tunnel_port(port(34)) || is_tunnel_port(port(36)));
        assert_eq!(agree(&bytes, bytes.len() as u32), !leads_on);
    }
}

#[test]
fn broken_and_cut_frames_are_read_alike() {
    let mut random = Random(2);
    let mut common = 0;
    for round in 0..60_000 {
        let noise = random.bytes(60);
        let payload = random.below(2_000) as u16;
        let mut bytes = frame(round % 2 == 0, random.below(16) as u8, payload, &noise);
        let original = (bytes.len() - random.below(40)) as u32;
        bytes[12 + random.below(38)] = random.below(256) as u8;
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
