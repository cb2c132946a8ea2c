//! tcpdump expressions and protocol words to predicates.
//!
//! [`Filter::parse`] reads an expression; [`Filter::packet`] is the part of it that is decided on
//! each frame before tracking, [`Filter::flow`] the part that is decided once on the finished
//! flow. Nothing is compiled: the resolved expression is evaluated on the frame's bytes, without
//! allocation.
//!
//! # Two parts
//!
//! The terms that are joined by `and` at the top of an expression go to one part or the other: a
//! term with a flow word in it is decided on the flow, where host, net, port, proto and vlan mean
//! the flow's key; all others are decided on frames. `tcp port 443 and tls` tracks only the frames
//! of port 443 and keeps the flows in which TLS was found.
//!
//! # Flow words
//!
//! Which words there are, [`Filter::parse_with`] is told. Alone, a word is true of a flow that has
//! it: a value, or a list that is not empty; a word of kind [`WordKind::Bool`] if the value is
//! true. It may be compared:
//!
//! | | with | |
//! |---|---|---|
//! | `=` (or `==`), `!=` | any value | `tls.sni = "example.org"`, `http.status != 200` |
//! | `<`, `<=`, `>`, `>=` | numbers | `dns.rtt >= 0.25` |
//! | `contains`, `startswith`, `endswith` | texts | `tls.sni endswith ".example.org"` |
//! | `matches /REGEX/`, `matches /REGEX/i` | texts | `http.path matches /^\/v[0-9]+\//` |
//! | `in {A, B, ...}` | numbers and their ranges, texts, networks | `http.status in {301, 400-499}` |
//! | `in NETWORK` | addresses | `dns.answer in 192.0.2.0/24` |
//!
//! - Texts are compared byte for byte, so upper and lower case differ (`matches /.../i` if they
//!   must not). A text needs quotes unless it is one word, number or address; in quotes, `\"` and
//!   `\\` stand for `"` and `\`. Regular expressions are those of the regex crate, found anywhere
//!   in the text unless anchored by `^` and `$`.
//! - Of a list, one item must be as asked for; `!=` asks that there are items and that none is
//!   equal. What a flow does not have is neither equal nor unequal, so `not tls.sni = a` is also
//!   true of flows without TLS and `tls.sni != a` is not.
//! - Whole numbers are octal after `0` and hexadecimal after `0x`, as everywhere in a filter.
//! - tcpdump's own words win over flow words, and flow words over the words for headers and ports
//!   that are ours. Behind a port or protocol, as in tcpdump, the name of another is one
//!   more: `port 80 or ssh` is about port 22; `ssh or port 80` is about flows.
//!
//! # What differs from tcpdump
//!
//! Frames pass as with tcpdump (libpcap 1.10, reading a file), oddities included: a test compares
//! the verdicts on every frame of a corpus. But:
//!
//! - A field that cannot be read (beyond the snap length, or the frame) makes its primitive false;
//!   in tcpdump the frame is rejected, whatever else the expression says. So `not port 80` accepts
//!   a frame whose ports were cut off. The same for a division by zero.
//! - `tcp`, `udp`, `icmp6`, `proto`, `ip6 proto`, `port`, `icmp6[...]` look through IPv6 extension
//!   headers; tcpdump looks at the first next-header field, and for protocols at that of one
//!   fragment header. So `ip6 proto` and `ip6 protochain` are the same. Only the first fragment
//!   has ports.
//! - `protochain` reads on behind an authentication header, where tcpdump loses its way.
//! - `byte N & M` and `byte N | M` are true if the result is not 0; tcpdump does not load the byte.
//! - On 802.11, a comparison with arithmetic may stand before another primitive; tcpdump then
//!   forgets where the payload begins.
//! - A primitive the link type has no place for (`ether host` on raw IP) is false; tcpdump refuses
//!   the expression. `vlan` and `mpls` work on any link layer with ethertypes. After `geneve`, what
//!   is on its right is false in a frame that is not Geneve, where tcpdump reads anything.
//! - BSD loopback families are read in either byte order. In per-packet information (PPI) that is
//!   not of 802.11, in netfilter logs, and where else tcpdump refuses a link type, the packet is
//!   where decoding found it.
//! - `proto tcp` needs no backslash, `net 10/8` no zeros; an identifier in parentheses may stand
//!   beside a whole primitive. Hardware addresses, IPv4 addresses and networks have no names;
//!   services and protocols are those of the tables compiled in.
//! - Refused, with the reason: `gateway`, `ip broadcast`, `inbound`, `outbound`, `ifname`,
//!   `ifindex`, and the words for logs of the BSD packet filter, ATM and SS7.
//!
//! Worth knowing, and the same in tcpdump: `tcp[...]`, `udp[...]` and the like see IPv4 only; in a
//! sum only the leftmost header is checked to be there (`ip[2:2] - tcp[12]` is computed for UDP);
//! 802.11 frames with four addresses are not looked into; `and` and `or` have equal rank.
//!
//! The names of the headers that are decoded and that tcpdump has no word for (`gre`, `vxlan`,
//! `gtp`, `teredo` ...) are true if the header is anywhere in the frame; `dhcp` and `dhcpv6` stand
//! for their ports, unless they are flow words.
#![forbid(unsafe_code)]

mod arithmetic;
mod condition;
mod error;
mod expr;
mod flow;
mod flow_view;
mod keyword;
mod lex;
mod names;
mod packet;
mod parse;
mod parts;
mod primitive;
mod words;

use std::fmt;

use expr::{Expr, Joint};
use primitive::Primitive;

pub use error::ParseError;
pub use flow::FlowTest;
pub use flow_view::FlowView;
pub use names::nearest;
pub use packet::{FrameView, PacketTest};
pub use words::{Value, Word, WordKind};

/// A filter: which frames are looked at, and which flows are kept.
#[derive(Clone, Debug)]
pub struct Filter {
    expr: Expr<Primitive>,
    packet: Option<PacketTest>,
    flow: Option<FlowTest>,
}

impl Filter {
    /// Reads an expression without flow words. An empty one accepts everything.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_with(text, &[])
    }

    /// Reads an expression that may use these flow words. An empty one accepts everything.
    pub fn parse_with(text: &str, words: &[Word]) -> Result<Self, ParseError> {
        let parsed = parse::parse(text, words)?;
        let expr = parsed.expr;
        let terms = expr.clone().into_terms(Joint::And);
        let (mut of_packets, mut of_flows) = (Vec::new(), Vec::new());
        let mut flow_spans = Vec::new();
        let mut spans = parsed.spans.iter().copied();
        for term in terms {
            let here = spans.by_ref().take(term.tests());
            if term.has(|primitive| matches!(primitive, Primitive::Word(_))) {
                flow_spans.extend(here);
                of_flows.push(term);
            } else {
                here.for_each(drop);
                of_packets.push(term);
            }
        }
        let packet = joined(of_packets).map(PacketTest::new);
        let flow = joined(of_flows)
            .map(|flows| FlowTest::new(flows, &flow_spans))
            .transpose()
            .map_err(|complaint| ParseError::new(text, complaint))?;
        Ok(Self { expr, packet, flow })
    }

    /// The same, all of which is decided on finished flows: for those whose packets are gone.
    pub fn parse_of_flows(text: &str, words: &[Word]) -> Result<Self, ParseError> {
        let parsed = parse::parse(text, words)?;
        let expr = parsed.expr;
        let terms = expr.clone().into_terms(Joint::And);
        let flow = joined(terms)
            .map(|flows| FlowTest::new(flows, &parsed.spans))
            .transpose()
            .map_err(|complaint| ParseError::new(text, complaint))?;
        Ok(Self { expr, packet: None, flow })
    }

    /// What a frame must pass before it is tracked; none if all frames do.
    pub fn packet(&self) -> Option<&PacketTest> {
        self.packet.as_ref()
    }

    /// What a finished flow must pass; none if all flows do.
    pub fn flow(&self) -> Option<&FlowTest> {
        self.flow.as_ref()
    }

    /// The flow words it uses, each once.
    pub fn words(&self) -> Vec<&Word> {
        let mut words = Vec::new();
        self.expr.each(&mut |primitive| match primitive {
            Primitive::Word(test) if !words.contains(&&test.word) => words.push(&test.word),
            _ => {}
        });
        words
    }
}

/// The expression with every name and default resolved; it parses to the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.expr.has(Primitive::is_ambiguous) {
            return write!(f, "{:#}", self.expr);
        }
        self.expr.fmt(f)
    }
}

fn joined(mut terms: Vec<Expr<Primitive>>) -> Option<Expr<Primitive>> {
    match terms.len() {
        0 => None,
        1 => terms.pop(),
        _ => Some(Expr::All(terms)),
    }
}
