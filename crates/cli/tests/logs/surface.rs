//! The formats on the command line: what is refused, what is left behind, hostile text.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{flowloom, flows, sample, text};

#[test]
fn files_that_are_there_stay_without_force() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("dhcp.pcap");
    let capture = capture.to_str().unwrap();
    for (format, name) in [("zeek", "logs"), ("eve", "eve.json"), ("ipfix", "flows.ipfix")] {
        let out = directory.path().join(name);
        let (file, out) = match format {
            "zeek" => (out.join("http.log"), out),
            _ => (out.clone(), out),
        };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "mine").unwrap();
        let arguments = ["flows", capture, "--format", format, "-o", out.to_str().unwrap()];
        let refused = flowloom(&arguments);
        assert_eq!(refused.status.code(), Some(2));
        let said = text(&refused.stderr);
        assert!(said.contains("--force") && said.contains(file.to_str().unwrap()), "{said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        if format == "zeek" {
            assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "nothing else was written");
        }
        let forced = flowloom(&[&arguments[..], &["--force"]].concat());
        assert!(forced.status.success(), "{}", text(&forced.stderr));
        assert_ne!(fs::read(&file).unwrap(), b"mine");
    }
}

/// A column that gets another name would be a field that is never filled any more.
#[test]
fn fields_are_made_of_columns_that_are_there() {
    let names = |arguments: &[&str]| {
        let output = flowloom(&[&["features", "--format", "json"], arguments].concat());
        let columns = serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap();
        columns.iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let known = [names(&[]), names(&["--events"])].concat();
    let output = flowloom(&["features", "--logs"]);
    let mut fields = 0;
    for line in text(&output.stdout).lines().filter(|line| line.starts_with("| `")) {
        let from = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        if let Some(column) = from.strip_prefix('`').and_then(|from| from.strip_suffix('`')) {
            assert!(known.iter().any(|name| name == column), "{line}");
            fields += 1;
        }
    }
    assert!(fields > 100, "{fields}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let capture = sample("dhcp.pcap");
    let cases: &[(&[&str], &str)] = &[
        (&["--format", "zeek"], "-o DIR"),
        (&["--format", "zeek", "-o", "-"], "-o DIR"),
        (&["--format", "eve", "-o", "-", "--features", "core"], "--features"),
        (&["--format", "eve", "-o", "-", "--events", "dns"], "--events"),
        (&["--format", "ipfix", "-o", "-", "--without", "src_ip"], "--without"),
        (&["--format", "eve", "-o", "-", "--order", "start"], "--order start"),
        (&["--format", "eve", "-o", "-", "--app-layer", "none"], "--app-layer full"),
    ];
    for (arguments, why) in cases {
        let output = flowloom(&[&["flows", capture.to_str().unwrap()], *arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(why), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn damage_and_emptiness_leave_whole_files() {
    let directory = tempfile::tempdir().unwrap();
    let whole = fs::read(sample("browsing.pcapng")).unwrap();
    let cut = directory.path().join("cut.pcapng");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let empty = directory.path().join("empty.pcap");
    fs::write(&empty, &fs::read(sample("dhcp.pcap")).unwrap()[..24]).unwrap();
    for (capture, code, has_rows) in [(&cut, 1, true), (&empty, 0, false)] {
        for (format, name) in [("zeek", "logs"), ("eve", "eve.json"), ("ipfix", "flows.ipfix")] {
            let out = directory.path().join(name);
            let output = flowloom(&[
                "flows",
                capture.to_str().unwrap(),
                "--format",
                format,
                "--force",
                "-o",
                out.to_str().unwrap(),
            ]);
            assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
            let file = if format == "zeek" { out.join("conn.log") } else { out };
            let written = fs::read(&file).unwrap();
            let rows = match format {
                "zeek" => text(&written).lines().filter(|line| !line.starts_with('#')).count(),
                "eve" => text(&written).lines().count(),
                _ => written.len(),
            };
            assert_eq!(rows > 0, has_rows, "{format}");
        }
    }
    let missing = directory.path().join("missing.pcap");
    let out = directory.path().join("none.json");
    let arguments =
        ["flows", missing.to_str().unwrap(), "--format", "eve", "-o", out.to_str().unwrap()];
    assert_eq!(flowloom(&arguments).status.code(), Some(2));
    let left = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left = left.filter(|name| {
        let name = name.to_string_lossy();
        name.ends_with(".tmp") || name == "none.json"
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn pipes_and_threads_give_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("browsing.pcapng");
    for format in ["zeek", "eve", "ipfix"] {
        let run = |number: &str, input: &str, threads: &str| {
            let out = directory.path().join(format!("{format}{number}"));
            let status = Command::new(env!("CARGO_BIN_EXE_flowloom"))
                .args(["flows", input, "-q", "-j", threads, "--format", format, "-o"])
                .arg(&out)
                .stdin(fs::File::open(&capture).unwrap())
                .status();
            assert!(status.unwrap().success());
            out
        };
        let one = run("1", capture.to_str().unwrap(), "1");
        for other in [run("2", capture.to_str().unwrap(), "4"), run("3", "-", "2")] {
            for (a, b) in files(&one).iter().zip(files(&other)) {
                assert_eq!(fs::read(a).unwrap(), fs::read(&b).unwrap(), "{}", b.display());
            }
        }
    }
}

/// A file, or those in a directory by name.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut files =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    files.sort();
    assert_eq!(files.len(), 7);
    files
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut run = Command::new(env!("CARGO_BIN_EXE_flowloom"))
        .args(["flows", sample("browsing.pcapng").to_str().unwrap(), "--format", "eve", "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(run.stdout.take());
    assert!(run.wait().unwrap().success());
}

#[test]
fn hostile_text_stays_in_its_field() {
    let directory = tempfile::tempdir().unwrap();
    let capture = directory.path().join("hostile.pcap");
    let agent = b"a\tb\x01\\x41\x7f\xc2\x9b\xe2\x80\xae\xff#z";
    let requests = [
        [b"GET /,-\\ HTTP/1.1\r\nHost: (empty)\r\nUser-Agent: ".as_slice(), agent, b"\r\n\r\n"]
            .concat(),
        b"GET / HTTP/1.1\r\nHost: -\r\nUser-Agent: -\r\n\r\n".to_vec(),
    ];
    fs::write(&capture, connection(&requests)).unwrap();
    let out = directory.path().join("logs");
    flows(&capture, &["--format", "zeek", "-o", out.to_str().unwrap()]);
    let log = fs::read_to_string(out.join("http.log")).unwrap();
    let names = log.lines().find_map(|line| line.strip_prefix("#fields\t")).unwrap();
    let rows = log.lines().filter(|line| !line.starts_with('#'));
    let rows = rows.map(|line| names.split('\t').zip(line.split('\t')).collect::<Vec<_>>());
    let rows = rows.collect::<Vec<_>>();
    assert_eq!(rows.len(), 2, "{log}");
    let get =
        |row: usize, name: &str| rows[row].iter().find(|(field, _)| *field == name).unwrap().1;
    assert!(rows.iter().all(|row| row.len() == names.split('\t').count()));
    assert!(log.chars().all(|c| !c.is_control() || c == '\t' || c == '\n'));
    assert_eq!(get(0, "host"), "\\x28empty)");
    assert_eq!(get(0, "uri"), "/,-\\\\");
    let shown = "a\\x09b\\x01\\\\x41\\x7f\\xc2\\x9b\\xe2\\x80\\xae\u{fffd}#z";
    assert_eq!(get(0, "user_agent"), shown);
    assert_eq!((get(1, "host"), get(1, "user_agent")), ("\\x2d", "\\x2d"));

    let events = flows(&capture, &["--format", "eve", "-o", "-"]);
    assert!(events.chars().all(|c| c == '\n' || !c.is_control()));
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let agents =
        events.filter_map(|event| Some(event["http"]["http_user_agent"].as_str()?.to_owned()));
    let agents = agents.collect::<Vec<_>>();
    assert_eq!(agents, [&*String::from_utf8_lossy(agent), "-"]);
}

/// A TCP connection whose client sends these, as a pcap of raw IP.
fn connection(requests: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
        file.write_all(&word.to_le_bytes()).unwrap();
    }
    let mut seconds = 1_000_u32;
    let mut put = |is_up: bool, flags: u8, seq: u32, payload: &[u8]| {
        let [from, to] = if is_up { [1_u8, 2] } else { [2, 1] };
        let [source, destination] = if is_up { [4_000_u16, 80] } else { [80, 4_000] };
        let len = 40 + payload.len() as u16;
        let mut packet = vec![0x45, 0];
        packet.extend(len.to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
        packet.extend(source.to_be_bytes());
        packet.extend(destination.to_be_bytes());
        packet.extend(seq.to_be_bytes());
        packet.extend([0, 0, 0, 1, 0x50, flags, 0x20, 0, 0, 0, 0, 0]);
        packet.extend(payload);
        seconds += 1;
        for word in [seconds, 0, u32::from(len), u32::from(len)] {
            file.write_all(&word.to_le_bytes()).unwrap();
        }
        file.write_all(&packet).unwrap();
    };
    put(true, 0x02, 0, b"");
    put(false, 0x12, 0, b"");
    let mut seq = 1;
    for request in requests {
        put(true, 0x18, seq, request);
        seq += request.len() as u32;
    }
    file
}
