//! Computing the two sides of a comparison.

use flowloom_schema::LinkType;

use crate::arithmetic::{Comparison, Size, Sum};
use crate::keyword::Protocol;

use super::FrameView;
use super::bytes::{Bytes, Offset};
use super::headers::{self, Found, V4_TYPE, V6_TYPE};
use super::place::Place;

/// Whether the comparison holds; nothing if a side cannot be computed.
pub(super) fn compare(
    comparison: &Comparison,
    frame: &FrameView<'_>,
    bytes: Bytes<'_>,
    place: &Place,
) -> Option<bool> {
    let sums = Sums { frame, bytes, place };
    let left = sums.value(&comparison.left, Header::Checked)?;
    let right = sums.value(&comparison.right, Header::Checked)?;
    Some(comparison.relation.holds(left, right))
}

/// What sums are computed from.
struct Sums<'a> {
    frame: &'a FrameView<'a>,
    bytes: Bytes<'a>,
    place: &'a Place,
}

/// Whether it is checked that a header is there, before its bytes are loaded.
///
/// As tcpdump has it, of a sum only the header that is leftmost is checked; where the others would
/// begin, bytes are loaded in any case: `ip[2:2] - tcp[12]` is computed for UDP too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    Checked,
    Assumed,
}

impl Sums<'_> {
    fn value(&self, sum: &Sum, header: Header) -> Option<u32> {
        match sum {
            Sum::Constant(number) => Some(*number),
            Sum::Length => Some(self.frame.original),
            Sum::Negated(inner) => Some(self.value(inner, header)?.wrapping_neg()),
            Sum::Binary(operator, left, right) => {
                let left = self.value(left, header)?;
                operator.apply(left, self.value(right, Header::Assumed)?)
            }
            Sum::Load { header: of, index, size } => {
                let start = match header {
                    Header::Checked => self.checked_start(*of)?,
                    Header::Assumed => self.assumed_start(*of)?,
                };
                self.load(start, self.value(index, header)?, *size)
            }
        }
    }

    /// Indices are 32-bit and wrap around: `ip[-1]` is the byte before the IP header.
    fn load(&self, start: Offset, index: u32, size: Size) -> Option<u32> {
        let at = (start as u32).wrapping_add(index) as Offset;
        match size {
            Size::One => self.bytes.u8(at).map(u32::from),
            Size::Two => self.bytes.u16(at).map(u32::from),
            Size::Four => self.bytes.u32(at),
        }
    }

    /// Where a header begins, if the frame has it there. Headers above IPv4 are not sought above
    /// IPv6, as tcpdump has it; that of `icmp6` is.
    fn checked_start(&self, header: Protocol) -> Option<Offset> {
        let (bytes, place) = (self.bytes, self.place);
        if let Some(number) = header.ether_type() {
            return place.carries(bytes, number).then_some(place.net);
        }
        let Some((_, number)) = header.ip_protocol() else { return self.assumed_start(header) };
        let found = if header == Protocol::Icmp6 {
            place.carries(bytes, V6_TYPE).then(|| headers::v6_transport(bytes, place.net))??
        } else {
            place.carries(bytes, V4_TYPE).then(|| headers::v4_transport(bytes, place.net))??
        };
        let Found { number: there, at, first } = found;
        (there == number && first).then_some(at)
    }

    /// Where a header begins if it is there.
    fn assumed_start(&self, header: Protocol) -> Option<Offset> {
        match header {
            Protocol::Link => Some(self.place.start),
            Protocol::Radio => has_radio(self.frame.link).then_some(0),
            Protocol::Icmp6 => Some(self.place.net + V6_LEN),
            _ if header.ether_type().is_some() => Some(self.place.net),
            _ => headers::v4_end(self.bytes, self.place.net),
        }
    }
}

/// Link types with a header of the radio before the frame.
fn has_radio(link: LinkType) -> bool {
    matches!(link, LinkType::IEEE802_11_RADIOTAP | LinkType::IEEE802_11_PRISM)
}

const V6_LEN: Offset = 40;
