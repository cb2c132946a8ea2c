//! Computing the two sides of a comparison.

use flowloom_schema::LinkType;

use crate::arithmetic::{Comparison, Size, Sum};
use crate::keyword::Protocol;

use super::FrameView;
use super::bytes::Bytes;
use super::ip::{self, Found, V4_TYPE, V6_TYPE};
use super::place::Place;

/// Whether the comparison holds; nothing if a side cannot be computed.
pub(super) fn compare(
    comparison: &Comparison,
    frame: &FrameView<'_>,
    bytes: Bytes<'_>,
    place: &Place,
) -> Option<bool> {
    let left = value(&comparison.left, frame, bytes, place)?;
    let right = value(&comparison.right, frame, bytes, place)?;
    Some(comparison.relation.holds(left, right))
}

fn value(sum: &Sum, frame: &FrameView<'_>, bytes: Bytes<'_>, place: &Place) -> Option<u32> {
    match sum {
        Sum::Constant(number) => Some(*number),
        Sum::Length => Some(frame.original),
        Sum::Negated(inner) => Some(value(inner, frame, bytes, place)?.wrapping_neg()),
        Sum::Binary(operator, left, right) => {
            let left = value(left, frame, bytes, place)?;
            operator.apply(left, value(right, frame, bytes, place)?)
        }
        Sum::Load { header, index, size } => {
            let start = start(*header, frame, bytes, place)?;
            let at = start.wrapping_add(value(index, frame, bytes, place)?);
            match size {
                Size::One => bytes.u8(at).map(u32::from),
                Size::Two => bytes.u16(at).map(u32::from),
                Size::Four => bytes.u32(at),
            }
        }
    }
}

/// Where a header begins, if the frame has it there. Headers above IPv4 are not sought above IPv6,
/// as tcpdump has it; those of `icmp6` are.
fn start(header: Protocol, frame: &FrameView<'_>, bytes: Bytes<'_>, place: &Place) -> Option<u32> {
    match header {
        Protocol::Link => Some(place.header),
        Protocol::Radio => has_radio(frame.link).then_some(0),
        Protocol::Icmp6 => {
            let found =
                place.carries(bytes, V6_TYPE).then(|| ip::v6_transport(bytes, place.net))?;
            matches!(found, Some(Found { number: 58, first: true, .. })).then_some(found?.at)
        }
        _ => match (header.ether_type(), header.ip_protocol()) {
            (Some(number), _) => place.carries(bytes, number).then_some(place.net),
            (None, Some((_, number))) => {
                let found =
                    place.carries(bytes, V4_TYPE).then(|| ip::v4_transport(bytes, place.net))??;
                (found.number == number && found.first).then_some(found.at)
            }
            (None, None) => None,
        },
    }
}

/// Link types with a header of the radio before the frame.
fn has_radio(link: LinkType) -> bool {
    matches!(link, LinkType::IEEE802_11_RADIOTAP | LinkType::IEEE802_11_PRISM)
}
