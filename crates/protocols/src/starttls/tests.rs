//! Dialogues as programs have them, before TLS and without it.

use flowloom_flow::Direction::{self, Down, Up};
use proptest::prelude::*;

use super::{CLEAR, LOOK_BYTES_MAX};
use crate::testing::Script;
use crate::{Match, Opening, Transport, Want, Wants};

type Says<'a> = &'a [(Direction, &'a [u8])];

/// The names of the protocols that are found, at no known port.
fn found(says: Says<'_>) -> Vec<String> {
    found_at([50_000, 50_001], says)
}

fn found_at(ports: [u16; 2], says: Says<'_>) -> Vec<String> {
    let mut script = Script::new(Transport::Tcp, ports);
    for (direction, bytes) in says {
        script.say(*direction, bytes);
    }
    let applications = &script.end().applications;
    applications.iter().map(|found| found.protocol.name().to_owned()).collect()
}

/// Finds the protocol and TLS after it: said at once, byte by byte, and with any prefix without a
/// panic; with the last answer spoilt, the protocol alone.
fn turns(name: &str, says: Says<'_>) {
    let hello = [says, &[(Up, HELLO)]].concat();
    assert_eq!(found(&hello), [name, "tls"], "{name}");
    let bytes: Vec<(Direction, &[u8])> = hello
        .iter()
        .flat_map(|(direction, bytes)| bytes.chunks(1).map(|byte| (*direction, byte)))
        .collect();
    assert_eq!(found(&bytes), [name, "tls"], "{name}, byte by byte");
    for len in 0..bytes.len() {
        found(&bytes[..len]);
    }
    let (_, said) = says.split_last().unwrap();
    let (direction, last) = says.last().unwrap();
    let spoilt = vec![b'?'; last.len()];
    assert_eq!(
        found(&[said, &[(*direction, &spoilt), (Up, HELLO)]].concat()),
        [name],
        "{name}, spoilt"
    );
}

#[test]
fn smtp_turns_after_220() {
    turns(
        "smtp",
        &[
            (Down, b"220-mail.example ESMTP\r\n220 ready\r\n"),
            (Up, b"EHLO client.example\r\n"),
            (Down, b"250-mail.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n"),
            (Up, b"starttls\r\n"),
            (Down, b"220 2.0.0 Ready to start TLS\r\n"),
        ],
    );
}

#[test]
fn imap_turns_after_the_answer_with_the_tag() {
    turns(
        "imap",
        &[
            (Down, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
            (Up, b"a001 CAPABILITY\r\n"),
            (Down, b"* CAPABILITY IMAP4rev1 STARTTLS\r\na001 OK done\r\n"),
            (Up, b"a002 STARTTLS\r\n"),
            (Down, b"a002 OK Begin TLS\r\n"),
        ],
    );
}

#[test]
fn pop3_turns_after_ok() {
    turns(
        "pop3",
        &[
            (Down, b"+OK POP3 ready\r\n"),
            (Up, b"AUTH\r\n"),
            (Down, b"-ERR Unrecognized command.\r\n"),
            (Up, b"CAPA\r\n"),
            (Down, b"+OK\r\nSTLS\r\nUSER\r\n.\r\n"),
            (Up, b"STLS\r\n"),
            (Down, b"+OK Begin TLS\r\n"),
        ],
    );
}

#[test]
fn managesieve_turns_after_ok() {
    turns(
        "managesieve",
        &[
            (Down, b"\"IMPLEMENTATION\" \"Example\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"),
            (Up, b"StartTls\r\n"),
            (Down, b"OK \"Begin TLS negotiation now.\"\r\n"),
        ],
    );
}

#[test]
fn ftp_turns_after_234() {
    turns(
        "ftp",
        &[
            (Down, b"220 (vsFTPd 3.0.5)\r\n"),
            (Up, b"AUTH TLS\r\n"),
            (Down, b"234 Proceed with negotiation.\r\n"),
        ],
    );
}

#[test]
fn nntp_turns_after_382() {
    turns(
        "nntp",
        &[
            (Down, b"200 NNTP Service Ready\r\n"),
            (Up, b"STARTTLS\r\n"),
            (Down, b"382 Continue\r\n"),
        ],
    );
}

#[test]
fn irc_turns_after_670() {
    turns(
        "irc",
        &[
            (Up, b"CAP LS 302\r\n"),
            (Down, b":irc.example CAP * LS :tls\r\n"),
            (Up, b"STARTTLS\r\n"),
            (Down, b":irc.example 670 * :STARTTLS successful\r\n"),
        ],
    );
}

#[test]
fn xmpp_turns_after_proceed() {
    turns(
        "xmpp",
        &[
            (Up, b"<?xml version='1.0'?><stream:stream to='a' xmlns='jabber:client'>"),
            (Down, b"<stream:stream xmlns='jabber:client'><stream:features><starttls xmlns='t'/>"),
            (Down, b"</stream:features>"),
            (Up, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            (Down, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        ],
    );
}

#[test]
fn ldap_turns_after_success() {
    turns(
        "ldap",
        &[
            (Up, b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"),
            (Down, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"),
        ],
    );
}

#[test]
fn postgresql_turns_after_yes() {
    let no_gss: Says<'_> = &[(Up, b"\0\0\0\x08\x04\xd2\x16\x30"), (Down, b"N")];
    let yes: Says<'_> = &[(Up, b"\0\0\0\x08\x04\xd2\x16\x2f"), (Down, b"S")];
    turns("postgresql", yes);
    turns("postgresql", &[no_gss, yes].concat());
}

#[test]
fn mysql_turns_after_a_login_without_a_name() {
    let greeting =
        b"\x4a\0\0\0\x0a8.0.36\0\x09\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08\0\xff\xff\xff\x02\0\
        \xff\xdf\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0caching_sha2_password\0";
    let mut login = [0; 36];
    login[..9].copy_from_slice(&[32, 0, 0, 1, 0x05, 0xae, 0xff, 0x19, 0]);
    turns("mysql", &[(Down, greeting), (Up, &login)]);
}

#[test]
fn rdp_turns_when_a_safer_protocol_is_chosen() {
    turns(
        "rdp",
        &[
            (Up, b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0"),
            (Down, b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\x1f\x08\0\x02\0\0\0"),
        ],
    );
}

#[test]
fn socks_5_turns_after_its_reply() {
    turns(
        "socks",
        &[
            (Up, b"\x05\x02\0\x02"),
            (Down, b"\x05\x02"),
            (Up, b"\x01\x01u\x01p"),
            (Down, b"\x01\0"),
            (Up, b"\x05\x01\0\x03\x0bexample.org\x01\xbb"),
            (Down, b"\x05\0\0\x01\x7f\0\0\x01\x12\x34"),
        ],
    );
}

#[test]
fn socks_4_turns_after_its_reply() {
    let reply: (Direction, &[u8]) = (Down, b"\0\x5a\x01\xbb\x7f\0\0\x01");
    let named: &[u8] = b"\x04\x01\x01\xbb\0\0\0\x01me\0example.org\0";
    let plain: &[u8] = b"\x04\x01\x01\xbb\x7f\0\0\x01me\0";
    for request in [named, plain] {
        let says = [(Up, request), reply, (Up, HELLO)];
        assert_eq!(found(&says), ["socks", "tls"]);
        assert_eq!(found(&[(Up, request), (Down, b"\0\x5b\0\0\0\0\0\0"), (Up, HELLO)]), ["socks"]);
    }
}

#[test]
fn what_a_load_balancer_says_first_is_passed_over() {
    let text: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n";
    let local: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    let ipv4: &[u8] =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xc3\x50\x01\xbb";
    for header in [text, b"PROXY UNKNOWN\r\n", local, ipv4] {
        assert_eq!(found(&[(Up, header), (Up, HELLO)]), ["proxy", "tls"]);
        let together = [header, HELLO].concat();
        assert_eq!(found(&[(Up, &together)]), ["proxy", "tls"]);
        let bytes: Vec<(Direction, &[u8])> = together.chunks(1).map(|byte| (Up, byte)).collect();
        assert_eq!(found(&bytes), ["proxy", "tls"], "byte by byte");
        let mail: Says<'_> = &[
            (Up, header),
            (Down, b"220 x ESMTP\r\n"),
            (Up, b"STARTTLS\r\n"),
            (Down, b"220 go\r\n"),
            (Up, HELLO),
        ];
        assert_eq!(found(mail), ["proxy", "smtp", "tls"]);
    }
    let too_long = [b"PROXY ".as_slice(), &[b'x'; 120], b"\r\n"].concat();
    assert_eq!(found(&[(Up, &too_long), (Up, HELLO)]), [""; 0]);
}

#[test]
fn http_is_read_through_proxies_where_nothing_else_is_wanted() {
    let request: (Direction, &[u8]) = (Up, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let socks: Says<'_> =
        &[(Up, b"\x04\x01\0\x50\x7f\0\0\x01\0"), (Down, b"\0\x5a\0\0\0\0\0\0"), request];
    for says in [socks, &[(Up, b"PROXY UNKNOWN\r\n"), request]] {
        let mut script = Script::new(Transport::Tcp, [50_000, 50_001]);
        script.shared.wants = Wants::of(&[Want::Http]);
        for (direction, bytes) in says {
            script.say(*direction, bytes);
        }
        assert_eq!(script.end().http.as_ref().map(|http| http.request_count), Some(1));
    }
}

#[test]
fn a_hello_that_was_captured_before_the_answer_waits_for_it() {
    let says: Says<'_> = &[
        (Down, b"220 x ESMTP\r\n"),
        (Up, b"EHLO x\r\n"),
        (Up, b"STARTTLS\r\n"),
        (Up, HELLO),
        (Down, b"250 x\r\n220 go\r\n"),
    ];
    assert_eq!(found(says), ["smtp", "tls"]);
}

#[test]
fn the_client_alone_is_enough() {
    let says: Says<'_> = &[(Up, b"EHLO x\r\n"), (Up, b"STARTTLS\r\n"), (Up, HELLO)];
    assert_eq!(found(says), ["smtp", "tls"]);
}

#[test]
fn after_a_refusal_there_may_be_another_try() {
    let says: Says<'_> = &[
        (Up, b"EHLO x\r\n"),
        (Down, b"250 x\r\n"),
        (Up, b"STARTTLS\r\n"),
        (Down, b"454 TLS not available\r\n"),
        (Up, b"STARTTLS\r\n"),
        (Down, b"220 go\r\n"),
        (Up, HELLO),
    ];
    assert_eq!(found(says), ["smtp", "tls"]);
}

#[test]
fn a_mail_without_tls_is_not_read_on() {
    let says: Says<'_> = &[
        (Up, b"EHLO x\r\n"),
        (Up, b"DATA\r\n"),
        (Down, b"250 x\r\n"),
        (Up, b"STARTTLS\r\n"),
        (Down, b"220 x\r\n"),
        (Up, HELLO),
    ];
    assert_eq!(found(says), ["smtp"]);
}

#[test]
fn a_long_talk_is_not_waited_for() {
    let noop = b"NOOP\r\n".repeat(LOOK_BYTES_MAX / 6 + 1);
    let says: Says<'_> = &[
        (Up, b"EHLO x\r\n"),
        (Up, &noop),
        (Up, b"STARTTLS\r\n"),
        (Down, b"220 go\r\n"),
        (Up, HELLO),
    ];
    assert_eq!(found(says), ["smtp"]);
}

#[test]
fn irc_can_begin_with_starttls_at_its_port() {
    let says: Says<'_> = &[(Up, b"STARTTLS\r\n"), (Down, b":irc.example 670 :go\r\n"), (Up, HELLO)];
    assert_eq!(found_at([50_000, 6_667], says), ["irc", "tls"]);
}

#[test]
fn a_greeting_that_two_have_is_believed_at_the_port() {
    let says: Says<'_> = &[(Down, b"220 welcome\r\n")];
    assert_eq!(found_at([50_000, 25], says), ["smtp"]);
    assert_eq!(found_at([50_000, 21], says), ["ftp"]);
    assert!(found(says).is_empty());
}

#[test]
fn lost_lines_do_not_hide_the_turn() {
    let mut script = Script::new(Transport::Tcp, [50_000, 25]);
    script.down(b"220 x ESMTP\r\n").up(b"EHLO x\r\n").lose(Down, 700).up(b"STARTTLS\r\n");
    script.down(b"220 go\r\n").up(HELLO);
    assert_eq!(script.end().applications.len(), 2);
}

#[test]
fn names_are_given_once() {
    let mut names: Vec<_> = super::protocols().map(|protocol| protocol.name().to_owned()).collect();
    let len = names.len();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), len), (len, CLEAR.iter().map(|table| table.len()).sum::<usize>() + 2));
}

proptest! {
    #[test]
    fn any_bytes_are_no_reason_to_panic(
        chunks in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..8),
        which in any::<prop::sample::Index>(),
    ) {
        let protocols: Vec<_> = super::protocols().collect();
        let protocol = &protocols[which.index(protocols.len())];
        let port = protocol.ports(Transport::Tcp).first().copied().unwrap_or(50_001);
        let mut script = Script::new(Transport::Tcp, [50_000, port]);
        for (is_up, bytes) in &chunks {
            script.say(if *is_up { Up } else { Down }, bytes);
        }
        script.end();
        for (is_up, bytes) in &chunks {
            let direction = if *is_up { Up } else { Down };
            let (transport, len, ports) = (Transport::Tcp, bytes.len(), [1, 2]);
            for protocol in &protocols {
                let found = protocol.probe(&Opening { transport, direction, bytes, len, ports });
                prop_assert!(found != Match::Yes || bytes.len() > 1);
            }
        }
    }
}

/// A TLS record with a `ClientHello` that has nothing in it but a version and a cipher.
const HELLO: &[u8] = b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03\
    0123456789abcdef0123456789abcdef\x00\x00\x02\x13\x01\x01\x00";
