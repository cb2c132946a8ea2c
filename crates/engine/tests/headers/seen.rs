//! What decoding finds in frames, in the words of the facts.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use flowloom_capture::Frame;
use flowloom_flow::{Arrival, Datagram, Defrag, Limits};
use flowloom_schema::LinkType;
use flowloom_wire::erspan::Erspan;
use flowloom_wire::geneve::Geneve;
use flowloom_wire::gre::Gre;
use flowloom_wire::gtp::Gtp;
use flowloom_wire::igmp::Igmp;
use flowloom_wire::mpls::MplsLabel;
use flowloom_wire::pppoe::Pppoe;
use flowloom_wire::vxlan::Vxlan;
use flowloom_wire::{
    Arp, Checksum, FragmentHeader, Icmp, Ipv4, Layer, Layers, Marks, Options, Packet, Reason,
    VlanTag, decode, decode_payload,
};

use crate::expected::{Counts, Kind};

/// Reads the frames of a capture in order.
pub(crate) struct Reader {
    defrag: Defrag,
    frames: u64,
    counts: Counts,
}

impl Reader {
    pub(crate) fn new() -> Self {
        let defrag = Defrag::new(&Limits::default(), FRAGMENT_TIMEOUT);
        Self { defrag, frames: 0, counts: Counts::new() }
    }

    pub(crate) fn frame(&mut self, frame: &Frame, bytes: &[u8]) {
        self.frames += 1;
        let mut seen = Seen::default();
        let mut packet = Packet::default();
        let mut recorder = Recorder::default();
        decode(frame.link, bytes, frame.original, &OPTIONS, &mut recorder, &mut packet);
        seen.add(recorder, bytes, &packet);
        if packet.marks.has(Marks::FRAGMENT) {
            let (time, frame) = (frame.time.0, self.frames);
            let arrival = Arrival { packet, time, frame, ..Arrival::default() };
            self.reassemble(&arrival, bytes, &mut seen);
        }
        seen.count(&mut self.counts);
    }

    /// The counts, and of how many frames.
    pub(crate) fn finish(self) -> (Counts, u64) {
        (self.counts, self.frames)
    }

    /// As tshark does, what was put together is shown in the frame that completed it.
    fn reassemble(&mut self, arrival: &Arrival, bytes: &[u8], seen: &mut Seen) {
        let mut resolved = Vec::new();
        self.defrag.fragment(arrival, bytes, arrival.time, &mut resolved);
        for datagram in resolved {
            let Datagram::Whole { mut arrival, protocol, payload, .. } = datagram else { continue };
            let mut recorder = Recorder::default();
            decode_payload(&payload, protocol, &OPTIONS, &mut recorder, &mut arrival.packet);
            seen.add(recorder, &payload, &arrival.packet);
            if arrival.packet.marks.has(Marks::FRAGMENT) {
                self.reassemble(&arrival, &payload, seen);
            }
        }
    }
}

/// What was told of a frame, in order.
#[derive(Default)]
struct Recorder(Vec<Event>);

#[derive(Clone, Copy)]
enum Event {
    Layer(Layer, usize),
    Checksum(Layer, Checksum),
}

impl Layers for Recorder {
    fn layer(&mut self, layer: Layer, offset: usize) {
        self.0.push(Event::Layer(layer, offset));
    }

    fn checksum(&mut self, layer: Layer, checksum: Checksum) {
        self.0.push(Event::Checksum(layer, checksum));
    }
}

/// What was found in one frame.
#[derive(Default)]
struct Seen {
    stack: Vec<&'static str>,
    last: Option<Layer>,
    /// A frame counts once for each value, however often it is in it.
    tags: BTreeSet<String>,
    others: Vec<(Kind, String)>,
}

impl Seen {
    fn add(&mut self, recorder: Recorder, bytes: &[u8], packet: &Packet) {
        let mut events = recorder.0;
        if packet.marks.has(Marks::FRAGMENT) {
            without_payload_of_fragment(&mut events);
        }
        for event in events {
            match event {
                Event::Layer(layer, offset) => self.layer(layer, &bytes[offset..]),
                Event::Checksum(layer, checksum) => self.checksum(layer, checksum, packet),
            }
        }
        self.unnamed(bytes, packet);
    }

    fn layer(&mut self, layer: Layer, header: &[u8]) {
        // tshark 4.4 does not name an IP header that it guessed after labels.
        let is_guessed = self.last == Some(Layer::Mpls) && is_ip(layer);
        self.stack.extend(stack_name(layer).filter(|_| !is_guessed));
        self.last = Some(layer);
        tag(layer, header, &mut self.tags);
        self.others.extend(other(layer, header));
        match layer {
            Layer::Icmp | Layer::Icmp6 => self.quoted(layer, header),
            // Neither program verifies it; tshark says so in the count of UDP.
            Layer::UdpLite => self.others.push((Kind::Checksum, "udp_unverified".into())),
            _ => {}
        }
    }

    fn checksum(&mut self, layer: Layer, checksum: Checksum, packet: &Packet) {
        let is_transport = layer != Layer::Ipv4;
        if is_transport && self.stack.contains(&"fabricpath") {
            // tshark verifies none behind a FabricPath tag.
            assert_eq!(checksum, Checksum::Good);
            return;
        }
        let checksum = match (layer, checksum) {
            // UDP says its own length: where all of that was captured and not all that IP has, only
            // tshark gives up.
            (Layer::Udp, Checksum::Good | Checksum::Bad) if packet.marks.has(Marks::CLIPPED) => {
                Checksum::Unverifiable
            }
            // The others end where IP says: where that is beyond the frame, we give up, and tshark
            // adds up what is there.
            (Layer::Tcp | Layer::Icmp, Checksum::Unverifiable)
                if packet.marks.has(Marks::CLAMPED) =>
            {
                Checksum::Bad
            }
            _ => checksum,
        };
        self.others.push((Kind::Checksum, checksum_name(layer, checksum)));
    }

    /// tshark also verifies the headers that ICMP errors quote, and counts their fragments.
    fn quoted(&mut self, layer: Layer, header: &[u8]) {
        let icmp = Icmp::parse(header).unwrap();
        let (link, is_error) = match layer {
            Layer::Icmp => (LinkType::IPV4, matches!(icmp.kind(), 3 | 4 | 5 | 11 | 12)),
            _ => (LinkType::IPV6, matches!(icmp.kind(), 1..=4)),
        };
        let bytes = &header[Icmp::LEN..];
        if !is_error || bytes.is_empty() {
            return;
        }
        let mut recorder = Recorder::default();
        let mut packet = Packet::default();
        decode(link, bytes, bytes.len() as u32, &OPTIONS, &mut recorder, &mut packet);
        for event in recorder.0 {
            match event {
                Event::Checksum(layer, checksum) => self.checksum(layer, checksum, &packet),
                Event::Layer(layer, offset) => {
                    let found = other(layer, &bytes[offset..]);
                    self.others.extend(found.filter(|(kind, _)| *kind == Kind::Fragment));
                }
            }
        }
    }

    /// What tshark names otherwise, without a difference in what was read.
    fn unnamed(&mut self, bytes: &[u8], packet: &Packet) {
        // Protocol 62 was that of Mobile IPv6 in drafts; the registry gives it to CFTP.
        if packet.ip_version == 6 && packet.protocol == 62 {
            self.stack.push("ip6-mobility");
        }
        let Some(stop) = packet.stop else { return };
        let header = &bytes[stop.offset as usize..];
        match stop.layer {
            // The name of a damaged header is told, too, if its length was captured.
            Layer::Ipv4 | Layer::Tcp if self.last == Some(Layer::Mpls) => {}
            Layer::Ipv4 if header.len() >= 4 => self.stack.push("ip"),
            Layer::Tcp if stop.reason != Reason::Truncated => self.stack.push("tcp"),
            // For tshark, any UDP datagram over IPv6 may say that its length is 0; without a
            // checksum, it has a word of its own for it.
            Layer::Udp if packet.ip_version == 6 && header[4..8] == [0; 4] => {
                self.others.push((Kind::Checksum, "udp_illegal".into()));
            }
            // A first header that is damaged goes without a name.
            Layer::Nflog => self.stack.clear(),
            _ => {}
        }
    }

    fn count(self, counts: &mut Counts) {
        let mut add = |kind, what: String| *counts.entry((kind, what)).or_default() += 1;
        add(Kind::Stack, self.stack.join(" "));
        for tag in self.tags {
            add(Kind::Tag, tag);
        }
        for (kind, what) in self.others {
            add(kind, what);
        }
    }
}

/// tshark shows the headers of a fragment's payload only once the datagram is complete.
fn without_payload_of_fragment(events: &mut Vec<Event>) {
    let is_fragmented =
        |event: &Event| matches!(event, Event::Layer(Layer::Ipv4 | Layer::FragmentHeader, _));
    let Some(header) = events.iter().rposition(is_fragmented) else { return };
    let mut at = 0;
    events.retain(|event| {
        at += 1;
        at <= header + 1 || matches!(event, Event::Checksum(Layer::Ipv4, _))
    });
}

fn is_ip(layer: Layer) -> bool {
    matches!(layer, Layer::Ipv4 | Layer::Ipv6)
}

fn stack_name(layer: Layer) -> Option<&'static str> {
    match layer {
        Layer::Snap => None,
        Layer::Nvgre => Some("gre"),
        Layer::LinuxSll2 => Some("sll"),
        other => Some(other.name()),
    }
}
fn checksum_name(layer: Layer, checksum: Checksum) -> String {
    let layer = match layer {
        Layer::Ipv4 => "ipv4",
        Layer::Icmp6 => "icmpv6",
        other => other.name(),
    };
    let checksum = match checksum {
        Checksum::Good | Checksum::Partial => "good",
        Checksum::Bad => "bad",
        Checksum::Absent => "not_present",
        Checksum::Unverifiable => "unverified",
    };
    format!("{layer}_{checksum}")
}

fn tag(layer: Layer, bytes: &[u8], tags: &mut BTreeSet<String>) {
    let mut add = |name: &str, value: u32| {
        tags.insert(format!("{name} {value}"));
    };
    match layer {
        Layer::Vlan => add("vlan", VlanTag::parse(bytes).unwrap().vlan().id().unwrap().into()),
        Layer::Mpls => {
            for entry in bytes.chunks_exact(MplsLabel::LEN) {
                let label = MplsLabel::parse(entry).unwrap();
                add("mpls", label.label());
                if label.is_bottom() {
                    break;
                }
            }
        }
        Layer::Vxlan => add("vxlan", Vxlan::parse(bytes).unwrap().vni()),
        Layer::Geneve => add("geneve", Geneve::parse(bytes).unwrap().vni()),
        Layer::Gtp => add("gtp", Gtp::parse(bytes).unwrap().teid()),
        Layer::Gre | Layer::Nvgre => add("gre", Gre::parse(bytes).unwrap().protocol().0.into()),
        Layer::Erspan => add("erspan", Erspan::parse(bytes).unwrap().session().into()),
        Layer::Pppoe | Layer::PppoeDiscovery => {
            add("pppoe", Pppoe::parse(bytes).unwrap().session().into());
        }
        _ => {}
    }
}

/// Fragments and messages.
fn other(layer: Layer, bytes: &[u8]) -> Option<(Kind, String)> {
    match layer {
        Layer::Ipv4 if Ipv4::parse(bytes).unwrap().is_fragment() => {
            Some((Kind::Fragment, "ipv4".to_owned()))
        }
        Layer::FragmentHeader => {
            let is_atomic = FragmentHeader::parse(bytes).unwrap().is_atomic();
            Some((Kind::Fragment, if is_atomic { "ipv6 atomic" } else { "ipv6" }.to_owned()))
        }
        Layer::Icmp | Layer::Icmp6 => {
            let icmp = Icmp::parse(bytes).unwrap();
            let name = if layer == Layer::Icmp { "icmp" } else { "icmpv6" };
            Some((Kind::Message, format!("{name} {} {}", icmp.kind(), icmp.code())))
        }
        Layer::Igmp => {
            let kind = Igmp::parse(bytes).unwrap().kind();
            Some((Kind::Message, format!("igmp {kind:#04x}")))
        }
        Layer::Arp => {
            let arp = Arp::parse(bytes).unwrap();
            let what = match arp.ethernet_ipv4() {
                Some([(mac, sender), (_, target)]) => {
                    let mac = mac.map(|byte| format!("{byte:02x}")).join(":");
                    format!("{} {sender} {target} {mac}", arp.operation())
                }
                None => foreign_arp(bytes),
            };
            Some((Kind::Arp, what))
        }
        _ => None,
    }
}

/// IPv4 over hardware other than Ethernet, whose addresses tshark does not show; or ARP of something
/// else, or cut.
fn foreign_arp(bytes: &[u8]) -> String {
    let operation = u16::from_be_bytes([bytes[6], bytes[7]]);
    let address =
        |at: usize| bytes.get(at..)?.first_chunk().map(|ip: &[u8; 4]| Ipv4Addr::from(*ip));
    let hardware_len = usize::from(bytes[4]);
    let is_ipv4 = bytes[2..4] == [8, 0] && bytes[5] == 4;
    let addresses = address(8 + hardware_len).zip(address(12 + 2 * hardware_len));
    match addresses.filter(|_| is_ipv4) {
        Some((sender, target)) => format!("{operation} {sender} {target} "),
        None => format!("{operation}   "),
    }
}

const OPTIONS: Options = Options { verify_checksums: true, ip_headers_max: 8 };
/// Of no consequence: tshark waits for ever.
const FRAGMENT_TIMEOUT: i64 = i64::MAX / 2;
