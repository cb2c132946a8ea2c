//! The packet clock: the running maximum of frame times.

/// The packet clock, computed once over all frames in their order.
///
/// A jump forward of more than the limit is followed only when the next frame confirms it, so that
/// one frame with a broken time does not end every flow.
#[derive(Clone, Debug)]
pub struct Clock {
    now: Option<i64>,
    /// The time of the frame before, when it jumped and waits to be confirmed.
    jumped: Option<i64>,
    jump_max: i64,
    /// The latest time that is no jump.
    believed: i64,
    refused: u64,
}

impl Clock {
    /// A clock that has seen no frame.
    pub fn new(jump_max: i64) -> Self {
        Self { now: None, jumped: None, jump_max, believed: i64::MIN, refused: 0 }
    }

    /// The clock at a frame captured at `time`.
    #[inline]
    pub fn advance(&mut self, time: i64) -> i64 {
        if let Some(now) = self.now
            && time <= self.believed
        {
            let now = now.max(time);
            self.now = Some(now);
            self.believed = now.saturating_add(self.jump_max);
            return now;
        }
        let next = match self.now {
            None => time,
            Some(now) => self.judge_jump(now, time),
        };
        self.now = Some(next);
        // While a jump waits to be confirmed, the next frame is to be judged, whatever its time.
        let reach = next.saturating_add(self.jump_max);
        self.believed = if self.jumped.is_some() { i64::MIN } else { reach };
        next
    }

    /// Frames whose time jumped forward and was not confirmed by the next frame.
    pub fn jumps_refused(&self) -> u64 {
        self.refused + u64::from(self.jumped.is_some())
    }

    #[cold]
    fn judge_jump(&mut self, now: i64, time: i64) -> i64 {
        let far = |from: i64, to: i64| to.saturating_sub(from) > self.jump_max;
        match self.jumped.take() {
            // The first far frame: it waits.
            None => {
                self.jumped = Some(time);
                now
            }
            // Two in a row: the nearer of them is believed, the other one if it is close to it.
            Some(before) if far(now, time) => {
                let (near, other) = (before.min(time), before.max(time));
                if far(near, other) {
                    self.refused += 1;
                    near
                } else {
                    other
                }
            }
            // The frame before stood alone.
            Some(_) => {
                self.refused += 1;
                now.max(time)
            }
        }
    }
}

/// The clock at each frame of a block; it never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Clocks<'a> {
    /// Number of the block's first frame.
    pub first: u64,
    /// The clock at each frame.
    pub at: &'a [i64],
}

impl Clocks<'_> {
    /// The first frame of the block at which the clock is past `deadline`.
    pub fn frame_past(&self, deadline: i64) -> u64 {
        self.first + self.at.partition_point(|clock| *clock <= deadline) as u64
    }

    /// The clock at the block's last frame.
    pub fn last(&self) -> Option<i64> {
        self.at.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Clocks};

    fn run(times: &[i64]) -> (Vec<i64>, u64) {
        let mut clock = Clock::new(100);
        let at = times.iter().map(|time| clock.advance(*time)).collect();
        (at, clock.jumps_refused())
    }

    #[test]
    fn the_clock_is_the_running_maximum() {
        assert_eq!(run(&[5, 3, 9, 109, 100]), (vec![5, 5, 9, 109, 109], 0));
    }

    #[test]
    fn a_jump_is_followed_when_the_next_frame_confirms_it() {
        assert_eq!(run(&[0, 500, 501, 7]), (vec![0, 0, 501, 501], 0));
        assert_eq!(run(&[0, 500, 450]), (vec![0, 0, 500], 0));
    }

    #[test]
    fn a_frame_alone_in_the_future_moves_nothing() {
        assert_eq!(run(&[0, 9_000, 50, 60]), (vec![0, 0, 50, 60], 1));
        assert_eq!(run(&[0, 9_000]), (vec![0, 0], 1));
        assert_eq!(run(&[0, 9_000, 500, 510]), (vec![0, 0, 500, 510], 1));
    }

    #[test]
    fn absurd_times_do_not_overflow() {
        assert_eq!(run(&[i64::MIN, i64::MAX, i64::MAX]).0[2], i64::MAX);
    }

    #[test]
    fn the_frame_past_a_deadline_is_strictly_past_it() {
        let clocks = Clocks { first: 11, at: &[1, 1, 4, 6] };
        assert_eq!(clocks.frame_past(0), 11);
        assert_eq!(clocks.frame_past(1), 13);
        assert_eq!(clocks.frame_past(4), 14);
    }
}
