//! DHCP and BOOTP (RFC 2131, RFC 951), and `DHCPv6` (RFC 8415): who asks for an address, and what
//! it is given.

mod columns;
mod events;
mod message;
mod v4;
mod v6;

#[cfg(test)]
mod tests;

use crate::{
    Context, Datagram, DatagramParser, Match, Opening, Protocol, Transport, Verdict, Want, Wants,
};

pub use columns::DhcpColumns;
pub use events::{DhcpEvent, TABLE};
pub use message::{Message, OPTIONS_MAX};

/// What DHCP messages told.
#[derive(Clone, Debug, Default)]
pub struct Dhcp {
    /// Messages that were seen.
    pub count: i64,
    /// The messages; where only columns are wanted, the first [`FIRST_MAX`] of them.
    pub messages: Vec<Message>,
}

/// DHCP over IPv4.
#[derive(Debug)]
pub struct DhcpProtocol;

/// DHCP over IPv6.
#[derive(Debug)]
pub struct Dhcpv6Protocol;

impl Protocol for DhcpProtocol {
    fn name(&self) -> &'static str {
        "dhcp"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Udp => &[67, 68, 4011],
            Transport::Tcp => &[],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match opening.transport {
            Transport::Udp => v4::probe(opening.bytes),
            Transport::Tcp => Match::No,
        }
    }

    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        wants.has_any(WANTED).then(|| Box::new(DhcpParser { version: 4, held: 0 }) as _)
    }
}

impl Protocol for Dhcpv6Protocol {
    fn name(&self) -> &'static str {
        "dhcpv6"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Udp => &[546, 547],
            Transport::Tcp => &[],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match opening.transport {
            Transport::Udp => v6::probe(opening.bytes, opening.is_at(self.ports(Transport::Udp))),
            Transport::Tcp => Match::No,
        }
    }

    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        wants.has_any(WANTED).then(|| Box::new(DhcpParser { version: 6, held: 0 }) as _)
    }
}

#[derive(Debug)]
struct DhcpParser {
    version: u8,
    /// Memory of the messages that came, as long as there was room for them.
    held: usize,
}

impl DatagramParser for DhcpParser {
    fn read(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> Verdict {
        let (bytes, len) = (datagram.bytes, datagram.len);
        let message = if self.version == 4 { v4::read(bytes, len) } else { v6::read(bytes, len) };
        let Some(message) = message else { return Verdict::NotMine };
        let message = Message { stamp: datagram.stamp, direction: datagram.direction, ..message };
        let dhcp = context.findings.dhcp.get_or_insert_default();
        dhcp.count += 1;
        let all_wanted = context.wants.has(Want::DhcpMessages);
        let max = if all_wanted { context.limits.messages_max } else { FIRST_MAX };
        if dhcp.messages.len() < max && self.held < HELD_MAX {
            self.held += message.held();
            dhcp.messages.push(message);
        } else if all_wanted {
            context.findings.messages_dropped += 1;
        }
        Verdict::More
    }
}

const WANTED: &[Want] = &[Want::Dhcp, Want::DhcpMessages];
/// Memory of the messages that are kept of a flow; one more may go beyond it.
const HELD_MAX: usize = 16 << 20;
/// Messages of a flow that its columns are made of.
pub const FIRST_MAX: usize = 16;
