//! TCP streams and UDP conversations against `tshark -z follow`, over the shared corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use flowloom_engine::View;

use crate::common::corpus;
use crate::taken::{Taken, taken};

/// What tshark shows of a stream: one end, and what it and the other one said.
struct Followed {
    node: String,
    said: [Vec<u8>; 2],
}

/// What tshark knows of the streams of a capture.
#[derive(Default)]
struct Capture {
    /// The frames of each stream.
    frames: BTreeMap<u32, BTreeSet<u64>>,
    followed: BTreeMap<u32, Followed>,
    /// Streams in tunnels, or around them: our flows are of the innermost headers alone.
    tunnelled: BTreeSet<u32>,
}

#[derive(Default)]
struct Comparison {
    captures: usize,
    streams: usize,
    bytes: usize,
    with_holes: usize,
    different: Vec<String>,
}

/// Streams of which the two have not the same, each with its reason.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "mercury/unit_tests__pcaps__dns_packet.capture2.pcap tcp stream 151,",
        "the first packet of the server is an acknowledgement ahead of what it sends after it: \
         tshark takes what is sent for sent again",
    ),
    (
        "mercury/unit_tests__pcaps__dns_packet.capture2.pcap tcp stream 125,",
        "a keep-alive repeats the byte before the first one that was captured: for tshark it is old",
    ),
    (
        "ndpi/KakaoTalk_chat.pcap tcp stream 2,",
        "a box between sent a second SYN-ACK with another number: tshark waits for what would follow \
         it, and has nothing of the server",
    ),
    (
        "zeek/ipv6-reassembly-state-leak.pcap udp stream 0,",
        "the fragments make 65,536 bytes, one more than the payload of a packet can have",
    ),
    (
        "zeek/nfs__nfs_write_bad_stable_how.pcap udp stream 1,",
        "tshark takes calls of ONC RPC from several ports for one conversation",
    ),
    ("pcapng-test-generator/output_be__difficult__test202.pcapng udp stream 1,", NO_PACKET),
    ("pcapng-test-generator/output_be__difficult__test202.pcapng udp stream 2,", NO_PACKET),
    ("pcapng-test-generator/output_le__difficult__test202.pcapng udp stream 1,", NO_PACKET),
    ("pcapng-test-generator/output_le__difficult__test202.pcapng udp stream 2,", NO_PACKET),
];

const NO_PACKET: &str =
    "tshark counts a block that is no packet as a frame: the flow has another number";

#[test]
fn tcp_streams_are_those_that_tshark_follows() {
    compare("tcp");
}

#[test]
fn udp_conversations_are_those_that_tshark_follows() {
    compare("udp");
}

fn compare(protocol: &str) {
    if Command::new("tshark").arg("-v").output().is_err() {
        return println!("skipped: there is no tshark");
    }
    let Some(captures) = corpus() else { return };
    let mut comparison = Comparison::default();
    for (name, path) in captures {
        let Some(theirs) = follow(&path, protocol) else { continue };
        if theirs.followed.is_empty() {
            continue;
        }
        let (own, _) = taken(&path, View::Raw, |streams| {
            let timeouts = &mut streams.config.flow.timeouts;
            (timeouts.tcp_idle, timeouts.other_idle) = (i64::MAX, i64::MAX);
            (timeouts.active, timeouts.linger, timeouts.reopen) = (i64::MAX, i64::MAX, 0);
        });
        comparison.captures += 1;
        comparison.capture(&format!("{name} {protocol}"), &theirs, &own);
    }
    let Comparison { captures, streams, bytes, with_holes, different } = comparison;
    println!(
        "{protocol}: {streams} streams of {captures} captures, {bytes} bytes compared; {with_holes} \
         have holes; {} different",
        different.len()
    );
    let is_known = |line: &&String| !DIFFERENT.iter().any(|(known, _)| line.starts_with(known));
    let new = different.iter().filter(is_known).collect::<Vec<_>>();
    assert!(new.is_empty(), "{new:#?}");
    let gone = DIFFERENT.iter().map(|(known, _)| *known);
    let gone = gone.filter(|known| known.contains(&format!(" {protocol} ")));
    let gone = gone.filter(|known| !different.iter().any(|line| line.starts_with(known)));
    let gone = gone.collect::<Vec<_>>();
    assert!(gone.is_empty(), "no longer different: {gone:?}");
}

impl Comparison {
    fn capture(&mut self, name: &str, theirs: &Capture, own: &[Taken]) {
        for (stream, followed) in &theirs.followed {
            if theirs.tunnelled.contains(stream) {
                continue;
            }
            let frames = &theirs.frames[stream];
            let files = own
                .iter()
                .filter(|file| frames.contains(&file.number("flow_id")))
                .collect::<Vec<_>>();
            let is_missing = |said: &[u8]| find(said, b" bytes missing in capture file]");
            let has_holes = files.iter().any(|file| file.number("missing") > 0)
                || followed.said.iter().any(|said| is_missing(said));
            if has_holes {
                self.with_holes += 1;
                continue;
            }
            let mut said = [Vec::<u8>::new(), Vec::new()];
            for file in files {
                let port = file.number("src_port");
                let ip = file.text("src_ip");
                let end = if ip.contains(':') {
                    format!("[{ip}]:{port}")
                } else {
                    format!("{ip}:{port}")
                };
                let end_plain = format!("{ip}:{port}");
                let is_node = followed.node == end || followed.node == end_plain;
                let is_up = file.text("direction") == "up";
                said[usize::from(is_node != is_up)].extend(&file.bytes);
            }
            self.streams += 1;
            self.bytes += said.iter().map(Vec::len).sum::<usize>();
            for (own, theirs) in said.iter().zip(&followed.said) {
                if own != theirs {
                    let at = own.iter().zip(theirs).position(|(a, b)| a != b);
                    self.different.push(format!(
                        "{name} stream {stream}, first frame {:?}: ours {} bytes, tshark {}, different at {at:?}",
                        frames.first(), own.len(), theirs.len()
                    ));
                }
            }
        }
    }
}

fn find(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// All streams of a capture, as tshark follows them: one run to number them, one to follow all.
fn follow(path: &Path, protocol: &str) -> Option<Capture> {
    let field = format!("{protocol}.stream");
    let arguments =
        ["-T", "fields", "-e", "frame.number", "-e", &field, "-e", "frame.protocols", "-Y", &field];
    let numbered = tshark(path, &arguments);
    let mut capture = Capture::default();
    for line in numbered.lines() {
        let [frame, streams, protocols] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let ips = protocols.split(':').filter(|name| matches!(*name, "ip" | "ipv6")).count();
        let is_tunnel = ips > 1
            || streams.contains(',')
            || protocols.split(':').filter(|name| *name == "eth").count() > 1;
        for stream in streams.split(',') {
            let stream = stream.parse().ok()?;
            capture.frames.entry(stream).or_default().insert(frame.parse().ok()?);
            if is_tunnel {
                capture.tunnelled.insert(stream);
            }
        }
    }
    let taps =
        capture.frames.keys().take(STREAMS_MAX).map(|n| format!("follow,{protocol},raw,{n}"));
    let taps = taps.collect::<Vec<_>>();
    let arguments = taps.iter().flat_map(|tap| ["-z", tap]).chain(["-q"]).collect::<Vec<_>>();
    if taps.is_empty() {
        return Some(capture);
    }
    for part in tshark(path, &arguments).split("\nFollow: ").skip(1) {
        let (stream, followed) = parse(part)?;
        capture.followed.insert(stream, followed);
    }
    Some(capture)
}

fn parse(part: &str) -> Option<(u32, Followed)> {
    let mut lines = part.lines().skip(1);
    let stream = lines.next()?.rsplit(' ').next()?.parse().ok()?;
    let node = lines.next()?.strip_prefix("Node 0: ")?.to_owned();
    lines.next()?;
    let mut said = [Vec::new(), Vec::new()];
    for line in lines.take_while(|line| !line.starts_with("===")) {
        let (side, digits) = match line.strip_prefix('\t') {
            Some(rest) => (1, rest),
            None => (0, line),
        };
        for pair in digits.as_bytes().chunks(2) {
            said[side].push(u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?);
        }
    }
    Some((stream, Followed { node, said }))
}

fn tshark(path: &Path, arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .args(["-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-r"])
        .arg(path)
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Streams of a capture that are followed: each is a filter that tshark tries on every frame.
const STREAMS_MAX: usize = 300;
