//! HTTP/2 as it is said.

use flowloom_flow::Direction;
use proptest::prelude::*;

use super::{BLOCK_LEN_MAX, PREFACE, STREAMS_MAX};
use crate::http::{Exchange, Http, HttpColumns};
use crate::testing::Script;
use crate::{Findings, Transport, WireText};

pub(in crate::http) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| char::from(byte).to_digit(16).unwrap() as u8)
        .collect();
    digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
}

fn script() -> Script {
    Script::new(Transport::Tcp, [40_000, 8_080])
}

fn http(findings: &Findings) -> &Http {
    findings.http.as_ref().unwrap()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u32).to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn settings() -> Vec<u8> {
    frame(4, 0, 0, &[0, 3, 0, 0, 0, 100])
}

/// `GET http://www.example.com/`; the second time it comes from the table.
fn get(stream: u32) -> Vec<u8> {
    frame(1, 5, stream, &unhex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"))
}

fn target(exchange: &Exchange) -> &str {
    let target = exchange.request.as_ref().and_then(|request| request.target.as_ref());
    target.map_or("", WireText::as_str)
}

fn status(exchange: &Exchange) -> u16 {
    exchange.response.as_ref().and_then(|response| response.status).unwrap_or(0)
}

#[test]
fn requests_and_responses_of_streams_find_one_another() {
    let mut script = script();
    script.up(PREFACE).up(&settings()).down(&settings());
    // The header block in two frames, padded and with a priority.
    let block = unhex("8387 040c 2f73 616d 706c 652f 7061 7468 41 01 68");
    let first = [&[1, 0, 0, 0, 0, 9][..], &block[..4], &[0]].concat();
    script.up(&get(1)).up(&frame(1, 0x28, 3, &first)).up(&frame(9, 4, 3, &block[4..]));
    script.up(&frame(0, 0x9, 3, b"\x02dataxx"));
    script.down(&frame(1, 4, 3, &unhex("08 03 31 30 33"))).down(&frame(1, 4, 3, &unhex("8d")));
    script.down(&frame(1, 4, 1, &unhex("88 0f 0d 02 31 30")));
    script.down(&frame(0, 0, 1, b"01234")).down(&frame(0, 1, 1, b"56789"));
    script.down(&frame(1, 5, 3, &unhex("0001 7401 76")));
    script.down(&frame(7, 0, 0, &[0, 0, 0, 3, 0, 0, 0, 11]));
    let findings = script.end();
    assert_eq!(findings.applications[0].protocol.name(), "http2");
    let found = http(findings);
    let [one, three] = &found.exchanges[..] else { panic!("{:?}", found.exchanges) };
    assert_eq!((one.stream, target(one), status(one)), (Some(1), "/", 200));
    assert_eq!((three.stream, target(three), status(three)), (Some(3), "/sample/path", 404));
    let response = one.response.as_ref().unwrap();
    assert_eq!((response.content_length, response.body_bytes), (Some(10), 10));
    let request = three.request.as_ref().unwrap();
    assert_eq!((request.body_bytes, request.url().as_deref()), (4, Some("https://h/sample/path")));
    assert_eq!(three.interim, [103]);
    let columns = HttpColumns::of(Some(findings));
    assert_eq!((columns.http_version, columns.http_method), (Some("2"), Some("GET")));
    assert_eq!(columns.http_host, Some("www.example.com"));
    assert_eq!(columns.http_url.as_deref(), Some("http://www.example.com/"));
    assert_eq!((columns.http_request_count, columns.http_response_count), (Some(2), Some(2)));
    assert_eq!(
        (columns.http_request_body_bytes, columns.http_response_body_bytes),
        (Some(4), Some(10))
    );
    assert_eq!((columns.http_goaway, columns.http_incomplete), (Some(11), Some(false)));
}

#[test]
fn an_upgraded_request_is_answered_on_stream_one() {
    let mut script = script();
    script.up(b"GET /up HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    script.down(&[&switch[..], &settings()].concat()).up(&[PREFACE, &settings()].concat());
    script.down(&frame(1, 4, 1, &unhex("88"))).down(&frame(0, 1, 1, b"abc")).up(&get(3));
    let findings = script.end();
    let names: Vec<_> = findings.applications.iter().map(|found| found.protocol.name()).collect();
    assert_eq!(names, ["http", "http2"]);
    let [one, three] = &http(findings).exchanges[..] else { panic!() };
    assert_eq!((target(one), status(one), one.stream), ("/up", 200, Some(1)));
    assert_eq!(one.interim, [101]);
    assert_eq!(one.response.as_ref().unwrap().body_bytes, 3);
    assert_eq!((target(three), three.stream), ("/", Some(3)));
    assert_eq!(HttpColumns::of(Some(findings)).http_upgrade, Some("h2c"));
}

#[test]
fn promised_and_reset_streams_are_told() {
    let mut script = script();
    script.up(PREFACE).up(&settings()).up(&get(1));
    script.down(&settings()).down(&frame(5, 4, 1, &unhex("00000002 8286 85")));
    script.down(&frame(1, 5, 2, &unhex("88"))).up(&frame(3, 0, 1, &[0, 0, 0, 8]));
    let found = http(script.end());
    let [one, two] = &found.exchanges[..] else { panic!() };
    assert_eq!((one.stream, one.reset, status(one)), (Some(1), Some(8), 0));
    assert_eq!((two.stream, target(two), status(two)), (Some(2), "/index.html", 200));
}

#[test]
fn what_was_said_before_a_reset_can_come_behind_it() {
    let mut script = script();
    script.up(PREFACE).up(&settings()).up(&get(1)).down(&settings());
    script.up(&frame(3, 0, 1, &[0, 0, 0, 8])).down(&frame(1, 4, 1, &unhex("88")));
    script.down(&frame(0, 1, 1, b"body"));
    let found = http(script.end());
    let [one] = &found.exchanges[..] else { panic!("one exchange") };
    assert_eq!((one.stream, one.reset, status(one)), (Some(1), Some(8), 200));
    assert_eq!(one.response.as_ref().unwrap().body_bytes, 4);
}

#[test]
fn after_a_loss_what_can_be_decoded_is() {
    let mut script = script();
    script.up(PREFACE).up(&settings()).up(&get(1)).lose(Direction::Up, 30);
    // The authority is in the table, but where is not known.
    script.up(&frame(1, 5, 5, &unhex("82 86 84 be")));
    script.down(&settings()).down(&frame(1, 5, 5, &unhex("88")));
    let found = http(script.end());
    assert!(found.is_incomplete);
    let five = found.exchanges.iter().find(|exchange| exchange.stream == Some(5)).unwrap();
    assert_eq!((target(five), status(five)), ("/", 200));
    assert_eq!(five.request.as_ref().unwrap().host, None);
}

#[test]
fn endless_continuations_are_not_kept() {
    let mut script = script();
    script.up(PREFACE).up(&settings()).up(&frame(1, 0, 1, &unhex("82")));
    for _ in 0..40 {
        script.up(&frame(9, 0, 1, &[0x86; 16_000]));
    }
    const { assert!(40 * 16_000 > BLOCK_LEN_MAX) };
    script.up(&frame(9, 4, 1, &[])).up(&get(3));
    let found = http(script.end());
    assert!(found.is_incomplete);
    assert!(found.exchanges.iter().any(|exchange| exchange.stream == Some(3)));
}

#[test]
fn streams_that_never_end_are_bounded() {
    let mut script = script();
    script.up(PREFACE).up(&settings());
    for nth in 0..STREAMS_MAX as u32 + 10 {
        script.up(&frame(1, 4, nth * 2 + 1, &unhex("828684")));
    }
    script.down(&settings()).down(&frame(1, 5, 2 * STREAMS_MAX as u32 + 1, &unhex("88")));
    let found = http(script.end());
    assert_eq!(found.request_count, STREAMS_MAX as u64 + 10);
    assert_eq!(found.exchanges.iter().filter(|exchange| status(exchange) == 200).count(), 1);
}

#[test]
fn a_frame_of_every_kind_can_be_cut_or_empty() {
    for kind in 0..12 {
        for flags in [0, 0x2d] {
            for len in 0..12 {
                let mut script = script();
                let odd = frame(kind, flags, 1, &vec![0xff; len]);
                script.up(PREFACE).up(&settings()).up(&odd).up(&get(3));
                let cut = odd.len() / 2;
                script.down(&settings()).down(&odd[..cut]).end();
            }
        }
    }
}

proptest! {
    #[test]
    fn any_frames_are_read_without_harm(frames: Vec<(bool, u8, u8, u32, Vec<u8>)>, tail: Vec<u8>) {
        let mut script = script();
        script.up(PREFACE);
        for (up, kind, flags, stream, payload) in frames {
            let direction = if up { Direction::Up } else { Direction::Down };
            script.say(direction, &frame(kind % 11, flags, stream % 5, &payload));
        }
        script.up(&tail).down(&tail).end();
    }
}
