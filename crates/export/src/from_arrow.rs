//! The way back: tables as Arrow has them to columns and batches, for outputs that take no others.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int8Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type,
};
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_schema::{DataType as Arrow, Field as ArrowField, Schema};
use flowloom_schema::{Batch, Column, DataType, Field, Role, Series, Unit};

use crate::SinkError;

/// The columns of a table of which no more is known than its schema says.
pub fn columns_of(schema: &Schema) -> Result<Vec<Column>, SinkError> {
    schema.fields().iter().map(|field| column(field).ok_or_else(|| foreign(field))).collect()
}

/// The rows of a table with the columns of [`columns_of`]. Values are copied.
pub fn batch_of(rows: &RecordBatch) -> Result<Batch, SinkError> {
    let schema = rows.schema();
    let read =
        |(field, array): (&Arc<ArrowField>, &ArrayRef)| series(array).ok_or_else(|| foreign(field));
    let columns = schema.fields().iter().zip(rows.columns()).map(read).collect::<Result<_, _>>()?;
    Ok(Batch { columns, rows: rows.num_rows() })
}

fn foreign(field: &ArrowField) -> SinkError {
    let reason = format!("column {} is of type {}", field.name(), field.data_type());
    SinkError::Batch { reason }
}

fn column(field: &ArrowField) -> Option<Column> {
    let said = |key: &str| field.metadata().get(key).map_or("", String::as_str);
    Some(Column {
        name: field.name().clone().into(),
        doc: said("doc").to_owned().into(),
        data_type: data_type(field.data_type())?,
        nullable: field.is_nullable(),
        unit: Unit::named(said("unit")),
        role: Role::named(said("role")).unwrap_or(Role::Feature),
        family: kept(&WORDS, said("family").into()),
        population: kept(&WORDS, said("population").into()),
        since: kept(&WORDS, said("since").into()),
    })
}

/// Our name for a type.
fn data_type(arrow: &Arrow) -> Option<DataType> {
    Some(match arrow {
        Arrow::List(item) => DataType::List(kept(&TYPES, Box::new(data_type(item.data_type())?))),
        Arrow::Struct(fields) => {
            let fields = fields.iter().map(|field| struct_field(field));
            DataType::Struct(kept(&FIELDS, fields.collect::<Option<_>>()?))
        }
        Arrow::Boolean => DataType::Bool,
        Arrow::Int8 => DataType::I8,
        Arrow::UInt8 => DataType::U8,
        Arrow::UInt16 => DataType::U16,
        Arrow::Int32 => DataType::I32,
        Arrow::Int64 => DataType::I64,
        Arrow::Float64 => DataType::F64,
        Arrow::Timestamp(arrow_schema::TimeUnit::Nanosecond, _) => DataType::Time,
        Arrow::Utf8 => DataType::Text,
        Arrow::Binary => DataType::Binary,
        _ => return None,
    })
}

fn struct_field(field: &ArrowField) -> Option<Field> {
    let said = |key: &str| field.metadata().get(key).map_or("", String::as_str);
    Some(Field {
        name: field.name().clone().into(),
        doc: said("doc").to_owned().into(),
        data_type: data_type(field.data_type())?,
        nullable: field.is_nullable(),
        unit: Unit::named(said("unit")),
    })
}

/// Types and words of columns are declared, so they live as long as the program: those of tables from
/// elsewhere are few, and each is kept once.
fn kept<T: Eq + Hash + ?Sized>(all: &Kept<T>, one: Box<T>) -> &'static T {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    if let Some(known) = all.get(&*one) {
        return known;
    }
    let new: &'static T = Box::leak(one);
    all.insert(new);
    new
}

/// The values of an array, if they are of a type that columns have.
pub(crate) fn series(array: &ArrayRef) -> Option<Series> {
    let data_type = data_type(array.data_type())?;
    let mut series = Series::with_capacity(data_type, array.len(), 0);
    append(&mut series, array, 0..array.len());
    Some(series)
}

/// Appends some rows of an array to a series of its type.
pub(crate) fn append(series: &mut Series, array: &dyn Array, rows: Range<usize>) {
    macro_rules! each {
        ($array:expr, $push:path) => {{
            let array = $array;
            for row in rows {
                if array.is_valid(row) {
                    $push(&mut *series, array.value(row));
                } else {
                    series.push_null();
                }
            }
        }};
    }
    macro_rules! numbers {
        ($type:ty, $extend:ident, $push:path) => {{
            let array = array.as_primitive::<$type>();
            if array.null_count() == 0 {
                series.$extend(array.values()[rows].iter().copied());
            } else {
                each!(array, $push);
            }
        }};
    }
    match array.data_type() {
        Arrow::Int8 => numbers!(Int8Type, extend_i8, Series::push_i8),
        Arrow::UInt8 => numbers!(UInt8Type, extend_u8, Series::push_u8),
        Arrow::UInt16 => numbers!(UInt16Type, extend_u16, Series::push_u16),
        Arrow::Int32 => numbers!(Int32Type, extend_i32, Series::push_i32),
        Arrow::Int64 => numbers!(Int64Type, extend_i64, Series::push_i64),
        Arrow::Float64 => numbers!(Float64Type, extend_f64, Series::push_f64),
        Arrow::Timestamp(..) => {
            numbers!(TimestampNanosecondType, extend_i64, Series::push_i64);
        }
        Arrow::Boolean => each!(array.as_boolean(), Series::push_bool),
        Arrow::Utf8 => each!(array.as_string::<i32>(), Series::push_text),
        Arrow::Binary => each!(array.as_binary::<i32>(), Series::push_binary),
        Arrow::Struct(_) => append_structs(series, array.as_struct(), rows),
        // There are no others: see `data_type`.
        _ => append_lists(series, array.as_list(), rows),
    }
}

fn append_structs(series: &mut Series, structs: &StructArray, rows: Range<usize>) {
    for row in rows {
        if structs.is_null(row) {
            series.push_null();
            continue;
        }
        series.push_struct(|fields| {
            for (field, values) in fields.iter_mut().zip(structs.columns()) {
                append(field, values, row..row + 1);
            }
        });
    }
}

fn append_lists(series: &mut Series, lists: &ListArray, rows: Range<usize>) {
    for row in rows {
        if lists.is_null(row) {
            series.push_null();
            continue;
        }
        let items = between(lists.value_offsets(), row..row + 1);
        series.push_list(|series| append(series, lists.values(), items));
    }
}

/// How many bytes some rows of an array are, at [`WORD_BYTES`] for what has one length.
pub(crate) fn bytes(array: &dyn Array, rows: Range<usize>) -> usize {
    let words = WORD_BYTES * rows.len();
    words
        + match array.data_type() {
            Arrow::Utf8 => between(array.as_string::<i32>().value_offsets(), rows).len(),
            Arrow::Binary => between(array.as_binary::<i32>().value_offsets(), rows).len(),
            Arrow::Struct(_) => {
                let fields = array.as_struct().columns().iter();
                fields.map(|values| bytes(values, rows.clone())).sum()
            }
            Arrow::List(_) => {
                let lists = array.as_list::<i32>();
                bytes(lists.values(), between(lists.value_offsets(), rows))
            }
            _ => 0,
        }
}

/// Whether each value of an array has one length.
pub(crate) fn is_fixed(array: &dyn Array) -> bool {
    array.data_type().is_primitive() || *array.data_type() == Arrow::Boolean
}

/// Where the items of rows are.
fn between(offsets: &[i32], rows: Range<usize>) -> Range<usize> {
    offsets[rows.start] as usize..offsets[rows.end] as usize
}

/// What a value of one length is taken to need, and what else a row of a text or a list does.
pub(crate) const WORD_BYTES: usize = 8;

type Kept<T> = Mutex<Option<HashSet<&'static T>>>;

static WORDS: Kept<str> = Mutex::new(None);
static TYPES: Kept<DataType> = Mutex::new(None);
static FIELDS: Kept<[Field]> = Mutex::new(None);
