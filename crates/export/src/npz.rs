//! NumPy's `.npz`: a ZIP archive of arrays, not compressed, as `numpy.load` reads it.
//!
//! Lists of numbers become arrays of one length ([`Padding`]), lists of bytes arrays of one length
//! and width. Beside them are how long each was (`lengths`), what a row is of (`flow_id`, `capture`),
//! labels, and other columns that are asked for. An array needs to know how many rows there are before
//! its first byte, and comes whole before the next one, so that rows wait in temporary files, one for
//! each array. `flowloom.json` in the archive has the settings and the account.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use flowloom_schema::{Batch, Column, DataType, List, Role, Series, Values};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::output::Output;
use crate::padding::{Item, Number, Padding};
use crate::text::json_text;
use crate::{Destination, Ending, Npz, Sink, SinkError, TableInfo, Written};

pub(crate) struct NpzSink {
    output: Output,
    destination: Destination,
    padding: Padding,
    arrays: Vec<Array>,
    /// How many items rows have.
    lengths: Array,
    metadata: Vec<(String, String)>,
    rows: u64,
}

/// An array on its way.
struct Array {
    name: String,
    /// Where its column is in batches.
    column: usize,
    kind: Kind,
    waiting: BufWriter<File>,
    /// Characters of the longest text.
    width: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Lists of numbers.
    Rows(Number),
    /// Lists of bytes: so many items of so many bytes.
    Cube(Number, [usize; 2]),
    Number(Number),
    Time,
    Text,
    /// Lists of texts, with spaces between them.
    Texts,
}

impl NpzSink {
    pub(crate) fn open(
        destination: Destination,
        table: &TableInfo,
        settings: &Npz,
    ) -> Result<Self, SinkError> {
        let padding = settings.padding;
        let chosen = table.columns.iter().enumerate().filter(|(_, c)| settings.chooses(c));
        let mut arrays = Vec::new();
        for (place, column) in chosen {
            let kind = Kind::of(column, settings).and_then(|kind| kind.small_enough(&padding));
            let kind = kind.map_err(|why| refuse(&column.name, &why))?;
            arrays.push(Array::new(&column.name, place, kind)?);
        }
        let lengths = Array::new("lengths", 0, Kind::Number(Number::Int64))?;
        let output = Output::create(destination.clone())?;
        let mut metadata = table.metadata.clone();
        metadata.push(("flowloom.padding".into(), padding.to_string()));
        Ok(Self { output, destination, padding, arrays, lengths, metadata, rows: 0 })
    }
}

impl Npz {
    /// Whether there is an array of a column.
    fn chooses(&self, column: &Column) -> bool {
        let is_named = self.columns.iter().any(|name| *name == column.name);
        is_named
            || column.role == Role::Label
            || OF_ROWS.contains(&&*column.name)
            || (self.columns.is_empty() && self.has_rows_of(column))
    }
}

impl Sink for NpzSink {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        let mut bytes = Vec::new();
        for row in 0..batch.rows {
            let mut length = 0;
            for array in &mut self.arrays {
                let series = &batch.columns[array.column];
                bytes.clear();
                let kept = array.value(series, row, &self.padding, &mut bytes);
                length = length.max(kept.map_err(|why| refuse(&array.name, &why))?);
                array.waiting.write_all(&bytes).map_err(spill)?;
            }
            self.lengths.waiting.write_all(&(length as i64).to_le_bytes()).map_err(spill)?;
        }
        self.rows += batch.rows as u64;
        Ok(())
    }

    fn end(
        self: Box<Self>,
        ending: Ending,
        account: &[(String, String)],
    ) -> Result<Written, SinkError> {
        let Self { output, destination, padding, arrays, lengths, metadata, rows } = *self;
        let has_rows =
            arrays.iter().any(|array| matches!(array.kind, Kind::Rows(_) | Kind::Cube(..)));
        let failed = |error: io::Error| SinkError::write(&destination, error);
        let in_zip = |error: zip::result::ZipError| failed(error.into());
        let mut zip = ZipWriter::new_stream(output);
        for array in arrays.into_iter().chain(has_rows.then_some(lengths)) {
            zip.start_file(format!("{}.npy", array.name), options()).map_err(in_zip)?;
            array.copy(rows, &padding, &mut zip, &failed)?;
        }
        zip.start_file("flowloom.json", options()).map_err(in_zip)?;
        zip.write_all(&json(metadata.iter().chain(account))).map_err(failed)?;
        zip.finish().map_err(in_zip)?.into_inner().end(rows, ending)
    }
}

impl Kind {
    fn of(column: &Column, settings: &Npz) -> Result<Self, String> {
        let padding = &settings.padding;
        let fitting = |own| {
            let number = padding.number.unwrap_or(own);
            padding.check(number).map(|()| number).map_err(|misfit| misfit.to_string())
        };
        Ok(match column.data_type {
            DataType::Time => Self::Time,
            DataType::Text => Self::Text,
            DataType::List(DataType::Text) => Self::Texts,
            DataType::List(item) => match settings.shape_of(column) {
                Some([items, bytes]) => {
                    Self::Cube(fitting(Number::UInt8)?, [items.min(padding.length), bytes])
                }
                None => {
                    Self::Rows(fitting(Number::of(*item).ok_or("its lists are not of numbers")?)?)
                }
            },
            scalar => Self::Number(Number::of(scalar).ok_or("it has no numbers")?),
        })
    }

    /// A row is made in memory.
    fn small_enough(self, padding: &Padding) -> Result<Self, String> {
        let (number, items) = match self {
            Self::Rows(number) => (number, padding.length as u128),
            Self::Cube(number, [items, bytes]) => (number, items as u128 * bytes as u128),
            _ => return Ok(self),
        };
        let bytes = items * number.size() as u128;
        if bytes > ROW_BYTES_MAX {
            return Err(format!(
                "each of its rows would take {bytes} bytes, and {ROW_BYTES_MAX} are the most: choose \
                 a smaller --length"
            ));
        }
        Ok(self)
    }
}

impl Array {
    fn new(name: &str, column: usize, kind: Kind) -> Result<Self, SinkError> {
        let file = tempfile::tempfile().map_err(spill)?;
        let waiting = BufWriter::with_capacity(BUFFER_BYTES, file);
        Ok(Self { name: name.to_owned(), column, kind, waiting, width: 1 })
    }

    /// Appends the value of a row as it is to wait; gives how many items it has if it is a list of
    /// numbers.
    fn value(
        &mut self,
        series: &Series,
        row: usize,
        padding: &Padding,
        out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        let is_there = series.validity.is_valid(row);
        match (self.kind, &series.values) {
            (Kind::Rows(number), Values::List(List { offsets, items })) => {
                let end = offsets[row + 1] as usize;
                // One that is missing has none.
                let start = if is_there { offsets[row] as usize } else { end };
                let kept = padding.append(items, start..end, number, out);
                return kept.map_err(|misfit| misfit.to_string());
            }
            (Kind::Cube(number, shape), Values::List(List { offsets, items })) => {
                let Values::Binary(items) = &items.values else { return Err("no bytes".into()) };
                let range = offsets[row] as usize..offsets[row + 1] as usize;
                let kept = padding.append_bytes(items, range, number, shape, out);
                return kept.map_err(|misfit| misfit.to_string());
            }
            (Kind::Time, Values::Time(times)) => {
                out.extend((if is_there { times[row] } else { NOT_A_TIME }).to_le_bytes());
            }
            (Kind::Number(Number::Float64), Values::F64(values)) => {
                out.extend((if is_there { values[row] } else { f64::NAN }).to_le_bytes());
            }
            (Kind::Number(number), values) => {
                if !is_there {
                    return Err("it has nulls, for which integers have no place".into());
                }
                let item = Item::of(values, row).ok_or("it has no numbers")?;
                item.append(number, out).map_err(|misfit| misfit.to_string())?;
            }
            (Kind::Text, Values::Text(text)) => {
                self.text(if is_there { text.get(row) } else { "" }, out)?;
            }
            (Kind::Texts, Values::List(List { offsets, items })) => {
                let Values::Text(text) = &items.values else { return Err("no texts".into()) };
                let all = (offsets[row] as usize..offsets[row + 1] as usize).map(|i| text.get(i));
                self.text(&all.collect::<Vec<_>>().join(" "), out)?;
            }
            _ => return Err("its values are not of its type".into()),
        }
        Ok(0)
    }

    /// A text waits as its length and its bytes: how wide the array is becomes known later.
    fn text(&mut self, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
        let width = text.chars().count() as u64;
        if width > TEXT_CHARS_MAX {
            return Err(format!(
                "a text of {width} characters; arrays have {TEXT_CHARS_MAX} at most"
            ));
        }
        self.width = self.width.max(width);
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.as_bytes());
        Ok(())
    }

    /// The file of the array.
    fn copy(
        self,
        rows: u64,
        padding: &Padding,
        to: &mut ZipWriter<StreamWriter<Output>>,
        failed: &dyn Fn(io::Error) -> SinkError,
    ) -> Result<(), SinkError> {
        let code = match self.kind {
            Kind::Rows(number) | Kind::Cube(number, _) | Kind::Number(number) => {
                number.code().to_owned()
            }
            Kind::Time => "<M8[ns]".to_owned(),
            Kind::Text | Kind::Texts => format!("<U{}", self.width),
        };
        let shape = match self.kind {
            Kind::Rows(_) => format!("{rows}, {}", padding.length),
            Kind::Cube(_, [items, bytes]) => format!("{rows}, {items}, {bytes}"),
            _ => format!("{rows},"),
        };
        to.write_all(&header(&code, &shape)).map_err(failed)?;
        let mut file = self.waiting.into_inner().map_err(|error| spill(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(spill)?;
        let mut waiting = BufReader::with_capacity(BUFFER_BYTES, file);
        if !matches!(self.kind, Kind::Text | Kind::Texts) {
            let mut buffer = vec![0; BUFFER_BYTES];
            loop {
                match waiting.read(&mut buffer).map_err(spill)? {
                    0 => return Ok(()),
                    read => to.write_all(&buffer[..read]).map_err(failed)?,
                }
            }
        }
        let (mut text, mut wide) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let mut len = [0; 4];
            waiting.read_exact(&mut len).map_err(spill)?;
            text.resize(u32::from_le_bytes(len) as usize, 0);
            waiting.read_exact(&mut text).map_err(spill)?;
            wide.clear();
            for c in String::from_utf8_lossy(&text).chars() {
                wide.extend(u32::from(c).to_le_bytes());
            }
            wide.resize(4 * self.width as usize, 0);
            to.write_all(&wide).map_err(failed)?;
        }
        Ok(())
    }
}

/// What stands before the values of an array (NEP 1, version 1.0): its end is at a multiple of 64.
fn header(code: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{code}', 'fortran_order': False, 'shape': ({shape}), }}");
    let fixed = MAGIC.len() + 2;
    let len = (fixed + text.len() + 1).next_multiple_of(64) - fixed;
    text.extend(std::iter::repeat_n(' ', len - 1 - text.len()));
    text.push('\n');
    [MAGIC, &(len as u16).to_le_bytes(), text.as_bytes()].concat()
}

/// Keys and texts as an object.
fn json<'t>(pairs: impl Iterator<Item = &'t (String, String)>) -> Vec<u8> {
    let mut out = Vec::from(b"{");
    for (i, (key, value)) in pairs.enumerate() {
        out.extend_from_slice(if i == 0 { b"\n" } else { b",\n" });
        json_text(key, &mut out);
        out.push(b':');
        json_text(value, &mut out);
    }
    out.extend_from_slice(b"\n}\n");
    out
}

/// The same bytes whenever they are written, and more than 4 GiB of them if need be.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(true)
}

fn refuse(column: &str, why: &str) -> SinkError {
    SinkError::Column { column: column.to_owned(), reason: why.to_owned() }
}

fn spill(source: io::Error) -> SinkError {
    SinkError::Spill { directory: std::env::temp_dir(), source }
}

/// What a row is of.
const OF_ROWS: [&str; 2] = ["capture", "flow_id"];
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
/// NumPy's `NaT`.
const NOT_A_TIME: i64 = i64::MIN;
/// Characters of a text at most: an array has as many for each of its texts.
const TEXT_CHARS_MAX: u64 = 4_096;
/// Bytes of a row of an array at most.
const ROW_BYTES_MAX: u128 = 256 << 20;
const BUFFER_BYTES: usize = 64 << 10;
