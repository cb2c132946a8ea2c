//! The columns of the family `statistics`.

use std::cell::RefCell;

use flowloom_schema::{Column, DataType, Role, Series, Unit};

use super::totals::{Scratch, Totals, merge};
use super::{Sample, Statistic, Summary};
use crate::family::{Family, FlowRow, Needs};

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
        WORK.with_borrow_mut(|Work { totals, scratch, all }| {
            let log = &row.ended.flow.keep;
            let rest = &log.records[log.folded..];
            match &log.totals {
                Some(folded) => totals.clone_from(folded),
                None => totals.clear(),
            }
            totals.add(rest, !log.starved, scratch);
            let mut series = series.iter_mut();
            for [up, down] in &totals.lengths {
                merge(up.iter().copied(), down.iter().copied(), all);
                for counted in [&*all, up, down] {
                    push_lengths(&Summary::of_lengths(counted), &mut series);
                }
            }
            for gaps in &mut totals.gaps {
                push_gaps(&gaps.summary(), &mut series);
            }
        });
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

fn push_lengths<'a>(summary: &Summary<i64>, series: &mut impl Iterator<Item = &'a mut Series>) {
    push(summary, series, Series::push_i64);
}

fn push_gaps<'a>(summary: &Summary<f64>, series: &mut impl Iterator<Item = &'a mut Series>) {
    push(summary, series, Series::push_f64);
}

/// Appends a summary to the twelve next series, in the order of `STATISTICS`.
fn push<'a, V: Copy>(
    summary: &Summary<V>,
    series: &mut impl Iterator<Item = &'a mut Series>,
    push_value: fn(&mut Series, V),
) {
    let some = summary.some.as_ref();
    for (statistic, ..) in STATISTICS {
        let Some(series) = series.next() else { return };
        let value = |get: fn(&Sample<V>) -> V| some.map(get);
        let float = |get: fn(&Sample<V>) -> Option<f64>| some.and_then(get);
        let (value, float) = match statistic {
            Statistic::Count => {
                series.push_i64(summary.count as i64);
                continue;
            }
            Statistic::Sum => (Some(summary.sum), None),
            Statistic::Min => (value(|some| some.min), None),
            Statistic::Max => (value(|some| some.max), None),
            Statistic::Range => (value(|some| some.range), None),
            Statistic::Mean => (None, float(|some| Some(some.mean))),
            Statistic::Var => (None, float(|some| Some(some.variance))),
            Statistic::Std => (None, float(|some| Some(some.variance.sqrt()))),
            Statistic::Median => (None, float(|some| some.median)),
            Statistic::Skew => (None, float(|some| some.skewness)),
            Statistic::Kurt => (None, float(|some| some.kurtosis)),
            Statistic::Cv => (None, float(|some| some.cv)),
        };
        match (value, float) {
            (Some(value), _) => push_value(series, value),
            (None, Some(float)) => series.push_f64(float),
            (None, None) => series.push_null(),
        }
    }
}

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
