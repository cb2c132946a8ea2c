//! Timestamps of captures to nanoseconds.

use std::fmt;

use flowloom_schema::{NANOS_PER_SECOND, Timestamp};

use crate::facts::Interface;

/// What a tick of a timestamp is, as pcapng's option `if_tsresol` writes it: a power of ten, or
/// of two when the highest bit is set, of which a second has that many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolution(pub u8);

impl Resolution {
    /// Microseconds.
    pub const MICROSECONDS: Self = Self(6);
    /// Nanoseconds.
    pub const NANOSECONDS: Self = Self(9);

    /// Whether each tick is a whole number of microseconds.
    pub fn is_whole_micros(self) -> bool {
        self.0 <= Self::MICROSECONDS.0
    }
}

/// Microseconds, which pcapng means where it does not say.
impl Default for Resolution {
    fn default() -> Self {
        Self::MICROSECONDS
    }
}

/// `10^-6 s`.
impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = if self.0 & BINARY == 0 { 10 } else { 2 };
        write!(f, "{base}^-{} s", self.0 & !BINARY)
    }
}

impl Interface {
    /// The time that a timestamp of one of its frames means.
    pub fn time(&self, ticks: u64) -> Timestamp {
        Clock::new(self.resolution, self.offset_seconds).time(ticks)
    }
}

/// Turns the timestamps of an interface into ours. Times beyond the years 1677 to 2262 become the
/// nearest we can say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    scale: Scale,
    offset_nanos: i128,
}

#[derive(Clone, Copy, Debug)]
enum Scale {
    /// Nanoseconds in a tick.
    Multiply(u64),
    /// Ticks in a nanosecond.
    Divide(u128),
    /// A second has two to that power ticks.
    Shift(u8),
}

impl Clock {
    pub(crate) fn new(resolution: Resolution, offset_seconds: i64) -> Self {
        let power = resolution.0 & !BINARY;
        let scale = if resolution.0 & BINARY != 0 {
            Scale::Shift(power)
        } else if power <= 9 {
            Scale::Multiply(10_u64.pow(9 - u32::from(power)))
        } else {
            // Beyond the range, every timestamp is less than a nanosecond.
            Scale::Divide(10_u128.saturating_pow(u32::from(power) - 9))
        };
        Self { scale, offset_nanos: i128::from(offset_seconds) * i128::from(NANOS_PER_SECOND) }
    }

    #[inline]
    pub(crate) fn time(&self, ticks: u64) -> Timestamp {
        let nanos = match self.scale {
            Scale::Multiply(nanos) => i128::from(ticks) * i128::from(nanos),
            Scale::Divide(ticks_per_nano) => (u128::from(ticks) / ticks_per_nano) as i128,
            Scale::Shift(power) => (i128::from(ticks) * i128::from(NANOS_PER_SECOND)) >> power,
        };
        let nanos = nanos + self.offset_nanos;
        Timestamp(nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// Whether a time says less than the ticks that it was made of: they are finer, or beyond what
    /// we can say.
    #[inline]
    pub(crate) fn is_coarse(&self, time: Timestamp) -> bool {
        let is_fine = match self.scale {
            Scale::Multiply(_) => false,
            Scale::Divide(_) => true,
            Scale::Shift(power) => power >= FINE_POWER,
        };
        is_fine || is_extreme(time)
    }

    /// The ticks of a time, if they can be written. [`Clock::time`] gives the time back, unless
    /// ticks are longer than a nanosecond and the time is between two of them: then it is the
    /// earlier one.
    #[inline]
    pub(crate) fn ticks(&self, time: Timestamp) -> Option<u64> {
        let nanos = i128::from(time.0) - self.offset_nanos;
        let nanos = u64::try_from(nanos).ok()?;
        match self.scale {
            Scale::Multiply(nanos_per_tick) => Some(nanos / nanos_per_tick),
            Scale::Divide(ticks_per_nano) => {
                u64::try_from(u128::from(nanos).checked_mul(ticks_per_nano)?).ok()
            }
            Scale::Shift(power) => shifted(nanos, power),
        }
    }
}

/// Whether a time is what those before 1677 or after 2262 become.
#[inline]
pub(crate) fn is_extreme(time: Timestamp) -> bool {
    time.0 == i64::MAX || time.0 == i64::MIN
}

/// The first tick of a binary clock that is at this time or, where there is none, the last before.
fn shifted(nanos: u64, power: u8) -> Option<u64> {
    let per_second = NANOS_PER_SECOND as u128;
    let (seconds, rest) = (u128::from(nanos) / per_second, u128::from(nanos) % per_second);
    let scale = 1_u128.checked_shl(power.into())?;
    let scaled = rest.checked_mul(scale)?;
    let ceiling = scaled.div_ceil(per_second);
    let is_exact = (ceiling * per_second) >> power == rest;
    let ticks = if is_exact { ceiling } else { scaled / per_second };
    u64::try_from(seconds.checked_mul(scale)?.checked_add(ticks)?).ok()
}

const BINARY: u8 = 0x80;
/// Two to this power is more than the nanoseconds of a second.
const FINE_POWER: u8 = 30;

#[cfg(test)]
mod tests {
    use super::{Clock, Resolution};

    #[test]
    fn ticks_become_nanoseconds() {
        let cases: [(u8, i64, u64, i64); 14] = [
            (6, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
            (9, 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
            (0, 0, 1_700_000_000, 1_700_000_000_000_000_000),
            (3, -1, 2_500, 1_500_000_000),
            (12, 0, 1_999, 1),
            (28, 0, u64::MAX, 1),
            (29, 0, u64::MAX, 0),
            (127, 5, u64::MAX, 5_000_000_000),
            (0x81, 0, 3, 1_500_000_000),
            (0xa0, 0, 0x1_8000_0000, 1_500_000_000),
            (0xff, 0, u64::MAX, 0),
            (0, 0, u64::MAX, i64::MAX),
            (6, i64::MIN, 0, i64::MIN),
            (0, -18_446_744_073_709_551_i64, 18_446_744_073_709_551, 0),
        ];
        for (resolution, offset, ticks, nanos) in cases {
            let clock = Clock::new(Resolution(resolution), offset);
            assert_eq!(clock.time(ticks).0, nanos, "{resolution} {offset} {ticks}");
        }
    }

    #[test]
    fn resolutions_are_shown_as_powers() {
        assert_eq!(Resolution::NANOSECONDS.to_string(), "10^-9 s");
        assert_eq!(Resolution(0x94).to_string(), "2^-20 s");
    }
}
