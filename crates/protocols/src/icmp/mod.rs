//! ICMP (RFC 792), ICMPv6 (RFC 4443, RFC 4861) and IGMP (RFC 2236, RFC 3376), with MLD (RFC 2710,
//! RFC 3810): what the messages of a flow speak of.

mod columns;
mod quoted;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flowloom_schema::Mac;
use flowloom_wire::protocol;

use crate::{Cursor, Stamp};

pub use columns::IcmpColumns;
pub use quoted::Quoted;

/// What the messages of a flow speak of: of each thing, what the first message says that has it.
#[derive(Clone, Debug, Default)]
pub struct Icmp {
    /// Identifier of echoes, timestamps and masks.
    pub id: Option<u16>,
    /// The first request: sequence number and time.
    pub request: Option<(u16, i64)>,
    /// Sequence numbers of the first and last request or reply.
    pub sequence: Option<[u16; 2]>,
    /// Time of the reply to the first request.
    pub replied: Option<i64>,
    /// Packet in an error.
    pub quoted: Option<Quoted>,
    /// MTU in an error, or one that a router advertises.
    pub mtu: Option<u32>,
    /// Where a redirect points to.
    pub gateway: Option<IpAddr>,
    /// Target of a neighbour solicitation or advertisement.
    pub nd_target: Option<Ipv6Addr>,
    /// Hardware address in an option of neighbour discovery.
    pub nd_mac: Option<Mac>,
    /// Prefix that a router advertises, and its length.
    pub prefix: Option<(Ipv6Addr, u8)>,
    /// IGMP: type and version.
    pub igmp: Option<(u8, u8)>,
    /// Groups in messages of IGMP and MLD, each once, [`GROUPS_MAX`] of them.
    pub groups: Vec<IpAddr>,
}

impl Icmp {
    /// Takes in a message: the header and what follows, as much of it as was captured.
    pub fn packet(&mut self, protocol: u8, bytes: &[u8], stamp: Stamp) {
        let _ = match protocol {
            protocol::ICMP => self.icmp(bytes, stamp),
            protocol::ICMP6 => self.icmpv6(bytes, stamp),
            protocol::IGMP => self.igmp(bytes),
            _ => None,
        };
    }

    /// Nothing when the message was cut.
    fn icmp(&mut self, bytes: &[u8], stamp: Stamp) -> Option<()> {
        let mut body = Cursor::new(bytes);
        let [kind, code, _, _] = body.array()?;
        let rest: [u8; 4] = body.array()?;
        match kind {
            8 | 13 | 15 | 17 => self.asked(rest, stamp, true),
            0 | 14 | 16 | 18 => self.asked(rest, stamp, false),
            3 | 4 | 5 | 11 | 12 => {
                let [_, _, mtu @ ..] = rest;
                if (kind, code) == (3, 4) {
                    // Routers older than RFC 1191 tell none.
                    let mtu = Some(u16::from_be_bytes(mtu).into()).filter(|mtu| *mtu > 0);
                    self.mtu = self.mtu.or(mtu);
                }
                if kind == 5 {
                    self.gateway = self.gateway.or(Some(Ipv4Addr::from(rest).into()));
                }
                self.quoted = self.quoted.or_else(|| Quoted::parse(body.rest()));
            }
            _ => {}
        }
        Some(())
    }

    fn icmpv6(&mut self, bytes: &[u8], stamp: Stamp) -> Option<()> {
        let mut body = Cursor::new(bytes);
        let [kind, _, _, _] = body.array()?;
        let rest: [u8; 4] = body.array()?;
        match kind {
            128 => self.asked(rest, stamp, true),
            129 => self.asked(rest, stamp, false),
            1..=4 => {
                if kind == 2 {
                    self.mtu = self.mtu.or(Some(u32::from_be_bytes(rest)));
                }
                self.quoted = self.quoted.or_else(|| Quoted::parse(body.rest()));
            }
            130..=132 => self.group(body.array::<16>()?.into()),
            133 => self.options(body),
            134 => {
                body.take(8)?;
                self.options(body);
            }
            135 | 136 => {
                let target = body.array::<16>()?;
                self.nd_target = self.nd_target.or(Some(target.into()));
                self.options(body);
            }
            137 => {
                let target = body.array::<16>()?;
                self.gateway = self.gateway.or(Some(target.into()));
                body.take(16)?;
                self.options(body);
            }
            143 => {
                let [_, _, records @ ..] = rest;
                for _ in 0..u16::from_be_bytes(records) {
                    let [_, extra, sources @ ..] = body.array::<4>()?;
                    self.group(body.array::<16>()?.into());
                    body.take(16 * usize::from(u16::from_be_bytes(sources)))?;
                    body.take(4 * usize::from(extra))?;
                }
            }
            _ => {}
        }
        Some(())
    }

    /// Options of neighbour discovery (RFC 4861, section 4.6): type, and length in units of 8 bytes.
    fn options(&mut self, mut body: Cursor<'_>) {
        while let (Some(kind), Some(len @ 1..)) = (body.u8(), body.u8()) {
            let Some(mut option) = body.sub(8 * usize::from(len) - 2) else { return };
            match kind {
                1 | 2 => self.nd_mac = self.nd_mac.or(option.array().map(Mac)),
                3 => {
                    let len = option.u8();
                    let prefix = option.take(13).and_then(|_| option.array::<16>());
                    let found = prefix.zip(len).map(|(prefix, len)| (prefix.into(), len));
                    self.prefix = self.prefix.or(found);
                }
                4 => {
                    let quoted = option.take(6).and_then(|_| Quoted::parse(option.rest()));
                    self.quoted = self.quoted.or(quoted);
                }
                5 => self.mtu = self.mtu.or(option.take(2).and_then(|_| option.u32())),
                _ => {}
            }
        }
    }

    fn igmp(&mut self, bytes: &[u8]) -> Option<()> {
        let mut body = Cursor::new(bytes);
        let [kind, code, _, _] = body.array()?;
        let version = match (kind, bytes.len(), code) {
            // Queries of the versions are told apart by length and code (RFC 3376, section 7.1).
            (QUERY, 12.., _) | (0x22, _, _) => 3,
            (QUERY, _, 0) | (0x12, _, _) => 1,
            _ => 2,
        };
        self.igmp = self.igmp.or(Some((kind, version)));
        if kind != 0x22 {
            self.group(body.array::<4>()?.into());
            return Some(());
        }
        let [_, _, records @ ..] = body.array::<4>()?;
        for _ in 0..u16::from_be_bytes(records) {
            let [_, extra, sources @ ..] = body.array::<4>()?;
            self.group(body.array::<4>()?.into());
            body.take(4 * usize::from(u16::from_be_bytes(sources)))?;
            body.take(4 * usize::from(extra))?;
        }
        Some(())
    }

    /// A request, or a reply to one: identifier and sequence number.
    fn asked(&mut self, [a, b, c, d]: [u8; 4], stamp: Stamp, is_request: bool) {
        let sequence = u16::from_be_bytes([c, d]);
        self.id = self.id.or(Some(u16::from_be_bytes([a, b])));
        self.sequence = Some([self.sequence.map_or(sequence, |[first, _]| first), sequence]);
        if is_request {
            self.request = self.request.or(Some((sequence, stamp.time)));
        } else if self.request.is_some_and(|(asked, _)| asked == sequence) {
            self.replied = self.replied.or(Some(stamp.time));
        }
    }

    /// A query of all groups names none.
    fn group(&mut self, group: IpAddr) {
        let is_new = !group.is_unspecified() && !self.groups.contains(&group);
        if is_new && self.groups.len() < GROUPS_MAX {
            self.groups.push(group);
        }
    }
}

/// Groups that are kept of a flow.
const GROUPS_MAX: usize = 64;
/// IGMP's question for members.
const QUERY: u8 = 0x11;
