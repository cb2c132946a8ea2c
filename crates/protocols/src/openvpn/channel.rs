//! The control channel: packets of a session put in order, and the TLS in them read.

use std::collections::BTreeMap;

use flowloom_flow::Direction;

use super::packet::{Control, Kind, Packet};
use crate::conversation::Inbox;
use crate::tls::TlsProtocol;
use crate::{Context, Input, Protocol, Stamp, Step, StreamParser, Want, Wants};

/// Both sides of a control channel.
#[derive(Debug)]
pub(super) struct Channel {
    /// What reads the TLS of the newest key; none where nothing of it is wanted.
    tls: Option<Box<dyn StreamParser>>,
    key: u8,
    sessions: [Option<[u8; 8]>; 2],
    sides: [Side; 2],
    /// How many bytes tags have, once a packet told.
    tag_len: Option<usize>,
    /// Packets of which that could not be told.
    unread: u32,
    /// Packets of data since the last of the control channel.
    data: u32,
}

#[derive(Debug, Default)]
struct Side {
    /// Packets that were read: the reset is number 0.
    next: u32,
    /// Packets that came before those before them.
    held: BTreeMap<u32, (Stamp, Box<[u8]>)>,
    /// Bytes of TLS that wait for those after them.
    inbox: Inbox,
    need: usize,
    /// Bytes of TLS to come that are passed over.
    pass_over: usize,
    is_over: bool,
}

impl Channel {
    pub(super) fn new(wants: Wants) -> Self {
        Self {
            tls: TlsProtocol.stream(wants),
            key: 0,
            sessions: [None; 2],
            sides: Default::default(),
            tag_len: None,
            unread: 0,
            data: 0,
        }
    }

    /// Counts a packet of data.
    pub(super) fn data(&mut self) {
        self.data = self.data.saturating_add(1);
    }

    /// Takes a packet that is not of data.
    pub(super) fn take(
        &mut self,
        packet: &Packet<'_>,
        from: Direction,
        stamp: Stamp,
        context: &mut Context<'_>,
    ) {
        self.data = 0;
        let tag_len = self.tag_len.or_else(|| packet.tag_len());
        let Some(control) = tag_len.and_then(|tag_len| packet.control(tag_len)) else {
            self.unread += u32::from(self.tag_len.is_none());
            return;
        };
        self.tag_len = tag_len;
        self.renew(packet, &control, from, context.wants);
        let session = *self.sessions[from.index()].get_or_insert(control.session);
        if let Some(number) = control.number
            && (session, self.key) == (control.session, packet.key)
        {
            self.put(number, control.bytes, from, stamp, context);
        }
    }

    /// Whether a side has nothing more to tell that is wanted.
    pub(super) fn is_done(&self, from: Direction, wants: Wants) -> bool {
        let is_late = self.data > DATA_MAX && !wants.has(Want::TlsRecords);
        let is_hopeless = self.unread > UNREAD_MAX;
        self.sides[from.index()].is_over || self.tls.is_none() || is_late || is_hopeless
    }

    /// The flow has ended for a side.
    pub(super) fn end(&mut self, from: Direction, context: &mut Context<'_>) {
        let side = &mut self.sides[from.index()];
        if let Some(tls) = self.tls.as_mut().filter(|_| !side.is_over) {
            let (bytes, stamps, base) = side.inbox.view();
            tls.end(&Input { direction: from, bytes, stamps, base }, context);
        }
        *side = Side { is_over: true, ..Side::default() };
    }

    /// A new session, or a new key, has a TLS connection of its own.
    fn renew(&mut self, packet: &Packet<'_>, control: &Control<'_>, from: Direction, wants: Wants) {
        let known = self.sessions[from.index()];
        let is_new = |known: [u8; 8]| known != control.session;
        match packet.kind {
            Kind::HardReset if known.is_some_and(is_new) => {
                *self = Self { tag_len: self.tag_len, ..Self::new(wants) };
            }
            Kind::SoftReset if packet.key != self.key => {
                let (key, sessions, tag_len) = (packet.key, self.sessions, self.tag_len);
                *self = Self { key, sessions, tag_len, ..Self::new(wants) };
            }
            _ => {}
        }
    }

    /// Reads the bytes of a packet once those before it were read.
    fn put(
        &mut self,
        number: u32,
        bytes: &[u8],
        from: Direction,
        stamp: Stamp,
        context: &mut Context<'_>,
    ) {
        let side = &mut self.sides[from.index()];
        // What is lost is sent again, and so is that whose acknowledgement was.
        if side.is_over || number < side.next {
            return;
        }
        // A reset brings nothing: TLS can begin without it.
        let is_first = side.next == 0 && number == 1;
        if number == side.next || is_first {
            self.feed(bytes, from, stamp, context);
            self.sides[from.index()].next = number + 1;
        } else {
            side.held.entry(number).or_insert_with(|| (stamp, bytes.into()));
            if side.held.len() < HELD_MAX {
                return;
            }
            // Nobody sends so far ahead: what is missing was sent, and not captured.
            side.next = side.held.keys().next().copied().unwrap_or(number);
            side.inbox.clear();
            (side.need, side.pass_over) = (0, 0);
            let goes_on = self.tls.as_mut().is_some_and(|tls| tls.lost(from, 0, context));
            side.is_over = !goes_on;
        }
        loop {
            let side = &mut self.sides[from.index()];
            let Some((stamp, bytes)) = side.held.remove(&side.next) else { break };
            side.next += 1;
            self.feed(&bytes, from, stamp, context);
        }
    }

    /// Gives TLS what comes next of a side.
    fn feed(&mut self, bytes: &[u8], from: Direction, stamp: Stamp, context: &mut Context<'_>) {
        let Some(tls) = &mut self.tls else { return };
        let side = &mut self.sides[from.index()];
        let passed = side.pass_over.min(bytes.len());
        side.pass_over -= passed;
        side.inbox.push(&bytes[passed..], stamp);
        while !side.is_over && side.inbox.len() >= side.need.max(1) {
            let (bytes, stamps, base) = side.inbox.view();
            let there = bytes.len();
            match tls.read(&Input { direction: from, bytes, stamps, base }, context) {
                Step::Consumed(len) if len > 0 => {
                    side.need = 0;
                    side.pass_over = len.saturating_sub(there);
                    side.inbox.consume(len.min(there));
                }
                Step::Need(len) if len > there && len <= WAITING_BYTES_MAX => side.need = len,
                _ => side.is_over = true,
            }
        }
        if side.is_over {
            side.inbox.clear();
            side.held.clear();
        }
    }
}

/// Packets that wait for one before them: more than the program sends without an answer.
const HELD_MAX: usize = 16;
/// Bytes of TLS that wait: a record.
const WAITING_BYTES_MAX: usize = 20 << 10;
/// Packets after which a channel is given up whose layout is not known: it is encrypted, or the
/// capture began after the handshake.
const UNREAD_MAX: u32 = 32;
/// Packets of data in a row after which a handshake is over.
const DATA_MAX: u32 = 32;
