//! The oracle: the definitions of the statistics in exact rational arithmetic.

use num_bigint::{BigInt, Sign};
use num_rational::BigRational;

use crate::testing::Row;

/// Compares the columns of lengths that begin with `prefix`.
pub(super) fn check_lengths(row: &Row, prefix: &str, values: &[i64]) {
    let sorted = sorted(values);
    let (min, max) = (sorted.first().copied(), sorted.last().copied());
    let int = |name: &str| row.int(&format!("{prefix}{name}"));
    assert_eq!(int("count"), Some(values.len() as i64), "{prefix}count");
    assert_eq!(int("sum"), Some(values.iter().sum()), "{prefix}sum");
    assert_eq!(int("min"), min, "{prefix}min");
    assert_eq!(int("max"), max, "{prefix}max");
    assert_eq!(int("range"), min.zip(max).map(|(min, max)| max - min), "{prefix}range");
    let median = median(&sorted).map(|median| nearest(&median));
    assert_eq!(row.float(&format!("{prefix}median")), median, "{prefix}median");
    check_moments(row, prefix, values, &BigInt::from(1));
}

/// Compares the columns of gaps that begin with `prefix`; values are in nanoseconds.
pub(super) fn check_gaps(row: &Row, prefix: &str, values: &[i64], with_median: bool) {
    let sorted = sorted(values);
    let unit = BigInt::from(1_000_000_000);
    let seconds = |nanos: BigInt| nearest(&BigRational::new(nanos, unit.clone()));
    let float = |name: &str| row.float(&format!("{prefix}{name}"));
    let (min, max) =
        (sorted.first().map(|min| BigInt::from(*min)), sorted.last().map(|max| BigInt::from(*max)));
    let range = min.clone().zip(max.clone()).map(|(min, max)| seconds(max - min));
    assert_eq!(row.int(&format!("{prefix}count")), Some(values.len() as i64), "{prefix}count");
    assert_eq!(float("sum"), Some(seconds(values.iter().sum())), "{prefix}sum");
    assert_eq!(float("min"), min.map(seconds), "{prefix}min");
    assert_eq!(float("max"), max.map(seconds), "{prefix}max");
    assert_eq!(float("range"), range, "{prefix}range");
    let median = median(&sorted).filter(|_| with_median);
    let median = median.map(|median| nearest(&(median / unit.clone())));
    assert_eq!(float("median"), median, "{prefix}median of {}", values.len());
    check_moments(row, prefix, values, &unit);
}

/// Mean, variance and what comes from them; `unit` of the values make one of the columns.
fn check_moments(row: &Row, prefix: &str, values: &[i64], unit: &BigInt) {
    let exact = Central::of(values);
    let is = |name: &str, expected: Option<f64>, relative: f64, absolute: f64| {
        let own = row.float(&format!("{prefix}{name}"));
        let close = match (own, expected) {
            (Some(own), Some(expected)) => {
                (own - expected).abs() <= (relative * expected.abs()).max(absolute)
            }
            (own, expected) => own.is_none() && expected.is_none(),
        };
        let first = &values[..values.len().min(8)];
        assert!(
            close,
            "{prefix}{name} is {own:?}, not {expected:?}; {} of {first:?}",
            values.len()
        );
    };
    let square = unit * unit;
    let mean = exact.as_ref().map(|exact| &exact.mean / unit);
    let variance = exact.as_ref().map(|exact| &exact.m2 / &square);
    is("mean", mean.as_ref().map(nearest), 1e-12, 0.0);
    is("var", variance.as_ref().map(nearest), 1e-12, 0.0);
    is("std", variance.as_ref().map(|variance| nearest(variance).sqrt()), 1e-12, 0.0);
    let cv = mean.zip(variance).filter(|(mean, _)| !is_zero(mean)).map(|(mean, variance)| {
        let sign = nearest(&mean).signum();
        sign * nearest(&(variance / (&mean * &mean))).sqrt()
    });
    is("cv", cv, 1e-12, 0.0);
    let spread = exact.filter(|exact| !is_zero(&exact.m2));
    let skew = spread.as_ref().map(|exact| {
        let square = &exact.m3 * &exact.m3 / (&exact.m2 * &exact.m2 * &exact.m2);
        nearest(&exact.m3).signum() * nearest(&square).sqrt()
    });
    let kurt = spread
        .as_ref()
        .map(|exact| nearest(&(&exact.m4 / (&exact.m2 * &exact.m2) - BigInt::from(3))));
    is("skew", skew, 1e-9, 1e-9);
    is("kurt", kurt, 1e-9, 1e-9);
}

/// Mean and central moments, from the sums of powers.
struct Central {
    mean: BigRational,
    m2: BigRational,
    m3: BigRational,
    m4: BigRational,
}

impl Central {
    fn of(values: &[i64]) -> Option<Self> {
        let n = BigInt::from(values.len());
        let mut sums = [const { BigInt::ZERO }; 4];
        for value in values {
            let mut power = BigInt::from(1);
            for sum in &mut sums {
                power *= *value;
                *sum += &power;
            }
        }
        let [s1, s2, s3, s4] = &sums;
        let over = |numerator: BigInt, power: u32| BigRational::new(numerator, n.pow(power));
        (!values.is_empty()).then(|| Self {
            mean: over(s1.clone(), 1),
            m2: over(&n * s2 - s1.pow(2), 2),
            m3: over(n.pow(2) * s3 - &n * s1 * s2 * 3 + s1.pow(3) * 2, 3),
            m4: over(
                n.pow(3) * s4 - n.pow(2) * s1 * s3 * 4 + &n * s1.pow(2) * s2 * 6 - s1.pow(4) * 3,
                4,
            ),
        })
    }
}

fn sorted(values: &[i64]) -> Vec<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted
}

fn median(sorted: &[i64]) -> Option<BigRational> {
    let high = sorted.get(sorted.len() / 2)?;
    let low = sorted[(sorted.len() - 1) / 2];
    Some(BigRational::new(BigInt::from(low) + BigInt::from(*high), BigInt::from(2)))
}

fn is_zero(number: &BigRational) -> bool {
    number.numer().sign() == Sign::NoSign
}

/// The float nearest to a number, ties to even.
fn nearest(number: &BigRational) -> f64 {
    let (numerator, denominator) = (number.numer().magnitude(), number.denom().magnitude());
    // A quotient of 100 or 101 bits, and one more that says whether it is exact: the conversion to
    // a float then rounds as it would round the number itself.
    let shift = 100 + denominator.bits() as i64 - numerator.bits() as i64;
    let (up, down) = (shift.max(0) as u64, (-shift).max(0) as u64);
    let (dividend, divisor) = (numerator << up, denominator << down);
    let quotient = (&dividend / &divisor) << 1_u8;
    let inexact = &quotient * &divisor != dividend << 1_u8;
    let digits = u128::try_from(quotient).unwrap() | u128::from(inexact);
    let magnitude = digits as f64 * 2_f64.powi(-(shift as i32) - 1);
    if number.numer().sign() == Sign::Minus { -magnitude } else { magnitude }
}

#[test]
fn the_oracle_rounds_to_the_nearest_float() {
    for text in ["1e-9", "0.1", "-1.5", "9007199254740993", "123456789.123456789", "3e-30", "0"] {
        let float = text.parse::<f64>().unwrap();
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").parse::<BigInt>().unwrap();
        let power = exponent.parse::<i32>().unwrap() - fraction.len() as i32;
        assert!(power <= 0);
        let ten = BigInt::from(10).pow(power.unsigned_abs());
        let own = nearest(&BigRational::new(digits, ten));
        assert_eq!(own.to_bits(), float.to_bits(), "{text}");
    }
}
