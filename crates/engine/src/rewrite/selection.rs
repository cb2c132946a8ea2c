//! Which frames are wanted.

use flowloom_capture::{Facts, Record};
use flowloom_filter::{Filter, FrameView, PacketTest};
use flowloom_wire::{LayerStack, Options, Packet, decode};

use crate::dedup::Dedup;
use crate::{ConfigError, Window};

/// Frames by their numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRange {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// Which frames are wanted: those for which all of it is true.
#[derive(Default)]
pub struct Selection {
    /// Numbers of frames in the input, counted from 1; if there are none, all.
    pub ranges: Vec<FrameRange>,
    /// Times; and how many at most, of those for which all else is true.
    pub window: Window,
    /// What is in them: words about flows cannot be asked of frames.
    pub filter: Option<Filter>,
    /// Of those for which all else is true, those that do not repeat one that came at most so many
    /// nanoseconds before, byte for byte.
    pub dedup: Option<i64>,
}

impl Selection {
    /// The last frame that is needed to know all that are wanted, if that is known beforehand.
    pub(crate) fn last_frame(&self) -> Option<u64> {
        let last = self.ranges.iter().map(|range| range.last).max();
        let Window { count, from, until } = self.window;
        let is_of_the_first = self.filter.is_none() && from.or(until).or(self.dedup).is_none();
        let count = count.filter(|_| is_of_the_first && self.ranges.is_empty());
        last.or(count)
    }
}

/// `10-20`, `7`, `100-`, `-5`.
impl std::str::FromStr for FrameRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let expected = "expected one such as 10-20 or 100-, counted from 1";
            format!("`{text}` is no range of frames; {expected}")
        };
        let number = |text: &str, otherwise: u64| match text.trim() {
            "" => Ok(otherwise),
            text => text.parse::<u64>().map_err(|_| wrong()),
        };
        if matches!(text.trim(), "" | "-") {
            return Err(wrong());
        }
        // One number is a range, too.
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = Self { first: number(first, 1)?, last: number(last, u64::MAX)? };
        if range.first > range.last || range.first == 0 { Err(wrong()) } else { Ok(range) }
    }
}

/// What a frame is found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Wanted,
    NotAmong,
    OutsideWindow,
    Filtered,
    Repeated,
}

/// A selection, at work.
pub(super) struct Verdict<'s> {
    selection: &'s Selection,
    test: Option<&'s PacketTest>,
    options: Options,
    layers: LayerStack,
    packet: Packet,
    dedup: Option<Dedup>,
    /// Number of the last frame there can be.
    last: u64,
    left: u64,
    seen: u64,
}

impl<'s> Verdict<'s> {
    pub(super) fn new(selection: &'s Selection, options: Options) -> Result<Self, ConfigError> {
        selection.window.check()?;
        let filter = selection.filter.as_ref();
        if let Some(word) = filter.and_then(|filter| filter.words().first().copied()) {
            return Err(ConfigError(format!(
                "`{}` is known of whole flows, not of a frame; hint: leave it out, or take the \
                 flows with `flowloom split --filter`",
                word.name
            )));
        }
        Ok(Self {
            selection,
            test: filter.and_then(Filter::packet),
            options,
            layers: LayerStack::new(),
            packet: Packet::default(),
            dedup: selection.dedup.map(Dedup::new),
            last: selection.ranges.iter().map(|range| range.last).max().unwrap_or(u64::MAX),
            left: selection.window.count.unwrap_or(u64::MAX),
            seen: 0,
        })
    }

    /// Whether no frame can be wanted any more.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0 || self.seen >= self.last
    }

    /// Whether a frame is wanted; frames are asked about in their order.
    pub(super) fn of(&mut self, number: u64, record: &Record<'_>, facts: &Facts) -> Answer {
        self.seen = number;
        let ranges = &self.selection.ranges;
        let is_in = |range: &FrameRange| (range.first..=range.last).contains(&number);
        if !ranges.is_empty() && !ranges.iter().any(is_in) {
            return Answer::NotAmong;
        }
        if !self.selection.window.has(record.time.0) {
            return Answer::OutsideWindow;
        }
        if self.test.is_some_and(|test| !self.passes(test, record, facts)) {
            return Answer::Filtered;
        }
        let (time, original) = (record.time.0, record.original);
        let repeats = |dedup: &mut Dedup| dedup.is_repeated(time, original, record.data);
        if self.dedup.as_mut().is_some_and(repeats) {
            return Answer::Repeated;
        }
        self.left -= 1;
        Answer::Wanted
    }

    /// Frames that were forgotten before their time, so that they may come twice.
    pub(super) fn forgotten(&self) -> u64 {
        self.dedup.as_ref().map_or(0, Dedup::forgotten)
    }

    fn passes(&mut self, test: &PacketTest, record: &Record<'_>, facts: &Facts) -> bool {
        let interface = facts.interfaces.get(usize::from(record.interface));
        let Some(link) = interface.map(|interface| interface.link) else { return false };
        let Record { data: bytes, original, .. } = *record;
        self.layers.clear();
        decode(link, bytes, original, &self.options, &mut self.layers, &mut self.packet);
        test.matches(&FrameView { link, bytes, original, layers: &self.layers })
    }
}
