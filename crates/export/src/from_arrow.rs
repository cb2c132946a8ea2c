//! The way back: tables as Arrow has them to columns and batches, for outputs that take no others.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float64Type, Int8Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
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
    let mut series = Series::with_capacity(data_type, array.len());
    append(&mut series, array, 0..array.len())?;
    Some(series)
}

/// Appends a range of an array to a series of its type.
fn append(series: &mut Series, array: &ArrayRef, range: Range<usize>) -> Option<()> {
    macro_rules! each {
        ($array:expr, $push:ident) => {{
            let array = $array;
            for row in range {
                if array.is_valid(row) {
                    series.$push(array.value(row));
                } else {
                    series.push_null();
                }
            }
        }};
    }
    match array.data_type() {
        Arrow::Int8 => series.extend_optional_i8(numbers::<Int8Type>(array, range)),
        Arrow::UInt8 => series.extend_optional_u8(numbers::<UInt8Type>(array, range)),
        Arrow::UInt16 => series.extend_optional_u16(numbers::<UInt16Type>(array, range)),
        Arrow::Int32 => series.extend_optional_i32(numbers::<Int32Type>(array, range)),
        Arrow::Int64 if array.null_count() == 0 => {
            let values = array.as_primitive::<Int64Type>().values();
            series.extend_i64(values.get(range)?.iter().copied());
        }
        Arrow::Int64 => series.extend_optional_i64(numbers::<Int64Type>(array, range)),
        Arrow::Float64 => series.extend_optional_f64(numbers::<Float64Type>(array, range)),
        Arrow::Timestamp(arrow_schema::TimeUnit::Nanosecond, _) => {
            series.extend_optional_i64(numbers::<TimestampNanosecondType>(array, range));
        }
        Arrow::Boolean => each!(array.as_boolean(), push_bool),
        Arrow::Utf8 => each!(array.as_string::<i32>(), push_text),
        Arrow::Binary => each!(array.as_binary::<i32>(), push_binary),
        Arrow::List(_) => {
            let lists = array.as_list::<i32>();
            for row in range {
                if !lists.is_valid(row) {
                    series.push_null();
                    continue;
                }
                let ends = lists.value_offsets().get(row..row + 2)?;
                let (start, end) = (ends.first()?, ends.last()?);
                let mut whole = None;
                series.push_list(|items| {
                    whole = append(items, lists.values(), *start as usize..*end as usize);
                });
                whole?;
            }
        }
        Arrow::Struct(_) => {
            let structs = array.as_struct();
            for row in range {
                if !structs.is_valid(row) {
                    series.push_null();
                    continue;
                }
                let mut whole = Some(());
                series.push_struct(|fields| {
                    for (field, values) in fields.iter_mut().zip(structs.columns()) {
                        whole = whole.and_then(|()| append(field, values, row..row + 1));
                    }
                });
                whole?;
            }
        }
        _ => return None,
    }
    Some(())
}

fn numbers<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    range: Range<usize>,
) -> impl Iterator<Item = Option<T::Native>> {
    let values = array.as_primitive::<T>();
    range.map(|row| values.is_valid(row).then(|| values.value(row)))
}

type Kept<T> = Mutex<Option<HashSet<&'static T>>>;

static WORDS: Kept<str> = Mutex::new(None);
static TYPES: Kept<DataType> = Mutex::new(None);
static FIELDS: Kept<[Field]> = Mutex::new(None);
