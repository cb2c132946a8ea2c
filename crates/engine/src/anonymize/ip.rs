//! IP headers, their options and extensions, and fragments.

use std::ops::Range;

use flowloom_wire::{Layer, protocol};

use super::Payload;
use super::frame::{Around, Ends, FragmentData, Header, Rewriting};
use super::sums::{Sum, sum};
use super::transport::plain_sum;

impl Rewriting<'_, '_> {
    pub(super) fn ipv4(&mut self, at: usize, around: &mut Around) {
        self.keep(at..at + 12);
        self.v4(at + 12);
        self.v4(at + 16);
        let header_len = self.byte(at).map_or(0, |first| usize::from(first & 0x0f) * 4);
        let end = (at + header_len).min(self.old.len());
        if end > at + 20 {
            self.ipv4_options(at + 20..end);
        }
        let (field, region) = (at + 10, at..at + header_len);
        self.sums.push(Sum { field, region, ends: Vec::new(), pseudo: 0, may_be_absent: false });
        if let Some(total @ 1..) = self.u16(at + 2) {
            around.end = around.end.min(at + usize::from(total));
        }
        around.ip = Some(Ends {
            src: at + 12..at + 16,
            dst: at + 16..at + 20,
            final_dst: None,
            home: None,
            protocol: self.byte(at + 9).unwrap_or(0),
        });
    }

    /// Of options that are not known, kind and length stay.
    fn ipv4_options(&mut self, part: Range<usize>) {
        let mut at = part.start;
        while let Some(kind) = self.byte(at).filter(|_| at < part.end) {
            if kind <= OPTION_NOP {
                self.keep(at..at + 1);
                at += 1;
                continue;
            }
            let Some(len @ 2..) = self.byte(at + 1).map(usize::from) else { return };
            let end = (at + len).min(part.end);
            self.keep(at..(at + 2).min(end));
            match kind {
                OPTION_RECORD_ROUTE | OPTION_LOOSE_ROUTE | OPTION_STRICT_ROUTE => {
                    self.keep(at + 2..(at + 3).min(end));
                    self.v4s(at + 3, end, 4);
                }
                OPTION_TIMESTAMP => {
                    self.keep(at + 2..end);
                    if self.byte(at + 3).is_some_and(|flags| flags & 0x0f != 0) {
                        self.v4s(at + 4, end, 8);
                    }
                }
                OPTION_ROUTER_ALERT | OPTION_MTU_PROBE | OPTION_MTU_REPLY | OPTION_QUICK_START => {
                    self.keep(at..end);
                }
                _ => {}
            }
            at += len;
        }
    }

    /// IPv4 addresses, each so many bytes after the one before.
    pub(super) fn v4s(&mut self, at: usize, end: usize, step: usize) {
        let Some(last) = end.checked_sub(4) else { return };
        for at in (at..=last).step_by(step) {
            self.v4(at);
        }
    }

    pub(super) fn ipv6(&mut self, at: usize, around: &mut Around) {
        self.keep(at..at + 8);
        self.v6(at + 8);
        self.v6(at + 24);
        // 0 is a jumbogram's, or segmentation offload.
        if let Some(payload @ 1..) = self.u16(at + 4) {
            around.end = around.end.min(at + 40 + usize::from(payload));
        }
        around.ip = Some(Ends {
            src: at + 8..at + 24,
            dst: at + 24..at + 40,
            final_dst: None,
            home: None,
            protocol: self.byte(at + 6).unwrap_or(0),
        });
    }

    /// An extension header of IPv6, or what stands in the place of one.
    pub(super) fn extension(&mut self, header: Header, around: &mut Around) {
        let Header { layer, at, .. } = header;
        let units = self.byte(at + 1).map_or(0, usize::from);
        let end = match layer {
            Layer::FragmentHeader => at + 8,
            Layer::Ah => at + (units + 2) * 4,
            _ => at + (units + 1) * 8,
        };
        let end = end.min(header.end).min(self.old.len());
        match layer {
            // Nothing in them can be an address; a signature of it is all the same not mended.
            Layer::FragmentHeader | Layer::Ah => self.keep(at..end),
            Layer::HopByHop | Layer::DestinationOptions => {
                self.keep(at..at + 2);
                self.ipv6_options(at + 2, end, around);
            }
            Layer::Routing => self.routing(at, end, around),
            // Type, checksum and control; host identity tags look like addresses.
            Layer::Hip => {
                self.keep(at..(at + 8).min(end));
                self.v6(at + 8);
                self.v6(at + 24);
                self.sum_with_pseudo(at + 4, at..end, protocol::HIP, around);
            }
            Layer::Mobility => {
                self.keep(at..(at + 12).min(end));
                self.sum_with_pseudo(at + 4, at..end, protocol::MOBILITY, around);
            }
            _ => {
                self.keep(at..(at + 8).min(end));
            }
        }
        if let Some(ip) = &mut around.ip {
            ip.protocol = self.old.get(at).copied().unwrap_or(ip.protocol);
        }
    }

    fn ipv6_options(&mut self, mut at: usize, end: usize, around: &mut Around) {
        while let Some(kind) = self.byte(at).filter(|_| at < end) {
            if kind == 0 {
                at += 1;
                continue;
            }
            let Some(len) = self.byte(at + 1).map(usize::from) else { return };
            let next = (at + 2 + len).min(end);
            self.keep(at..(at + 2).min(next));
            match kind {
                OPTION6_TUNNEL_LIMIT | OPTION6_ROUTER_ALERT | OPTION6_QUICK_START
                | OPTION6_JUMBO => self.keep(at..next),
                OPTION6_HOME if len >= 16 && at + 18 <= end => {
                    self.v6(at + 2);
                    if let Some(ip) = &mut around.ip {
                        ip.home = Some(at + 2..at + 18);
                    }
                }
                _ => {}
            }
            at += 2 + len;
        }
    }

    fn routing(&mut self, at: usize, end: usize, around: &mut Around) {
        self.keep(at..(at + 8).min(end));
        let kind = self.byte(at + 2);
        let segments_left = self.byte(at + 3).unwrap_or(0);
        let last = match (kind, self.byte(at + 4)) {
            (Some(0 | 2), _) => end,
            // After the segments there may be more, which is not known.
            (Some(4), Some(last)) => (at + 8 + (usize::from(last) + 1) * 16).min(end),
            _ => return,
        };
        self.v6s(at + 8..last);
        let final_dst = if kind == Some(4) { Some(at + 8) } else { end.checked_sub(16) };
        if let (Some(ip), Some(start)) = (&mut around.ip, final_dst)
            && segments_left > 0
            && (at + 8..=end.saturating_sub(16)).contains(&start)
        {
            ip.final_dst = Some(start..start + 16);
        }
    }

    /// What follows the last header, if that is IP's: of protocols between routers the kind of
    /// message, so that their checksum can be right.
    pub(super) fn beyond(&mut self, last: Layer, at: usize, protocol: u8, around: &Around) {
        let is_ip = matches!(
            last,
            Layer::Ipv4
                | Layer::Ipv6
                | Layer::HopByHop
                | Layer::Routing
                | Layer::DestinationOptions
                | Layer::Ah
        );
        let field = match protocol {
            protocol::EIGRP | protocol::PIM => 2,
            protocol::VRRP => 6,
            protocol::OSPF => 12,
            _ => return,
        };
        if !is_ip || at + field + 2 > self.old.len() {
            return;
        }
        self.keep(at..at + 2);
        self.keep(at + field..at + field + 2);
        // VRRP has a pseudo header since version 3 (RFC 5798, section 5.2.8); not all know that.
        let plain = plain_sum(at + field, at..around.end);
        let is_plain = protocol != protocol::VRRP
            || self.byte(at).is_some_and(|first| first >> 4 < 3)
            || plain.is_right(self.old);
        if last == Layer::Ipv4 && is_plain {
            self.sums.push(plain);
        } else {
            self.sum_with_pseudo(at + field, at..around.end, protocol, around);
        }
    }

    /// A fragment that is not the first, or the first without all of its headers.
    ///
    /// The checksum about what is lost here was in another fragment: so two bytes that are lost
    /// anyway become what gives the same sum.
    pub(super) fn fragment(&mut self, data: &FragmentData, around: &Around) {
        let FragmentData { at, offset, protocol } = *data;
        let end = around.end.min(self.old.len());
        if protocol == protocol::TCP && offset < TCP_LEN {
            let header_end = (at + TCP_LEN - offset).min(end);
            if offset > 0 || self.written <= at {
                self.keep(at..header_end);
            }
            if offset > 0 && offset <= TCP_CHECKSUM_AT {
                let field = at + TCP_CHECKSUM_AT - offset;
                self.sum_with_pseudo(field, at..end, protocol::TCP, around);
                return;
            }
        }
        if protocol == protocol::SCTP && self.payload != Payload::Keep {
            // What became zeros stays zeros, after a first fragment that is made for that.
            if offset == 0 {
                self.crc_of_first_fragment(at, around.end);
            }
        } else if offset > 0 {
            let part = at..end;
            let missing = sum(self.old, &part) + MODULUS - sum(self.new, &part) % MODULUS;
            if end == at + 1 {
                self.keep(at..end);
            } else if !missing.is_multiple_of(MODULUS)
                && let Some(place) =
                    (at..end.saturating_sub(1)).step_by(2).find(|&at| self.is_changed(at))
                && let Some(&word) = self.new.get(place..).and_then(<[u8]>::first_chunk)
            {
                let word = (u64::from(u16::from_be_bytes(word)) + missing) % MODULUS;
                self.write(place, &(word as u16).to_be_bytes());
            }
        }
    }

    /// Whether the two bytes are not what they were.
    fn is_changed(&self, at: usize) -> bool {
        self.old.get(at..at + 2) != self.new.get(at..at + 2)
    }

    /// A checksum over a pseudo header and `region`, which is the rest of the packet.
    pub(super) fn sum_with_pseudo(
        &mut self,
        field: usize,
        region: Range<usize>,
        protocol: u8,
        around: &Around,
    ) {
        let mut ends = Vec::new();
        if let Some(ip) = &around.ip {
            let dst = ip.final_dst.as_ref().unwrap_or(&ip.dst);
            let src = ip.home.as_ref().unwrap_or(&ip.src);
            ends.push([src.clone(), dst.clone()]);
            // Some go by the header alone.
            if ip.final_dst.is_some() || ip.home.is_some() {
                ends.push([ip.src.clone(), dst.clone()]);
                ends.push([src.clone(), ip.dst.clone()]);
                ends.push([ip.src.clone(), ip.dst.clone()]);
            }
        }
        let len = (region.end - region.start.min(region.end)) as u64;
        let pseudo = (len >> 16) + (len & 0xffff) + u64::from(protocol);
        let may_be_absent = protocol == protocol::UDP;
        self.sums.push(Sum { field, region, ends, pseudo, may_be_absent });
    }
}

const TCP_LEN: usize = 20;
const TCP_CHECKSUM_AT: usize = 16;
const MODULUS: u64 = 0xffff;

const OPTION_NOP: u8 = 1;
const OPTION_RECORD_ROUTE: u8 = 7;
const OPTION_MTU_PROBE: u8 = 11;
const OPTION_MTU_REPLY: u8 = 12;
const OPTION_QUICK_START: u8 = 25;
const OPTION_TIMESTAMP: u8 = 68;
const OPTION_LOOSE_ROUTE: u8 = 131;
const OPTION_STRICT_ROUTE: u8 = 137;
const OPTION_ROUTER_ALERT: u8 = 148;

const OPTION6_TUNNEL_LIMIT: u8 = 4;
const OPTION6_ROUTER_ALERT: u8 = 5;
const OPTION6_QUICK_START: u8 = 0x26;
const OPTION6_JUMBO: u8 = 0xc2;
/// Of Mobile IPv6 (RFC 6275, section 6.3).
const OPTION6_HOME: u8 = 0xc9;
