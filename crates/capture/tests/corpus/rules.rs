//! Where tshark's words for what is in a file are not ours, what they come to in ours.

use std::path::Path;

use crate::Said;
use crate::raw::{blocks, records};

/// What tshark says of a file, in our words.
pub(crate) fn expected(mut said: Said, facts: &str, path: &Path) -> Said {
    match said.get("linktypes").map_or("", String::as_str) {
        // FRF.16 and Broadcom's tag: link types that tshark does not read. The records tell.
        "182" | "281" => from_records(&mut said, path),
        // tshark does not count the four bytes before the cells of SunATM.
        "123" => {
            let header_bytes = 4 * number(&said, "packets");
            add(&mut said, "captured_bytes", header_bytes);
            add(&mut said, "wire_bytes", header_bytes);
        }
        _ => {}
    }
    let is_pcapng = path.extension().is_some_and(|extension| extension == "pcapng");
    if is_pcapng {
        without_custom_blocks(&mut said, path);
        with_times(&mut said, facts, path);
    }
    for key in ["first_time", "last_time"] {
        if let Some(time) = said.get_mut(key).filter(|time| !time.is_empty()) {
            *time = within_limits(time, path);
        }
    }
    said
}

fn from_records(said: &mut Said, path: &Path) {
    let records = records(path);
    assert_eq!(said["packets"], "0", "tshark reads this link type");
    said.insert("packets".into(), records.len().to_string());
    let sum = |field: usize| records.iter().map(|record| u64::from(record[field])).sum::<u64>();
    said.insert("captured_bytes".into(), sum(2).to_string());
    said.insert("wire_bytes".into(), sum(3).to_string());
    said.insert("first_time".into(), seconds(nanos(&records[0])));
    said.insert("last_time".into(), seconds(nanos(&records[records.len() - 1])));
}

/// tshark 4.4 counts custom blocks as frames without an interface, older versions and tcpdump do
/// not. Their bytes are those after the enterprise number.
fn without_custom_blocks(said: &mut Said, path: &Path) {
    let custom = blocks(path).into_iter().filter(|(kind, _)| CUSTOM_BLOCKS.contains(kind));
    let lens = custom.map(|(_, len)| i64::from(len) - 16).collect::<Vec<_>>();
    if lens.is_empty() {
        return;
    }
    let of_no_interface = said.remove("interface_-_packets");
    assert_eq!(of_no_interface, Some(lens.len().to_string()));
    add(said, "packets", -(lens.len() as i64));
    add(said, "captured_bytes", -lens.iter().sum::<i64>());
    add(said, "wire_bytes", -lens.iter().sum::<i64>());
}

/// Simple packet blocks have no time, nor have custom blocks. The first frame has then time 0 to
/// us, if it is simple, and a later one that of the frame before it.
fn with_times(said: &mut Said, facts: &str, path: &Path) {
    let frames = blocks(path).into_iter().map(|(kind, _)| kind);
    let is_frame = |kind: &u32| FRAME_BLOCKS.contains(kind) || CUSTOM_BLOCKS.contains(kind);
    let frames = frames.filter(is_frame).collect::<Vec<_>>();
    if frames.is_empty() {
        return;
    }
    let is_timeless = |said: &Said, key: &str| said[key].is_empty();
    if is_timeless(said, "first_time") {
        let time =
            if frames[0] == SIMPLE_BLOCK { seconds(0) } else { first_of_conversations(facts) };
        said.insert("first_time".into(), time);
    }
    if is_timeless(said, "last_time") && frames.iter().all(|kind| *kind == SIMPLE_BLOCK) {
        said.insert("last_time".into(), seconds(0));
    }
}

/// The first time that tshark tells of any conversation.
fn first_of_conversations(facts: &str) -> String {
    let rows = facts.lines().filter_map(|line| line.strip_prefix("conv\t"));
    let times = rows.filter_map(|row| row.split('\t').nth(10));
    times.filter(|time| !time.is_empty()).min().unwrap_or_default().to_string()
}

/// A time as we have it: in 64 bits of nanoseconds, with a fraction below a second.
fn within_limits(time: &str, path: &Path) -> String {
    let (whole, fraction) = time.split_once('.').unwrap();
    let whole = whole.parse::<i128>().unwrap();
    let nanos = match fraction.strip_prefix('(') {
        // tshark protests against more than a second of microseconds, which it had multiplied in 32
        // bits before it saw.
        Some(protest) => {
            let product = protest.split(' ').next().unwrap().parse::<i128>().unwrap();
            let mut nanos = records(path).into_iter().map(|record| i128::from(record[1]) * 1_000);
            nanos.find(|nanos| nanos % (1 << 32) == product).unwrap()
        }
        None => fraction.parse().unwrap(),
    };
    let sign = if time.starts_with('-') { -1 } else { 1 };
    let all = whole * 1_000_000_000 + sign * nanos;
    seconds(all.clamp(i64::MIN.into(), i64::MAX.into()))
}

fn nanos([seconds, micros, ..]: &[u32; 4]) -> i128 {
    i128::from(*seconds) * 1_000_000_000 + i128::from(*micros) * 1_000
}

fn seconds(nanos: i128) -> String {
    format!("{}.{:09}", nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000))
}

fn number(said: &Said, key: &str) -> i64 {
    said[key].parse().unwrap()
}

fn add(said: &mut Said, key: &str, more: i64) {
    let sum = number(said, key) + more;
    said.insert(key.into(), sum.to_string());
}

const SIMPLE_BLOCK: u32 = 3;
/// Simple and enhanced packet blocks, and the packet blocks before them.
const FRAME_BLOCKS: [u32; 3] = [SIMPLE_BLOCK, 6, 2];
const CUSTOM_BLOCKS: [u32; 2] = [0xbad, 0x4000_0bad];
