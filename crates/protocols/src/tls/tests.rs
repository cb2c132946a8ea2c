//! Conversations of `openssl s_client` with `openssl s_server`, as a relay between them saw them
//! (one line per read: direction and hexadecimal), and hellos made here.

use flowloom_flow::Direction;
use flowloom_schema::{Record as _, Timestamp};
use proptest::prelude::*;

use super::found::{Carrier, EchKind, Tls};
use super::hello;
use super::{ChainColumns, DtlsProtocol, TlsColumns, TlsProtocol};
use crate::testing::Script;
use crate::{Findings, Match, Opening, Protocol, Transport, Want, Wants};

const TLS10: &str = include_str!("recordings/tls10.txt");
const TLS12: &str = include_str!("recordings/tls12.txt");
const TLS13: &str = include_str!("recordings/tls13.txt");
const RETRY: &str = include_str!("recordings/retry.txt");
const ALERT: &str = include_str!("recordings/alert.txt");

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn parts(recording: &str) -> Vec<(Direction, Vec<u8>)> {
    let lines = recording.lines().map(|line| line.split_once(' ').unwrap());
    let up = |arrow| if arrow == ">" { Direction::Up } else { Direction::Down };
    lines.map(|(arrow, hex)| (up(arrow), bytes_of(hex))).collect()
}

/// The recording in packets of at most `size` bytes.
fn play(recording: &str, size: usize) -> Script {
    let mut script = Script::new(Transport::Tcp, [50_000, 4_433]);
    for (direction, bytes) in parts(recording) {
        for packet in bytes.chunks(size) {
            script.say(direction, packet);
        }
    }
    script
}

fn tls(findings: &Findings) -> &Tls {
    findings.tls.as_deref().unwrap()
}

#[test]
fn tls_1_2_tells_all_but_its_data() {
    let mut script = play(TLS12, usize::MAX);
    let findings = script.end();
    let columns = TlsColumns::of(Some(findings));
    assert_eq!(columns.tls_sni, Some("weaver.example"));
    assert_eq!(columns.tls_sni_raw, None);
    assert_eq!(columns.tls_version.as_deref(), Some("TLS 1.2"));
    assert_eq!(columns.tls_version_id, Some(0x0303));
    assert_eq!(columns.tls_cipher.as_deref(), Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    assert_eq!(columns.tls_cipher_id, Some(0xc02f));
    assert_eq!(columns.tls_alpn, Some("http/1.1"));
    assert_eq!(columns.tls_alpn_offered, Some(vec!["http/1.1"]));
    assert_eq!(columns.tls_group.as_deref(), Some("x25519"));
    assert_eq!(columns.tls_client_versions, Some(vec!["TLS 1.2".into()]));
    assert_eq!(columns.tls_client_ciphers, Some(&[0xc02f_u16, 0x00ff][..]));
    assert_eq!(columns.tls_client_version_id, Some(0x0303));
    assert_eq!(columns.tls_resumed, Some(false));
    assert_eq!(columns.tls_ticket_offered, Some(false));
    assert_eq!(columns.tls_hello_retry, Some(false));
    assert_eq!(columns.tls_early_data, Some(false));
    assert_eq!(columns.tls_ech, Some("none"));
    assert_eq!(columns.tls_psk_count, Some(0));
    assert_eq!(columns.tls_client_hello_count, Some(1));
    assert_eq!(columns.tls_alerts, Some(vec![]));
    assert_eq!(columns.tls_client_hello_time, Some(Timestamp(1_000_000_000)));
    assert_eq!(columns.tls_server_hello_time, Some(Timestamp(2_000_000_000)));
    assert_eq!(columns.tls_handshake_time, Some(Timestamp(4_000_000_000)));
    assert_eq!(columns.tls_server_hello_delay, Some(1.0));
    assert_eq!(columns.tls_handshake_duration, Some(3.0));
}

#[test]
fn a_certificate_tells_whose_it_is() {
    let mut script = play(TLS12, usize::MAX);
    let findings = script.end();
    let columns = TlsColumns::of(Some(findings));
    assert_eq!(columns.tls_cert_sha256, Some(vec![SHA256.to_owned()]));
    assert_eq!(columns.tls_cert_subject, Some("CN=weaver.example,O=Loom\\, Ltd,C=ZZ"));
    assert_eq!(columns.tls_cert_cn, Some("weaver.example"));
    assert_eq!(columns.tls_cert_issuer, Some("CN=weaver.example,O=Loom\\, Ltd,C=ZZ"));
    assert_eq!(columns.tls_cert_issuer_cn, Some("weaver.example"));
    assert_eq!(columns.tls_cert_san, Some(vec!["weaver.example", "*.weaver.example"]));
    assert_eq!(columns.tls_cert_serial.as_deref(), Some("0badcafe"));
    assert_eq!(columns.tls_cert_not_before, Some(NOT_BEFORE));
    assert_eq!(columns.tls_cert_not_after, Some(NOT_BEFORE + 36_500 * 86_400));
    assert_eq!(columns.tls_cert_key_type, Some("RSA"));
    assert_eq!(columns.tls_cert_key_bits, Some(2048));
    assert_eq!(columns.tls_cert_self_issued, Some(true));
    assert_eq!(columns.tls_client_cert_sha256, None);
    let sent = ChainColumns::of(Some(findings)).tls_certificates.expect("a certificate was sent");
    let [told] = &sent[..] else { panic!("one certificate") };
    assert_eq!((told.sha256.as_str(), told.serial.as_str()), (SHA256, "0badcafe"));
    assert_eq!(Some(told.subject), columns.tls_cert_subject);
    assert_eq!(Some(told.issuer), columns.tls_cert_issuer);
    assert_eq!((told.not_before, told.not_after), (Some(NOT_BEFORE), columns.tls_cert_not_after));
    assert_eq!(told.san_dns, ["weaver.example", "*.weaver.example"]);
    let [certificate] = &tls(findings).certificates[..] else { panic!("one certificate") };
    assert_eq!(told.san_ip, certificate.san_ips);
    let ips = certificate.san_ips.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(ips, ["192.0.2.7", "2001:db8::7"]);
    assert_eq!(certificate.signature.as_deref(), Some("sha256WithRSAEncryption"));
    assert!(certificate.is_ca);
    assert_eq!((certificate.position, certificate.stamp.frame), (0, 2));
}

#[test]
fn tls_1_3_tells_what_its_hellos_tell() {
    let mut script = play(TLS13, usize::MAX);
    let findings = script.end();
    let columns = TlsColumns::of(Some(findings));
    assert_eq!(columns.tls_version.as_deref(), Some("TLS 1.3"));
    assert_eq!(columns.tls_cipher.as_deref(), Some("TLS_AES_256_GCM_SHA384"));
    assert_eq!(columns.tls_alpn, None);
    assert_eq!(columns.tls_alpn_offered, Some(vec!["h2", "http/1.1"]));
    assert_eq!(columns.tls_group.as_deref(), Some("x25519"));
    assert_eq!(columns.tls_client_key_shares, Some(vec!["x25519".into()]));
    assert_eq!(columns.tls_server_extensions, Some([43, 51].as_slice()));
    assert_eq!(columns.tls_resumed, Some(false));
    assert_eq!(columns.tls_session_id_bytes, Some(32));
    assert_eq!(columns.tls_cert_sha256, None);
    assert!(ChainColumns::of(Some(findings)).tls_certificates.is_none());
    assert_eq!(columns.tls_handshake_time, Some(Timestamp(3_000_000_000)));
    assert!(columns.tls_ja4.unwrap().starts_with("t13d0411h2_"));
}

#[test]
fn a_retry_brings_a_second_hello() {
    let mut script = play(RETRY, usize::MAX);
    let findings = script.end();
    let columns = TlsColumns::of(Some(findings));
    assert_eq!(columns.tls_hello_retry, Some(true));
    assert_eq!(columns.tls_client_hello_count, Some(2));
    assert_eq!(columns.tls_client_key_shares, Some(vec!["x25519".into()]));
    assert_eq!(columns.tls_group.as_deref(), Some("secp384r1"));
    assert_eq!(columns.tls_server_hello_time, Some(Timestamp(4_000_000_000)));
    let [first, second] = &tls(findings).client_hellos[..] else { panic!("two hellos") };
    assert_eq!(first.random, second.random);
    assert_eq!(second.key_shares, [24]);
}

/// The second hellos of a handshake of which the first ones were lost, or sent before the capture.
#[test]
fn hellos_are_found_behind_what_is_missing() {
    let parts = parts(RETRY);
    let played = |lost: Option<usize>, from: usize| {
        let mut script = Script::new(Transport::Tcp, [50_000, 443]);
        for (at, (direction, bytes)) in parts.iter().enumerate().skip(from) {
            if lost == Some(at) {
                script.lose(*direction, bytes.len() as u32);
            } else {
                script.say(*direction, bytes);
            }
        }
        let findings = script.end();
        let columns = TlsColumns::of(Some(findings));
        let server = tls(findings).server_hello().map(|hello| hello.is_retry);
        (columns.tls_client_hello_count, columns.tls_version.is_some(), server)
    };
    assert_eq!(played(None, 0), (Some(2), true, Some(false)));
    assert_eq!(played(Some(0), 0), (Some(1), true, Some(false)));
    assert_eq!(played(Some(1), 0), (Some(2), true, Some(false)));
    assert_eq!(played(None, 2), (Some(1), true, Some(false)));
}

#[test]
fn an_alert_in_the_clear_is_told() {
    let mut script = play(ALERT, usize::MAX);
    let columns = TlsColumns::of(Some(script.end()));
    assert_eq!(columns.tls_alerts, Some(vec!["protocol_version".into()]));
    assert_eq!(columns.tls_alert_levels, Some(vec![2]));
    assert_eq!((columns.tls_sni, columns.tls_version), (None, None));
    assert!(columns.tls_ja4.unwrap().starts_with("t12i"));
}

#[test]
fn tls_1_0_has_a_fingerprint_of_its_own() {
    let mut script = play(TLS10, usize::MAX);
    let columns = TlsColumns::of(Some(script.end()));
    assert_eq!(columns.tls_version.as_deref(), Some("TLS 1.0"));
    assert_eq!(columns.tls_cipher.as_deref(), Some("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"));
    assert!(columns.tls_ja4.unwrap().starts_with("t10"));
}

#[test]
fn how_the_bytes_are_packed_changes_nothing_but_times() {
    for recording in [TLS10, TLS12, TLS13, RETRY, ALERT] {
        let (mut whole, mut small) = (play(recording, usize::MAX), play(recording, 1));
        let (whole, small) = (tls(whole.end()), tls(small.end()));
        assert_eq!(whole.client_hello_count, small.client_hello_count);
        for (a, b) in whole.client_hellos.iter().zip(&small.client_hellos) {
            assert_eq!((a.ja3(), a.ja4(Carrier::Tcp)), (b.ja3(), b.ja4(Carrier::Tcp)));
        }
        for (a, b) in whole.server_hellos.iter().zip(&small.server_hellos) {
            assert_eq!((a.ja3s(), a.random), (b.ja3s(), b.random));
        }
        assert_eq!(whole.certificates.len(), small.certificates.len());
        let kinds = |tls: &Tls| tls.records.iter().map(|r| (r.kind, r.len)).collect::<Vec<_>>();
        assert_eq!(kinds(whole), kinds(small));
    }
}

#[test]
fn every_record_is_listed_with_the_frame_it_begins_in() {
    let mut script = play(TLS12, usize::MAX);
    let records = &tls(script.end()).records;
    let seen = records.iter().map(|r| (r.stamp.frame, r.from, r.kind)).collect::<Vec<_>>();
    let (up, down) = (Direction::Up, Direction::Down);
    let expected = [
        (1, up, 22),
        (2, down, 22),
        (2, down, 22),
        (2, down, 22),
        (2, down, 22),
        (3, up, 22),
        (3, up, 20),
        (3, up, 22),
        (4, down, 22),
        (4, down, 20),
        (4, down, 22),
        (5, up, 21),
        (6, down, 21),
    ];
    assert_eq!(seen, expected);
    assert_eq!((records[0].version, records[0].len), (0x0301, 169));
}

#[test]
fn records_go_on_after_lost_bytes() {
    let mut script = Script::new(Transport::Tcp, [50_000, 443]);
    for (direction, bytes) in parts(TLS13).into_iter().take(3) {
        script.say(direction, &bytes);
    }
    let data = |byte: u8| [&[23, 3, 3, 0, 100][..], &[byte; 100]].concat();
    script.up(&data(1));
    script.lose(Direction::Up, 150);
    // The rest of a record whose beginning was lost, and then two that are whole.
    script.up(&[0xee; 55]).up(&data(2)).up(&data(3));
    let records = &tls(script.end()).records;
    let lens = records.iter().filter(|r| r.len == 100).map(|r| r.stamp.frame).collect::<Vec<_>>();
    assert_eq!(lens, [4, 6, 7]);
}

#[test]
fn every_prefix_gives_what_is_there() {
    for recording in [TLS12, RETRY] {
        let parts = parts(recording);
        let hello = parts[0].1.get(9..).unwrap();
        for len in 0..hello.len() {
            let read = hello::client_hello(&hello[..len], false);
            assert_eq!(read.is_some(), len >= 34);
            assert!(read.is_none_or(|hello| hello.is_cut || hello.extensions.is_empty()));
        }
        let server = parts[1].1.get(9..).unwrap();
        for len in 0..server.len().min(200) {
            assert_eq!(hello::server_hello(&server[..len]).is_some(), len >= 34);
        }
    }
}

#[test]
fn a_hello_that_the_capture_cuts_is_told_as_far_as_it_goes() {
    let parts = parts(TLS12);
    let mut script = Script::new(Transport::Tcp, [50_000, 443]);
    script.up(&parts[0].1[..120]);
    let findings = script.end();
    let hello = tls(findings).client_hello().unwrap();
    assert!(hello.is_cut);
    assert_eq!(hello.cipher_suites, [0xc02f, 0x00ff]);
    let columns = TlsColumns::of(Some(findings));
    assert_eq!(columns.tls_sni, Some("weaver.example"));
    // Of a part they would be those of another program.
    assert_eq!((columns.tls_ja3, columns.tls_ja4), (None, None));
}

/// A `ClientHello` with these extensions.
fn client_hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let mut list = Vec::new();
    for (kind, body) in extensions {
        list.extend(kind.to_be_bytes());
        list.extend((body.len() as u16).to_be_bytes());
        list.extend(*body);
    }
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 6, 0x0a, 0x0a, 0x13, 1, 0x13, 2, 1, 0]);
    hello.extend((list.len() as u16).to_be_bytes());
    hello.extend(list);
    hello
}

const SNI: &[u8] = b"\0\x0e\0\0\x0bouter.local";

#[test]
fn of_two_server_names_the_first_counts() {
    let body = client_hello(&[(0, SNI), (0, b"\0\x08\0\0\x05other")]);
    let hello = hello::client_hello(&body, false).unwrap();
    assert_eq!(hello.sni.unwrap().as_str(), "outer.local");
    assert_eq!(hello.extensions, [0, 0]);
}

#[test]
fn grease_and_names_that_are_no_text_are_told_apart() {
    let body = client_hello(&[
        (0x1a1a, &[]),
        (0, b"\0\x06\0\0\x03a\xffb"),
        (16, b"\0\x05\x02\xabz\x01x"),
        (43, &[6, 0x2a, 0x2a, 3, 4, 3, 3]),
        (10, &[0, 4, 0x3a, 0x3a, 0, 29]),
        (11, &[1, 0]),
        (13, &[0, 4, 4, 3, 8, 4]),
        (42, &[]),
        (35, &[9; 5]),
        (45, &[1, 1]),
    ]);
    let hello = hello::client_hello(&body, false).unwrap();
    assert!(!hello.is_cut);
    assert_eq!(hello.sni.as_ref().unwrap().raw_hex().as_deref(), Some("61ff62"));
    assert_eq!(hello.ja3_text(), "771,4865-4866,0-16-43-10-11-13-42-35-45,29,0");
    // The first protocol's last letter is one, its first is none: both are taken in hexadecimal.
    let lists = "1301,1302_000a,000b,000d,0023,002a,002b,002d_0403,0804";
    assert_eq!(hello.ja4_text(Carrier::Tcp), format!("t13d0209aa_{lists}"));
    assert_eq!(hello.ja4_text(Carrier::Quic), format!("q13d0209aa_{lists}"));
    assert_eq!((hello.ticket_len, hello.psk_modes), (Some(5), vec![1]));
}

#[test]
fn an_encrypted_hello_is_grease_only_if_it_must_be() {
    let ech = [&[0, 0, 1, 0, 1, 42, 0, 32][..], &[5; 32], &[0, 3, 1, 2, 3]].concat();
    let of = |extensions: &[(u16, &[u8])]| {
        let hello = hello::client_hello(&client_hello(extensions), false).unwrap();
        Tls { client_hellos: vec![hello], ..Tls::default() }
    };
    assert_eq!(of(&[(0, SNI)]).ech(), EchKind::None);
    assert_eq!(of(&[(0, SNI), (0xfe0d, &ech)]).ech(), EchKind::Offered);
    assert_eq!(of(&[(0xfe0d, &ech)]).ech(), EchKind::Grease);
    let read = of(&[(0xfe0d, &ech)]).client_hellos[0].ech.unwrap();
    assert_eq!((read.kdf, read.aead, read.config_id), (1, 1, 42));
    assert_eq!((read.enc_len, read.payload_len, read.is_inner), (32, 3, false));
}

#[test]
fn a_hello_of_ssl_2_is_a_hello() {
    let mut hello = vec![0x80, 9 + 6 + 16, 1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 5, 1, 0, 0x80];
    hello.extend([8; 16]);
    let mut script = Script::new(Transport::Tcp, [50_000, 443]);
    script.up(&hello);
    let findings = script.end();
    let found = tls(findings).client_hello().unwrap();
    assert!(found.is_sslv2);
    assert_eq!((found.legacy_version, &found.cipher_suites[..]), (0x0301, &[5][..]));
    assert_eq!(found.random, *[[0; 16], [8; 16]].as_flattened());
    // One length wrong, and it is none.
    for at in [1, 6, 8, 10] {
        let mut broken = hello.clone();
        broken[at] += 1;
        let mut script = Script::new(Transport::Tcp, [50_000, 443]);
        assert!(script.up(&broken).end().tls.is_none(), "{at}");
    }
}

/// A DTLS record with one fragment of a handshake message.
fn dtls(sequence: u8, kind: u8, number: u8, body: &[u8], offset: usize, len: usize) -> Vec<u8> {
    let u24 = |value: usize| (value as u32).to_be_bytes()[1..].to_vec();
    let part = &body[offset..offset + len];
    let fragment =
        [&[kind][..], &u24(body.len()), &[0, number], &u24(offset), &u24(len), part].concat();
    let header = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, sequence];
    [&header[..], &(fragment.len() as u16).to_be_bytes(), &fragment].concat()
}

fn dtls_hello() -> Vec<u8> {
    let mut hello = client_hello(&[(0, SNI)]);
    (hello[0], hello[1]) = (0xfe, 0xfd);
    // A cookie of no bytes after the session id of none.
    hello.insert(35, 0);
    hello
}

#[test]
fn dtls_fragments_come_in_any_order_and_again() {
    let hello = dtls_hello();
    let cut = hello.len() / 3;
    let mut script = Script::new(Transport::Udp, [50_000, 9_999]);
    script.up(&dtls(0, 1, 0, &hello, 0, hello.len()));
    script.down(&dtls(0, 3, 0, &[0xfe, 0xff, 1, 9], 0, 4));
    script.up(&dtls(1, 1, 1, &hello, cut, hello.len() - cut));
    script.up(&dtls(2, 1, 1, &hello, 0, cut + 5));
    script.up(&dtls(3, 1, 1, &hello, 0, hello.len()));
    let findings = script.end();
    let found = tls(findings);
    assert_eq!((found.carrier, found.client_hello_count), (Carrier::Dtls, 2));
    assert_eq!((found.verify_request_count, found.records.len()), (1, 5));
    assert_eq!(found.records[2].number, Some((0, 1)));
    let columns = TlsColumns::of(Some(findings));
    assert_eq!(columns.tls_sni, Some("outer.local"));
    assert!(columns.tls_ja4.unwrap().starts_with("dd2d0201"));
    assert_eq!(findings.applications[0].protocol.name(), "dtls");
}

#[test]
fn what_is_no_tls_is_not_taken_for_it() {
    let probe = |bytes: &[u8]| {
        let opening = Opening {
            transport: Transport::Tcp,
            direction: Direction::Up,
            bytes,
            len: bytes.len(),
            ports: [50_000, 443],
        };
        TlsProtocol.probe(&opening)
    };
    assert_eq!(probe(b"GET / HTTP/1.1\r\n"), Match::No);
    assert_eq!(probe(&[22, 3, 1, 0xff, 0xff, 1, 0, 0]), Match::No);
    assert_eq!(probe(&[22, 3]), Match::NeedMore);
    assert_eq!(probe(&[22, 3, 1, 2, 0, 1, 0]), Match::Yes);
    assert_eq!(probe(&[21, 3, 1, 0, 2, 2, 40]), Match::Yes);
    assert_eq!(probe(&[23, 3, 3, 1, 0, 9]), Match::Yes);
    assert_eq!(probe(&[23, 3, 3, 0, 0, 9]), Match::No);
    assert_eq!(probe(&[0x80, 0x2e, 7]), Match::No);
}

#[test]
fn where_nothing_is_wanted_nothing_is_parsed() {
    assert!(TlsProtocol.stream(Wants::of(&[Want::Dns])).is_none());
    assert!(DtlsProtocol.datagrams(Wants::of(&[Want::Dns])).is_none());
    assert!(TlsProtocol.stream(Wants::of(&[Want::Application])).is_some());
    let columns = TlsColumns::of(None);
    assert!(columns.tls_sni.is_none() && columns.tls_alerts.is_none());
    assert!(TlsColumns::columns().iter().all(|column| column.nullable));
}

/// As `openssl x509` has them.
const SHA256: &str = "e468eebf434639a4321b8cbde61af9f7f4948abf72d2fdee40cca0e64b67ff39";
const NOT_BEFORE: i64 = 1_795_249_728;

proptest! {
    #[test]
    fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..400), size in 1..400_usize) {
        let mut script = Script::new(Transport::Tcp, [50_000, 443]);
        for part in parts(TLS12).iter().take(1) {
            script.say(part.0, &part.1);
        }
        for packet in bytes.chunks(size) {
            script.up(packet).down(packet);
        }
        let _ = TlsColumns::of(Some(script.end()));
        let mut script = Script::new(Transport::Udp, [50_000, 443]);
        script.up(&dtls(0, 1, 0, &dtls_hello(), 0, 10)).up(&bytes).down(&bytes);
        let _ = TlsColumns::of(Some(script.end()));
    }

    #[test]
    fn no_damage_makes_it_fail(at in 0..3_000_usize, byte in any::<u8>(), which in 0..4_usize) {
        let mut parts = parts([TLS10, TLS12, TLS13, RETRY][which]);
        let mut left = at;
        for (_, bytes) in &mut parts {
            if left < bytes.len() {
                bytes[left] = byte;
                break;
            }
            left -= bytes.len();
        }
        let mut script = Script::new(Transport::Tcp, [50_000, 443]);
        for (direction, bytes) in parts {
            script.say(direction, &bytes);
        }
        let _ = TlsColumns::of(Some(script.end()));
    }
}
