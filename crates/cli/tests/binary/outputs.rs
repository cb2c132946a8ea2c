//! Every command that writes files, and what can happen to its input and its output: nothing in it
//! is a capture, the disk is full, something of that name is there, the reader leaves.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::common::{flowloom, records, run, sample, text, write};

/// Commands with what they write: a file, or a directory if there is no ending.
const WRITERS: &[(&[&str], &str)] = &[
    (&["packets"], "out.txt"),
    (&["packets", "--format", "tree"], "out.txt"),
    (&["packets", "--format", "hex"], "out.txt"),
    (&["packets", "--format", "jsonl"], "out.jsonl"),
    (&["packets", "--format", "json"], "out.json"),
    (&["packets", "--format", "plist"], "out.plist"),
    (&["packets", "-e", "frame.number", "-e", "frame.time_epoch"], "out.csv"),
    (&["packets"], "out.jsonl.zst"),
    (&["streams"], "out"),
    (&["streams", "--as", "raw"], "out"),
    (&["streams", "--objects"], "out"),
    (&["split"], "out"),
    (&["split", "--by", "pkt2flow"], "out"),
    (&["split", "--window", "365d"], "out"),
    (&["split", "--index"], "out.parquet"),
    (&["merge"], "out.pcap"),
    (&["cut", "--snaplen", "200"], "out.pcapng"),
    (&["convert"], "out.pcapng"),
    (&["convert"], "out.pcap.gz"),
    (&["anonymize"], "out.pcap"),
    (&["anonymize", "--payload", "keep"], "out.pcap"),
    (&["flows", "--format", "zeek"], "out"),
    (&["flows", "--format", "eve"], "out.json"),
    (&["flows", "--format", "ipfix"], "out.ipfix"),
];

/// The same without a place to write to, and others: these write to standard output.
const SPEAKERS: &[&[&str]] = &[
    &["packets"],
    &["packets", "--format", "tree"],
    &["packets", "--format", "hex"],
    &["packets", "--format", "jsonl"],
    &["packets", "--format", "json"],
    &["packets", "--format", "plist"],
    &["packets", "-e", "frame.number"],
    &["streams"],
    &["streams", "--as", "messages", "--format", "jsonl"],
    &["streams", "--objects"],
    &["merge", "-o", "-"],
    &["cut", "-o", "-", "--snaplen", "200"],
    &["convert", "-o", "-"],
    &["anonymize", "-o", "-"],
    &["flows", "--format", "eve", "-o", "-"],
    &["flows", "--format", "ipfix", "-o", "-"],
];

/// A writer with its input and its output.
fn arguments<'a>(writer: &[&'a str], capture: &'a str, output: &'a str) -> Vec<&'a str> {
    let option = if writer.contains(&"--index") { &[][..] } else { &["-o"] };
    [writer, option, &[output, capture]].concat()
}

fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), text(&stderr).to_owned())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A capture with as many frames as fill any pipe and any small disk.
fn large(directory: &Path) -> String {
    let (header, frames) = records("loss.pcap");
    let frames = frames.into_iter().cycle().take(4_000).collect::<Vec<_>>();
    write(&directory.join("large.pcap"), &header, &frames)
}

#[test]
fn what_is_no_capture_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("empty.pcap"), "").unwrap();
    fs::write(at("text.pcap"), "nothing like a capture, in so many words").unwrap();
    fs::create_dir(at("directory")).unwrap();
    for (writer, name) in WRITERS {
        for (capture, why) in [
            ("empty.pcap", "is empty"),
            ("text.pcap", "is not a capture"),
            ("missing.pcap", "cannot open"),
            ("directory", "no capture in the directory"),
        ] {
            let (output, capture) = (at(name), at(capture));
            let (code, said) = outcome(&mut flowloom(&arguments(writer, &capture, &output)));
            assert_eq!(code, Some(2), "{writer:?}: {said}");
            assert!(said.contains(why) && said.contains(&capture), "{writer:?}: {said}");
            assert_eq!(names(directory.path()).len(), 3, "{writer:?}, {capture}");
        }
    }
}

#[test]
fn a_capture_without_frames_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let (header, _) = records("loss.pcap");
    let capture = write(&directory.path().join("head.pcap"), &header, &[]);
    for (number, (writer, name)) in WRITERS.iter().enumerate() {
        let to = directory.path().join(number.to_string());
        fs::create_dir(&to).unwrap();
        let output = to.join(name);
        let command = arguments(writer, &capture, output.to_str().unwrap());
        let (code, said) = outcome(&mut flowloom(&command));
        assert_eq!(code, Some(0), "{writer:?}: {said}");
        assert_eq!(names(&to), [*name], "{writer:?}");
    }
    for speaker in SPEAKERS {
        let (code, said) = outcome(&mut flowloom(&[speaker, &[capture.as_str()][..]].concat()));
        assert_eq!(code, Some(0), "{speaker:?}: {said}");
    }
}

#[test]
fn a_cut_capture_is_told_and_what_came_before_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let (header, mut frames) = records("loss.pcap");
    frames.last_mut().unwrap().pop();
    let capture = write(&directory.path().join("cut.pcap"), &header, &frames);
    for (number, (writer, name)) in WRITERS.iter().enumerate() {
        let to = directory.path().join(number.to_string());
        fs::create_dir(&to).unwrap();
        let output = to.join(name);
        let command = arguments(writer, &capture, output.to_str().unwrap());
        let (code, said) = outcome(&mut flowloom(&command));
        assert_eq!(code, Some(1), "{writer:?}: {said}");
        assert!(said.contains("damaged:") && said.contains("cut"), "{writer:?}: {said}");
        assert_eq!(names(&to), [*name], "{writer:?}");
    }
}

#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("loss.pcap");
    let capture = capture.to_str().unwrap();
    for (number, (writer, name)) in WRITERS.iter().enumerate() {
        let to = directory.path().join(number.to_string());
        fs::create_dir(&to).unwrap();
        let output = to.join(name);
        let is_directory = output.extension().is_none();
        let precious = if is_directory { output.join("conn.log") } else { output.clone() };
        fs::create_dir_all(precious.parent().unwrap()).unwrap();
        fs::write(&precious, "precious").unwrap();
        let command = arguments(writer, capture, output.to_str().unwrap());
        let (code, said) = outcome(&mut flowloom(&command));
        assert_eq!(code, Some(2), "{writer:?}: {said}");
        assert!(said.contains("--force") && said.contains(name), "{writer:?}: {said}");
        assert_eq!(fs::read(&precious).unwrap(), b"precious", "{writer:?}");
        assert_eq!(names(&to), [*name], "{writer:?}");
        let (code, said) = outcome(&mut flowloom(&[&command[..], &["--force"]].concat()));
        assert_eq!(code, Some(0), "{writer:?}: {said}");
        let is_zeek = writer.contains(&"zeek");
        let stays = fs::read(&precious).unwrap() == b"precious";
        assert_eq!(stays, is_directory && !is_zeek, "{writer:?}: no file of that name is written");
    }
}

#[test]
fn a_file_is_no_directory_and_a_directory_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("loss.pcap");
    let capture = capture.to_str().unwrap();
    for (number, (writer, name)) in WRITERS.iter().enumerate() {
        // Into a directory, the anonymised capture goes under its own name.
        if writer.contains(&"anonymize") {
            continue;
        }
        let to = directory.path().join(number.to_string());
        fs::create_dir(&to).unwrap();
        let output = to.join(name);
        if output.extension().is_none() {
            fs::write(&output, "precious").unwrap();
        } else {
            fs::create_dir(&output).unwrap();
        }
        let command = arguments(writer, capture, output.to_str().unwrap());
        let (code, said) = outcome(flowloom(&command).arg("--force"));
        assert_eq!(code, Some(2), "{writer:?}: {said}");
        assert!(said.contains("directory"), "{writer:?}: {said}");
        assert!(output.is_dir() || fs::read(&output).unwrap() == b"precious", "{writer:?}");
        assert_eq!(names(&to), [*name], "{writer:?}");
    }
}

/// No file may be longer than a block; the signal for that is ignored, as on a full disk.
#[cfg(unix)]
#[test]
fn on_a_full_disk_no_piece_has_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let capture = large(directory.path());
    for (number, (writer, name)) in WRITERS.iter().enumerate() {
        let to = directory.path().join(number.to_string());
        fs::create_dir(&to).unwrap();
        let output = to.join(name);
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]);
        command.arg(env!("CARGO_BIN_EXE_flowloom"));
        command.args(arguments(writer, &capture, output.to_str().unwrap()));
        let (code, said) = outcome(command.stdin(Stdio::null()));
        assert_eq!(code, Some(2), "{writer:?}: {said}");
        assert!(said.contains("cannot write"), "{writer:?}: {said}");
        // Streams are several files: those that were whole before have their names.
        let is_several = writer[0] == "streams";
        let left: Vec<PathBuf> = names(&to).iter().map(|name| to.join(name)).collect();
        assert!(is_several || left.is_empty(), "{writer:?}: {left:?}");
        let within = left.iter().flat_map(|path| names(path)).collect::<Vec<_>>();
        let is_whole = |name: &String| !name.starts_with('.') && name != "index.jsonl";
        assert!(within.iter().all(is_whole), "{within:?}");
        assert!(left.is_empty() || !within.is_empty(), "{writer:?}: an empty directory");
    }
}

/// The same where some files fit: tables and logs have their names together or not at all; of
/// pieces, streams and captures those that are whole stay, and it is said how many.
#[cfg(unix)]
#[test]
fn on_a_full_disk_it_is_said_which_files_are_whole() {
    let capture = sample("browsing.pcapng");
    let capture = capture.to_str().unwrap();
    let second = sample("dhcp.pcap");
    let second = second.to_str().unwrap();
    let dns = ["--filter", "udp port 53"];
    let cases: [(&str, &[&str], usize); 5] = [
        ("6", &[&["flows", capture, "--format", "zeek", "-o", "out"][..], &dns].concat(), 0),
        ("12", &["flows", capture, "--events", "dns", "--features", "timestamps", "-o", "out"], 0),
        ("64", &["cut", capture, "--pieces", "50", "-o", "out/a.pcapng"], 3),
        ("32", &["streams", capture, "-o", "out"], 7),
        ("16", &["anonymize", second, capture, "-o", "out"], 1),
    ];
    for (blocks, arguments, whole) in cases {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        if arguments[0] == "cut" {
            fs::create_dir(&out).unwrap();
        }
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", blocks]);
        command.arg(env!("CARGO_BIN_EXE_flowloom")).args(arguments);
        let (code, said) = outcome(command.current_dir(&directory).stdin(Stdio::null()));
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("cannot write"), "{arguments:?}: {said}");
        if whole == 0 {
            assert!(!out.exists(), "{arguments:?}: {:?}", names(&out));
            continue;
        }
        let mut left = names(&out);
        left.retain(|name| name != "index.partial.jsonl");
        assert_eq!(left.len(), whole, "{left:?}");
        let told = if whole == 1 { "1 file was" } else { &format!("{whole} files were") };
        assert!(said.contains(told), "{arguments:?}: {said}");
        if arguments[0] == "streams" {
            let index = fs::read_to_string(out.join("index.partial.jsonl")).unwrap();
            assert!(left.iter().all(|name| index.contains(name.as_str())), "{index}");
            assert_eq!(index.lines().count(), whole);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let capture = large(directory.path());
    let helps: [&[&str]; 3] = [&["--help"], &["--version"], &["flows", "--help"]];
    for speaker in SPEAKERS.iter().chain(&helps) {
        let mut command = flowloom(&[speaker, &[capture.as_str()][..]].concat());
        command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let (code, said) = outcome(&mut command);
        assert_eq!(code, Some(2), "{speaker:?}: {said}");
        assert!(said.contains("cannot write to standard output"), "{speaker:?}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_has_a_name() {
    let capture = sample("browsing.pcapng");
    let expected = run(flowloom(&["flows", "-o", "-", "--format", "csv"]).arg(&capture)).stdout;
    let done = run(flowloom(&["flows", "-o", "/dev/stdout", "--format", "csv"]).arg(&capture));
    assert_eq!(text(&done.stdout), text(&expected));
    assert_eq!(text(&expected).lines().count(), 37);
}

/// What the program of each compression makes of files, compared with the same texts as they are.
#[test]
fn names_say_how_texts_are_compressed() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let capture = sample("browsing.pcapng");
    let (mut compared, mut skipped) = (0, Vec::new());
    for (command, name) in [("flows", "x.csv"), ("flows", "x.json"), ("packets", "y.jsonl")] {
        run(flowloom(&[command, "-q", "-o"]).args([&at(name), &capture]));
        let plain = fs::read(at(name)).unwrap();
        for (program, ending) in [("gzip", "gz"), ("zstd", "zst"), ("lz4", "lz4")] {
            let packed = at(&format!("{name}.{ending}"));
            run(flowloom(&[command, "-q", "-o"]).args([&packed, &capture]));
            assert!(fs::read(&packed).unwrap().len() < plain.len(), "{packed:?}");
            match Command::new(program).args(["-d", "-c"]).arg(&packed).output() {
                Err(_) => skipped.push(program),
                Ok(out) => {
                    assert!(out.status.success(), "{}", text(&out.stderr));
                    assert!(out.stdout == plain, "{packed:?}");
                    compared += 1;
                }
            }
        }
    }
    println!("{compared} files compared, without programs: {skipped:?}");
    assert!(compared > 0);
    let parquet = at("x.parquet.gz");
    let (code, said) = outcome(flowloom(&["flows", "-o"]).args([&parquet, &capture]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("hint: leave .gz out"), "{said}");
}

#[test]
fn tables_of_another_run_are_not_mixed_with_new_ones() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("browsing.pcapng");
    let tables = directory.path().join("tables");
    let save = |events: &str| {
        let mut command = flowloom(&["flows", "--events", events, "--format", "csv", "-o"]);
        command.args([&tables, &capture]);
        command
    };
    run(&mut save("dns,http"));
    let before = fs::read(tables.join("flows.csv")).unwrap();
    fs::remove_file(tables.join("dns.csv")).unwrap();
    let (code, said) = outcome(&mut save("dns"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("http.csv exists; --force replaces it"), "{said}");
    assert_eq!(fs::read(tables.join("flows.csv")).unwrap(), before);
    run(save("dns").arg("--force"));
    assert!(tables.join("dns.csv").exists());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let capture = large(directory.path());
    for speaker in SPEAKERS {
        for wanted in [0, 10] {
            let mut command = flowloom(&[speaker, &[capture.as_str()][..]].concat());
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut reader = child.stdout.take().unwrap();
            reader.read_exact(&mut [0; 10][..wanted]).unwrap();
            drop(reader);
            let ended = child.wait_with_output().unwrap();
            let said = text(&ended.stderr);
            assert!(ended.status.success() && !said.contains("flowloom:"), "{speaker:?}: {said}");
        }
    }
}
