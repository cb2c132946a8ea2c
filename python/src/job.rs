//! Work of the engine on a thread of its own, while the calling one waits for it and for signals.

use std::process;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flowloom_engine::{CaptureAccount, ConfigError, RunError, SplitError, Watch};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors;

/// Work that is going on: what it comes to is JSON, as the command line would have it.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Job {
    watch: Arc<Watch>,
    running: Mutex<Running>,
    process: u32,
}

struct Running {
    outcome: Option<Receiver<Result<Done, Failed>>>,
    thread: Option<JoinHandle<()>>,
    /// The first capture that could not be read, or not to its end.
    lost: Option<CaptureAccount>,
}

/// What work came to.
pub(crate) struct Done {
    pub(crate) json: String,
    /// The first capture that could not be read, or not to its end.
    pub(crate) lost: Option<CaptureAccount>,
}

/// Why it came to nothing.
pub(crate) enum Failed {
    Run(RunError),
    Split(SplitError),
}

impl Done {
    /// A summary as JSON, and the captures of which it has accounts.
    pub(crate) fn of<'a>(
        json: serde_json::Result<String>,
        captures: impl IntoIterator<Item = &'a CaptureAccount>,
    ) -> Self {
        // Neither numbers and texts nor memory fail.
        let json = json.unwrap_or_default();
        Self { json, lost: captures.into_iter().find(|capture| capture.has_losses()).cloned() }
    }
}

impl From<RunError> for Failed {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<ConfigError> for Failed {
    fn from(error: ConfigError) -> Self {
        Self::Run(RunError::Config(error))
    }
}

impl From<SplitError> for Failed {
    fn from(error: SplitError) -> Self {
        Self::Split(error)
    }
}

impl Job {
    /// Begins work.
    pub(crate) fn start(
        work: impl FnOnce(&Watch) -> Result<Done, Failed> + Send + 'static,
    ) -> Self {
        let watch = Arc::new(Watch::default());
        let (sender, outcome) = sync_channel(1);
        let thread = {
            let watch = Arc::clone(&watch);
            // There is room for the only message, whether anybody waits for it or not.
            thread::spawn(move || drop(sender.send(work(&watch))))
        };
        let running = Running { outcome: Some(outcome), thread: Some(thread), lost: None };
        Self { watch, running: Mutex::new(running), process: process::id() }
    }
}

#[pymethods]
impl Job {
    /// Bytes read so far, as they are stored, and frames.
    fn progress(&self) -> (u64, u64) {
        (self.watch.bytes(), self.watch.frames())
    }

    /// Waits for the end: the summary, and what stopped the work before it was through: a signal,
    /// or what `tick` raised, which is called now and then.
    fn wait(
        &self,
        py: Python<'_>,
        tick: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(String, Option<PyErr>)> {
        if self.process != process::id() {
            let text = "this work was begun in another process: begin it here";
            return Err(PyRuntimeError::new_err(text));
        }
        let mut stopped = None::<PyErr>;
        loop {
            if let Some(outcome) = py.detach(|| self.outcome())? {
                return match outcome {
                    Ok(Done { json, lost }) => {
                        self.running.lock().unwrap_or_else(PoisonError::into_inner).lost = lost;
                        Ok((json, stopped))
                    }
                    Err(failed) => Err(stopped.unwrap_or_else(|| raised(py, &failed))),
                };
            }
            let ticked = match tick {
                Some(tick) if stopped.is_none() => tick.call0().map(drop),
                _ => Ok(()),
            };
            if let Err(error) = ticked.and_then(|()| py.check_signals()) {
                // Told a second time, the work ends where it is.
                self.watch.stop();
                stopped.get_or_insert(error);
            }
        }
    }

    /// The first capture that could not be read, or not to its end, as an exception.
    fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = running.lost.as_ref()?;
        Some(errors::capture(py, lost).into_value(py).into_bound(py).into_any())
    }
}

impl Job {
    /// The outcome, if there is one before patience ends.
    fn outcome(&self) -> PyResult<Option<Result<Done, Failed>>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(outcome) = &running.outcome else {
            return Err(PyRuntimeError::new_err("this work is over already"));
        };
        match outcome.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Timeout) => Ok(None),
            received => {
                running.outcome = None;
                running.join();
                let lost = || PyRuntimeError::new_err("the work ended without saying why");
                received.map(Some).map_err(|_| lost())
            }
        }
    }
}

impl Running {
    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Work that is forgotten is stopped, but not waited for.
impl Drop for Job {
    fn drop(&mut self) {
        self.watch.stop();
    }
}

/// Why work came to nothing, as an exception.
pub(crate) fn raised(py: Python<'_>, failed: &Failed) -> PyErr {
    match failed {
        Failed::Run(error) => errors::run(py, error),
        Failed::Split(error) => errors::split(py, error),
    }
}

/// How long a signal waits at most.
const PATIENCE: Duration = Duration::from_millis(50);
