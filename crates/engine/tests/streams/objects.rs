//! HTTP bodies: against `tshark --export-objects`, and in captures made here.

use std::collections::BTreeMap;
use std::process::Command;

use flowloom_engine::{View, What};
use sha2::{Digest, Sha256};

use crate::common::corpus;
use crate::made::{down, said, says, up};
use crate::taken::{Taken, taken};

/// Captures with bodies that only one of the two has, each with its reason.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "suricata-verify/http-evader__http-evader-397__input.pcap: only tshark's",
        "a response whose version is 1.1foobar: none for us, but tshark takes its chunks for a body",
    ),
    ("suricata-verify/http2-deflate__http2_deflate.pcap: only ours", HTTP2),
    ("suricata-verify/http2-errorcode__input.pcap: only ours", HTTP2),
    (
        "zeek/erspan.pcap: only ours",
        "requests and responses come with different virtual networks of NVGRE: two flows for us (one with --key-ignore vni), one for tshark",
    ),
];
const HTTP2: &str = "tshark exports no bodies of HTTP/2";

#[test]
fn bodies_are_those_that_tshark_exports() {
    if Command::new("tshark").arg("-v").output().is_err() {
        return println!("skipped: there is no tshark");
    }
    let Some(captures) = corpus() else { return };
    let (mut equal, mut with_objects, mut incomplete, mut without_message) = (0, 0, 0, 0);
    let mut different = Vec::new();
    for (name, path) in captures {
        let directory = tempfile::tempdir().unwrap();
        let status = Command::new("tshark")
            .args(["-n", "-Q", "-o", "tcp.reassemble_out_of_order:TRUE", "-r"])
            .arg(&path)
            .arg("--export-objects")
            .arg(format!("http,{}", directory.path().join("objects").display()))
            .output();
        assert!(status.is_ok());
        let mut theirs = BTreeMap::<String, i64>::new();
        let mut names = BTreeMap::new();
        for entry in std::fs::read_dir(directory.path().join("objects")).into_iter().flatten() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            if !bytes.is_empty() {
                let (hash, name) = (hex(&bytes), path.file_name().unwrap().to_owned());
                names.insert(hash.clone(), name.to_string_lossy().into_owned());
                *theirs.entry(hash).or_default() += 1;
            }
        }
        let (own, _) =
            taken(&path, View::Raw, |streams| streams.what = What::Objects { decode: true });
        with_objects += usize::from(!own.is_empty() || !theirs.is_empty());
        for file in &own {
            assert_eq!(hex(&file.bytes), file.text("sha256"), "{name}");
            let count = theirs.entry(file.text("sha256").into()).or_default();
            *count -= 1;
            equal += usize::from(*count >= 0);
            // Of a body that did not come to its end, tshark exports nothing.
            if *count < 0 && file.info["is_complete"] == false {
                incomplete += 1;
            } else if *count < 0 {
                different.push(format!("{name}: only ours: {}", shown(file)));
            }
        }
        for (hash, count) in theirs.into_iter().filter(|(_, count)| *count > 0) {
            // So it calls what comes on ports of HTTP without a message around it.
            if names[&hash].starts_with("object") {
                without_message += 1;
            } else {
                different.push(format!("{name}: only tshark's, {count} times: {}", names[&hash]));
            }
        }
    }
    println!(
        "{equal} bodies of {with_objects} captures equal, {incomplete} incomplete ones only ours, \
         {without_message} only tshark's that belong to no message, {} different",
        different.len()
    );
    let is_known = |line: &&String| !DIFFERENT.iter().any(|(known, _)| line.contains(known));
    let new = different.iter().filter(is_known).collect::<Vec<_>>();
    assert!(new.is_empty(), "{new:#?}");
    let is_gone = |known: &&str| !different.iter().any(|line| line.contains(*known));
    let gone = DIFFERENT.iter().map(|(known, _)| *known).filter(is_gone).collect::<Vec<_>>();
    assert!(gone.is_empty(), "no longer different: {gone:?}");
}

/// Method or status, and whether it is complete, and bytes of each body.
fn bodies(frames: Vec<Vec<u8>>, decode: bool) -> Vec<(String, bool, Vec<u8>)> {
    let files = said(frames, View::Raw, |streams| streams.what = What::Objects { decode });
    let bodies = files.into_iter().map(|file| {
        let is_complete = file.info["is_complete"] == true;
        (file.text("half").to_owned(), is_complete, file.bytes)
    });
    bodies.collect()
}

fn body(half: &str, is_complete: bool, bytes: &[u8]) -> (String, bool, Vec<u8>) {
    (half.into(), is_complete, bytes.into())
}

#[test]
fn bodies_in_chunks_are_put_together_and_their_holes_told() {
    let request = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let end = 1 + request.len() as u32;
    let response = format!("{head}4\r\nWiki\r\nA\r\n0123456789\r\n0\r\n\r\n");
    let (first, rest) = response.split_at(head.len() + 12);
    let (lost, last) = rest.split_at(5);
    let at = |len: usize| 1 + len as u32;
    let frames = |is_lost: bool| {
        let part = (!is_lost).then(|| down(at(first.len()), end, lost));
        let frames = [up(1, 1, request), down(1, end, first)].into_iter().chain(part);
        let last = down(at(first.len() + lost.len()), end, last);
        frames
            .chain([last, down(at(response.len()), end, "HTTP/1.1 204 No\r\n\r\n")])
            .collect::<Vec<_>>()
    };
    let request = body("request", true, b"abc");
    let whole = body("response", true, b"Wiki0123456789");
    assert_eq!(bodies(frames(false), false), [request.clone(), whole]);
    let with_hole = body("response", false, b"Wiki\0\0\0\0\x0056789");
    assert_eq!(bodies(frames(true), false), [request, with_hole]);
}

#[test]
fn bodies_of_http2_come_frame_by_frame() {
    let frame = |kind: u8, flags: u8, payload: &[u8]| {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, u8::from(kind != SETTINGS)]);
        frame.extend(payload);
        frame
    };
    // Of the static table (RFC 7541, appendix A): POST, http, /; 200.
    let client = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, &[]),
        frame(HEADERS, END_HEADERS, &[0x83, 0x86, 0x84]),
        frame(DATA, PADDED | END_STREAM, &[2, b'h', b'e', b'l', b'l', b'o', 0, 0]),
    ]
    .concat();
    let server = [
        frame(SETTINGS, 0, &[]),
        frame(HEADERS, END_HEADERS, &[0x88]),
        frame(DATA, 0, b"wor"),
        frame(DATA, 0, b""),
        frame(DATA, END_STREAM, b"ld"),
    ]
    .concat();
    for cut in 1..60 {
        let mut frames = Vec::new();
        for (i, part) in client.chunks(cut).enumerate() {
            frames.push(says(true, 0, 1 + (i * cut) as u32, 1, part));
        }
        for (i, part) in server.chunks(cut).enumerate() {
            frames.push(says(false, 0, 1 + (i * cut) as u32, 1, part));
        }
        let expected = [body("request", true, b"hello"), body("response", true, b"world")];
        assert_eq!(bodies(frames, false), expected, "{cut}");
    }
}

#[test]
fn a_bomb_stays_as_it_is() {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0; 1 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    );
    let frames = vec![
        up(1, 1, "GET / HTTP/1.1\r\n\r\n"),
        says(false, 0, 1, 19, &[head.as_bytes(), &bomb].concat()),
    ];
    let written = |decoded_max: u64| {
        let files = said(frames.clone(), View::Raw, |streams| {
            streams.what = What::Objects { decode: true };
            streams.limits.decoded_max = decoded_max;
        });
        (files[0].bytes.clone(), files[0].info["not_decoded"].is_string())
    };
    assert_eq!(written(1 << 20), (vec![0; 1 << 20], false));
    assert_eq!(written((1 << 20) - 1), (bomb, true));
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

fn shown(file: &Taken) -> String {
    format!("{} {} {}", file.text("half"), file.text("url"), file.text("sha256").split_at(8).0)
}

/// The SHA-256 of bytes, as text.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
