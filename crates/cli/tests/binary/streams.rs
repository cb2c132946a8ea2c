//! `flowloom streams` as its users have it: what is shown, written, and left alone.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{flowloom, parse_lines, run, sample, text};

fn browsing() -> String {
    sample("browsing.pcapng").to_str().unwrap().into()
}

#[test]
fn a_conversation_is_shown_with_frames_and_times() {
    let output = run(&mut flowloom(&["streams", &browsing(), "--filter", "http", "--quiet"]));
    let shown = text(&output.stdout);
    let first = shown.lines().take(3).collect::<Vec<_>>();
    assert!(first[0].starts_with("flow ") && first[0].contains(" tcp "), "{first:?}");
    assert!(first[1].starts_with("> frame ") && first[1].ends_with(" bytes"), "{first:?}");
    assert!(first[2].contains(" HTTP/1.1"), "{first:?}");
    assert!(shown.contains("\n< frame "));
    let acts = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!shown.contains(acts));
}

#[test]
fn messages_are_json_for_programs() {
    let arguments = ["streams", &browsing(), "--as", "messages", "--format", "jsonl", "-q"];
    let lines = parse_lines(&run(&mut flowloom(&arguments)).stdout);
    let directions = lines.iter().map(|line| line["direction"].as_str().unwrap());
    assert!(
        directions.clone().any(|side| side == "up")
            && directions.clone().any(|side| side == "down")
    );
    assert!(lines.iter().all(|line| line["data"].is_string() && line["frames"].is_array()));
}

#[test]
fn bytes_of_one_side_can_be_passed_on() {
    let arguments = ["flows", &browsing(), "--filter", "http", "--format", "jsonl", "-q"];
    let flow = parse_lines(&run(&mut flowloom(&arguments)).stdout)[0]["flow_id"].to_string();
    let arguments = ["streams", &browsing(), "--as", "raw", "--flow", &flow, "--direction", "up"];
    let output = run(&mut flowloom(&arguments));
    assert!(output.stdout.starts_with(b"GET ") || output.stdout.starts_with(b"POST "));
    assert!(!output.stdout.windows(9).any(|window| window == b"HTTP/1.1 "));
    assert!(text(&output.stderr).contains(" bytes in 1 direction of 1 flow"));
}

#[test]
fn bodies_come_as_files_with_an_index() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("objects");
    let capture = browsing();
    run(flowloom(&["streams", &capture, "--objects", "--decode", "-q", "-o"]).arg(&to));
    let index = parse_lines(&fs::read(to.join("index.jsonl")).unwrap());
    assert!(!index.is_empty());
    for object in &index {
        let file = to.join(object["file"].as_str().unwrap());
        assert_eq!(file.parent(), Some(&*to));
        assert_eq!(fs::metadata(&file).unwrap().len(), object["size"].as_u64().unwrap());
    }
    let listed = run(&mut flowloom(&["streams", &capture, "--objects", "-q"]));
    assert_eq!(text(&listed.stdout).lines().count(), index.len());
    // A second time, nothing is touched.
    let again = flowloom(&["streams", &capture, "--objects", "-o"]).arg(&to).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is not empty"), "{}", text(&again.stderr));
}

#[test]
fn fragments_are_joined() {
    let capture = sample("fragments.pcap");
    let arguments = ["streams", capture.to_str().unwrap(), "--ip", "--format", "jsonl"];
    let output = run(&mut flowloom(&arguments));
    let lines = parse_lines(&output.stdout);
    assert!(lines.iter().any(|line| line["frames"].as_array().unwrap().len() > 1));
    let words = flowloom(&[&arguments[..], &["--filter", "dns"]].concat()).output().unwrap();
    assert_eq!(words.status.code(), Some(2));
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut child = flowloom(&["streams", &browsing(), "--data", "hex"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}

#[test]
fn what_cannot_be_read_or_done_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("streams");
    let nothing = directory.path().join("nothing.pcap");
    let failed = flowloom(&["streams", "-o"]).arg(&to).arg(&nothing).output().unwrap();
    assert_eq!((failed.status.code(), to.exists()), (Some(2), false));
    let empty = directory.path().join("empty.pcap");
    fs::write(&empty, [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]).unwrap();
    let failed = flowloom(&["streams"]).arg(&empty).output().unwrap();
    assert!(matches!(failed.status.code(), Some(1 | 2)), "{}", text(&failed.stderr));
    let failed = flowloom(&["streams", &browsing(), "-o"]).arg(&empty).output().unwrap();
    assert_eq!(failed.status.code(), Some(2));
    assert!(text(&failed.stderr).contains("a directory is needed"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_leaves_no_piece_of_a_file() {
    let output = Command::new("sh")
        .args(["-c", "exec \"$0\" streams \"$1\" > /dev/full"])
        .args([env!("CARGO_BIN_EXE_flowloom"), &browsing()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("standard output"), "{}", text(&output.stderr));
    // No file may have more than two blocks: that of a longer stream fails.
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("streams");
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" streams \"$1\" --as raw -o \"$2\""])
        .args([env!("CARGO_BIN_EXE_flowloom"), &browsing(), to.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("cannot write"), "{}", text(&output.stderr));
    let names = names(&to);
    assert!(
        !names.iter().any(|name| name.starts_with('.') || name.starts_with("index")),
        "{names:?}"
    );
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_flow_that_is_named_and_does_not_come_is_told() {
    let output = run(&mut flowloom(&["streams", &browsing(), "--flow", "9999"]));
    let said = text(&output.stderr);
    assert!(output.stdout.is_empty() && said.contains("0 bytes in 0 conversations"), "{said}");
    assert!(said.contains("1: named flows that did not come, such as 9999"), "{said}");
}
