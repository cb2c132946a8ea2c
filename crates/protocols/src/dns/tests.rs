//! Messages recorded from dig and dnsmasq, and what is made of them.

use std::net::{IpAddr, Ipv4Addr};

use flowloom_flow::Direction;
use flowloom_schema::{NANOS_PER_SECOND, Series};
use flowloom_wire::Address;
use proptest::prelude::*;

use super::message::{Message, QUESTIONS_MAX, RECORDS_MAX, Section};
use super::{
    App, Data, Dns, DnsColumns, DnsEvent, DnsQuestionColumns, TABLE, wire_name, wire_names,
};
use crate::testing::Script;
use crate::{Findings, Lesson, Transport};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn dns(findings: &Findings) -> &Dns {
    findings.dns.as_deref().expect("DNS was found")
}

fn read(hex: &str) -> Message {
    let message = Message::read(&bytes(hex), App::Dns).expect("a header is there");
    assert!(message.is_whole);
    message
}

/// `dig www.example.org A`.
const QUERY: &str = "0c4c0120000100000000000103777777076578616d706c65036f7267000001000100002904d0\
                     00000000000c000a0008792a3f3969b4c82a";
const ANSWER: &str = "0c4c8580000100010000000103777777076578616d706c65036f72670000010001c00c0001\
                      00010000003c0004c000020100002904d0000000000000";
/// `dig alias.example.org A +subnet=198.51.100.0/24`.
const ALIAS_QUERY: &str = "dc8f0120000100000000000105616c696173076578616d706c65036f72670000010001\
                           00002904d00000000000170008000700011800c63364000a0008b6ee328e57054e5e";
const ALIAS: &str = "dc8f8580000100020000000105616c696173076578616d706c65036f72670000010001c00c00\
                     0500010000003c001406746172676574076578616d706c65036f726700c02f00010001000001\
                     2c0004c000020700002904d0000000000000";
const MX: &str = "c01485800001000100000001076578616d706c65036f726700000f0001c00c000f00010000003c\
                  0014000a046d61696c076578616d706c65036f72670000002904d0000080000000";
const SRV: &str = "6aab85800001000100000000045f736970045f746370076578616d706c65036f72670000210001\
                   c00c002100010000003c00170001000213c403736970076578616d706c65036f726700";
const TXT: &str = "f34785800001000100000000076578616d706c65036f72670000100001c00c00100001\
                   0000003c001a0b763d73706631202d616c6c0d7365636f6e6420227061727422";
const CAA: &str = "ffec85800001000100000000076578616d706c65036f72670001010001c00c010100010000003c\
                   00150005697373756563612e6578616d706c652e6f7267";
const PTR: &str = "975a858000010001000000000131013201300331393207696e2d61646472046172706100000c00\
                   01c00c000c00010000003c001103777777076578616d706c65036f726700";
const REFUSED: &str = "ad5c81850001000000000001076e6f7468696e67076578616d706c65036e65740000010001\
                         00002904d0000000000006000f0002000e";

#[test]
fn a_question_and_its_answer_are_columns() {
    let mut script = Script::new(Transport::Udp, [40_000, 53]);
    let findings = script.up(&bytes(QUERY)).down(&bytes(ANSWER)).end();
    assert_eq!(findings.applications[0].protocol.name(), "dns");
    let columns = DnsColumns::of(Some(findings));
    assert_eq!(columns.dns_query, Some("www.example.org"));
    assert_eq!(columns.dns_query_type.as_deref(), Some("A"));
    assert_eq!(columns.dns_query_class.as_deref(), Some("IN"));
    assert_eq!(columns.dns_id, Some(0x0c4c));
    assert_eq!(columns.dns_opcode.as_deref(), Some("QUERY"));
    assert_eq!(columns.dns_rcode.as_deref(), Some("NOERROR"));
    assert_eq!(columns.dns_authoritative, Some(true));
    assert_eq!(columns.dns_truncated, Some(false));
    assert_eq!(columns.dns_answers, Some(vec!["192.0.2.1".into()]));
    assert_eq!(columns.dns_answer_types, Some(vec!["A".into()]));
    assert_eq!(columns.dns_cnames, Some(vec![]));
    assert_eq!(columns.dns_ttl_min, Some(60));
    assert_eq!(columns.dns_latency, Some(1.0));
    assert_eq!(columns.dns_udp_size, Some(1_232));
    assert_eq!(columns.dns_dnssec_ok, Some(false));
    assert_eq!(columns.dns_client_subnet, None);
    assert_eq!((columns.dns_query_count, columns.dns_response_count), (Some(1), Some(1)));
    assert_eq!((columns.dns_error_count, columns.dns_answered_count), (Some(0), Some(1)));
    assert_eq!(DnsColumns::of(None).dns_query, None);
}

#[test]
fn all_questions_are_columns_each_once() {
    let mut script = Script::new(Transport::Udp, [40_000, 53]);
    script.up(&bytes(QUERY)).down(&bytes(ANSWER)).up(&bytes(ALIAS_QUERY)).down(&bytes(MX));
    let again = QUERY.replace("03777777", "03577757").replace("0c4c", "0c4d");
    let findings = script.up(&bytes(&again)).down(&bytes(SRV)).end();
    let columns = DnsQuestionColumns::of(Some(findings));
    let names = ["www.example.org", "alias.example.org", "example.org", "_sip._tcp.example.org"];
    assert_eq!(columns.dns_questions.as_deref(), Some(&names[..]));
    assert_eq!(columns.dns_question_types.as_deref(), Some(&["A", "A", "MX", "SRV"][..]));
    assert_eq!(DnsQuestionColumns::of(None).dns_questions, None);
}

#[test]
fn questions_beyond_the_limit_are_counted() {
    let mut script = Script::new(Transport::Udp, [40_000, 53]);
    for number in 0..1_100 {
        let digit = |of: usize| 97 + number / of % 16;
        let label = format!("03{:02x}{:02x}{:02x}", digit(256), digit(16), digit(1));
        script.up(&bytes(&QUERY.replace("03777777", &label)));
    }
    let findings = script.end();
    assert_eq!(dns(findings).questions.len(), 1_024);
    assert_eq!(&*dns(findings).questions[1_023].0, "dpp.example.org");
    assert_eq!(findings.messages_dropped, 76);
}

#[test]
fn a_message_is_a_row() {
    let mut script = Script::new(Transport::Udp, [40_000, 53]);
    let findings = script.up(&bytes(ALIAS_QUERY)).down(&bytes(ALIAS)).end();
    let [query, answer] = dns(findings).messages.as_slice() else { panic!("two messages") };
    let row = DnsEvent::of(9, query);
    assert_eq!((row.flow_id, row.frame, row.time.0), (9, 1, NANOS_PER_SECOND));
    assert_eq!((row.direction, row.app, row.transport, row.length), (1, "dns", "udp", 69));
    assert!(row.is_whole && !row.is_response && row.rcode.is_none());
    assert_eq!(row.edns_client_subnet, Some("198.51.100.0/24"));
    assert_eq!((row.edns_cookie, row.edns_version), (Some(true), Some(0)));
    let row = DnsEvent::of(9, answer);
    assert_eq!((row.frame, row.direction, row.id), (2, -1, 0xdc8f));
    assert_eq!((row.opcode.as_str(), row.rcode.as_deref()), ("QUERY", Some("NOERROR")));
    assert_eq!(
        [row.aa, row.tc, row.rd, row.ra, row.ad, row.cd],
        [true, false, true, true, false, false]
    );
    assert_eq!((row.qname, row.qtype.as_deref()), (Some("alias.example.org"), Some("A")));
    assert_eq!((row.qclass.as_deref(), row.qnames.len()), (Some("IN"), 0));
    let counts = [row.question_count, row.answer_count, row.authority_count, row.additional_count];
    assert_eq!(counts, [1, 2, 0, 1]);
    assert_eq!(row.answers, ["CNAME target.example.org", "A 192.0.2.7"]);
    assert_eq!(row.ttl, [60, 300]);
    assert_eq!(row.a, [IpAddr::from(Ipv4Addr::new(192, 0, 2, 7))]);
    assert_eq!(row.cname, ["target.example.org"]);
    assert_eq!((row.edns_udp_size, row.edns_dnssec_ok), (Some(1_232), Some(false)));
    assert_eq!(row.latency, Some(1.0));
    let mut series: Vec<_> = (TABLE.columns)().iter().map(|c| Series::new(c.data_type)).collect();
    assert_eq!((TABLE.append)(9, findings, &mut series), 2);
}

#[test]
fn records_are_as_dig_shows_them() {
    for (hex, expected) in [
        (MX, "10 mail.example.org"),
        (SRV, "1 2 5060 sip.example.org"),
        (TXT, r#"v=spf1 -allsecond \"part\""#),
        (CAA, r#"0 issue "ca.example.org""#),
        (PTR, "www.example.org"),
    ] {
        let message = read(hex);
        let data: Vec<_> = message.section(Section::Answer).map(|r| r.data.text()).collect();
        assert_eq!(data, [expected]);
    }
    assert!(read(MX).edns.unwrap().dnssec_ok);
    let refused = read(REFUSED);
    assert_eq!((refused.rcode_name(), refused.records.len()), ("REFUSED".into(), 0));
}

/// A response with one record at the name `a`.
fn record(kind: u16, data: &[u8]) -> Message {
    let head = [0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, b'a', 0];
    let fields = [&kind.to_be_bytes()[..], &[0, 1, 0, 0, 0, 9], &(data.len() as u16).to_be_bytes()];
    let message = [&head[..], &fields.concat(), data].concat();
    Message::read(&message, App::Dns).unwrap()
}

fn text(kind: u16, data: &[u8]) -> String {
    record(kind, data).records[0].data.text().into_owned()
}

#[test]
fn services_are_read_as_rfc_9460_writes_them() {
    let data = b"\0\x01\0\0\x01\0\x06\x02h3\x02h2\0\x03\0\x02\x20\xfb\0\x04\0\x04\xc0\0\x02\x01\0\x05\0\x03\x01\x02\xff\
        \0\x06\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\x09\0\0";
    let message = record(65, data);
    let row = DnsEvent::of(1, &message);
    let expected =
        "1 . alpn=h3,h2 port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 ech=0102ff key9";
    assert_eq!(row.svcb, [expected]);
    assert_eq!((row.svcb_alpn, row.svcb_port), (vec!["h3", "h2"], vec![8_443]));
    assert_eq!((row.svcb_hints.len(), row.svcb_ech), (2, vec!["0102ff".to_owned()]));
    // Section 2.2 and 7, RFC 9461; the names of protocols are those of appendix D.2.
    let data =
        b"\0\x01\0\0\0\0\x04\0\x01\0\x03\0\x01\0\x0c\x08f\\oo,bar\x02h2\0\x02\0\0\0\x07\0\x10\
        /dns-query{?dns}\x02\x9b\0\x07a b\"c\xd2d";
    let message = record(64, data);
    let expected = "1 . alpn=f\\\\\\\\oo\\\\,bar,h2 mandatory=alpn,port no-default-alpn dohpath=/dns-query{?dns} \
                    key667=a\\032b\\\"c\\210d";
    assert_eq!(DnsEvent::of(1, &message).svcb, [expected]);
}

#[test]
fn other_types_are_as_in_zone_files() {
    assert_eq!(
        text(6, b"\x01m\0\x01r\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05"),
        "m r 1 2 3 4 5"
    );
    assert_eq!(text(43, &[0, 9, 8, 2, 0xab]), "9 8 2 ab");
    assert_eq!(text(47, b"\x01b\0\0\x01\x40\x01\x01\x40"), "b A CAA");
    let rrsig = b"\0\x01\x08\x02\0\0\0\x3c\x65\x92\0\x80\0\0\0\x01\0\x07\x01s\0sig";
    assert_eq!(text(46, rrsig), "A 8 2 60 20240101000000 19700101000001 7 s c2ln");
    for kind in [48, 60] {
        assert_eq!(text(kind, b"\x01\x01\x03\x08key!"), "257 3 8 a2V5IQ==");
    }
    assert_eq!(text(17, b"\x01m\xc0\x0c\x01t\0"), "m.a t");
    assert_eq!(text(18, b"\0\x01\x01d\xc0\x0c"), "1 d.a");
    assert_eq!(text(13, b"\x03CPU\x02OS"), r#""CPU" "OS""#);
    assert_eq!(
        text(35, b"\0\x64\0\x0a\x01u\x07E2U+sip\x0e!^.*$!sip:a@b!\0"),
        r#"100 10 "u" "E2U+sip" "!^.*$!sip:a@b!" ."#
    );
    assert_eq!(text(44, &[4, 2, 0xab, 0xcd]), "4 2 abcd");
    assert_eq!(text(52, &[3, 1, 1, 0xcd]), "3 1 1 cd");
    assert_eq!(text(256, b"\0\x0a\0\x01http://a/\"b"), r#"10 1 "http://a/\"b""#);
    // What is not understood, or not as its type says, is shown as it came.
    assert_eq!(text(52, &[3, 1]), r"\# 2 0301");
    assert_eq!(text(65_280, &[1, 2]), r"\# 2 0102");
    assert_eq!(text(1, &[1, 2, 3]), r"\# 3 010203");
    assert_eq!(text(1, &[]), r"\# 0");
}

#[test]
fn data_that_are_broken_make_no_name_and_no_whole_message() {
    // A pointer to itself, one that leads out of the message, and a type of labels that nobody has.
    for data in [&b"\xc0\x19"[..], b"\xc1\0", b"\x40a\0"] {
        for kind in [5, 12, 2] {
            let message = record(kind, data);
            assert!(!message.is_whole, "{kind} {data:?}");
            let row = DnsEvent::of(1, &message);
            assert!([row.cname, row.ptr, row.ns].iter().all(Vec::is_empty), "{data:?}");
            assert!(message.records[0].data.text().starts_with(r"\# "));
        }
    }
    // An update may delete records of a type, and most types are not known.
    for (kind, data) in [(5, &b""[..]), (1, b""), (65_280, b"\xff")] {
        let message = record(kind, data);
        assert!(message.is_whole && DnsEvent::of(1, &message).cname.is_empty(), "{kind}");
    }
    // What comes behind a broken record is read.
    let mut message = bytes(ALIAS);
    let alias = message.windows(4).position(|bytes| bytes == [0xc0, 0x0c, 0, 5]).unwrap();
    message[alias + 3] = 15;
    let message = Message::read(&message, App::Dns).unwrap();
    assert_eq!((message.is_whole, message.records.len(), message.edns.is_some()), (false, 2, true));
}

#[test]
fn answers_teach_the_name_that_was_asked_for() {
    let mut script = Script::new(Transport::Udp, [40_000, 53]);
    script.up(&bytes(ALIAS_QUERY)).down(&bytes(ALIAS)).end();
    let [lesson] = script.shared.lessons.as_slice() else { panic!("one address") };
    let expected = Lesson::Name {
        frame: 2,
        time: 2 * NANOS_PER_SECOND,
        client: Address::default(),
        address: Address::v4([192, 0, 2, 7]),
        name: "alias.example.org".into(),
        ttl: 60,
    };
    assert_eq!(*lesson, expected);
}

#[test]
fn an_answer_teaches_at_the_frame_that_fills_its_hole_and_not_after_the_end() {
    let with_len = |message: &str| {
        let message = bytes(message);
        [&(message.len() as u16).to_be_bytes()[..], &message].concat()
    };
    let (query, answer) = (with_len(ALIAS_QUERY), with_len(ALIAS));
    let rest = answer.len() as u32 - 10;
    let begun = || {
        let mut script = Script::new(Transport::Tcp, [40_000, 53]);
        script.up(&query).down(&answer[..10]).lose(Direction::Down, 10).down(&answer[20..]);
        script
    };
    let mut script = begun();
    script.find(Direction::Down, rest, &answer[10..20]).end();
    let [Lesson::Name { frame: 4, .. }] = script.shared.lessons.as_slice() else {
        panic!("{:?}", script.shared.lessons)
    };
    // The end of the flow gives the hole up: what is read then comes too late for others.
    let mut script = begun();
    script.down(&answer).end();
    assert!(script.shared.lessons.is_empty());
}

#[test]
fn responses_are_matched_by_identifier_and_question() {
    let mut script = Script::new(Transport::Udp, [40_000, 53]);
    let mut other = bytes(ANSWER);
    other[1] ^= 1;
    // Sent twice, answered by another and by the right one, in the case of letters it likes.
    script.up(&bytes(QUERY)).up(&bytes(QUERY)).down(&other);
    let mut answer = bytes(ANSWER);
    answer[13] = b'W';
    let messages = &dns(script.down(&answer).end()).messages;
    let latencies: Vec<_> = messages.iter().map(|message| message.latency).collect();
    assert_eq!(latencies, [None, None, None, Some(3 * NANOS_PER_SECOND)]);
    assert_eq!(dns(script.conversation.findings()).answer.as_ref().unwrap().id, 0x0c4c);
}

#[test]
fn messages_over_tcp_have_their_length_before_them() {
    let framed = |hex: &str| {
        let message = bytes(hex);
        [&(message.len() as u16).to_be_bytes()[..], &message].concat()
    };
    let answers = [framed(ANSWER), framed(ALIAS)].concat();
    for split in 1..answers.len() {
        let mut script = Script::new(Transport::Tcp, [40_000, 53]);
        script.up(&framed(QUERY)).up(&framed(ALIAS_QUERY));
        let findings = script.down(&answers[..split]).down(&answers[split..]).end();
        let latencies: Vec<_> =
            dns(findings).messages.iter().map(|m| m.latency.is_some()).collect();
        assert_eq!(latencies, [false, false, true, true], "split at {split}");
    }
}

#[test]
fn after_a_loss_messages_are_found_again() {
    let message = bytes(QUERY);
    let framed = [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let mut script = Script::new(Transport::Tcp, [40_000, 53]);
    script.up(&framed).lose(Direction::Up, 30).up(&message[20..]).up(&framed);
    assert_eq!(dns(script.end()).messages.len(), 2);
}

#[test]
fn multicast_has_no_identifiers() {
    // A question that asks for an answer by unicast, and a response without a question.
    let question = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x08My print\x04_ipp\x05local\0\0\x0c\x80\x01";
    let answer =
        b"\0\0\x84\0\0\0\0\x01\0\0\0\0\x01h\x05local\0\0\x01\x80\x01\0\0\0\x78\0\x04\xc0\0\x02\x05";
    let mut script = Script::new(Transport::Udp, [5353, 5353]);
    let findings = script.up(question).down(answer).end();
    assert_eq!(findings.applications[0].protocol.name(), "mdns");
    let columns = DnsColumns::of(Some(findings));
    assert_eq!(columns.dns_query, Some(r"My\032print._ipp.local"));
    assert_eq!(columns.dns_query_class.as_deref(), Some("IN"));
    assert_eq!(columns.dns_answers, Some(vec!["192.0.2.5".into()]));
    assert_eq!(columns.dns_latency, None);
    assert!(script.shared.lessons.is_empty());
}

#[test]
fn netbios_names_and_llmnr_are_told_by_their_ports() {
    let nbns =
        b"\x12\x34\x01\x10\0\x01\0\0\0\0\0\0\x20EJFDEBFEEBFACACACACACACACACACAAA\0\0\x20\0\x01";
    let mut script = Script::new(Transport::Udp, [137, 137]);
    let findings = script.up(nbns).end();
    assert_eq!(findings.applications[0].protocol.name(), "nbns");
    let columns = DnsColumns::of(Some(findings));
    assert_eq!(
        (columns.dns_query, columns.dns_query_type.as_deref()),
        (Some("ISATAP<00>"), Some("NB"))
    );
    let mut script = Script::new(Transport::Udp, [40_000, 5355]);
    let findings = script.up(&bytes(QUERY)).end();
    assert_eq!(findings.applications[0].protocol.name(), "llmnr");
}

#[test]
fn elsewhere_only_whole_messages_are_believed() {
    let mut script = Script::new(Transport::Udp, [40_000, 4_000]);
    assert!(script.up(&bytes(QUERY)).end().dns.is_some());
    let query = bytes(QUERY);
    for end in 0..query.len() {
        let mut script = Script::new(Transport::Udp, [40_000, 4_000]);
        assert!(script.up(&query[..end]).end().dns.is_none(), "{end} bytes");
    }
    let mut script = Script::new(Transport::Udp, [40_000, 4_000]);
    assert!(script.up(&[0; 48]).end().dns.is_none());
}

#[test]
fn of_a_cut_message_what_is_there_is_told() {
    let whole = read(ALIAS);
    let alias = bytes(ALIAS);
    for end in 0..alias.len() {
        let Some(cut) = Message::read(&alias[..end], App::Dns) else {
            assert!(end < 12);
            continue;
        };
        assert!(!cut.is_whole);
        assert_eq!(cut.questions.len(), usize::from(end >= 35));
        assert!(whole.records.starts_with(&cut.records));
    }
    assert_eq!(whole.records.len(), 2);
}

#[test]
fn lists_are_bounded_and_the_work_is_linear() {
    // Records that are all one pointer to a long name.
    let mut message = vec![0, 1, 0x80, 0, 0, 0, 0x13, 0x88, 0, 0, 0, 0];
    for _ in 0..5_000 {
        message.extend([0xc0, 12, 0, 99, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    let read = Message::read(&message, App::Dns).unwrap();
    assert!(!read.is_whole, "the pointer points to itself");
    message[12..24].copy_from_slice(&[1, b'a', 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    message.insert(24, 0);
    let read = Message::read(&message, App::Dns).unwrap();
    assert!(read.is_whole);
    assert_eq!((read.records.len(), read.counts[1]), (RECORDS_MAX, 5_000));
    let mut questions = vec![0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    questions.extend([0, 0, 1, 0, 1].repeat(256));
    let read = Message::read(&questions, App::Dns).unwrap();
    assert_eq!((read.is_whole, read.questions.len()), (true, QUESTIONS_MAX));
}

#[test]
fn names_in_options_of_dhcp_are_read() {
    assert_eq!(wire_names(b"\x01a\x03org\0\x01b\xc0\x02"), ["a.org", "b.org"]);
    assert_eq!(wire_name(b"\x04host").as_deref(), Some("host"));
    assert_eq!(wire_name(b""), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read(
        data in prop::collection::vec(any::<u8>(), 0..600),
        port in prop::sample::select(vec![53, 137, 5353, 5355, 9]),
        is_tcp: bool,
    ) {
        let transport = if is_tcp { Transport::Tcp } else { Transport::Udp };
        let mut script = Script::new(transport, [40_000, port]);
        script.up(&data).down(&data);
        let findings = script.end();
        let _ = DnsColumns::of(Some(findings));
        let _ = DnsQuestionColumns::of(Some(findings));
        for message in findings.dns.iter().flat_map(|dns| &dns.messages) {
            let _ = DnsEvent::of(1, message);
        }
    }

    #[test]
    fn any_change_of_a_message_is_read(at in 0..200_usize, byte: u8) {
        for hex in [QUERY, ANSWER, ALIAS_QUERY, ALIAS, MX, SRV, TXT, CAA, PTR, REFUSED] {
            let mut message = bytes(hex);
            let at = at % message.len();
            message[at] = byte;
            let message = Message::read(&message, App::Dns).unwrap();
            for record in &message.records {
                prop_assert!(!matches!(&record.data, Data::Name(name) if name.is_empty()));
            }
            let _ = DnsEvent::of(1, &message);
        }
    }
}

/// Two bytes of a pointer stand for a thousand characters, a bit for the name of a type.
#[test]
fn texts_of_a_message_are_not_much_longer_than_it_is() {
    let label = [&[63][..], &[1; 63]].concat();
    let question = [&label.repeat(3)[..], &[57], &[1; 57], &[0, 0, 1, 0, 1]].concat();
    let mx = [0xc0, 0x0c, 0, 15, 0, 1, 0, 0, 0, 60, 0, 4, 0, 1, 0xc0, 0x0c].repeat(RECORDS_MAX);
    let header = [0, 7, 0x81, 0x80, 0, 1, 1, 0, 0, 0, 0, 0];
    let bytes = [&header[..], &question, &mx].concat();
    let message = Message::read(&bytes, App::Dns).unwrap();
    assert!(message.is_whole && message.questions[0].name.starts_with("\\001\\001"));
    assert!((2..RECORDS_MAX).contains(&message.records.len()), "{}", message.records.len());
    assert!(message.held() < 32 * bytes.len(), "{} of {}", message.held(), bytes.len());
}

/// RFC 4034 section 4.1.2: windows come in order, of 1 to 32 bytes.
#[test]
fn types_of_a_name_come_in_windows() {
    let nsec = |windows: &[u8]| {
        let data = [&[0][..], windows].concat();
        let header = [0, 7, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0];
        let record = [&[0, 0, 47, 0, 1, 0, 0, 0, 60][..], &(data.len() as u16).to_be_bytes()];
        let bytes = [&header[..], &record.concat(), &data].concat();
        let message = Message::read(&bytes, App::Dns).unwrap();
        (message.is_whole, message.records[0].data.text().into_owned())
    };
    assert_eq!(nsec(&[0, 1, 0x40, 1, 1, 0x40]), (true, ". A CAA".to_owned()));
    let last = [&[0, 32][..], &[0; 31], &[1]].concat();
    assert_eq!(nsec(&last), (true, ". ANY".to_owned()));
    for broken in [&[1, 1, 0x40, 0, 1, 0x40][..], &[0, 0], &[&[0, 33][..], &[0; 33]].concat()] {
        assert!(!nsec(broken).0, "{broken:?}");
    }
    let window = |window: u8| [&[window, 32][..], &[0xff; 32]].concat();
    let all: Vec<u8> = (0..=255).flat_map(window).collect();
    assert!(!nsec(&all).0 && nsec(&all).1.len() < 2_000);
}
