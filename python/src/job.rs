//! Work of the engine that is waited for as a whole.

use std::convert::Infallible;

use flowloom_engine::Watch;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::feed::{Done, Failed, Feed};

/// Work that is going on: what it comes to is JSON, as the command line would have it.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Job(Feed<Infallible>);

impl Job {
    /// Begins work.
    pub(crate) fn start(
        work: impl FnOnce(&Watch) -> Result<Done, Failed> + Send + 'static,
    ) -> PyResult<Self> {
        Feed::start(move |_, watch| work(watch)).map(Self)
    }
}

#[pymethods]
impl Job {
    /// Bytes read so far, as they are stored, and frames.
    fn progress(&self) -> (u64, u64) {
        self.0.progress()
    }

    /// Waits for the end: the summary, and what stopped the work before it was through: a signal,
    /// or what `tick` raised, which is called now and then.
    fn wait(
        &self,
        py: Python<'_>,
        tick: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(String, Option<PyErr>)> {
        let stopped = self.0.drain(py, tick, |nothing| match nothing {})?;
        let summary = self.0.summary();
        let summary = summary.ok_or_else(|| PyRuntimeError::new_err("this work is over already"));
        Ok((summary?, stopped))
    }

    /// The first capture that could not be read, or not to its end, as an exception.
    fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.0.failure(py)
    }
}
