//! Words on the command line to values.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use flowloom_engine::{Format, Pieces};

/// A length of time in nanoseconds: `10ms`, `1.5s`, `5m`, `1h`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    if text.starts_with('-') {
        return Err("a time cannot be negative".into());
    }
    let number = number.parse::<f64>().map_err(|_| "expected a number, such as 10s".to_string())?;
    let unit = match unit {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "" | "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3_600e9,
        "d" => 86_400e9,
        _ => return Err(format!("`{unit}` is no unit of time; there are ns us ms s m h d")),
    };
    Ok((number * unit).round() as i64)
}

/// The same, but 0.
pub(crate) fn period(text: &str) -> Result<i64, String> {
    match duration(text)? {
        0 => Err("nothing fits in it".into()),
        time => Ok(time),
    }
}

/// A number of bytes: `4096`, `64k`, `1M`, `2G` (powers of 1024).
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let shift = match unit.trim_end_matches(['B', 'b', 'i']) {
        "" => 0,
        "k" | "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return Err(format!("`{unit}` is no unit of size; there are k M G")),
    };
    let number = number.parse::<u64>().map_err(|_| "expected a number, such as 1M".to_string())?;
    number.checked_shl(shift).ok_or_else(|| "too large".to_string())
}

/// One of several words, which may have blanks beside their commas.
#[expect(clippy::unnecessary_wraps, reason = "as clap has it")]
pub(crate) fn word(text: &str) -> Result<String, String> {
    Ok(text.trim().to_owned())
}

/// A number of threads.
pub(crate) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a number from 1 on; leave it out for all processors".into())
}

/// A file that is written when all is done, for which its directory is looked for before.
pub(crate) fn late_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            Err(format!("there is no directory {}", parent.display()))
        }
        _ if path.is_dir() => Err("it is a directory; name a file in it".into()),
        _ if path.as_os_str() == "-" => Err("name a file: standard output is /dev/stdout".into()),
        _ => Ok(path),
    })
}

/// A place for several files.
pub(crate) fn directory() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.as_os_str() {
        name if name == "-" => Err("files do not go into a pipe: name a directory"),
        _ => Ok(path),
    })
}

/// How large pieces are: `1000` frames, `60s`, `100M`. A bare `m` is minutes, `M` is bytes.
pub(crate) fn pieces(text: &str) -> Result<Pieces, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let pieces = match unit {
        "" => Pieces::Frames(text.parse().map_err(|_| "expected a number, such as 1000")?),
        "ns" | "us" | "ms" | "s" | "m" | "min" | "h" | "d" => Pieces::Time(duration(text)?),
        _ => Pieces::Bytes(size(text)?),
    };
    match pieces {
        Pieces::Frames(0) | Pieces::Time(0) | Pieces::Bytes(0) => Err("nothing fits in it".into()),
        pieces => Ok(pieces),
    }
}

/// A snap length: a number of bytes that is not 0, which means no limit in captures.
pub(crate) fn snap_len(text: &str) -> Result<u32, String> {
    let bytes = u32::try_from(size(text)?).map_err(|_| "too large".to_string())?;
    if bytes == 0 { Err("a frame without bytes says nothing".into()) } else { Ok(bytes) }
}

/// A point in time, in nanoseconds since the epoch: RFC 3339 (`2024-05-01T12:00:00Z`, also with a
/// space and without the zone, which is UTC then), a date, or seconds since 1970.
pub(crate) fn time(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let nanos = format!("{fraction:0<9.9}").parse::<i64>().unwrap_or(0);
        let whole = whole.parse::<i64>().unwrap_or(seconds.abs() as i64);
        return whole
            .checked_mul(1_000_000_000)
            .and_then(|whole| whole.checked_add(nanos))
            .map(|nanos| sign * nanos)
            .ok_or_else(|| "not between the years 1677 and 2262".to_string());
    }
    calendar(text).ok_or_else(|| {
        "expected a time such as 2024-05-01T12:00:00Z, 2024-05-01, or seconds since 1970"
            .to_string()
    })
}

/// The name of a format.
pub(crate) fn format(text: &str) -> Result<Format, String> {
    text.parse()
}

fn calendar(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = fields(date, '-')?;
    let rest = rest.strip_prefix(['T', 't', ' ']).unwrap_or(rest);
    let (clock, offset) = zone(rest)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = if clock.is_empty() { [0; 3] } else { fields(clock, ':')? };
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !in_range || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{fraction:0<9.9}").parse::<i64>().ok()?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// The clock part of a time and its offset from UTC in seconds.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let [hours, minutes] = fields(&text[at + 1..], ':')?;
    let sign = if text[at..].starts_with('-') { -1 } else { 1 };
    Some((&text[..at], sign * (hours * 3_600 + minutes * 60)))
}

fn fields<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let fields = text.split(separator).map(|field| field.parse().ok()).collect::<Option<Vec<_>>>();
    fields?.try_into().ok()
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; years begin in March here, so that
/// the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{duration, period, size, time};

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("10ms"), Ok(10_000_000));
        assert_eq!(duration("1.5s"), Ok(1_500_000_000));
        assert_eq!(duration("2"), Ok(2_000_000_000));
        assert_eq!(duration("5m"), Ok(300_000_000_000));
        assert!(duration("0s").is_ok() && period("0s").is_err() && period("1ns").is_ok());
        assert!(duration("5 weeks").is_err() && duration("s").is_err() && duration("").is_err());
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!((size("10"), size("1k"), size("2MiB")), (Ok(10), Ok(1024), Ok(2 << 20)));
        assert!(size("1x").is_err() && size("").is_err());
    }

    #[test]
    fn times_are_dates_or_seconds() {
        let at = 1_714_564_800_000_000_000;
        for text in ["2024-05-01T12:00:00Z", "2024-05-01 12:00:00", "2024-05-01T14:00:00+02:00"] {
            assert_eq!(time(text), Ok(at), "{text}");
        }
        assert_eq!(time("2024-05-01T12:00:00.000000001Z"), Ok(at + 1));
        assert_eq!(time("1714564800.000000001"), Ok(at + 1));
        assert_eq!(time("2024-05-01"), Ok(at - 43_200_000_000_000));
        let before_1970 = [("-4.5", -4_500_000_000), ("-0.000000001", -1), ("-.5", -500_000_000)];
        for (text, nanos) in before_1970 {
            assert_eq!(time(text), Ok(nanos), "{text}");
        }
        assert!(time("1e300").is_err() && time("-1e300").is_err());
        assert!(time("yesterday").is_err() && time("2024-13-01").is_err());
    }
}
