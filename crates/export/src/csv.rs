//! CSV (RFC 4180): a header row, lines that end with a line feed, cells quoted where they must be.
//!
//! - A null is an empty cell, an empty text is `""`.
//! - A list is JSON in one cell, and so is a struct; a time is RFC 3339 with nine digits; bytes
//!   are hexadecimal digits; a float is the shortest text
//!   that reads back as the same float.
//! - Spreadsheets take a cell that begins with `=` for a formula and run it, and host names are
//!   chosen by whoever sent them. A text that begins with a character of [`FORMULA`] gets an
//!   apostrophe in front, but for a sign alone or before a number, which is no formula. One that
//!   begins with an apostrophe does too: so that taking off the first apostrophe of a text always
//!   gives the text back.
//! - Control characters other than tab, carriage return and line feed become `\u001b`, as in JSON.

use flowloom_schema::{Batch, Series, Values};

use crate::output::Output;
use crate::text::{escaped, hex, json_value, plain, time};
use crate::{Destination, Ending, Sink, SinkError, TableInfo, Written};

pub(crate) struct CsvSink {
    output: Output,
    text: Vec<u8>,
    rows: u64,
}

impl CsvSink {
    pub(crate) fn open(destination: Destination, table: &TableInfo) -> Result<Self, SinkError> {
        let mut sink = Self { output: Output::text(destination)?, text: Vec::new(), rows: 0 };
        for (i, column) in table.columns.iter().enumerate() {
            if i > 0 {
                sink.text.push(b',');
            }
            text_cell(&column.name, &mut sink.text);
        }
        sink.text.push(b'\n');
        sink.output.put(&sink.text)?;
        Ok(sink)
    }
}

impl Sink for CsvSink {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        for row in 0..batch.rows {
            self.text.clear();
            for (i, series) in batch.columns.iter().enumerate() {
                if i > 0 {
                    self.text.push(b',');
                }
                cell(series, row, &mut self.text);
            }
            if self.text.is_empty() {
                // The only cell is null: readers skip empty lines.
                self.text.extend_from_slice(b"\"\"");
            }
            self.text.push(b'\n');
            self.output.put(&self.text)?;
        }
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

fn cell(series: &Series, row: usize, out: &mut Vec<u8>) {
    if !series.validity.is_valid(row) {
        return;
    }
    match &series.values {
        Values::Text(v) => text_cell(v.get(row), out),
        Values::Binary(v) if v.get(row).is_empty() => out.extend_from_slice(b"\"\""),
        Values::Binary(v) => hex(v.get(row), out),
        Values::Time(v) => time(v[row], out),
        Values::List(list) => match list.items.values {
            Values::Text(_)
            | Values::Binary(_)
            | Values::Time(_)
            | Values::List(_)
            | Values::Struct(_) => {
                json_cell(series, row, out);
            }
            // Numbers have no quotes to double.
            _ => {
                out.push(b'"');
                json_value(series, row, out);
                out.push(b'"');
            }
        },
        Values::Struct(_) => json_cell(series, row, out),
        values => plain(values, row, out),
    }
}

/// It begins with a bracket or a brace, which makes no formula.
fn json_cell(series: &Series, row: usize, out: &mut Vec<u8>) {
    let mut json = Vec::new();
    json_value(series, row, &mut json);
    quoted(&json, out);
}

/// Appends a text as a cell.
pub fn text_cell(text: &str, out: &mut Vec<u8>) {
    let formula = text.starts_with(FORMULA) && !is_number(text);
    let bare = text.bytes().all(|b| matches!(b, b' ' | b'!' | b'#'..=b'+' | b'-'..=b'~'));
    if bare && !formula && !text.is_empty() {
        return out.extend_from_slice(text.as_bytes());
    }
    let mut cell = Vec::with_capacity(text.len() + 1);
    if formula {
        cell.push(b'\'');
    }
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\t' | '\r' | '\n') {
            escaped(c, &mut cell);
        } else {
            cell.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    quoted(&cell, out);
}

/// Whether it is nothing but digits with a sign before them and a point among them, such as -1.5.
fn is_number(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(['+', '-']) else { return false };
    let is_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.split_once('.').map_or_else(|| is_digits(digits), |(a, b)| is_digits(a) && is_digits(b))
}

fn quoted(cell: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in cell {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// What a cell must not begin with: OWASP's list, and the apostrophe that guards against it.
const FORMULA: [char; 12] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

#[cfg(test)]
mod tests {
    use super::text_cell;

    #[test]
    fn numbers_are_no_formulas() {
        for (text, cell) in [
            ("-", "-"),
            ("-1", "-1"),
            ("+1.50", "+1.50"),
            ("-1+1", "\"'-1+1\""),
            ("--1", "\"'--1\""),
            ("-1.2.3", "\"'-1.2.3\""),
            ("-\u{661}", "\"'-\u{661}\""),
            ("=1", "\"'=1\""),
            ("'-1", "\"''-1\""),
        ] {
            let mut out = Vec::new();
            text_cell(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), cell, "{text}");
        }
    }
}
