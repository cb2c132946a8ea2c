//! Integers to floats, rounded once.

/// Nanoseconds divided by `parts` of a second's worth, in seconds: the float nearest to the exact
/// quotient of `nanos / (1_000_000_000 * halves)`, for `halves` 1 or 2.
pub(crate) fn seconds(nanos: i128, halves: u8) -> f64 {
    // The conversion from 64 bits is one instruction, that from 128 bits a function.
    if let Ok(nanos) = i64::try_from(nanos)
        && nanos.unsigned_abs() < 1 << 53
    {
        return nanos as f64 / (1e9 * f64::from(halves));
    }
    // Beyond 104 days two roundings could differ from one; the parser of decimals rounds once.
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
