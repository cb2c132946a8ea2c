//! Protocols that begin in the clear and may turn to TLS, as with STARTTLS, or to whatever goes
//! through a proxy: read only to find where they turn.
//!
//! A row of [`CLEAR`] says how a protocol is recognised, where its messages end, and which of them
//! ask for the turn and grant it. Without a turn, a connection is given up after a bounded look.

mod binary;
mod proxy;
mod socks;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use flowloom_flow::Direction;

use crate::{Context, Input, Match, Opening, Protocol, Step, StreamParser, Transport, Want, Wants};

/// The protocols of this folder.
pub(crate) fn protocols() -> impl Iterator<Item = Arc<dyn Protocol>> {
    let clear = CLEAR.iter().flat_map(|table| table.iter());
    let clear = clear.map(|clear| -> Arc<dyn Protocol> { Arc::new(ClearProtocol(clear)) });
    let before: [Arc<dyn Protocol>; 2] =
        [Arc::new(socks::SocksProtocol), Arc::new(proxy::ProxyProtocol)];
    clear.chain(before)
}

/// A protocol that begins in the clear. The initiator is taken to be the client.
#[derive(Debug)]
struct Clear {
    name: &'static str,
    /// Over TCP.
    ports: &'static [u16],
    probe: fn(&Opening<'_>) -> Match,
    frame: fn(Direction, &[u8]) -> Frame,
    turn: fn(&Said<'_>) -> Turn,
    /// Whether a message that follows a hole can be told from the rest of one before.
    goes_on_after_loss: bool,
}

/// How long the first message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    Whole(usize),
    /// At least so many bytes are needed.
    Need(usize),
    /// It is none.
    Broken,
}

/// A message, and the one that asked for the turn, if there was one.
#[derive(Clone, Copy, Debug)]
struct Said<'a> {
    direction: Direction,
    message: &'a [u8],
    asked: Option<&'a [u8]>,
}

/// What a message means for the turn to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Nothing.
    None,
    /// The client asks for it.
    Asked,
    /// It is refused; there may be another.
    Refused,
    /// What follows is another protocol.
    Granted,
    /// It will not come.
    Never,
}

#[derive(Debug)]
struct ClearProtocol(&'static Clear);

impl Protocol for ClearProtocol {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        if transport == Transport::Tcp { self.0.ports } else { &[] }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        if opening.transport == Transport::Tcp { (self.0.probe)(opening) } else { Match::No }
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        may_turn(wants).then(|| Box::new(ClearParser::new(self.0)) as _)
    }
}

/// Whether it matters what comes after the turn.
fn may_turn(wants: Wants) -> bool {
    wants.has_any(&[Want::Application, Want::Tls, Want::TlsRecords, Want::Certificates])
}

#[derive(Debug)]
struct ClearParser {
    clear: &'static Clear,
    /// The message that asked for the turn.
    asked: Option<Box<[u8]>>,
    /// Whether a side has said something.
    spoke: [bool; 2],
    /// Bytes read.
    len: usize,
    is_over: bool,
}

impl ClearParser {
    fn new(clear: &'static Clear) -> Self {
        Self { clear, asked: None, spoke: [false; 2], len: 0, is_over: false }
    }

    fn take(&mut self, direction: Direction, message: &[u8]) -> Step {
        self.len += message.len();
        match (self.clear.turn)(&Said { direction, message, asked: self.asked.as_deref() }) {
            Turn::None => {}
            Turn::Asked => self.asked = Some(message.into()),
            Turn::Refused => self.asked = None,
            Turn::Granted => return Step::Become(message.len(), None),
            Turn::Never => self.is_over = true,
        }
        if self.is_over { Step::Stop } else { Step::Consumed(message.len()) }
    }
}

impl StreamParser for ClearParser {
    fn read(&mut self, input: &Input<'_>, _: &mut Context<'_>) -> Step {
        if self.is_over || self.len > LOOK_BYTES_MAX {
            return Step::Stop;
        }
        let Input { direction, bytes, .. } = *input;
        // Where only one side was captured, its hello tells that the turn was granted.
        if matches!(bytes, [0x16, 3, 0..=4, ..]) && !self.spoke[direction.other().index()] {
            return Step::Become(0, None);
        }
        // What the client says after it asked waits for the answer.
        if direction == Direction::Up && self.asked.is_some() {
            let is_short = bytes.len() < LOOK_BYTES_MAX;
            return if is_short { Step::Need(bytes.len() + 1) } else { Step::Stop };
        }
        self.spoke[direction.index()] = true;
        match (self.clear.frame)(direction, bytes) {
            Frame::Whole(len) => match bytes.get(..len) {
                Some(message) if len > 0 => self.take(direction, message),
                None if len <= LOOK_BYTES_MAX => Step::Need(len),
                Some(_) | None => Step::Stop,
            },
            Frame::Need(len) if len <= LOOK_BYTES_MAX => Step::Need(len),
            Frame::Need(_) | Frame::Broken => {
                self.is_over = true;
                Step::Stop
            }
        }
    }

    fn lost(&mut self, _: Direction, _: u64, _: &mut Context<'_>) -> bool {
        self.clear.goes_on_after_loss
    }
}

/// All tables.
const CLEAR: [&[Clear]; 2] = [text::PROTOCOLS, binary::PROTOCOLS];
/// Bytes of both sides after which a turn is no longer waited for, and the longest message.
const LOOK_BYTES_MAX: usize = 16 << 10;
