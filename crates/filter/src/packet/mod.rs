//! Filtering frames: each primitive asked of the bytes, at the place the link type gives it.

mod bytes;
mod headers;
mod ip;
mod link;
mod place;
mod sum;
#[cfg(test)]
mod tests;
mod wlan;

use flowloom_schema::LinkType;
use flowloom_wire::LayerStack;

use crate::expr::Expr;
use crate::primitive::Primitive;

use bytes::Bytes;
use place::{Place, Shift};

/// A frame as a filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct FrameView<'a> {
    /// What it begins with.
    pub link: LinkType,
    /// The bytes that were captured.
    pub bytes: &'a [u8],
    /// Bytes it had on the wire.
    pub original: u32,
    /// The headers that [`flowloom_wire::decode`] found in it.
    pub layers: &'a LayerStack,
}

/// The part of a filter that is decided on each frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketTest {
    expr: Expr<Placed>,
    /// What the words that look further in (`vlan`, `mpls` ...) do, in the order of the text.
    shifts: Vec<Shift>,
}

/// A primitive, and how many shifts are to its left.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Placed {
    primitive: Primitive,
    shifts: usize,
}

impl PacketTest {
    /// A test of an expression without flow words.
    pub(crate) fn new(expr: Expr<Primitive>) -> Self {
        let mut shifts = Vec::new();
        let placed = expr.try_map(&mut |primitive| {
            let placed = Placed { shifts: shifts.len(), primitive };
            shifts.extend(Shift::of(&placed.primitive));
            Ok::<_, std::convert::Infallible>(placed)
        });
        let Ok(expr) = placed;
        Self { expr, shifts }
    }

    /// Whether the frame passes.
    #[inline]
    pub fn matches(&self, frame: &FrameView<'_>) -> bool {
        let bytes = Bytes(frame.bytes);
        let base = Place::of_frame(frame);
        self.expr.holds(&mut |placed: &Placed| {
            let shifts = self.shifts.get(..placed.shifts).unwrap_or_default();
            let place = match shifts {
                [] => Some(base),
                _ => shifts.iter().try_fold(base, |place, shift| place.shifted(*shift, bytes)),
            };
            // What is asked of no place needs none.
            let place = place.or_else(|| (!placed.primitive.has_place()).then_some(base));
            place.is_some_and(|place| holds(&placed.primitive, frame, bytes, &place))
        })
    }
}

/// Whether a primitive holds at a place. A field that cannot be read makes it false.
fn holds(primitive: &Primitive, frame: &FrameView<'_>, bytes: Bytes<'_>, place: &Place) -> bool {
    match primitive {
        Primitive::Host { within, side, network } => place.host(bytes, *within, *side, *network),
        Primitive::Port { transports, side, first, last } => {
            place.port(bytes, *transports, *side, *first..=*last)
        }
        Primitive::IpProto { versions, number } => place.ip_proto(bytes, *versions, *number),
        Primitive::IpProtoChain { versions, number } => {
            place.ip_proto_chain(bytes, *versions, *number)
        }
        Primitive::EtherType(number) => place.carries(bytes, *number),
        Primitive::Mac { which, address } => place.mac(bytes, *which, *address),
        Primitive::Broadcast => place.broadcast(bytes),
        Primitive::Multicast(of) => place.multicast(bytes, *of),
        Primitive::Compare(comparison) => {
            sum::compare(comparison, frame, bytes, place).unwrap_or(false)
        }
        Primitive::Vlan(id) => place.vlan(bytes, *id),
        Primitive::Mpls(label) => place.mpls(bytes, *label),
        Primitive::Pppoe(session) => place.pppoe(bytes, *session),
        Primitive::Geneve(vni) => place.geneve(bytes, *vni),
        Primitive::IsoProto(number) => place.iso_proto(bytes, *number),
        Primitive::IsisPdu(pdu) => place.isis_pdu(bytes, *pdu),
        Primitive::Llc(kind) => place.llc(bytes, *kind),
        Primitive::Decnet { side, address } => place.decnet(bytes, *side, *address),
        Primitive::WlanType { mask, bits } => place.wlan_type(bytes, *mask, *bits),
        Primitive::WlanDirection(bits) => place.wlan_direction(bytes, *bits),
        Primitive::Layer(layer) => frame.layers.spans().iter().any(|(found, _)| found == layer),
        // Flow words are never part of a packet test.
        Primitive::Word(_) => false,
    }
}
