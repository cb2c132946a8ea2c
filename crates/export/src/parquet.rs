//! Parquet files.
//!
//! The settings and, when the file is closed, the account are key-value metadata of the file. The
//! Arrow schema is kept in it too, so that readers that know Arrow see what is known of each column,
//! and the settings once more: pyarrow's `schema.metadata` are those of the schema, its
//! `read_metadata(path).metadata` those of the file.

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, Encoding, ZstdLevel};
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use ::parquet::schema::types::ColumnPath;
use arrow_schema::SchemaRef;
use flowloom_schema::{Batch, Column, DataType};

use crate::output::Output;
use crate::{
    Destination, Ending, Settings, Sink, SinkError, TableInfo, Written, arrow_schema, record_batch,
};

/// What can be chosen about Parquet files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parquet {
    /// How pages are compressed.
    pub codec: Codec,
    /// Rows in a row group, at most.
    pub group_rows_max: usize,
    /// Bytes in a row group, encoded, at most: this much is kept in memory until it is written.
    pub group_bytes_max: usize,
}

/// How pages of Parquet files are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    None,
    /// Snappy: quick, and larger than Zstandard.
    Snappy,
    /// Zstandard of a level, 1 to 22.
    Zstd(i32),
}

impl Default for Parquet {
    /// As other writers have it. Zstandard makes files a fifth smaller, in a third more time: each
    /// of hundreds of columns has a compressor of its own then, of some hundred kilobytes.
    fn default() -> Self {
        Self { codec: Codec::Snappy, group_rows_max: 1 << 20, group_bytes_max: 16 << 20 }
    }
}

pub(crate) struct ParquetSink {
    columns: Vec<Column>,
    schema: SchemaRef,
    writer: ArrowWriter<Output>,
    destination: Destination,
    rows: u64,
}

impl ParquetSink {
    pub(crate) fn open(
        destination: Destination,
        table: &TableInfo,
        settings: &Settings,
    ) -> Result<Self, SinkError> {
        let schema = arrow_schema(&table.columns, &table.metadata);
        let properties = properties(table, &settings.parquet)?;
        let output = Output::create(destination.clone())?;
        let writer = ArrowWriter::try_new(output, schema.clone(), Some(properties))
            .map_err(|e| SinkError::encode(&destination, e.into()))?;
        Ok(Self { columns: table.columns.clone(), schema, writer, destination, rows: 0 })
    }
}

impl Sink for ParquetSink {
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
            self.writer.append_key_value_metadata(KeyValue::new(key.clone(), value.clone()));
        }
        let failed =
            |e: ::parquet::errors::ParquetError| SinkError::encode(&self.destination, e.into());
        self.writer.into_inner().map_err(failed)?.end(self.rows, ending)
    }
}

fn properties(table: &TableInfo, parquet: &Parquet) -> Result<WriterProperties, SinkError> {
    let compression = match parquet.codec {
        Codec::None => Compression::UNCOMPRESSED,
        Codec::Snappy => Compression::SNAPPY,
        Codec::Zstd(level) => Compression::ZSTD(
            ZstdLevel::try_new(level).map_err(|e| SinkError::Batch { reason: e.to_string() })?,
        ),
    };
    let metadata = table.metadata.iter();
    let metadata = metadata.map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("flowloom ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(compression)
        .set_max_row_group_row_count(Some(parquet.group_rows_max.max(1)))
        .set_max_row_group_bytes(Some(parquet.group_bytes_max.max(1)))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        // Row groups have few pages: to know the extent of each would tell little more.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(metadata))
        // The items of lists are named as the format's specification has them.
        .set_coerce_types(true);
    for column in &table.columns {
        properties = encoded(properties, vec![column.name.to_string()], column.data_type);
    }
    Ok(properties.build())
}

/// How the values of a column become bytes. Measured with `cargo bench -p flowloom-export`, where it
/// takes a quarter off the time of what the writer does by itself, and makes files no larger.
///
/// Looking for values that repeat is what costs most: it is for texts, and for numbers that have few
/// values. Other integers are differences, of as many bits as they need. Nobody searches for a row by
/// an item of a sequence: there are no statistics of those.
fn encoded(
    properties: WriterPropertiesBuilder,
    mut path: Vec<String>,
    data_type: DataType,
) -> WriterPropertiesBuilder {
    match data_type {
        DataType::List(item) => {
            path.extend(["list".to_owned(), "element".to_owned()]);
            items_encoded(properties, path, *item)
        }
        DataType::Struct(fields) => fields.iter().fold(properties, |properties, field| {
            let path = [&path[..], &[field.name.to_string()]].concat();
            encoded(properties, path, field.data_type)
        }),
        DataType::I64 | DataType::Time => differences(properties, ColumnPath::new(path)),
        DataType::F64 => properties.set_column_dictionary_enabled(ColumnPath::new(path), false),
        _ => properties,
    }
}

fn items_encoded(
    properties: WriterPropertiesBuilder,
    path: Vec<String>,
    item: DataType,
) -> WriterPropertiesBuilder {
    if matches!(item, DataType::List(_) | DataType::Struct(_)) {
        return encoded(properties, path, item);
    }
    let at = ColumnPath::new(path.clone());
    let properties = properties.set_column_statistics_enabled(at.clone(), EnabledStatistics::None);
    match item {
        DataType::I32 => differences(properties, at),
        item => encoded(properties, path, item),
    }
}

fn differences(properties: WriterPropertiesBuilder, path: ColumnPath) -> WriterPropertiesBuilder {
    properties
        .set_column_dictionary_enabled(path.clone(), false)
        .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
}

/// Bytes of distinct values of a column chunk, at most, before it is written without a dictionary:
/// values that never repeat should show it soon.
const DICTIONARY_BYTES_MAX: usize = 128 << 10;
