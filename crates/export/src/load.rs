//! Whole tables back in memory, as they were before they were written.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use arrow_schema::{ArrowError, Schema, SchemaRef};

use crate::columns_of;
use crate::read::{Kind, TableError, kind_of, table_texts};

/// A table that was read.
#[derive(Debug)]
pub struct Loaded {
    /// Its columns, and what else was said of it when its rows were still to come: the settings.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
    /// What was said of it at its end: keys and texts.
    pub ending: Vec<(String, String)>,
}

/// Reads a Parquet or Arrow IPC file with columns of the types that outputs write; `is_ending` knows the keys of
/// what was said at its end.
pub fn load_table(path: &Path, is_ending: fn(&str) -> bool) -> Result<Loaded, TableError> {
    let failed = |reason: String| TableError::new(path, reason);
    let (ending, settings): (Vec<_>, Vec<_>) =
        table_texts(path)?.into_iter().partition(|(key, _)| is_ending(key));
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let read = match kind_of(path)? {
        Kind::Arrow => arrow(file),
        Kind::Parquet => parquet(file),
    };
    let (fields, batches) = read.map_err(|error| failed(error.to_string()))?;
    columns_of(&fields).map_err(|why| {
        failed(format!("it is not one of flowloom: {why}; hint: FlowTable.from_arrow takes what another library reads"))
    })?;
    let settings = settings.into_iter().filter(|(key, _)| key != ARROW_SCHEMA);
    let schema =
        Schema::new(fields.fields().clone()).with_metadata(settings.collect::<HashMap<_, _>>());
    let schema = Arc::new(schema);
    let batches = batches
        .into_iter()
        .map(|batch| RecordBatch::try_new(schema.clone(), batch.columns().to_vec()));
    let batches = batches.collect::<Result<_, _>>().map_err(|error| failed(error.to_string()))?;
    Ok(Loaded { schema, batches, ending })
}

type Read = Result<(SchemaRef, Vec<RecordBatch>), ArrowError>;

fn arrow(file: File) -> Read {
    let reader = FileReader::try_new(BufReader::new(file), None)?;
    let schema = reader.schema();
    Ok((schema, reader.collect::<Result<_, _>>()?))
}

fn parquet(file: File) -> Read {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(BATCH_ROWS);
    let schema = builder.schema().clone();
    Ok((schema, builder.build()?.collect::<Result<_, _>>()?))
}

/// Where Parquet files of Arrow's tables have their schema.
const ARROW_SCHEMA: &str = "ARROW:schema";
/// Rows of a batch at most: few enough for the offsets of their lists.
const BATCH_ROWS: usize = 16_384;
