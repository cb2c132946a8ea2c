//! Protocols of text over TCP.

use super::{Named, maybe_if, never, starts};
use crate::Match;

pub(super) const PROTOCOLS: &[Named] = &[
    row("vnc", &[5900, 5901, 5902], |bytes| {
        starts(bytes, &[b"RFB 003.", b"RFB 004.", b"RFB 005."])
    }),
    row("rtsp", &[554, 8554], |bytes| {
        starts(
            bytes,
            &[
                b"RTSP/1.0 ",
                b"RTSP/2.0 ",
                b"OPTIONS rtsp",
                b"DESCRIBE rtsp",
                b"SETUP rtsp",
                b"PLAY rtsp",
            ],
        )
    }),
    row("rsync", &[873], |bytes| starts(bytes, &[b"@RSYNCD: "])),
    row("git", &[9418], git),
    row("redis", &[6379], redis),
    row("memcached", &[11211], memcached),
    row("nats", &[4222], |bytes| starts(bytes, &[b"INFO {\"server_id\""])),
    row("zabbix", &[10050, 10051], |bytes| starts(bytes, &[b"ZBXD\x01", b"ZBXD\x03"])),
];

const fn row(name: &'static str, tcp: &'static [u16], stream: fn(&[u8]) -> Match) -> Named {
    Named { name, tcp, udp: &[], stream, datagram: never }
}

/// A line with its length in four hexadecimal digits, then the service (git-daemon).
fn git(bytes: &[u8]) -> Match {
    let Some((len, rest)) = bytes.split_at_checked(4) else {
        return if bytes.iter().all(u8::is_ascii_hexdigit) { Match::NeedMore } else { Match::No };
    };
    if !len.iter().all(u8::is_ascii_hexdigit) {
        return Match::No;
    }
    starts(rest, &[b"git-upload-pack /", b"git-receive-pack /", b"git-upload-archive /"])
}

/// A command is an array of strings: `*1`, `$4`, `PING`, each on a line.
fn redis(bytes: &[u8]) -> Match {
    let Some(rest) = bytes.strip_prefix(b"*") else {
        return maybe_if(
            bytes.starts_with(b"PING\r\n") || matches!(bytes, [b'+' | b'-' | b':' | b'$', ..]),
        );
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(digits..) {
        Some(b"" | b"\r" | b"\r\n") if digits < 8 => Match::NeedMore,
        Some([b'\r', b'\n', b'$', b'0'..=b'9', ..]) if (1..8).contains(&digits) => Match::Yes,
        Some(b"\r\n$") if (1..8).contains(&digits) => Match::NeedMore,
        _ => Match::No,
    }
}

/// A command of its text protocol, or an answer.
fn memcached(bytes: &[u8]) -> Match {
    match starts(bytes, &[b"STAT pid ", b"VERSION 1."]) {
        Match::No => {
            let words: [&[u8]; 8] = [
                b"get ",
                b"gets ",
                b"set ",
                b"add ",
                b"stats",
                b"version",
                b"VALUE ",
                b"STORED\r\n",
            ];
            maybe_if(words.iter().any(|word| bytes.starts_with(word)))
        }
        found => found,
    }
}
