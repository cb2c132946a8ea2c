//! Rows of several batches in another order.

use arrow_array::{RecordBatch, UInt64Array};
use arrow_schema::ArrowError;
use arrow_select::concat::concat;
use arrow_select::interleave::interleave;
use arrow_select::take::take;

/// Number of a batch, and of a row in it.
pub type Place = (usize, usize);

/// The rows at places of batches, a batch for each group of places.
///
/// Column by column: what is gathered of the batches is gone before the next column is, so that there
/// is never much more than one copy of the rows, if the batches are nobody else's.
pub fn gathered(
    batches: Vec<RecordBatch>,
    groups: &[&[Place]],
) -> Result<Vec<RecordBatch>, ArrowError> {
    let Some(schema) = batches.first().map(RecordBatch::schema) else { return Ok(Vec::new()) };
    let mut begins = vec![0];
    begins.extend(ends(&batches));
    let number = |(batch, row): &Place| (begins[*batch] + row) as u64;
    let rows = groups.iter().map(|places| places.iter().map(number).collect::<UInt64Array>());
    let rows = rows.collect::<Vec<_>>();
    let count = rows.iter().map(UInt64Array::len).sum::<usize>();
    let are_many = count > begins.last().copied().unwrap_or_default() / 16;
    let mut columns = vec![Vec::new(); groups.len()];
    let arrays = batches.into_iter().map(|batch| batch.columns().to_vec().into_iter());
    let mut arrays = arrays.collect::<Vec<_>>();
    for field in schema.fields() {
        let parts = arrays.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>();
        let parts = parts.iter().map(AsRef::as_ref).collect::<Vec<_>>();
        // Many numbers are found faster in one array.
        if are_many && field.data_type().is_primitive() {
            let whole = concat(&parts)?;
            for (columns, rows) in columns.iter_mut().zip(&rows) {
                columns.push(take(&whole, rows, None)?);
            }
        } else {
            for (columns, places) in columns.iter_mut().zip(groups) {
                columns.push(interleave(&parts, places)?);
            }
        }
    }
    columns.into_iter().map(|columns| RecordBatch::try_new(schema.clone(), columns)).collect()
}

/// How many rows there are with each batch.
pub fn ends(batches: &[RecordBatch]) -> Vec<usize> {
    let mut rows = 0;
    let end = |batch: &RecordBatch| {
        rows += batch.num_rows();
        rows
    };
    batches.iter().map(end).collect()
}
