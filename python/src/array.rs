//! A column of a batch: its buffers for NumPy, without a copy, or its values as Python has them.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int8Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type,
};
use arrow_array::{Array as _, ArrayRef, BooleanArray, ListArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer as ArrowBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, TimeUnit};
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::errors::wrong;

/// Values of a column in a batch.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Array(pub(crate) ArrayRef);

/// Numbers in memory, as NumPy's array interface describes them.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Buffer {
    bytes: ArrowBuffer,
    typestr: &'static str,
    len: usize,
}

#[pymethods]
impl Buffer {
    /// Version 3 of NumPy's array interface: read-only, one dimension. NumPy keeps this object.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("typestr", self.typestr)?;
        interface.set_item("shape", (self.len,))?;
        interface.set_item("data", (self.bytes.as_ptr() as usize, true))?;
        Ok(interface)
    }
}

#[pymethods]
impl Array {
    /// Numbers, some of which may be missing: `values` and `present` are the bytes of a NumPy array
    /// of the type, and of one of booleans.
    #[staticmethod]
    #[pyo3(signature = (data_type, values, present=None))]
    fn numbers(data_type: &str, values: &[u8], present: Option<&[u8]>) -> PyResult<Self> {
        let nulls = present.map(nulls);
        let bytes = ArrowBuffer::from(values);
        macro_rules! primitive {
            ($($name:literal: $type:ty),*) => {
                match data_type {
                    "bool" => {
                        let values = values.iter().map(|value| *value != 0).collect::<BooleanBuffer>();
                        if nulls.as_ref().is_some_and(|nulls| nulls.len() != values.len()) {
                            return Err(PyValueError::new_err("`present` has another length"));
                        }
                        Arc::new(BooleanArray::new(values, nulls)) as ArrayRef
                    }
                    $($name => Arc::new(
                        PrimitiveArray::<$type>::try_new(ScalarBuffer::from(bytes), nulls).map_err(wrong)?,
                    ) as ArrayRef,)*
                    other => return Err(PyTypeError::new_err(format!("no numbers of type {other}"))),
                }
            };
        }
        let array = primitive!(
            "i8": Int8Type, "u8": UInt8Type, "u16": UInt16Type, "i32": Int32Type, "i64": Int64Type,
            "f64": Float64Type, "time": TimestampNanosecondType
        );
        Ok(Self(array))
    }

    /// Texts, some of which may be missing.
    #[staticmethod]
    fn texts(values: Vec<Option<String>>) -> Self {
        Self(Arc::new(StringArray::from(values)))
    }

    /// Lists of the items of another array: list `i` has those from `offsets[i]` to `offsets[i + 1]`.
    #[staticmethod]
    #[pyo3(signature = (items, offsets, present=None))]
    fn lists(items: &Self, offsets: Vec<i32>, present: Option<&[u8]>) -> PyResult<Self> {
        let grows =
            offsets.first() == Some(&0) && offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        if !grows {
            return Err(PyValueError::new_err("offsets begin with 0 and never fall"));
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let field = Arc::new(Field::new("item", items.0.data_type().clone(), false));
        let lists = ListArray::try_new(field, offsets, Arc::clone(&items.0), present.map(nulls));
        Ok(Self(Arc::new(lists.map_err(wrong)?)))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    #[getter]
    fn data_type(&self) -> String {
        type_name(self.0.data_type())
    }

    /// Which values are there, as booleans; none if all are.
    fn present(&self) -> Option<Buffer> {
        let nulls = self.0.nulls().filter(|nulls| nulls.null_count() > 0)?;
        Some(booleans(nulls.inner()))
    }

    /// The numbers, those that are missing as 0; of bytes, those of all values.
    fn values(&self) -> PyResult<Buffer> {
        let array = &self.0;
        Ok(match array.data_type() {
            DataType::Boolean => booleans(array.as_boolean().values()),
            DataType::Int8 => numbers(array.as_primitive::<Int8Type>(), "|i1"),
            DataType::UInt8 => numbers(array.as_primitive::<UInt8Type>(), "|u1"),
            DataType::UInt16 => numbers(array.as_primitive::<UInt16Type>(), "<u2"),
            DataType::Int32 => numbers(array.as_primitive::<Int32Type>(), "<i4"),
            DataType::Int64 => numbers(array.as_primitive::<Int64Type>(), "<i8"),
            DataType::Float64 => numbers(array.as_primitive::<Float64Type>(), "<f8"),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                numbers(array.as_primitive::<TimestampNanosecondType>(), "<i8")
            }
            DataType::Binary => {
                let bytes = array.as_binary::<i32>().values();
                Buffer { bytes: bytes.clone(), typestr: "|u1", len: bytes.len() }
            }
            other => {
                let text = format!("values of type {} are no numbers", type_name(other));
                return Err(PyTypeError::new_err(text));
            }
        })
    }

    /// Where each list begins among the items, or each value among the bytes, and where the last one
    /// ends.
    fn offsets(&self) -> PyResult<Buffer> {
        let offsets = match self.0.as_binary_opt::<i32>() {
            Some(binary) => binary.offsets(),
            None => self.lists_or_raise()?.offsets(),
        };
        let (bytes, len) = (offsets.inner().inner().clone(), offsets.len());
        Ok(Buffer { bytes, typestr: "<i4", len })
    }

    /// The items of all lists.
    fn items(&self) -> PyResult<Self> {
        Ok(Self(Arc::clone(self.lists_or_raise()?.values())))
    }

    /// All values as Python has them: `None` where one is missing, lists, and dictionaries for
    /// structs; times are nanoseconds.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let items = (0..self.0.len()).map(|row| value(py, &self.0, row));
        PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)
    }

    /// One value as Python has it.
    fn item<'py>(&self, py: Python<'py>, row: usize) -> PyResult<Bound<'py, PyAny>> {
        if row >= self.0.len() {
            return Err(PyIndexError::new_err("a row beyond the end of the column"));
        }
        value(py, &self.0, row)
    }

    /// What the Arrow PyCapsule interface has of an array.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        drop(requested_schema);
        let (array, schema) = arrow_array::ffi::to_ffi(&self.0.to_data()).map_err(wrong)?;
        let schema = pyo3::types::PyCapsule::new_with_value(py, schema, c"arrow_schema")?;
        let array = pyo3::types::PyCapsule::new_with_value(py, array, c"arrow_array")?;
        PyTuple::new(py, [schema, array])
    }
}

impl Array {
    fn lists_or_raise(&self) -> PyResult<&ListArray> {
        self.0.as_list_opt::<i32>().ok_or_else(|| PyTypeError::new_err("these are no lists"))
    }
}

/// The short name of a type, as the catalogue of columns has it.
pub(crate) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "bool".into(),
        DataType::Int8 => "i8".into(),
        DataType::UInt8 => "u8".into(),
        DataType::UInt16 => "u16".into(),
        DataType::Int32 => "i32".into(),
        DataType::Int64 => "i64".into(),
        DataType::Float64 => "f64".into(),
        DataType::Timestamp(..) => "time".into(),
        DataType::Utf8 => "text".into(),
        DataType::Binary => "binary".into(),
        DataType::List(item) => format!("list<{}>", type_name(item.data_type())),
        DataType::Struct(fields) => {
            let named =
                |field: &Arc<Field>| format!("{}: {}", field.name(), type_name(field.data_type()));
            format!("struct<{}>", fields.iter().map(named).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn value<'py>(py: Python<'py>, array: &ArrayRef, row: usize) -> PyResult<Bound<'py, PyAny>> {
    if array.is_null(row) {
        return Ok(py.None().into_bound(py));
    }
    macro_rules! number {
        ($type:ty) => {
            array.as_primitive::<$type>().value(row).into_pyobject(py)?.into_any()
        };
    }
    Ok(match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into_pyobject(py)?.to_owned().into_any(),
        DataType::Int8 => number!(Int8Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => number!(TimestampNanosecondType),
        DataType::Utf8 => array.as_string::<i32>().value(row).into_pyobject(py)?.into_any(),
        DataType::Binary => PyBytes::new(py, array.as_binary::<i32>().value(row)).into_any(),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let items = (0..items.len()).map(|item| value(py, &items, item));
            PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        DataType::Struct(fields) => {
            let dictionary = PyDict::new(py);
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                dictionary.set_item(field.name(), value(py, column, row)?)?;
            }
            dictionary.into_any()
        }
        other => return Err(PyTypeError::new_err(format!("no values of type {other}"))),
    })
}

fn numbers<T: arrow_array::ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    typestr: &'static str,
) -> Buffer {
    Buffer { bytes: array.values().inner().clone(), typestr, len: array.len() }
}

/// Bits as bytes, which is how NumPy has booleans.
fn booleans(bits: &BooleanBuffer) -> Buffer {
    let bytes = bits.iter().map(u8::from).collect::<Vec<_>>();
    Buffer { len: bytes.len(), bytes: ArrowBuffer::from(bytes), typestr: "|b1" }
}

fn nulls(present: &[u8]) -> NullBuffer {
    NullBuffer::new(present.iter().map(|byte| *byte != 0).collect::<BooleanBuffer>())
}
