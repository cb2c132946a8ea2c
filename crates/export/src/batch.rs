//! Columns and batches as Arrow has them. No value is copied but booleans, which Arrow packs.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Float64Type, Int8Type, Int32Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type,
};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, ListArray, PrimitiveArray, RecordBatch, StringArray,
    StructArray,
};
use arrow_buffer::{
    ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer,
};
use arrow_schema::{ArrowError, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use flowloom_schema::{Batch, Column, DataType, Series, Validity, Values};

use crate::SinkError;

/// The Arrow schema of columns; what is known of each is in the metadata of its field.
pub fn arrow_schema(columns: &[Column], metadata: &[(String, String)]) -> SchemaRef {
    let fields: Vec<Field> = columns.iter().map(field).collect();
    let metadata: HashMap<_, _> = metadata.iter().cloned().collect();
    Arc::new(Schema::new(fields).with_metadata(metadata))
}

/// A batch as Arrow has it, with a schema made by [`arrow_schema()`] of the same columns.
pub fn record_batch(
    columns: &[Column],
    schema: &SchemaRef,
    batch: Batch,
) -> Result<RecordBatch, SinkError> {
    let wrong = |e: ArrowError| SinkError::Batch { reason: e.to_string() };
    if columns.len() != batch.columns.len() {
        let reason = format!("{} series for {} columns", batch.columns.len(), columns.len());
        return Err(SinkError::Batch { reason });
    }
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.rows));
    let arrays: Result<Vec<_>, _> = schema
        .fields()
        .iter()
        .zip(batch.columns)
        .map(|(field, series)| array(field, series))
        .collect();
    RecordBatch::try_new_with_options(schema.clone(), arrays.map_err(wrong)?, &options)
        .map_err(wrong)
}

fn field(column: &Column) -> Field {
    let metadata = [
        ("doc", &*column.doc),
        ("unit", column.unit.name()),
        ("role", column.role.name()),
        ("family", column.family),
        ("population", column.population),
        ("since", column.since),
    ];
    described(&column.name, column.data_type, column.nullable, metadata)
}

/// A field with what is said of it, but for what is empty.
fn described<const N: usize>(
    name: &str,
    data_type: DataType,
    nullable: bool,
    metadata: [(&str, &str); N],
) -> Field {
    let said = metadata.into_iter().filter(|(_, value)| !value.is_empty());
    Field::new(name, arrow_type(data_type), nullable).with_metadata(
        said.map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<HashMap<_, _>>(),
    )
}

fn arrow_type(data_type: DataType) -> arrow_schema::DataType {
    use arrow_schema::DataType as Arrow;
    match data_type {
        DataType::Bool => Arrow::Boolean,
        DataType::I8 => Arrow::Int8,
        DataType::U8 => Arrow::UInt8,
        DataType::U16 => Arrow::UInt16,
        DataType::I32 => Arrow::Int32,
        DataType::I64 => Arrow::Int64,
        DataType::F64 => Arrow::Float64,
        DataType::Time => Arrow::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        DataType::Text => Arrow::Utf8,
        DataType::Binary => Arrow::Binary,
        DataType::List(item) => Arrow::List(item_field(*item)),
        DataType::Struct(fields) => Arrow::Struct(fields.iter().map(struct_field).collect()),
    }
}

fn struct_field(field: &flowloom_schema::Field) -> Field {
    let said = [("doc", &*field.doc), ("unit", field.unit.name())];
    described(&field.name, field.data_type, field.nullable, said)
}

fn item_field(item: DataType) -> FieldRef {
    Arc::new(Field::new(ITEM, arrow_type(item), false))
}

fn array(field: &Field, series: Series) -> Result<ArrayRef, ArrowError> {
    let nulls = nulls(&series.validity, series.len());
    Ok(match series.values {
        Values::Bool(v) => Arc::new(BooleanArray::new(BooleanBuffer::from(v), nulls)),
        Values::I8(v) => primitive::<Int8Type>(v, nulls),
        Values::U8(v) => primitive::<UInt8Type>(v, nulls),
        Values::U16(v) => primitive::<UInt16Type>(v, nulls),
        Values::I32(v) => primitive::<Int32Type>(v, nulls),
        Values::I64(v) => primitive::<Int64Type>(v, nulls),
        Values::F64(v) => primitive::<Float64Type>(v, nulls),
        Values::Time(v) => {
            let times = PrimitiveArray::<TimestampNanosecondType>::new(v.into(), nulls);
            Arc::new(times.with_timezone("UTC"))
        }
        Values::Text(text) => {
            let bytes = Buffer::from_vec(text.bytes);
            Arc::new(StringArray::try_new(offsets(text.offsets), bytes, nulls)?)
        }
        Values::Binary(binary) => {
            let bytes = Buffer::from_vec(binary.bytes);
            Arc::new(BinaryArray::try_new(offsets(binary.offsets), bytes, nulls)?)
        }
        Values::List(list) => {
            let arrow_schema::DataType::List(item) = field.data_type() else {
                let reason = format!("a list for column {} of {}", field.name(), field.data_type());
                return Err(ArrowError::InvalidArgumentError(reason));
            };
            let items = array(item, *list.items)?;
            Arc::new(ListArray::try_new(item.clone(), offsets(list.offsets), items, nulls)?)
        }
        Values::Struct(structs) => {
            let arrow_schema::DataType::Struct(fields) = field.data_type() else {
                let reason =
                    format!("a struct for column {} of {}", field.name(), field.data_type());
                return Err(ArrowError::InvalidArgumentError(reason));
            };
            let arrays =
                fields.iter().zip(structs.series).map(|(field, series)| array(field, series));
            let arrays = arrays.collect::<Result<_, _>>()?;
            let (fields, len) = (fields.clone(), structs.len);
            Arc::new(StructArray::try_new_with_length(fields, arrays, nulls, len)?)
        }
    })
}

fn primitive<T: ArrowPrimitiveType>(values: Vec<T::Native>, nulls: Option<NullBuffer>) -> ArrayRef
where
    T::Native: ArrowNativeType,
{
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values), nulls))
}

fn offsets(offsets: Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

fn nulls(validity: &Validity, len: usize) -> Option<NullBuffer> {
    let bits = validity.bits()?;
    Some(NullBuffer::new(BooleanBuffer::new(Buffer::from(bits), 0, len)))
}

/// What Arrow calls the items of a list.
const ITEM: &str = "item";
