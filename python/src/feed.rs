//! A run on a thread of its own, while the calling one waits for what it finds and for signals: the run
//! waits when nobody takes that, so memory does not grow with the input.

use std::process;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flowloom_engine::{CaptureAccount, ConfigError, RunError, SinkError, SplitError, Watch};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors;

/// A run that is going on, and what it has found.
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

/// What was heard of a run within [`PATIENCE`].
enum Heard<T> {
    Found(T),
    Nothing,
    End,
}

/// What a run came to.
pub(crate) struct Done {
    json: String,
    /// The first capture that could not be read, or not to its end.
    lost: Option<CaptureAccount>,
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

/// Where a run puts what it finds.
pub(crate) struct Finder<T>(SyncSender<Message<T>>);

impl<T> Clone for Finder<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Finder<T> {
    pub(crate) fn found(&self, thing: T) -> Result<(), SinkError> {
        self.0.send(Message::Found(thing)).map_err(|_| SinkError::ReaderGone)
    }
}

impl<T: Send + 'static> Feed<T> {
    /// Begins a run.
    pub(crate) fn start(
        run: impl FnOnce(Finder<T>, &Watch) -> Result<Done, Failed> + Send + 'static,
    ) -> PyResult<Self> {
        let watch = Arc::new(Watch::default());
        let (sender, messages) = sync_channel(QUEUE);
        let thread = {
            let watch = Arc::clone(&watch);
            thread::Builder::new().spawn(move || {
                let outcome = run(Finder(sender.clone()), &watch);
                // Nobody listens if the feed was closed before the end.
                drop(sender.send(Message::Over(Box::new(outcome))));
            })?
        };
        let running =
            Running { messages: Some(messages), thread: Some(thread), summary: None, lost: None };
        Ok(Self { watch, running: Mutex::new(running), process: process::id() })
    }

    /// The next thing, none after the last. A signal (Ctrl-C) raises; the run goes on.
    pub(crate) fn next(&self, py: Python<'_>) -> PyResult<Option<T>> {
        self.check_process()?;
        loop {
            py.check_signals()?;
            match self.hear(py)? {
                Heard::Found(thing) => return Ok(Some(thing)),
                Heard::Nothing => {}
                Heard::End => return Ok(None),
            }
        }
    }

    /// Gives all that is still to come to `each`. `tick` is called now and then: what it raises stops the
    /// run, and so does a signal. Told to stop, the run gives what it has and ends; that error is returned.
    pub(crate) fn drain(
        &self,
        py: Python<'_>,
        tick: Option<&Bound<'_, PyAny>>,
        mut each: impl FnMut(T) -> PyResult<()>,
    ) -> PyResult<Option<PyErr>> {
        self.check_process()?;
        let mut stopped = None;
        loop {
            let ticked = match tick {
                Some(tick) if stopped.is_none() => tick.call0().map(drop),
                _ => Ok(()),
            };
            match ticked.and_then(|()| py.check_signals()).and_then(|()| self.hear(py)) {
                Ok(Heard::Found(thing)) => each(thing)?,
                Ok(Heard::Nothing) => {}
                Ok(Heard::End) => return Ok(stopped),
                Err(error) if self.is_over() => return Err(stopped.unwrap_or(error)),
                Err(error) => {
                    // Told a second time, the run ends where it is.
                    self.watch.stop();
                    stopped.get_or_insert(error);
                }
            }
        }
    }

    /// Bytes read so far, as they are stored, and frames.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.watch.bytes(), self.watch.frames())
    }

    /// Stops the run and waits for its end.
    pub(crate) fn close(&self, py: Python<'_>) {
        if self.process != process::id() {
            return;
        }
        self.watch.stop();
        py.detach(|| {
            let mut running = self.running();
            // Whoever finds what nobody takes is told so.
            running.messages = None;
            running.join();
        });
    }

    /// What it came to, as JSON; none before the end.
    pub(crate) fn summary(&self) -> Option<String> {
        self.running().summary.clone()
    }

    /// The first capture that could not be read, or not to its end, as an exception.
    pub(crate) fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let running = self.running();
        let lost = running.lost.as_ref()?;
        Some(errors::capture(py, lost).into_value(py).into_bound(py).into_any())
    }

    fn hear(&self, py: Python<'_>) -> PyResult<Heard<T>> {
        py.detach(|| self.running().hear()).map_err(|failed| match failed {
            Some(Failed::Run(error)) => errors::run(py, &error),
            Some(Failed::Split(error)) => errors::split(py, &error),
            None => PyRuntimeError::new_err("the run ended without saying why"),
        })
    }

    fn check_process(&self) -> PyResult<()> {
        if self.process == process::id() {
            return Ok(());
        }
        let text = "this reader was opened in another process: open the captures here";
        Err(PyRuntimeError::new_err(text))
    }

    fn is_over(&self) -> bool {
        self.running().messages.is_none()
    }

    fn running(&self) -> MutexGuard<'_, Running<T>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Running<T> {
    /// What comes next, or why the run has failed, if that is known. Whoever hears that it is over notes
    /// what it came to before anybody else can listen.
    fn hear(&mut self) -> Result<Heard<T>, Option<Failed>> {
        let Some(messages) = &self.messages else { return Ok(Heard::End) };
        let outcome = match messages.recv_timeout(PATIENCE) {
            Ok(Message::Found(thing)) => return Ok(Heard::Found(thing)),
            Err(RecvTimeoutError::Timeout) => return Ok(Heard::Nothing),
            Ok(Message::Over(outcome)) => Some(*outcome),
            Err(RecvTimeoutError::Disconnected) => None,
        };
        self.messages = None;
        self.join();
        let Done { json, lost } = outcome.ok_or(None)?.map_err(Some)?;
        (self.summary, self.lost) = (Some(json), lost);
        Ok(Heard::End)
    }

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
