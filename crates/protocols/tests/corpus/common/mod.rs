//! What the tests on the corpus share: captures to conversations, and the facts that tshark wrote.

use std::collections::HashMap;
use std::fs;
use std::io::Cursor;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowloom_capture::{Block, Capture, Limits as CaptureLimits, Source};
use flowloom_flow::{Arrival, Datagram, Defrag, Direction, Limits as FlowLimits};
use flowloom_protocols::{
    Conversation, Ends, Findings, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};
use flowloom_wire::tcp_flags::{ACK, SYN};
use flowloom_wire::{Address, Marks, Options, Packet, Transport as Carried, decode_beginning};

/// A flow of a capture: a pair of endpoints of one transport.
pub(crate) struct Flow {
    pub(crate) transport: Transport,
    /// The initiator first.
    pub(crate) ends: [(IpAddr, u16); 2],
    pub(crate) conversation: Conversation,
    at: Ends,
    /// The sequence number of its first packet.
    first_seq: u32,
}

impl Flow {
    /// What was found.
    pub(crate) fn findings(&self) -> &Findings {
        self.conversation.findings()
    }

    /// Source and destination of what a side sent.
    pub(crate) fn sent(&self, from: Direction) -> [(IpAddr, u16); 2] {
        let [initiator, other] = self.ends;
        if from == Direction::Up { [initiator, other] } else { [other, initiator] }
    }
}

/// The flows of a capture, in the order of their first packets.
#[derive(Default)]
pub(crate) struct Flows {
    flows: Vec<Flow>,
    open: HashMap<(IsTcp, [(Address, u16); 2]), usize>,
}

type IsTcp = bool;

/// Reads a capture; none if it is none.
pub(crate) fn flows(path: &Path, wants: Wants) -> Option<Vec<Flow>> {
    let bytes = Box::new(Cursor::new(fs::read(path).ok()?));
    let mut capture = Capture::from_reader("test", bytes, CaptureLimits::default()).ok()?;
    let mut shared = Shared::new(Arc::new(Registry::new()), wants, Limits::default(), 1);
    let mut flows = Flows::default();
    let mut defrag = Defrag::new(&FlowLimits::default(), 30_000_000_000);
    let mut block = Block::default();
    let mut whole = Vec::new();
    while capture.read(&mut block).unwrap_or(false) {
        for (at, frame) in block.frames.iter().enumerate() {
            let data = block.data(frame);
            let mut packet = Packet::default();
            let options = Options::default();
            flowloom_wire::decode(frame.link, data, frame.original, &options, &mut (), &mut packet);
            let stamp = Stamp { frame: block.first + at as u64, time: frame.time.0 };
            if !packet.marks.has(Marks::FRAGMENT) {
                flows.packet(&packet, data, stamp, &mut shared);
                continue;
            }
            let arrival =
                Arrival { packet, time: stamp.time, frame: stamp.frame, ..Arrival::default() };
            defrag.fragment(&arrival, data, stamp.time, &mut whole);
            for datagram in whole.drain(..) {
                let (arrival, protocol, payload, len) = match datagram {
                    Datagram::Whole { arrival, protocol, payload, .. } => {
                        (arrival, protocol, payload, 0)
                    }
                    Datagram::Beginning { arrival, protocol, payload, len } => {
                        (arrival, protocol, payload, len)
                    }
                    _ => continue,
                };
                let mut packet = arrival.packet;
                packet.marks = packet.marks.without(Marks::FRAGMENT);
                decode_beginning(&payload, len, protocol, &options, &mut (), &mut packet);
                flows.packet(&packet, &payload, stamp, &mut shared);
            }
        }
    }
    for flow in &mut flows.flows {
        flow.conversation.end(flow.at, &mut shared);
    }
    Some(flows.flows)
}

impl Flows {
    fn packet(&mut self, packet: &Packet, data: &[u8], stamp: Stamp, shared: &mut Shared) {
        let transport = match packet.transport {
            Carried::Tcp => Transport::Tcp,
            Carried::Udp => Transport::Udp,
            _ => return,
        };
        let sent = [(packet.src, packet.src_port), (packet.dst, packet.dst_port)];
        let mut key = sent;
        key.sort_unstable();
        let key = (transport == Transport::Tcp, key);
        let is_opening = transport == Transport::Tcp && packet.tcp_flags & (SYN | ACK) == SYN;
        let known = self.open.get(&key).copied().filter(|at| {
            // A connection on the same ports after another has ended, not its SYN again.
            let flow = &self.flows[*at];
            !is_opening || !flow.is_used() || flow.first_seq == packet.seq
        });
        let at = known.unwrap_or_else(|| {
            let ends = sent.map(|(address, port)| (address.to_ip(packet.ip_version), port));
            let [(src, _), (dst, _)] = sent;
            self.flows.push(Flow {
                transport,
                ends,
                conversation: Conversation::default(),
                at: Ends {
                    addresses: [src, dst],
                    ports: [packet.src_port, packet.dst_port],
                    ip_version: packet.ip_version,
                    flow_id: 0,
                },
                first_seq: packet.seq,
            });
            self.open.insert(key, self.flows.len() - 1);
            self.flows.len() - 1
        });
        let flow = &mut self.flows[at];
        let is_up = (flow.at.addresses[0], flow.at.ports[0]) == (packet.src, packet.src_port);
        #[cfg(feature = "ja4plus")]
        let header = data.get(packet.trans_offset as usize..).unwrap_or_default();
        let start = packet.app_offset as usize;
        let end = (start + packet.app_len as usize).min(data.len());
        let payload = Payload {
            transport,
            direction: if is_up { Direction::Up } else { Direction::Down },
            seq: packet.seq,
            tcp_flags: packet.tcp_flags,
            len: packet.app_len,
            bytes: data.get(start..end).unwrap_or_default(),
            stamp,
            ends: flow.at,
        };
        flow.conversation.packet(&payload, shared);
        #[cfg(feature = "ja4plus")]
        if let Ok(tcp) = flowloom_wire::Tcp::parse(header) {
            let findings = flow.conversation.findings_mut();
            let is_ssh = findings.ssh.is_some();
            let plus = findings.ja4plus.get_or_insert_default();
            plus.segment(payload.direction, &tcp, payload.len, is_ssh);
        }
    }
}

impl Flow {
    /// Whether something was said already.
    fn is_used(&self) -> bool {
        !self.findings().applications.is_empty()
    }
}

/// The facts of one kind of a capture: the cells after the kind, lists still joined by `|`.
pub(crate) fn facts(path: &Path, kind: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let rows = text.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix('\t'));
    rows.map(|row| row.split('\t').map(str::to_owned).collect()).collect()
}

/// Captures of the corpus with their facts, by `source/name`; none, and a word about it, where
/// there is no corpus.
pub(crate) fn corpus() -> Vec<(String, PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let mut found = Vec::new();
    for source in fs::read_dir(root.join("expected")).into_iter().flatten().flatten() {
        for facts in fs::read_dir(source.path()).into_iter().flatten().flatten() {
            let name = facts.file_name().to_string_lossy().into_owned();
            let Some(capture) = name.strip_suffix(".facts.tsv") else { continue };
            let source_name = source.file_name().to_string_lossy().into_owned();
            let path = root.join(&source_name).join(capture);
            if path.is_file() {
                found.push((format!("{source_name}/{capture}"), path, facts.path()));
            }
        }
    }
    if found.is_empty() {
        eprintln!("skipped: there is no corpus at {}", root.display());
    }
    found.sort();
    found
}
