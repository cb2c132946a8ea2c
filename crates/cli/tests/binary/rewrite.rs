//! `merge`, `cut` and `convert` as their users have them: outputs, messages, exit codes.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{flowloom, records, rows, run, sample, text};

fn arguments<'a>(command: &'a str, input: &'a str, output: &'a str) -> Vec<&'a str> {
    vec![command, input, "-o", output]
}

/// How it ends, and what it says.
fn outcome(arguments: &[&str]) -> (Option<i32>, String) {
    let output = flowloom(arguments).output().unwrap();
    (output.status.code(), text(&output.stderr).to_owned())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    names.sort();
    names
}

#[test]
fn a_file_that_is_there_stays_unless_it_is_to_be_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("loss.pcap");
    let capture = capture.to_str().unwrap();
    let output = directory.path().join("out.pcap");
    fs::write(&output, "precious").unwrap();
    let path = output.to_str().unwrap();
    for command in ["merge", "cut", "convert"] {
        let (code, said) = outcome(&arguments(command, capture, path));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("out.pcap") && said.contains("--force"), "{said}");
        assert_eq!(fs::read(&output).unwrap(), b"precious");
    }
    let piece = directory.path().join("out-00002.pcap");
    fs::write(&piece, "precious").unwrap();
    let pieces = [&arguments("cut", capture, path)[..], &["--pieces", "100"]].concat();
    assert_eq!(outcome(&pieces).0, Some(2));
    assert_eq!(fs::read(&piece).unwrap(), b"precious");
    // What was whole before stays; nothing else is left behind.
    assert_eq!(names(directory.path()), ["out-00001.pcap", "out-00002.pcap", "out.pcap"]);
    run(&mut flowloom(&[&arguments("convert", capture, path)[..], &["--force"]].concat()));
    assert_eq!(fs::read(&output).unwrap(), fs::read(capture).unwrap());
    // A capture may even take its own place.
    run(&mut flowloom(&[&arguments("convert", path, path)[..], &["--force"]].concat()));
    assert_eq!(fs::read(&output).unwrap(), fs::read(capture).unwrap());
}

#[test]
fn pipes_are_read_and_written() {
    let capture = sample("browsing.pcapng");
    let capture = capture.to_str().unwrap();
    let plain = run(&mut flowloom(&["convert", capture, "-o", "-"])).stdout;
    assert_eq!(plain, fs::read(capture).unwrap());
    for compression in ["none", "gzip", "zstd", "lz4"] {
        let to = ["-o", "-", "--compression", compression];
        let packed = run(&mut flowloom(&[&["convert", capture][..], &to].concat())).stdout;
        let mut back = flowloom(&["convert", "-", "-o", "-"]);
        back.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut back = back.spawn().unwrap();
        back.stdin.take().unwrap().write_all(&packed).unwrap();
        assert_eq!(back.wait_with_output().unwrap().stdout, plain, "{compression}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let capture = large(directory.path());
    let binary = env!("CARGO_BIN_EXE_flowloom");
    let script =
        format!("{binary} convert {capture} -o - | head -c 100 | wc -c; echo ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(text(&output.stdout), "100\n0\n");
    assert_eq!(text(&output.stderr), "");
}

/// A capture of some megabytes.
fn large(directory: &Path) -> String {
    let (header, records) = records("loss.pcap");
    let path = directory.join("large.pcap");
    let mut bytes = header;
    while bytes.len() < 8 << 20 {
        bytes.extend(records.concat());
    }
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().into()
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    if !Path::new("/dev/full").exists() {
        return println!("skipped: there is no /dev/full");
    }
    let directory = tempfile::tempdir().unwrap();
    let capture = large(directory.path());
    let (code, said) = outcome(&["convert", &capture, "-o", "/dev/full"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot write to /dev/full") && said.contains("space"), "{said}");
    // The same in a directory: no file may be longer than some blocks.
    let output = directory.path().join("out.pcapng");
    let script = format!(
        "ulimit -f 1000; trap '' XFSZ; exec {} convert {capture} -o {}",
        env!("CARGO_BIN_EXE_flowloom"),
        output.display()
    );
    let limited = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(limited.status.code(), Some(2), "{}", text(&limited.stderr));
    assert_eq!(names(directory.path()), ["large.pcap"]);
}

#[test]
fn what_is_no_capture_makes_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("empty.pcap"), "").unwrap();
    fs::write(path("text.pcap"), "nothing like a capture, in so many words").unwrap();
    let good = sample("dhcp.pcap");
    let good = good.to_str().unwrap();
    let output = path("out.pcapng");
    for (input, why) in
        [("empty.pcap", "is empty"), ("text.pcap", "is not a capture"), ("no", "cannot open")]
    {
        for inputs in [vec![path(input)], vec![good.to_owned(), path(input)]] {
            let inputs = inputs.iter().map(String::as_str).collect::<Vec<_>>();
            if inputs.len() > 1 && input == "empty.pcap" {
                // A recorder was stopped before it wrote anything.
                continue;
            }
            let (code, said) = outcome(&[&["merge"], &inputs[..], &["-o", &output]].concat());
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(why), "{said}");
            assert!(!Path::new(&output).exists());
        }
    }
    let (code, said) = outcome(&["merge", good, &path("empty.pcap"), "-o", &output]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("empty.pcap, frame 1 at byte 0: the file is empty"), "{said}");
    run(&mut flowloom(&["merge", good, "-o", &path("alone.pcapng")]));
    assert!(fs::read(&output).unwrap() == fs::read(path("alone.pcapng")).unwrap());
}

#[test]
fn damage_is_said_and_what_came_before_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let whole = fs::read(sample("loss.pcap")).unwrap();
    let (_, records) = records("loss.pcap");
    for cut in [24, 30, 39, 40, whole.len() / 2, whole.len() - 1] {
        let input = directory.path().join("cut.pcap");
        fs::write(&input, &whole[..cut]).unwrap();
        let output = directory.path().join("out.pcap");
        let paths = [&input, &output].map(|path| path.to_str().unwrap());
        let (code, said) = outcome(&["convert", paths[0], "-o", paths[1], "--force"]);
        let written = fs::read(&output).unwrap();
        let (mut end, mut frames) = (24, records.iter());
        while let Some(len) = frames.next().map(Vec::len).filter(|len| end + len <= cut) {
            end += len;
        }
        assert_eq!(written, whole[..end]);
        assert_eq!(code, Some(i32::from(end < cut)), "{cut}: {said}");
        assert_eq!(said.contains("damaged: "), end < cut, "{said}");
    }
}

#[test]
fn frames_are_chosen_by_number_time_count_and_content() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("loss.pcap");
    let (_, all) = records("loss.pcap");
    let cut = |more: &[&str]| {
        let output = directory.path().join("out.pcap");
        let output = output.to_str().unwrap();
        let arguments = arguments("cut", capture.to_str().unwrap(), output);
        let done = run(&mut flowloom(&[&arguments[..], &["--force"], more].concat()));
        let bytes = fs::read(output).unwrap();
        let mut rest = &bytes[24..];
        let mut records = Vec::new();
        while !rest.is_empty() {
            let len = 16 + u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
            records.push(rest[..len].to_vec());
            rest = &rest[len..];
        }
        (records, text(&done.stderr).to_owned())
    };
    assert_eq!(cut(&[]).0, all);
    assert_eq!(cut(&["--frames", "3-5,9"]).0, [&all[2..5], &all[8..9]].concat());
    assert_eq!(cut(&["--frames", "5-", "--count", "2"]).0, all[4..6]);
    assert_eq!(cut(&["--frames", "-3"]).0, all[..3]);
    let time = |record: &[u8]| {
        let word = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap());
        (word(0), word(4))
    };
    let (seconds, ticks) = time(&all[10]);
    let at = format!("{seconds}.{ticks:0width$}", width = if ticks > 999_999 { 9 } else { 6 });
    let digits = if fs::read(&capture).unwrap()[0] == 0x4d { 9 } else { 6 };
    let at = if digits == 9 { format!("{seconds}.{ticks:09}") } else { at };
    let later = all.iter().filter(|record| time(record) >= time(&all[10])).cloned();
    let (kept, said) = cut(&["--from", &at]);
    assert_eq!(kept, later.collect::<Vec<_>>());
    assert!(said.contains("outside of the time window"), "{said}");
    let (udp, said) = cut(&["--filter", "udp"]);
    let (tcp, _) = cut(&["--filter", "not udp"]);
    assert_eq!(udp.len() + tcp.len(), all.len());
    assert!(said.contains("not accepted by the filter"), "{said}");
    let (code, said) =
        outcome(&["cut", capture.to_str().unwrap(), "-o", "-", "--filter", "tls.sni = a"]);
    assert!(code == Some(2) && said.contains("known of whole flows"), "{said}");
}

#[test]
fn frames_that_two_taps_saw_come_once_as_editcap_has_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let capture = sample("loss.pcap").to_str().unwrap().to_owned();
    let format = if fs::read(&capture).unwrap()[0] == 0x4d { "nsecpcap" } else { "pcap" };
    run(&mut flowloom(&["merge", &capture, &capture, "-o", &path("both.pcap")]));
    let mut left = Vec::new();
    for window in ["0", "0.01", "1"] {
        let (own, theirs) = (path("own.pcap"), path("theirs.pcap"));
        let seconds = format!("{window}s");
        let cut = ["cut", &capture, &capture, "--dedup", &seconds, "-o", &own, "--force"];
        let said = run(&mut flowloom(&cut)).stderr;
        assert!(text(&said).contains("frames dropped as repetitions"), "{}", text(&said));
        let editcap = ["-F", format, "-w", window, &path("both.pcap"), &theirs];
        let Ok(done) = Command::new("editcap").args(editcap).output() else {
            println!("skipped: there is no editcap");
            return;
        };
        assert!(done.status.success(), "{}", text(&done.stderr));
        let frames = [own, theirs].map(|name| fs::read(name).unwrap()[24..].to_vec());
        assert!(frames[0] == frames[1], "{window} s");
        left.push(frames[0].len());
    }
    assert!(left[0] > 0 && left.is_sorted_by(|more, fewer| more >= fewer), "{left:?}");
}

#[test]
fn labels_are_written_and_read_as_pcapml_has_them() {
    let directory = tempfile::tempdir().unwrap();
    let traces = directory.path().join("traces");
    let mut manifest = "capture,label\n".to_string();
    for (label, run) in [("mail", "1"), ("mail", "2"), ("video", "1")] {
        manifest.extend([label, "/", run, ".pcap,", label, "\n"]);
        fs::create_dir_all(traces.join(label)).unwrap();
        fs::copy(sample("loss.pcap"), traces.join(label).join(format!("{run}.pcap"))).unwrap();
    }
    let traces = traces.to_str().unwrap();
    let output = directory.path().join("out.pcapng");
    let output = output.to_str().unwrap();
    let merge = |more: &[&str]| {
        let arguments = ["merge", traces, "-o", output, "--force"];
        run(&mut flowloom(&[&arguments[..], more].concat()));
    };
    let file = directory.path().join("labels.csv");
    fs::write(&file, manifest).unwrap();
    merge(&["--labels", file.to_str().unwrap(), "--append"]);
    let comments = Command::new("tshark")
        .args(["-n", "-r", output, "-T", "fields", "-e", "frame.comment"])
        .output();
    let (_, frames) = records("loss.pcap");
    let expected = ["0,mail", "1,mail", "2,video"].map(|c| format!("{c}\n").repeat(frames.len()));
    match comments {
        Ok(comments) => assert!(text(&comments.stdout) == expected.concat()),
        Err(_) => println!("skipped: there is no tshark"),
    }
    let labelled = rows(&[output, "--label-comments", "--no-split", "--key-ignore", "vlan"]);
    assert!(
        labelled.iter().all(|row| row["label_sample_id"] == "0" && row["label_label"] == "mail")
    );
    let one = directory.path().join("one.pcapng");
    let one = one.to_str().unwrap();
    let video = format!("{traces}/video");
    let arguments = ["merge", &video, "--label-path", "{sample_id}.pcap", "-o", one];
    run(&mut flowloom(&arguments));
    assert!(rows(&[one, "--label-comments"]).iter().all(|row| row["label_sample_id"] == "1"));
    merge(&["--label-path", "{website}/{run}.pcap"]);
    let labelled = rows(&[output, "--label-comments=website,run"]);
    assert!(labelled.iter().all(|row| row["label_website"] == "mail" && row["label_run"] == "1"));
    let refused = outcome(&["merge", traces, "--label-path", "{a}/{b}", "-o", "x.pcap"]);
    assert!(refused.0 == Some(2) && refused.1.contains("pcapng"), "{refused:?}");
    // Without comments, there are no labels.
    let plain = sample("loss.pcap");
    let plain = rows(&[plain.to_str().unwrap(), "--label-comments"]);
    assert!(plain.iter().all(|row| row["label_label"].is_null()));
}
