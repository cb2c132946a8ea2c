//! Time as integer nanoseconds, from capture to output.

use std::fmt;

/// Nanoseconds since the Unix epoch, UTC. Negative before 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Nanoseconds from `earlier` to `self`; negative when `earlier` is later.
    ///
    /// Saturates: times read from a capture can be 580 years apart.
    #[inline]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Timestamp {
    /// Sign, seconds since the epoch and nanoseconds, as decimals have them: a quarter of a second
    /// before it is `-`, 0 and 250,000,000.
    pub fn decimal(self) -> (&'static str, u64, u64) {
        let (sign, nanos) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        (sign, nanos / NANOS_PER_SECOND as u64, nanos % NANOS_PER_SECOND as u64)
    }

    /// Seconds since the epoch as `2024-05-01T12:00:00`, UTC: dates in certificates reach beyond what
    /// nanoseconds can count.
    pub fn date_and_time(seconds: i64) -> String {
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let of_day = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// RFC 3339 in UTC with nine digits: `2024-05-01T12:00:00.000000001Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = Self::date_and_time(self.0.div_euclid(NANOS_PER_SECOND));
        let nanos = self.0.rem_euclid(NANOS_PER_SECOND);
        write!(f, "{seconds}.{nanos:09}Z")
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// The year is shifted to begin in March, so that the leap day is its last day.
fn civil(day: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097; // 400 years
    let shifted = day + 719_468; // days from 0000-03-01 to 1970-01-01
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_month)
}

/// One second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn decimals_before_the_epoch_have_a_sign() {
        assert_eq!(Timestamp(-4_500_000_000).decimal(), ("-", 4, 500_000_000));
        assert_eq!(Timestamp(-1).decimal(), ("-", 0, 1));
        assert_eq!(Timestamp(1_000_000_001).decimal(), ("", 1, 1));
        assert_eq!(Timestamp(i64::MIN).decimal(), ("-", 9_223_372_036, 854_775_808));
    }

    #[test]
    fn times_print_as_rfc_3339() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
            (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"),
            (1_759_508_963_634_332_000, "2025-10-03T16:29:23.634332000Z"),
        ];
        for (nanos, text) in cases {
            assert_eq!(Timestamp(nanos).to_string(), text);
        }
    }
}
