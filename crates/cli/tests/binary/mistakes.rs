//! What is said to slips: names that are nearly right, a file in the place of a command, an output
//! whose name promises something else.

use std::fs;

use crate::common::{flowloom, run, sample, text};

/// What standard error says to a command that could not run.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = flowloom(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    text(&output.stderr).to_owned()
}

#[test]
fn names_that_are_nearly_right_are_known() {
    let capture = sample("browsing.pcapng");
    let capture = capture.to_str().unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["flows", "--features", "core,statistic"], "`statistic`; did you mean `statistics`?"),
        (&["flows", "--features", "everything"], "`everything`; there are core, connection"),
        (&["flows", "--without", "src_pi"], "`src_pi`; did you mean `src_ip`?"),
        (&["flows", "--without", "nothing_near"], "`flowloom features` lists them all"),
        (&["flows", "--events", "dnss", "-o", "x"], "`dnss`; did you mean `dns`?"),
        (&["traces", "--columns", "direction"], "`direction`; did you mean `directions`?"),
        (&["split", "-o", "x", "--by", "src_pi"], "`src_pi`; did you mean `src_ip`?"),
        (&["packets", "-e", "tcp.flgs"], "`tcp.flgs`; did you mean `tcp.flags`?"),
        (&["packets", "-e", "tcp"], "`flowloom packets --fields tcp` lists them"),
        (&["packets", "--until", "ipp"], "`ipp`; did you mean `ip`?"),
        (&["packets", "--filter", "tls.sni = x"], "words about flows"),
        (&["packets", "--fields", "tpc"], "`tpc`; did you mean `tcp`?"),
        (&["flows", "-j", "0"], "expected a number from 1 on"),
        (&["info", "--threads", "two"], "expected a number from 1 on"),
    ];
    for (arguments, said) in cases {
        let arguments = match arguments {
            [_, "--fields", ..] => arguments.to_vec(),
            _ => [arguments, &[capture][..]].concat(),
        };
        let stderr = refused(&arguments);
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_capture_in_the_place_of_a_command_is_told_which() {
    let capture = sample("browsing.pcapng");
    let capture = capture.to_str().unwrap();
    assert!(refused(&[capture]).contains(&format!("hint: flowloom flows {capture}")));
    assert!(refused(&["flow", capture]).contains("'flows'"));
}

#[test]
fn the_ending_of_an_output_is_what_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let capture = sample("dhcp.pcap");
    let capture = capture.to_str().unwrap();
    let first = |name: &str| {
        run(&mut flowloom(&["packets", capture, "--frames", "1", "-o", &path(name)]));
        fs::read_to_string(path(name)).unwrap()
    };
    assert!(first("p.jsonl").starts_with("{\"frame\":{\"number\":1,"));
    assert!(first("p.json").starts_with("{\n"));
    assert!(first("p.plist").starts_with("<?xml"));
    assert!(first("p.txt").starts_with("     1 0.000000 "));
    assert!(refused(&["packets", capture, "-o", &path("p.csv")]).contains("name them with -e"));
    assert!(refused(&["packets", capture, "-o", &path("p.parquet")]).contains("flowloom flows"));
    let there = refused(&["packets", capture, "-o", &path("p.json")]);
    assert!(there.contains("it is there already; hint: name another file"), "{there}");
    let events = ["flows", capture, "--events", "dns", "-o", &path("x.csv")];
    assert!(refused(&events).contains("looks like one file"));
    for name in ["p.csv", "p.parquet", "x.csv"] {
        assert!(!directory.path().join(name).exists(), "{name}");
    }
}

#[test]
fn options_of_arrays_are_not_ignored_elsewhere() {
    let capture = sample("dhcp.pcap");
    let capture = capture.to_str().unwrap();
    for (command, option, value) in [
        ("flows", "--length", "5"),
        ("traces", "--pad", "-1"),
        ("flows", "--side", "left"),
        ("traces", "--keep", "last"),
        ("flows", "--dtype", "int8"),
    ] {
        let said = refused(&[command, capture, option, value, "--format", "csv"]);
        let expected = format!("{option} is for arrays: with --format npz, not csv");
        assert!(said.contains(&expected), "{said}");
    }
}

/// Not after hours of work.
#[test]
fn options_that_would_change_nothing_are_not_ignored() {
    let capture = sample("browsing.pcapng");
    let capture = capture.to_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (index, out) = (path("index.parquet"), path("out"));
    run(&mut flowloom(&["split", capture, "--index", &index, "--features", "core"]));
    let cases: [(&[&str], &str); 14] = [
        (&["flows", capture, "--format", "csv", "--rows", "5"], "--rows"),
        (&["traces", capture, "-o", "null", "--all-columns"], "--all-columns"),
        (&["flows", capture, "--no-split", "--tcp-idle", "9s"], "--no-split"),
        (&["split", capture, "-o", &out, "--flow", "56"], "--flow"),
        (&["split", capture, "-o", &out, "--features", "core"], "--features"),
        (&["split", "--from-index", &index, "-o", &out, "--features", "core"], "--features"),
        (&["split", "--from-index", &index, "-o", &out, "--count", "3"], "--count"),
        (&["split", "--from-index", &index, "-o", &out, "--until", "0"], "--until"),
        (&["split", "--from-index", &index, "-o", &out, "--idle", "1s"], "--idle"),
        (&["split", "--from-index", &index, "-o", &out, "--client", "10.0.0.0/8"], "--client"),
        (&["split", "--from-index", &index, "-o", &out, "--label-comments"], "--label-comments"),
        (&["split", "--from-index", &index, "-o", &out, "--rotated"], "--rotated"),
        (&["streams", capture, "--decode", "--as", "raw"], "--decode"),
        (&["streams", capture, "--decode", "--ip"], "--decode"),
    ];
    for (arguments, option) in cases {
        let stderr = refused(arguments);
        assert!(stderr.contains(option) && stderr.contains("cannot be used"), "{stderr}");
    }
    run(&mut flowloom(&["split", "--from-index", &index, "-o", &out, "--flow", "56", "-j", "1"]));
}

#[test]
fn a_report_that_cannot_be_written_is_told_at_once() {
    let capture = sample("dhcp.pcap");
    let capture = capture.to_str().unwrap();
    for command in ["flows", "traces", "streams", "split"] {
        let said = refused(&[command, capture, "--report", "not/there/account.json"]);
        assert!(said.contains("there is no directory not/there"), "{command}: {said}");
        let said = refused(&[command, capture, "--report", "-"]);
        assert!(said.contains("standard output is /dev/stdout"), "{command}: {said}");
    }
    let said = refused(&["split", capture, "-o", "-"]);
    assert!(said.contains("name a directory"), "{said}");
}

#[test]
fn fields_of_one_layer_are_listed_alone() {
    let listed = run(&mut flowloom(&["packets", "--fields", "udp", "arp"])).stdout;
    let layers = text(&listed).lines().filter_map(|line| line.strip_prefix("## "));
    assert_eq!(layers.collect::<Vec<_>>(), ["udp", "arp"]);
}

/// A page of hexadecimal digits in the middle of a tree is of no use to anyone.
#[test]
fn trees_cut_long_bytes_and_json_has_them_whole() {
    let packet = |format: &str| {
        let capture = sample("browsing.pcapng");
        let capture = capture.to_str().unwrap();
        let arguments = ["packets", capture, "--frames", "61", "--format", format];
        text(&run(&mut flowloom(&arguments)).stdout).to_owned()
    };
    let tree = packet("tree");
    let data = tree.lines().find(|line| line.contains("data.data: ")).unwrap();
    assert!(data.ends_with("…  [305-1513]") && data.chars().count() < 170, "{data}");
    assert!(tree.lines().all(|line| line.chars().count() < 170), "{tree}");
    assert!(packet("jsonl").len() > 1_209 * 4 / 3);
}

#[test]
fn what_is_no_table_is_not_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let table = directory.path().join("x.csv");
    let table = table.to_str().unwrap();
    run(&mut flowloom(&["flows", sample("dhcp.pcap").to_str().unwrap(), "-o", table]));
    let said = refused(&["rerun", table, "-o", "y.csv"]);
    assert!(said.contains("x.csv: it is neither a Parquet nor an Arrow file"), "{said}");
}

/// Numbers of flows are those of their captures: without these, rows of several look alike.
#[test]
fn a_table_of_several_captures_says_which() {
    let (one, other) = (sample("dhcp.pcap"), sample("loss.pcap"));
    let (one, other) = (one.to_str().unwrap(), other.to_str().unwrap());
    let several = run(&mut flowloom(&["flows", one, other])).stdout;
    assert!(text(&several).starts_with("capture"), "{}", text(&several));
    assert!(text(&several).contains("dhcp.pcap") && text(&several).contains("loss.pcap"));
    let alone = run(&mut flowloom(&["flows", one])).stdout;
    assert!(!text(&alone).contains("capture") && !text(&alone).contains("dhcp.pcap"));
}

/// Columns that have no room beside others are there if they are all there is.
#[test]
fn a_table_of_lists_or_bytes_alone_is_not_empty() {
    let capture = sample("loss.pcap");
    let capture = capture.to_str().unwrap();
    for (set, said) in [
        ("packet_frames", &["packet_frames", "3 +77"][..]),
        ("packed_addresses", &["src_ip_packed", "c0000265", "20010db8000100000000000000000101"]),
        ("bytes", &["header_bytes", "payload_bytes", "4500003cbe434000"]),
    ] {
        let table = run(&mut flowloom(&["flows", "--features", set, capture])).stdout;
        for words in said {
            assert!(text(&table).contains(words), "{set}: {}", text(&table));
        }
    }
}
