//! Tables read back: Parquet files to batches, of the columns that are asked for; and what was said
//! of a whole table in its file.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use arrow_array::Array;
use arrow_ipc::reader::FileReader;
use flowloom_schema::Batch;

use crate::from_arrow::series;

/// What was written with a table in a Parquet or Arrow IPC file: keys and texts.
pub fn table_texts(path: &Path) -> Result<Vec<(String, String)>, TableError> {
    let failed = |reason: String| TableError::new(path, reason);
    if kind_of(path)? == Kind::Parquet {
        let table = TableFile::open(path)?;
        let texts = table.metadata.metadata().file_metadata().key_value_metadata();
        let texts = texts.into_iter().flatten();
        return Ok(texts
            .filter_map(|text| Some((text.key.clone(), text.value.clone()?)))
            .collect());
    }
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let reader =
        FileReader::try_new(BufReader::new(file), None).map_err(|e| failed(e.to_string()))?;
    let schema = reader.schema();
    let texts = schema.metadata().iter().chain(reader.custom_metadata());
    Ok(texts.map(|(key, text)| (key.clone(), text.clone())).collect())
}

/// A form of tables that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Parquet,
    Arrow,
}

/// The form of the table in a file, by what it begins with.
pub(crate) fn kind_of(path: &Path) -> Result<Kind, TableError> {
    let failed = |error: io::Error| TableError::new(path, error.to_string());
    let mut begin = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(ARROW_MAGIC.len() as u64).read_to_end(&mut begin).map_err(failed)?;
    match begin {
        begin if begin == ARROW_MAGIC => Ok(Kind::Arrow),
        begin if begin.starts_with(PARQUET_MAGIC) => Ok(Kind::Parquet),
        _ => Err(TableError::new(path, "it is neither a Parquet nor an Arrow file".into())),
    }
}

/// A Parquet file of a table.
pub struct TableFile {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
}

/// Batches of some columns of a table.
pub struct Rows {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    /// Where in the file's batches the columns are, in the order they were asked for.
    order: Vec<usize>,
}

/// Why a table cannot be read.
#[derive(Debug)]
pub struct TableError {
    path: PathBuf,
    reason: String,
}

impl TableError {
    pub(crate) fn new(path: &Path, reason: String) -> Self {
        Self { path: path.to_owned(), reason }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read the table {}: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for TableError {}

impl TableFile {
    /// Opens a Parquet file.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        let failed = |reason: String| TableError { path: path.to_owned(), reason };
        let mut file = File::open(path).map_err(|error| failed(error.to_string()))?;
        let mut magic = [0; PARQUET_MAGIC.len()];
        let read = file.read(&mut magic).map_err(|error| failed(error.to_string()))?;
        if magic.get(..read) != Some(PARQUET_MAGIC) {
            return Err(failed("it is no Parquet file".into()));
        }
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { path: path.to_owned(), file, metadata })
    }

    /// A text that was written with the table.
    pub fn text(&self, key: &str) -> Option<&str> {
        let texts = self.metadata.metadata().file_metadata().key_value_metadata()?;
        texts.iter().find(|text| text.key == key)?.value.as_deref()
    }

    /// Whether there is a column of that name.
    pub fn has(&self, column: &str) -> bool {
        self.metadata.schema().column_with_name(column).is_some()
    }

    /// The rows, or those in some ranges that come one after the other, of some columns.
    pub fn rows(
        &self,
        columns: &[String],
        ranges: Option<&[Range<usize>]>,
    ) -> Result<Rows, TableError> {
        let mut roots = Vec::new();
        for name in columns {
            let found = self.metadata.schema().column_with_name(name);
            let (at, _) = found.ok_or_else(|| self.failed(format!("it has no column `{name}`")))?;
            roots.push(at);
        }
        let file =
            self.file.try_clone().map_err(|error: io::Error| self.failed(error.to_string()))?;
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), roots.iter().copied());
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_projection(mask)
                .with_batch_size(BATCH_ROWS);
        if let Some(ranges) = ranges {
            builder = builder.with_row_selection(selection(ranges));
        }
        let reader = builder.build().map_err(|error| self.failed(error.to_string()))?;
        let mut sorted = roots.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let order = roots.iter().filter_map(|root| sorted.binary_search(root).ok()).collect();
        Ok(Rows { path: self.path.clone(), reader, order })
    }

    fn failed(&self, reason: String) -> TableError {
        TableError { path: self.path.clone(), reason }
    }
}

impl Iterator for Rows {
    type Item = Result<Batch, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let failed = |reason| TableError { path: self.path.clone(), reason };
        let batch = match self.reader.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(failed(error.to_string()))),
        };
        let read = |at: &usize| {
            let array = batch.column(*at);
            let kind = array.data_type();
            series(array).ok_or_else(|| failed(format!("it has a column of type {kind}")))
        };
        let columns = self.order.iter().map(read).collect::<Result<Vec<_>, _>>();
        Some(columns.map(|columns| Batch { columns, rows: batch.num_rows() }))
    }
}

fn selection(ranges: &[Range<usize>]) -> RowSelection {
    let mut selectors = Vec::new();
    let mut at = 0;
    for range in ranges {
        selectors.push(RowSelector::skip(range.start.saturating_sub(at)));
        selectors.push(RowSelector::select(range.len()));
        at = range.end;
    }
    RowSelection::from(selectors)
}

/// What Arrow IPC files begin with.
const ARROW_MAGIC: &[u8] = b"ARROW1";
/// What Parquet files begin with.
const PARQUET_MAGIC: &[u8] = b"PAR1";
/// Rows of a batch at most.
const BATCH_ROWS: usize = 4_096;

#[cfg(test)]
mod tests {
    use flowloom_schema::{Batch, Column, DataType, Role, Series, Unit, Values};

    use super::TableFile;
    use crate::{Destination, Format, Settings, TableInfo, open};

    fn column(name: &'static str, data_type: DataType) -> Column {
        Column {
            name: name.into(),
            doc: "A column.".into(),
            data_type,
            nullable: true,
            unit: Unit::None,
            role: Role::Identity,
            family: "test",
            population: "",
            since: "0.1",
        }
    }

    fn table() -> (Vec<Column>, Batch) {
        let columns = vec![
            column("id", DataType::I64),
            column("name", DataType::Text),
            column("frames", DataType::List(&DataType::I64)),
            column("texts", DataType::List(&DataType::Text)),
            column("start", DataType::Time),
            column("ratio", DataType::F64),
            column("flag", DataType::Bool),
            column("protocol", DataType::U8),
            column("port", DataType::I32),
        ];
        let mut series =
            columns.iter().map(|column| Series::new(column.data_type)).collect::<Vec<_>>();
        for row in 0..10_000_i64 {
            for series in &mut series {
                if row % 7 == 3 {
                    series.push_null();
                    continue;
                }
                match &series.values {
                    Values::Text(_) => series.push_text(&format!("name {row}")),
                    Values::List(list) if matches!(list.items.values, Values::I64(_)) => {
                        series.push_list(|items| items.extend_i64(row..row + row % 5));
                    }
                    Values::List(_) => series.push_list(|items| {
                        (0..row % 3).for_each(|i| items.push_text(&format!("{row} {i}")));
                    }),
                    Values::F64(_) => series.push_f64(row as f64 / 3.0),
                    Values::Bool(_) => series.push_bool(row % 2 == 0),
                    Values::U8(_) => series.push_u8(row as u8),
                    Values::I32(_) => series.push_i32(row as i32),
                    _ => series.push_i64(row * 1_000_003),
                }
            }
        }
        (columns, Batch { columns: series, rows: 10_000 })
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table.parquet");
        let (columns, batch) = table();
        let names = columns.iter().map(|column| column.name.to_string()).collect::<Vec<_>>();
        let info = TableInfo { name: "rows".into(), columns, metadata: Vec::new() };
        let to = Destination::File(path.clone());
        let mut sink = open(Format::Parquet, to, &info, &Settings::default()).unwrap();
        sink.write(batch.clone()).unwrap();
        sink.close(&[("key".into(), "text".into())]).unwrap();

        let table = TableFile::open(&path).unwrap();
        assert_eq!((table.text("key"), table.text("other")), (Some("text"), None));
        assert!(table.has("port") && !table.has("sport"));
        let mut whole = Batch::default();
        table.rows(&names, None).unwrap().for_each(|read| whole.append(read.unwrap()));
        assert_eq!(whole.rows, batch.rows);
        assert_eq!(whole.columns, batch.columns);
        // Other columns first, and only some rows.
        let some = [String::from("port"), String::from("id")];
        let ranges = [5..6, 4_095..4_097, 9_998..9_999];
        let mut rows = Batch::default();
        table.rows(&some, Some(&ranges)).unwrap().for_each(|read| rows.append(read.unwrap()));
        assert_eq!(rows.rows, 4);
        let Values::I32(ports) = &rows.columns[0].values else { panic!("ports") };
        assert_eq!(ports, &[5, 4_095, 4_096, 9_998]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table.parquet");
        assert!(TableFile::open(&path).is_err());
        for bytes in [&b""[..], b"PAR1", b"PAR1\0\0\0\0PAR1", &[0xff; 100]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(TableFile::open(&path).is_err());
        }
    }
}
