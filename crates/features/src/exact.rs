//! Integers to floats, rounded once.

/// Nanoseconds divided by `halves`, which is 1 or 2, in seconds: the float nearest to the exact
/// quotient.
#[inline]
pub(crate) fn seconds(nanos: i128, halves: u8) -> f64 {
    // The conversion from 64 bits is one instruction, that from 128 bits a function.
    match i64::try_from(nanos) {
        Ok(nanos) if nanos.unsigned_abs() < 1 << 53 => nanos as f64 / (1e9 * f64::from(halves)),
        _ => many_seconds(nanos, halves),
    }
}

/// Beyond 104 days two roundings could differ from one; the parser of decimals rounds once.
#[cold]
fn many_seconds(nanos: i128, halves: u8) -> f64 {
    let (digits, exponent) = if halves == 2 { (nanos * 5, -10) } else { (nanos, -9) };
    format!("{digits}e{exponent}").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn seconds_are_rounded_once() {
        for (nanos, halves, expected) in [
            (1, 1, 1e-9),
            (-3, 2, -1.5e-9),
            (9_007_199_254_740_993_000_000_001, 1, 9_007_199_254_740_994.0),
            (i64::MAX.into(), 1, 9_223_372_036.854_776_f64),
            (i128::from(i64::MAX) * 2, 2, 9_223_372_036.854_776),
        ] {
            assert_eq!(seconds(nanos, halves).to_bits(), expected.to_bits(), "{nanos} {halves}");
        }
    }
}
