//! Frames read again, and their layers.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use flowloom_engine::{FieldValue, FrameFile, Input, StoredFrame, dissected, stored_frames};
use flowloom_schema::{LinkType, Timestamp};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::errors;

/// Bytes of a frame, its link type, time in nanoseconds, and bytes it had on the wire.
type Stored<'py> = (Bound<'py, PyBytes>, u16, i64, u32);

/// A layer: its name, where it begins, how long it is, its fields.
type Layer<'py> = (&'static str, u32, u32, Bound<'py, PyDict>);

/// A plain capture whose frames are read by where their records begin.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Frames {
    path: PathBuf,
    file: Mutex<FrameFile>,
}

#[pymethods]
impl Frames {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let opened = py.detach(|| FrameFile::open(&path));
        let file = opened.map_err(|error| errors::read(py, &path, &error))?;
        Ok(Self { file: Mutex::new(file), path })
    }

    /// The frames whose records begin at these offsets.
    #[expect(clippy::needless_pass_by_value, reason = "Python's list becomes ours")]
    fn read<'py>(&self, py: Python<'py>, offsets: Vec<u64>) -> PyResult<Vec<Stored<'py>>> {
        let read = py.detach(|| {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            offsets.iter().map(|offset| file.frame(*offset)).collect::<Result<Vec<_>, _>>()
        });
        let frames = read.map_err(|error| errors::read(py, &self.path, &error))?;
        Ok(frames.into_iter().map(|frame| given(py, &frame)).collect())
    }
}

/// The frames of these numbers, which rise, of a capture of any kind.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's list becomes ours")]
pub(crate) fn read_frames(
    py: Python<'_>,
    path: PathBuf,
    numbers: Vec<u64>,
) -> PyResult<Vec<Stored<'_>>> {
    let read = py.detach(|| stored_frames(&Input::File(path.clone()), &numbers));
    let frames = read.map_err(|error| errors::read(py, &path, &error))?;
    Ok(frames.into_iter().map(|frame| given(py, &frame)).collect())
}

/// The layers of a frame; fields that come again in a layer have lists.
#[pyfunction]
pub(crate) fn dissect<'py>(
    py: Python<'py>,
    bytes: &[u8],
    link: u16,
    original: u32,
) -> PyResult<Vec<Layer<'py>>> {
    let frame =
        StoredFrame { time: Timestamp(0), link: LinkType(link), original, bytes: bytes.to_vec() };
    let layers = dissected(&frame).into_iter().map(|layer| {
        let fields = PyDict::new(py);
        for (name, value) in layer.fields {
            let value = match value {
                FieldValue::Int(number) => number.into_bound_py_any(py)?,
                FieldValue::Bool(flag) => flag.into_bound_py_any(py)?,
                FieldValue::Bytes(bytes) => PyBytes::new(py, &bytes).into_any(),
                FieldValue::Text(text) => text.into_bound_py_any(py)?,
            };
            match fields.get_item(name)? {
                None => fields.set_item(name, value)?,
                Some(had) => match had.cast_into::<PyList>() {
                    Ok(list) => list.append(value)?,
                    Err(had) => {
                        fields.set_item(name, PyList::new(py, [had.into_inner(), value])?)?;
                    }
                },
            }
        }
        Ok((layer.name, layer.start, layer.len, fields))
    });
    layers.collect()
}

fn given<'py>(py: Python<'py>, frame: &StoredFrame) -> Stored<'py> {
    (PyBytes::new(py, &frame.bytes), frame.link.0, frame.time.0, frame.original)
}
