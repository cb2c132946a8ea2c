//! JSON and JSON Lines (RFC 8259): an object per row, keys in the order of the columns.
//!
//! Nulls are there as `null`; times are RFC 3339 with nine digits; 64-bit integers are numbers, which
//! readers that hold every number in a float round beyond 2^53. Characters that act on a terminal are
//! escaped, and read back as they were.

use flowloom_schema::Batch;

use crate::output::Output;
use crate::text::{json_text, json_value};
use crate::{Destination, Ending, Sink, SinkError, TableInfo, Written};

/// What stands between the objects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// They are the items of one array.
    Array,
    /// Each has a line.
    Lines,
}

pub(crate) struct JsonSink {
    output: Output,
    layout: Layout,
    /// `{"name":` of the first column, `,"name":` of the others.
    keys: Vec<Vec<u8>>,
    text: Vec<u8>,
    rows: u64,
}

impl JsonSink {
    pub(crate) fn open(
        destination: Destination,
        table: &TableInfo,
        layout: Layout,
    ) -> Result<Self, SinkError> {
        let keys = table.columns.iter().enumerate().map(|(i, column)| {
            let mut key = vec![if i == 0 { b'{' } else { b',' }];
            json_text(&column.name, &mut key);
            key.push(b':');
            key
        });
        let keys = keys.collect();
        let mut output = Output::text(destination)?;
        if layout == Layout::Array {
            output.put(b"[")?;
        }
        Ok(Self { output, layout, keys, text: Vec::new(), rows: 0 })
    }
}

impl Sink for JsonSink {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        for row in 0..batch.rows {
            self.text.clear();
            if self.layout == Layout::Array {
                self.text.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
            }
            for (key, series) in self.keys.iter().zip(&batch.columns) {
                self.text.extend_from_slice(key);
                json_value(series, row, &mut self.text);
            }
            self.text.extend_from_slice(if self.keys.is_empty() { b"{}" } else { b"}" });
            if self.layout == Layout::Lines {
                self.text.push(b'\n');
            }
            self.output.put(&self.text)?;
            self.rows += 1;
        }
        self.output.pass_on()
    }

    fn end(
        mut self: Box<Self>,
        ending: Ending,
        _account: &[(String, String)],
    ) -> Result<Written, SinkError> {
        if self.layout == Layout::Array {
            self.output.put(if self.rows == 0 { b"]\n" } else { b"\n]\n" })?;
        }
        self.output.end(self.rows, ending)
    }
}
