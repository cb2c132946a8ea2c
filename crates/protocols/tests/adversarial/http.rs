//! HTTP/1 and HTTP/2.

use flowloom_flow::Direction;
use flowloom_protocols::Transport;

use crate::measure::Attack;
use crate::victim::Victim;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "http-line-without-end", len: 100_000, play: line_without_end },
    Attack { name: "http-line-without-end-byte-by-byte", len: 200_000, play: line_byte_by_byte },
    Attack { name: "http-header-without-end", len: 100_000, play: header_without_end },
    Attack { name: "http-pipelined-requests", len: 100_000, play: pipelined },
    Attack { name: "http-answered-requests", len: 50_000, play: answered },
    Attack { name: "http-long-answers", len: 4_000, play: long_answers },
    Attack { name: "http-interim-responses", len: 50_000, play: interim },
    Attack { name: "http-chunks-of-a-byte", len: 300_000, play: chunks },
    Attack { name: "http-chunk-extensions", len: 4_000, play: chunk_extensions },
    Attack { name: "http-trailers", len: 200_000, play: trailers },
    Attack { name: "http-connect-refused", len: 600_000, play: connect_refused },
    Attack { name: "http2-hpack-references", len: 2_000, play: hpack_references },
    Attack { name: "http2-hpack-evictions", len: 400, play: hpack_evictions },
    Attack { name: "http2-hpack-table-sizes", len: 600, play: hpack_table_sizes },
    Attack { name: "http2-continuations", len: 60_000, play: continuations },
    Attack { name: "http2-streams", len: 60_000, play: streams },
    Attack { name: "http2-rapid-reset", len: 60_000, play: rapid_reset },
    Attack { name: "http2-settings", len: 3_000, play: settings },
    Attack { name: "http2-empty-data", len: 3_000, play: empty_data },
    Attack { name: "http2-byte-by-byte", len: 200_000, play: byte_by_byte },
];

fn http1(victim: &mut Victim) {
    victim.flow(Transport::Tcp, 80);
}

fn line_without_end(len: u64, victim: &mut Victim) {
    http1(victim);
    victim.up(b"GET /");
    (0..len).for_each(|_| victim.up(&[b'a'; 500]));
}

fn line_byte_by_byte(len: u64, victim: &mut Victim) {
    for i in 0..len {
        if i % 50_000 == 0 {
            http1(victim);
            victim.up(b"GET /");
        }
        victim.up(b"a");
    }
}

fn header_without_end(len: u64, victim: &mut Victim) {
    http1(victim);
    victim.up(b"GET / HTTP/1.1\r\n");
    (0..len).for_each(|_| victim.up(b"a: b\r\nHost: c\r\n"));
}

fn pipelined(len: u64, victim: &mut Victim) {
    http1(victim);
    let many = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(50);
    (0..len / 50).for_each(|_| victim.up(&many));
}

fn answered(len: u64, victim: &mut Victim) {
    http1(victim);
    for _ in 0..len {
        victim.up(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        victim.down(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    }
}

/// As many requests as wait for an answer, and answers whose texts are no UTF-8.
fn long_answers(len: u64, victim: &mut Victim) {
    http1(victim);
    victim.keep_many(4_000);
    let text = [0xff; 4_000];
    let fields = ["Server: ", "Location: ", "Content-Type: ", "Content-Encoding: "];
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n".to_vec();
    for field in fields {
        answer.extend([field.as_bytes(), &text, b"\r\n"].concat());
    }
    answer.extend(b"\r\n");
    for _ in 0..len / 2_000 {
        victim.up(&b"GET / HTTP/1.1\r\n\r\n".repeat(2_000));
    }
    for _ in 0..len {
        victim.down(&answer);
    }
}

fn interim(len: u64, victim: &mut Victim) {
    http1(victim);
    victim.up(b"GET / HTTP/1.1\r\n\r\n");
    (0..len).for_each(|_| victim.down(b"HTTP/1.1 103 Early Hints\r\n\r\n"));
}

fn chunked(victim: &mut Victim) {
    http1(victim);
    victim.up(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
}

fn chunks(len: u64, victim: &mut Victim) {
    chunked(victim);
    let many = b"1\r\nx\r\n".repeat(200);
    (0..len / 200).for_each(|_| victim.up(&many));
}

/// Extensions that end late, in packets of a few bytes.
fn chunk_extensions(len: u64, victim: &mut Victim) {
    chunked(victim);
    for _ in 0..len {
        victim.up(b"1;");
        (0..30).for_each(|_| victim.up(&[b'e'; 100]));
        victim.up(b"\r\nx\r\n");
    }
}

fn trailers(len: u64, victim: &mut Victim) {
    chunked(victim);
    victim.up(b"0\r\n");
    (0..len).for_each(|_| victim.up(b"t: u\r\n"));
}

/// What a client says after CONNECT waits for the answer, which refuses it.
fn connect_refused(len: u64, victim: &mut Victim) {
    let waiting = vec![b'x'; (len as usize / 10).min(250_000)];
    for _ in 0..10 {
        http1(victim);
        victim.up(b"CONNECT a:1 HTTP/1.1\r\n\r\n");
        victim.drip(Direction::Up, &waiting);
        victim.down(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
        victim.up(b"x");
    }
}

fn http2(victim: &mut Victim) {
    victim.flow(Transport::Tcp, 80);
    victim.up(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    victim.up(&frame(SETTINGS, 0, 0, &[]));
}

/// A large entry, and blocks that refer to it as often as they can.
fn hpack_references(len: u64, victim: &mut Victim) {
    http2(victim);
    let mut entry = vec![0x40 | 0x3a, 0x7f, 0xb1, 0x1e];
    entry.extend([b'a'; 4_016]);
    victim.up(&frame(HEADERS, END_HEADERS, 1, &entry));
    let block = [&[0x82, 0x84][..], &[0xbe; 1_200]].concat();
    (0..len).for_each(|i| victim.up(&frame(HEADERS, END_HEADERS, stream(i), &block)));
}

/// Each field makes the table give up others.
fn hpack_evictions(len: u64, victim: &mut Victim) {
    http2(victim);
    let block = [0x40, 1, b'a', 1, b'b'].repeat(2_000);
    (0..len).for_each(|i| victim.up(&frame(HEADERS, END_HEADERS, stream(i), &block)));
}

/// The table is emptied, and filled again.
fn hpack_table_sizes(len: u64, victim: &mut Victim) {
    http2(victim);
    let fill = [0x40, 1, b'a', 1, b'b'].repeat(100);
    let block = [&[0x20, 0x3f, 0xe1, 0xff, 0x0f][..], &fill].concat().repeat(10);
    (0..len).for_each(|i| victim.up(&frame(HEADERS, END_HEADERS, stream(i), &block)));
}

fn continuations(len: u64, victim: &mut Victim) {
    http2(victim);
    victim.up(&frame(HEADERS, 0, 1, &[0x82]));
    (0..len).for_each(|i| victim.up(&frame(CONTINUATION, 0, 1, &vec![0x84; i as usize % 100])));
}

fn streams(len: u64, victim: &mut Victim) {
    http2(victim);
    let block = [0x82, 0x84, 0x41, 1, b'a'];
    (0..len).for_each(|i| victim.up(&frame(HEADERS, END_HEADERS, stream(i), &block)));
}

fn rapid_reset(len: u64, victim: &mut Victim) {
    http2(victim);
    for i in 0..len {
        let begin = frame(HEADERS, END_HEADERS | END_STREAM, stream(i), &[0x82, 0x84]);
        victim.up(&[begin, frame(RST_STREAM, 0, stream(i), &[0, 0, 0, 8])].concat());
    }
}

fn settings(len: u64, victim: &mut Victim) {
    http2(victim);
    let many = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]).repeat(80);
    (0..len).for_each(|_| victim.up(&many));
}

fn empty_data(len: u64, victim: &mut Victim) {
    http2(victim);
    victim.up(&frame(HEADERS, END_HEADERS, 1, &[0x83, 0x84]));
    let many = frame(DATA, 0, 1, &[]).repeat(120);
    (0..len).for_each(|_| victim.up(&many));
}

fn byte_by_byte(len: u64, victim: &mut Victim) {
    http2(victim);
    let frame = frame(HEADERS, END_HEADERS, 1, &[0x84; 16_000]);
    (0..len).for_each(|i| victim.up(&[frame[i as usize % frame.len()]]));
}

fn stream(i: u64) -> u32 {
    1 + 2 * i as u32
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, len @ ..] = (payload.len() as u32).to_be_bytes();
    [&len[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
