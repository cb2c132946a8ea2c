//! Runs that take a while: a progress bar on a terminal, and Ctrl-C.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flowloom_engine::{InputFile, Watch};
use indicatif::{ProgressBar, ProgressStyle};

use crate::report::grouped;

/// Shows how far a run is, until it is finished.
pub(crate) struct Progress {
    running: Option<(ProgressBar, Sender<()>, JoinHandle<()>)>,
}

/// What a run and its progress share; Ctrl-C asks the run to stop.
pub(crate) fn interruptible() -> Result<Arc<Watch>, ctrlc::Error> {
    let watch = Arc::new(Watch::default());
    let on_interrupt = Arc::clone(&watch);
    ctrlc::set_handler(move || on_interrupt.stop())?;
    Ok(watch)
}

impl Progress {
    /// Begins to show progress, if standard error is a terminal.
    pub(crate) fn start(inputs: &[InputFile], watch: &Arc<Watch>, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self { running: None };
        }
        let sizes = inputs.iter().map(|input| fs::metadata(Path::new(&input.input.to_string())));
        let total = sizes.map(|size| size.map_or(0, |metadata| metadata.len())).sum::<u64>();
        let (finished, wait) = channel::<()>();
        let watch = Arc::clone(watch);
        let bar = bar(total);
        let shown = bar.clone();
        let thread = thread::spawn(move || {
            // Short runs show nothing.
            if wait.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            while wait.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                shown.set_position(watch.bytes());
                shown.set_message(format!("{} frames", grouped(watch.frames())));
            }
            shown.finish_and_clear();
        });
        Self { running: Some((bar, finished, thread)) }
    }

    /// Takes the bar away while something is written.
    pub(crate) fn hidden<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.running {
            Some((bar, ..)) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        if let Some((_, finished, thread)) = self.running {
            drop(finished);
            drop(thread.join());
        }
    }
}

fn bar(total: u64) -> ProgressBar {
    let (bar, template) = if total > 0 {
        (
            ProgressBar::new(total),
            "{wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {msg} {eta}",
        )
    } else {
        (ProgressBar::new_spinner(), "{spinner} {decimal_bytes} {decimal_bytes_per_sec} {msg}")
    };
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

const PATIENCE: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(100);
