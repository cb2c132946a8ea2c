//! Datagrams to parsers: several protocols can take turns on the same ports.

use std::sync::Arc;

use super::rtp::RtpRun;
use super::{Desk, Payload, Recognition};
use crate::lists::push_sparing;
use crate::{Datagram, DatagramParser, FoundBy, Opening, Protocol, Transport, Verdict};

/// The datagrams of a flow.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    parsers: Vec<Slot>,
    /// Datagrams in a row that no parser knew.
    unknown: usize,
    /// Of those, what may be RTP, by direction.
    runs: [RtpRun; 2],
    /// Whether a parser has seen all it wanted.
    has_stopped: bool,
}

/// A protocol that was found.
#[derive(Debug)]
struct Slot {
    protocol: Arc<dyn Protocol>,
    /// None where nothing more of it is wanted.
    parser: Option<Box<dyn DatagramParser>>,
}

impl Datagrams {
    /// Takes a datagram; whether others are wanted.
    pub(super) fn packet(&mut self, payload: &Payload<'_>, desk: &mut Desk<'_>) -> bool {
        if payload.bytes.is_empty() {
            // Cut to nothing: the ports still say something.
            return payload.len == 0 || !self.parsers.is_empty() || self.unknown(desk);
        }
        let datagram = Datagram {
            direction: payload.direction,
            bytes: payload.bytes,
            len: payload.len as usize,
            stamp: payload.stamp,
        };
        for at in 0..self.parsers.len() {
            if self.read(at, &datagram, desk) {
                return self.goes_on();
            }
        }
        let opening = Opening {
            transport: Transport::Udp,
            direction: payload.direction,
            bytes: payload.bytes,
            len: datagram.len,
            ports: payload.ends.ports,
        };
        let mut recognition = desk.recognise(&opening);
        if let Recognition::Possible(protocol) = &recognition
            && self.parsers.is_empty()
            && self.unknown == 0
        {
            recognition = desk.found(protocol, FoundBy::Port);
        }
        if !matches!(recognition, Recognition::Found(_))
            && self.runs[payload.direction.index()].add(payload.bytes)
        {
            recognition = desk.recognise_rtp();
        }
        match recognition {
            Recognition::Found(protocol)
                if self.parsers.len() < PARSERS_MAX
                    && !self.parsers.iter().any(|slot| slot.protocol.name() == protocol.name()) =>
            {
                let parser = protocol.datagrams(desk.context.wants);
                push_sparing(&mut self.parsers, Slot { protocol, parser });
                let at = self.parsers.len() - 1;
                if self.read(at, &datagram, desk) { self.goes_on() } else { self.unknown(desk) }
            }
            _ => self.unknown(desk),
        }
    }

    pub(super) fn finish(&mut self, desk: &mut Desk<'_>) {
        for parser in self.parsers.iter_mut().filter_map(|slot| slot.parser.as_mut()) {
            parser.end(&mut desk.context);
        }
        if self.parsers.is_empty() && self.unknown > 0 {
            desk.guess(Transport::Udp);
        }
    }

    /// Whether a parser takes the datagram.
    fn read(&mut self, at: usize, datagram: &Datagram<'_>, desk: &mut Desk<'_>) -> bool {
        let slot = &mut self.parsers[at];
        let Some(parser) = &mut slot.parser else { return false };
        match parser.read(datagram, &mut desk.context) {
            Verdict::NotMine => return false,
            Verdict::More => {}
            Verdict::Stop => {
                parser.end(&mut desk.context);
                slot.parser = None;
                self.has_stopped = true;
            }
        }
        self.unknown = 0;
        true
    }

    /// Nobody knows a datagram; whether others are wanted.
    fn unknown(&mut self, desk: &mut Desk<'_>) -> bool {
        self.unknown += 1;
        if self.parsers.is_empty() && self.unknown >= UNKNOWN_MAX {
            desk.guess(Transport::Udp);
        }
        self.goes_on()
    }

    /// Whether there is a parser that wants more, or hope to find one.
    fn goes_on(&self) -> bool {
        if self.parsers.iter().any(|slot| slot.parser.is_some()) {
            return self.unknown < UNKNOWN_MAX_PARSING;
        }
        // Behind a protocol of which nothing is wanted there may be another, as DTLS behind STUN.
        !self.has_stopped && self.unknown < UNKNOWN_MAX
    }
}

/// Protocols that can take turns on a flow.
const PARSERS_MAX: usize = 4;
/// Datagrams that nobody knows after which a flow without a protocol is given up.
const UNKNOWN_MAX: usize = 8;
/// The same after a protocol was found.
const UNKNOWN_MAX_PARSING: usize = 64;
