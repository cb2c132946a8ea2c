//! HTTP of all versions: whatever is said, rows can be made of it and counts fit one another.

use flowloom_flow::Direction;
use flowloom_protocols::http::HttpColumns;
use flowloom_protocols::{EVENTS, Limits, Transport};
use flowloom_schema::Series;

use crate::talk::{said, shared, talk};

/// A conversation at the port of HTTP, and at that of SSDP.
pub fn http(data: &[u8]) {
    check(Transport::Tcp, 80, data);
    check(Transport::Udp, 1900, data);
}

/// Frames of HTTP/2, and what HPACK makes of them: the client's preface came before.
pub fn http2(data: &[u8]) {
    check(Transport::Tcp, 80, &[&said(&[(Direction::Up, PREFACE)]), data].concat());
}

fn check(transport: Transport, port: u16, data: &[u8]) {
    let conversation = talk(&mut shared(Limits::default()), transport, port, data);
    let columns = HttpColumns::of(Some(conversation.findings()));
    if let Some(http) = &conversation.findings().http {
        assert!(columns.http_method.is_none() || http.request_count > 0);
        assert!(columns.http_status.is_none() || http.response_count > 0);
        let bodies = http.request_body_bytes + http.response_body_bytes;
        // HTTP/2 counts what a frame of nine bytes says that it holds, which the capture may not.
        assert!(bodies <= (data.len() as u64) << 24, "no more than was said");
    }
    let events = EVENTS.iter().find(|events| events.name == "http").expect("there is the table");
    let mut series: Vec<_> =
        (events.columns)().iter().map(|column| Series::new(column.data_type)).collect();
    let rows = (events.append)(1, conversation.findings(), &mut series);
    assert!(rows <= data.len(), "a message is at least a byte");
}

/// A request and its response with fields that stay in the tables, a size update, a continuation.
pub(crate) fn seeds_of_two() -> Vec<Vec<u8>> {
    let request = b"\0\0\x11\x01\x04\0\0\0\x01\x82\x84\x86\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
    vec![
        said(&[
            (Direction::Up, b"\0\0\0\x04\0\0\0\0\0"),
            (Direction::Up, request),
            (Direction::Down, b"\0\0\x01\x01\x04\0\0\0\x01\x88\0\0\x01\0\x01\0\0\0\x01a"),
        ]),
        said(&[
            (Direction::Up, b"\0\0\x03\x01\x01\0\0\0\x01\x3f\x01\x82"),
            (Direction::Up, b"\0\0\x07\x09\x04\0\0\0\x01\x84\x86\x40\x01a\x01b"),
            (Direction::Down, b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08"),
        ]),
    ]
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Two exchanges, with bodies of both framings; an upgrade; HTTP/2.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    vec![
        said(&[
            (Direction::Up, b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"),
            (Direction::Up, b"GET / HTTP/1.1\r\n\r\n"),
            (Direction::Down, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            (Direction::Down, b"2\r\nab\r\n0\r\n\r\nHTTP/1.1 304 N\r\n\r\n"),
        ]),
        said(&[
            (Direction::Up, b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"),
            (Direction::Down, b"HTTP/1.1 101 S\r\nUpgrade: h2c\r\n\r\n"),
            (Direction::Down, b"\0\0\x01\x01\x05\0\0\0\x01\x88"),
        ]),
        said(&[
            (Direction::Up, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
            (Direction::Up, b"\0\0\x03\x01\x05\0\0\0\x01\x82\x84\x86"),
            (Direction::Down, b"\0\0\x01\x01\x04\0\0\0\x01\x88\0\0\x01\0\x01\0\0\0\x01a"),
        ]),
    ]
}
