//! Runs repeated: the settings that files of tables carry.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use flowloom_engine::{
    ConfigError, CryptoPan, Given, InputFile, MadeOf, Recorded, configured, read_protocols,
};
use pyo3::prelude::*;

use crate::errors;
use crate::options::{Source, inputs};
use crate::reader::{Reader, begin};

/// What settings do not say, and where the captures are.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Again {
    sources: Vec<Source>,
    labels: Option<PathBuf>,
    anonymize: Option<PathBuf>,
    protocols: Option<PathBuf>,
    client: Option<String>,
    threads: Option<NonZeroUsize>,
}

/// The settings in a file, as JSON, the captures it names, what its rows are, and the columns that no
/// settings make.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's path becomes ours")]
pub(crate) fn recorded(py: Python<'_>, path: PathBuf) -> PyResult<Texts> {
    let recorded = Recorded::read(&path).map_err(|error| errors::config(py, &error))?;
    let captures = recorded.captures.into_iter().map(|made_of| {
        let MadeOf { capture, frames, captured_bytes } = made_of;
        (capture, frames, captured_bytes)
    });
    Ok((recorded.settings, captures.collect(), recorded.level, recorded.own))
}

/// Of captures, names, frames and captured bytes.
type Texts = (String, Vec<(String, u64, u64)>, String, Vec<String>);

/// Begins the run that settings, as JSON, describe.
#[pyfunction]
pub(crate) fn rerun(py: Python<'_>, settings: &str, again: Again) -> PyResult<Reader> {
    let config = again.config(settings).map_err(|error| errors::config(py, &error))?;
    begin(py, config)
}

impl Again {
    fn config(self, settings: &str) -> Result<flowloom_engine::Config, ConfigError> {
        let inputs: Vec<InputFile> = inputs(self.sources)?;
        let given = Given {
            labels: self.labels.as_deref(),
            anonymize: self.anonymize.as_deref().map(CryptoPan::read).transpose()?.map(Arc::new),
            registry: self.protocols.as_deref().map(read_protocols).transpose()?.map(Arc::new),
            client: self.client.as_deref(),
        };
        let mut config = configured(settings, inputs, given)?;
        config.threads = self.threads.unwrap_or(config.threads);
        Ok(config)
    }
}
