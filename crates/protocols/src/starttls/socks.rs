//! SOCKS 4, 4A and 5 (RFC 1928, RFC 1929): after its handshake comes what the proxy was asked for.

use std::cmp::Ordering;

use flowloom_flow::Direction;

use super::LOOK_BYTES_MAX;
use crate::{
    Context, Cursor, Input, Match, Opening, Protocol, Step, StreamParser, Transport, Wants,
};

/// SOCKS over TCP.
#[derive(Debug)]
pub(super) struct SocksProtocol;

impl Protocol for SocksProtocol {
    fn name(&self) -> &'static str {
        "socks"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        if transport == Transport::Tcp { &[1080] } else { &[] }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match (opening.transport, opening.direction, opening.bytes) {
            (Transport::Tcp, Direction::Up, [5, count @ 1..=METHODS, methods @ ..]) => {
                // The methods there are have small numbers, and each is offered once.
                let is_method =
                    |i: usize| methods[i] < METHODS && !methods[..i].contains(&methods[i]);
                match methods.len().cmp(&usize::from(*count)) {
                    Ordering::Equal if (0..methods.len()).all(is_method) => Match::Yes,
                    Ordering::Less => Match::NeedMore,
                    _ => Match::No,
                }
            }
            (Transport::Tcp, Direction::Up, [4, 1 | 2, port @ ..]) if port.len() >= 7 => {
                let is_user = |byte: &u8| *byte == 0 || byte.is_ascii_graphic();
                let is_request = port.last() == Some(&0) && port.iter().skip(6).all(is_user);
                if is_request && port[..2] != [0, 0] { Match::Yes } else { Match::No }
            }
            (Transport::Tcp, Direction::Up, [4 | 5] | [4, 1 | 2, ..]) => Match::NeedMore,
            _ => Match::No,
        }
    }

    fn stream(&self, _: Wants) -> Option<Box<dyn StreamParser>> {
        Some(Box::new(SocksParser::default()))
    }
}

#[derive(Debug, Default)]
struct SocksParser {
    /// What the client has said and the server has not answered.
    unanswered: Stage,
    /// What was answered last.
    stage: Stage,
    is_over: bool,
}

/// A step of the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    None,
    /// Methods were offered, and one chosen.
    Methods,
    /// Name and password were told, and taken.
    Password,
    /// A connection was asked for.
    Request,
    /// The same in version 4.
    Request4,
}

impl StreamParser for SocksParser {
    fn read(&mut self, input: &Input<'_>, _: &mut Context<'_>) -> Step {
        if self.is_over {
            return Step::Stop;
        }
        let bytes = input.bytes;
        let step = match input.direction {
            // A client waits for each answer; what comes early waits too.
            Direction::Up if self.unanswered != Stage::None => None,
            Direction::Up => self.request(bytes),
            Direction::Down => self.reply(bytes),
        };
        let step = match step {
            Some(step) => step,
            None if bytes.len() < LOOK_BYTES_MAX => Step::Need(bytes.len() + 1),
            None => Step::Stop,
        };
        self.is_over = matches!(step, Step::Stop);
        step
    }
}

impl SocksParser {
    /// Reads what a client says; nothing if there is too little.
    fn request(&mut self, bytes: &[u8]) -> Option<Step> {
        let mut cursor = Cursor::new(bytes);
        self.unanswered = match (self.stage, cursor.u8()?) {
            (Stage::None, 5) => {
                cursor.sub_u8()?;
                Stage::Methods
            }
            (Stage::None, 4) => {
                let [_, _, _, a, b, c, d] = cursor.array::<7>()?;
                until_zero(&mut cursor)?;
                // 4A: an address that cannot be stands for a name.
                if [a, b, c] == [0; 3] && d != 0 {
                    until_zero(&mut cursor)?;
                }
                Stage::Request4
            }
            (Stage::Methods, 1) => {
                cursor.sub_u8()?;
                cursor.sub_u8()?;
                Stage::Password
            }
            (Stage::Methods | Stage::Password, 5) => {
                cursor.take(2)?;
                if !address(&mut cursor)? {
                    return Some(Step::Stop);
                }
                Stage::Request
            }
            _ => return Some(Step::Stop),
        };
        Some(Step::Consumed(bytes.len() - cursor.len()))
    }

    /// Reads what a server answers; nothing if there is too little.
    fn reply(&mut self, bytes: &[u8]) -> Option<Step> {
        let mut cursor = Cursor::new(bytes);
        let (version, code) = (cursor.u8()?, cursor.u8()?);
        let is_granted = match (self.unanswered, version, code) {
            // Other methods may wrap what follows.
            (Stage::Methods, 5, 0 | 2) | (Stage::Password, 1, 0) => false,
            (Stage::Request, 5, 0) => {
                cursor.take(1)?;
                if !address(&mut cursor)? {
                    return Some(Step::Stop);
                }
                true
            }
            (Stage::Request4, 0, 90) => {
                cursor.take(6)?;
                true
            }
            _ => return Some(Step::Stop),
        };
        self.stage = std::mem::take(&mut self.unanswered);
        let len = bytes.len() - cursor.len();
        Some(if is_granted { Step::Become(len, None) } else { Step::Consumed(len) })
    }
}

/// Passes over an address with its type, and a port; whether there is such a type.
fn address(cursor: &mut Cursor<'_>) -> Option<bool> {
    match cursor.u8()? {
        1 => cursor.take(4)?,
        3 => cursor.sub_u8()?.rest(),
        4 => cursor.take(16)?,
        _ => return Some(false),
    };
    cursor.take(2)?;
    Some(true)
}

fn until_zero(cursor: &mut Cursor<'_>) -> Option<()> {
    let len = cursor.rest().iter().position(|byte| *byte == 0)?;
    cursor.take(len + 1).map(drop)
}

/// Methods that have a number of their own (IANA's registry of SOCKS methods).
const METHODS: u8 = 10;
