//! Primitives of the pattern *protocol direction type identifier*: `tcp dst port 80`.

use std::net::Ipv6Addr;

use crate::error::{Complaint, Span};
use crate::keyword::Protocol;
use crate::lex::Token;
use crate::names::{self, Registered};
use crate::parts::{IsisPdu, MacField, Network, Side, Transports, Versions, Within};
use crate::primitive::Primitive;

use super::{Parser, Part, shown};

/// What is said before an identifier, and holds for those after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Qualifiers {
    protocol: Option<Protocol>,
    direction: Option<MacField>,
    kind: Kind,
}

/// What an identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Host,
    Net,
    Port,
    PortRange,
    Proto,
    ProtoChain,
}

impl Qualifiers {
    /// Whether they make `word` the name of a port or protocol, which then wins over our own words:
    /// `port ssh or l2tp`, `proto gre or ospf`.
    pub(super) fn know(self, word: &str) -> bool {
        match self.kind {
            Kind::Port => names::port(word).is_some(),
            Kind::PortRange => port_range(word).is_some(),
            Kind::Proto | Kind::ProtoChain => protocol_name(self, word).is_some(),
            Kind::Host | Kind::Net => false,
        }
    }

    /// Which address or port of a pair; the 802.11 ones are no pair.
    fn side(self, at: Span) -> Result<Side, Complaint> {
        match self.direction {
            None => Ok(Side::Either),
            Some(MacField::Side(side)) => Ok(side),
            Some(_) => {
                let message = "`addr1` to `addr4`, `ra` and `ta` are for hardware addresses";
                Err(Complaint::new(at, message).hint("write `wlan addr1 02:00:00:00:00:01`"))
            }
        }
    }
}

impl Parser<'_> {
    /// The qualifiers that are next, if they are more than a protocol.
    pub(super) fn qualifiers(&mut self) -> Result<Option<Qualifiers>, Complaint> {
        let start = self.at;
        let protocol = match *self.peek() {
            Token::Word(word) => Protocol::named(word),
            _ => None,
        };
        if protocol.is_some() {
            self.next();
        }
        let direction = self.direction()?;
        let kind = self.kind();
        if direction.is_none() && kind.is_none() {
            self.at = start;
            return Ok(None);
        }
        if direction.is_some() && matches!(kind, Some(Kind::Proto | Kind::ProtoChain)) {
            return Err(Complaint::new(self.last_span(), "a protocol has no direction"));
        }
        Ok(Some(Qualifiers { protocol, direction, kind: kind.unwrap_or(Kind::Host) }))
    }

    fn direction(&mut self) -> Result<Option<MacField>, Complaint> {
        let Token::Word(word) = *self.peek() else { return Ok(None) };
        let field = match word {
            "src" => MacField::Side(Side::Source),
            "dst" => MacField::Side(Side::Destination),
            "addr1" | "address1" => MacField::Address1,
            "addr2" | "address2" => MacField::Address2,
            "addr3" | "address3" => MacField::Address3,
            "addr4" | "address4" => MacField::Address4,
            "ra" => MacField::Receiver,
            "ta" => MacField::Transmitter,
            _ => return Ok(None),
        };
        self.next();
        let both = match self.peek() {
            Token::And => Side::Both,
            Token::Or => Side::Either,
            _ => return Ok(Some(field)),
        };
        let other = match word {
            "src" => "dst",
            "dst" => "src",
            _ => return Ok(Some(field)),
        };
        self.next();
        if !self.take_word(other) {
            return Err(self.unexpected(&format!("`{other}`")));
        }
        Ok(Some(MacField::Side(both)))
    }

    fn kind(&mut self) -> Option<Kind> {
        let Token::Word(word) = *self.peek() else { return None };
        let kind = match word {
            "host" => Kind::Host,
            "net" => Kind::Net,
            "port" => Kind::Port,
            "portrange" => Kind::PortRange,
            "proto" => Kind::Proto,
            "protochain" => Kind::ProtoChain,
            _ => return None,
        };
        self.next();
        Some(kind)
    }

    /// What `qualifiers` are about: an identifier, or several in parentheses.
    pub(super) fn identifier(&mut self, qualifiers: Qualifiers) -> Result<Part, Complaint> {
        let span = self.span();
        match self.peek() {
            Token::Open | Token::Not => {
                let mut inherited = Some(qualifiers);
                return self.operand(&mut inherited);
            }
            Token::Number(number) => {
                self.next();
                let slash = qualifiers.kind == Kind::Net && self.peek() == &Token::Slash;
                if slash {
                    return self.prefixed(qualifiers, u64::from(*number) << 24, 8, span);
                }
                return self.numbered(qualifiers, *number, span);
            }
            _ => {}
        }
        match *self.peek() {
            Token::Dotted(text) => self.dotted(qualifiers, text),
            Token::Ipv6(address) => self.ipv6(qualifiers, address),
            Token::Mac(address) => self.mac(qualifiers, address),
            Token::Word(name) | Token::Escaped(name) => self.named(qualifiers, name),
            _ => Err(self.unexpected(expected(qualifiers))),
        }
    }

    /// A number as an identifier.
    pub(super) fn numbered(
        &mut self,
        qualifiers: Qualifiers,
        number: u32,
        span: Span,
    ) -> Result<Part, Complaint> {
        let primitive = match qualifiers.kind {
            Kind::Host => self.v4(qualifiers, number, u32::MAX, span)?,
            Kind::Net => {
                // `net 10` is 10.0.0.0/8: leading zero octets are not meant.
                let zeros = if number == 0 { 0 } else { number.leading_zeros() };
                let shift = zeros / 8 * 8;
                self.v4(qualifiers, number << shift, u32::MAX << shift, span)?
            }
            Kind::Port | Kind::PortRange => {
                let port = port_number(number, span)?;
                port_primitive(qualifiers, port, port, Transports::ALL, span)?
            }
            Kind::Proto | Kind::ProtoChain => protocol_number(qualifiers, number, span)?,
        };
        Ok(self.test(primitive, span))
    }

    /// `10.1`, `192.0.2.0/24`, `192.0.2.0 mask 255.255.255.0`.
    fn dotted(&mut self, qualifiers: Qualifiers, text: &str) -> Result<Part, Complaint> {
        let span = self.span();
        self.next();
        if qualifiers.protocol == Some(Protocol::Decnet) && qualifiers.kind == Kind::Host {
            let address = decnet(text).ok_or_else(|| {
                Complaint::new(span, "a DECnet address is AREA.NODE, at most 63.1023")
            })?;
            let side = qualifiers.side(span)?;
            return Ok(self.test(Primitive::Decnet { side, address }, span));
        }
        let (value, bits) = octets(text).ok_or_else(|| {
            Complaint::new(span, format!("`{}` is no IPv4 address", shown(text)))
                .hint("each part is a decimal number from 0 to 255")
        })?;
        let value = u64::from(value) << (32 - bits);
        match *self.peek() {
            Token::Slash => self.prefixed(qualifiers, value, bits, span),
            Token::Word("mask") => self.masked(qualifiers, value as u32, span),
            _ => {
                let mask = u32::MAX << (32 - bits);
                let primitive = self.v4(qualifiers, value as u32, mask, span)?;
                Ok(self.test(primitive, span))
            }
        }
    }

    /// A prefix length, of which the slash is next, after `value`, written with `bits` bits.
    fn prefixed(
        &mut self,
        qualifiers: Qualifiers,
        value: u64,
        bits: u32,
        start: Span,
    ) -> Result<Part, Complaint> {
        self.next();
        let len = self.prefix_len(32)?;
        let span = start.to(self.last_span());
        let mask = u32::MAX.checked_shl(32 - len).unwrap_or(0);
        let Ok(address) = u32::try_from(value) else {
            let message = format!("the first octet of a network is at most 255 ({bits} bits)");
            return Err(Complaint::new(start, message));
        };
        self.network(qualifiers, address, mask, span)
    }

    fn masked(
        &mut self,
        qualifiers: Qualifiers,
        address: u32,
        start: Span,
    ) -> Result<Part, Complaint> {
        self.next();
        let expected = "a netmask such as 255.255.255.0";
        let Token::Dotted(text) = *self.peek() else { return Err(self.unexpected(expected)) };
        let Some((mask, bits)) = octets(text) else { return Err(self.unexpected(expected)) };
        self.next();
        let mask = mask << (32 - bits);
        self.network(qualifiers, address, mask, start.to(self.last_span()))
    }

    fn network(
        &mut self,
        qualifiers: Qualifiers,
        address: u32,
        mask: u32,
        span: Span,
    ) -> Result<Part, Complaint> {
        if qualifiers.kind != Kind::Net {
            return Err(Complaint::new(span, "a prefix length or mask is for networks")
                .hint("write `net`, not `host`"));
        }
        if address & !mask != 0 {
            let network = std::net::Ipv4Addr::from(address & mask);
            return Err(Complaint::new(span, "the address has bits outside of the mask")
                .hint(format!("the network is {network}")));
        }
        let primitive = self.v4(qualifiers, address, mask, span)?;
        Ok(self.test(primitive, span))
    }

    fn v4(
        &self,
        qualifiers: Qualifiers,
        address: u32,
        mask: u32,
        span: Span,
    ) -> Result<Primitive, Complaint> {
        self.wants_address(qualifiers, span)?;
        let side = qualifiers.side(span)?;
        let within = match qualifiers.protocol {
            None => Within::Any,
            Some(Protocol::Ip) => Within::Ip,
            Some(Protocol::Arp) => Within::Arp,
            Some(Protocol::Rarp) => Within::Rarp,
            Some(Protocol::Link) => {
                return Err(Complaint::new(span, "`ether` takes a hardware address")
                    .hint("six hexadecimal bytes, such as 02:00:00:00:00:01"));
            }
            Some(other) => return Err(no_addresses(other, "IPv4", span)),
        };
        Ok(Primitive::Host { within, side, network: Network::V4 { address, mask } })
    }

    fn ipv6(&mut self, qualifiers: Qualifiers, address: Ipv6Addr) -> Result<Part, Complaint> {
        let start = self.span();
        self.next();
        let address = u128::from(address);
        let mut mask = u128::MAX;
        if self.take(&Token::Slash) {
            let len = self.prefix_len(128)?;
            mask = u128::MAX.checked_shl(128 - len).unwrap_or(0);
            if qualifiers.kind != Kind::Net && len != 128 {
                return Err(Complaint::new(self.last_span(), "a prefix length is for networks")
                    .hint("write `net`, not `host`"));
            }
        }
        let span = start.to(self.last_span());
        self.wants_address(qualifiers, span)?;
        if address & !mask != 0 {
            let network = Ipv6Addr::from(address & mask);
            return Err(Complaint::new(span, "the address has bits outside of the mask")
                .hint(format!("the network is {network}")));
        }
        match qualifiers.protocol {
            None | Some(Protocol::Ip6) => {}
            Some(Protocol::Link) => {
                return Err(Complaint::new(span, "`ether` takes a hardware address"));
            }
            Some(other) => return Err(no_addresses(other, "IPv6", span)),
        }
        let (within, side) = (Within::Any, qualifiers.side(span)?);
        let network = Network::V6 { address, mask };
        Ok(self.test(Primitive::Host { within, side, network }, span))
    }

    pub(super) fn prefix_len(&mut self, max: u32) -> Result<u32, Complaint> {
        match *self.peek() {
            Token::Number(len) if len <= max => {
                self.next();
                Ok(len)
            }
            _ => Err(self.unexpected(&format!("a prefix length from 0 to {max}"))),
        }
    }

    fn mac(&mut self, qualifiers: Qualifiers, address: [u8; 6]) -> Result<Part, Complaint> {
        let span = self.span();
        if qualifiers.protocol != Some(Protocol::Link) || qualifiers.kind != Kind::Host {
            return Err(self
                .unexpected(expected(qualifiers))
                .hint("hardware addresses follow `ether host`, `ether src` or `ether dst`"));
        }
        self.next();
        let which = qualifiers.direction.unwrap_or(MacField::Side(Side::Either));
        Ok(self.test(Primitive::Mac { which, address }, span))
    }

    /// A name: of a port, of ports, of a protocol. Hosts and networks have none here.
    fn named(&mut self, qualifiers: Qualifiers, name: &str) -> Result<Part, Complaint> {
        let span = self.span();
        let primitive = match qualifiers.kind {
            Kind::Host | Kind::Net => {
                return Err(self
                    .unexpected(expected(qualifiers))
                    .hint("names are not resolved: write the address"));
            }
            Kind::Port => {
                let (port, registered) = names::port(name)
                    .ok_or_else(|| self.unexpected("a port number or the name of a service"))?;
                port_primitive(qualifiers, port, port, transports(registered), span)?
            }
            Kind::PortRange => {
                let (first, last, registered) = port_range(name)
                    .ok_or_else(|| self.unexpected("two ports, such as 6000-6008"))?;
                port_primitive(qualifiers, first, last, registered, span)?
            }
            Kind::Proto | Kind::ProtoChain => {
                let number = protocol_name(qualifiers, name)
                    .ok_or_else(|| self.unexpected("the number or name of a protocol"))?;
                protocol_number(qualifiers, number, span)?
            }
        };
        self.next();
        Ok(self.test(primitive, span))
    }

    fn wants_address(&self, qualifiers: Qualifiers, span: Span) -> Result<(), Complaint> {
        if matches!(qualifiers.kind, Kind::Host | Kind::Net) {
            return Ok(());
        }
        let word = shown(self.text.get(span.start..span.end).unwrap_or_default());
        let message = format!("expected {}, found the address `{word}`", expected(qualifiers));
        Err(Complaint::new(span, message))
    }
}

/// What an identifier after `qualifiers` may be.
fn expected(qualifiers: Qualifiers) -> &'static str {
    match (qualifiers.kind, qualifiers.protocol) {
        (Kind::Host, Some(Protocol::Link)) => "a hardware address",
        (Kind::Host, Some(Protocol::Decnet)) => "a DECnet address",
        (Kind::Host, _) => "an address",
        (Kind::Net, _) => "a network, such as 192.0.2.0/24",
        (Kind::Port, _) => "a port",
        (Kind::PortRange, _) => "two ports, such as 6000-6008",
        (Kind::Proto | Kind::ProtoChain, _) => "a protocol",
    }
}

fn no_addresses(protocol: Protocol, version: &str, span: Span) -> Complaint {
    let name = protocol.name();
    let complaint = Complaint::new(span, format!("`{name}` has no {version} addresses"));
    match protocol.ip_protocol() {
        Some(_) => complaint.hint(format!("write `{name} and host ...`")),
        None => complaint,
    }
}

fn port_number(number: u32, span: Span) -> Result<u16, Complaint> {
    u16::try_from(number).map_err(|_| Complaint::new(span, "a port is at most 65535"))
}

fn transports(registered: Registered) -> Transports {
    match registered {
        Registered::Tcp => Transports::TCP,
        Registered::Udp => Transports::UDP,
        // As with a number: the name says nothing against SCTP either.
        Registered::Both => Transports::ALL,
    }
}

/// A port primitive: `meant` are the transports the port is one of.
fn port_primitive(
    qualifiers: Qualifiers,
    first: u16,
    last: u16,
    meant: Transports,
    span: Span,
) -> Result<Primitive, Complaint> {
    let asked = match qualifiers.protocol {
        None => Transports::ALL,
        Some(Protocol::Tcp) => Transports::TCP,
        Some(Protocol::Udp) => Transports::UDP,
        Some(Protocol::Sctp) => Transports::SCTP,
        Some(other) => {
            let message = format!("`{}` has no ports", other.name());
            return Err(Complaint::new(span, message).hint("ports are of tcp, udp and sctp"));
        }
    };
    let Some(transports) = asked.and(meant) else {
        let message = format!("that service is not one of {asked}").trim_end().to_owned();
        return Err(Complaint::new(span, message).hint("write the number of the port"));
    };
    let side = qualifiers.side(span)?;
    let (first, last) = (first.min(last), first.max(last));
    Ok(Primitive::Port { transports, side, first, last })
}

/// Two ports joined by a dash, by number or by name; or one alone.
fn port_range(text: &str) -> Option<(u16, u16, Transports)> {
    let one = |name: &str| match name.parse::<u16>() {
        Ok(port) => Some((port, Transports::ALL)),
        Err(_) => names::port(name).map(|(port, registered)| (port, transports(registered))),
    };
    if let Some((port, transports)) = one(text) {
        return Some((port, port, transports));
    }
    text.match_indices('-').find_map(|(dash, _)| {
        let (first, of_first) = one(text.get(..dash)?)?;
        let (last, of_last) = one(text.get(dash + 1..)?)?;
        // As tcpdump has it: only two names of the same transport say which it is.
        let transports = if of_first == of_last { of_first } else { Transports::ALL };
        Some((first, last, transports))
    })
}

fn protocol_name(qualifiers: Qualifiers, name: &str) -> Option<u32> {
    match qualifiers.protocol {
        None | Some(Protocol::Ip | Protocol::Ip6) => names::ip_protocol(name).map(u32::from),
        Some(Protocol::Link) => names::ether_type(name).map(u32::from),
        Some(Protocol::Iso) => match name {
            "clnp" => Some(0x81),
            "esis" => Some(0x82),
            "isis" => Some(0x83),
            _ => None,
        },
        Some(_) => None,
    }
}

fn protocol_number(
    qualifiers: Qualifiers,
    number: u32,
    span: Span,
) -> Result<Primitive, Complaint> {
    let chain = qualifiers.kind == Kind::ProtoChain;
    let versions = match qualifiers.protocol {
        None => Versions::Both,
        Some(Protocol::Ip) => Versions::V4,
        Some(Protocol::Ip6) => Versions::V6,
        Some(Protocol::Link) if !chain => return Ok(Primitive::EtherType(number)),
        Some(Protocol::Iso) if !chain => return Ok(Primitive::IsoProto(number)),
        Some(Protocol::Isis) if !chain => {
            return Ok(Primitive::IsisPdu(IsisPdu::Number(number)));
        }
        Some(other) => {
            let message = format!("`{}` carries no protocol by number", other.name());
            return Err(
                Complaint::new(span, message).hint("`proto` is of ether, ip, ip6, iso or isis")
            );
        }
    };
    Ok(if chain {
        Primitive::IpProtoChain { versions, number }
    } else {
        Primitive::IpProto { versions, number }
    })
}

/// The octets of a dotted number as one, and how many bits were written.
fn octets(text: &str) -> Option<(u32, u32)> {
    let mut value = 0;
    let mut bits = 0;
    for part in text.split('.') {
        let octet = part.parse::<u8>().ok()?;
        value = value << 8 | u32::from(octet);
        bits += 8;
    }
    Some((value, bits))
}

/// AREA.NODE as it is in the header, before its bytes are swapped.
fn decnet(text: &str) -> Option<u16> {
    let (area, node) = text.split_once('.')?;
    let (area, node) = (area.parse::<u16>().ok()?, node.parse::<u16>().ok()?);
    (area <= 63 && node <= 1023).then_some(area << 10 | node)
}
