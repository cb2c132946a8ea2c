//! Arrow IPC files.
//!
//! Not compressed: readers map such a file into memory and use it where it lies. The settings are
//! metadata of the schema, the account is custom metadata of the footer.

use arrow_ipc::writer::FileWriter;
use arrow_schema::SchemaRef;
use flowloom_schema::{Batch, Column};

use crate::output::Output;
use crate::{Destination, Ending, Sink, SinkError, TableInfo, Written, arrow_schema, record_batch};

pub(crate) struct ArrowSink {
    columns: Vec<Column>,
    schema: SchemaRef,
    writer: FileWriter<Output>,
    destination: Destination,
    rows: u64,
}

impl ArrowSink {
    pub(crate) fn open(destination: Destination, table: &TableInfo) -> Result<Self, SinkError> {
        let schema = arrow_schema(&table.columns, &table.metadata);
        let output = Output::create(destination.clone())?;
        let writer = FileWriter::try_new(output, &schema)
            .map_err(|e| SinkError::encode(&destination, e.into()))?;
        Ok(Self { columns: table.columns.clone(), schema, writer, destination, rows: 0 })
    }
}

impl Sink for ArrowSink {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        let batch = record_batch(&self.columns, &self.schema, batch)?;
        self.rows += batch.num_rows() as u64;
        self.writer.write(&batch).map_err(|e| SinkError::encode(&self.destination, e.into()))
    }

    fn end(
        mut self: Box<Self>,
        ending: Ending,
        account: &[(String, String)],
    ) -> Result<Written, SinkError> {
        for (key, value) in account {
            self.writer.write_metadata(key, value);
        }
        let failed = |e: arrow_schema::ArrowError| SinkError::encode(&self.destination, e.into());
        self.writer.finish().map_err(failed)?;
        self.writer.into_inner().map_err(failed)?.end(self.rows, ending)
    }
}
