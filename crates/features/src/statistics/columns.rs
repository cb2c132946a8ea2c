//! The columns of the family `statistics`.

use std::cell::RefCell;

use flowloom_schema::{Column, DataType, Role, Series, Unit};

use super::totals::{Gaps, LENGTHS, Scratch, Totals, merge};
use super::{Statistic, Summary};
use crate::family::{Family, FlowRow, Needs};
use crate::log::Log;

/// Twelve statistics of each of five sequences, for all packets, for those up and those down.
pub(crate) struct StatisticsFamily;

/// What is filled anew for each flow.
#[derive(Default)]
struct Work {
    totals: Totals,
    scratch: Scratch,
    all: Vec<(u32, u64)>,
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
        // Few enough at a time to stay in the nearest cache.
        for rows in rows.chunks(ROWS_AT_A_TIME) {
            let summaries = WORK.with_borrow_mut(|work| {
                rows.iter().map(|row| work.summarize(row.ended.flow.keep.log())).collect::<Vec<_>>()
            });
            let mut series = series.chunks_mut(STATISTICS.len());
            for sequence in 0..LENGTHS {
                for side in 0..SIDES.len() {
                    let summaries = summaries.iter().map(|flow| &flow.lengths[sequence][side]);
                    push_all(&summaries, series.next().unwrap_or_default());
                }
            }
            for side in 0..SIDES.len() {
                let summaries = summaries.iter().map(|flow| &flow.gaps[side]);
                push_all(&summaries, series.next().unwrap_or_default());
            }
        }
    }
}

/// The statistics of a flow, for all packets, for those up and those down.
struct Summaries {
    lengths: [[Summary<i64>; 3]; LENGTHS],
    gaps: [Summary<f64>; 3],
}

impl Work {
    fn summarize(&mut self, log: &Log) -> Summaries {
        let Self { totals, scratch, all } = self;
        match &log.totals {
            Some(folded) => totals.clone_from(folded),
            None => totals.clear(),
        }
        totals.add(&log.records[log.folded..], !log.starved, scratch);
        let lengths = totals.lengths.each_ref().map(|[up, down]| {
            merge(up.iter().copied(), down.iter().copied(), all);
            [&*all, up, down].map(|counted| Summary::of_lengths(counted))
        });
        Summaries { lengths, gaps: totals.gaps.each_mut().map(Gaps::summary) }
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

/// A value of the type that smallest, largest, range and sum have.
trait Value: Copy {
    fn extend(series: &mut Series, values: impl Iterator<Item = Option<Self>>);
}

impl Value for i64 {
    fn extend(series: &mut Series, values: impl Iterator<Item = Option<Self>>) {
        series.extend_optional_i64(values);
    }
}

impl Value for f64 {
    fn extend(series: &mut Series, values: impl Iterator<Item = Option<Self>>) {
        series.extend_optional_f64(values);
    }
}

/// Appends the summaries of some flows to twelve series, in the order of `STATISTICS`.
fn push_all<'s, V: Value + 's>(
    summaries: &(impl Iterator<Item = &'s Summary<V>> + Clone),
    series: &mut [Series],
) {
    for ((statistic, ..), series) in STATISTICS.iter().zip(series) {
        let all = summaries.clone();
        let some = summaries.clone().map(|summary| summary.some.as_ref());
        match statistic {
            Statistic::Count => series.extend_i64(all.map(|summary| summary.count as i64)),
            Statistic::Sum => V::extend(series, all.map(|summary| Some(summary.sum))),
            Statistic::Min => V::extend(series, some.map(|some| Some(some?.min))),
            Statistic::Max => V::extend(series, some.map(|some| Some(some?.max))),
            Statistic::Range => V::extend(series, some.map(|some| Some(some?.range))),
            Statistic::Mean => series.extend_optional_f64(some.map(|some| Some(some?.mean))),
            Statistic::Var => series.extend_optional_f64(some.map(|some| Some(some?.variance))),
            Statistic::Std => {
                series.extend_optional_f64(some.map(|some| Some(some?.variance.sqrt())));
            }
            Statistic::Median => series.extend_optional_f64(some.map(|some| some?.median)),
            Statistic::Skew => series.extend_optional_f64(some.map(|some| some?.skewness)),
            Statistic::Kurt => series.extend_optional_f64(some.map(|some| some?.kurtosis)),
            Statistic::Cv => series.extend_optional_f64(some.map(|some| some?.cv)),
        }
    }
}

/// Flows summed up before their statistics are spread over the columns.
const ROWS_AT_A_TIME: usize = 16;

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
