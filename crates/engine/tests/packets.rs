//! Packets of whole captures in every format: well formed, of a sensible size, complete.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail, and say what they did")]

use std::fs;
use std::path::{Path, PathBuf};

use flowloom_engine::{
    Config, Destination, Existing, FrameRange, KnownLayers, PacketFormat, PacketSettings, Watch,
    find_inputs, packets,
};

/// The corpus' captures; none where there is no corpus.
fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let mut found = Vec::new();
    for source in fs::read_dir(&root).into_iter().flatten().flatten() {
        if source.file_name() == "expected" {
            continue;
        }
        for file in fs::read_dir(source.path()).into_iter().flatten().flatten() {
            let path = file.path();
            if path.file_name().unwrap().to_string_lossy().contains("cap") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What is written of a capture; nothing of one that cannot be read.
fn written(capture: &Path, settings: PacketSettings) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("packets");
    let config = Config::new(find_inputs(&[capture.to_string_lossy().into_owned()]).ok()?);
    let settings = PacketSettings { destination: Destination::File(path.clone()), ..settings };
    let summary = packets(&config, &settings, &Watch::default()).unwrap();
    let text = fs::read_to_string(path).ok()?;
    assert!(summary.rows <= summary.total.frames);
    Some(text)
}

fn in_format(format: PacketFormat) -> PacketSettings {
    PacketSettings { format, ..PacketSettings::default() }
}

#[test]
fn json_lines_are_json_and_hold_every_frame() {
    let captures = corpus();
    if captures.is_empty() {
        println!("skipped: there is no corpus");
        return;
    }
    let mut ratios = Vec::new();
    let mut frames = 0;
    for capture in &captures {
        let Some(text) = written(capture, in_format(PacketFormat::JsonLines)) else { continue };
        for (at, line) in text.lines().enumerate() {
            let packet: serde_json::Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{}: {error}: {line}", capture.display()));
            assert_eq!(packet["frame"]["number"], at as u64 + 1, "{}", capture.display());
            frames += 1;
        }
        let size = fs::metadata(capture).unwrap().len() as f64;
        let is_plain = capture.extension().is_some_and(|ending| ending != "gz" && ending != "zst");
        if is_plain && !text.is_empty() {
            ratios.push(text.len() as f64 / size);
        }
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    println!(
        "{frames} frames of {} captures; JSON is {median:.2} times the capture in the median",
        captures.len()
    );
    assert!(median <= 3.0, "{median}");
}

#[test]
fn documents_are_well_formed() {
    for capture in corpus().iter().filter(|path| fs::metadata(path).unwrap().len() < 40_000) {
        if let Some(text) = written(capture, in_format(PacketFormat::Json)) {
            let document: serde_json::Value = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", capture.display()));
            assert!(document.is_object());
        }
        let ranges = PacketSettings { ranges: true, ..in_format(PacketFormat::JsonLines) };
        for line in written(capture, ranges).unwrap_or_default().lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        for format in
            [PacketFormat::Line, PacketFormat::Tree, PacketFormat::Hex, PacketFormat::Plist]
        {
            let text = written(capture, in_format(format)).unwrap_or_default();
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{}", capture.display());
        }
    }
}

#[test]
fn frames_and_fields_are_those_asked_for() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/dhcp.pcap");
    let fields = ["frame.number", "udp.srcport"]
        .map(|name| KnownLayers::shipped().find_field(name).unwrap())
        .to_vec();
    let range = |text: &str| vec![text.parse::<FrameRange>().unwrap()];
    let settings = PacketSettings { fields, frames: range("2-3"), ..in_format(PacketFormat::Csv) };
    let text = written(&sample, settings).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows[0], "frame.number,udp.srcport");
    assert!(rows.len() == 3 && rows[1].starts_with("2,") && rows[2].starts_with("3,"), "{text}");
}

/// Frames that are not shown count: the times between frames add up to the time since the first.
#[test]
fn times_are_those_of_the_capture_whatever_is_shown() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/dhcp.pcap");
    let fields = ["frame.number", "frame.time_relative", "frame.time_delta"]
        .map(|name| KnownLayers::shipped().find_field(name).unwrap())
        .to_vec();
    let all = PacketSettings { fields, ..in_format(PacketFormat::Csv) };
    let last = PacketSettings { frames: vec!["3-3".parse().unwrap()], ..all.clone() };
    let all = written(&sample, all).unwrap();
    let rows: Vec<&str> = all.lines().collect();
    assert_eq!(rows[1], "1,0.000000000,0.000000000");
    let mut nanos = 0_u64;
    for row in &rows[1..] {
        let cells = row.split(',').map(|cell| cell.replace('.', "").parse::<u64>().unwrap());
        let cells: Vec<u64> = cells.collect();
        nanos += cells[2];
        assert_eq!(cells[1], nanos, "{row}");
    }
    assert!(rows.len() > 4 && nanos > 0, "{all}");
    assert_eq!(written(&sample, last).unwrap().lines().nth(1), Some(rows[3]));
}

#[test]
fn a_file_that_is_there_stays() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/dhcp.pcap");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("packets.txt");
    fs::write(&path, "mine").unwrap();
    let config = Config::new(find_inputs(&[sample.to_string_lossy().into_owned()]).unwrap());
    let settings = PacketSettings {
        destination: Destination::File(path.clone()),
        ..PacketSettings::default()
    };
    assert!(packets(&config, &settings, &Watch::default()).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let settings = PacketSettings { existing: Existing::Replace, ..settings };
    packets(&config, &settings, &Watch::default()).unwrap();
    assert_ne!(fs::read_to_string(&path).unwrap(), "mine");
}
