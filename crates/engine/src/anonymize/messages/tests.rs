//! Messages made by hand: what stays of them, and what does not.

use flowloom_schema::LinkType;

use crate::anonymize::frame::rewrite;
use crate::anonymize::mapping::Mapping;
use crate::anonymize::{CryptoPan, Payload};

const KEY: [u8; 32] = [9; 32];

/// What becomes of a payload from a port to another, over UDP (17) or TCP (6).
fn rewritten(protocol: u8, ports: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 7, 0, 0, 64, protocol, 0, 0, 10, 1, 2, 3, 10, 1, 2, 4];
    packet.extend(ports.map(u16::to_be_bytes).concat());
    if protocol == 17 {
        packet.extend((payload.len() as u16 + 8).to_be_bytes());
        packet.extend([0, 0]);
    } else {
        packet.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 16, 0, 0, 0, 0, 0]);
    }
    let at = packet.len();
    packet.extend(payload);
    let total = packet.len() as u16;
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    let mut new = vec![0; packet.len()];
    let (pan, len) = (CryptoPan::new(&KEY), packet.len() as u32);
    let mut map = Mapping::new(&pan, false);
    rewrite(LinkType::RAW, &packet, len, &mut new, &mut map, Payload::Names);
    new.split_off(at)
}

fn host(name: &str) -> String {
    let pan = CryptoPan::new(&KEY);
    String::from_utf8(Mapping::new(&pan, false).host(name.as_bytes())).unwrap()
}

fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').filter(|label| !label.is_empty());
    let mut bytes =
        labels.flat_map(|l| [&[l.len() as u8], l.as_bytes()].concat()).collect::<Vec<_>>();
    bytes.push(0);
    bytes
}

#[test]
fn a_response_of_the_dns_has_other_names_and_addresses() {
    let question = [&name("www.example.com")[..], &[0, 1, 0, 1]].concat();
    let head = |kind: u16, len: usize| {
        [&[0xc0, 12][..], &kind.to_be_bytes(), &[0, 1, 0, 0, 1, 0], &(len as u16).to_be_bytes()]
            .concat()
    };
    let text = b"\x0bsecret text";
    let response = [
        &[0x12, 0x34, 0x81, 0x80, 0, 1, 0, 4, 0, 0, 0, 0][..],
        &question,
        &head(5, 17),
        &name("cdn.example.com"),
        &head(1, 4),
        &[10, 1, 2, 3],
        &head(16, text.len()),
        text,
        &head(28, 16),
        &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ];
    let pan = CryptoPan::new(&KEY);
    let mut map = Mapping::new(&pan, false);
    let expected = [
        response[0],
        &[&name(&host("www.example.com"))[..], &[0, 1, 0, 1]].concat(),
        response[2],
        &name(&host("cdn.example.com")),
        response[4],
        &map.v4([10, 1, 2, 3]),
        response[6],
        &[0; 12],
        response[8],
        &map.v6(response[9].try_into().unwrap()),
    ];
    let (response, expected) = (response.concat(), expected.concat());
    assert_eq!(rewritten(17, [53, 5_000], &response), expected);
    let with_length = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let twice = [with_length(&response), with_length(&response)].concat();
    let expected_twice = [with_length(&expected), with_length(&expected)].concat();
    assert_eq!(rewritten(6, [5_000, 53], &twice), expected_twice);
    // Elsewhere it is payload; and what is cut is never kept.
    assert_eq!(rewritten(17, [54, 5_000], &response), vec![0; response.len()]);
    for len in 0..response.len() {
        let cut = rewritten(17, [53, 5_000], &response[..len]);
        let agrees = cut.iter().zip(&expected).all(|(cut, whole)| cut == whole || *cut == 0);
        assert!(agrees, "{len}");
    }
}

#[test]
fn what_is_no_whole_message_of_the_dns_leaves_nothing() {
    let question = [&name("secret.corp.example")[..], &[0, 1, 0, 1]].concat();
    let record = [&[0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4][..], &[172, 16, 9, 5]].concat();
    let head = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 200, 0, 0, 0, 0];
    let message = [&head[..], &question, &record.repeat(200)].concat();
    let stream = [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    // A message in several segments, wherever it is cut; and its length in a segment of its own.
    for (at, len) in [(0, 1_448), (2, 1_448), (0, 2), (1_448, 1_448), (1_600, 700), (2_900, 350)] {
        let segment = &stream[at..(at + len).min(stream.len())];
        assert_eq!(rewritten(6, [53, 5_000], segment), vec![0; segment.len()], "{at}");
    }
    for other in [&b"user=alice;password=hunter2"[..], b"\0\x10mysecretpassword", &message[..300]] {
        for protocol in [6, 17] {
            assert_eq!(rewritten(protocol, [5_000, 53], other), vec![0; other.len()]);
        }
    }
    assert_eq!(rewritten(6, [53, 5_000], &stream)[..14], stream[..14]);
}

#[test]
fn addresses_in_names_of_the_dns_are_mapped() {
    let question = |text: &str| {
        [&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &name(text), &[0, 12, 0, 1]].concat()
    };
    let pan = CryptoPan::new(&KEY);
    let [a, b, c, d] = Mapping::new(&pan, false).v4([100, 101, 102, 103]);
    let shown = rewritten(17, [5_000, 53], &question("103.102.101.100.in-addr.arpa"));
    assert_eq!(shown, question(&format!("{d:03}.{c:03}.{b:03}.{a:03}.in-addr.arpa")));
    let shown = rewritten(17, [5_000, 53], &question("5.103.102.101.100.in-addr.arpa"));
    assert_eq!(shown[12..14], [1, host("5").as_bytes()[0]]);
    let digits = "1.".repeat(32) + "ip6.arpa";
    let shown = rewritten(17, [5_000, 53], &question(&digits));
    assert_ne!(shown, question(&digits));
    assert!(shown.ends_with(&question("ip6.arpa")[12..]));
}

/// A hello of a client with some extensions.
fn hello(extensions: &[u8]) -> Vec<u8> {
    let mut body =
        [&[3, 3][..], &[0x5a; 32], &[4, 7, 7, 7, 7], &[0, 4, 0x13, 1, 0xc0, 0x2f, 1, 0]].concat();
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let len = body.len();
    [&[22, 3, 1, 0, len as u8 + 4, 1, 0, 0, len as u8][..], &body, &[23, 3, 3, 0, 4], b"data"]
        .concat()
}

fn server_name(name: &str) -> Vec<u8> {
    let len = name.len() as u8;
    [&[0, 0, 0, len + 5, 0, len + 3, 0, 0, len], name.as_bytes()].concat()
}

#[test]
fn a_hello_of_tls_has_another_server_name() {
    let rest = [0, 16, 0, 5, 0, 3, 2, b'h', b'2', 0, 35, 0, 4, 9, 9, 9, 9];
    let old = hello(&[&server_name("www.example.com")[..], &rest].concat());
    let new = rewritten(6, [5_000, 443], &old);
    let mut expected = hello(&[&server_name(&host("www.example.com"))[..], &rest].concat());
    let len = expected.len();
    expected[len - 4..].fill(0);
    expected[len - 13..len - 9].fill(0);
    expected[11..43].fill(0);
    expected[44..48].fill(0);
    assert_eq!(new, expected);
    for len in 0..old.len() {
        let cut = rewritten(6, [5_000, 443], &old[..len]);
        let agrees = cut.iter().zip(&expected).all(|(cut, whole)| cut == whole || *cut == 0);
        assert!(agrees, "{len}");
    }
}

#[test]
fn heads_of_http_have_another_host_and_no_values() {
    let old = b"POST /login?user=joe HTTP/1.1\r\nHost: www.example.com:8080\r\nCookie: id=7; b\r\n\
        X-Joe: yes\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret";
    let new = String::from_utf8(rewritten(6, [5_000, 8_080], old)).unwrap();
    let expected = format!(
        "POST /xxxxxxxxxxxxxx HTTP/1.1\r\nHost: {}:8080\r\nCookie: xxxxxxx\r\n\
         xxxxx: xxx\r\nContent-Length: 6\r\nConnection: close\r\n\r\n\0\0\0\0\0\0",
        host("www.example.com")
    );
    assert_eq!(new, expected);
    let old = b"HTTP/1.1 302 Hello Joe\r\nLocation: http://joe.example/\r\nno colon here\r\ncut";
    let new = String::from_utf8(rewritten(6, [80, 5_000], old)).unwrap();
    assert_eq!(
        new,
        "HTTP/1.1 302 xxxxxxxxx\r\nLocation: xxxxxxxxxxxxxxxxxxx\r\nxxxxxxxxxxxxx\r\n\0\0\0"
    );
    let old = b"Host: www.example.com\r\n\r\n";
    assert_eq!(rewritten(6, [5_000, 80], old), vec![0; old.len()], "no head begins here");
}
