//! The tunnels a packet came through, as text.

use std::fmt::{self, Display, Formatter};

use flowloom_schema::LinkType;

use crate::erspan::Erspan;
use crate::geneve::Geneve;
use crate::gre::Gre;
use crate::gtp::Gtp;
use crate::l2tp::L2tp;
use crate::mpls::MplsLabel;
use crate::pppoe::Pppoe;
use crate::vxlan::Vxlan;
use crate::{Layer, LayerStack, Options, Packet, VlanTag, decode};

/// The tunnels around the innermost IP header, outermost first, with their identifiers:
/// `gre(key=7)/vxlan(vni=100)`, `mpls(16,17)`, `ip6ip` (IPv6 in IPv4). Empty when there are none.
///
/// VLANs are among them only if they are not in [`Packet::vlans`](crate::Packet::vlans): those of
/// outer Ethernet headers, and any after the second.
#[derive(Clone, Copy, Debug)]
pub struct TunnelPath<'a> {
    bytes: &'a [u8],
    layers: LayerStack,
}

/// The tunnels of a frame, which is decoded for it.
pub fn tunnel_path<'a>(
    link: LinkType,
    bytes: &'a [u8],
    original: u32,
    options: &Options,
) -> TunnelPath<'a> {
    let mut layers = LayerStack::new();
    decode(link, bytes, original, options, &mut layers, &mut Packet::default());
    TunnelPath::new(bytes, layers)
}

impl<'a> TunnelPath<'a> {
    /// Of the frame, or the reassembled payload, that was decoded into `layers`.
    pub fn new(bytes: &'a [u8], layers: LayerStack) -> Self {
        Self { bytes, layers }
    }

    /// The headers up to the innermost IP header.
    fn spans(&self) -> &[(Layer, u32)] {
        let spans = self.layers.spans();
        let is_ip = |(layer, _): &(Layer, u32)| matches!(layer, Layer::Ipv4 | Layer::Ipv6);
        let end = spans.iter().rposition(is_ip).map_or(0, |ip| ip + 1);
        spans.get(..end).unwrap_or(&[])
    }
}

impl Display for TunnelPath<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_ethernet = |(layer, _): &(Layer, u32)| *layer == Layer::Ethernet;
        let spans = self.spans();
        let innermost_ethernet = spans.iter().rposition(is_ethernet).unwrap_or(0);
        let mut own_vlans = 0;
        let mut outer_ip = None;
        let mut separator = "";
        for (index, &(layer, offset)) in spans.iter().enumerate() {
            let bytes = self.bytes.get(offset as usize..).unwrap_or(&[]);
            let outer = match layer {
                Layer::Ipv4 | Layer::Ipv6 => outer_ip.replace(layer),
                _ if is_extension(layer) => continue,
                _ => outer_ip.take(),
            };
            if layer == Layer::Vlan && index > innermost_ethernet && own_vlans < 2 {
                own_vlans += 1;
            } else if is_tunnel(outer, layer) {
                f.write_str(separator)?;
                write_tunnel(f, outer, layer, bytes)?;
                separator = "/";
            }
        }
        Ok(())
    }
}

/// Extension headers belong to the IP header before them.
fn is_extension(layer: Layer) -> bool {
    matches!(
        layer,
        Layer::HopByHop
            | Layer::Routing
            | Layer::FragmentHeader
            | Layer::DestinationOptions
            | Layer::Ah
    )
}

/// Whether a header, right after the IP header `outer` if there is one, is a tunnel's.
fn is_tunnel(outer: Option<Layer>, layer: Layer) -> bool {
    match layer {
        Layer::Ipv4 | Layer::Ipv6 | Layer::Ethernet => outer.is_some(),
        Layer::Vlan => true,
        _ => layer.is_tunnel(),
    }
}

/// A header that was read once can be read again; were it not so, its name would stand alone.
fn write_tunnel(
    f: &mut Formatter<'_>,
    outer: Option<Layer>,
    layer: Layer,
    bytes: &[u8],
) -> fmt::Result {
    match layer {
        Layer::Ipv4 | Layer::Ipv6 => {
            let name = |ip| if ip == Layer::Ipv4 { "ip" } else { "ip6" };
            write!(f, "{}{}", name(layer), outer.map_or("", name))
        }
        Layer::Vlan => {
            let id = VlanTag::parse(bytes).ok().and_then(|tag| tag.vlan().id());
            write_id(f, "vlan", "", id)
        }
        Layer::Mpls => write_labels(f, bytes),
        Layer::Pppoe => {
            write_id(f, "pppoe", "session=", Pppoe::parse(bytes).ok().map(|pppoe| pppoe.session()))
        }
        Layer::Itag => {
            let isid = bytes.first_chunk().map(|tag| u32::from_be_bytes(*tag) & 0x00ff_ffff);
            write_id(f, "pbb", "isid=", isid)
        }
        Layer::Gre => write_id(f, "gre", "key=", gre_of_version_0(bytes).and_then(|gre| gre.key())),
        Layer::Nvgre => {
            write_id(f, "nvgre", "vsid=", Gre::parse(bytes).ok().and_then(|gre| gre.vsid()))
        }
        Layer::Erspan => {
            write_id(f, "erspan", "id=", Erspan::parse(bytes).ok().map(|erspan| erspan.session()))
        }
        Layer::Vxlan => {
            write_id(f, "vxlan", "vni=", Vxlan::parse(bytes).ok().map(|vxlan| vxlan.vni()))
        }
        Layer::Geneve => {
            write_id(f, "geneve", "vni=", Geneve::parse(bytes).ok().map(|geneve| geneve.vni()))
        }
        Layer::Gtp => match Gtp::parse(bytes) {
            Ok(gtp) => write!(f, "gtp(teid={:#x})", gtp.teid()),
            Err(_) => f.write_str("gtp"),
        },
        Layer::L2tp => match L2tp::parse(bytes) {
            Ok(l2tp) => write!(f, "l2tp(tunnel={},session={})", l2tp.tunnel(), l2tp.session()),
            Err(_) => f.write_str("l2tp"),
        },
        other => f.write_str(other.name()),
    }
}

/// In version 1 the field is a length and a call.
fn gre_of_version_0(bytes: &[u8]) -> Option<Gre<'_>> {
    Gre::parse(bytes).ok().filter(|gre| gre.version() == 0)
}

fn write_id(
    f: &mut Formatter<'_>,
    name: &str,
    label: &str,
    id: Option<impl Display>,
) -> fmt::Result {
    match id {
        Some(id) => write!(f, "{name}({label}{id})"),
        None => f.write_str(name),
    }
}

fn write_labels(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("mpls")?;
    let mut separator = "(";
    for entry in bytes.chunks_exact(MplsLabel::LEN) {
        let Ok(label) = MplsLabel::parse(entry) else { break };
        write!(f, "{separator}{}", label.label())?;
        separator = ",";
        if label.is_bottom() {
            break;
        }
    }
    f.write_str(")")
}
