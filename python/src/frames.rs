//! Frames read again, and their layers.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use flowloom_engine::{FieldValue, FrameFile, Input, StoredFrame, dissected, stored_frames};
use flowloom_schema::{LinkType, Timestamp};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

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

/// The layers of a frame; of fields that come again in a layer, the first.
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
            if fields.contains(name)? {
                continue;
            }
            match value {
                FieldValue::Int(number) => fields.set_item(name, number)?,
                FieldValue::Bool(flag) => fields.set_item(name, flag)?,
                FieldValue::Bytes(bytes) => fields.set_item(name, PyBytes::new(py, &bytes))?,
                FieldValue::Text(text) => fields.set_item(name, text)?,
            }
        }
        Ok((layer.name, layer.start, layer.len, fields))
    });
    layers.collect()
}

fn given<'py>(py: Python<'py>, frame: &StoredFrame) -> Stored<'py> {
    (PyBytes::new(py, &frame.bytes), frame.link.0, frame.time.0, frame.original)
}
