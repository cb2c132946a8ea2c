//! The sink that keeps nothing: the smallest one, and the floor of benchmarks.

use arrow_schema::SchemaRef;
use flowloom_schema::{Batch, Column};

use crate::{Ending, Sink, SinkError, SinkStats, TableInfo, Written, arrow_schema, record_batch};

pub(crate) struct NullSink {
    columns: Vec<Column>,
    schema: SchemaRef,
    rows: u64,
}

impl NullSink {
    pub(crate) fn open(table: &TableInfo) -> Self {
        let schema = arrow_schema(&table.columns, &table.metadata);
        Self { columns: table.columns.clone(), schema, rows: 0 }
    }
}

impl Sink for NullSink {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.rows += record_batch(&self.columns, &self.schema, batch)?.num_rows() as u64;
        Ok(())
    }

    fn end(self: Box<Self>, _: Ending, _: &[(String, String)]) -> Result<Written, SinkError> {
        Ok(SinkStats { rows: self.rows, ..SinkStats::default() }.into())
    }
}
