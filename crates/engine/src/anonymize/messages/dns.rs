//! Messages of the DNS (RFC 1035): questions and records, with other names and addresses.

use std::ops::Range;

use crate::anonymize::frame::Rewriting;
use crate::anonymize::payload::text::replace_labels;

impl Rewriting<'_, '_> {
    /// Messages over TCP: each after its length, and all of it in this segment.
    pub(super) fn dns_stream(&mut self, mut at: usize, sent: usize, end: usize) {
        while let Some(len) = self.u16(at).filter(|_| at + 2 < end).map(usize::from) {
            let (message, next) = (at + 2, at + 2 + len);
            if next > sent || !self.is_dns(message, next, end) {
                return;
            }
            self.keep(at..message);
            self.dns_message(message, next.min(end));
            at = next;
        }
    }

    /// A message over UDP, which ends at `sent`.
    pub(super) fn dns(&mut self, message: usize, sent: usize, end: usize) {
        if self.is_dns(message, sent, end) {
            self.dns_message(message, end);
        }
    }

    /// A message, up to the first record that is cut.
    fn dns_message(&mut self, message: usize, end: usize) {
        let counts = self.counts(message);
        self.keep(message..message + HEADER_LEN);
        let mut at = message + HEADER_LEN;
        for _ in 0..counts[0] {
            let Some(after) = self.dns_name(at, end).filter(|after| after + 4 <= end) else {
                return;
            };
            self.keep(after..after + 4);
            at = after + 4;
        }
        for _ in 0..counts[1..].iter().map(|&count| u32::from(count)).sum() {
            let Some(next) = self.record(at, end) else { return };
            at = next;
        }
    }

    /// Whether bytes are a message: each of the questions and records it has by its header is there
    /// and ends before it does. Where the capture ends before, the first of them is.
    fn is_dns(&self, message: usize, sent: usize, end: usize) -> bool {
        if message + HEADER_LEN > end {
            return false;
        }
        let counts = self.counts(message).map(u32::from);
        let (questions, all) = (counts[0], counts.iter().sum());
        let mut at = message + HEADER_LEN;
        for number in 0..all {
            let next = match self.dns_labels(at, end) {
                Some((_, name)) if number < questions => Some(name + 4),
                Some((_, name)) => {
                    self.u16(name + 8).map(|len| name + RECORD_HEAD_LEN + usize::from(len))
                }
                None => None,
            };
            match next {
                Some(next) if next <= end => at = next,
                _ => return end < sent && number > 0,
            }
        }
        // Of nothing else it could be told that it is one.
        all > 0 || sent == message + HEADER_LEN
    }

    /// How many questions and records of three kinds a message has.
    fn counts(&self, message: usize) -> [u16; 4] {
        [4, 6, 8, 10].map(|at| self.u16(message + at).unwrap_or(0))
    }

    /// A record; where the next one begins.
    fn record(&mut self, at: usize, end: usize) -> Option<usize> {
        let head = self.dns_name(at, end).filter(|head| head + RECORD_HEAD_LEN <= end)?;
        self.keep(head..head + RECORD_HEAD_LEN);
        let (kind, len) = (self.u16(head)?, usize::from(self.u16(head + 8)?));
        let (data, next) = (head + RECORD_HEAD_LEN, head + RECORD_HEAD_LEN + len);
        if next > end {
            return None;
        }
        match (kind, len) {
            (A, 4) => self.v4(data),
            (AAAA, 16) => self.v6(data),
            (NS | CNAME | PTR | DNAME, _) => drop(self.dns_name(data, next)),
            (MX, 2..) => {
                self.keep(data..data + 2);
                self.dns_name(data + 2, next);
            }
            (SRV, 6..) => {
                self.keep(data..data + 6);
                self.dns_name(data + 6, next);
            }
            (SOA, _) => {
                let responsible = self.dns_name(data, next)?;
                let numbers = self.dns_name(responsible, next)?;
                self.keep(numbers..next.min(numbers + 20));
            }
            (SVCB | HTTPS, 2..) => {
                self.keep(data..data + 2);
                let parameters = self.dns_name(data + 2, next)?;
                self.parameters_of_service(parameters, next);
            }
            (OPT, _) => {
                let mut option = data;
                while let Some(len) = self.u16(option + 2).filter(|_| option + 4 <= next) {
                    self.keep(option..option + 4);
                    option += 4 + usize::from(len);
                }
            }
            _ => {}
        }
        Some(next)
    }

    /// RFC 9460, section 14.3.2: protocols and ports stay, and addresses are mapped.
    fn parameters_of_service(&mut self, mut at: usize, end: usize) {
        while let (Some(key), Some(len)) = (self.u16(at), self.u16(at + 2)) {
            let (value, next) = (at + 4, at + 4 + usize::from(len));
            if next > end {
                return;
            }
            self.keep(at..value);
            match key {
                0..=3 => self.keep(value..next),
                4 => self.v4s(value, next, 4),
                6 => self.v6s(value..next),
                _ => {}
            }
            at = next;
        }
    }

    /// The labels of a name, and where it ends. One that points on ends there.
    fn dns_labels(&self, start: usize, end: usize) -> Option<(Vec<Range<usize>>, usize)> {
        let mut labels = Vec::new();
        let mut at = start;
        loop {
            let len = usize::from(self.byte(at).filter(|_| at < end)?);
            match len {
                0 => return Some((labels, at + 1)),
                1..64 if at + 1 + len <= end => labels.push(at + 1..at + 1 + len),
                0xc0.. if at + 2 <= end => return Some((labels, at + 2)),
                _ => return None,
            }
            at += 1 + len;
        }
    }

    /// A name; where it ends. One that points on is the same name as there.
    fn dns_name(&mut self, start: usize, end: usize) -> Option<usize> {
        let (labels, after) = self.dns_labels(start, end)?;
        let at = labels.last().map_or(start, |label| label.end);
        self.keep(at..after);
        let real = self.old.get(start..at)?;
        let mut own = real.to_vec();
        // Only where the whole name is here: pieces of an address get names as other labels do.
        replace_labels(&mut own, self.map);
        let address_len = match labels.iter().rev().nth(1).map(ExactSizeIterator::len) {
            Some(V4_ZONE_LEN) if own != real => 4,
            Some(_) if own != real => 32,
            _ => 0,
        };
        let address = labels.len().saturating_sub(address_len + 2)..labels.len().saturating_sub(2);
        for (number, label) in labels.into_iter().enumerate() {
            if !address.contains(&number) {
                let within = label.start - start..label.end - start;
                own[within.clone()].copy_from_slice(&self.map.label(&real[within]));
            }
        }
        self.write(start, &own);
        Some(after)
    }
}

const HEADER_LEN: usize = 12;
/// What is behind the name of a record: type, class, how long it may be kept, length.
const RECORD_HEAD_LEN: usize = 10;
/// Of `in-addr`.
const V4_ZONE_LEN: usize = 7;
const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const PTR: u16 = 12;
const MX: u16 = 15;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const DNAME: u16 = 39;
const OPT: u16 = 41;
const SVCB: u16 = 64;
const HTTPS: u16 = 65;
