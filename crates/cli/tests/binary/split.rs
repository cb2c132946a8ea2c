//! `flowloom split`: names, indexes, and what goes wrong.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::{flowloom, rows, sample, text};

fn run(directory: &Path, arguments: &[&str]) -> Output {
    flowloom(arguments).current_dir(directory).output().unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    names.sort();
    names
}

#[test]
fn a_template_names_files_and_directories() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("browsing.pcapng");
    let template = "{application}/{server_name}-{flow_id}";
    let capture = capture.to_str().unwrap();
    let ended = run(directory.path(), &["split", capture, "-o", "flows", "--name", template]);
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    let flows = directory.path().join("flows");
    assert!(flows.join("tls/docs.example.com-115.pcapng").is_file(), "{:?}", names(&flows));
    for wrong in ["../{flow_id}", "/{flow_id}", "{no_column}", "{flow_id"] {
        let ended = run(directory.path(), &["split", capture, "-o", "other", "--name", wrong]);
        assert_eq!(ended.status.code(), Some(2), "{wrong}");
    }
    assert_eq!(names(directory.path()), ["flows"]);
}

#[test]
fn an_index_is_asked_for_flows() {
    let directory = tempfile::tempdir().unwrap();
    fs::copy(sample("browsing.pcapng"), directory.path().join("a.pcapng")).unwrap();
    let run = |arguments: &[&str]| run(directory.path(), &[&["split"], arguments].concat());
    assert_eq!(run(&["a.pcapng", "--index", "a.parquet"]).status.code(), Some(0));
    let from = |more: &[&str]| run(&[&["--from-index", "a.parquet"], more].concat());
    let ended = from(&["--flow", "34,115", "-o", "two.pcapng"]);
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    assert!(text(&ended.stderr).starts_with("2 flows of 45 frames"), "{}", text(&ended.stderr));
    assert_eq!(from(&["--flow", "34", "-o", "two.pcapng"]).status.code(), Some(2), "it exists");
    assert_eq!(from(&["--flow", "35", "-o", "none"]).status.code(), Some(1), "no such flow");
    assert_eq!(from(&["--filter", "tls.sni = a", "-o", "b"]).status.code(), Some(2), "no column");
    let ended = from(&["--filter", "tls and port 443", "-o", "tls"]);
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    assert!(!names(&directory.path().join("tls")).is_empty());
    // The capture is another by now.
    let file = fs::OpenOptions::new().append(true).open(directory.path().join("a.pcapng")).unwrap();
    std::io::Write::write_all(&mut &file, b"more").unwrap();
    let ended = from(&["--flow", "34", "-o", "c"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(text(&ended.stderr).contains("not what it was"), "{}", text(&ended.stderr));
    let ended = run(&["-", "--index", "b.parquet"]);
    assert_eq!(ended.status.code(), Some(2), "a pipe has no places to go back to");
    assert!(!directory.path().join("b.parquet").exists() && !directory.path().join("c").exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    // No file may be longer than eight blocks; the signal for that is ignored, as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" split \"$1\" -o flows --window 365d";
    let ended = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_flowloom")])
        .arg(sample("browsing.pcapng"))
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(2), "{}", text(&ended.stderr));
    assert!(text(&ended.stderr).contains("cannot write to flows/"), "{}", text(&ended.stderr));
    assert!(names(directory.path()).is_empty());
}

#[test]
fn captures_that_cannot_be_read_leave_no_directory() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.pcap"), "no capture").unwrap();
    for arguments in [["split", "a.pcap", "-o", "flows"], ["split", "b.pcap", "-o", "flows"]] {
        let ended = run(directory.path(), &arguments);
        assert_eq!(ended.status.code(), Some(2), "{}", text(&ended.stderr));
    }
    assert_eq!(names(directory.path()), ["a.pcap"]);
}

#[test]
fn samples_within_a_capture_are_taken_apart_by_their_comments() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for (sample_name, name) in
        [("loss.pcap", "traces/mail/1.pcap"), ("dhcp.pcap", "traces/video/1.pcap")]
    {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::copy(sample(sample_name), at(name)).unwrap();
    }
    let merge = ["merge", "traces", "--append", "-o", "all.pcapng"];
    let labels = ["--label-path", "{website}/{run}.pcap"];
    let split = ["split", "all.pcapng", "--label-comments=sample_id,website"];
    for arguments in [
        [&merge[..], &labels].concat(),
        [&split[..], &["--by", "label", "-o", "parts"]].concat(),
        [&split[..], &["--index", "all.parquet"]].concat(),
    ] {
        let ended = run(directory.path(), &arguments);
        assert!(ended.status.success(), "{arguments:?}: {}", text(&ended.stderr));
    }
    let mut parts = names(&at("parts"));
    parts.retain(|name| name != "no-flow.pcapng");
    assert_eq!(parts, ["0_mail.pcapng", "1_video.pcapng"]);
    let packets = |path: &Path| {
        let rows = rows(&[path.to_str().unwrap()]);
        rows.iter().map(|row| row["packet_count"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(packets(&at("parts/0_mail.pcapng")), packets(&sample("loss.pcap")));
    assert_eq!(packets(&at("parts/1_video.pcapng")), packets(&sample("dhcp.pcap")));
    let index = fs::read(at("all.parquet")).unwrap();
    assert!(index.windows(13).any(|bytes| bytes == b"label_website"));
}
