//! Cells of batches by the names of their columns.

use std::collections::HashMap;

use flowloom_schema::{Batch, Column, Series, Values};
use sha1::{Digest, Sha1};

use crate::value::Value;

/// Where the columns of a table are.
#[derive(Clone, Debug)]
pub(crate) struct Names(HashMap<String, usize>);

/// A row of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) names: &'a Names,
    pub(crate) batch: &'a Batch,
    pub(crate) at: usize,
}

impl Names {
    pub(crate) fn of(columns: &[Column]) -> Self {
        let names = columns.iter().map(|column| column.name.clone().into_owned());
        Self(names.zip(0..).collect())
    }
}

impl<'a> Row<'a> {
    /// The value of a column; none for a null, and for a column that is not there.
    pub(crate) fn value(&self, column: &str) -> Value<'a> {
        let series = self.names.0.get(column).and_then(|at| self.batch.columns.get(*at));
        series.map_or(Value::None, |series| value(series, self.at))
    }

    pub(crate) fn text(&self, column: &str) -> Option<&'a str> {
        match self.value(column) {
            Value::Text(std::borrow::Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn int(&self, column: &str) -> Option<i64> {
        match self.value(column) {
            Value::Int(value) | Value::Time(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn real(&self, column: &str) -> Option<f64> {
        match self.value(column) {
            Value::Real(value) => Some(value),
            _ => None,
        }
    }

    /// A number that only this flow has: the same frames give the same, whatever the capture is called.
    pub(crate) fn digest(&self) -> u128 {
        let mut hash = Sha1::new();
        for column in ["start_time", "flow_id", "src_port", "dst_port", "protocol"] {
            hash.update(self.int(column).unwrap_or(-1).to_be_bytes());
        }
        for column in ["src_ip", "dst_ip"] {
            hash.update(self.text(column).unwrap_or_default());
            hash.update([0]);
        }
        hash.finalize().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
    }

    pub(crate) fn is_true(&self, column: &str) -> bool {
        matches!(self.value(column), Value::Bool(true))
    }

    /// The texts of a list; none for a null.
    pub(crate) fn texts(&self, column: &str) -> Vec<&'a str> {
        let text = |item: Value<'a>| match item {
            Value::Text(std::borrow::Cow::Borrowed(text)) => Some(text),
            _ => None,
        };
        match self.value(column) {
            Value::List(items) => items.into_iter().filter_map(text).collect(),
            _ => Vec::new(),
        }
    }
}

fn value(series: &Series, row: usize) -> Value<'_> {
    if !series.validity.is_valid(row) {
        return Value::None;
    }
    match &series.values {
        Values::Bool(v) => Value::Bool(v[row]),
        Values::I8(v) => Value::Int(v[row].into()),
        Values::U8(v) => Value::Int(v[row].into()),
        Values::U16(v) => Value::Int(v[row].into()),
        Values::I32(v) => Value::Int(v[row].into()),
        Values::I64(v) => Value::Int(v[row]),
        Values::F64(v) => Value::Real(v[row]),
        Values::Time(v) => Value::Time(v[row]),
        Values::Text(v) => Value::Text(v.get(row).into()),
        Values::List(v) => Value::List(v.range(row).map(|item| value(&v.items, item)).collect()),
        // No field of a log is one.
        Values::Binary(_) | Values::Struct(_) => Value::None,
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Tables made by tests.

    use flowloom_schema::{Batch, DataType, Series};

    use super::{Names, Row};
    use crate::value::Value;

    pub(crate) struct Table {
        names: Names,
        batch: Batch,
    }

    impl Table {
        pub(crate) fn new(columns: &[&str]) -> Self {
            let names = Names(columns.iter().map(ToString::to_string).zip(0..).collect());
            Self { names, batch: Batch::default() }
        }

        /// Appends a row; the first one tells the types of the columns, numbers where it has nothing.
        pub(crate) fn push<const N: usize>(&mut self, values: [Value<'_>; N]) {
            if self.batch.rows == 0 {
                let series = |value: &Value<'_>| match value {
                    Value::Bool(_) => Series::new(DataType::Bool),
                    Value::Text(_) => Series::new(DataType::Text),
                    _ => Series::new(DataType::I64),
                };
                self.batch.columns = values.iter().map(series).collect();
            }
            for (series, value) in self.batch.columns.iter_mut().zip(values) {
                match value {
                    Value::Bool(value) => series.push_bool(value),
                    Value::Int(value) => series.push_i64(value),
                    Value::Text(value) => series.push_text(&value),
                    _ => series.push_null(),
                }
            }
            self.batch.rows += 1;
        }

        pub(crate) fn rows(&self) -> Vec<Row<'_>> {
            let (names, batch) = (&self.names, &self.batch);
            (0..batch.rows).map(|at| Row { names, batch, at }).collect()
        }
    }
}
