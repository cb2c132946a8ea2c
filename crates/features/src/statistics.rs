//! Statistics of the packet length sequences and of the gaps, over all counted packets.
//!
//! Population variance (ddof 0), skewness m₃ / m₂^1.5, excess kurtosis m₄ / m₂² − 3 (Fisher,
//! biased), cv = std / mean. What is undefined (no value, no spread) is null.

mod columns;
mod totals;

pub(crate) use columns::StatisticsFamily;
pub(crate) use totals::{GAPS_MAX, Scratch, Totals};

use crate::exact::seconds;
use crate::moments::Moments;

/// A statistic of a set of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// How many values there are.
    Count,
    /// Arithmetic mean.
    Mean,
    /// Standard deviation.
    Std,
    /// Variance.
    Var,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Largest minus smallest value.
    Range,
    /// Middle value, or mean of the two middle values.
    Median,
    /// Sum.
    Sum,
    /// Skewness.
    Skew,
    /// Excess kurtosis.
    Kurt,
    /// Coefficient of variation.
    Cv,
}

/// The statistics of one set of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary<V> {
    /// How many values there are.
    pub count: u64,
    /// Their sum.
    pub sum: V,
    /// Statistics of at least one value.
    pub some: Option<Sample<V>>,
}

/// The statistics of at least one value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample<V> {
    /// Smallest value.
    pub min: V,
    /// Largest value.
    pub max: V,
    /// Largest minus smallest value.
    pub range: V,
    /// Arithmetic mean.
    pub mean: f64,
    /// Population variance.
    pub variance: f64,
    /// Its root, the standard deviation.
    pub deviation: f64,
    /// Middle value; none when there were more values than are kept.
    pub median: Option<f64>,
    /// Skewness and excess kurtosis; none without spread.
    pub shape: Option<(f64, f64)>,
    /// Standard deviation over mean; none when the mean is zero.
    pub cv: Option<f64>,
}

impl Summary<i64> {
    /// Statistics of lengths, from values and how often each occurs, in rising order.
    pub(crate) fn of_lengths(counted: &[(u32, u64)]) -> Self {
        let count = counted.iter().map(|(_, times)| times).sum::<u64>();
        let sum =
            counted.iter().map(|(value, times)| u64::from(*value) * times).sum::<u64>() as i64;
        let some = match counted {
            [] => None,
            [(value, _)] => Some(Sample::alike((*value).into(), (*value).into())),
            [(min, _), .., (max, _)] => {
                let weighted = |(value, times): &(u32, u64)| (i64::from(*value), *times);
                let moments = Moments::of(counted, (count, sum.into()), (*max).into(), weighted);
                let (min, max) = (i64::from(*min), i64::from(*max));
                let median = Some(median_of_counted(counted, count));
                Some(Sample::new([min, max, max - min], moments, 1.0, median))
            }
        };
        Self { count, sum, some }
    }

    /// The statistics of the same values, each larger by as much.
    pub(crate) fn shifted(&self, by: i64) -> Self {
        let sum = self.sum + by * self.count as i64;
        let some = self.some.map(|sample| {
            let mean = sum as f64 / self.count as f64;
            Sample {
                min: sample.min + by,
                max: sample.max + by,
                mean,
                median: sample.median.map(|median| median + by as f64),
                cv: cv(sum != 0, sample.range != 0, sample.deviation, mean),
                ..sample
            }
        });
        Self { sum, some, ..*self }
    }
}

impl Summary<f64> {
    /// Statistics in seconds of gaps in nanoseconds.
    pub(crate) fn of_gaps(gaps: &mut [i64]) -> Self {
        let (moments, extent) = moments_of_gaps(gaps);
        Self::of_moments(moments, extent, || Some(median_of_gaps(gaps)))
    }

    /// Statistics in seconds of gaps that are known by their moments and extent only.
    pub(crate) fn of_moments(
        moments: Moments,
        extent: Option<(i64, i64)>,
        median: impl FnOnce() -> Option<f64>,
    ) -> Self {
        let some = extent.map(|(min, max)| {
            let low = seconds(min.into(), 1);
            if min == max {
                return Sample { median: median(), ..Sample::alike(low, low) };
            }
            let high = seconds(max.into(), 1);
            let range = seconds(i128::from(max) - i128::from(min), 1);
            Sample::new([low, high, range], moments, NANOS_PER_SECOND, median())
        });
        Self { count: moments.count, sum: seconds(moments.sum, 1), some }
    }
}

impl<V: Copy + Default> Sample<V> {
    /// Of values that are all the same, as a float `mean`.
    fn alike(value: V, mean: f64) -> Self {
        Self {
            min: value,
            max: value,
            range: V::default(),
            mean,
            variance: 0.0,
            deviation: 0.0,
            median: Some(mean),
            shape: None,
            cv: cv(mean != 0.0, false, 0.0, mean),
        }
    }

    /// Of values that are not all the same; `units` is how many units of the moments make one of the
    /// sample.
    fn new([min, max, range]: [V; 3], moments: Moments, units: f64, median: Option<f64>) -> Self {
        let mean = moments.mean() / units;
        let variance = moments.variance() / (units * units);
        let deviation = variance.sqrt();
        Self {
            min,
            max,
            range,
            mean,
            variance,
            deviation,
            median,
            shape: Some((moments.skewness(), moments.kurtosis())),
            cv: cv(moments.sum != 0, true, deviation, mean),
        }
    }
}

/// Standard deviation over mean; 0 without spread, not -0 when the mean is negative.
fn cv(has_sum: bool, spread: bool, deviation: f64, mean: f64) -> Option<f64> {
    has_sum.then(|| if spread { deviation / mean } else { 0.0 })
}

/// Moments, and the smallest and the largest.
pub(crate) fn moments_of_gaps(gaps: &[i64]) -> (Moments, Option<(i64, i64)>) {
    let Some(first) = gaps.first() else { return Default::default() };
    let (mut min, mut max, mut sum) = (*first, *first, 0);
    for gap in gaps {
        (min, max, sum) = (min.min(*gap), max.max(*gap), sum + i128::from(*gap));
    }
    let widest = min.unsigned_abs().max(max.unsigned_abs());
    let moments = Moments::of(gaps, (gaps.len() as u64, sum), widest, |gap| (*gap, 1));
    (moments, Some((min, max)))
}

fn median_of_counted(counted: &[(u32, u64)], count: u64) -> f64 {
    let (low, high) = ((count - 1) / 2, count / 2);
    let (mut before, mut sum) = (0, 0);
    for (value, times) in counted {
        for middle in [low, high] {
            if (before..before + times).contains(&middle) {
                sum += u64::from(*value);
            }
        }
        before += times;
        if before > high {
            break;
        }
    }
    sum as f64 / 2.0
}

fn median_of_gaps(gaps: &mut [i64]) -> f64 {
    let count = gaps.len();
    let (below, high, _) = gaps.select_nth_unstable(count / 2);
    let high = i128::from(*high);
    let low = if count.is_multiple_of(2) {
        below.iter().max().map_or(high, |low| i128::from(*low))
    } else {
        high
    };
    seconds(low + high, 2)
}

const NANOS_PER_SECOND: f64 = 1e9;

#[cfg(test)]
mod tests;
