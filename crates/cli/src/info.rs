//! `flowloom info`: what is in a capture, for people or as JSON.

mod text;

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use flowloom_engine::{CaptureInfo, Config, find_inputs, harmless_json, inspect};

use crate::arguments::info::InfoArguments;
use crate::progress::{Progress, interruptible};
use crate::report::{self, Outcome};

pub(crate) fn info(arguments: &InfoArguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut config = Config::new(find_inputs(&arguments.captures)?);
    config.rotated = arguments.rotated;
    config.threads = arguments.threads.unwrap_or(config.threads);
    config.check()?;
    let watch = interruptible()?;
    let progress = Progress::start(&config.inputs, &watch, arguments.quiet);
    let (mut captures, mut failed, mut lossy) = (0, 0, false);
    let mut written = Ok(());
    inspect(&config, arguments.top, &watch, |info| {
        failed += usize::from(info.account.error.is_some());
        lossy |= info.account.has_losses();
        let is_first = captures == 0;
        captures += 1;
        let shown = progress.hidden(|| show(&info, arguments.json, is_first));
        if shown.is_err() {
            written = shown;
            watch.stop();
        }
    })?;
    progress.finish();
    match written {
        // Whoever read our output has seen enough: that is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(format!("cannot write to standard output: {error}").into()),
        Ok(()) => Ok(report::exit_code(&Outcome {
            interrupted: watch.is_stopped(),
            nothing_read: failed == captures,
            losses: lossy,
        })),
    }
}

/// Writes what is in a capture; why it could not be read is said on standard error.
fn show(info: &CaptureInfo, json: bool, is_first: bool) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    // On a terminal, the text says what is damaged.
    if json || !stdout.is_terminal() || info.account.error.is_some() {
        report::capture(&info.account, true);
    }
    if json {
        return writeln!(stdout, "{}", harmless_json(&serde_json::to_string(info)?));
    }
    if info.account.format.is_empty() {
        // It was not even opened.
        return Ok(());
    }
    let gap = if is_first { "" } else { "\n" };
    write!(stdout, "{gap}{}", text::text(info))
}
