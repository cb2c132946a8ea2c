//! The packets of traces against those that tshark sees: which frames, their lengths and times, and
//! who sent them.
//!
//! Where frames hold one IP header and no fragment, tshark's source and destination are those of the
//! trace; other captures are told by name and number alone.

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use flowloom_engine::{Client, Network};

use crate::common::corpus;
use crate::{numbers, traces};

#[test]
fn packets_are_those_that_tshark_sees() {
    let Some(captures) = corpus() else { return };
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: there is no tshark");
        return;
    }
    let (mut compared, mut others, mut packets) = (0, 0, 0);
    for (name, path) in &captures {
        let Some(frames) = tshark(path).filter(|frames| !frames.is_empty()) else {
            others += 1;
            continue;
        };
        packets += compare(name, path, &frames);
        compared += 1;
    }
    println!(
        "{compared} captures, {packets} packets; {others} captures with tunnels, fragments or no IP"
    );
    assert!(compared >= 150 && packets > 40_000);
}

/// A frame as tshark has it.
struct Frame {
    number: i64,
    nanos: i64,
    len: i64,
    ends: [IpAddr; 2],
}

fn compare(name: &str, path: &Path, frames: &[Frame]) -> usize {
    let client = frames[0].ends[0];
    let (found, summary) = traces(&[path], |traces| {
        traces.client = Client::Network(network(client));
        traces.config.log.sequence_max = usize::MAX;
    });
    assert_eq!(found.len(), 1, "{name}: {:?}", summary.captures[0].error);
    let found = &found[0];
    // What tshark calls an error of a header is a matter of other tests.
    let known = numbers(found, "frame_numbers");
    let frames = frames.iter().filter(|frame| known.binary_search(&frame.number).is_ok());
    let frames = frames.collect::<Vec<_>>();
    assert_eq!(known, frames.iter().map(|frame| frame.number).collect::<Vec<_>>(), "{name}");
    let lens = frames.iter().map(|frame| frame.len).collect::<Vec<_>>();
    assert_eq!(numbers(found, "packet_lengths"), lens, "{name}");
    let start = frames.first().map_or(0, |frame| frame.nanos);
    let times = frames.iter().map(|frame| frame.nanos - start).collect::<Vec<_>>();
    assert_eq!(numbers(found, "times"), times, "{name}");
    let directions = frames.iter().map(|frame| match frame.ends.map(|end| end == client) {
        [true, false] => Some(1),
        [false, true] => Some(-1),
        [false, false] => Some(0),
        // The initiator's side of a host that speaks with itself.
        [true, true] => None,
    });
    for (i, (own, their)) in numbers(found, "directions").iter().zip(directions).enumerate() {
        assert!(their.is_none_or(|their| their == *own), "{name} frame {}", known[i]);
    }
    known.len()
}

/// The frames with IP; none if one of them has several IP headers, or a fragment.
fn tshark(path: &Path) -> Option<Vec<Frame>> {
    let fields = [
        "frame.number",
        "frame.time_epoch",
        "frame.len",
        "ip.src",
        "ip.dst",
        "ipv6.src",
        "ipv6.dst",
        "ip.flags.mf",
        "ip.frag_offset",
        "ipv6.fraghdr.nxt",
    ];
    let mut command = Command::new("tshark");
    command.arg("-r").arg(path).args([
        "-n",
        "-Y",
        "ip or ipv6",
        "-T",
        "fields",
        "-E",
        "separator=|",
    ]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut frames = Vec::new();
    for line in text.lines() {
        let cells = line.split('|').collect::<Vec<_>>();
        let fragment =
            cells[7].contains(['1', 'T']) || !matches!(cells[8], "" | "0") || !cells[9].is_empty();
        let ends = match (cells[3], cells[5]) {
            (_, "") => [cells[3], cells[4]],
            ("", _) => [cells[5], cells[6]],
            _ => return None,
        };
        if fragment || ends.iter().any(|end| end.contains(',')) {
            return None;
        }
        let (seconds, nanos) = cells[1].split_once('.').unwrap_or((cells[1], ""));
        let seconds = seconds.parse::<i64>().ok()?;
        let nanos = format!("{nanos:0<9}").parse::<i64>().unwrap();
        frames.push(Frame {
            number: cells[0].parse().unwrap(),
            nanos: seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?,
            len: cells[2].parse().unwrap(),
            ends: [ends[0].parse().ok()?, ends[1].parse().ok()?],
        });
    }
    Some(frames)
}

fn network(address: IpAddr) -> Network {
    use flowloom_engine::Address;
    match address {
        IpAddr::V4(v4) => Network::new(Address::v4(v4.octets()), 4, 32).unwrap(),
        IpAddr::V6(v6) => Network::new(Address::v6(v6.octets()), 6, 128).unwrap(),
    }
}
