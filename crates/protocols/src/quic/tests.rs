//! QUIC packets of the standards and of our own making, through a conversation.

use flowloom_flow::Direction::{Down, Up};
use proptest::prelude::*;

use super::keys::Keys;
use super::keys::tests::{Initial, client_crypto_frame, unhex};
use super::{Quic, QuicColumns, QuicProtocol, Version, gquic};
use crate::testing::Script;
use crate::tls::Carrier;
use crate::{Ends, FoundBy, Registry, Shared, Stamp, Transport, Want, Wants, WireText};
use crate::{Lesson, Limits, Match, Opening, Payload, Protocol};

const DCID: &[u8] = &[0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
const CLIENT: &[u8] = b"client";
const SERVER: &[u8] = b"server-id";

/// A connection on both ends.
struct Connection {
    keys: Keys,
    version: Version,
}

impl Connection {
    fn new(version: Version) -> Self {
        Self { keys: Keys::derive(version, DCID).next().unwrap(), version }
    }

    fn client(&self, dcid: &[u8], number: u32, payload: &[u8]) -> Vec<u8> {
        let mut payload = payload.to_vec();
        payload.resize(payload.len().max(1_160), 0);
        let initial = Initial { version: self.version, dcid, scid: CLIENT, token: &[], number };
        initial.seal(&self.keys.client, &payload)
    }

    fn server(&self, number: u32, payload: &[u8]) -> Vec<u8> {
        let (dcid, scid) = (CLIENT, SERVER);
        let initial = Initial { version: self.version, dcid, scid, token: &[], number };
        initial.seal(&self.keys.server, payload)
    }
}

fn hello() -> Vec<u8> {
    client_crypto_frame()[4..].to_vec()
}

fn crypto(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![6];
    frame.extend((0x4000 | offset as u16).to_be_bytes());
    frame.extend((0x4000 | bytes.len() as u16).to_be_bytes());
    frame.extend(bytes);
    frame
}

fn server_hello() -> Vec<u8> {
    let mut message = vec![2, 0, 0, 40, 3, 3];
    message.extend([7; 32]);
    message.extend([0, 0x13, 1, 0, 0, 0]);
    message
}

fn handshake_packet(dcid: &[u8], scid: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xe3, 0, 0, 0, 1];
    for id in [dcid, scid] {
        packet.push(id.len() as u8);
        packet.extend(id);
    }
    packet.extend([20]);
    packet.extend([0x55; 20]);
    packet
}

fn script() -> Script {
    Script::new(Transport::Udp, [50_000, 443])
}

fn found(script: &mut Script) -> Quic {
    script.end().quic.as_deref().unwrap().clone()
}

fn kinds(quic: &Quic) -> Vec<&'static str> {
    quic.packets.iter().map(|packet| packet.kind.name()).collect()
}

#[test]
fn a_handshake_gives_all_columns() {
    for version in [Version::V1, Version::V2, Version(0xff00_001b), Version(0xff00_001d)] {
        let connection = Connection::new(version);
        let mut script = script();
        script.up(&connection.client(DCID, 2, &crypto(0, &hello())));
        script.down(&connection.server(1, &crypto(0, &server_hello())));
        let findings = script.end();
        assert_eq!(findings.applications[0].protocol.name(), "quic");
        let tls = findings.tls.as_ref().unwrap();
        assert_eq!(tls.carrier, Carrier::Quic);
        let hello = tls.client_hello().unwrap();
        assert_eq!(hello.sni, Some(WireText::new(b"example.com")));
        assert_eq!((hello.from, hello.stamp.frame), (Some(Up), 1));
        assert_eq!(tls.server_hello().unwrap().stamp.frame, 2);
        let columns = QuicColumns::of(Some(findings));
        assert_eq!(columns.quic_version, Some(version.to_string()));
        assert_eq!(columns.quic_client_version, Some(version.to_string()));
        assert_eq!(columns.quic_offered_versions, None);
        assert_eq!(columns.quic_dcid.as_deref(), Some("8394c8f03e515708"));
        assert_eq!(columns.quic_scid.as_deref(), Some("636c69656e74"));
        assert_eq!(columns.quic_server_scid.as_deref(), Some("7365727665722d6964"));
        assert_eq!((columns.quic_retry, columns.quic_zero_rtt), (Some(false), Some(false)));
        assert_eq!(columns.quic_token_len, Some(0));
        let types = columns.quic_packet_types.unwrap();
        assert_eq!(types, ["initial", "initial"]);
        assert_eq!((columns.quic_user_agent, columns.quic_sni), (None, None));
        // RFC 9001 appendix A.2.
        assert_eq!(columns.quic_parameters, Some(vec![4, 5, 7, 8, 1, 9, 15, 6]));
        assert_eq!(columns.quic_max_idle_timeout, Some(30.0));
        assert_eq!(columns.quic_max_udp_payload_size, None);
        assert_eq!(columns.quic_initial_max_data, Some((1 << 62) - 1));
        assert_eq!(columns.quic_initial_max_stream_data_bidi_local, Some(65_535));
        assert_eq!(columns.quic_initial_max_stream_data_bidi_remote, Some(65_535));
        assert_eq!(columns.quic_initial_max_stream_data_uni, Some(65_535));
        assert_eq!(columns.quic_initial_max_streams_bidi, Some(16));
        assert_eq!(columns.quic_initial_max_streams_uni, Some(16));
        assert_eq!((columns.quic_ack_delay_exponent, columns.quic_max_ack_delay), (None, None));
        assert_eq!(columns.quic_active_connection_id_limit, None);
        assert_eq!(columns.quic_max_datagram_frame_size, None);
        assert_eq!(columns.quic_disable_active_migration, Some(false));
        assert_eq!(columns.quic_grease_bit, Some(false));
        assert_eq!(columns.quic_available_versions, None);
        assert_eq!(columns.quic_first_short_dcid, None);
    }
    let nothing = QuicColumns::of(None);
    assert!(nothing.quic_version.is_none() && nothing.quic_retry.is_none());
}

#[test]
fn a_hello_in_several_packets_is_put_together() {
    let connection = Connection::new(Version::V1);
    let hello = hello();
    let pieces = [crypto(200, &hello[200..]), crypto(50, &hello[50..200]), crypto(0, &hello[..50])];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut script = script();
        for (number, piece) in (0..).zip(order) {
            assert!(
                script.conversation.findings().quic.as_ref().is_none_or(|q| q.parameters.is_none())
            );
            // The server may have answered meanwhile, and the client turned to its id.
            let dcid = if number == 2 { SERVER } else { DCID };
            script.up(&connection.client(dcid, number, &pieces[piece]));
            script.down(&connection.server(number, &[2, 0, 0, 0, 0]));
        }
        assert!(found(&mut script).parameters.is_some());
    }
}

/// RFC 9287: who is told that it may, leaves out the bit that every packet has otherwise.
#[test]
fn an_answer_need_not_have_the_fixed_bit() {
    let connection = Connection::new(Version::V1);
    let client = connection.client(DCID, 0, &crypto(0, &hello()));
    // The first bits are not sealed with the payload's length, but are part of what is signed.
    let initial =
        Initial { version: Version::V1, dcid: CLIENT, scid: SERVER, token: &[], number: 0 };
    let mut answer = initial.seal_greased(&connection.keys.server, &crypto(0, &server_hello()));
    let mut handshake = handshake_packet(CLIENT, SERVER);
    handshake[0] &= !0x40;
    answer.extend(handshake);
    let mut script = script();
    script.up(&client);
    script.down(&answer);
    let findings = script.end();
    let tls = findings.tls.as_deref().unwrap();
    assert_eq!((tls.client_hellos.len(), tls.server_hellos.len()), (1, 1));
    assert_eq!(kinds(findings.quic.as_deref().unwrap()), ["initial", "initial", "handshake"]);
    // Of a connection that is not known, that is no packet of QUIC.
    let mut script = self::script();
    script.down(&answer);
    assert!(script.end().quic.is_none());
}

#[test]
fn packets_of_one_datagram_are_told_apart() {
    let connection = Connection::new(Version::V1);
    let mut script = script();
    let mut zero_rtt = handshake_packet(DCID, CLIENT);
    zero_rtt[0] = 0xd3;
    script.up(&[connection.client(DCID, 0, &crypto(0, &hello())), zero_rtt].concat());
    let server = connection.server(0, &crypto(0, &server_hello()));
    let handshake = handshake_packet(CLIENT, SERVER);
    script.down(&[&server, &handshake, &handshake, &[0x45; 30][..]].concat());
    let quic = found(&mut script);
    assert_eq!(kinds(&quic), ["initial", "0rtt", "initial", "handshake", "handshake"]);
    assert!(quic.zero_rtt && !quic.retry && quic.first_short_dcid.is_none());
    let packet = &quic.packets[3];
    assert_eq!((packet.direction, packet.stamp.frame, packet.version), (Down, 2, Version::V1));
    assert_eq!((&*packet.dcid, &*packet.scid), (CLIENT, SERVER));
}

#[test]
fn after_a_retry_keys_follow_from_its_id() {
    let first = Connection::new(Version::V1);
    let mut script = script();
    script.up(&first.client(DCID, 0, &crypto(0, &hello()[..100])));
    let retry =
        [&[0xf0, 0, 0, 0, 1, 6][..], CLIENT, &[9], b"retry-id!", b"token", &[0; 16]].concat();
    script.down(&retry);
    let second = Connection {
        keys: Keys::derive(Version::V1, b"retry-id!").next().unwrap(),
        version: Version::V1,
    };
    let mut payload = crypto(0, &hello());
    payload.resize(1_100, 0);
    let initial = Initial {
        version: Version::V1,
        dcid: b"retry-id!",
        scid: CLIENT,
        token: b"token",
        number: 1,
    };
    script.up(&initial.seal(&second.keys.client, &payload));
    script.down(&second.server(0, &crypto(0, &server_hello())));
    let lessons: Vec<Lesson> = std::mem::take(&mut script.shared.lessons);
    let quic = found(&mut script);
    assert_eq!(kinds(&quic), ["initial", "retry", "initial", "initial"]);
    assert!(quic.retry && quic.parameters.is_some());
    assert_eq!((quic.token_len, quic.dcid.as_deref()), (Some(5), Some(DCID)));
    assert_eq!(quic.server_scid.as_deref(), Some(SERVER));
    let told = |frame, id: &[u8]| Lesson::ConnectionId { frame, flow_id: 0, id: id.into() };
    assert_eq!(lessons, [told(1, CLIENT), told(2, b"retry-id!"), told(4, SERVER)]);
}

#[test]
fn a_version_is_negotiated() {
    let mut script = script();
    let mut first = vec![0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8];
    first.extend(DCID);
    first.resize(1_200, 0);
    script.up(&first);
    let mut offer = vec![0x80, 0, 0, 0, 0, 0, 8];
    offer.extend(DCID);
    offer.extend([0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf]);
    script.down(&offer);
    let connection = Connection::new(Version::V1);
    script.up(&connection.client(DCID, 0, &crypto(0, &hello())));
    let quic = found(&mut script);
    assert_eq!(kinds(&quic), ["unknown", "version_negotiation", "initial"]);
    assert_eq!(quic.client_version, Some(Version(0x1a2a_3a4a)));
    assert_eq!(quic.version, Some(Version::V1));
    assert_eq!(quic.offered_versions, [Version::V1, Version::V2]);
    assert!(quic.parameters.is_some());
}

#[test]
fn a_server_may_answer_in_another_version() {
    let mut script = script();
    script.up(&Connection::new(Version::V1).client(DCID, 0, &crypto(0, &hello())));
    script.down(&Connection::new(Version::V2).server(0, &crypto(0, &server_hello())));
    let quic = found(&mut script);
    assert_eq!((quic.client_version, quic.version), (Some(Version::V1), Some(Version::V2)));
}

#[test]
fn the_client_may_be_the_other_side() {
    let connection = Connection::new(Version::V1);
    let mut script = script();
    script.up(&handshake_packet(CLIENT, SERVER));
    script.down(&connection.client(DCID, 0, &crypto(0, &hello())));
    script.up(&connection.server(0, &crypto(0, &server_hello())));
    let quic = found(&mut script);
    assert_eq!(quic.dcid.as_deref(), Some(DCID));
    assert_eq!(quic.scid.as_deref(), Some(CLIENT));
    assert_eq!(quic.server_scid.as_deref(), Some(SERVER));
    assert!(quic.parameters.is_some());
}

#[test]
fn a_flow_that_begins_with_short_headers_keeps_the_first_id() {
    let mut script = script();
    let bytes: Vec<u8> = (0x40..0x70).collect();
    script.up(&bytes).up(&[0x41; 40]);
    let columns = QuicColumns::of(Some(script.end()));
    let id = columns.quic_first_short_dcid.unwrap();
    assert_eq!(id, "4142434445464748494a4b4c4d4e4f5051525354");
    assert_eq!((columns.quic_retry, columns.quic_packet_types), (None, None));
}

/// How `application` was found.
fn found_by(script: &mut Script) -> Vec<FoundBy> {
    script.end().applications.iter().map(|application| application.by).collect()
}

#[test]
fn a_short_header_alone_is_known_by_its_port() {
    let short = [0x41; 40];
    assert_eq!(found_by(script().up(&short).up(&short)), [FoundBy::Port]);
    assert_eq!(found_by(Script::new(Transport::Udp, [50_000, 50_001]).up(&short)), []);
    // What follows may tell more.
    let client = Connection::new(Version::V1).client(DCID, 0, &crypto(0, &hello()));
    assert_eq!(found_by(script().up(&short).up(&client)), [FoundBy::Content]);
    // An answer to what is no packet of QUIC is none either: DNSCrypt is at that port, too.
    let mut script = script();
    script.up(&[0x3c; 40]).down(b"r6fnvWj8 and thirty-two bytes more, or so");
    assert!(script.end().quic.is_none());
}

#[test]
fn packets_with_long_headers_may_come_late() {
    let connection = Connection::new(Version::V1);
    let client = connection.client(DCID, 0, &crypto(0, &hello()));
    let mut script = script();
    script.up(&client).down(&connection.server(0, &crypto(0, &server_hello())));
    for _ in 0..1_000 {
        script.up(&[0x41; 40]);
    }
    script.up(&client).down(&connection.server(1, &[1]));
    assert_eq!(kinds(&found(&mut script)), ["initial"; 4]);
}

#[test]
fn a_reserved_version_is_sealed_as_another() {
    let grease = Version(0x0a1a_2a3a);
    for keys in Keys::derive(grease, DCID) {
        let connection = Connection { keys, version: grease };
        let mut script = script();
        script.up(&connection.client(DCID, 0, &crypto(0, &hello())));
        script.down(&[&[0x80, 0, 0, 0, 0, 6][..], CLIENT, &[0, 0, 0, 0, 1]].concat());
        let connection = Connection::new(Version::V1);
        script.up(&connection.client(DCID, 0, &crypto(0, &hello())));
        let findings = script.end();
        assert_eq!(findings.tls.as_ref().unwrap().client_hello_count, 2);
        let quic = findings.quic.as_deref().unwrap();
        assert_eq!(kinds(quic), ["initial", "version_negotiation", "initial"]);
        assert_eq!((quic.client_version, quic.version), (Some(grease), Some(Version::V1)));
    }
    // Zeros after the connection ids, with which a client asks for the versions that there are.
    let mut probe = vec![0xc0, 0x0a, 0x1a, 0x2a, 0x3a, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    probe.resize(1_200, 0);
    let mut script = script();
    script.up(&probe);
    assert_eq!(kinds(&found(&mut script)), ["unknown"]);
}

#[test]
fn gquic_tells_names_in_the_clear() {
    let chlo = gquic::tests::message("a.example", "Chrome/60");
    let public = [b"\x0d\x01\x02\x03\x04\x05\x06\x07\x08Q043\x01", &[0; 16][..], &chlo].concat();
    let mut long = vec![0xc3];
    long.extend(b"Q046\x50\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\x01");
    long.extend([0; 16]);
    long.extend(&chlo);
    for (bytes, version) in [(public, "Q043"), (long, "Q046")] {
        let mut script = script();
        script.up(&bytes).down(&[0x08; 30]);
        let columns = QuicColumns::of(Some(script.end()));
        assert_eq!(columns.quic_version.as_deref(), Some(version));
        assert_eq!(columns.quic_dcid.as_deref(), Some("0102030405060708"));
        assert_eq!(columns.quic_sni.as_deref(), Some("a.example"));
        assert_eq!(columns.quic_user_agent.as_deref(), Some("Chrome/60"));
    }
}

#[test]
fn a_cut_hello_gives_what_is_there() {
    let connection = Connection::new(Version::V1);
    let packet = connection.client(DCID, 0, &crypto(0, &hello()));
    let (mut names, mut parameters) = (0, 0);
    for len in 0..packet.len() {
        let mut script = script();
        say_cut(&mut script, &packet[..len], packet.len());
        let findings = script.end();
        let hello = findings.tls.as_ref().and_then(|tls| tls.client_hello());
        let has_name = hello.is_some_and(|hello| hello.sni.is_some());
        let quic = findings.quic.as_ref();
        let has_parameters = quic.is_some_and(|quic| quic.parameters.is_some());
        assert!(has_name || names == 0);
        assert!(has_parameters || parameters == 0);
        names += usize::from(has_name);
        parameters += usize::from(has_parameters);
    }
    // Headers of packet and frame have 28 and 5 bytes; the name ends at byte 69 of the hello, the
    // parameters end it.
    assert_eq!((packet.len() - names, packet.len() - parameters), (33 + 69, 33 + hello().len()));
}

fn say_cut(script: &mut Script, bytes: &[u8], len: usize) {
    let payload = Payload {
        transport: Transport::Udp,
        direction: Up,
        seq: 0,
        tcp_flags: 0,
        len: len as u32,
        bytes,
        stamp: Stamp::default(),
        ends: Ends { ports: [50_000, 443], ..Ends::default() },
    };
    script.conversation.packet(&payload, &mut script.shared);
}

#[test]
fn what_is_no_quic_is_not_taken_for_it() {
    let probe = |bytes: &[u8], ports| {
        let opening =
            Opening { transport: Transport::Udp, direction: Up, bytes, len: bytes.len(), ports };
        QuicProtocol.probe(&opening)
    };
    let web = [50_000, 443];
    // RTP, STUN, DTLS, and packets that would be longer than their datagram.
    let mut rtp = vec![0x80, 0x60];
    rtp.resize(172, 1);
    for bytes in [&rtp[..], &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42], &[0x16, 0xfe, 0xfd], &[]] {
        assert_eq!(probe(bytes, web), Match::No);
    }
    let initial = Connection::new(Version::V1).client(DCID, 0, &[0]);
    assert_eq!(probe(&initial, [1, 2]), Match::Yes);
    assert_eq!(probe(&initial[..1_000], web), Match::No);
    let mut unknown = initial.clone();
    unknown[1..5].copy_from_slice(&[0xde, 0xad, 0xbe, 0xef]);
    assert_eq!(probe(&unknown, web), Match::Maybe);
    assert_eq!(probe(&unknown[..600], web), Match::No);
    assert_eq!(probe(&[0x41; 30], web), Match::Possible);
    assert_eq!(probe(&[0x41; 20], web), Match::No);
    assert_eq!(probe(&[0x80, 0, 0, 0, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef], web), Match::No);
}

#[test]
fn other_datagrams_are_left_to_others() {
    let connection = Connection::new(Version::V1);
    let mut script = script();
    script.up(&connection.client(DCID, 0, &crypto(0, &hello())));
    let mut rtp = vec![0xe5, 0x65, 0xa6, 0x64, 0, 3, 1, 2, 3, 0];
    rtp.resize(300, 9);
    script.up(&rtp).up(&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    assert_eq!(kinds(&found(&mut script)), ["initial"]);
}

#[test]
fn only_what_is_wanted_is_kept() {
    let connection = Connection::new(Version::V1);
    let mut script = script();
    let registry = Registry::new().into();
    script.shared = Shared::new(registry, Wants::of(&[Want::Tls]), Limits::default(), 1);
    script.up(&connection.client(DCID, 0, &crypto(0, &hello())));
    script.down(&connection.server(0, &crypto(0, &server_hello())));
    script.down(&connection.server(1, &[1]));
    assert!(script.shared.lessons.is_empty());
    assert!(found(&mut script).packets.is_empty());
    assert!(QuicProtocol.datagrams(Wants::of(&[Want::Dns])).is_none());
}

#[test]
fn packets_that_do_not_open_cost_a_bounded_number_of_attempts() {
    let mut script = script();
    script.shared.limits.messages_max = 1_000;
    let connection = Connection::new(Version::V1);
    for number in 0..3_000_u32 {
        let mut packet = connection.client(DCID, number, &[0]);
        packet[6..10].copy_from_slice(&number.to_be_bytes());
        script.up(&packet);
    }
    let findings = script.end();
    assert_eq!(findings.quic.as_ref().unwrap().packets.len(), 1_000);
    assert_eq!(findings.messages_dropped, 2_000);
}

#[test]
fn a_hello_retry_request_is_followed_by_hellos() {
    let connection = Connection::new(Version::V1);
    let mut retry = server_hello();
    // RFC 8446 section 4.1.3.
    let random = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
    retry[6..38].copy_from_slice(&unhex(random));
    let mut script = script();
    script.up(&connection.client(DCID, 0, &crypto(0, &hello())));
    script.down(&connection.server(0, &crypto(0, &retry)));
    script.up(&connection.client(SERVER, 1, &crypto(hello().len(), &hello())));
    script.down(&connection.server(1, &crypto(retry.len(), &server_hello())));
    let findings = script.end();
    let tls = findings.tls.as_ref().unwrap();
    let retries: Vec<bool> = tls.server_hellos.iter().map(|hello| hello.is_retry).collect();
    assert_eq!((tls.client_hello_count, retries), (2, vec![true, false]));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        datagrams in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200)), 0..6),
        versions in prop::collection::vec(prop::sample::select(vec![0_u32, 1, 0x6b33_43cf, 0x5130_3436, 9]), 6),
    ) {
        let mut script = script();
        for ((is_up, mut bytes), version) in datagrams.into_iter().zip(versions) {
            if let [first, at @ ..] = bytes.as_mut_slice() && at.len() > 12 {
                *first |= 0xc0;
                at[..4].copy_from_slice(&version.to_be_bytes());
                at[4] &= 7;
            }
            script.say(if is_up { Up } else { Down }, &bytes);
        }
        script.end();
    }

    #[test]
    fn any_change_of_a_hello_is_survived(at in 0_usize..1_200, byte: u8) {
        let connection = Connection::new(Version::V1);
        let mut payload = crypto(0, &hello());
        let index = at % payload.len();
        payload[index] = byte;
        let mut script = script();
        script.up(&connection.client(DCID, 0, &payload));
        let mut packet = connection.client(DCID, 1, &crypto(0, &hello()));
        let index = at % packet.len();
        packet[index] = byte;
        script.up(&packet);
        script.end();
    }
}
