//! `flowloom anonymize`: files in, files out, and what can go wrong with them.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::common::{flowloom, records, rows, run, sample, text};

fn anonymize(arguments: &[&str]) -> Output {
    flowloom(&[&["anonymize"], arguments].concat()).output().unwrap()
}

fn path(directory: &Path, name: &str) -> String {
    directory.join(name).to_str().unwrap().into()
}

fn entries(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap();
    let mut names =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    names.sort();
    names
}

#[test]
fn one_key_gives_the_same_bytes_again_and_others_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let key = path(directory.path(), "my.key");
    let capture = sample("tunnels.pcap");
    let capture = capture.to_str().unwrap();
    let written = |name: &str, more: &[&str]| {
        let output = path(directory.path(), name);
        let done = anonymize(&[&[capture, "-o", &output], more].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        fs::read(output).unwrap()
    };
    let first = written("1.pcap", &["--key", &key, "--new-key"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(written("2.pcap", &["--key", &key]), first);
    assert_eq!(written("3.pcap", &["--key", &key, "--new-key"]), first, "it is made once");
    assert_ne!(written("4.pcap", &[]), first);
    assert_ne!(written("5.pcap", &[]), fs::read(path(directory.path(), "4.pcap")).unwrap());
    let missing = anonymize(&[capture, "-o", "x", "--key", "no/such"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("cannot read the key no/such"));
}

#[test]
fn the_flow_table_has_the_addresses_of_the_captures() {
    let directory = tempfile::tempdir().unwrap();
    let key = path(directory.path(), "key");
    fs::write(&key, [5; 32]).unwrap();
    let output = path(directory.path(), "out.pcapng");
    let capture = sample("browsing.pcapng");
    let capture = capture.to_str().unwrap();
    assert!(anonymize(&[capture, "-o", &output, "--key", &key]).status.success());
    let features = ["--features", "core"];
    let shown = rows(&[&[capture, "--anonymize", &key], &features[..]].concat());
    let other = rows(&[&[output.as_str()], &features[..]].concat());
    assert_eq!(shown.len(), other.len());
    for (mut shown, mut other) in shown.into_iter().zip(other) {
        shown.remove("capture");
        other.remove("capture");
        assert_eq!(shown, other);
    }
}

#[test]
fn several_captures_go_into_a_directory_under_their_names() {
    let directory = tempfile::tempdir().unwrap();
    let output = path(directory.path(), "shared");
    let both = [sample("tunnels.pcap"), sample("browsing.pcapng")];
    let both = both.each_ref().map(|path| path.to_str().unwrap());
    let done = anonymize(&[both[0], both[1], "-o", &output]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(entries(Path::new(&output)), ["browsing.pcapng", "tunnels.pcap"]);
    let said = text(&done.stderr);
    assert!(said.contains("2 files in") && said.contains("made zero"), "{said}");
    assert!(said.contains("random"), "{said}");
    let twice = anonymize(&[both[0], both[0], "-o", &output]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(text(&twice.stderr).contains("two captures would become"), "{}", text(&twice.stderr));
}

#[test]
fn compression_and_pipes_work_as_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let key = path(directory.path(), "key");
    fs::write(&key, [5; 32]).unwrap();
    let capture = sample("tunnels.pcap");
    let plain = path(directory.path(), "plain.pcap");
    let gzip = path(directory.path(), "packed.pcap.gz");
    for output in [&plain, &gzip] {
        let done = anonymize(&[capture.to_str().unwrap(), "-o", output, "--key", &key]);
        assert!(done.status.success(), "{}", text(&done.stderr));
    }
    assert_eq!(fs::read(&gzip).unwrap()[..2], [0x1f, 0x8b]);
    let again = path(directory.path(), "again.pcap");
    let mut command = flowloom(&["anonymize", "-", "-o", "-", "--key", &key]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(&capture).unwrap()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.stdout, fs::read(&plain).unwrap());
    let unpacked = run(&mut flowloom(&["info", "--json", &gzip])).stdout;
    let frames = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
    fs::write(&again, done.stdout).unwrap();
    let plain = run(&mut flowloom(&["info", "--json", &again])).stdout;
    assert_eq!(frames(&unpacked)["frames"], frames(&plain)["frames"]);
}

#[test]
fn a_file_that_is_there_stays() {
    let directory = tempfile::tempdir().unwrap();
    let output = path(directory.path(), "out.pcap");
    fs::write(&output, "precious").unwrap();
    let capture = sample("tunnels.pcap");
    let capture = capture.to_str().unwrap();
    let done = anonymize(&[capture, "-o", &output]);
    assert_eq!(done.status.code(), Some(2), "{}", text(&done.stderr));
    assert_eq!(fs::read(&output).unwrap(), b"precious");
    assert!(anonymize(&[capture, "-o", &output, "--force"]).status.success());
    assert_ne!(fs::read(&output).unwrap(), b"precious");
    assert_eq!(entries(directory.path()), ["out.pcap"], "nothing else is left");
}

#[test]
fn damaged_and_empty_captures_are_told_and_leave_no_rubbish() {
    let directory = tempfile::tempdir().unwrap();
    let (header, frames) = records("tunnels.pcap");
    let cut = path(directory.path(), "cut.pcap");
    let mut bytes = [header, frames[..3].concat()].concat();
    bytes.truncate(bytes.len() - 5);
    fs::write(&cut, bytes).unwrap();
    let output = path(directory.path(), "out.pcap");
    let done = anonymize(&[&cut, "-o", &output]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("damaged:") && text(&done.stderr).contains("2 frames in"));
    fs::remove_file(&output).unwrap();
    for (name, content) in [("empty.pcap", ""), ("text.pcap", "this is no capture at all")] {
        let capture = path(directory.path(), name);
        fs::write(&capture, content).unwrap();
        let done = anonymize(&[&capture, "-o", &output]);
        assert_eq!(done.status.code(), Some(2), "{}", text(&done.stderr));
        assert!(text(&done.stderr).contains(name));
        assert!(!Path::new(&output).exists());
    }
    assert_eq!(entries(directory.path()), ["cut.pcap", "empty.pcap", "text.pcap"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_a_closed_pipe_is_not() {
    let capture = sample("browsing.pcapng");
    let capture = capture.to_str().unwrap();
    let done = anonymize(&[capture, "-o", "/dev/full"]);
    assert_eq!(done.status.code(), Some(2), "{}", text(&done.stderr));
    assert!(text(&done.stderr).contains("/dev/full"), "{}", text(&done.stderr));
    let mut command = flowloom(&["anonymize", capture, "-o", "-", "--quiet"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(text(&done.stderr), "");
}
