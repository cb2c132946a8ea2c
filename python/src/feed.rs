//! Things that a run finds, one by one: the run waits when nobody takes them.

use std::process;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flowloom_engine::{CaptureAccount, SinkError, Watch};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors;
use crate::job::{Done, Failed, raised};

/// A run on a thread of its own, and what it has found.
pub(crate) struct Feed<T> {
    watch: Arc<Watch>,
    running: Mutex<Running<T>>,
    /// Threads do not survive a fork.
    process: u32,
}

struct Running<T> {
    messages: Option<Receiver<Message<T>>>,
    thread: Option<JoinHandle<()>>,
    summary: Option<String>,
    lost: Option<CaptureAccount>,
}

enum Message<T> {
    Found(T),
    Over(Box<Result<Done, Failed>>),
}

/// Where a run puts what it finds.
pub(crate) struct Finder<T>(SyncSender<Message<T>>);

impl<T> Finder<T> {
    pub(crate) fn found(&self, thing: T) -> Result<(), SinkError> {
        self.0.send(Message::Found(thing)).map_err(|_| SinkError::ReaderGone)
    }
}

impl<T: Send + 'static> Feed<T> {
    /// Begins a run.
    pub(crate) fn start(
        run: impl FnOnce(Finder<T>, &Watch) -> Result<Done, Failed> + Send + 'static,
    ) -> Self {
        let watch = Arc::new(Watch::default());
        let (sender, messages) = sync_channel(QUEUE);
        let thread = {
            let watch = Arc::clone(&watch);
            thread::spawn(move || {
                let outcome = run(Finder(sender.clone()), &watch);
                // Nobody listens if the feed was closed before the end.
                drop(sender.send(Message::Over(Box::new(outcome))));
            })
        };
        let running =
            Running { messages: Some(messages), thread: Some(thread), summary: None, lost: None };
        Self { watch, running: Mutex::new(running), process: process::id() }
    }

    /// The next thing, signals heeded meanwhile; none after the last.
    pub(crate) fn next(&self, py: Python<'_>) -> PyResult<Option<T>> {
        if self.process != process::id() {
            let text = "this was opened in another process: open the captures here";
            return Err(PyRuntimeError::new_err(text));
        }
        loop {
            let received = py.detach(|| {
                let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
                running.messages.as_ref().map(|messages| messages.recv_timeout(PATIENCE))
            });
            match received {
                None => return Ok(None),
                Some(Ok(Message::Found(thing))) => return Ok(Some(thing)),
                Some(Ok(Message::Over(outcome))) => return self.end(py, *outcome).map(|()| None),
                Some(Err(RecvTimeoutError::Timeout)) => py.check_signals()?,
                Some(Err(RecvTimeoutError::Disconnected)) => {
                    self.running.lock().unwrap_or_else(PoisonError::into_inner).messages = None;
                    return Err(PyRuntimeError::new_err("the run ended without saying why"));
                }
            }
        }
    }

    fn end(&self, py: Python<'_>, outcome: Result<Done, Failed>) -> PyResult<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.messages = None;
        running.join();
        let Done { json, lost } = outcome.map_err(|failed| raised(py, &failed))?;
        (running.summary, running.lost) = (Some(json), lost);
        Ok(())
    }

    /// Stops the run and waits for its end.
    pub(crate) fn close(&self, py: Python<'_>) {
        if self.process != process::id() {
            return;
        }
        self.watch.stop();
        py.detach(|| {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever finds what nobody takes is told so.
            running.messages = None;
            running.join();
        });
    }

    /// What it came to, as JSON; none before the end.
    pub(crate) fn summary(&self) -> Option<String> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).summary.clone()
    }

    /// The first capture that could not be read, or not to its end, as an exception.
    pub(crate) fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = running.lost.as_ref()?;
        Some(errors::capture(py, lost).into_value(py).into_bound(py).into_any())
    }
}

impl<T> Running<T> {
    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A run that is forgotten is stopped, but not waited for.
impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        self.watch.stop();
    }
}

/// Things that wait for whoever takes them.
const QUEUE: usize = 4;
/// How long a signal waits at most.
const PATIENCE: Duration = Duration::from_millis(50);
