//! Frames made by hand: what the corpus has none of, and every length of each.

use flowloom_schema::LinkType;
use flowloom_wire::{Checksum, Layer, Layers, Options, Packet, decode};

use super::rewrite;
use crate::anonymize::mapping::Mapping;
use crate::anonymize::{CryptoPan, Payload};

const KEY: [u8; 32] = [9; 32];

fn rewritten(link: LinkType, old: &[u8]) -> Vec<u8> {
    let pan = CryptoPan::new(&KEY);
    let mut new = vec![0; old.len()];
    rewrite(link, old, old.len() as u32, &mut new, &mut Mapping::new(&pan, false), Payload::Zero);
    new
}

fn v4(address: [u8; 4]) -> [u8; 4] {
    Mapping::new(&CryptoPan::new(&KEY), false).v4(address)
}

fn v6(address: [u8; 16]) -> [u8; 16] {
    Mapping::new(&CryptoPan::new(&KEY), false).v6(address)
}

fn mac(address: [u8; 6]) -> [u8; 6] {
    Mapping::new(&CryptoPan::new(&KEY), false).mac(address)
}

const A: [u8; 4] = [10, 1, 2, 3];
const B: [u8; 4] = [192, 0, 2, 77];

/// An IPv4 packet with right checksums: the transport's is `field` bytes after its header's
/// front, over the pseudo header if `is_with_ends`.
fn ipv4(protocol: u8, options: &[u8], payload: &[u8], field: usize, is_with_ends: bool) -> Vec<u8> {
    let header_len = 20 + options.len();
    let mut packet = vec![0x40 | (header_len / 4) as u8, 0, 0, 0, 0, 7, 0, 0, 64, protocol, 0, 0];
    packet.extend([A, B].concat());
    packet.extend(options);
    packet.extend(payload);
    let total = packet.len() as u16;
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    let sum = !fold(&packet[..header_len]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut about = packet[header_len..].to_vec();
    if is_with_ends {
        about.resize(about.len().next_multiple_of(2), 0);
        about.extend([A, B].concat());
        about.extend([0, protocol]);
        about.extend((payload.len() as u16).to_be_bytes());
    }
    let sum = !fold(&about);
    packet[header_len + field..header_len + field + 2].copy_from_slice(&sum.to_be_bytes());
    packet
}

fn fold(bytes: &[u8]) -> u16 {
    let mut sum = super::super::sums::sum(bytes, &(0..bytes.len()));
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

struct Sums(Vec<(Layer, Checksum)>);

impl Layers for Sums {
    fn layer(&mut self, _: Layer, _: usize) {}

    fn checksum(&mut self, layer: Layer, checksum: Checksum) {
        self.0.push((layer, checksum));
    }
}

fn sums(link: LinkType, bytes: &[u8]) -> Vec<(Layer, Checksum)> {
    let mut sums = Sums(Vec::new());
    let options = Options { verify_checksums: true, ..Options::default() };
    decode(link, bytes, bytes.len() as u32, &options, &mut sums, &mut Packet::default());
    sums.0
}

/// A TCP segment from port 1000 to 80 with options and payload.
fn segment(options: &[u8], payload: &[u8]) -> Vec<u8> {
    let words = 5 + options.len() / 4;
    let mut segment = vec![3, 232, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, (words << 4) as u8, 0x18, 16, 0];
    segment.extend([0; 4]);
    segment.extend(options);
    segment.extend(payload);
    segment
}

const GOOD: [(Layer, Checksum); 2] = [(Layer::Ipv4, Checksum::Good), (Layer::Tcp, Checksum::Good)];

#[test]
fn addresses_are_mapped_and_payload_is_zero() {
    let old = ipv4(6, &[], &segment(&[], b"secret!"), 16, true);
    assert_eq!(sums(LinkType::RAW, &old), GOOD);
    let new = rewritten(LinkType::RAW, &old);
    assert_eq!(new[12..20], [v4(A), v4(B)].concat());
    assert_eq!(new[20..36], old[20..36], "ports and numbers");
    assert_eq!(new[40..], [0; 7]);
    assert_eq!(sums(LinkType::RAW, &new), GOOD);
}

#[test]
fn wrong_partial_and_absent_checksums_stay_so() {
    let good = ipv4(6, &[], &segment(&[], b"secret!"), 16, true);
    let mut wrong = good.clone();
    wrong[11] ^= 1;
    wrong[36] ^= 0x80;
    let mut partial = good.clone();
    let ends = [&A[..], &B, &[0, 6, 0, 27]].concat();
    partial[36..38].copy_from_slice(&fold(&ends).to_be_bytes());
    let mut absent = ipv4(17, &[], &[0, 1, 0, 2, 0, 10, 0, 0, 5, 5], 6, true);
    absent[26..28].fill(0);
    for old in [wrong, partial, absent] {
        let was = sums(LinkType::RAW, &old);
        assert!(was.iter().any(|(_, sum)| *sum != Checksum::Good));
        assert_eq!(sums(LinkType::RAW, &rewritten(LinkType::RAW, &old)), was);
    }
}

#[test]
fn options_with_routes_are_mapped() {
    let route = [&[131, 11, 8][..], &A, &B, &[0]].concat();
    let stamps = [&[68, 12, 13, 1][..], &A, &[1, 2, 3, 4]].concat();
    let unknown = [&[200, 8][..], &A, &[1, 1]].concat();
    for (options, expected) in [
        (&route, [&[131, 11, 8][..], &v4(A), &v4(B), &[0]].concat()),
        (&stamps, [&[68, 12, 13, 1][..], &v4(A), &[1, 2, 3, 4]].concat()),
        (&unknown, vec![200, 8, 0, 0, 0, 0, 0, 0]),
    ] {
        let old = ipv4(6, options, &segment(&[], b""), 16, true);
        let new = rewritten(LinkType::RAW, &old);
        assert_eq!(new[20..20 + options.len()], expected);
        assert_eq!(sums(LinkType::RAW, &new), sums(LinkType::RAW, &old));
    }
}

#[test]
fn quoted_packets_are_rewritten_as_their_originals_are() {
    let quoted = ipv4(6, &[], &segment(&[], b"secret!"), 16, true);
    for (kind, gateway) in [(3, [0; 4]), (5, A)] {
        let message = [&[kind, 1, 0, 0][..], &gateway, &quoted].concat();
        let old = ipv4(1, &[], &message, 2, false);
        let new = rewritten(LinkType::RAW, &old);
        assert_eq!(new[28..], rewritten(LinkType::RAW, &quoted));
        assert_eq!(new[24..28], v4(gateway), "0.0.0.0 stays");
        assert_eq!(sums(LinkType::RAW, &new), sums(LinkType::RAW, &old));
        assert_eq!(sums(LinkType::RAW, &new)[1], (Layer::Icmp, Checksum::Good));
    }
}

/// What is in the checksum of the first fragment is lost in the second: the sum of its data stays.
#[test]
fn fragments_keep_the_sum_of_what_is_lost() {
    let whole = ipv4(6, &[], &segment(&[], b"twelve bytes and more of it!"), 16, true);
    let (headers, data) = whole.split_at(20);
    for cut in [8, 16, 24, 32] {
        let mut parts = Vec::new();
        for (part, at) in [(&data[..cut], 0), (&data[cut..], cut)] {
            let mut old = [headers, part].concat();
            let total = old.len() as u16;
            old[2..4].copy_from_slice(&total.to_be_bytes());
            let more = if at == 0 { 0x2000 } else { 0 };
            old[6..8].copy_from_slice(&(more | (at / 8) as u16).to_be_bytes());
            old[10..12].fill(0);
            let sum = !fold(&old[..20]);
            old[10..12].copy_from_slice(&sum.to_be_bytes());
            let new = rewritten(LinkType::RAW, &old);
            assert_eq!(sums(LinkType::RAW, &new)[0], (Layer::Ipv4, Checksum::Good));
            parts.push(new);
        }
        let [first, second] = parts.try_into().unwrap();
        let mut together = [&first[..], &second[20..]].concat();
        together[..12].copy_from_slice(&whole[..12]);
        assert_eq!(sums(LinkType::RAW, &together)[1], (Layer::Tcp, Checksum::Good), "cut at {cut}");
        assert_eq!(together[20..36], whole[20..36], "the header is whole, cut at {cut}");
        assert!(!together.windows(5).any(|part| whole[40..].windows(5).any(|old| old == part)));
    }
}

#[test]
fn options_of_tcp_with_addresses_are_mapped() {
    // Timestamps; an advertised address with its signature and padding; a probe of Riverbed's.
    let advertised = [&[30, 16, 0x31, 2][..], &A, &[7; 8]].concat();
    let probe = [&[76, 12, 1, 1][..], &A, &B].concat();
    for (options, expected) in [
        (advertised, [&[30, 16, 0x31, 2][..], &v4(A), &[0; 8]].concat()),
        (probe, [&[76, 12][..], &[0; 10]].concat()),
        ([8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1].to_vec(), vec![8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1]),
    ] {
        let old = ipv4(6, &[], &segment(&options, b"x"), 16, true);
        let new = rewritten(LinkType::RAW, &old);
        assert_eq!(new[40..new.len() - 1], expected);
        assert_eq!(sums(LinkType::RAW, &new), GOOD);
    }
}

const V6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 2, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x55];

#[test]
fn neighbours_are_mapped_in_all_places() {
    let hardware = [0, 0x11, 0x22, 0x33, 0x44, 0x55];
    let mut message = [&[135, 0, 0, 0, 0, 0, 0, 0][..], &V6, &[1, 1], &hardware].concat();
    // A prefix of 64 bits.
    message.extend(
        [&[3, 4, 64, 0xc0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0][..], &V6[..8], &[0; 8]].concat(),
    );
    let group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x33, 0x44, 0x55];
    let len = message.len() as u8;
    let mut old = [&[0x60, 0, 0, 0, 0, len, 58, 255][..], &V6, &group, &message].concat();
    let about = [&old[8..], &[0, len, 0, 58]].concat();
    let sum = !fold(&about);
    old[42..44].copy_from_slice(&sum.to_be_bytes());
    let frame =
        [&[0x33, 0x33, 0xff, 0x33, 0x44, 0x55][..], &hardware, &[0x86, 0xdd], &old].concat();
    let good = [(Layer::Icmp6, Checksum::Good)];
    assert_eq!(sums(LinkType::ETHERNET, &frame), good);
    let new = rewritten(LinkType::ETHERNET, &frame);
    assert_eq!(sums(LinkType::ETHERNET, &new), good);
    assert_eq!(new[..6], [&[0x33, 0x33][..], &v6(group)[12..]].concat());
    assert_eq!(new[6..12], mac(hardware));
    assert_eq!((&new[22..38], &new[38..54]), (&v6(V6)[..], &v6(group)[..]));
    assert_eq!(new[62..78], v6(V6));
    assert_eq!(new[80..86], mac(hardware));
    assert_eq!(new[102..110], v6(V6)[..8], "the prefix of the address");
    assert_eq!(new[110..], [0; 8]);
}

#[test]
fn sctp_has_its_checksum_and_addresses_in_it() {
    use super::super::crc::crc32c;
    let mut message = vec![0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 36];
    message.extend([0, 0, 0, 9, 0, 0, 16, 0, 0, 1, 0, 1, 0, 0, 0, 5]);
    message.extend([&[0, 5, 0, 8][..], &A, &[0, 7, 0, 8], b"cook"].concat());
    let crc = crc32c(&message, 8);
    message[8..12].copy_from_slice(&crc);
    let mut old = ipv4(132, &[], &message, 0, false);
    // `ipv4` has written where the port is.
    old[20..22].copy_from_slice(&[0, 1]);
    let new = rewritten(LinkType::RAW, &old);
    assert_eq!(new[28..32], crc32c(&new[20..], 8));
    assert_eq!(new[56..60], v4(A));
    assert_eq!(new[60..], [0, 7, 0, 8, 0, 0, 0, 0]);
    old[30] ^= 1;
    assert_eq!(rewritten(LinkType::RAW, &old)[28..32], old[28..32], "a wrong one");
}

/// The checksum of SCTP is in the first fragment, and about all of them.
#[test]
fn sctp_in_fragments_has_a_right_checksum() {
    use super::super::crc::crc32c;
    let data = (0..100).map(|byte| byte ^ 0x5a).collect::<Vec<u8>>();
    let mut message = vec![0, 1, 0, 2, 9, 9, 9, 9, 0, 0, 0, 0, 0, 3, 0, 116];
    message.extend([[0, 0, 0, 1], [0, 2, 0, 3], [0; 4]].concat());
    message.extend(&data);
    let crc = crc32c(&message, 8);
    message[8..12].copy_from_slice(&crc);
    for cuts in [[32, 40], [40, 96], [64, 120]] {
        let ends = [0, cuts[0], cuts[1], message.len()];
        let mut together = Vec::new();
        for part in ends.windows(2) {
            let mut old = ipv4(132, &[], &message[part[0]..part[1]], 0, false);
            old[20..22].copy_from_slice(&message[part[0]..part[0] + 2]);
            let more = if part[1] < message.len() { 0x2000 } else { 0 };
            old[6..8].copy_from_slice(&(more | (part[0] / 8) as u16).to_be_bytes());
            together.extend(&rewritten(LinkType::RAW, &old)[20..]);
        }
        assert_eq!(together[8..12], crc32c(&together, 8), "{cuts:?}");
        assert_eq!((&together[..8], &together[12..28]), (&message[..8], &message[12..28]));
        assert!(together[28..].iter().filter(|&&byte| byte != 0).count() <= 4);
    }
}

/// Without its addresses, and with the checksum at its end if it was right.
#[test]
fn frames_that_end_in_a_checksum_do_so_afterwards() {
    let arp = [&[0xff; 6][..], &[2, 1, 2, 3, 4, 5, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]].concat();
    let arp = [&arp[..], &[2, 1, 2, 3, 4, 5], &A, &[0; 6], &B, &[0; 18]].concat();
    let packet = ipv4(6, &[], &segment(&[], b"secret!"), 16, true);
    let packet = [&[2; 12][..], &[8, 0], &packet].concat();
    let radio = [0, 0, 8, 0, 0, 0, 0, 0];
    let beacon = [&radio[..], &[0x80, 0, 0, 0], &[0xff; 6], &[2; 12], &[7; 20]].concat();
    for (link, mut old, at) in [
        (LinkType::ETHERNET, arp, 0),
        (LinkType::ETHERNET, packet, 0),
        (LinkType(127), beacon, radio.len()),
    ] {
        let end = old.len();
        let check = |bytes: &[u8]| crc32fast(&bytes[at..end]).to_le_bytes();
        old.extend(check(&old));
        let new = rewritten(link, &old);
        assert_ne!(new[at..end], old[at..end]);
        assert_eq!(new[end..], check(&new), "{link:?}");
        old[end] ^= 1;
        assert_eq!(rewritten(link, &old)[end..], [0; 4], "{link:?}: none, or a wrong one");
    }
}

/// The CRC of IEEE 802.3, bit by bit.
fn crc32fast(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xedb8_8320 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[test]
fn virtual_routers_have_a_pseudo_header_or_none() {
    let message = |version: u8| [&[version << 4 | 1, 7, 100, 1, 0, 100, 0, 0][..], &A].concat();
    let about_message = |packet: &[u8], is_with_ends: bool| {
        let pseudo = [&packet[12..20], &[0, 112, 0, 12][..]].concat();
        fold(&[&packet[20..], if is_with_ends { &pseudo[..] } else { &[] }].concat())
    };
    for (version, is_with_ends) in [(2, false), (3, false), (3, true)] {
        let old = ipv4(112, &[], &message(version), 6, is_with_ends);
        assert_eq!(about_message(&old, is_with_ends), 0xffff);
        let new = rewritten(LinkType::RAW, &old);
        assert_eq!(about_message(&new, is_with_ends), 0xffff, "{version} {is_with_ends}");
        assert_ne!(new[28..], old[28..]);
    }
}

#[test]
fn of_discovery_version_and_time_are_left_with_a_right_checksum() {
    let message = [&[2, 180, 0, 0][..], b"\x00\x01\x00\x0bswitch7"].concat();
    let mut old = [&[1, 0, 0x0c, 0xcc, 0xcc, 0xcc][..], &[2; 6], &[0, 23]].concat();
    old.extend([0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0]);
    old.extend(&message);
    let new = rewritten(LinkType::ETHERNET, &old);
    assert_eq!(new[14..24], [0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 2, 180]);
    assert_eq!(fold(&new[22..]), 0xffff);
    assert_eq!(new[26..], [0; 11]);
}

/// Whatever is cut off, no address is left and nothing panics.
#[test]
fn cut_frames_have_no_piece_of_an_address() {
    let inner = ipv4(6, &[], &segment(&[], b"secret!"), 16, true);
    let tunnel = ipv4(47, &[], &[&[0, 0, 8, 0][..], &inner].concat(), 0, false);
    let mut arp = vec![0xff; 6];
    arp.extend(
        [&[2, 1, 2, 3, 4, 5, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 1, 2, 3, 4, 5][..], &A].concat(),
    );
    arp.extend([&[0; 6][..], &B].concat());
    for (link, whole) in [(LinkType::RAW, tunnel), (LinkType::ETHERNET, arp)] {
        for len in 0..=whole.len() {
            let pan = CryptoPan::new(&KEY);
            let mut new = vec![0; len];
            let mut map = Mapping::new(&pan, false);
            rewrite(link, &whole[..len], whole.len() as u32, &mut new, &mut map, Payload::Zero);
            for piece in [&A[1..], &B[1..], &[1, 2, 3, 4, 5]] {
                assert!(!new.windows(piece.len()).any(|part| part == piece), "{link:?}, {len}");
            }
        }
    }
}
