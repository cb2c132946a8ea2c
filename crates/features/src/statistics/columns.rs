//! The columns of the family `statistics`.

use std::cell::RefCell;

use flowloom_schema::{Column, DataType, Role, Series, Unit};

use super::totals::{LENGTHS, Scratch, Totals, merge};
use super::{Statistic, Summary};
use crate::family::{Family, FlowRow, Needs};
use crate::kept::Log;

/// Twelve statistics of each of five sequences, for all packets, for those up and those down.
pub(crate) struct StatisticsFamily;

/// What is filled anew for each flow, and for some flows.
#[derive(Default)]
struct Work {
    totals: Totals,
    scratch: Scratch,
    all: Vec<(u32, u64)>,
    lengths: [[Spread<i64>; SIDES.len()]; LENGTHS],
    gaps: [Spread<f64>; SIDES.len()],
}

thread_local! {
    static WORK: RefCell<Work> = RefCell::default();
}

impl Family for StatisticsFamily {
    fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        for (sequence, what) in SEQUENCES {
            for (side, of_side) in SIDES {
                for (statistic, name, doc) in STATISTICS {
                    columns.push(column(sequence, what, side, of_side, statistic, name, doc));
                }
            }
        }
        columns
    }

    fn needs(&self) -> Needs {
        Needs { statistics: true, ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        self.append_all(std::slice::from_ref(row), series);
    }

    fn append_all(&self, rows: &[FlowRow<'_>], series: &mut [Series]) {
        WORK.with_borrow_mut(|work| {
            for rows in rows.chunks(ROWS_AT_A_TIME) {
                for (at, row) in rows.iter().enumerate() {
                    work.summarize(at, row.ended.flow.keep.log());
                }
                let mut series = series.chunks_mut(STATISTICS.len());
                for spread in work.lengths.iter().flatten() {
                    spread.push_to(rows.len(), series.next().unwrap_or_default());
                }
                for spread in &work.gaps {
                    spread.push_to(rows.len(), series.next().unwrap_or_default());
                }
            }
        });
    }
}

impl Work {
    /// Puts the statistics of a flow in their places, for all packets, those up and those down.
    fn summarize(&mut self, at: usize, log: &Log) {
        let Self { totals, scratch, all, .. } = self;
        match &log.totals {
            Some(folded) => totals.clone_from(folded),
            None => totals.clear(),
        }
        totals.add(&log.records[log.folded..], !log.starved, scratch);
        let mut before: Option<[Summary<i64>; 3]> = None;
        for (i, sequence) in totals.lengths.iter().enumerate() {
            let [up, down] = sequence;
            // Most lengths differ from those of the layer around them by the same header.
            let shifts = match i.checked_sub(1) {
                Some(last) => {
                    [0, 1].map(|side| shift(&totals.lengths[last][side], &sequence[side]))
                }
                None => [None; 2],
            };
            let of = |side: usize| match (shifts[side], &before) {
                (Some(by), Some(before)) => before[side + 1].shifted(by),
                _ => Summary::of_lengths(&sequence[side]),
            };
            let sides = [of(0), of(1)];
            let both = match (shifts, &before) {
                _ if down.is_empty() => sides[0],
                _ if up.is_empty() => sides[1],
                ([Some(by), Some(other)], Some(before)) if by == other => before[0].shifted(by),
                _ => {
                    merge(up.iter().copied(), down.iter().copied(), all);
                    Summary::of_lengths(all)
                }
            };
            let summaries = [both, sides[0], sides[1]];
            for (spread, summary) in self.lengths[i].iter_mut().zip(&summaries) {
                spread.put(at, summary);
            }
            before = Some(summaries);
        }
        for (spread, gaps) in self.gaps.iter_mut().zip(&mut totals.gaps) {
            spread.put(at, &gaps.summary());
        }
    }
}

/// How much larger each value is than before, if that is the same for all, and they are as many.
fn shift(before: &[(u32, u64)], now: &[(u32, u64)]) -> Option<i64> {
    let larger = |before: u32, now: u32| i64::from(now) - i64::from(before);
    let by = larger(before.first()?.0, now.first()?.0);
    let is_shifted = |((before, times), (now, same_times)): (&(u32, u64), &(u32, u64))| {
        times == same_times && larger(*before, *now) == by
    };
    (before.len() == now.len() && before.iter().zip(now).all(is_shifted)).then_some(by)
}

/// Summaries of some flows, statistic by statistic, as columns want them. What is not there is 0.
#[derive(Clone, Copy, Default)]
struct Spread<V> {
    count: [i64; ROWS_AT_A_TIME],
    sum: [V; ROWS_AT_A_TIME],
    min: [V; ROWS_AT_A_TIME],
    max: [V; ROWS_AT_A_TIME],
    range: [V; ROWS_AT_A_TIME],
    mean: [f64; ROWS_AT_A_TIME],
    std: [f64; ROWS_AT_A_TIME],
    var: [f64; ROWS_AT_A_TIME],
    median: [f64; ROWS_AT_A_TIME],
    skew: [f64; ROWS_AT_A_TIME],
    kurt: [f64; ROWS_AT_A_TIME],
    cv: [f64; ROWS_AT_A_TIME],
    has_values: Bits,
    has_median: Bits,
    has_shape: Bits,
    has_cv: Bits,
}

/// A bit for each of some flows, the lowest for the first.
#[derive(Clone, Copy, Default)]
struct Bits(u64);

impl Bits {
    fn put(&mut self, at: usize, bit: bool) {
        self.0 = self.0 & !(1 << at) | u64::from(bit) << at;
    }
}

impl<V: Value> Spread<V> {
    #[inline]
    fn put(&mut self, at: usize, summary: &Summary<V>) {
        self.count[at] = summary.count as i64;
        self.sum[at] = summary.sum;
        let sample = summary.some.unwrap_or_default();
        self.min[at] = sample.min;
        self.max[at] = sample.max;
        self.range[at] = sample.range;
        self.mean[at] = sample.mean;
        self.std[at] = sample.deviation;
        self.var[at] = sample.variance;
        self.median[at] = sample.median.unwrap_or_default();
        let (skewness, kurtosis) = sample.shape.unwrap_or_default();
        self.skew[at] = skewness;
        self.kurt[at] = kurtosis;
        self.cv[at] = sample.cv.unwrap_or_default();
        self.has_values.put(at, summary.some.is_some());
        self.has_median.put(at, sample.median.is_some());
        self.has_shape.put(at, sample.shape.is_some());
        self.has_cv.put(at, sample.cv.is_some());
    }

    /// Appends the first `rows` to twelve series, in the order of `STATISTICS`.
    fn push_to(&self, rows: usize, series: &mut [Series]) {
        let all = (1 << rows) - 1;
        let [values, median, shape, cv] =
            [self.has_values, self.has_median, self.has_shape, self.has_cv].map(|has| has.0 & all);
        for ((statistic, ..), series) in STATISTICS.iter().zip(series) {
            match statistic {
                Statistic::Count => i64::extend(series, &self.count[..rows], all),
                Statistic::Sum => V::extend(series, &self.sum[..rows], all),
                Statistic::Min => V::extend(series, &self.min[..rows], values),
                Statistic::Max => V::extend(series, &self.max[..rows], values),
                Statistic::Range => V::extend(series, &self.range[..rows], values),
                Statistic::Mean => f64::extend(series, &self.mean[..rows], values),
                Statistic::Var => f64::extend(series, &self.var[..rows], values),
                Statistic::Std => f64::extend(series, &self.std[..rows], values),
                Statistic::Median => f64::extend(series, &self.median[..rows], median),
                Statistic::Skew => f64::extend(series, &self.skew[..rows], shape),
                Statistic::Kurt => f64::extend(series, &self.kurt[..rows], shape),
                Statistic::Cv => f64::extend(series, &self.cv[..rows], cv),
            }
        }
    }
}

fn column(
    sequence: &'static str,
    what: &str,
    side: &str,
    of_side: &str,
    statistic: Statistic,
    name: &str,
    doc: &str,
) -> Column {
    let is_gap = sequence == "iats";
    let counts = matches!(statistic, Statistic::Count);
    let integer = matches!(
        statistic,
        Statistic::Count | Statistic::Min | Statistic::Max | Statistic::Range | Statistic::Sum
    );
    Column {
        name: format!("{sequence}_{side}{name}").into(),
        doc: format!("{doc} of {what}{of_side}.").into(),
        data_type: if counts || (integer && !is_gap) { DataType::I64 } else { DataType::F64 },
        nullable: !matches!(statistic, Statistic::Count | Statistic::Sum),
        unit: match statistic {
            Statistic::Count if is_gap => Unit::Events,
            Statistic::Count => Unit::Packets,
            Statistic::Skew | Statistic::Kurt | Statistic::Cv => Unit::Ratio,
            _ if is_gap => Unit::Seconds,
            _ => Unit::Bytes,
        },
        role: Role::Feature,
        family: "statistics",
        population: "counted packets (see `--population`)",
        since: "0.1",
    }
}

/// A value of the type that a statistic has.
trait Value: Copy + Default {
    fn extend(series: &mut Series, values: &[Self], present: u64);
}

impl Value for i64 {
    fn extend(series: &mut Series, values: &[Self], present: u64) {
        series.extend_present_i64(values, present);
    }
}

impl Value for f64 {
    fn extend(series: &mut Series, values: &[Self], present: u64) {
        series.extend_present_f64(values, present);
    }
}

/// Flows summed up before their statistics go to the columns: few enough to stay in the nearest
/// cache.
const ROWS_AT_A_TIME: usize = 32;

const SEQUENCES: [(&str, &str); 5] = [
    ("packet_lengths", "the lengths of frames on the wire"),
    ("ip_lengths", "the lengths by the IP headers"),
    ("trans_lengths", "the lengths of IP payloads (transport header and payload)"),
    ("app_lengths", "the lengths of transport payloads, zeros included"),
    ("iats", "the gaps between successive packets, negative where times go back"),
];

const SIDES: [(&str, &str); 3] = [
    ("", ""),
    ("up_", ", of packets from the initiator only"),
    ("down_", ", of packets to the initiator only"),
];

const STATISTICS: [(Statistic, &str, &str); 12] = [
    (Statistic::Count, "count", "Number"),
    (Statistic::Mean, "mean", "Arithmetic mean"),
    (Statistic::Std, "std", "Population standard deviation"),
    (Statistic::Var, "var", "Population variance"),
    (Statistic::Min, "min", "Smallest"),
    (Statistic::Max, "max", "Largest"),
    (Statistic::Range, "range", "Largest minus smallest"),
    (Statistic::Median, "median", "Median (null beyond 65,536 gaps)"),
    (Statistic::Sum, "sum", "Sum"),
    (Statistic::Skew, "skew", "Skewness m3 / m2^1.5 (null without spread)"),
    (Statistic::Kurt, "kurt", "Excess kurtosis m4 / m2^2 - 3 (null without spread)"),
    (Statistic::Cv, "cv", "Standard deviation over mean (null when the mean is 0)"),
];
