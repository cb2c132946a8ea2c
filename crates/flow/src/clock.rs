//! The packet clock: the running maximum of frame times.

/// The packet clock, computed once over all frames in their order.
///
/// A jump forward of more than the limit is followed only when the next frame confirms it, so that
/// one frame with a broken time does not end every flow. Where the next frame is not known yet, the clock
/// waits for it: then it is late at the frame that jumped, and a flow that begins there looks old at once.
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

    /// The clock at a frame captured at `time`; `next` gives the time of the frame after it, if that is
    /// known.
    #[inline]
    pub fn advance(&mut self, time: i64, next: impl FnOnce() -> Option<i64>) -> i64 {
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
            Some(now) => self.judge_jump(now, time, next()),
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
    fn judge_jump(&mut self, now: i64, time: i64, next: Option<i64>) -> i64 {
        let far = |from: i64, to: i64| to.saturating_sub(from) > self.jump_max;
        match self.jumped.take() {
            // The first far frame, and the next one as far: of two, the nearer is believed.
            None if next.is_some_and(|next| far(now, next) && !far(next, time)) => time,
            None if next.is_some() => {
                self.refused += 1;
                now
            }
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

    /// The clock where each next frame is known, and where it never is.
    fn run(times: &[i64]) -> [(Vec<i64>, u64); 2] {
        [true, false].map(|is_known| {
            let mut clock = Clock::new(100);
            let next = |at: usize| times.get(at + 1).filter(|_| is_known).copied();
            let times = times.iter().enumerate();
            let at = times.map(|(at, time)| clock.advance(*time, || next(at))).collect();
            (at, clock.jumps_refused())
        })
    }

    #[test]
    fn the_clock_is_the_running_maximum() {
        let expected = (vec![5, 5, 9, 109, 109], 0);
        assert_eq!(run(&[5, 3, 9, 109, 100]), [expected.clone(), expected]);
    }

    #[test]
    fn a_jump_is_followed_when_the_next_frame_confirms_it() {
        let known_and_not = |known: [i64; 4], not: [i64; 4]| [(known.into(), 0), (not.into(), 0)];
        assert_eq!(run(&[0, 500, 501, 7]), known_and_not([0, 500, 501, 501], [0, 0, 501, 501]));
        assert_eq!(run(&[0, 500, 450, 7]), known_and_not([0, 500, 500, 500], [0, 0, 500, 500]));
        assert_eq!(run(&[0, 500, 900, 901])[0], (vec![0, 500, 900, 901], 0));
    }

    #[test]
    fn a_frame_alone_in_the_future_moves_nothing() {
        let both =
            |clocks: &[i64], refused| [(clocks.to_vec(), refused), (clocks.to_vec(), refused)];
        assert_eq!(run(&[0, 9_000, 50, 60]), both(&[0, 0, 50, 60], 1));
        assert_eq!(run(&[0, 9_000]), both(&[0, 0], 1));
        assert_eq!(run(&[0, 9_000, 500, 510]), both(&[0, 0, 500, 510], 1));
    }

    #[test]
    fn absurd_times_do_not_overflow() {
        for (clocks, _) in run(&[i64::MIN, i64::MAX, i64::MAX]) {
            assert_eq!(clocks[2], i64::MAX);
        }
    }

    #[test]
    fn the_frame_past_a_deadline_is_strictly_past_it() {
        let clocks = Clocks { first: 11, at: &[1, 1, 4, 6] };
        assert_eq!(clocks.frame_past(0), 11);
        assert_eq!(clocks.frame_past(1), 13);
        assert_eq!(clocks.frame_past(4), 14);
    }
}
