//! Runs that take a while: a progress bar on a terminal, and Ctrl-C.

use std::error::Error;
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

/// What a run and its progress share; Ctrl-C, and what else asks a program to end, stops the run.
pub(crate) fn interruptible() -> Result<Arc<Watch>, Box<dyn Error>> {
    let watch = Arc::new(Watch::default());
    let on_request = Arc::clone(&watch);
    when_asked_to_end(move || on_request.stop())?;
    Ok(watch)
}

#[cfg(unix)]
fn when_asked_to_end(stop: impl Fn() + Send + 'static) -> Result<(), Box<dyn Error>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    // `nohup` has the end of the terminal ignored, which is to stay so.
    let ignored = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0);
    let is_minded = |signal: &i32| ignored >> (signal - 1) & 1 == 0;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP].into_iter().filter(is_minded))?;
    let watching = thread::Builder::new().spawn(move || signals.forever().for_each(|_| stop()));
    watching.map_err(|error| format!("cannot start a thread that watches for signals: {error}"))?;
    Ok(())
}

#[cfg(not(unix))]
fn when_asked_to_end(stop: impl Fn() + Send + 'static) -> Result<(), Box<dyn Error>> {
    Ok(ctrlc::set_handler(stop)?)
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
        let thread = thread::Builder::new().spawn(move || {
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
        Self { running: thread.ok().map(|thread| (bar, finished, thread)) }
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
