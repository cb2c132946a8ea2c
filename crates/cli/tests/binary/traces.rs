//! `flowloom traces`: rows, arrays that NumPy reads, exit codes.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Row, flowloom, parse_lines, rows, run, sample, text, write};

#[test]
fn each_capture_has_a_row_and_its_labels() {
    let directory = tempfile::tempdir().unwrap();
    for (site, run, name) in [("a.org", "1", "loss.pcap"), ("b.org", "1", "dhcp.pcap")] {
        let to = directory.path().join(site);
        fs::create_dir_all(&to).unwrap();
        fs::copy(sample(name), to.join(format!("{run}.pcap"))).unwrap();
    }
    let found = traces(&[directory.path().to_str().unwrap(), "--label-path", "{site}/{run}.pcap"]);
    let of = |column: &str| found.iter().map(|row| row[column].clone()).collect::<Vec<_>>();
    assert_eq!(of("capture"), ["a.org/1.pcap", "b.org/1.pcap"]);
    assert_eq!(of("label_site"), ["a.org", "b.org"]);
    assert_eq!(of("label_run"), ["1", "1"]);
    assert_eq!(of("packet_count"), [238, 36]);
}

#[test]
fn samples_within_a_capture_have_a_row_each() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    for (site, name) in [("mail", "loss.pcap"), ("web", "browsing.pcapng")] {
        let to = directory.path().join("visits").join(site);
        fs::create_dir_all(&to).unwrap();
        fs::copy(sample(name), to.join(name)).unwrap();
    }
    let (all, visits) = (at("all.pcapng"), at("visits"));
    let (all, visits) = (all.as_str(), visits.as_str());
    let labels = ["--label-path", "{website}/{run}"];
    run(&mut flowloom(&[&["merge", visits, "-o", all][..], &labels].concat()));
    let strip = |mut row: Row| {
        // The frames have other numbers.
        for name in ["capture", "flows", "frame_numbers"] {
            row.remove(name).unwrap();
        }
        row
    };
    for options in [&["--filter", "tcp"][..], &["--filter", "tls or ssh"]] {
        let apart = traces(&[&[visits, "--no-split"][..], &labels, options].concat());
        let mut apart = apart.into_iter().map(strip).collect::<Vec<_>>();
        let names = "--label-comments=website,run";
        for threads in ["1", "4"] {
            let found = [&[all, names, "--no-split", "-j", threads][..], options].concat();
            let found = traces(&found).into_iter().map(strip).collect::<Vec<_>>();
            // The one that began first comes first; one whose flows are not wanted is there, too.
            apart.sort_by_key(|row| row["start_time"].to_string());
            assert!(found.len() == 2 && found == apart, "{found:?} {apart:?}");
        }
    }
    let plain = traces(&[sample("loss.pcap").to_str().unwrap(), "--label-comments"]);
    assert!(plain.len() == 1 && plain[0]["label_sample_id"].is_null(), "{plain:?}");
}

#[test]
fn flows_of_a_trace_are_those_of_flows() {
    let path = sample("browsing.pcapng");
    let path = path.to_str().unwrap();
    let options = [path, "--filter", "dns", "--no-split", "--population", "payload"];
    let flows = rows(&[&options[..], &["--features", "core,sequences"]].concat());
    let found = traces(&options).remove(0);
    let mut ids = list(&found, "flows");
    ids.sort_unstable();
    ids.dedup();
    let of_flows = flows.iter().map(|flow| flow["flow_id"].as_i64().unwrap());
    assert_eq!(ids, of_flows.collect::<Vec<_>>());
    let payload = flows.iter().flat_map(|flow| list(flow, "app_lengths")).sum::<i64>();
    assert_eq!(list(&found, "app_lengths").iter().sum::<i64>(), payload);
}

#[test]
fn numpy_reads_what_json_lines_say() {
    let has_numpy = Command::new("python3").args(["-c", "import numpy"]).output();
    if !has_numpy.is_ok_and(|output| output.status.success()) {
        println!("skipped: python3 has no numpy");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let captures = ["browsing.pcapng", "loss.pcap", "dhcp.pcap"].map(sample);
    let mut captures = captures.iter().map(|path| path.to_str().unwrap()).collect::<Vec<_>>();
    let (header, _) = crate::common::records("dhcp.pcap");
    let empty = write(&directory.path().join("empty.pcap"), &header, &[]);
    captures.push(&empty);
    let lists = ["directions", "times", "packet_lengths", "tcp_flags", "packet_marks", "flows"];
    let all = traces(&captures);
    let file = directory.path().join("traces.npz");
    let mut compared = 0;
    for (options, length, pad, left, last, dtype) in [
        (&["--length", "100"][..], 100, 0, false, false, None),
        (
            &["--length", "300", "--pad", "-7", "--dtype", "int64"],
            300,
            -7,
            false,
            false,
            Some("int64"),
        ),
        (&["--length", "50", "--side", "left", "--keep", "last"], 50, 0, true, true, None),
        (
            &["--length", "1", "--keep", "last", "--dtype", "float64"],
            1,
            0,
            false,
            true,
            Some("float64"),
        ),
    ] {
        let columns = format!("{},start_time,duration,client,packet_count", lists.join(","));
        let output = ["-o", file.to_str().unwrap(), "--force", "--quiet", "--columns", &columns];
        run(&mut flowloom(&[&["traces"], &captures[..], &output, options].concat()));
        let found = arrays(&file);
        let kept = |items: &[i64]| {
            let kept = items.len().min(length);
            let items = if last { &items[items.len() - kept..] } else { &items[..kept] };
            let fill = vec![pad; length - kept];
            if left { [&fill, items].concat() } else { [items, &fill].concat() }
        };
        for name in lists {
            let expected = all.iter().map(|row| kept(&list(row, name))).collect::<Vec<_>>();
            assert_eq!(found[name]["values"], json!(expected), "{name} {options:?}");
            let own = match name {
                "directions" => "int8",
                "tcp_flags" => "uint8",
                "packet_marks" => "uint16",
                "packet_lengths" => "int32",
                _ => "int64",
            };
            assert_eq!(found[name]["dtype"], dtype.unwrap_or(own), "{name}");
            compared += 1;
        }
        let lengths = all.iter().map(|row| list(row, "times").len().min(length));
        assert_eq!(found["lengths"]["values"], json!(lengths.collect::<Vec<_>>()));
        for name in ["capture", "packet_count"] {
            let expected = all.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
            assert_eq!(found[name]["values"], Value::Array(expected), "{name}");
        }
        assert_eq!(found["start_time"]["dtype"], "datetime64[ns]");
        let of_nothing = found["start_time"]["values"].as_array().unwrap().last().unwrap();
        assert_eq!(*of_nothing, i64::MIN);
        assert!(found["duration"]["values"].as_array().unwrap().last().unwrap().is_null());
        assert!(
            text(found["flowloom.json"].as_str().unwrap().as_bytes()).contains("flowloom.account")
        );
    }
    println!("{compared} arrays compared");
}

#[test]
fn arrays_of_flows_and_of_nothing_else_are_read() {
    if !has_numpy() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("flows.npz");
    let capture = sample("browsing.pcapng");
    let (capture, to) = (capture.to_str().unwrap(), file.to_str().unwrap());
    let features = ["--features", "core,sequences", "--order", "start", "--quiet"];
    run(&mut flowloom(&[&["flows", capture, "-o", to, "--length", "20"], &features[..]].concat()));
    let flows = rows(&[capture, "--features", "core,sequences"]);
    let found = arrays(&file);
    let ids = flows.iter().map(|flow| flow["flow_id"].clone()).collect::<Vec<_>>();
    assert_eq!(found["flow_id"]["values"], Value::Array(ids));
    let padded = flows.iter().map(|flow| {
        // Null for what is not TCP.
        let mut flags =
            if flow["tcp_flags"].is_null() { Vec::new() } else { list(flow, "tcp_flags") };
        flags.resize(20, 0);
        flags
    });
    assert_eq!(found["tcp_flags"]["values"], json!(padded.collect::<Vec<_>>()));
    run(&mut flowloom(&["traces", capture, "-o", to, "--force", "--quiet"]));
    let names = arrays(&file).as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names, ["capture", "directions", "flowloom.json", "lengths"]);
}

/// Rows are those of JSON, whose bytes are hexadecimal digits.
#[test]
fn arrays_of_bytes_have_packets_and_their_bytes() {
    if !has_numpy() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("flows.npz");
    let capture = sample("browsing.pcapng");
    let (capture, to) = (capture.to_str().unwrap(), file.to_str().unwrap());
    let sets = ["--features", "core,bytes", "--bytes-packets", "4", "--bytes-payload", "30"];
    let flows = rows(&[&[capture], &sets[..]].concat());
    assert_eq!(flows.len(), 36);
    for (side, length) in [("right", 4), ("left", 4), ("left", 3)] {
        let arrays_of = ["--side", side, "--length", &length.to_string(), "--pad", "7"];
        let how = ["flows", capture, "-o", to, "--order", "start", "--quiet"];
        run(&mut flowloom(&[&how[..], &sets, &arrays_of].concat()));
        let found = arrays(&file);
        for (name, width) in [("header_bytes", 256), ("payload_bytes", 30)] {
            let expected = flows.iter().map(|flow| {
                let packets = flow[name].as_array().unwrap().iter().take(length);
                let packets = packets.map(|packet| octets(packet.as_str().unwrap(), width));
                let mut packets = packets.collect::<Vec<_>>();
                let missing = vec![vec![7; width]; length - packets.len()];
                let at = if side == "left" { 0 } else { packets.len() };
                packets.splice(at..at, missing);
                packets
            });
            assert_eq!(found[name]["dtype"], "uint8");
            assert_eq!(found[name]["values"], json!(expected.collect::<Vec<_>>()), "{name} {side}");
        }
        let lengths =
            flows.iter().map(|flow| flow["header_bytes"].as_array().unwrap().len().min(length));
        assert_eq!(found["lengths"]["values"], json!(lengths.collect::<Vec<_>>()));
    }
}

/// So many bytes of hexadecimal digits; 7 stands for those that are not there.
fn octets(digits: &str, width: usize) -> Vec<u8> {
    let octet = |at: usize| {
        digits.get(2 * at..2 * at + 2).map_or(7, |two| u8::from_str_radix(two, 16).unwrap())
    };
    (0..width).map(octet).collect()
}

#[test]
fn archives_of_nothing_and_of_too_much_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("flows.npz");
    let of_bytes = ["--features", "bytes", "--bytes-packets", "2000000000"];
    for (options, why) in [
        (&[][..], "such as --features core,sequences"),
        (&["--features", "sequences", "--length", "268435457"], "would take 268435457 bytes"),
        (&[&of_bytes[..], &["--length", "1048577"]].concat(), "would take 268435712 bytes"),
    ] {
        let flows = ["flows", "-o", file.to_str().unwrap()];
        let output =
            flowloom(&[&flows, options].concat()).arg(sample("loss.pcap")).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(why), "{output:?}");
        assert!(!file.exists());
    }
}

#[test]
fn what_cannot_be_is_said_and_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("traces.npz");
    let (capture, to) = (sample("loss.pcap"), file.to_str().unwrap().to_owned());
    let capture = capture.to_str().unwrap();
    for (options, why) in [
        (&["--columns", "packet_lengths", "--dtype", "int8"][..], "int8 cannot hold"),
        (&["--pad", "0.5"], "int8 cannot hold 0.5"),
        (&["--columns", "sni"], "no column `sni`"),
        (&["--client", "nobody"], "`nobody` is no host"),
        (&["--format", "zeek"], "is for flows"),
        (&["--dtype", "int7"], "`int7` is no type"),
    ] {
        let command = [&["traces", capture, "-o", &to], options].concat();
        let output = flowloom(&command).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(text(&output.stderr).contains(why), "{options:?}: {}", text(&output.stderr));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "{options:?}");
    }
    fs::write(&file, "mine").unwrap();
    let output = flowloom(&["traces", capture, "-o", &to]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--force"));
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn losses_have_their_exit_code_and_their_row() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = fs::read(sample("loss.pcap")).unwrap();
    let cut = directory.path().join("cut.pcap");
    fs::write(&cut, &bytes[..bytes.len() - 3]).unwrap();
    let output =
        flowloom(&["traces", cut.to_str().unwrap(), "--format", "jsonl"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(parse_lines(&output.stdout)[0]["packet_count"], 237);
    let table = run(&mut flowloom(&["traces", sample("loss.pcap").to_str().unwrap()]));
    let table = text(&table.stdout);
    assert!(table.starts_with("capture ") && table.contains("\n1 trace ("), "{table}");
}

#[track_caller]
fn traces(arguments: &[&str]) -> Vec<Row> {
    let command = [&["traces", "--format", "jsonl", "--quiet"], arguments].concat();
    parse_lines(&run(&mut flowloom(&command)).stdout)
}

fn list(row: &Row, column: &str) -> Vec<i64> {
    let items = row[column].as_array().unwrap_or_else(|| panic!("{column}"));
    items.iter().map(|item| item.as_i64().unwrap()).collect()
}

/// Whether archives can be read by what they are for.
fn has_numpy() -> bool {
    let found = Command::new("python3").args(["-c", "import numpy"]).status().unwrap().success();
    if !found {
        println!("skipped: python3 has no numpy");
    }
    found
}

/// What NumPy has of an archive: type and values of each array, times as integers.
fn arrays(path: &Path) -> Value {
    let script = "
import json, sys
import numpy
found = {}
with numpy.load(sys.argv[1]) as arrays:
    for name in arrays.files:
        array = arrays[name]
        if isinstance(array, bytes):
            found[name] = array.decode()
            json.loads(found[name])
            continue
        values = array.view('i8') if array.dtype.kind == 'M' else array
        if values.dtype.kind == 'f':
            whole = [None if v != v else int(v) if v == int(v) else v for v in values.ravel().tolist()]
            values = numpy.array(whole, dtype=object).reshape(values.shape)
        found[name] = {'dtype': str(array.dtype), 'values': values.tolist()}
print(json.dumps(found))
";
    let output = run(Command::new("python3").args(["-c", script]).arg(path));
    serde_json::from_slice(&output.stdout).unwrap()
}
