//! The facts that tshark produced, read.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::IpAddr;

use flowloom_engine::Summary;

use crate::common::shared;

/// Protocol and endpoints, the smaller one first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    protocol: String,
    ends: [(IpAddr, u16); 2],
}

/// What was said by both ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversation {
    /// The smaller endpoint first.
    pub(crate) sides: [Side; 2],
    times: Option<(i64, i64)>,
    timeless: bool,
    payload_unknown: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) payload: u64,
    pub(crate) flags: u64,
}

impl Side {
    pub(crate) fn add(&mut self, more: Self) {
        self.packets += more.packets;
        self.bytes += more.bytes;
        self.payload += more.payload;
        self.flags |= more.flags;
    }
}

/// The facts of one capture.
pub(crate) struct Facts {
    rows: Vec<Vec<String>>,
}

impl Facts {
    pub(crate) fn read(name: &str) -> Option<Self> {
        let path = shared().join("corpus/expected").join(format!("{name}.facts.tsv"));
        let text = fs::read_to_string(path).ok()?;
        let rows = text.lines().map(|line| line.split('\t').map(String::from).collect());
        Some(Self { rows: rows.collect() })
    }

    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a [String]> {
        self.rows.iter().filter(move |row| row[0] == kind).map(|row| &row[1..])
    }

    pub(crate) fn has_fragments(&self) -> bool {
        self.of_kind("frag").any(|row| row[1] != "atomic_fragments")
    }

    fn file(&self, name: &str) -> Option<&str> {
        self.of_kind("file").find(|row| row[0] == name).map(|row| row[1].as_str())
    }

    /// Which counts of frames and bytes differ, with both values.
    ///
    /// Not compared: captures at which tshark gave up (it reads less than there is), link types
    /// neither decodes (tshark takes pseudo headers off), and blocks that are no frames for us
    /// (tshark numbers custom blocks, and shows them as data without a link layer).
    pub(crate) fn frames_differ(&self, summary: &Summary) -> Vec<(&'static str, u64, u64)> {
        let total = &summary.total;
        let gave_up = self.of_kind("meta").any(|row| row[0] == "tshark_rc" && row[1] != "0");
        let blocks = self.of_kind("stack").find(|row| row[0] == "data").map(|row| row[1].as_str());
        let no_frames = blocks.map_or(0, |count| count.parse::<u64>().unwrap());
        if gave_up || !total.frames_unknown_link.is_empty() {
            return Vec::new();
        }
        [
            ("packets", total.frames + no_frames),
            ("captured_bytes", total.captured_bytes),
            ("wire_bytes", total.wire_bytes),
        ]
        .into_iter()
        .filter(|(name, _)| no_frames == 0 || *name == "packets")
        .filter_map(|(name, own)| {
            let theirs = self.file(name)?.parse().ok()?;
            (own != theirs).then_some((name, own, theirs))
        })
        .collect()
    }

    /// Whether there are packets of the protocol that tshark gave no stream, and are one row here
    /// whatever their endpoints: those behind a `FabricPath` tag.
    pub(crate) fn has_streamless(&self, protocol: &str) -> bool {
        self.of_kind("conv").any(|row| row[0] == protocol && row[1].is_empty())
    }

    /// Whether a portmapper answers. tshark takes all clients of a port that one names for one
    /// conversation, with the port of the first client.
    pub(crate) fn has_portmapper(&self) -> bool {
        self.of_kind("frames.proto").any(|row| row[0] == "portmap")
    }

    /// Whether tshark has a TCP header between the ports of `key`, without an IP header before it.
    pub(crate) fn has_without_addresses(&self, key: &Key) -> bool {
        let ports = key.ends.map(|(_, port)| port.to_string());
        self.of_kind("conv").any(|row| {
            let theirs = [&row[3], &row[5]];
            row[2].is_empty() && ports.iter().all(|port| theirs.contains(&port))
        })
    }

    /// The conversations, summed over tshark's streams.
    ///
    /// Apart from them the frames with SCTP, if there is a conversation of it: tshark tells
    /// associations by verification tags, whatever the addresses and ports.
    pub(crate) fn conversations(&self) -> (BTreeMap<Key, Conversation>, Option<u64>) {
        let mut sums = BTreeMap::new();
        let mut associations = None;
        for row in self.of_kind("conv").filter(|row| !row[2].is_empty()) {
            let end = |i: usize| (row[i].parse::<IpAddr>().unwrap(), row[i + 1].parse().unwrap());
            let (a, b) = (end(2), end(4));
            if row[0] == "sctp" {
                let mut frames = self.of_kind("frames.proto").filter(|row| row[0] == "sctp");
                associations = frames.next().map(|row| row[1].parse().unwrap());
                continue;
            }
            let number = |i: usize| row[i].parse::<i64>().unwrap().max(0) as u64;
            let flags = |i: usize| {
                u64::from_str_radix(row[i].trim_start_matches("0x"), 16).unwrap_or(0) & 0xff
            };
            let side = |packets: usize, flag: usize, payload: usize| Side {
                packets: number(packets),
                bytes: number(packets + 1),
                payload: number(payload),
                flags: flags(flag),
            };
            let mut sides = [side(6, 12, 14), side(8, 13, 15)];
            if a > b {
                sides.reverse();
            }
            let sum: &mut Conversation = sums.entry(Key::new(&row[0], a, b)).or_default();
            for (own, more) in sum.sides.iter_mut().zip(sides) {
                own.add(more);
            }
            sum.sum_endless(a == b);
            // Frames of simple packet blocks have no time.
            if row[10].is_empty() || row[11].is_empty() {
                sum.timeless = true;
            } else {
                sum.span(nanos(&row[10]), nanos(&row[11]));
            }
        }
        (sums, associations)
    }
}

impl Key {
    pub(crate) fn protocol(&self) -> &str {
        &self.protocol
    }

    pub(crate) fn ends(&self) -> [(IpAddr, u16); 2] {
        self.ends
    }

    pub(crate) fn new(protocol: &str, a: (IpAddr, u16), b: (IpAddr, u16)) -> Self {
        Self { protocol: protocol.into(), ends: [a.min(b), a.max(b)] }
    }

    /// Whether one of the ports is that of a tunnel over UDP.
    pub(crate) fn is_tunnel(&self) -> bool {
        self.ends
            .iter()
            .any(|(_, port)| matches!(port, 1701 | 2152 | 3544 | 4789 | 5072 | 5247 | 6081))
    }

    /// Whether only the checksum coverage is told of lengths, not the length.
    pub(crate) fn is_udp_lite(&self) -> bool {
        self.protocol == "udplite"
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(a, a_port), (b, b_port)] = self.ends;
        write!(f, "{} {a} {a_port} {b} {b_port}", self.protocol)
    }
}

impl Conversation {
    /// Widens the span of time.
    pub(crate) fn span(&mut self, first: i64, last: i64) {
        let (from, to) = self.times.unwrap_or((first, last));
        self.times = Some((from.min(first), to.max(last)));
    }

    /// When both endpoints are the same, nobody can tell the sides apart.
    pub(crate) fn sum_endless(&mut self, same: bool) {
        if same {
            self.sides = [self.both_sides(), Side::default()];
        }
    }

    /// Packets of both sides.
    pub(crate) fn packets(&self) -> u64 {
        self.both_sides().packets
    }

    /// Both sides together.
    pub(crate) fn both_sides(&self) -> Side {
        let [mut sum, other] = self.sides;
        sum.add(other);
        sum
    }

    /// Forgets the payload.
    pub(crate) fn without_payload(mut self) -> Self {
        self.sides.iter_mut().for_each(|side| side.payload = 0);
        self
    }

    /// Whether ours is tshark's; where there are fragments, by payload only.
    pub(crate) fn agrees(&self, theirs: &Self, payload_only: bool) -> bool {
        if theirs.payload_unknown {
            let counts = |sides: [Side; 2]| sides.map(|side| (side.packets, side.flags));
            return counts(self.sides) == counts(theirs.sides);
        }
        if payload_only {
            return self.sides.map(|side| side.payload) == theirs.sides.map(|side| side.payload);
        }
        self.sides == theirs.sides && (theirs.timeless || self.times == theirs.times)
    }
}

/// The name facts have for an IP protocol number.
pub(crate) fn protocol(number: u64) -> Option<&'static str> {
    match number {
        6 => Some("tcp"),
        17 => Some("udp"),
        132 => Some("sctp"),
        136 => Some("udplite"),
        _ => None,
    }
}

/// `seconds.nanoseconds` to nanoseconds.
pub(crate) fn nanos(text: &str) -> i64 {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let fraction = format!("{fraction:0<9.9}").parse::<i64>().unwrap();
    let seconds = seconds.parse::<i64>().unwrap();
    seconds.saturating_mul(1_000_000_000).saturating_add(sign * fraction)
}
