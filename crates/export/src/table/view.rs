//! Which columns of a table a person sees, and their values in words.

use std::fmt::Write as _;

use flowloom_schema::{Batch, Column, DataType, List, Role, Series, Timestamp, Values};

use super::layout::{Align, Cut, Shown, Style};
use crate::text::{hex, is_invisible, plain};

/// The columns shown, and how their cells come from a row.
pub(super) struct View {
    pub(super) columns: Vec<Shown>,
    sources: Vec<Source>,
    /// Which of them is the capture that a flow is of.
    capture: Option<usize>,
}

/// Where the text of a cell comes from: places of columns in the batch, and what they mean.
enum Source {
    Value(usize),
    Time(usize),
    Protocol(usize),
    Endpoint {
        address: usize,
        port: Option<usize>,
    },
    Duration(usize),
    Count(usize),
    Bytes(usize),
    /// The first that is not null.
    First(Vec<usize>),
    /// The first of a list, and how many more there are.
    Several(usize),
}

/// Of what flows say, in sets that are asked for: what a person looks for first, and its title.
const SAID: [(&str, &str); 13] = [
    ("tls_sni", "sni"),
    ("tls_version", "version"),
    ("tls_ja4", "ja4"),
    ("quic_version", "quic"),
    ("http_method", "method"),
    ("http_url", "url"),
    ("http_status", "status"),
    ("dns_query", "query"),
    ("dns_query_type", "type"),
    ("dns_rcode", "rcode"),
    ("dhcp_hostname", "host"),
    ("ssh_client", "client"),
    ("ssh_server", "ssh server"),
];

impl View {
    pub(super) fn new(columns: &[Column], all: bool) -> Self {
        let mut view = Self { columns: Vec::new(), sources: Vec::new(), capture: None };
        let at = |name: &str| columns.iter().position(|column| column.name == name);
        match (at("src_ip"), at("dst_ip")) {
            (Some(source), Some(destination)) if !all => {
                view.of_flows(&at, source, destination);
                view.of_labels(columns);
            }
            _ if at("client").is_some() && !all => {
                view.of_traces(&at);
                view.of_labels(columns);
            }
            _ => view.of_everything(columns),
        }
        view
    }

    /// The rank says how long a column stays when the terminal is narrow: 0 for ever.
    fn of_flows(&mut self, at: &dyn Fn(&str) -> Option<usize>, source: usize, destination: usize) {
        let number = Shown { align: Align::Right, ..Shown::default() };
        let value = |name| at(name).map(Source::Value);
        let name = Shown { rank: 24, cut: Cut::Middle, least: 12, ..Shown::default() };
        self.capture = at("capture").map(|_| self.columns.len());
        self.add(value("capture"), name.named("capture"));
        self.add(value("flow_id"), Shown { rank: 1, style: Style::Dim, ..number.named("flow") });
        let start = Shown { rank: 22, ..Shown::default().named("start") };
        self.add(at("start_time").map(Source::Time), start);
        let protocol = Shown { rank: 1, style: Style::Protocol, ..Shown::default().named("proto") };
        self.add(at("protocol").map(Source::Protocol), protocol);
        let end = Shown { cut: Cut::Middle, least: 21, ..Shown::default() };
        self.add(
            Some(Source::Endpoint { address: source, port: at("src_port") }),
            Shown { align: Align::Right, ..end.named("source") },
        );
        self.add(
            Some(Source::Endpoint { address: destination, port: at("dst_port") }),
            Shown { gap: " → ", ..end.named("destination") },
        );
        let text = Shown { cut: Cut::End, least: 12, ..Shown::default() };
        self.add(value("application"), Shown { rank: 2, ..text.named("app") });
        self.add(value("server_name"), Shown { rank: 3, ..text.named("server") });
        for (n, (column, title)) in SAID.into_iter().enumerate() {
            // Where there are servers, theirs is the name.
            if column == "tls_sni" && at("server_name").is_some() {
                continue;
            }
            self.add(value(column), Shown { rank: 4 + n, ..text.named(title) });
        }
        let count = |name| at(name).map(Source::Count);
        let bytes = |name| at(name).map(Source::Bytes);
        self.add(count("up_packet_count"), Shown { rank: 23, ..number.named("pkts ↑") });
        self.add(count("down_packet_count"), Shown { rank: 23, ..number.named("pkts ↓") });
        self.add(bytes("up_byte_count"), Shown { rank: 20, ..number.named("bytes ↑") });
        self.add(bytes("down_byte_count"), Shown { rank: 20, ..number.named("bytes ↓") });
        let duration = at("duration").map(Source::Duration);
        self.add(duration, Shown { rank: 21, ..number.named("duration") });
        let states: Vec<usize> = ["tcp_state", "end_reason"].into_iter().filter_map(at).collect();
        let state = (!states.is_empty()).then_some(Source::First(states));
        self.add(state, Shown { rank: 25, ..text.named("state") });
    }

    fn of_traces(&mut self, at: &dyn Fn(&str) -> Option<usize>) {
        let number = Shown { align: Align::Right, ..Shown::default() };
        let name = Shown { cut: Cut::Middle, least: 16, ..Shown::default() };
        self.add(at("capture").map(Source::Value), name.named("capture"));
        let start = Shown { rank: 6, ..Shown::default().named("start") };
        self.add(at("start_time").map(Source::Time), start);
        let client = Shown { rank: 3, ..name.named("client") };
        self.add(at("client").map(Source::Several), client);
        let count = |name| at(name).map(Source::Count);
        let bytes = |name| at(name).map(Source::Bytes);
        self.add(count("flow_count"), Shown { rank: 1, ..number.named("flows") });
        self.add(count("up_packet_count"), Shown { rank: 5, ..number.named("pkts ↑") });
        self.add(count("down_packet_count"), Shown { rank: 5, ..number.named("pkts ↓") });
        self.add(bytes("up_byte_count"), Shown { rank: 2, ..number.named("bytes ↑") });
        self.add(bytes("down_byte_count"), Shown { rank: 2, ..number.named("bytes ↓") });
        self.add(count("packet_count"), Shown { rank: 4, ..number.named("pkts") });
        let duration = at("duration").map(Source::Duration);
        self.add(duration, Shown { rank: 4, ..number.named("duration") });
    }

    /// Whoever labelled the captures wants to see it.
    fn of_labels(&mut self, columns: &[Column]) {
        let labels = columns.iter().enumerate().filter(|(_, column)| column.role == Role::Label);
        for (i, column) in labels {
            let title = visible(column.name.strip_prefix("label_").unwrap_or(&column.name));
            let shown = Shown { cut: Cut::End, least: 12, rank: 3, ..Shown::default() };
            self.add(Some(Source::Value(i)), shown.named(&title));
        }
    }

    fn of_everything(&mut self, columns: &[Column]) {
        for (i, column) in columns.iter().enumerate() {
            let title = visible(&column.name);
            let shown = Shown { rank: i, ..Shown::default().named(&title) };
            let text = Shown { cut: Cut::End, least: 12, ..shown.clone() };
            match column.data_type {
                DataType::List(_) => self.add(Some(Source::Several(i)), text),
                DataType::Struct(_) => {}
                DataType::Time => self.add(Some(Source::Time(i)), shown),
                DataType::Text | DataType::Binary | DataType::Bool => {
                    self.add(Some(Source::Value(i)), text);
                }
                _ => self.add(Some(Source::Value(i)), Shown { align: Align::Right, ..shown }),
            }
        }
    }

    fn add(&mut self, source: Option<Source>, shown: Shown) {
        if let Some(source) = source {
            self.sources.push(source);
            self.columns.push(shown);
        }
    }

    /// The cells of a row, one for each of the columns.
    pub(super) fn cells(&self, batch: &Batch, row: usize) -> Vec<String> {
        self.sources.iter().map(|source| source.cell(batch, row)).collect()
    }

    /// Empties the column of captures if all flows are of one: numbers tell them apart then.
    pub(super) fn leave_out_lone_capture(&self, rows: &mut [Vec<String>]) {
        let Some(at) = self.capture else { return };
        let mut cells = rows.iter().map(|row| &row[at]);
        let first = cells.next();
        if cells.all(|cell| Some(cell) == first) {
            for row in rows {
                row[at].clear();
            }
        }
    }

    pub(super) fn is_time(&self, column: usize) -> bool {
        matches!(self.sources[column], Source::Time(_))
    }

    /// Takes the day from the times if it is the same in all of them, and gives it.
    pub(super) fn shorten_days(&self, rows: &mut [Vec<String>]) -> Option<String> {
        let times: Vec<usize> = (0..self.sources.len()).filter(|&i| self.is_time(i)).collect();
        let mut day: Option<String> = None;
        for cell in rows.iter().flat_map(|row| times.iter().map(|&i| &row[i])) {
            match (cell.split_once(' '), &day) {
                (Some((of_cell, _)), Some(day)) if of_cell != day => return None,
                (Some((of_cell, _)), None) => day = Some(of_cell.to_owned()),
                _ => {}
            }
        }
        for row in rows {
            for &i in &times {
                if let Some((_, of_day)) = row[i].split_once(' ') {
                    row[i] = String::from(of_day);
                }
            }
        }
        day
    }
}

impl Source {
    /// The text of a cell, empty for a null.
    fn cell(&self, batch: &Batch, row: usize) -> String {
        let series = |column: usize| {
            Some(&batch.columns[column]).filter(|series| series.validity.is_valid(row))
        };
        let text = match self {
            Self::Value(i) => series(*i).map(|s| value(s, row)),
            Self::Time(i) => series(*i).and_then(|s| time(s, row)),
            Self::Protocol(i) => series(*i).map(|s| protocol(&value(s, row))),
            Self::Endpoint { address, port } => series(*address).map(|s| {
                let port = port.and_then(series).map(|s| value(s, row));
                endpoint(value(s, row), port)
            }),
            Self::Duration(i) => series(*i).and_then(|s| match &s.values {
                Values::F64(v) => Some(duration(v[row])),
                _ => None,
            }),
            Self::Count(i) => series(*i).and_then(|s| match &s.values {
                Values::I64(v) => Some(grouped(v[row])),
                _ => None,
            }),
            Self::Bytes(i) => series(*i).and_then(|s| match &s.values {
                Values::I64(v) => Some(bytes(v[row])),
                _ => None,
            }),
            Self::Several(i) => series(*i).and_then(|s| several(s, row)),
            Self::First(columns) => columns.iter().find_map(|&i| series(i)).map(|s| value(s, row)),
        };
        text.unwrap_or_default()
    }
}

fn several(series: &Series, row: usize) -> Option<String> {
    let Values::List(List { offsets, items }) = &series.values else { return None };
    let (first, end) = (*offsets.get(row)? as usize, *offsets.get(row + 1)? as usize);
    Some(match end - first {
        0 => String::new(),
        1 => value(items, first),
        several => format!("{} +{}", value(items, first), several - 1),
    })
}

fn value(series: &Series, row: usize) -> String {
    let mut out = Vec::new();
    match &series.values {
        Values::Text(text) => return visible(text.get(row)),
        Values::Time(_) => return time(series, row).unwrap_or_default(),
        Values::Binary(bytes) => hex(bytes.get(row), &mut out),
        others => plain(others, row, &mut out),
    }
    visible(&String::from_utf8(out).unwrap_or_default())
}

/// Text from the wire, harmless: what could act on the terminal or hide is shown by its number.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars().take(TEXT_CHARS_MAX) {
        if c.is_control() || is_invisible(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Day and time of day, with milliseconds.
fn time(series: &Series, row: usize) -> Option<String> {
    let Values::Time(times) = &series.values else { return None };
    let text = Timestamp(times[row]).to_string();
    let (day, of_day) = text.split_once('T')?;
    let milliseconds = of_day.get(..of_day.len().checked_sub("000000Z".len())?)?;
    Some(format!("{day} {milliseconds}"))
}

/// The name of an IP protocol (IANA's registry of protocol numbers), or its number.
fn protocol(number: &str) -> String {
    let name = match number {
        "0" => "HOPOPT",
        "1" => "ICMP",
        "2" => "IGMP",
        "4" => "IPIP",
        "6" => "TCP",
        "17" => "UDP",
        "33" => "DCCP",
        "41" => "IPv6",
        "46" => "RSVP",
        "47" => "GRE",
        "50" => "ESP",
        "51" => "AH",
        "58" => "ICMPv6",
        "88" => "EIGRP",
        "89" => "OSPF",
        "97" => "EtherIP",
        "103" => "PIM",
        "112" => "VRRP",
        "115" => "L2TP",
        "132" => "SCTP",
        "136" => "UDPLite",
        "137" => "MPLS",
        other => other,
    };
    name.to_owned()
}

fn endpoint(address: String, port: Option<String>) -> String {
    match port {
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
        None => address,
    }
}

/// Three significant digits below a minute; minutes and hours in full above.
pub(super) fn duration(seconds: f64) -> String {
    let magnitude = seconds.abs();
    if magnitude == 0.0 {
        "0".to_owned()
    } else if magnitude < 999.5e-9 {
        format!("{} ns", digits(seconds * 1e9))
    } else if magnitude < 999.5e-6 {
        format!("{} µs", digits(seconds * 1e6))
    } else if magnitude < 999.5e-3 {
        format!("{} ms", digits(seconds * 1e3))
    } else if magnitude < 59.95 {
        format!("{} s", digits(seconds))
    } else {
        let whole = seconds.round() as i64;
        let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
        if hours == 0 {
            format!("{minutes} m {seconds:02} s")
        } else {
            format!("{hours} h {minutes:02} m")
        }
    }
}

/// Powers of ten, three significant digits.
pub(super) fn bytes(count: i64) -> String {
    let mut value = count as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        if value.abs() < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = larger;
    }
    if unit == "B" { format!("{count} B") } else { format!("{} {unit}", digits(value)) }
}

/// Three significant digits of a number below a thousand.
fn digits(value: f64) -> String {
    match value.abs() {
        v if v < 9.995 => format!("{value:.2}"),
        v if v < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// A count with its thousands apart: `12,345`.
pub(super) fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::from(if count < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Characters of a text, at most: a name on the wire can have 65,535, and rows are kept in memory.
const TEXT_CHARS_MAX: usize = 1_024;
