//! Filtering finished flows: by their key, and by what the protocols found in them.

use std::net::IpAddr;

use crate::error::{Complaint, Span};
use crate::expr::Expr;
use crate::primitive::{
    Condition, Network, Primitive, Side, Transports, Versions, Within, WordTest,
};
use crate::words::{Value, Word};

/// What a filter asks of a finished flow.
pub trait FlowView {
    /// The address of the side the flow's first packet (or its initiator) is from.
    fn src(&self) -> IpAddr;
    /// The other side's address.
    fn dst(&self) -> IpAddr;
    /// Source and destination port, for protocols that have ports.
    fn ports(&self) -> Option<(u16, u16)>;
    /// IP protocol number.
    fn protocol(&self) -> u8;
    /// VLAN identifiers of the key, outer first.
    fn vlans(&self) -> [Option<u16>; 2];
    /// What the flow says a word is; nothing if it does not have it.
    fn field(&self, word: &Word) -> Option<Value<'_>>;
}

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
                side.matches(|| network.has(flow.src()), || network.has(flow.dst()))
            }
            Self::Port { transports, side, first, last } => {
                let Some((src, dst)) = flow.ports() else { return false };
                let is = |port: u16| (*first..=*last).contains(&port);
                transports.has(flow.protocol()) && side.matches(|| is(src), || is(dst))
            }
            Self::Protocol { versions, number } => {
                versions.has(flow.src()) && u32::from(flow.protocol()) == *number
            }
            Self::Version(versions) => versions.has(flow.src()),
            Self::Vlan(id) => {
                flow.vlans().iter().flatten().any(|tag| id.is_none_or(|id| id == *tag))
            }
            Self::Word(test) => test.holds(flow.field(&test.word)),
        }
    }
}

impl Network {
    fn has(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V4 { address, mask }, IpAddr::V4(ip)) => ip.to_bits() & mask == address,
            (Self::V6 { address, mask }, IpAddr::V6(ip)) => ip.to_bits() & mask == address,
            _ => false,
        }
    }
}

impl Versions {
    fn has(self, address: IpAddr) -> bool {
        if address.is_ipv4() { self.has_v4() } else { self.has_v6() }
    }
}

impl WordTest {
    /// Whether what the flow has is as asked for. What it does not have is neither equal nor
    /// unequal to anything.
    fn holds(&self, value: Option<Value<'_>>) -> bool {
        let Some(value) = value else { return false };
        match (&self.condition, value) {
            (Condition::Present, _) => true,
            (Condition::Number(relation, wanted), Value::Number(n)) => relation.holds(n, *wanted),
            (Condition::Text { equal, text }, Value::Text(t)) => (t == text.as_bytes()) == *equal,
            _ => false,
        }
    }
}
