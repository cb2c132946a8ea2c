//! A declared protocol among the others: how it is recognised, and what reads its messages.

use std::sync::Arc;

use flowloom_flow::Direction;

use super::compile::Outline;
use super::program::Program;
use super::run::{Reading, read, show};
use super::shown::Take;
use super::{DeclaredField, DeclaredMessage};
use crate::{
    Context, Datagram, DatagramParser, Input, Match, Opening, Protocol, Step, StreamParser,
    Transport, Verdict, Want, Wants,
};

/// A protocol that is declared in YAML.
#[derive(Debug)]
pub struct DeclaredProtocol {
    inner: Arc<Inner>,
    is_own: bool,
}

#[derive(Debug)]
struct Inner {
    program: Arc<Program>,
    outline: Outline,
}

impl DeclaredProtocol {
    pub(super) fn new(program: &Arc<Program>, outline: Outline, is_own: bool) -> Self {
        Self { inner: Arc::new(Inner { program: program.clone(), outline }), is_own }
    }

    /// Its name.
    pub fn declared_name(&self) -> &str {
        &self.inner.program[self.inner.outline.definition].name
    }

    /// What it is.
    pub fn doc(&self) -> &str {
        &self.inner.outline.doc
    }

    /// Whether a user declared it.
    pub fn is_own(&self) -> bool {
        self.is_own
    }

    /// The number of its layer.
    pub fn layer(&self) -> usize {
        self.inner.outline.definition
    }

    /// Bytes of the message at the front of a stream; none if there are too few to tell.
    pub fn message_len(&self, bytes: &[u8]) -> Option<usize> {
        let reading = self.inner.read(bytes);
        match reading.total_length {
            // It cannot be shorter than what was read of it.
            Some(total) => Some(total.max(reading.len)),
            None => reading.is_complete.then_some(reading.len),
        }
    }

    /// Whether its messages say how long they are, so that another can follow.
    pub fn has_length(&self) -> bool {
        self.inner.program[self.inner.outline.definition].total_length.is_some()
    }

    /// Shows the message that bytes are; gives how many of them were read, and how many it says it has.
    pub fn show(&self, bytes: &[u8], taker: &mut dyn Take) -> (usize, Option<usize>) {
        let shown = show(&self.inner.program, self.inner.outline.definition, bytes, taker);
        (shown.len, shown.total_length)
    }

    /// The program, and where in it the protocol is.
    #[cfg(test)]
    pub(super) fn program(&self) -> (&Program, usize) {
        (&self.inner.program, self.inner.outline.definition)
    }

    /// Whether something carries it by itself; others are only found within others.
    pub(super) fn is_application(&self) -> bool {
        self.inner.outline.tcp.is_some() || self.inner.outline.udp.is_some()
    }
}

impl Inner {
    fn ports(&self, transport: Transport) -> Option<&[u16]> {
        match transport {
            Transport::Tcp => self.outline.tcp.as_deref(),
            Transport::Udp => self.outline.udp.as_deref(),
        }
    }

    fn read(&self, bytes: &[u8]) -> Reading {
        read(&self.program, self.outline.definition, bytes)
    }

    /// Whether bytes can be a message of it.
    fn probe(&self, transport: Transport, bytes: &[u8], len: usize) -> Match {
        if self.ports(transport).is_none() {
            return Match::No;
        }
        self.outline.rules.probe(bytes, len, transport == Transport::Udp)
    }
}

impl Protocol for DeclaredProtocol {
    fn name(&self) -> &str {
        self.declared_name()
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        self.inner.ports(transport).unwrap_or_default()
    }

    fn fields(&self) -> &[DeclaredField] {
        &self.inner.outline.fields
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        self.inner.probe(opening.transport, opening.bytes, opening.len)
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        let parser = DeclaredStream { protocol: self.inner.clone() };
        wants.has(Want::Declared).then(|| Box::new(parser) as _)
    }

    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        // With nothing of it wanted it still tells its datagrams from those of others.
        let parser = DeclaredDatagrams {
            protocol: self.inner.clone(),
            is_seen: [!wants.has(Want::Declared); 2],
            left: DATAGRAMS_MAX,
        };
        wants.has_any(&[Want::Application, Want::Declared]).then(|| Box::new(parser) as _)
    }
}

/// Reads the first message of each side.
#[derive(Debug)]
struct DeclaredStream {
    protocol: Arc<Inner>,
}

impl StreamParser for DeclaredStream {
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let reading = self.protocol.read(input.bytes);
        let have = input.bytes.len();
        let missing = match reading.total_length {
            Some(total) => (total > have).then_some(total),
            None if reading.is_complete => None,
            None => Some(have + 1),
        };
        match missing {
            Some(need) if need <= MESSAGE_BYTES_MAX => Step::Need(need),
            _ => {
                keep(&self.protocol, reading, input.direction, context);
                Step::Stop
            }
        }
    }

    fn end(&mut self, input: &Input<'_>, context: &mut Context<'_>) {
        if !input.bytes.is_empty() {
            let reading = self.protocol.read(input.bytes);
            keep(&self.protocol, reading, input.direction, context);
        }
    }
}

/// Reads the first datagram of each side.
#[derive(Debug)]
struct DeclaredDatagrams {
    protocol: Arc<Inner>,
    is_seen: [bool; 2],
    /// Datagrams that are yet told from those of others.
    left: usize,
}

impl DatagramParser for DeclaredDatagrams {
    fn read(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> Verdict {
        if self.protocol.probe(Transport::Udp, datagram.bytes, datagram.len) == Match::No {
            return Verdict::NotMine;
        }
        let is_seen = &mut self.is_seen[datagram.direction.index()];
        if !*is_seen {
            *is_seen = true;
            let reading = self.protocol.read(datagram.bytes);
            keep(&self.protocol, reading, datagram.direction, context);
        }
        self.left -= 1;
        if self.left == 0 { Verdict::Stop } else { Verdict::More }
    }
}

fn keep(protocol: &Inner, reading: Reading, direction: Direction, context: &mut Context<'_>) {
    let declared = context.findings.declared.get_or_insert_default();
    let of = protocol.program[protocol.outline.definition].name.clone();
    let is_known = |known: &DeclaredMessage| known.protocol == of && known.direction == direction;
    if declared.messages.iter().any(is_known) {
        return;
    }
    if declared.messages.len() == MESSAGES_MAX {
        context.findings.messages_dropped += 1;
        return;
    }
    declared.messages.push(DeclaredMessage { protocol: of, direction, layers: reading.layers });
}

/// Bytes of a message in a stream that are waited for.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// First messages that are kept of a flow: of each side, of each protocol.
const MESSAGES_MAX: usize = 8;
/// Datagrams of a flow that are looked at.
const DATAGRAMS_MAX: usize = 32;
