//! Lists of a table as rows of a longer one: one for each packet of each flow.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array as _, ArrayRef, Int64Array, ListArray, RecordBatch, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use arrow_select::take::take;
use pyo3::prelude::*;

use crate::errors::wrong;
use crate::table::Table;

/// The items of `lists` as rows, as many of each row as the first list has, with the values of
/// `keys` beside them and the item's number from 0. Lists come with the names they get; one that
/// has fewer items is filled up with nulls.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's lists become ours")]
pub(crate) fn long(
    py: Python<'_>,
    table: &Table,
    keys: Vec<String>,
    lists: Vec<(String, String)>,
) -> PyResult<Table> {
    let schema = schema(table.schema(), &keys, &lists).map_err(wrong)?;
    py.detach(|| {
        let batches = table.batches().iter().map(|batch| rows(batch, &schema, &keys, &lists));
        Ok(Table::new(Arc::clone(&schema), batches.collect::<Result<_, _>>()?))
    })
    .map_err(wrong)
}

fn schema(
    from: &SchemaRef,
    keys: &[String],
    lists: &[(String, String)],
) -> Result<SchemaRef, ArrowError> {
    let mut fields = Vec::new();
    for key in keys {
        fields.push(from.field_with_name(key)?.clone());
    }
    fields.push(Field::new("packet", DataType::Int64, false));
    for (list, name) in lists {
        let field = from.field_with_name(list)?;
        let DataType::List(item) = field.data_type() else {
            return Err(ArrowError::SchemaError(format!("{list} is no list")));
        };
        let item = Field::new(name, item.data_type().clone(), true);
        fields.push(item.with_metadata(field.metadata().clone()));
    }
    // A row is no flow any more.
    let mut metadata = from.metadata().clone();
    metadata.insert("flowloom.level", "packet");
    Ok(Arc::new(Schema::new(fields).with_metadata(metadata)))
}

fn rows(
    batch: &RecordBatch,
    schema: &SchemaRef,
    keys: &[String],
    lists: &[(String, String)],
) -> Result<RecordBatch, ArrowError> {
    let found = |name: &str| {
        let place = batch.schema_ref().index_of(name);
        place.map(|place| Arc::clone(batch.column(place)))
    };
    let lists = lists.iter().map(|(list, _)| found(list)).collect::<Result<Vec<_>, _>>()?;
    let lists = lists.iter().map(AsArray::as_list::<i32>).collect::<Vec<_>>();
    let lengths = match lists.first() {
        Some(first) => (0..first.len()).map(|row| length(first, row)).collect::<Vec<_>>(),
        None => vec![0; batch.num_rows()],
    };
    let of_flow = lengths.iter().zip(0_u64..).flat_map(|(n, row)| std::iter::repeat_n(row, *n));
    let of_flow = UInt64Array::from_iter_values(of_flow);
    let mut columns = Vec::new();
    for key in keys {
        columns.push(take(&found(key)?, &of_flow, None)?);
    }
    let numbers = lengths.iter().flat_map(|n| 0..*n as i64);
    columns.push(Arc::new(Int64Array::from_iter_values(numbers)) as ArrayRef);
    for list in lists {
        columns.push(items(list, &lengths)?);
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// The items of a list, so many of each row; not copied where that is what it has.
fn items(list: &ListArray, lengths: &[usize]) -> Result<ArrayRef, ArrowError> {
    if list.null_count() == 0 && (0..list.len()).all(|row| length(list, row) == lengths[row]) {
        let (first, last) = (list.value_offsets()[0] as usize, lengths.iter().sum());
        return Ok(list.values().slice(first, last));
    }
    let places = lengths.iter().enumerate().flat_map(|(row, wanted)| {
        let (first, there) = (list.value_offsets()[row] as u64, length(list, row));
        (0..*wanted).map(move |at| (at < there).then_some(first + at as u64))
    });
    take(list.values(), &places.collect::<UInt64Array>(), None)
}

fn length(list: &ListArray, row: usize) -> usize {
    if list.is_null(row) { 0 } else { list.value_length(row) as usize }
}
