//! What is read: the first frames, pieces of one capture, labels.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use crate::common::{Row, flowloom, parse_lines, records, rows, run, sample, text, without, write};
use serde_json::{Value, json};

#[test]
fn the_first_frames_of_a_capture_are_as_a_capture_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let (header, records) = records("loss.pcap");
    assert!(records.len() > 120, "the sample is longer than what is cut off");
    let whole = sample("loss.pcap");
    let whole = whole.to_str().unwrap();
    for count in [0, 1, 7, 120] {
        let first = write(&directory.path().join("first.pcap"), &header, &records[..count]);
        let expected = without("capture", rows(&[&first]));
        let count = count.to_string();
        assert_eq!(without("capture", rows(&[whole, "--count", &count])), expected, "{count}");
        // From a pipe, and of each capture.
        let mut piped = flowloom(&["flows", "-", "--format", "jsonl", "--count", &count]);
        let stdin = Stdio::from(fs::File::open(whole).unwrap());
        let output = run(piped.args(["--order", "start"]).stdin(stdin));
        assert_eq!(without("capture", parse_lines(&output.stdout)), expected, "{count}");
        assert_eq!(rows(&[whole, whole, "--count", &count]).len(), 2 * expected.len());
    }
}

#[test]
fn pieces_of_a_capture_are_read_as_one() {
    let directory = tempfile::tempdir().unwrap();
    let (header, records) = records("loss.pcap");
    let cuts = [0, 100, 101, records.len()];
    let pieces = cuts.windows(2).zip(["b.pcap", "a.pcap", "c.pcap"]);
    let pieces = pieces
        .map(|(cut, name)| write(&directory.path().join(name), &header, &records[cut[0]..cut[1]]))
        .collect::<Vec<_>>();
    let whole = sample("loss.pcap");
    let whole = rows(&[whole.to_str().unwrap()]);
    let apart = rows(&[directory.path().to_str().unwrap()]);
    assert!(apart.len() > whole.len(), "a flow goes over a cut");
    for order in [[0, 1, 2], [2, 0, 1]] {
        let [one, two, three] = order.map(|i| pieces[i].as_str());
        let together = rows(&[one, two, three, "--rotated", "--count", "1000000"]);
        assert_eq!(together[0]["capture"], json!(format!("{one} and 2 more")));
        assert_eq!(without("capture", together), without("capture", whole.clone()));
    }
    let together = rows(&[directory.path().to_str().unwrap(), "--rotated"]);
    assert_eq!(together[0]["capture"], json!("a.pcap and 2 more"));
    assert_eq!(rows(&[&pieces[0], "--rotated"])[0]["capture"], json!(pieces[0]));
}

#[test]
fn of_captures_that_cannot_be_read_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let no_capture = directory.path().join("notes.pcap");
    fs::write(&no_capture, "no capture").unwrap();
    for format in ["table", "parquet", "arrow", "csv", "json", "jsonl"] {
        for input in [no_capture.to_str().unwrap(), "/nonexistent/a.pcap"] {
            let output = flowloom(&["flows", input, "--format", format]).output().unwrap();
            assert!(!output.status.success() && !output.stderr.is_empty(), "{format}");
            assert!(output.stdout.is_empty(), "{format}: {:?}", &output.stdout);
        }
    }
}

/// Links are followed, but not to where they come from; what a link has lost is told; names need not be
/// UTF-8.
#[cfg(unix)]
#[test]
fn links_and_odd_names_are_captures_too() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    let (header, records) = records("loss.pcap");
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &[u8]| directory.path().join(OsStr::from_bytes(name));
    write(&at(b"elsewhere/one.pcap"), &header, &records);
    write(&at(b"data/two.pcap"), &header, &records);
    for name in [b"data/\xff.pcap", b"data/\xfe.pcap"] {
        fs::copy(at(b"data/two.pcap"), at(name)).unwrap();
    }
    symlink(at(b"elsewhere"), at(b"data/site")).unwrap();
    symlink(at(b"data"), at(b"elsewhere/back")).unwrap();
    symlink("..", at(b"data/up")).unwrap();
    let named = |source: &OsStr| {
        let arguments = ["flows", "--format", "jsonl", "--features", "core"].map(OsStr::new);
        let output = run(&mut flowloom(&[&arguments[..], &[source]].concat()));
        let rows = parse_lines(&output.stdout);
        let name = |row: &Row| row["capture"].as_str().unwrap().to_owned();
        rows.iter().map(name).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    let data = at(b"data");
    let all = ["\\xfe.pcap", "\\xff.pcap", "site/one.pcap", "two.pcap"];
    assert_eq!(named(data.as_os_str()), all);
    assert_eq!(named(at(b"data/\xff.pcap").as_os_str()).len(), 1);
    let found = named(data.join("**/*.pcap").as_os_str());
    let ends = |end: &str| found.iter().filter(|name| name.ends_with(end)).count();
    assert_eq!((found.len(), ends("data/two.pcap"), ends("site/one.pcap")), (4, 1, 1), "{found:?}");
    for (pattern, count) in
        [("*/t*.pcap", 1), ("d*/*/o?e.pcap", 1), ("./*/[t]wo.pcap", 1), ("**/two.pcap", 2)]
    {
        let found = named(directory.path().join(pattern).as_os_str());
        assert_eq!(found.len(), count, "{pattern}: {found:?}");
    }
    symlink("nowhere.pcap", at(b"data/gone.pcap")).unwrap();
    let output = flowloom(&[OsStr::new("flows"), data.as_os_str()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("gone.pcap"), "{}", text(&output.stderr));
}

/// Below a directory, the account calls captures as the column `capture` does, whatever is wrong
/// with them: a file does not depend on where the captures are.
#[test]
fn the_account_does_not_say_where_the_directory_is() {
    let (header, mut records) = records("loss.pcap");
    let cut = records[9].len() - 1;
    records[9].truncate(cut);
    let [here, there] = ["here", "over/there"].map(|place| {
        let directory = tempfile::tempdir().unwrap();
        let captures = directory.path().join(place);
        write(&captures.join("sub/cut.pcap"), &header, &records[..10]);
        write(&captures.join("whole.pcap"), &header, &records[..5]);
        fs::write(captures.join("notes.pcap"), "no capture").unwrap();
        ["flows.parquet", "flows.arrow", "report.json"].map(|name| {
            let file = directory.path().join(name);
            let option = if name.ends_with("json") { "--report" } else { "-o" };
            let arguments = ["flows", captures.to_str().unwrap(), option, file.to_str().unwrap()];
            flowloom(&arguments).stdout(Stdio::null()).output().unwrap();
            fs::read(file).unwrap()
        })
    });
    assert!(here == there, "a file depends on where the captures are");
    let report: Value = serde_json::from_slice(&here[2]).unwrap();
    let said = |capture: usize, what: &str| report["captures"][capture][what].as_str().unwrap();
    assert!(said(0, "error").starts_with("notes.pcap is not a capture"), "{report}");
    assert!(said(1, "damage").starts_with("sub/cut.pcap, frame 10 at byte "), "{report}");
}

#[test]
fn a_capture_that_is_named_twice_is_told() {
    let (dhcp, loss) = (sample("dhcp.pcap"), sample("loss.pcap"));
    for (captures, times) in [([&dhcp, &loss, &dhcp], 1), ([&dhcp, &dhcp, &dhcp], 2)] {
        let told = run(flowloom(&["flows", "-o", "null"]).args(captures)).stderr;
        assert_eq!(text(&told).matches("dhcp.pcap was named before").count(), times);
        assert!(!text(&told).contains("loss.pcap was"), "{}", text(&told));
    }
}

#[test]
fn captures_in_a_directory_that_cannot_be_unpacked_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let (header, records) = records("loss.pcap");
    write(&directory.path().join("a.pcap"), &header, &records[..5]);
    fs::write(directory.path().join("b.pcap.xz"), b"\xfd7zXZ\0\0\0").unwrap();
    fs::write(directory.path().join("list.xz"), b"no capture").unwrap();
    let path = directory.path().to_str().unwrap();
    let output = flowloom(&["flows", path, "--format", "csv"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("b.pcap.xz") && said.contains("an xz file"), "{said}");
    assert!(said.contains("5 frames") && !said.contains("list.xz"), "{said}");
}

/// Labels of the captures, `null` where there is none, over all rows.
fn labels_of(rows: &[Row], names: &[&str]) -> BTreeSet<String> {
    let line = |row: &Row| {
        let values = names.iter().map(|name| row[*name].to_string());
        format!("{} {}", row["capture"].as_str().unwrap(), values.collect::<Vec<_>>().join(" "))
    };
    rows.iter().map(line).collect()
}

#[test]
fn labels_come_from_paths_and_from_a_manifest() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (header, records) = records("dhcp.pcap");
    for name in ["one/1.pcap", "one/2.pcap", "two/1.pcap", "stray.pcap"] {
        write(&root.join("captures").join(name), &header, &records);
    }
    let captures = root.join("captures").to_str().unwrap().to_owned();
    let manifest = root.join("m.csv").to_str().unwrap().to_owned();
    fs::write(&manifest, "capture,browser\none/1.pcap,\"=fire, \u{1b}fox\"\ngone.pcap,none\n")
        .unwrap();
    let report = root.join("report.json");
    let arguments = [
        "flows",
        &captures,
        "--label-path",
        "{website}/{run}.pcap",
        "--labels",
        &manifest,
        "--format",
        "jsonl",
        "--report",
        report.to_str().unwrap(),
    ];
    let output = run(&mut flowloom(&arguments));
    let found =
        labels_of(&parse_lines(&output.stdout), &["label_website", "label_run", "label_browser"]);
    let expected = [
        r#"one/1.pcap "one" "1" "=fire, \u001bfox""#,
        r#"one/2.pcap "one" "2" null"#,
        "stray.pcap null null null",
        r#"two/1.pcap "two" "1" null"#,
    ];
    assert_eq!(found, expected.map(String::from).into());
    let said = text(&output.stderr);
    assert!(said.contains("1 without labels: their path is not as --label-path says (stray.pcap)"));
    assert!(said.contains("3 without labels: they are not in the manifest"), "{said}");
    assert!(said.contains("1 in the manifest, but not among the captures (gone.pcap)"), "{said}");
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let labels = json!({
        "captures_not_as_pattern": ["stray.pcap"],
        "captures_not_in_manifest": ["one/2.pcap", "stray.pcap", "two/1.pcap"],
        "manifest_without_capture": ["gone.pcap"],
    });
    assert_eq!(report["labels"], labels);
}

#[test]
fn labels_are_in_the_table() {
    let directory = tempfile::tempdir().unwrap();
    let (header, records) = records("dhcp.pcap");
    write(&directory.path().join("wiki/1.pcap"), &header, &records);
    let captures = directory.path().to_str().unwrap();
    let table = run(&mut flowloom(&["flows", captures, "--label-path", "{website}/1"])).stdout;
    let mut lines = text(&table).lines();
    assert!(lines.next().unwrap().trim_end().ends_with("website"), "{}", text(&table));
    assert!(lines.next().unwrap().trim_end().ends_with("wiki"), "{}", text(&table));
}

#[test]
fn labels_do_not_depend_on_threads_or_order() {
    let directory = tempfile::tempdir().unwrap();
    let (header, records) = records("loss.pcap");
    for (i, part) in records.chunks(40).enumerate() {
        write(&directory.path().join(format!("s{i}/x.pcap.1")), &header, part);
        fs::rename(
            directory.path().join(format!("s{i}/x.pcap.1")),
            directory.path().join(format!("s{i}/x.pcap")),
        )
        .unwrap();
    }
    let captures = directory.path().to_str().unwrap();
    let lines = |threads: &str, order: &str| {
        let arguments = ["flows", captures, "--label-path", "{site}/x", "--format", "csv"];
        let more = ["--threads", threads, "--order", order];
        run(flowloom(&arguments).args(more)).stdout
    };
    let one = lines("1", "end");
    assert!(text(&one).lines().next().unwrap().ends_with(",label_site"));
    assert!(text(&one).contains(",s0") && text(&one).contains(",s3"));
    assert_eq!(lines("3", "end"), one);
    assert_eq!(lines("3", "start"), lines("1", "start"));
}

#[test]
fn labels_that_cannot_be_are_refused_before_anything_is_read() {
    let capture = sample("dhcp.pcap");
    let capture = capture.to_str().unwrap();
    for (arguments, words) in [
        (["--label-path", "x.pcap"], "no label"),
        (["--label-path", "{Site}"], "`Site`"),
        (["--labels", "no/such.csv"], "no/such.csv"),
    ] {
        let output = flowloom(&["flows", capture]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
}
