//! How tables look.

use flowloom_schema::{Batch, Column, DataType, Role, Series, Unit};

use unicode_width::UnicodeWidthStr;

use super::view::{bytes, duration, grouped, visible};
use crate::{Destination, Format, Settings, TableInfo, Terminal, open};

/// `tests/golden/tables.txt` is all of them; `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn tables_look_as_they_did() {
    let pipe = Terminal::default();
    let wide = |width| Terminal { width: Some(width), ..Terminal::default() };
    let color = Terminal { color: true, ..wide(80) };
    let all = Terminal { all_columns: true, ..wide(100) };
    let few = |rows_max| Terminal { rows_max, ..wide(100) };
    let cases = [
        ("No terminal: nothing is left out or cut.", pipe, &FLOWS[..]),
        ("150 characters.", wide(150), &FLOWS),
        ("100 characters.", wide(100), &FLOWS),
        ("80 characters.", wide(80), &FLOWS),
        ("60 characters.", wide(60), &FLOWS),
        ("20 characters: narrower than sensible.", wide(20), &FLOWS),
        ("Columns without a value take no room.", wide(120), &FLOWS[2..3]),
        ("Colours.", color, &FLOWS),
        ("Every column as it is, of lists the first item.", all, &FLOWS),
        ("The first two of them.", few(2), &FLOWS),
        ("None shown.", few(0), &FLOWS),
        ("None there.", wide(80), &[]),
    ];
    let mut all = String::new();
    for (title, terminal, flows) in cases {
        let table = shown(&terminal, flows).replace('\u{1b}', "<ESC>");
        all.extend(["# ", title, "\n", &table, "\n"]);
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tables.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &all).unwrap();
    }
    assert_eq!(all, std::fs::read_to_string(golden).unwrap());
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in 12..200 {
        let terminal = Terminal { width: Some(width), ..Terminal::default() };
        let table = shown(&terminal, &FLOWS);
        assert_eq!(table.lines().count(), 6);
        for line in table.lines().take(5) {
            assert!(line.width() <= width, "{width}: {line}");
        }
    }
}

/// As many as can be kept, whatever comes: the first by number.
#[test]
fn rows_beyond_the_limit_are_counted_not_kept() {
    let count = 500;
    let flows: Vec<Flow> =
        (0..count).map(|i| Flow { number: (i * 7_919) % 1_009, ..FLOWS[1] }).collect();
    let mut ids: Vec<i64> = flows.iter().map(|flow| flow.number).collect();
    ids.sort_unstable();
    let table = shown(&Terminal { rows_max: 10, ..Terminal::default() }, &flows);
    let lines: Vec<&str> = table.lines().collect();
    let first: Vec<i64> = lines[1..11]
        .iter()
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(first, ids[..10]);
    assert!(lines[11].starts_with("… and 490 more flows; "), "{}", lines[11]);
}

#[derive(Clone, Copy)]
struct Flow {
    number: i64,
    ends: [(&'static str, Option<i32>); 2],
    protocol: u8,
    start: i64,
    duration: f64,
    packets: [i64; 2],
    bytes: [i64; 2],
    names: [Option<&'static str>; 2],
    state: [Option<&'static str>; 2],
}

const START: i64 = 1_699_969_600_000_000_000;

const FLOWS: [Flow; 4] = [
    Flow {
        number: 17,
        ends: [("10.0.0.1", None), ("10.0.0.2", None)],
        protocol: 1,
        start: START + 3_000_000_000,
        duration: 3_725.0,
        packets: [100_000, 100_000],
        bytes: [9_800_000, 9_800_000],
        names: [None, None],
        state: [None, Some("active timeout")],
    },
    Flow {
        number: 1,
        ends: [("192.168.1.23", Some(51_834)), ("93.184.216.34", Some(443))],
        protocol: 6,
        start: START,
        duration: 1.234_567,
        packets: [12, 10],
        bytes: [1_840, 12_345],
        names: [Some("tls"), Some("www.example.org")],
        state: [Some("closed"), Some("fin")],
    },
    Flow {
        number: 9,
        ends: [("2001:db8:85a3::8a2e:370:7334", Some(443)), ("2001:db8:ffff::1", Some(49_152))],
        protocol: 6,
        start: START + 1_500_000_000,
        duration: 0.0,
        packets: [1, 0],
        bytes: [74, 0],
        names: [None, None],
        state: [Some("syn sent"), Some("end of input")],
    },
    Flow {
        number: 4,
        ends: [("192.168.1.23", Some(40_001)), ("192.168.1.1", Some(53))],
        protocol: 17,
        start: START + 250_000_000,
        duration: 0.012_34,
        packets: [1, 1],
        bytes: [74, 138],
        names: [Some("dns"), Some("\u{1b}[2J漢字.test\u{202e}")],
        state: [None, Some("idle timeout")],
    },
];

fn shown(terminal: &Terminal, flows: &[Flow]) -> String {
    let settings = Settings { terminal: terminal.clone(), ..Settings::default() };
    let table = TableInfo { name: "flows".into(), columns: columns(), metadata: Vec::new() };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("table");
    let mut sink = open(Format::Table, Destination::File(path.clone()), &table, &settings).unwrap();
    for flow in flows {
        let mut columns: Vec<Series> =
            table.columns.iter().map(|column| Series::new(column.data_type)).collect();
        push(flow, &mut columns);
        sink.write(Batch { columns, rows: 1 }).unwrap();
    }
    sink.close(&[]).unwrap();
    std::fs::read_to_string(path).unwrap()
}

fn columns() -> Vec<Column> {
    let columns = [
        ("flow_id", DataType::I64),
        ("src_ip", DataType::Text),
        ("dst_ip", DataType::Text),
        ("src_port", DataType::I32),
        ("dst_port", DataType::I32),
        ("protocol", DataType::U8),
        ("start_time", DataType::Time),
        ("duration", DataType::F64),
        ("up_packet_count", DataType::I64),
        ("down_packet_count", DataType::I64),
        ("up_byte_count", DataType::I64),
        ("down_byte_count", DataType::I64),
        ("times", DataType::List(&DataType::I64)),
        ("parts", DataType::Struct(&[])),
        ("end_reason", DataType::Text),
        ("tcp_state", DataType::Text),
        ("application", DataType::Text),
        ("server_name", DataType::Text),
    ];
    let column = |(name, data_type): (&'static str, DataType)| Column {
        name: name.into(),
        doc: "A column.".into(),
        data_type,
        nullable: true,
        unit: Unit::None,
        role: Role::Feature,
        family: "test",
        population: "all packets",
        since: "0.1",
    };
    columns.into_iter().map(column).collect()
}

fn push(flow: &Flow, columns: &mut [Series]) {
    let [id, src, dst, src_port, dst_port, protocol, start, lasted, rest @ ..] = columns else {
        unreachable!()
    };
    let [up, down, bytes_up, bytes_down, times, parts, reason, state, application, name] = rest
    else {
        unreachable!()
    };
    let text = |series: &mut Series, text: Option<&str>| match text {
        Some(text) => series.push_text(text),
        None => series.push_null(),
    };
    let port = |series: &mut Series, port: Option<i32>| match port {
        Some(port) => series.push_i32(port),
        None => series.push_null(),
    };
    id.push_i64(flow.number);
    src.push_text(flow.ends[0].0);
    dst.push_text(flow.ends[1].0);
    port(src_port, flow.ends[0].1);
    port(dst_port, flow.ends[1].1);
    protocol.push_u8(flow.protocol);
    start.push_i64(flow.start);
    lasted.push_f64(flow.duration);
    up.push_i64(flow.packets[0]);
    down.push_i64(flow.packets[1]);
    bytes_up.push_i64(flow.bytes[0]);
    bytes_down.push_i64(flow.bytes[1]);
    times.push_list(|_| ());
    parts.push_struct(|_| ());
    text(state, flow.state[0]);
    text(reason, flow.state[1]);
    text(application, flow.names[0]);
    text(name, flow.names[1]);
}

#[test]
fn durations_and_bytes_have_three_digits() {
    let durations = [
        (0.0, "0"),
        (1e-9, "1.00 ns"),
        (12.3e-6, "12.3 µs"),
        (0.999_6, "1.00 s"),
        (0.1234, "123 ms"),
        (59.94, "59.9 s"),
        (59.96, "1 m 00 s"),
        (3_599.7, "1 h 00 m"),
        (90_061.0, "25 h 01 m"),
        (-0.5, "-500 ms"),
    ];
    for (seconds, text) in durations {
        assert_eq!(duration(seconds), text, "{seconds}");
    }
    let sizes = [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (9_995, "10.0 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (i64::MAX, "9.22 EB"),
    ];
    for (count, text) in sizes {
        assert_eq!(bytes(count), text, "{count}");
    }
    for (count, text) in [(0, "0"), (999, "999"), (-1_000, "-1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(grouped(count), text);
    }
}

#[test]
fn hostile_text_does_nothing_to_a_terminal() {
    let text = "\u{1b}]0;title\u{7}\u{9b}2J\r\n\u{202e}gnp.exe\u{200b}\u{7f}";
    let safe = visible(text);
    assert_eq!(safe, "\\u{1b}]0;title\\u{7}\\u{9b}2J\\u{d}\\u{a}\\u{202e}gnp.exe\\u{200b}\\u{7f}");
    assert_eq!(visible(&"x".repeat(5_000)).chars().count(), 1_025);
}
