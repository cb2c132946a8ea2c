//! What `decode` finds in a frame, in the words of the facts.

use std::collections::BTreeSet;

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
    Arp, Checksum, FragmentHeader, Icmp, Ipv4, Layer, LayerStack, Layers, Options, Packet, VlanTag,
    decode,
};

use crate::expected::{Counts, Kind};

/// The headers of a frame and what came of their checksums.
struct Recorder {
    stack: LayerStack,
    checksums: Vec<(Layer, Checksum)>,
}

impl Layers for Recorder {
    fn layer(&mut self, layer: Layer, offset: usize) {
        self.stack.layer(layer, offset);
    }

    fn checksum(&mut self, layer: Layer, checksum: Checksum) {
        self.checksums.push((layer, checksum));
    }
}

pub(crate) fn frame(link: LinkType, bytes: &[u8], original: u32, counts: &mut Counts) {
    let mut recorder = Recorder { stack: LayerStack::new(), checksums: Vec::new() };
    let options = Options { verify_checksums: true, ..Options::default() };
    decode(link, bytes, original, &options, &mut recorder, &mut Packet::default());
    let spans = recorder.stack.spans();
    let mut add = |kind, what: String| *counts.entry((kind, what)).or_default() += 1;
    add(Kind::Stack, stack(spans));
    for (layer, checksum) in recorder.checksums {
        add(Kind::Checksum, checksum_name(layer, checksum));
    }
    // A frame counts once for each value, however often it is in it.
    let mut tags = BTreeSet::new();
    for &(layer, offset) in spans {
        let header = &bytes[offset as usize..];
        tag(layer, header, &mut tags);
        if let Some((kind, what)) = message(layer, header) {
            add(kind, what);
        }
    }
    for what in tags {
        add(Kind::Tag, what);
    }
}

fn stack(spans: &[(Layer, u32)]) -> String {
    let names = spans.iter().filter_map(|(layer, _)| match layer {
        Layer::Snap => None,
        Layer::Nvgre => Some("gre"),
        Layer::LinuxSll2 => Some("sll"),
        other => Some(other.name()),
    });
    names.collect::<Vec<_>>().join(" ")
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

fn message(layer: Layer, bytes: &[u8]) -> Option<(Kind, String)> {
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
                None => format!("{}   ", arp.operation()),
            };
            Some((Kind::Arp, what))
        }
        _ => None,
    }
}
