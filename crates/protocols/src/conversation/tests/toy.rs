//! A protocol for these tests: each message begins with a letter that says what its parser does.

use std::sync::{Arc, Mutex};

use flowloom_flow::Direction;

use crate::{
    Context, Datagram, DatagramParser, Input, Match, Opening, Protocol, Registry, Step,
    StreamParser, Transport, Verdict, Wants,
};

/// What parsers saw, in order.
pub(super) type Log = Arc<Mutex<Vec<String>>>;

/// Known by its name in upper case at the beginning, and `.`; with `?` to be believed at its port.
#[derive(Debug)]
struct Toy {
    name: &'static str,
    port: u16,
    is_parsed: bool,
    log: Log,
}

/// `one`, `two`, and `mute`, of which nothing is wanted.
pub(super) fn registry(log: &Log) -> Registry {
    let toy = |name, port, is_parsed| -> Arc<dyn Protocol> {
        Arc::new(Toy { name, port, is_parsed, log: log.clone() })
    };
    Registry::of(vec![toy("one", 1, true), toy("two", 2, true), toy("mute", 3, false)])
}

impl Protocol for Toy {
    fn name(&self) -> &str {
        self.name
    }

    fn ports(&self, _: Transport) -> &[u16] {
        std::slice::from_ref(&self.port)
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        let name = self.name.to_uppercase();
        let there = opening.bytes.len().min(name.len());
        match opening.bytes.split_at(there) {
            (start, _) if start != &name.as_bytes()[..there] => Match::No,
            (_, [b'.', ..]) => Match::Yes,
            (_, [b'?', ..]) => Match::Maybe,
            (_, []) => Match::NeedMore,
            // As long as it goes on like this.
            (_, rest) if rest.iter().all(|byte| *byte == b'~') => Match::NeedMore,
            _ => Match::No,
        }
    }

    fn stream(&self, _: Wants) -> Option<Box<dyn StreamParser>> {
        let parser = ToyParser { name: self.name, log: self.log.clone() };
        self.is_parsed.then(|| Box::new(parser) as Box<dyn StreamParser>)
    }

    fn datagrams(&self, _: Wants) -> Option<Box<dyn DatagramParser>> {
        let parser = ToyParser { name: self.name, log: self.log.clone() };
        self.is_parsed.then(|| Box::new(parser) as Box<dyn DatagramParser>)
    }
}

#[derive(Debug)]
struct ToyParser {
    name: &'static str,
    log: Log,
}

impl ToyParser {
    fn note(&self, direction: Direction, what: &str) {
        let arrow = ['>', '<'][direction.index()];
        self.log.lock().unwrap().push(format!("{}{arrow}{what}", self.name));
    }

    fn other(&self, name: &'static str) -> Box<dyn StreamParser> {
        Box::new(Self { name, log: self.log.clone() })
    }
}

impl StreamParser for ToyParser {
    fn read(&mut self, input: &Input<'_>, _: &mut Context<'_>) -> Step {
        let text = String::from_utf8_lossy(input.bytes);
        let number =
            |at: usize| text.get(at..at + 3).and_then(|digits| digits.parse::<usize>().ok());
        let [first, ..] = input.bytes else { panic!("nothing to read") };
        match first {
            // The name, or a line: to the end of it, however long that is.
            b'A'..=b'Z' | b'"' => {
                let end = |byte: &u8| matches!(byte, b'.' | b'?');
                let Some(end) = input.bytes.iter().position(end) else {
                    self.note(input.direction, "+");
                    return Step::Need(input.bytes.len() + 1);
                };
                let frames = (input.stamp_at(0).frame, input.stamp_of(end + 1).frame);
                let line = text[..=end].to_owned();
                self.note(input.direction, &format!("{line}@{}-{}", frames.0, frames.1));
                Step::Consumed(end + 1)
            }
            // A message with its length.
            b'm' => {
                let Some(len) = number(1) else { return Step::Need(4) };
                let Some(body) = text.get(4..4 + len) else { return Step::Need(4 + len) };
                self.note(input.direction, body);
                Step::Consumed(4 + len)
            }
            // So many bytes to be passed over.
            b'p' => number(1).map_or(Step::Need(4), |len| Step::Consumed(4 + len)),
            b'n' => Step::Need(usize::MAX),
            b's' => Step::Stop,
            // Another protocol, known, to be found, or again and again without a byte between.
            b'b' => Step::Become(1, Some(self.other("two"))),
            b'f' => Step::Become(1, None),
            b'g' => Step::Become(6, Some(self.other("two"))),
            b'r' => Step::Become(0, Some(self.other("two"))),
            // What no parser should say.
            b'0' => Step::Consumed(0),
            _ => Step::Need(0),
        }
    }

    fn lost(&mut self, direction: Direction, len: u64, _: &mut Context<'_>) -> bool {
        self.note(direction, &format!("-{len}"));
        self.name == "one"
    }

    fn end(&mut self, input: &Input<'_>, _: &mut Context<'_>) {
        self.note(input.direction, &format!("end {}", String::from_utf8_lossy(input.bytes)));
    }
}

impl DatagramParser for ToyParser {
    fn read(&mut self, datagram: &Datagram<'_>, _: &mut Context<'_>) -> Verdict {
        let text = String::from_utf8_lossy(datagram.bytes);
        if !text.starts_with(&self.name.to_uppercase()) {
            return Verdict::NotMine;
        }
        self.note(datagram.direction, &format!("{text}/{}", datagram.len));
        if text.ends_with('s') { Verdict::Stop } else { Verdict::More }
    }

    fn end(&mut self, _: &mut Context<'_>) {
        self.note(Direction::Up, "end");
    }
}
