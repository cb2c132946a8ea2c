//! Ctrl-C in the middle of a run: what was read is kept, under a name that says so.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::common::{flowloom, records, text};
use serde_json::{Map, Value};

#[test]
fn an_interrupted_run_keeps_what_it_read() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let output = directory.path().join("flows.json");
    let report = directory.path().join("report.json");
    let child = start(&[
        "flows",
        fifo.as_str(),
        "-o",
        output.to_str().unwrap(),
        "--report",
        report.to_str().unwrap(),
    ]);
    let written = feed(&fifo);
    interrupt(&child);
    let ended = ended(child);
    assert_eq!(ended.status.code(), Some(130), "{}", text(&ended.stderr));
    assert!(text(&ended.stderr).contains("interrupted"));
    assert!(!output.exists());
    let partial = fs::read(directory.path().join("flows.partial.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&partial).unwrap();
    let packets = rows.iter().map(|row| row["packet_count"].as_u64().unwrap()).sum::<u64>();
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["total"]["frames_ip"], packets);
    let frames = report["total"]["frames"].as_u64().unwrap();
    assert!(frames > written.frames / 2 && frames <= written.frames, "{frames}");
    assert_eq!(entries(directory.path()), ["capture", "flows.partial.json", "report.json"]);
    drop(written.fifo);
}

#[test]
fn whatever_asks_a_run_to_end_interrupts_it() {
    for signal in ["-TERM", "-HUP"] {
        let directory = tempfile::tempdir().unwrap();
        let fifo = fifo(directory.path());
        let output = directory.path().join("flows.csv");
        let child = start(&["flows", &fifo, "-o", output.to_str().unwrap(), "--quiet"]);
        let written = feed(&fifo);
        send(&child, signal);
        assert_eq!(ended(child).status.code(), Some(130), "{signal}");
        assert_eq!(entries(directory.path()), ["capture", "flows.partial.csv"], "{signal}");
        drop(written.fifo);
    }
}

#[test]
fn the_end_of_a_terminal_is_nothing_to_nohup() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let output = directory.path().join("flows.csv");
    let mut command = Command::new("nohup");
    command.arg(env!("CARGO_BIN_EXE_flowloom")).args(["flows", &fifo, "--quiet", "-o"]);
    let child = command.arg(&output).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let written = feed(&fifo);
    send(&child, "-HUP");
    drop(written.fifo);
    assert_eq!(ended(child).status.code(), Some(0));
    assert_eq!(entries(directory.path()), ["capture", "flows.csv"]);
}

#[test]
fn an_interrupted_run_finishes_a_parquet_file() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let output = directory.path().join("flows.parquet");
    let child = start(&["flows", &fifo, "-o", output.to_str().unwrap(), "--quiet"]);
    let written = feed(&fifo);
    interrupt(&child);
    assert_eq!(ended(child).status.code(), Some(130));
    assert_eq!(entries(directory.path()), ["capture", "flows.partial.parquet"]);
    let file = fs::File::open(directory.path().join("flows.partial.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap).count();
    assert!(rows > 0);
    assert_eq!(rows as i64, reader.metadata().file_metadata().num_rows());
    drop(written.fifo);
}

#[test]
fn an_interrupted_rerun_says_nothing_of_other_captures() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let path = |name: &str| directory.path().join(name).display().to_string();
    let table = path("table.parquet");
    let child = start(&["flows", &fifo, "-o", &table, "--quiet"]);
    drop(feed(&fifo).fifo);
    assert_eq!(ended(child).status.code(), Some(0));
    let child = start(&["rerun", &table, "-o", &path("again.csv"), "--quiet"]);
    let written = feed(&fifo);
    interrupt(&child);
    let ended = ended(child);
    assert_eq!(ended.status.code(), Some(130), "{}", text(&ended.stderr));
    assert!(!text(&ended.stderr).contains("is not what"), "{}", text(&ended.stderr));
    drop(written.fifo);
}

#[test]
fn a_run_that_still_waits_for_its_first_frame_can_be_interrupted() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let output = directory.path().join("flows.csv");
    let child = start(&["flows", &fifo, "-o", output.to_str().unwrap()]);
    // Nobody ever opens the other end. The hidden file is there as soon as the run is.
    assert!(wait_until(|| entries(directory.path()).len() == 2));
    std::thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    assert_eq!(ended(child).status.code(), Some(130));
    assert!(!output.exists());
}

#[test]
fn an_interrupted_look_into_a_capture_shows_what_was_seen() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let mut command = flowloom(&["info", "--json", &fifo]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let written = feed(&fifo);
    interrupt(&child);
    let ended = ended(child);
    assert_eq!(ended.status.code(), Some(130), "{}", text(&ended.stderr));
    let info: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(info["interrupted"], true);
    assert!(info["frames"].as_u64().unwrap() > written.frames / 2);
    drop(written.fifo);
}

#[test]
fn an_interrupted_run_keeps_the_streams_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let streams = directory.path().join("streams");
    let child = start(&["streams", &fifo, "--as", "raw", "-o", streams.to_str().unwrap()]);
    let written = feed(&fifo);
    interrupt(&child);
    let ended = ended(child);
    assert_eq!(ended.status.code(), Some(130), "{}", text(&ended.stderr));
    let index = fs::read_to_string(streams.join("index.partial.jsonl")).unwrap();
    let files = entries(&streams);
    assert_eq!(index.lines().count() + 1, files.len());
    assert!(files.len() > 1 && files.iter().all(|name| !name.starts_with('.')), "{files:?}");
    drop(written.fifo);
}

#[test]
fn an_interrupted_anonymised_capture_is_not_taken_for_a_whole_one() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let output = directory.path().join("out.pcap");
    let child = start(&["anonymize", &fifo, "-o", output.to_str().unwrap()]);
    let written = feed(&fifo);
    interrupt(&child);
    let ended = ended(child);
    assert_eq!(ended.status.code(), Some(130), "{}", text(&ended.stderr));
    assert_eq!(entries(directory.path()), ["capture", "out.partial.pcap"]);
    let partial = fs::metadata(directory.path().join("out.partial.pcap")).unwrap();
    assert!(partial.len() > MOST_BYTES / 2);
    drop(written.fifo);
}

#[test]
fn an_interrupted_split_keeps_what_it_read() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let target = directory.path().join("flows");
    let child = start(&["split", &fifo, "-o", target.to_str().unwrap()]);
    let written = feed(&fifo);
    interrupt(&child);
    let ended = ended(child);
    assert_eq!(ended.status.code(), Some(130), "{}", text(&ended.stderr));
    assert_eq!(entries(directory.path()), ["capture", "flows.partial"]);
    let files = entries(&directory.path().join("flows.partial"));
    let is_named = |name: &String| name.contains("-17952227") || name == "no-flow.pcap";
    assert!(!files.is_empty() && files.iter().all(is_named), "{files:?}");
    drop(written.fifo);
}

#[test]
fn an_interrupted_copy_is_a_capture_of_what_was_read() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let output = directory.path().join("copy.pcap");
    let child = start(&["convert", &fifo, "-o", output.to_str().unwrap()]);
    let written = feed(&fifo);
    interrupt(&child);
    let ended = ended(child);
    assert_eq!(ended.status.code(), Some(130), "{}", text(&ended.stderr));
    assert_eq!(entries(directory.path()), ["capture", "copy.partial.pcap"]);
    let partial = fs::read(directory.path().join("copy.partial.pcap")).unwrap();
    let (header, records) = records("loss.pcap");
    let mut expected = header.clone();
    while expected.len() < partial.len() {
        expected.extend(records.concat());
    }
    assert!(partial.len() > header.len() && expected.starts_with(&partial));
    drop(written.fifo);
}

#[test]
fn interrupted_packets_are_those_that_were_read() {
    for (more, name) in [
        (&[][..], "packets.txt"),
        (&["--format", "jsonl"], "packets.jsonl"),
        (&["--format", "json"], "packets.json"),
        (&["-e", "frame.number"], "packets.csv"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let fifo = fifo(directory.path());
        let output = directory.path().join(name);
        let to = output.to_str().unwrap();
        let child = start(&[&["packets", &fifo, "--quiet", "-o", to], more].concat());
        let written = feed(&fifo);
        interrupt(&child);
        let ended = ended(child);
        assert_eq!(ended.status.code(), Some(130), "{}", text(&ended.stderr));
        let partial = name.replace('.', ".partial.");
        assert_eq!(entries(directory.path()), ["capture", &partial]);
        let text = fs::read_to_string(directory.path().join(partial)).unwrap();
        // A line each, but for what is around them.
        let is_packet = |line: &&str| !["frame.number", "{", "}"].contains(line);
        let packets = text.lines().filter(is_packet).count();
        if Path::new(name).extension().is_some_and(|ending| ending == "json") {
            let document = serde_json::from_str::<Map<String, Value>>(&text).unwrap();
            assert_eq!(document.len(), packets);
        }
        assert!(packets > 0 && packets as u64 <= written.frames, "{name}: {packets}");
        drop(written.fifo);
    }
}

#[test]
fn interrupted_logs_are_named_for_what_they_are() {
    for (format, output, expected) in [
        ("zeek", "logs", "logs/conn.partial.log"),
        ("eve", "eve.json", "eve.partial.json"),
        ("ipfix", "flows.ipfix", "flows.partial.ipfix"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let fifo = fifo(directory.path());
        let to = directory.path().join(output);
        let child = start(&["flows", &fifo, "--format", format, "-o", to.to_str().unwrap()]);
        let written = feed(&fifo);
        interrupt(&child);
        let ended = ended(child);
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(130), "{said}");
        let expected = directory.path().join(expected);
        assert!(fs::metadata(&expected).unwrap().len() > 0);
        assert!(format == "zeek" || said.contains(expected.to_str().unwrap()), "{said}");
        assert!(!to.is_file());
        drop(written.fifo);
    }
}

struct Written {
    /// Open, so that the capture is not over.
    fifo: fs::File,
    frames: u64,
}

/// Writes some megabytes of a sample, again and again; returns when most of it was read.
fn feed(fifo: &str) -> Written {
    let (header, records) = records("loss.pcap");
    let round = records.concat();
    let mut file = fs::OpenOptions::new().write(true).open(fifo).unwrap();
    file.write_all(&header).unwrap();
    let mut frames = 0;
    while frames * 16 < MOST_BYTES {
        file.write_all(&round).unwrap();
        frames += records.len() as u64;
    }
    Written { fifo: file, frames }
}

fn fifo(directory: &Path) -> String {
    let path = directory.join("capture");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path.to_str().unwrap().into()
}

fn start(arguments: &[&str]) -> Child {
    flowloom(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    send(child, "-INT");
}

fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

/// The end of the run, which must come soon.
fn ended(mut child: Child) -> std::process::Output {
    let is_over = wait_until(|| child.try_wait().unwrap().is_some());
    if !is_over {
        child.kill().unwrap();
    }
    assert!(is_over, "the run did not end when it was interrupted");
    child.wait_with_output().unwrap()
}

/// Whether something comes true within a minute.
fn wait_until(mut condition: impl FnMut() -> bool) -> bool {
    let mut looks = 0..60 * 100;
    looks.any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        condition()
    })
}

fn entries(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap();
    let mut names =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    names.sort();
    names
}

/// Far more than the pipe and its reader hold.
const MOST_BYTES: u64 = 1 << 20;
