//! The vectors of RFC 9001 and RFC 9369, and packets sealed for other tests.

use aes_gcm::aead::AeadInOut;

use super::{Keys, SideKeys, block, whole_number};
use crate::quic::header::{self, Long};
use crate::quic::{PacketKind, Version};

const DCID: &[u8] = &[0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

/// Protects a packet whose header ends in a packet number of four bytes.
pub(in crate::quic) fn seal(keys: &SideKeys, header: &[u8], payload: &[u8]) -> Vec<u8> {
    let number_at = header.len() - 4;
    let mut nonce = keys.iv;
    for (byte, number) in nonce.iter_mut().skip(8).zip(&header[number_at..]) {
        *byte ^= number;
    }
    let mut sealed = payload.to_vec();
    let tag = keys
        .payload
        .encrypt_inout_detached(&nonce.into(), header, sealed.as_mut_slice().into())
        .unwrap();
    let mut packet = [header, &sealed, &tag].concat();
    let sample = *packet[number_at + 4..].first_chunk::<16>().unwrap();
    let mask = block(&keys.header, sample);
    packet[0] ^= mask[0] & 0x0f;
    for (byte, mask) in packet[number_at..].iter_mut().zip(&mask[1..5]) {
        *byte ^= mask;
    }
    packet
}

/// An Initial packet from or to a client, of version 1 or 2.
pub(in crate::quic) struct Initial<'a> {
    pub(in crate::quic) version: Version,
    pub(in crate::quic) dcid: &'a [u8],
    pub(in crate::quic) scid: &'a [u8],
    pub(in crate::quic) token: &'a [u8],
    pub(in crate::quic) number: u32,
}

impl Initial<'_> {
    pub(in crate::quic) fn seal(&self, keys: &SideKeys, payload: &[u8]) -> Vec<u8> {
        let first = (0xc0..=0xf0).find(|first| self.version.kind(*first) == PacketKind::Initial);
        self.seal_as(first.unwrap(), keys, payload)
    }

    /// The same without the fixed bit.
    pub(in crate::quic) fn seal_greased(&self, keys: &SideKeys, payload: &[u8]) -> Vec<u8> {
        self.seal_as(0x80, keys, payload)
    }

    fn seal_as(&self, first: u8, keys: &SideKeys, payload: &[u8]) -> Vec<u8> {
        let mut header = vec![first | 3];
        header.extend(self.version.0.to_be_bytes());
        for id in [self.dcid, self.scid] {
            header.push(id.len() as u8);
            header.extend(id);
        }
        header.push(self.token.len() as u8);
        header.extend(self.token);
        header.extend((0x4000 | (4 + payload.len() + 16) as u16).to_be_bytes());
        header.extend(self.number.to_be_bytes());
        seal(keys, &header, payload)
    }
}

pub(in crate::quic) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    digits.as_chunks::<2>().0.iter().map(|[a, b]| digit(*a) << 4 | digit(*b)).collect()
}

fn packet(bytes: &[u8]) -> Long<'_> {
    header::long(bytes, bytes.len()).unwrap()
}

/// RFC 9001 appendix A.2: the CRYPTO frame with the `ClientHello`.
pub(in crate::quic) fn client_crypto_frame() -> Vec<u8> {
    unhex(
        "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
         04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
         616d706c652e636f6dff01000100000a00080006001d00170018001000070005
         04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
         baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
         0d0010000e0403050306030203080408050806002d00020101001c0002400100
         3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
         75300901100f088394c8f03e51570806048000ffff",
    )
}

/// RFC 9001 appendix A.3 and RFC 9369 appendix A.3: the server's Initial, and its payload.
const SERVER_V1: &str = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
    5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3
    dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
    022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
    2158407dd074ee";
const SERVER_V2: &str = "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698
    baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17
    f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2
    c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca8
    4bed8521e2e140";
const SERVER_PAYLOAD: &str = "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf739
    88cfc79825df566dc5430b9a045a1200130100002e00330024001d00209d3c94
    0d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00
    020304";

#[test]
fn the_servers_initial_of_the_standards_opens() {
    for (version, text) in [(Version::V1, SERVER_V1), (Version::V2, SERVER_V2)] {
        let keys = Keys::derive(version, DCID).next().unwrap();
        let bytes = unhex(text);
        let packet = packet(&bytes);
        assert_eq!((packet.kind, packet.version), (PacketKind::Initial, version));
        let opened = keys.server.open(&packet, 0).unwrap();
        assert_eq!((opened.number, opened.payload), (1, unhex(SERVER_PAYLOAD)));
        assert!(keys.client.open(&packet, 0).is_none(), "of the other side");
    }
}

#[test]
fn the_clients_initial_is_sealed_as_in_the_standards() {
    let mut payload = client_crypto_frame();
    payload.resize(1_162, 0);
    let cases = [
        (
            Version::V1,
            "c300000001",
            "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
        ),
        (
            Version::V2,
            "d36b3343cf",
            "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
        ),
    ];
    for (version, start, sealed_start) in cases {
        let keys = Keys::derive(version, DCID).next().unwrap();
        let header = unhex(&format!("{start}088394c8f03e5157080000449e00000002"));
        let sealed = seal(&keys.client, &header, &payload);
        assert_eq!(sealed.len(), 1_200);
        assert_eq!(sealed[..32], unhex(sealed_start), "{version}");
        let opened = keys.client.open(&packet(&sealed), 0).unwrap();
        assert_eq!((opened.number, &opened.payload), (2, &payload));
        if version == Version::V1 {
            assert_eq!(sealed[1_184..], unhex("e221af44860018ab0856972e194cd934"));
        }
    }
}

#[test]
fn a_changed_packet_does_not_open() {
    let bytes = unhex(SERVER_V1);
    let keys = Keys::derive(Version::V1, DCID).next().unwrap();
    for at in (0..bytes.len()).filter(|at| !(1..=17).contains(at)) {
        let mut broken = bytes.clone();
        broken[at] ^= 0x01;
        let opened = header::long(&broken, broken.len()).map(|packet| keys.server.open(&packet, 0));
        assert!(opened.flatten().is_none(), "byte {at}");
    }
}

#[test]
fn the_front_of_a_cut_packet_opens() {
    let bytes = unhex(SERVER_V1);
    let keys = Keys::derive(Version::V1, DCID).next().unwrap();
    let payload = unhex(SERVER_PAYLOAD);
    for len in 0..bytes.len() {
        let opened = header::long(&bytes[..len], bytes.len())
            .and_then(|packet| keys.server.open(&packet, 0));
        // The header has 18 bytes, the packet number two; then the sample must be there.
        assert_eq!(opened.is_some(), len >= 18 + 4 + 16, "{len}");
        if let Some(opened) = opened {
            let there = (len - 20).min(payload.len());
            assert_eq!(opened.payload, payload[..there]);
        }
    }
}

#[test]
fn every_version_with_a_salt_seals_and_opens() {
    let drafts = (0xff00_0015..=0xff00_0022).chain([1, 0x6b33_43cf, 0x5430_3530, 0x5430_3531]);
    let of_facebook = [0xface_b001, 0xface_b002, 0xface_b00e];
    for version in drafts.chain(of_facebook).map(Version) {
        let keys = Keys::derive(version, DCID).next().unwrap();
        let initial = Initial { version, dcid: DCID, scid: b"s", token: b"t", number: 7 };
        let sealed = initial.seal(&keys.client, &[0; 20]);
        assert_eq!(keys.client.open(&packet(&sealed), 0).unwrap().payload, [0; 20]);
    }
    assert!(Keys::derive(Version(0xdead_beef), DCID).next().is_none());
}

#[test]
fn packet_numbers_are_completed() {
    // The example of RFC 9000 appendix A.3.
    assert_eq!(whole_number(0x9b32, 2, 0xa82f_30ea), 0xa82f_9b32);
    assert_eq!(whole_number(0, 1, 255), 256);
    assert_eq!(whole_number(255, 1, 256), 255);
    assert_eq!(whole_number(2, 4, 0), 2);
}
