//! The way down a frame: from its link header to the innermost transport header.
//!
//! [`Walk`] has a method for each kind of header, and each calls the one for what comes next; the
//! files beside this one hold those of the link layers, of IP, of transport and of tunnels. Most
//! frames do not take it but a short cut, `common.rs`, to the same end. Nesting is bounded twice: IP
//! headers by [`Options::ip_headers_max`], all others by [`HEADERS_MAX`].

mod common;
mod ether;
mod ip;
mod link;
mod probe;
mod transport;
mod tunnel;
mod verify;

use flowloom_schema::LinkType;

use crate::rest::Rest;
use crate::{
    Address, DecodeError, FragmentHeader, Layer, Layers, Marks, Options, Packet, Reason, Vlan,
};

pub use link::link_is_known;

/// Decodes a frame; never fails: what could not be read is said in [`Packet::stop`].
///
/// `original` is the length the frame had on the wire. A snap length shortens no length in the
/// packet; where it cuts a header, the way down ends.
#[inline]
pub fn decode(
    link: LinkType,
    bytes: &[u8],
    original: u32,
    options: &Options,
    layers: &mut impl Layers,
    packet: &mut Packet,
) {
    let is_ethernet = link == LinkType::ETHERNET;
    if !(is_ethernet && common::decode_common(bytes, original, options, layers, packet)) {
        walk(link, bytes, original, *options, layers, packet);
    }
}

/// Decodes any frame.
#[inline(never)]
fn walk(
    link: LinkType,
    bytes: &[u8],
    original: u32,
    options: Options,
    layers: &mut impl Layers,
    packet: &mut Packet,
) {
    *packet = Packet::default();
    let rest = Rest::new(bytes, original);
    let mut walk = Walk::new(&options, layers, packet);
    if link == LinkType::ETHERNET {
        walk.ethernet(rest);
    } else {
        walk.link(link, rest.bytes, rest.extent);
    }
    if walk.packet.ip_version == 0 {
        walk.outside.tell(walk.packet);
    }
}

/// Decodes the payload of an IP datagram that was put together from fragments: `bytes`, which
/// begin with what `protocol` says, the number in the IPv4 header or in the fragment header.
///
/// `packet` is that of the fragment that completed the datagram. Its IP header stays, but for the
/// lengths, which become those of the whole datagram, and [`Marks::FRAGMENT`], which is taken away:
/// if it is set afterwards, a tunnel in the datagram carried another fragment. `trans_offset` and
/// `app_offset` count in `bytes` then, and so does `ip_offset` if a tunnel was entered (the mark
/// [`Marks::TUNNELED`] was not there and is now, or `ip_offset` has changed). Hardware addresses of an
/// Ethernet header within the datagram count in `bytes`, too; without one, those of `packet` stay.
pub fn decode_payload(
    bytes: &[u8],
    protocol: u8,
    options: &Options,
    layers: &mut impl Layers,
    packet: &mut Packet,
) {
    decode_beginning(bytes, 0, protocol, options, layers, packet);
}

/// The same of the first fragment alone, if the datagram cannot be put together because that one was
/// cut by a snap length. The datagram has `len` bytes of payload, as far as is known.
pub fn decode_beginning(
    bytes: &[u8],
    len: u32,
    protocol: u8,
    options: &Options,
    layers: &mut impl Layers,
    packet: &mut Packet,
) {
    let rest = Rest::new(bytes, len);
    let fragment = *packet;
    // A datagram that was never cut has no fragment header.
    let fragment_header_len = if fragment.ip_version == 6 { FragmentHeader::LEN as u32 } else { 0 };
    let header_len = fragment.ip_len.saturating_sub(fragment.trans_len + fragment_header_len);
    *packet = Packet {
        src: fragment.src,
        dst: fragment.dst,
        vlans: fragment.vlans,
        vni_plus_one: fragment.vni_plus_one,
        ip_len: header_len + rest.extent.len,
        ip_offset: fragment.ip_offset,
        marks: fragment.marks.without(Marks::FRAGMENT),
        ip_version: fragment.ip_version,
        ttl: fragment.ttl,
        tos: fragment.tos,
        last: fragment.last,
        ..Packet::default()
    };
    let mut walk = Walk::new(options, layers, packet);
    walk.ip_headers = 1;
    walk.outside.vlans = fragment.vlans;
    walk.outside.vni_plus_one = fragment.vni_plus_one;
    walk.outside.is_tunnel = fragment.marks.has(Marks::TUNNELED);
    walk.next_header(protocol, rest);
    if packet.mac_dst_plus_one == 0 {
        packet.mac_src_plus_one = fragment.mac_src_plus_one;
        packet.mac_dst_plus_one = fragment.mac_dst_plus_one;
    }
}

/// One walk down a frame.
struct Walk<'w, L> {
    options: &'w Options,
    layers: &'w mut L,
    packet: &'w mut Packet,
    outside: Outside,
    /// Headers that were counted against [`HEADERS_MAX`].
    headers: u8,
    /// IP headers that were entered.
    ip_headers: u8,
    /// Bytes that a UDP datagram claims beyond the end of the frame, if its IP header does, too.
    beyond: u32,
    /// Where a routing header leads in the end: what checksums are about instead of `packet.dst`.
    final_dst: Option<Address>,
}

impl<'w, L: Layers> Walk<'w, L> {
    #[inline]
    fn new(options: &'w Options, layers: &'w mut L, packet: &'w mut Packet) -> Self {
        Self {
            options,
            layers,
            packet,
            outside: Outside::default(),
            headers: 0,
            ip_headers: 0,
            beyond: 0,
            final_dst: None,
        }
    }

    /// A header was read.
    #[inline]
    fn layer(&mut self, layer: Layer, rest: Rest<'_>) {
        self.packet.last = layer;
        self.layers.layer(layer, rest.offset() as usize);
    }

    /// A header was read that may hold another of its kind; whether to go on.
    fn nest(&mut self, layer: Layer, rest: Rest<'_>) -> bool {
        let goes_on = self.deeper(layer, rest);
        if goes_on {
            self.layer(layer, rest);
            self.outside.is_tunnel |= layer.is_tunnel();
        }
        goes_on
    }

    fn deeper(&mut self, layer: Layer, rest: Rest<'_>) -> bool {
        if self.headers == HEADERS_MAX {
            self.stop(layer, Reason::TooDeep, rest);
            return false;
        }
        self.headers += 1;
        true
    }

    /// The header at the front of `rest` could not be read.
    ///
    /// In a fragment that says nothing: the rest of the header may be in the next one.
    #[cold]
    fn stop(&mut self, layer: Layer, reason: Reason, rest: Rest<'_>) {
        if !self.packet.marks.has(Marks::FRAGMENT) {
            self.packet.stop = Some(DecodeError { layer, reason, offset: rest.offset() });
        }
    }
}

/// What the headers around the next IP header say. It becomes the packet's when that header is
/// reached: a tunnel with no readable IP in it leaves the packet as the outer IP header has it.
#[derive(Clone, Copy, Default)]
struct Outside {
    vlans: [Vlan; 2],
    vni_plus_one: u32,
    mac_src_plus_one: u16,
    mac_dst_plus_one: u16,
    /// Whether there is a tunnel among them.
    is_tunnel: bool,
    /// Whether the link carries 1500 bytes of IP at most, as far as one can know.
    is_ethernet: bool,
}

impl Outside {
    #[inline]
    fn tell(self, packet: &mut Packet) {
        packet.vlans = self.vlans;
        packet.vni_plus_one = self.vni_plus_one;
        packet.mac_src_plus_one = self.mac_src_plus_one;
        packet.mac_dst_plus_one = self.mac_dst_plus_one;
    }

    /// Where a hardware address is, plus one; those of headers deep in huge frames are not told.
    #[inline]
    fn place(offset: u32) -> u16 {
        u16::try_from(offset + 1).unwrap_or(0)
    }
}

/// Headers other than IP that are followed at most in one frame.
const HEADERS_MAX: u8 = 32;

#[cfg(test)]
mod tests;
