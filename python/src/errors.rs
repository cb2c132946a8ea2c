//! Errors of the engine as the exceptions of `flowloom.errors`.

use std::path::Path;

use arrow_schema::ArrowError;
use flowloom_engine::{
    CaptureAccount, ConfigError, ParseError, ReadError, RunError, SinkError, SplitError,
};
use pyo3::BoundObject;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// A setting that cannot be, as `ConfigError`.
pub(crate) fn config(py: Python<'_>, error: &ConfigError) -> PyErr {
    raised(py, "ConfigError", (in_python(&error.to_string()),))
}

/// A filter that is none, as `FilterError`.
pub(crate) fn filter(py: Python<'_>, expression: &str, error: &ParseError) -> PyErr {
    // Python counts characters.
    let before = expression.get(..error.offset()).unwrap_or(expression);
    raised(py, "FilterError", (error.to_string(), expression, before.chars().count()))
}

/// A run that gave nothing.
pub(crate) fn run(py: Python<'_>, error: &RunError) -> PyErr {
    match error {
        RunError::Config(error) => config(py, error),
        RunError::Sink(error) => sink(py, error),
    }
}

/// A capture that was not split.
pub(crate) fn split(py: Python<'_>, error: &SplitError) -> PyErr {
    match error {
        SplitError::Config(error) => config(py, error),
        SplitError::Sink(error) => sink(py, error),
        SplitError::Original { capture, frame, .. } => {
            raised(py, "CaptureError", (error.to_string(), capture, Some(*frame), None::<u64>))
        }
    }
}

/// An output that cannot be written, as `OutputError`.
pub(crate) fn sink(py: Python<'_>, error: &SinkError) -> PyErr {
    raised(py, "OutputError", (in_python(&error.to_string()),))
}

/// A capture that could not be read again, as `CaptureError`.
pub(crate) fn read(py: Python<'_>, path: &Path, error: &ReadError) -> PyErr {
    raised(py, "CaptureError", (error.to_string(), path))
}

/// A capture that could not be read, or not to its end, as `CaptureError`.
pub(crate) fn capture(py: Python<'_>, account: &CaptureAccount) -> PyErr {
    let reason = account.error.as_deref().or(account.damage.as_deref()).unwrap_or_default();
    let (frame, offset) = account.damage_at.unzip();
    raised(py, "CaptureError", (reason, &account.capture, frame, offset))
}

/// What a message calls an option of the command line, as Python has it.
fn in_python(message: &str) -> String {
    message.replace("--force", "`force=True`")
}

fn raised<'py, A>(py: Python<'py>, name: &str, arguments: A) -> PyErr
where
    A: IntoPyObject<'py, Target = PyTuple>,
{
    let made = (|| {
        let class = py.import("flowloom.errors")?.getattr(name)?;
        let arguments = arguments.into_pyobject(py).map_err(Into::into)?;
        class.call1(arguments.into_bound())
    })();
    match made {
        Ok(error) => PyErr::from_value(error),
        Err(error) => {
            let lost = PyRuntimeError::new_err(format!("cannot raise flowloom.errors.{name}"));
            lost.set_cause(py, Some(error));
            lost
        }
    }
}

/// What Arrow found wrong. For `map_err`, which hands the error over.
#[expect(clippy::needless_pass_by_value, reason = "see above")]
pub(crate) fn wrong(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
