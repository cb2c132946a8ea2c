//! The binary from end to end, as somebody meets it who has never used it: what it says, where it
//! says it, and the exit codes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

#[test]
fn without_arguments_it_says_what_there_is() {
    let said = said::<&str>(&[]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    for word in ["Usage: flowloom", "flows", "info", "features", "--help"] {
        assert!(said.err.contains(word), "{word}: {}", said.err);
    }
}

#[test]
fn help_and_version_are_asked_for_and_no_errors() {
    let version = said(&["--version"]);
    assert_eq!(version.out, format!("flowloom {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!((version.code, version.err.as_str()), (0, ""));
    for arguments in [&["--help"][..], &["flows", "--help"], &["info", "-h"], &["help", "features"]]
    {
        let help = said(arguments);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{arguments:?}");
        assert!(help.out.contains("Usage: flowloom"), "{}", help.out);
        assert!(help.out.lines().all(|line| line.chars().count() <= 100), "{arguments:?}");
    }
}

#[test]
fn a_shell_completes_what_is_typed() {
    let script = said(&["completions", "bash"]);
    assert_eq!((script.code, script.err.as_str()), (0, ""));
    let completed = |words: &[&str]| {
        let [.., before, word] = words else { panic!("{words:?}") };
        let (all, at) = (words.join(" "), words.len() - 1);
        let asked = format!(
            "{}\nCOMP_WORDS=({all}); COMP_CWORD={at}; _flowloom flowloom {word} {before}; \
             echo \"${{COMPREPLY[@]}}\"",
            script.out
        );
        let bash = Command::new("bash").args(["--norc", "-c", &asked]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&bash.stderr), "", "{words:?}");
        String::from_utf8(bash.stdout).unwrap()
    };
    assert_eq!(completed(&["flowloom", "fl"]).trim(), "flows");
    assert_eq!(completed(&["flowloom", "flows", "--order", "s"]).trim(), "start");
    assert_eq!(completed(&["flowloom", "cut", "--fra"]).trim(), "--frames");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = said(&["completions", shell]);
        assert_eq!((script.code, script.err.as_str()), (0, ""), "{shell}");
        assert!(script.out.contains("anonymize"), "{shell}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused_with_a_way_out() {
    let sample = sample("dhcp.pcap");
    let sample = sample.to_str().unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (&["flow", sample], &["flow", "flows"]),
        (&["flows"], &["CAPTURE"]),
        (&["flows", sample, "--format", "xlsx"], &["xlsx", "parquet", "csv"]),
        (&["flows", sample, "-o", "flows.xlsx"], &["flows.xlsx", "--format", ".csv"]),
        (&["flows", sample, "--features", "core,cores"], &["`cores`", "did you mean `core`?"]),
        (&["flows", sample, "--features", "everything"], &["`everything`", "statistics"]),
        (&["flows", sample, "--features", "nfstream"], &["`nfstream`", "planned"]),
        (&["features", "cic"], &["`cic`", "planned"]),
        (&["flows", sample, "--without", "source"], &["`source`", "flowloom features"]),
        (&["flows", sample, "--columns", "src_ip,tls_sny"], &["did you mean `tls_sni`?"]),
        (&["flows", sample, "--columns", "label_site"], &["`label_site`", "behind the columns"]),
        (&["flows", sample, "--columns", "src_ip,src_ip"], &["`src_ip`", "twice"]),
        (&["flows", sample, "--columns", "src_ip", "--features", "core"], &["--features"]),
        (&["flows", sample, "--columns", "src_ip", "--format", "eve"], &["--columns", "eve"]),
        (&["flows", sample, "--columns", "src_ip", "--order", "start"], &["column flow_id"]),
        (&["flows", sample, "--idle", "5weeks"], &["weeks", "ms"]),
        (&["flows", sample, "--idle", "-1s"], &["cannot be negative"]),
        (&["flows", sample, "--client", "ten/8"], &["ten/8", "10.0.0.0/8"]),
        (&["flows", sample, "--from", "yesterday"], &["yesterday", "2024-05-01"]),
        (&["flows", sample, "-j", "0"], &["0", "--threads"]),
        (&["flows", sample, "-j", "100000"], &["100000", "1024"]),
        (&["flows", sample, "-o", sample, "--format", "csv"], &["is one of the captures"]),
        (&["flows", sample, "--report", sample], &["is one of the captures"]),
        (&["flows", sample, "-o", "x.json", "--report", "./x.json"], &["and the account"]),
        (&["packets", sample, "-o", sample, "--format", "line"], &["is one of the captures"]),
        (&["packets", sample, "-o", "x.pcapng"], &["x.pcapng", "`flowloom cut`", "--format"]),
        (&["convert", sample, "-o", "x.pcap.bz2"], &["x.pcap.bz2", ".zst"]),
        (&["cut", sample, "-o", "x.csv"], &["x.csv", ".pcapng"]),
        (&["merge", sample, "-o", sample, "--force"], &["is one of the captures"]),
        (&["flows", "-", sample, "-"], &["name `-` once"]),
        (&["flows", ""], &["the name is empty"]),
        (&["flows", sample, "--flows-max", "0"], &["at most 0 flows in memory"]),
        (&["flows", sample, "--filter", "tls", "--app-layer", "none"], &["--app-layer full"]),
        (&["flows", sample, "-o", "x.npz", "--length", "0"], &["--length"]),
        (&["flows", sample, "--from", "9", "--until", "5"], &["must be later"]),
        (&["cut", sample, "--from", "9", "--until", "9", "-o", "x.pcap"], &["must be later"]),
        (&["cut", sample, "--frames", "0-2", "-o", "x.pcap"], &["counted from 1"]),
        (&["flows", sample, "--filter", "tls_sni = a"], &["did you mean `tls.sni`?"]),
        (&["flows", sample, "--filter", "end_reason = fn"], &["never `fn`", "did you mean `fin`?"]),
        (&["flows", sample, "--filter", "tcp_state in {a}"], &["one of syn_sent, "]),
        (&["flows", sample, "--filter", "application != tsl"], &["did you mean `tls`?"]),
        (&["flows", sample, "--filter", "start_time > 5"], &["--from"]),
        (&["features", "cores"], &["`cores`", "core"]),
    ];
    for (arguments, words) in cases {
        let said = said(arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {}", said.err);
        for word in *words {
            assert!(said.err.contains(word), "{arguments:?}: no `{word}` in {}", said.err);
        }
    }
}

#[test]
fn what_is_no_capture_is_named_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("nothing")).unwrap();
    let cases = [
        (directory.path().join("missing.pcap"), "No such file"),
        (directory.path().join("nothing"), "no capture in the directory"),
        (file(&directory, "empty.pcap", b""), "empty"),
        (file(&directory, "notes.txt", b"Hello, this is no capture.\n"), "is not a capture"),
        (file(&directory, "page.pcap", b"<html>404</html>"), "HTML"),
        (directory.path().join("*.pcapng"), "no file matches"),
    ];
    for (path, reason) in cases {
        let path = path.to_str().unwrap();
        for command in ["flows", "info"] {
            let said = said(&[command, path]);
            assert_eq!(said.code, 2, "{command} {path}: {}", said.err);
            assert!(said.err.starts_with("flowloom: "), "{}", said.err);
            assert!(said.err.contains(path) && said.err.contains(reason), "{}", said.err);
            assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        }
    }
}

#[test]
fn one_capture_that_cannot_be_read_does_not_stop_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let good = sample("dhcp.pcap");
    let bad = directory.path().join("missing.pcap");
    let alone = said(&[s("flows"), good.as_os_str(), s("--format=csv")]);
    for captures in [[&good, &bad], [&bad, &good]] {
        let [one, two] = captures.map(|path| path.as_os_str());
        let both = said(&[s("flows"), one, two, s("--format=csv")]);
        assert_eq!((both.code, &both.out), (1, &alone.out));
        assert!(both.err.contains("missing.pcap"), "{}", both.err);
    }
}

#[test]
fn packets_of_several_captures_say_which_one_they_are_of() {
    let names = ["dhcp.pcap", "any-sll2.pcap"].map(|name| sample(name).display().to_string());
    let [one, other] = &names;
    let packets = |more: &[&str]| {
        let said = said(&[&["packets", one, other, "--count", "2", "--quiet"], more].concat());
        assert_eq!(said.code, 0, "{}", said.err);
        said.out
    };
    for format in ["line", "tree", "hex"] {
        let text = packets(&["--format", format]);
        let headings = text.lines().filter(|line| line.starts_with("==> ")).collect::<Vec<_>>();
        assert_eq!(headings, [format!("==> {one} <=="), format!("==> {other} <==")], "{format}");
        let alone = said(&["packets", one, "--count", "2", "--quiet", "--format", format]).out;
        assert!(text.starts_with(&format!("==> {one} <==\n{alone}")) && !alone.contains("==>"));
    }
    let lines = packets(&["--format", "jsonl"]);
    let captures = lines.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["capture"].as_str().unwrap().to_owned()
    });
    assert!(captures.eq([one, one, other, other].map(Clone::clone)));
    let csv = packets(&["-e", "frame.number"]);
    assert_eq!(csv, format!("capture,frame.number\n{one},1\n{one},2\n{other},1\n{other},2\n"));
}

#[test]
fn a_field_that_two_layers_have_is_found_in_either() {
    let directory = tempfile::tempdir().unwrap();
    let frame = |ether_type: u8, code: u8, session: u8| {
        let tail = if ether_type == 0x64 { [0, 2, 0, 0x57] } else { [0, 0, 0, 0] };
        [&[2; 12][..], &[0x88, ether_type, 0x11, code, 0, session], &tail].concat()
    };
    let mut capture = [&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8]].concat();
    capture.extend([0, 0, 4, 0, 1, 0, 0, 0]);
    for frame in [frame(0x63, 9, 0), frame(0x64, 0, 7)] {
        capture.extend([0; 8]);
        capture.extend([frame.len() as u32; 2].map(u32::to_le_bytes).concat());
        capture.extend(frame);
    }
    let capture = file(&directory, "pppoe.pcap", &capture);
    let path = capture.to_str().unwrap();
    let fields = ["-e", "pppoe.code", "-e", "pppoe.session_id"];
    let said = said(&[&["packets", path, "--quiet"], &fields[..]].concat());
    assert_eq!(said.out, "pppoe.code,pppoe.session_id\n0x09,0x0000\n0x00,0x0007\n", "{}", said.err);
}

#[test]
fn options_without_a_field_of_their_own_show_their_bytes() {
    let sample = sample("dhcp.pcap");
    let path = sample.to_str().unwrap();
    let fields = ["-e", "dhcp.option.type", "-e", "dhcp.option.data"];
    let said = said(&[&["packets", path, "--quiet"], &fields[..]].concat());
    // Option 28, the broadcast address, in what the server says; what has a field shows no bytes again.
    let messages = said.out.lines().filter(|line| line.starts_with("53;"));
    let (with, without): (Vec<_>, Vec<_>) = messages.partition(|line| line.contains(";28;"));
    assert!(!with.is_empty() && with.iter().all(|line| line.ends_with(",c00002ff")), "{with:?}");
    assert!(!without.is_empty() && without.iter().all(|line| line.ends_with(',')), "{without:?}");
}

#[test]
fn packets_that_nobody_has_asked_for_are_not_shown_in_silence() {
    let sample = sample("dhcp.pcap");
    let sample = sample.to_str().unwrap();
    let (some, none) = (
        said(&["packets", sample, "--frames", "1"]),
        said(&["packets", sample, "--frames", "9999"]),
    );
    assert_eq!((some.code, some.err.as_str(), some.out.lines().count()), (0, "", 1));
    assert_eq!((none.code, none.out.as_str()), (0, ""));
    assert!(none.err.starts_with("none of ") && none.err.contains(" frames "), "{}", none.err);
}

#[test]
fn captures_of_two_directories_that_are_called_alike_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["e/google/1.pcap", "e/bing/1.pcap", "f/bing/1.pcap"] {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(sample("dhcp.pcap"), path).unwrap();
    }
    let captures = |named: &[&str]| {
        let mut command = flowloom(&["flows", "--format", "jsonl", "--quiet", "--label-path"]);
        command.arg("{site}/{run}.pcap").args(named).current_dir(directory.path());
        let rows = command.output().unwrap().stdout;
        let rows = String::from_utf8(rows).unwrap();
        let mut names = Vec::new();
        for row in rows.lines() {
            let row: Value = serde_json::from_str(row).unwrap();
            let site = row["label_site"].as_str().unwrap_or("-");
            names.push(format!("{} {site}", row["capture"].as_str().unwrap()));
        }
        names.dedup();
        names
    };
    assert_eq!(captures(&["e/google"]), ["1.pcap -"]);
    assert_eq!(captures(&["e/google", "./e/bing/"]), ["google/1.pcap google", "bing/1.pcap bing"]);
    let all = ["e/google/1.pcap google", "e/bing/1.pcap bing", "f/bing/1.pcap bing"];
    assert_eq!(captures(&["e/google", "e/bing", "f/bing"]), all);
    assert_eq!(captures(&["e"]), ["bing/1.pcap bing", "google/1.pcap google"]);
}

#[test]
fn quiet_means_quiet() {
    let sample = sample("dhcp.pcap");
    for command in ["flows", "info"] {
        let said = said(&[s(command), sample.as_os_str(), s("--quiet")]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        assert!(!said.out.is_empty());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let browsing = sample("browsing.pcapng");
    let browsing = browsing.to_str().unwrap();
    let cases: &[&[&str]] = &[
        &["flows", browsing],
        &["flows", browsing, "--format", "csv"],
        &["flows", browsing, "--format", "json"],
        &["flows", browsing, "--format", "jsonl", "--features", "core,sequences,statistics"],
        &["flows", browsing, "--format", "parquet"],
        &["flows", browsing, "--format", "arrow"],
        &["info", browsing],
        &["features"],
        &["features", "--format", "json"],
        &["--help"],
    ];
    for arguments in cases {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = flowloom(arguments).stdout(writer).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn pipes_and_compressed_files_give_the_bytes_that_the_file_gives() {
    let directory = tempfile::tempdir().unwrap();
    let browsing = sample("browsing.pcapng");
    let rows = |capture: &OsStr, stdin: Stdio| {
        let options = "--format=csv --features=core,sequences,statistics --without=capture";
        let mut arguments = vec![s("flows"), capture];
        arguments.extend(options.split(' ').map(OsStr::new));
        let output = flowloom(&arguments).stdin(stdin).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let expected = rows(browsing.as_os_str(), Stdio::null());
    assert!(expected.split(|byte| *byte == b'\n').count() > 10);

    let stdin = fs::File::open(&browsing).unwrap();
    assert!(rows(s("-"), stdin.into()) == expected, "standard input is a file");

    let mut cat = Command::new("cat").arg(&browsing).stdout(Stdio::piped()).spawn().unwrap();
    assert!(rows(s("-"), cat.stdout.take().unwrap().into()) == expected, "a pipe");
    cat.wait().unwrap();

    let fifo = directory.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let (bytes, to) = (fs::read(&browsing).unwrap(), fifo.clone());
    let writer = thread::spawn(move || fs::write(to, bytes).unwrap());
    assert!(rows(fifo.as_os_str(), Stdio::null()) == expected, "a named pipe");
    writer.join().unwrap();

    let gzip = Command::new("gzip").arg("-c").arg(&browsing).output().unwrap();
    let gzip = file(&directory, "browsing.pcapng.gz", &gzip.stdout);
    assert!(rows(gzip.as_os_str(), Stdio::null()) == expected, "gzip");
}

#[test]
fn a_damaged_capture_says_where_and_gives_all_rows_before() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = fs::read(sample("loss.pcap")).unwrap();
    let mut at = 24;
    for frame in 1..=200 {
        let len = 16 + u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
        if [1, 2, 57, 200].contains(&frame) {
            for cut in [at + 1, at + 15, at + len - 1] {
                says_where(&directory, &bytes[..cut], frame, at);
            }
        }
        at += len;
    }
}

/// A capture that is cut in `frame`, whose record begins at byte `at`.
fn says_where(directory: &TempDir, bytes: &[u8], frame: usize, at: usize) {
    let whole = file(directory, "whole.pcap", &bytes[..at]);
    let cut = file(directory, "cut.pcap", bytes);
    let rows = |path: &Path| {
        said(&[s("flows"), path.as_os_str(), s("--format=csv"), s("--without=capture")])
    };
    let (whole, damaged) = (rows(&whole), rows(&cut));
    assert_eq!((whole.code, damaged.code), (0, 1), "{}", damaged.err);
    assert_eq!(damaged.out, whole.out);
    let place = format!("{}, frame {frame} at byte {at}: ", cut.display());
    assert!(damaged.err.contains(&place), "no `{place}` in {}", damaged.err);
}

#[test]
fn an_output_that_cannot_be_is_refused_and_nothing_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let sample = sample("dhcp.pcap");
    for output in ["no/such/flows.csv", "no/flows.parquet", "."] {
        let output = directory.path().join(output);
        let said =
            said(&[s("flows"), sample.as_os_str(), s("--format=csv"), s("-o"), output.as_os_str()]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
        assert!(said.err.contains(output.to_str().unwrap()), "{}", said.err);
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_mistyped_capture_does_not_replace_an_earlier_result() {
    let directory = tempfile::tempdir().unwrap();
    let result = file(&directory, "flows.csv", b"yesterday's rows");
    let said = said(&[s("flows"), s("no-such.pcap"), s("-o"), result.as_os_str()]);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    assert!(said.err.contains("no-such.pcap"), "{}", said.err);
    assert_eq!(fs::read(&result).unwrap(), b"yesterday's rows");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_filter_that_is_none_is_shown_with_a_caret_under_the_word() {
    let sample = sample("dhcp.pcap");
    let cases = [("tcp prot 443", "prot"), ("host", ""), ("port 80 and (udp", ""), ("ip[0", "")];
    for (expression, word) in cases {
        let said = said(&[s("flows"), sample.as_os_str(), s("--filter"), s(expression)]);
        assert_eq!((said.code, said.out.as_str()), (2, ""));
        let lines = said.err.lines().collect::<Vec<_>>();
        let [complaint, shown, carets, ..] = lines[..] else { panic!("{}", said.err) };
        assert!(complaint.starts_with("flowloom: filter: "), "{complaint}");
        assert_eq!(shown.trim(), expression);
        let at = carets.find('^').unwrap();
        assert_eq!(carets.trim().len(), word.len().max(1), "{}", said.err);
        assert_eq!(shown.get(at..at + word.len()).unwrap_or_default(), word, "{}", said.err);
    }
}

#[test]
fn the_catalogue_names_the_columns_that_rows_have() {
    let catalogue = said(&["features", "--format", "json"]);
    let catalogue: Vec<Value> = serde_json::from_str(&catalogue.out).unwrap();
    let names = catalogue.iter().map(|column| column["name"].as_str().unwrap());
    let sample = sample("dhcp.pcap");
    let mut sets =
        catalogue.iter().map(|column| column["set"].as_str().unwrap()).collect::<Vec<_>>();
    sets.dedup();
    let sets = format!("--features={}", sets.join(","));
    let rows = said(&[s("flows"), sample.as_os_str(), s("--format=csv"), s(&sets)]);
    assert_eq!(rows.out.lines().next().unwrap(), names.collect::<Vec<_>>().join(","));
    let is_said = |column: &Value| !column["doc"].as_str().unwrap().is_empty();
    assert!(catalogue.iter().all(is_said));

    let core = said(&["features", "core", "--format", "json"]);
    let core: Vec<Value> = serde_json::from_str(&core.out).unwrap();
    assert_eq!(core[..], catalogue[..core.len()]);
    assert!(!core.is_empty() && core.len() < catalogue.len());
}

#[test]
fn each_frame_is_in_one_count_of_the_report() {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report.json");
    let [browsing, any] = ["browsing.pcapng", "any-sll2.pcap"].map(sample);
    let mut arguments = vec![s("flows"), browsing.as_os_str(), any.as_os_str()];
    let info = said(&[s("info"), s("--json"), browsing.as_os_str()]);
    let info: Value = serde_json::from_str(&info.out).unwrap();
    let until = info["last_time"].as_str().unwrap();
    arguments.extend([s("--filter=not tcp"), s("--until"), s(until)]);
    arguments.extend([s("--format=null"), s("--report"), report.as_os_str()]);
    assert_eq!(said(&arguments).code, 0);
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    for account in report["captures"].as_array().unwrap().iter().chain([&report["total"]]) {
        let number = |name: &str| account[name].as_u64().unwrap();
        let parts = ["frames_unknown_link", "frames_not_ip"].map(|name| {
            let counts = account[name].as_object().unwrap().values();
            counts.map(|count| count.as_u64().unwrap()).sum::<u64>()
        });
        let rest = ["frames_outside_window", "frames_filtered", "frames_ip"].map(number);
        let sum = parts.iter().chain(&rest).sum::<u64>();
        assert_eq!(sum, number("frames"), "{account:#}");
    }
    let total = &report["total"];
    for name in ["frames_outside_window", "frames_filtered", "frames_ip"] {
        assert!(total[name].as_u64().unwrap() > 0, "{name} is not tested");
    }
}

/// What a run came to.
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn said<S: AsRef<OsStr>>(arguments: &[S]) -> Said {
    let Output { status, stdout, stderr } = flowloom(arguments).output().unwrap();
    Said {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// The binary, with arguments, and nothing on standard input.
fn flowloom<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowloom"));
    command.args(arguments).stdin(Stdio::null()).env_remove("COLUMNS");
    command
}

fn s(text: &str) -> &OsStr {
    OsStr::new(text)
}

fn file(directory: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}
