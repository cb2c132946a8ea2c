//! Filters: what is read and written is the same filter, and `not` turns its verdict around.

use std::borrow::Cow;

use flowloom_filter::{Filter, FrameView, Word, WordKind};
use flowloom_wire::{LayerStack, Options, Packet};

use crate::decode::{LINKS, original};

/// An expression up to the first zero byte; then a byte for the link type, and a frame.
pub fn filter(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let text = String::from_utf8_lossy(&data[..end]);
    let filter = match Filter::parse_with(&text, WORDS) {
        Ok(filter) => filter,
        Err(error) => {
            assert!(error.offset() <= text.len(), "an error is somewhere in the text");
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let written = filter.to_string();
    let again = Filter::parse_with(&written, WORDS).unwrap_or_else(|error| {
        panic!("{text:?} is written {written:?}, which is refused: {error}")
    });
    assert_eq!(again.to_string(), written, "of {text:?}");
    assert_eq!(filter.packet(), again.packet(), "of {text:?}, written {written:?}");
    assert_eq!(filter.flow(), again.flow(), "of {text:?}, written {written:?}");
    if let Some([choice, bytes @ ..]) = data.get(end + 1..) {
        evaluate(&filter, &text, *choice, bytes);
    }
}

fn evaluate(filter: &Filter, text: &str, choice: u8, bytes: &[u8]) {
    let link = LINKS[usize::from(choice) % LINKS.len()];
    let original = original(choice >> 4, bytes);
    let mut layers = LayerStack::new();
    let options = Options::default();
    flowloom_wire::decode(link, bytes, original, &options, &mut layers, &mut Packet::default());
    let frame = FrameView { link, bytes, original, layers: &layers };
    let Some(wanted) = filter.packet() else { return };
    let verdict = wanted.matches(&frame);
    // Parentheses may go beyond the depth that is allowed.
    if filter.flow().is_none()
        && let Ok(opposite) = Filter::parse_with(&format!("not ({text})"), WORDS)
        && let Some(opposite) = opposite.packet()
    {
        assert_eq!(opposite.matches(&frame), !verdict, "not ({text})");
    }
}

/// Flow words of every kind.
const WORDS: &[Word] = &[
    word("tls", WordKind::Presence),
    word("tls.resumed", WordKind::Bool),
    word("tls.sni", WordKind::Text),
    word("dns.rtt", WordKind::Float),
    word("dns.answer", WordKind::Address),
    word("http.status", WordKind::Number),
];

const fn word(name: &'static str, kind: WordKind) -> Word {
    Word { name: Cow::Borrowed(name), kind, texts: Vec::new() }
}
