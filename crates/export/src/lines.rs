//! Lines that are made elsewhere: a table of one column of texts, each with its end.

use flowloom_schema::{Batch, Values};

use crate::output::Output;
use crate::{Destination, Ending, Sink, SinkError, Written};

pub(crate) struct LinesSink {
    output: Output,
    rows: u64,
}

impl LinesSink {
    pub(crate) fn open(destination: Destination) -> Result<Self, SinkError> {
        Ok(Self { output: Output::text(destination)?, rows: 0 })
    }
}

impl Sink for LinesSink {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        let [series] = batch.columns.as_slice() else {
            let reason = format!("{} columns, and not one of lines", batch.columns.len());
            return Err(SinkError::Batch { reason });
        };
        let Values::Text(lines) = &series.values else {
            return Err(SinkError::Batch { reason: "a column that is not of lines".into() });
        };
        self.output.put(&lines.bytes)?;
        self.rows += batch.rows as u64;
        self.output.pass_on()
    }

    fn end(
        self: Box<Self>,
        ending: Ending,
        _account: &[(String, String)],
    ) -> Result<Written, SinkError> {
        self.output.end(self.rows, ending)
    }
}
