//! IPFIX: read back by tshark and by a collector in Python, whose values are those of the table of flows.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::{corpus, flows, sample};

#[test]
fn tshark_reads_the_flows_of_every_capture() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: there is no tshark");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("flows.ipfix");
    let mut captures = corpus();
    captures.push(("browsing.pcapng".into(), sample("browsing.pcapng")));
    let (mut rows_all, mut values_all, mut late_all) = (0, 0, 0);
    for (name, capture) in &captures {
        flows(capture, &["--force", "-o", &file.to_string_lossy()]);
        let rows = flows(capture, &["--format", "jsonl", "-o", "-"]);
        let rows = rows.lines().map(|line| serde_json::from_str(line).unwrap());
        let rows = rows.collect::<Vec<Value>>();
        // A file without a message has no mark by which its format is known.
        if rows.is_empty() {
            assert_eq!(std::fs::metadata(&file).unwrap().len(), 0, "{name}");
            continue;
        }
        check_export_times(&std::fs::read(&file).unwrap(), &rows, name);
        let read = read(&file);
        rows_all += rows.len();
        // Nanoseconds begin again in 2036, and tshark shows the years before.
        let is_late = |row: &Value| *"2036" <= *row["end_time"].as_str().unwrap();
        let late = rows.iter().any(is_late);
        late_all += usize::from(late);
        for (element, of_row) in ELEMENTS {
            if late && element.starts_with("cflow.abstime") {
                continue;
            }
            let own = rows.iter().flat_map(of_row).collect::<Vec<_>>();
            let theirs = &read[*element];
            let first = own.iter().zip(theirs).position(|(own, theirs)| own != theirs);
            let shown = first.map(|at| (at, &own[at], &theirs[at]));
            assert!(own == *theirs, "{name}: {element}: {shown:?}, {} {}", own.len(), theirs.len());
            values_all += own.len();
        }
    }
    println!("{values_all} values of {rows_all} flows in {} captures equal", captures.len());
    assert!(late_all <= 1, "{late_all} captures whose times were not compared");
}

/// The time of a message (RFC 7011, section 3.1) is that of the latest flow end in it. Which flows are
/// in it, the sequence numbers tell.
fn check_export_times(mut messages: &[u8], rows: &[Value], name: &str) {
    let word = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    while !messages.is_empty() {
        let (message, rest) = messages.split_at((word(messages, 0) & 0xffff) as usize);
        let end = if rest.is_empty() { rows.len() } else { word(rest, 8) as usize };
        let own = &rows[word(message, 8) as usize..end];
        // What four bytes do not hold, from 2106 on, is no export time.
        let ends = own.iter().map(|row| seconds(row["end_time"].as_str().unwrap()));
        let latest = ends.filter_map(|end| u32::try_from(end).ok()).max();
        assert_eq!(word(message, 4), latest.unwrap_or(0), "{name}");
        messages = rest;
    }
}

/// Seconds since 1970 of a time as RFC 3339 has it.
fn seconds(time: &str) -> i64 {
    let number = |from: usize, to: usize| time[from..to].parse::<i64>().unwrap();
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    // Years begin in March, so that leap days are at their ends.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let since = days - 719_469;
    ((since * 24 + number(11, 13)) * 60 + number(14, 16)) * 60 + number(17, 19)
}

#[test]
fn a_python_package_reads_the_flows_of_every_capture() {
    let has_package = Command::new("python3").args(["-c", "import ipfix"]).output();
    if !has_package.is_ok_and(|output| output.status.success()) {
        println!("skipped: python3 has no package ipfix");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut captures = corpus();
    captures.push(("browsing.pcapng".into(), sample("browsing.pcapng")));
    let mut files = Vec::new();
    for (number, (_, capture)) in captures.iter().enumerate() {
        files.push(directory.path().join(format!("{number}.ipfix")));
        flows(capture, &["-o", &files[number].to_string_lossy()]);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs/read_ipfix.py");
    let output = Command::new("python3").arg(script).args(&files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), captures.len());
    let (mut records, mut values) = (0, 0);
    for ((name, capture), line) in captures.iter().zip(lines.lines()) {
        let read = serde_json::from_str::<Vec<Value>>(line).unwrap();
        let rows = flows(capture, &["--format", "jsonl", "-o", "-"]);
        assert_eq!(rows.lines().count(), read.len(), "{name}");
        for (row, record) in rows.lines().zip(&read) {
            let row = serde_json::from_str::<Value>(row).unwrap();
            for (element, column) in NAMED {
                let is_of_other = element.starts_with("reverse") && row["down_packet_count"] == 0;
                let wanted = if is_of_other { &Value::Null } else { &row[*column] };
                assert_eq!(&record[*element], wanted, "{name}: {element}: {record}");
                values += 1;
            }
            let address = |version: u8, end: &str| &record[format!("{end}IPv{version}Address")];
            for (end, column) in [("source", "src_ip"), ("destination", "dst_ip")] {
                let own = [address(4, end), address(6, end)].into_iter().find(|ip| !ip.is_null());
                assert_eq!(own, Some(&row[column]), "{name}");
            }
            records += 1;
        }
    }
    println!("{values} values of {records} flows in {} captures equal", captures.len());
}

/// Elements that are columns as they are.
const NAMED: &[(&str, &str)] = &[
    ("flowId", "flow_id"),
    ("protocolIdentifier", "protocol"),
    ("sourceTransportPort", "src_port"),
    ("destinationTransportPort", "dst_port"),
    ("packetDeltaCount", "up_packet_count"),
    ("reversePacketDeltaCount", "down_packet_count"),
    ("octetDeltaCount", "up_ip_byte_count"),
    ("reverseOctetDeltaCount", "down_ip_byte_count"),
    ("layer2OctetDeltaCount", "up_byte_count"),
    ("reverseLayer2OctetDeltaCount", "down_byte_count"),
    ("tcpControlBits", "up_tcp_flags"),
    ("reverseTcpControlBits", "down_tcp_flags"),
    ("ipTTL", "up_ttl"),
    ("reverseIpTTL", "down_ttl"),
    ("ipDiffServCodePoint", "up_dscp"),
    ("vlanId", "vlan_id"),
    ("sourceMacAddress", "src_mac"),
    ("destinationMacAddress", "dst_mac"),
    ("applicationName", "application"),
];

/// The values of each element in the order of the records.
fn read(file: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args([
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "aggregator=|",
    ]);
    for (element, _) in ELEMENTS {
        command.args(["-e", element]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut read = BTreeMap::<_, Vec<_>>::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        for ((element, _), cell) in ELEMENTS.iter().zip(line.split('\t')) {
            let values = cell.split('|').filter(|value| !value.is_empty()).map(str::to_owned);
            read.entry(*element).or_default().extend(values);
        }
    }
    read
}

type OfRow = fn(&Value) -> Vec<String>;

/// tshark's name of each element, and its values as the table of flows has them: what the other side sent, if
/// anything, follows under the same name.
const ELEMENTS: &[(&str, OfRow)] = &[
    ("cflow.flow_id", |row| number(row, "flow_id")),
    ("cflow.protocol", |row| number(row, "protocol")),
    ("cflow.abstimestart", |row| time(row, "start_time")),
    ("cflow.abstimeend", |row| time(row, "end_time")),
    ("cflow.srcaddr", |row| address(row, "src_ip", 4)),
    ("cflow.dstaddr", |row| address(row, "dst_ip", 4)),
    ("cflow.srcaddrv6", |row| address(row, "src_ip", 6)),
    ("cflow.dstaddrv6", |row| address(row, "dst_ip", 6)),
    ("cflow.srcport", |row| number(row, "src_port")),
    ("cflow.dstport", |row| number(row, "dst_port")),
    ("cflow.packets", |row| both(row, "up_packet_count", "down_packet_count")),
    ("cflow.octets", |row| both(row, "up_ip_byte_count", "down_ip_byte_count")),
    ("cflow.layer2_octet_delta_count", |row| both(row, "up_byte_count", "down_byte_count")),
    ("cflow.tcpflags", |row| {
        let flags = both(row, "up_tcp_flags", "down_tcp_flags").into_iter();
        flags.map(|flags| format!("0x{:04x}", flags.parse::<u8>().unwrap())).collect()
    }),
    ("cflow.ip_ttl", |row| both(row, "up_ttl", "down_ttl")),
    ("cflow.ip_dscp", |row| both(row, "up_dscp", "down_dscp")),
    ("cflow.icmp_type_code_ipv4", |row| {
        let [kind, code] = ["icmp_type", "icmp_code"].map(|column| icmp(row, column, 1));
        let both = kind.iter().zip(code);
        both.map(|(kind, code)| format!("0x{:04x}", number_of(kind) << 8 | number_of(&code)))
            .collect()
    }),
    ("cflow.icmp_ipv6_type", |row| icmp(row, "icmp_type", 58)),
    ("cflow.icmp_ipv6_code", |row| icmp(row, "icmp_code", 58)),
    ("cflow.biflow_direction", |_| vec!["1".into()]),
    ("cflow.appl_name", |row| text(row, "application")),
    ("cflow.vlanid", |row| number(row, "vlan_id")),
    ("cflow.srcmac", |row| text(row, "src_mac")),
    ("cflow.dstmac", |row| text(row, "dst_mac")),
    ("cflow.flow_end_reason", |row| {
        let code = match row["end_reason"].as_str().unwrap() {
            "idle" => "1",
            "active" => "2",
            "fin" | "rst" | "reopened" => "3",
            "end_of_input" => "4",
            "evicted" => "5",
            other => panic!("{other}"),
        };
        vec![code.into()]
    }),
];

fn number(row: &Value, column: &str) -> Vec<String> {
    row[column].as_i64().map(|number| number.to_string()).into_iter().collect()
}

fn text(row: &Value, column: &str) -> Vec<String> {
    row[column].as_str().map(str::to_owned).into_iter().collect()
}

fn address(row: &Value, column: &str, version: i64) -> Vec<String> {
    if row["ip_version"] == version { text(row, column) } else { Vec::new() }
}

fn both(row: &Value, up: &str, down: &str) -> Vec<String> {
    let mut values = number(row, up);
    if row["down_packet_count"] != 0 {
        values.extend(number(row, down));
    }
    values
}

fn number_of(text: &str) -> u16 {
    text.parse().unwrap()
}

/// A type without a code has code 0.
fn icmp(row: &Value, column: &str, protocol: i64) -> Vec<String> {
    if row["protocol"] != protocol || row["icmp_type"].is_null() {
        return Vec::new();
    }
    vec![row[column].as_i64().unwrap_or(0).to_string()]
}

/// In milliseconds and in nanoseconds, as tshark writes times.
fn time(row: &Value, column: &str) -> Vec<String> {
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = row[column].as_str().unwrap();
    let month = months[text[5..7].parse::<usize>().unwrap() - 1];
    let day = text[8..10].trim_start_matches('0');
    let begin = format!("{month} {day:>2}, {} {}", &text[..4], &text[11..23]);
    vec![format!("{begin}000000 UTC"), format!("{begin}{} UTC", &text[23..29])]
}
