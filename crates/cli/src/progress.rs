//! A progress bar on a terminal, for runs that take a while.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flowloom_engine::{InputFile, Watch};
use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far a run is, until it is finished.
pub(crate) struct Progress {
    running: Option<(Sender<()>, JoinHandle<()>)>,
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
        let thread = thread::spawn(move || {
            // Short runs show nothing.
            if wait.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = bar(total);
            while wait.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                bar.set_position(watch.bytes());
                bar.set_message(format!("{} frames", watch.frames()));
            }
            bar.finish_and_clear();
        });
        Self { running: Some((finished, thread)) }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        if let Some((finished, thread)) = self.running {
            drop(finished);
            drop(thread.join());
        }
    }
}

fn bar(total: u64) -> ProgressBar {
    let (bar, template) = if total > 0 {
        (ProgressBar::new(total), "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg} {eta}")
    } else {
        (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {msg}")
    };
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

const PATIENCE: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(100);
