//! The headers above IPv4 and IPv6.

use flowloom_wire::protocol;

use super::bytes::{Bytes, Offset};

/// A header above IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) number: u8,
    pub(super) at: Offset,
    /// Whether the header is here, and not in the first fragment of the datagram.
    pub(super) first: bool,
}

/// The header above an IPv4 header.
#[inline]
pub(super) fn v4_transport(bytes: Bytes<'_>, net: Offset) -> Option<Found> {
    let number = bytes.u8(net + V4_PROTOCOL)?;
    let first = bytes.u16(net + V4_FRAGMENT)? & V4_FRAGMENT_OFFSET == 0;
    Some(Found { number, at: v4_end(bytes, net)?, first })
}

/// Where an IPv4 header ends.
#[inline]
pub(super) fn v4_end(bytes: Bytes<'_>, net: Offset) -> Option<Offset> {
    Some(net + Offset::from(bytes.u8(net)? & 0x0f) * 4)
}

/// The header after the extension headers of an IPv6 header.
pub(super) fn v6_transport(bytes: Bytes<'_>, net: Offset) -> Option<Found> {
    v6_chain(bytes, net).last().filter(|last| !is_v6_extension(last.number))
}

/// The headers after an IPv6 header, up to the first that is no extension header or cannot be
/// read through. Nothing follows a later fragment's first header: it is data.
pub(super) fn v6_chain(bytes: Bytes<'_>, net: Offset) -> impl Iterator<Item = Found> {
    let first = bytes.u8(net + V6_NEXT).map(|number| Found { number, at: net + 40, first: true });
    first.into_iter().flat_map(move |first| chain(bytes, first, is_v6_extension))
}

/// A header and those it leads to, while they are of a kind that is looked through.
pub(super) fn chain(
    bytes: Bytes<'_>,
    first: Found,
    through: fn(u8) -> bool,
) -> impl Iterator<Item = Found> {
    std::iter::successors(Some(first), move |header| {
        if header.first && through(header.number) { after(bytes, *header) } else { None }
    })
    .take(HEADERS_MAX)
}

/// What follows an extension header (RFC 8200, section 4; RFC 4302 for authentication).
fn after(bytes: Bytes<'_>, header: Found) -> Option<Found> {
    let number = bytes.u8(header.at)?;
    let words = Offset::from(bytes.u8(header.at + 1)?);
    let (len, first) = match header.number {
        protocol::FRAGMENT => (8, bytes.u16(header.at + 2)? & 0xfff8 == 0),
        protocol::AH => (4 * (words + 2), true),
        _ => (8 * (words + 1), true),
    };
    Some(Found { number, at: header.at + len, first })
}

/// Hop-by-hop, routing, fragment, authentication, destination, mobility, HIP, Shim6 (IANA "IPv6
/// Extension Header Types", without ESP, which hides what follows).
fn is_v6_extension(number: u8) -> bool {
    matches!(
        number,
        protocol::HOP_BY_HOP
            | protocol::ROUTING
            | protocol::FRAGMENT
            | protocol::AH
            | protocol::DESTINATION_OPTIONS
            | protocol::MOBILITY
            | protocol::HIP
            | protocol::SHIM6
    )
}

/// IPv6 headers that are looked through at most.
pub(super) const HEADERS_MAX: usize = 64;

pub(super) const V4_TYPE: u32 = 0x0800;
pub(super) const V6_TYPE: u32 = 0x86dd;
const V4_FRAGMENT: Offset = 6;
const V4_FRAGMENT_OFFSET: u16 = 0x1fff;
pub(super) const V4_PROTOCOL: Offset = 9;
const V6_NEXT: Offset = 6;
