//! Reading blocks, and one more where that is needed to judge the last frame of a block.

use flowloom_capture::{Block, Facts, ReadError, Source};

use crate::Window;

/// A source of which the block after the present one is read early, if the time of the present one's last frame
/// jumps: whether the clock follows is for the next frame to say.
pub(super) struct Ahead<'s> {
    source: &'s mut dyn Source,
    next: Option<Result<Option<Block>, ReadError>>,
    /// The time of the last frame that was handed on and is looked at.
    last_time: Option<i64>,
    jump_max: i64,
    window: Window,
}

impl<'s> Ahead<'s> {
    pub(super) fn new(source: &'s mut dyn Source, jump_max: i64, window: Window) -> Self {
        Self { source, next: None, last_time: None, jump_max, window }
    }

    /// Fills `block` with the next frames; `false` when there are none.
    pub(super) fn read(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        let there_is = match self.next.take() {
            None => self.source.read(block)?,
            Some(next) => next?.map(|next| *block = next).is_some(),
        };
        if there_is && self.ends_in_a_jump(block) {
            let mut next = Block::default();
            let read = self.source.read(&mut next);
            self.next = Some(read.map(|there_is| there_is.then_some(next)));
        }
        Ok(there_is)
    }

    /// The time of the frame after the last that was handed on, where it matters. Where there is
    /// none, nothing speaks against the time of the last: a quiet end is more likely than a broken clock.
    pub(super) fn next_time(&self) -> Option<i64> {
        match self.next.as_ref()?.as_ref().ok()? {
            Some(next) => next.frames.first().map(|frame| frame.time.0),
            None => self.last_time,
        }
    }

    pub(super) fn facts(&self) -> &Facts {
        self.source.facts()
    }

    fn ends_in_a_jump(&mut self, block: &Block) -> bool {
        let times = block.frames.iter().rev().map(|frame| frame.time.0);
        let is_last_looked_at = times.clone().next().is_some_and(|time| self.window.has(time));
        let mut last = times.filter(|time| self.window.has(*time));
        let (time, before) = (last.next(), last.next().or(self.last_time));
        self.last_time = time.or(self.last_time);
        let far = |(time, before): (i64, i64)| {
            time.saturating_sub(before).saturating_abs() > self.jump_max
        };
        is_last_looked_at && time.zip(before).is_some_and(far)
    }
}
