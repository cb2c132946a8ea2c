//! Batches of columns to outputs: Parquet, Arrow IPC, CSV, JSON, JSON Lines, NumPy's archives of
//! arrays, the terminal, and the logs of other programs.
//!
//! [`open`] gives a [`Sink`] for a [`Format`] and a [`Destination`]; batches go in, and closing it
//! gives the file its name. One format, one file: a new one is that file and one line in each match
//! of [`Format`] here. [`Ordered`] stands before any of them and puts rows in order.
//!
//! The only crate that knows Arrow. What the columns are, and what is in them, is the business of
//! whoever calls.

mod arrow;
mod batch;
mod compressed;
mod csv;
mod error;
mod from_arrow;
mod gather;
mod ipfix;
mod json;
mod lines;
mod load;
mod npz;
mod null;
mod order;
mod output;
mod padding;
mod parquet;
mod read;
mod table;
mod text;

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use flowloom_schema::{Batch, Column, Compression, DataType};

pub use batch::{arrow_schema, record_batch};
pub use csv::text_cell;
pub use error::SinkError;
pub use from_arrow::{batch_of, columns_of};
pub use gather::{Place, ends, gathered};
pub use load::{Loaded, load_table};
pub use order::{Order, Ordered};
pub use output::{Destination, Existing, Output, SinkStats, Written, partial_name};
pub use padding::{Keep, Misfit, Number, Padding, Side};
pub use parquet::{Codec, Parquet};
pub use read::{Rows, TableError, TableFile, table_texts};
pub use table::Terminal;
pub use text::{harmless_json, is_invisible, json_text};

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC file, which is also Feather version 2.
    Arrow,
    /// Comma-separated values (RFC 4180).
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object per line.
    JsonLines,
    /// NumPy's archive of arrays, with lists of one length.
    Npz,
    /// Zeek's logs, tab-separated: lines that are made elsewhere.
    Zeek,
    /// EVE JSON: lines that are made elsewhere.
    Eve,
    /// IPFIX messages (RFC 5655), of columns that are named as information elements.
    Ipfix,
    /// Nowhere, at the price of making the Arrow arrays.
    Null,
    /// A table for people, on a terminal.
    Table,
}

/// What is known of a table before its first row.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// What a row is, in the plural: `flows`.
    pub name: String,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The settings its values depend on, for formats that have a place for them.
    pub metadata: Vec<(String, String)>,
}

/// What can be chosen about outputs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Size and colours of the terminal.
    pub terminal: Terminal,
    /// Compression and row groups of Parquet files.
    pub parquet: Parquet,
    /// What is in archives of arrays.
    pub npz: Npz,
}

/// What is in an archive of arrays.
#[derive(Clone, Debug, Default)]
pub struct Npz {
    /// Columns to make arrays of; all lists of numbers if there are none. What a row is of, and
    /// labels, are always there.
    pub columns: Vec<String>,
    /// How lists become rows of one length.
    pub padding: Padding,
    /// Columns of lists of bytes, each with how many items a row of its array has, and how many
    /// bytes an item. Others have no array.
    pub bytes: Vec<(&'static str, [usize; 2])>,
}

impl Npz {
    /// Whether there is an array of a column because of its type.
    pub fn has_rows_of(&self, column: &Column) -> bool {
        let DataType::List(item) = column.data_type else { return false };
        Number::of(*item).is_some() || self.shape_of(column).is_some()
    }

    /// Items of a row of a column of lists of bytes, and bytes of an item.
    fn shape_of(&self, column: &Column) -> Option<[usize; 2]> {
        let (_, shape) = self.bytes.iter().find(|(name, _)| *name == column.name)?;
        Some(*shape)
    }
}

/// Where batches go. Dropped without being closed, it has failed, and leaves no file behind.
pub trait Sink: Send {
    /// Writes the rows of a batch.
    fn write(&mut self, batch: Batch) -> Result<(), SinkError>;

    /// The rows of a capture are over; those of the next one begin, if there is one.
    fn end_capture(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Writes what comes after the last row, `account` (keys and JSON texts) with it where the
    /// format has a place for it. The file has the name that `ending` says when [`Written::name`]
    /// gives it: of several outputs, none has a name before all are written.
    fn end(
        self: Box<Self>,
        ending: Ending,
        account: &[(String, String)],
    ) -> Result<Written, SinkError>;

    /// Finishes: the file is whole and has its name.
    fn close(self: Box<Self>, account: &[(String, String)]) -> Result<SinkStats, SinkError> {
        self.end(Ending::Whole, account)?.name()
    }

    /// Finishes what was written so far as `NAME.partial.EXT`.
    fn close_partial(
        self: Box<Self>,
        account: &[(String, String)],
    ) -> Result<SinkStats, SinkError> {
        self.end(Ending::Partial, account)?.name()
    }
}

/// Whether all rows came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// They did.
    Whole,
    /// The run was interrupted: the output says so in its name.
    Partial,
}

/// Opens a sink. Texts are compressed as their names say.
pub fn open(
    format: Format,
    destination: Destination,
    table: &TableInfo,
    settings: &Settings,
) -> Result<Box<dyn Sink>, SinkError> {
    let compression = destination.compression();
    if let (Destination::File(path), true) = (&destination, format.is_binary())
        && compression != Compression::None
    {
        let (format, ending) = (format.name(), compression.ending());
        let reason = format!("{format} is not compressed as a whole; hint: leave .{ending} out");
        return Err(SinkError::Create { path: path.clone(), source: io::Error::other(reason) });
    }
    Ok(match format {
        Format::Parquet => Box::new(parquet::ParquetSink::open(destination, table, settings)?),
        Format::Arrow => Box::new(arrow::ArrowSink::open(destination, table)?),
        Format::Csv => Box::new(csv::CsvSink::open(destination, table)?),
        Format::Json => Box::new(json::JsonSink::open(destination, table, json::Layout::Array)?),
        Format::JsonLines => {
            Box::new(json::JsonSink::open(destination, table, json::Layout::Lines)?)
        }
        Format::Npz => Box::new(npz::NpzSink::open(destination, table, &settings.npz)?),
        Format::Zeek | Format::Eve => Box::new(lines::LinesSink::open(destination)?),
        Format::Ipfix => Box::new(ipfix::IpfixSink::open(destination, table)?),
        Format::Null => Box::new(null::NullSink::open(table)),
        Format::Table => Box::new(table::TableSink::open(destination, table, settings)?),
    })
}

impl Format {
    /// All formats, in the order help texts list them.
    pub const ALL: [Self; 11] = [
        Self::Table,
        Self::Parquet,
        Self::Arrow,
        Self::Csv,
        Self::Json,
        Self::JsonLines,
        Self::Npz,
        Self::Zeek,
        Self::Eve,
        Self::Ipfix,
        Self::Null,
    ];

    /// The name, as [`Format::from_str`] takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Npz => "npz",
            Self::Zeek => "zeek",
            Self::Eve => "eve",
            Self::Ipfix => "ipfix",
            Self::Null => "null",
            Self::Table => "table",
        }
    }

    /// The format that the extension of a file name asks for, that of a compression put aside; `null` and `/dev/null` keep nothing.
    pub fn from_path(path: &Path) -> Option<Self> {
        if path == Path::new("null") || path == Path::new("/dev/null") {
            return Some(Self::Null);
        }
        match Compression::name_within(path).extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "arrow" | "feather" | "ipc" => Some(Self::Arrow),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "npz" => Some(Self::Npz),
            "ipfix" => Some(Self::Ipfix),
            _ => None,
        }
    }

    /// Whether the output is bytes that mean nothing on a terminal.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow | Self::Npz | Self::Ipfix)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("`{name}` is not a format; there are {names}")
        })
    }
}

impl From<PathBuf> for Destination {
    /// A file, or standard output for `-`.
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdout } else { Self::File(path) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Format;

    #[test]
    fn every_format_has_a_name_that_finds_it() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let error = "xlsx".parse::<Format>().unwrap_err();
        assert!(error.contains("`xlsx`") && error.contains("parquet"), "{error}");
    }

    #[test]
    fn extensions_name_formats() {
        let cases = [
            ("flows.parquet", Some(Format::Parquet)),
            ("a/b.c/flows.FEATHER", Some(Format::Arrow)),
            ("flows.arrow", Some(Format::Arrow)),
            ("flows.csv", Some(Format::Csv)),
            ("flows.json", Some(Format::Json)),
            ("flows.ndjson", Some(Format::JsonLines)),
            ("flows.jsonl", Some(Format::JsonLines)),
            ("flows.ipfix", Some(Format::Ipfix)),
            ("flows.csv.gz", Some(Format::Csv)),
            ("flows.JSONL.Zst", Some(Format::JsonLines)),
            ("flows.gz", None),
            ("traces.npz", Some(Format::Npz)),
            ("null", Some(Format::Null)),
            ("/dev/null", Some(Format::Null)),
            ("a/null", None),
            ("flows", None),
            (".csv", None),
        ];
        for (path, format) in cases {
            assert_eq!(Format::from_path(Path::new(path)), format, "{path}");
        }
    }
}
