//! A manifest: a table with a line for each capture, in CSV or JSON Lines.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use flowloom_capture::Input;
use serde_json::{Map, Value};

use super::LabelValues;
use crate::{ConfigError, InputFile};

/// The lines of a manifest, found by the captures they name.
#[derive(Debug)]
pub(super) struct Manifest {
    names: Vec<String>,
    lines: Vec<Line>,
    /// Lines by the path they name, and by the file that is there, seen from the manifest.
    by_path: HashMap<PathBuf, usize>,
}

#[derive(Debug)]
struct Line {
    capture: String,
    values: LabelValues,
    is_used: bool,
}

impl Manifest {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("cannot read the labels in {name}: {error}")))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        let table = if ending == "jsonl" || ending == "ndjson" {
            json_lines(text)
        } else {
            csv_lines(text)
        };
        let (names, lines) = table.map_err(|what| ConfigError(format!("{name}, {what}")))?;
        let mut manifest = Self { names, lines: Vec::new(), by_path: HashMap::new() };
        let directory = path.parent().unwrap_or(Path::new(""));
        for (number, line) in lines {
            manifest
                .add(line, directory)
                .map_err(|what| ConfigError(format!("{name}, line {number}: {what}")))?;
        }
        Ok(manifest)
    }

    /// The labels, in the order of the columns.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The labels of a capture: of the line that names this file, seen from the manifest, or of
    /// the one that names the most of the end of its path.
    pub(super) fn values(&mut self, file: &InputFile) -> Option<LabelValues> {
        let Input::File(path) = &file.input else { return self.use_line(Path::new(&file.name)) };
        let same_file = path.canonicalize().ok();
        if let Some(values) = same_file.as_deref().and_then(|path| self.use_line(path)) {
            return Some(values);
        }
        let components = plain(path);
        let mut ends = components.components();
        loop {
            let end = ends.as_path();
            if end.as_os_str().is_empty() {
                return None;
            }
            if let Some(values) = self.use_line(end) {
                return Some(values);
            }
            ends.next();
        }
    }

    /// The captures that were named for nothing.
    pub(super) fn unused(self) -> Vec<String> {
        self.lines.into_iter().filter(|line| !line.is_used).map(|line| line.capture).collect()
    }

    fn add(&mut self, line: Line, directory: &Path) -> Result<(), String> {
        let too_long = |value: &&String| value.len() > LABEL_BYTES_MAX;
        if let Some(value) = line.values.iter().flatten().find(too_long) {
            return Err(format!(
                "a label of {} bytes; {LABEL_BYTES_MAX} are the most",
                value.len()
            ));
        }
        let index = self.lines.len();
        let named = plain(Path::new(&line.capture));
        let same_file = directory.join(&named).canonicalize().ok();
        for path in same_file.into_iter().chain([named]) {
            if self.by_path.insert(path, index).is_some_and(|other| other != index) {
                return Err(format!("another line names the capture {} too", line.capture));
            }
        }
        self.lines.push(line);
        Ok(())
    }

    fn use_line(&mut self, path: &Path) -> Option<LabelValues> {
        let line = self.lines.get_mut(*self.by_path.get(path)?)?;
        line.is_used = true;
        Some(line.values.clone())
    }
}

type Table = (Vec<String>, Vec<(u64, Line)>);

fn csv_lines(text: &str) -> Result<Table, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| format!("line 1: {error}"))?.clone();
    let capture = capture_key(&header.iter().collect::<Vec<_>>(), 1)?;
    let capture = header.iter().position(|name| name == capture).unwrap_or_default();
    let without_capture = |&(i, _): &(usize, &str)| i != capture;
    let names = header.iter().enumerate().filter(without_capture);
    let names = names.map(|(_, name)| name.to_owned()).collect();
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let number = record.position().map_or(0, csv::Position::line);
        let values = record.iter().enumerate().filter(without_capture);
        let values = values.map(|(_, value)| (!value.is_empty()).then(|| value.to_owned()));
        let values = values.collect();
        let capture = record.get(capture).unwrap_or_default().to_owned();
        lines.push((number, Line { capture, values, is_used: false }));
    }
    Ok((names, lines))
}

fn json_lines(text: &str) -> Result<Table, String> {
    let mut names: Vec<String> = Vec::new();
    let mut places = HashMap::new();
    let mut lines = Vec::new();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let mut object = serde_json::from_str::<Map<String, Value>>(line)
            .map_err(|error| format!("line {number}: {error}"))?;
        let key = capture_key(&object.keys().map(String::as_str).collect::<Vec<_>>(), number)?;
        let Some(Value::String(capture)) = object.remove(key) else {
            return Err(format!("line {number}: `{key}` is no text"));
        };
        let mut values = vec![None; names.len()];
        for (name, value) in object {
            let value = match value {
                Value::Null => None,
                Value::String(text) => Some(text),
                Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
                Value::Array(_) | Value::Object(_) => {
                    return Err(format!("line {number}: the label `{name}` is no text or number"));
                }
            };
            let place = *places.entry(name.clone()).or_insert(names.len());
            if place == names.len() {
                names.push(name);
                values.push(None);
            }
            values[place] = value;
        }
        lines.push((number, Line { capture, values, is_used: false }));
    }
    for (_, line) in &mut lines {
        // Labels that only later lines have.
        line.values.resize(names.len(), None);
    }
    Ok((names, lines))
}

/// Which of the two names the column with the captures has.
fn capture_key(names: &[&str], line: u64) -> Result<&'static str, String> {
    match (names.contains(&"capture"), names.contains(&"path")) {
        (true, false) => Ok("capture"),
        (false, true) => Ok("path"),
        (false, false) => Err(format!("line {line}: no column `capture` or `path`")),
        (true, true) => Err(format!("line {line}: both columns `capture` and `path`")),
    }
}

/// A path without `.`, as it may be written in front.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}

/// Bytes of a label at most: it is in every row.
const LABEL_BYTES_MAX: usize = 1_024;
