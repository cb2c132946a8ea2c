//! Filtering finished flows: by their key, and by what the protocols found in them.

use flowloom_wire::Vlan;

use crate::condition::WordTest;
use crate::error::{Complaint, Span};
use crate::expr::Expr;
use crate::flow_view::FlowView;
use crate::parts::{Network, Side, Transports, Versions, Within};
use crate::primitive::Primitive;

#[cfg(test)]
mod tests;

/// The part of a filter that is decided on the finished flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowTest(Expr<Question>);

/// What can be asked of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    Host { side: Side, network: Network },
    Port { transports: Transports, side: Side, first: u16, last: u16 },
    Protocol { versions: Versions, number: u32 },
    Version(Versions),
    Vlan(Option<u16>),
    Word(WordTest),
}

impl FlowTest {
    /// A test of an expression, where `spans` says where each of its primitives stands.
    pub(crate) fn new(expr: Expr<Primitive>, spans: &[Span]) -> Result<Self, Complaint> {
        let mut spans = spans.iter();
        let questions = expr.try_map(&mut |primitive| {
            let at = spans.next().copied().unwrap_or_default();
            question(primitive).map_err(|reason| {
                Complaint::new(at, format!("this {reason}, and a flow has none")).hint(
                    "in a term with a flow word, only host, net, port, proto, ip, ip6 and vlan \
                         may stand; join packet primitives to it by `and` at the top",
                )
            })
        })?;
        Ok(Self(questions))
    }

    /// Whether the flow passes.
    pub fn matches(&self, flow: &impl FlowView) -> bool {
        self.0.holds(&mut |question| question.holds(flow))
    }
}

/// A primitive as a question about a flow's key, or what it is about instead.
fn question(primitive: Primitive) -> Result<Question, &'static str> {
    Ok(match primitive {
        Primitive::Host { within: Within::Any | Within::Ip, side, network } => {
            Question::Host { side, network }
        }
        Primitive::Port { transports, side, first, last } => {
            Question::Port { transports, side, first, last }
        }
        Primitive::IpProto { versions, number } | Primitive::IpProtoChain { versions, number } => {
            Question::Protocol { versions, number }
        }
        Primitive::EtherType(0x0800) => Question::Version(Versions::V4),
        Primitive::EtherType(0x86dd) => Question::Version(Versions::V6),
        Primitive::Vlan(id) => Question::Vlan(id),
        Primitive::Word(test) => Question::Word(test),
        Primitive::Compare(_) => return Err("is about the bytes or the length of a packet"),
        Primitive::Mac { .. } | Primitive::Broadcast | Primitive::Multicast(_) => {
            return Err("is about the addresses of a packet");
        }
        Primitive::Layer(_) | Primitive::Mpls(_) | Primitive::Pppoe(_) | Primitive::Geneve(_) => {
            return Err("is about the headers of a packet");
        }
        _ => return Err("is about the link layer of a packet"),
    })
}

impl Question {
    fn holds(&self, flow: &impl FlowView) -> bool {
        match self {
            Self::Host { side, network } => {
                let is = |address| network.has(flow.ip_version(), address);
                side.matches(|| is(flow.src()), || is(flow.dst()))
            }
            Self::Port { transports, side, first, last } => {
                let Some((src, dst)) = flow.ports() else { return false };
                let is = |port: u16| (*first..=*last).contains(&port);
                transports.has(flow.protocol()) && side.matches(|| is(src), || is(dst))
            }
            Self::Protocol { versions, number } => {
                versions.has(flow.ip_version()) && u32::from(flow.protocol()) == *number
            }
            Self::Version(versions) => versions.has(flow.ip_version()),
            Self::Vlan(id) => {
                let mut tags = flow.vlans().into_iter().filter_map(Vlan::id);
                tags.any(|tag| id.is_none_or(|id| id == tag))
            }
            Self::Word(test) => test.holds(flow),
        }
    }
}
