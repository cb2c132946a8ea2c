//! Transport headers: ports and numbers stay, addresses in options and parameters are mapped.

use flowloom_wire::{Layer, protocol};

use super::frame::{Around, Header, Rewriting};
use super::sums::Sum;

impl Rewriting<'_, '_> {
    pub(super) fn tcp(&mut self, at: usize, around: &Around) {
        let header_len = self.byte(at + 12).map_or(0, |byte| usize::from(byte >> 4) * 4);
        let end = (at + header_len).min(self.old.len());
        self.keep(at..at + 20);
        self.tcp_options(at + 20, end);
        self.sum_with_pseudo(at + 16, at..around.end, protocol::TCP, around);
    }

    fn tcp_options(&mut self, mut at: usize, end: usize) {
        while let Some(kind) = self.byte(at).filter(|_| at < end) {
            if kind == 0 {
                return;
            }
            if kind == 1 {
                self.keep(at..at + 1);
                at += 1;
                continue;
            }
            let Some(len @ 2..) = self.byte(at + 1).map(usize::from) else { return };
            let next = (at + len).min(end);
            match kind {
                // Segment size, window scale, SACK, timestamps; and those of old.
                2..=15 | 18 | 27 | 28 => self.keep(at..next),
                OPTION_MULTIPATH => self.multipath(at, next),
                // Of signatures, cookies and all others, kind and length.
                _ => self.keep(at..(at + 2).min(next)),
            }
            at += len;
        }
    }

    /// Multipath TCP (RFC 8684, section 3): of an advertised address, no signature stays, by which
    /// it could be guessed.
    fn multipath(&mut self, at: usize, end: usize) {
        let Some(subtype) = self.byte(at + 2).map(|byte| byte >> 4) else { return };
        if subtype != MULTIPATH_ADD_ADDRESS {
            return self.keep(at..end);
        }
        self.keep(at..(at + 4).min(end));
        // In version 0 the low bits are the IP version; in version 1 a flag, and lengths tell.
        let (address_len, signature_len) = match end - at {
            8 | 10 | 16 | 18 => (4, 8),
            20 | 22 | 28 | 30 => (16, 8),
            _ => return,
        };
        match address_len {
            4 => self.v4(at + 4),
            _ => self.v6(at + 4),
        }
        let port_at = at + 4 + address_len;
        let left = end - port_at;
        if left % signature_len == 2 {
            self.keep(port_at..port_at + 2);
        }
    }

    pub(super) fn udp(&mut self, at: usize, around: &mut Around) {
        self.keep(at..at + 8);
        if let Some(len @ 8..) = self.u16(at + 4) {
            let end = at + usize::from(len);
            self.sum_with_pseudo(at + 6, at..end, protocol::UDP, around);
            around.end = around.end.min(end);
        } else {
            self.sum_with_pseudo(at + 6, at..around.end, protocol::UDP, around);
        }
    }

    /// UDP-Lite (RFC 3828): the checksum may cover the front alone, with the whole length in the
    /// pseudo header.
    pub(super) fn udp_lite(&mut self, at: usize, around: &Around) {
        self.keep(at..at + 8);
        let covered = match self.u16(at + 4) {
            Some(len @ 8..) => (at + usize::from(len)).min(around.end),
            _ => around.end,
        };
        self.partly_covered(at + 6, at, covered, protocol::UDP_LITE, around);
    }

    /// A checksum of what begins at `at`, of which it covers the front.
    fn partly_covered(
        &mut self,
        field: usize,
        at: usize,
        covered: usize,
        protocol: u8,
        around: &Around,
    ) {
        self.sum_with_pseudo(field, at..around.end, protocol, around);
        if let Some(sum) = self.sums.last_mut() {
            sum.region.end = covered;
        }
    }

    /// DCCP (RFC 4340, section 5): the header of its kind stays, options do not.
    pub(super) fn dccp(&mut self, at: usize, around: &Around) {
        let (Some(offset), Some(coverage), Some(kind)) =
            (self.byte(at + 4), self.byte(at + 5), self.byte(at + 8))
        else {
            return;
        };
        let header_end = at + usize::from(offset) * 4;
        let is_long = kind & 1 != 0;
        let acknowledgement = if is_long { 8 } else { 4 };
        let own = match kind >> 1 & 0x0f {
            0 => 4,
            2 => 0,
            1 | 7 => acknowledgement + 4,
            _ => acknowledgement,
        };
        let base = if is_long { 16 } else { 12 };
        self.keep(at..(at + base + own).min(header_end));
        let covered = match usize::from(coverage & 0x0f) {
            0 => around.end,
            words => (header_end + (words - 1) * 4).min(around.end),
        };
        self.partly_covered(at + 6, at, covered, protocol::DCCP, around);
    }

    /// SCTP (RFC 9260): heads of chunks stay, and what is known to name nobody.
    pub(super) fn sctp(&mut self, at: usize, around: &Around) {
        self.keep(at..at + 12);
        let end = around.end.min(self.old.len());
        let mut chunk = at + 12;
        while let (Some(kind), Some(len @ 4..)) = (self.byte(chunk), self.u16(chunk + 2)) {
            if chunk >= end {
                break;
            }
            let chunk_end = (chunk + usize::from(len)).min(end);
            self.chunk(kind, chunk, chunk_end);
            chunk += usize::from(len).next_multiple_of(4);
        }
        self.crc(at, around.end);
    }

    fn chunk(&mut self, kind: u8, at: usize, end: usize) {
        let keep = |len: usize| at..(at + len).min(end);
        match kind {
            CHUNK_DATA => self.keep(keep(16)),
            CHUNK_I_DATA => self.keep(keep(20)),
            CHUNK_INIT | CHUNK_INIT_ACK => {
                self.keep(keep(20));
                self.parameters(at + 20, end);
            }
            CHUNK_SACK | CHUNK_SHUTDOWN | CHUNK_FORWARD => self.keep(at..end),
            CHUNK_ASCONF | CHUNK_ASCONF_ACK => {
                self.keep(keep(8));
                self.parameters(at + 8, end);
            }
            _ => self.keep(keep(4)),
        }
    }

    fn parameters(&mut self, mut at: usize, end: usize) {
        while let (Some(kind), Some(len @ 4..)) = (self.u16(at), self.u16(at + 2)) {
            if at >= end {
                return;
            }
            let next = (at + usize::from(len)).min(end);
            self.keep(at..(at + 4).min(next));
            match kind {
                PARAMETER_IPV4 if next >= at + 8 => self.v4(at + 4),
                PARAMETER_IPV6 if next >= at + 20 => self.v6(at + 4),
                // An address to add, to delete or to prefer, after a number for the answer.
                0xc001 | 0xc002 | 0xc004 => {
                    self.keep(at..(at + 8).min(next));
                    self.parameters(at + 8, next);
                }
                // Types of addresses, extensions, numbers.
                12 | 0x8000 | 0x8008 | 0xc000 | 0xc005 | 0xc006 => self.keep(at..next),
                _ => {}
            }
            at += usize::from(len).next_multiple_of(4);
        }
    }

    /// A header of which no more is there, or that contradicts itself: what names nobody.
    pub(super) fn damaged(&mut self, layer: Layer, at: usize, around: &mut Around) {
        let end = self.old.len();
        match layer {
            Layer::Tcp => {
                self.keep(at..(at + 20).min(end));
                self.sum_with_pseudo(at + 16, at..around.end, protocol::TCP, around);
            }
            Layer::Udp | Layer::UdpLite => {
                self.keep(at..(at + 8).min(end));
                if layer == Layer::Udp {
                    self.sum_with_pseudo(at + 6, at..around.end, protocol::UDP, around);
                }
            }
            Layer::Sctp | Layer::Dccp => self.keep(at..(at + 8).min(end)),
            Layer::Ipv4 if self.byte(at).is_some_and(|first| first >> 4 == 4) => {
                self.ipv4(at, around);
            }
            Layer::Ipv6 if self.byte(at).is_some_and(|first| first >> 4 == 6) => {
                self.ipv6(at, around);
            }
            Layer::Ethernet => self.ethernet(Header { layer, at, end, is_last: true }, &[]),
            _ => {}
        }
    }
}

/// A checksum of the message alone.
pub(super) fn plain_sum(field: usize, region: std::ops::Range<usize>) -> Sum {
    Sum { field, region, ends: Vec::new(), pseudo: 0, may_be_absent: false }
}

const OPTION_MULTIPATH: u8 = 30;
const MULTIPATH_ADD_ADDRESS: u8 = 3;

const CHUNK_DATA: u8 = 0;
const CHUNK_INIT: u8 = 1;
const CHUNK_INIT_ACK: u8 = 2;
const CHUNK_SACK: u8 = 3;
const CHUNK_SHUTDOWN: u8 = 7;
const CHUNK_I_DATA: u8 = 64;
const CHUNK_ASCONF_ACK: u8 = 128;
const CHUNK_FORWARD: u8 = 192;
const CHUNK_ASCONF: u8 = 193;
const PARAMETER_IPV4: u16 = 5;
const PARAMETER_IPV6: u16 = 6;
