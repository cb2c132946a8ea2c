//! ICMP, `ICMPv6` with neighbour discovery, and the messages about groups.

use flowloom_wire::{Layer, protocol};

use super::frame::{Around, Rewriting};
use super::transport::plain_sum;

impl Rewriting<'_, '_> {
    pub(super) fn icmp(&mut self, at: usize, around: &Around) {
        let end = around.end.min(self.old.len());
        let Some(kind) = self.byte(at) else { return };
        self.keep(at..(at + 8).min(end));
        match kind {
            // Unreachable, quench, time exceeded, bad parameter: about a packet.
            3 | 4 | 11 | 12 => self.quoted(at + 8, end),
            REDIRECT => {
                self.v4(at + 4);
                self.quoted(at + 8, end);
            }
            ROUTER_ADVERTISEMENT => self.v4s(at + 8, end, 8),
            // Timestamps, and masks.
            13 | 14 => self.keep(at..(at + 20).min(end)),
            17 | 18 => self.keep(at..(at + 12).min(end)),
            _ => {}
        }
        if kind == ROUTER_ADVERTISEMENT {
            for preference in (at + 12..end).step_by(8) {
                self.keep(preference..(preference + 4).min(end));
            }
        }
        self.sums.push(plain_sum(at + 2, at..around.end));
    }

    pub(super) fn icmp6(&mut self, at: usize, around: &Around) {
        let end = around.end.min(self.old.len());
        let Some(kind) = self.byte(at) else { return };
        self.keep(at..(at + 8).min(end));
        match kind {
            1..=4 => self.quoted(at + 8, end),
            // Listeners to groups, of the first version; a query of the second has sources.
            130..=132 => {
                self.v6_until(at + 8, end);
                if end >= at + 28 {
                    self.keep(at + 24..at + 28);
                    self.v6s(at + 28..end);
                }
            }
            ROUTER_SOLICITATION => self.neighbour_options(at + 8, end),
            ROUTER_ADVERTISEMENT6 => {
                self.keep(at..(at + 16).min(end));
                self.neighbour_options(at + 16, end);
            }
            135 | 136 => {
                self.v6_until(at + 8, end);
                self.neighbour_options(at + 24, end);
            }
            REDIRECT6 => {
                self.v6_until(at + 8, end);
                self.v6_until(at + 24, end);
                self.neighbour_options(at + 40, end);
            }
            LISTENER_REPORT_2 => self.listener_records(at + 8, end),
            _ => {}
        }
        self.sum_with_pseudo(at + 2, at..around.end, protocol::ICMP6, around);
    }

    fn v6_until(&mut self, at: usize, end: usize) {
        if at + 16 <= end {
            self.v6(at);
        }
    }

    /// Neighbour discovery (RFC 4861, section 4.6, and later ones).
    fn neighbour_options(&mut self, mut at: usize, end: usize) {
        while let (Some(kind), Some(units @ 1..)) = (self.byte(at), self.byte(at + 1)) {
            if at >= end {
                return;
            }
            let next = (at + usize::from(units) * 8).min(end);
            self.keep(at..(at + 2).min(next));
            match kind {
                1 | 2 => self.mac(at + 2),
                PREFIX => {
                    self.keep(at..(at + 16).min(next));
                    self.prefix(at + 16, next, at + 2);
                }
                REDIRECTED => self.quoted(at + 8, next),
                MTU => self.keep(at..next),
                ROUTE => {
                    self.keep(at..(at + 8).min(next));
                    self.prefix(at + 8, next, at + 2);
                }
                DNS_SERVERS => {
                    self.keep(at..(at + 8).min(next));
                    self.v6s(at + 8..next);
                }
                _ => {}
            }
            at += usize::from(units) * 8;
        }
    }

    /// A prefix whose length is at `len_at`, of which there may be less than 16 bytes.
    fn prefix(&mut self, at: usize, end: usize, len_at: usize) {
        let Some(len @ 0..=128) = self.byte(len_at) else { return };
        let mut prefix = [0; 16];
        let there = self.rest(at).len().min(end.saturating_sub(at)).min(16);
        prefix[..there].copy_from_slice(&self.rest(at)[..there]);
        let mask = u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0);
        let own = u128::from_be_bytes(self.map.v6(prefix)) & mask;
        self.write(at, &own.to_be_bytes()[..there]);
    }

    fn listener_records(&mut self, mut at: usize, end: usize) {
        while at + 20 <= end {
            let (Some(words), Some(sources)) = (self.byte(at + 1), self.u16(at + 2)) else {
                return;
            };
            self.keep(at..at + 4);
            self.v6(at + 4);
            let sources_end = at + 20 + usize::from(sources) * 16;
            self.v6s(at + 20..sources_end.min(end));
            at = sources_end + usize::from(words) * 4;
        }
    }

    pub(super) fn igmp(&mut self, at: usize, around: &Around) {
        let end = around.end.min(self.old.len());
        let Some(kind) = self.byte(at) else { return };
        self.keep(at..(at + 4).min(end));
        match kind {
            // Queries, reports and leave messages; a query of the third version has sources.
            0x11 | 0x12 | 0x16 | 0x17 => {
                self.v4(at + 4);
                if end >= at + 12 {
                    self.keep(at + 8..at + 12);
                    self.v4s(at + 12, end, 4);
                }
            }
            GROUP_REPORT_3 => {
                self.keep(at..(at + 8).min(end));
                self.group_records(at + 8, end);
            }
            _ => {}
        }
        self.sums.push(plain_sum(at + 2, at..around.end));
    }

    fn group_records(&mut self, mut at: usize, end: usize) {
        while at + 8 <= end {
            let (Some(words), Some(sources)) = (self.byte(at + 1), self.u16(at + 2)) else {
                return;
            };
            self.keep(at..at + 4);
            self.v4(at + 4);
            let sources_end = at + 8 + usize::from(sources) * 4;
            self.v4s(at + 8, sources_end.min(end), 4);
            at = sources_end + usize::from(words) * 4;
        }
    }

    /// ARP and its relatives (RFC 826), for hardware and protocol addresses of any length.
    pub(super) fn arp(&mut self, at: usize) {
        self.keep(at..at + 8);
        let (Some(hardware), Some(protocol)) = (self.byte(at + 4), self.byte(at + 5)) else {
            return;
        };
        let (hardware, protocol) = (usize::from(hardware), usize::from(protocol));
        let mut next = at + 8;
        for len in [hardware, protocol, hardware, protocol] {
            match len {
                4 => self.v4(next),
                6 => self.mac(next),
                16 => self.v6(next),
                _ => {}
            }
            next += len;
        }
    }

    pub(super) fn message(&mut self, layer: Layer, at: usize, around: &Around) {
        match layer {
            Layer::Icmp => self.icmp(at, around),
            Layer::Icmp6 => self.icmp6(at, around),
            _ => self.igmp(at, around),
        }
    }
}

const REDIRECT: u8 = 5;
const ROUTER_ADVERTISEMENT: u8 = 9;

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT6: u8 = 134;
const REDIRECT6: u8 = 137;
const LISTENER_REPORT_2: u8 = 143;

const GROUP_REPORT_3: u8 = 0x22;

const PREFIX: u8 = 3;
const REDIRECTED: u8 = 4;
const MTU: u8 = 5;
const ROUTE: u8 = 24;
const DNS_SERVERS: u8 = 25;
