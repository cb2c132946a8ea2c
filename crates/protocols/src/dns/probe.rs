//! Whether some bytes are a message.

use super::App;
use super::message::{Message, Question};
use crate::{Match, Opening, Transport};

/// Whether this can be the first message of a side.
pub(super) fn probe(opening: &Opening<'_>, app: App, ports: &[u16]) -> Match {
    match opening.transport {
        Transport::Udp => judge(opening.bytes, opening.len, app, opening.is_at(ports)),
        Transport::Tcp => stream(opening.bytes, app, opening.is_at(ports)),
    }
}

/// Two bytes say how long the message is (RFC 1035 section 4.2.2).
fn stream(bytes: &[u8], app: App, is_at_port: bool) -> Match {
    let Some(([high, low], rest)) = bytes.split_first_chunk() else { return Match::NeedMore };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    if len < HEADER_LEN || !begins_plausibly(rest) {
        return Match::No;
    }
    if rest.len() < HEADER_LEN {
        return Match::NeedMore;
    }
    let message = rest.get(..len).unwrap_or(rest);
    match judge(message, len, app, is_at_port) {
        // Elsewhere only a whole message tells.
        Match::Maybe if message.len() < len && len <= PROBED_MAX => Match::NeedMore,
        judged => judged,
    }
}

fn judge(bytes: &[u8], len: usize, app: App, is_at_port: bool) -> Match {
    if !is_message(bytes, len, app, is_at_port) {
        return Match::No;
    }
    // At the port the questions tell; elsewhere all of it has to be a message.
    let read = if is_at_port { Message::read_questions } else { Message::read };
    let Some(message) = read(bytes, app) else { return Match::No };
    let is_known = message.questions.iter().all(is_known);
    let has_content = !(message.questions.is_empty() && message.records.is_empty());
    if is_known && (is_at_port || message.is_whole && has_content) {
        Match::Yes
    } else {
        Match::Maybe
    }
}

/// Whether this is to be read as a message: the header can be one, or, at the port, at least the
/// question is one.
pub(super) fn is_message(bytes: &[u8], len: usize, app: App, is_at_port: bool) -> bool {
    is_plausible(bytes, len, app)
        || is_at_port
            && Message::read_questions(bytes, app)
                .is_some_and(|message| message.questions.first().is_some_and(is_known))
}

fn is_known(question: &Question) -> bool {
    matches!(question.class, 1 | 3 | 4 | 254 | 255) && question.kind != 0
}

/// Whether a header can be one: a known operation, and no more questions and records than fit.
fn is_plausible(bytes: &[u8], len: usize, app: App) -> bool {
    let Some(header) = bytes.first_chunk::<HEADER_LEN>() else { return false };
    let [flags, questions, answers, authorities, additionals] =
        [2, 4, 6, 8, 10].map(|at| u16::from_be_bytes([header[at], header[at + 1]]));
    let [questions, records] =
        [usize::from(questions), [answers, authorities, additionals].map(usize::from).iter().sum()];
    let is_response = flags & 0x8000 != 0;
    let opcode = flags >> 11 & 15;
    let is_known = match app {
        App::Nbns => matches!(opcode, 0 | 5..=9 | 15),
        _ => matches!(opcode, 0..=2 | 4..=6),
    };
    let is_cut = flags & TRUNCATED != 0;
    is_known
        && (is_response || questions + records > 0)
        // A question has at least five bytes, a record eleven; a message that says it was cut counts
        // what was left out.
        && HEADER_LEN + 5 * questions <= len
        && (is_cut || HEADER_LEN + 5 * questions + 11 * records <= len)
}

/// Whether a message can begin with these few bytes.
fn begins_plausibly(bytes: &[u8]) -> bool {
    let opcode = bytes.get(2).map_or(0, |flags| flags >> 3 & 15);
    let questions = bytes.get(4).copied().unwrap_or_default();
    matches!(opcode, 0..=2 | 4..=6) && questions == 0
}

/// Bytes of a header (RFC 1035 section 4.1.1).
pub(super) const HEADER_LEN: usize = 12;
const TRUNCATED: u16 = 0x0200;
/// Length of a message over TCP, away from the port, that is waited for.
const PROBED_MAX: usize = 2_048;
