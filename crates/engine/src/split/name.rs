//! Names of files: from what is known of a flow, without trusting it.
//!
//! Texts come from the wire. Of a value, only letters, digits and a few signs become part of a name;
//! it has no slash, no control character, begins with no dot and has a bounded length. Only the
//! template of the user makes directories.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use flowloom_schema::{Batch, Series, Timestamp, Values};

use crate::ConfigError;

/// How files are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The value of a column.
    Column(String),
}

impl Template {
    /// Reads a template: text, and names of columns in braces.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong = |what: &str| ConfigError(format!("the template of names `{text}` {what}"));
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (before, after) = rest.split_at(rest.find(['{', '}']).unwrap_or(rest.len()));
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some(inner) = after.strip_prefix('{') else {
                if after.is_empty() {
                    break;
                }
                return Err(wrong("has a `}` without a `{` before it"));
            };
            let Some((column, after)) = inner.split_once('}') else {
                return Err(wrong("has a `{` without a `}` after it"));
            };
            parts.push(Part::Column(column.to_owned()));
            rest = after;
        }
        let escapes = text.split('/').any(|part| part == ".." || part == ".");
        if text.starts_with('/') || text.ends_with('/') || text.contains("//") || escapes {
            return Err(wrong("must name a file below the directory"));
        }
        if text.contains(|c: char| c.is_control() || c == '\\') || text.is_empty() {
            return Err(wrong("is empty, or has characters that no name should have"));
        }
        Ok(Self(parts))
    }

    /// The values of some columns, in one name.
    pub(crate) fn of_columns(columns: &[String]) -> Self {
        let mut parts = Vec::new();
        for column in columns {
            if !parts.is_empty() {
                parts.push(Part::Text("_".into()));
            }
            parts.push(Part::Column(column.clone()));
        }
        Self(parts)
    }

    /// The columns it asks for.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Column(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The name for a row, without its ending.
    pub(crate) fn name(&self, row: Row<'_>) -> String {
        let mut name = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Column(column) => name.push_str(&safe(&row.text(column))),
            }
        }
        let parts = name.split('/').map(bounded).collect::<Vec<_>>();
        parts.join("/")
    }
}

/// What is known of a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) names: &'a [String],
    pub(crate) batch: &'a Batch,
    /// The number of the flow's row.
    pub(crate) at: usize,
}

impl Row<'_> {
    /// The series of a column.
    pub(crate) fn series(&self, column: &str) -> Option<&Series> {
        let at = self.names.iter().position(|name| name == column)?;
        self.batch.columns.get(at)
    }

    /// Whether there is no value in a column.
    pub(crate) fn is_null(&self, column: &str) -> bool {
        self.series(column).is_none_or(|series| !series.validity.is_valid(self.at))
    }

    /// The value of a column as text; times are seconds since 1970.
    pub(crate) fn text(&self, column: &str) -> String {
        self.series(column).map_or_else(String::new, |series| text(series, self.at))
    }

    /// The value of a column of integers or times.
    pub(crate) fn number(&self, column: &str) -> Option<i64> {
        let series = self.series(column)?;
        series.validity.is_valid(self.at).then_some(())?;
        match &series.values {
            Values::U8(v) => v.get(self.at).copied().map(i64::from),
            Values::I32(v) => v.get(self.at).copied().map(i64::from),
            Values::I64(v) | Values::Time(v) => v.get(self.at).copied(),
            _ => None,
        }
    }
}

fn text(series: &Series, row: usize) -> String {
    let is_there = series.validity.is_valid(row);
    match &series.values {
        Values::Bool(v) if is_there => v[row].to_string(),
        Values::I8(v) => v[row].to_string(),
        Values::U8(v) => v[row].to_string(),
        Values::U16(v) => v[row].to_string(),
        Values::I32(v) => v[row].to_string(),
        Values::I64(v) => v[row].to_string(),
        Values::F64(v) if is_there => v[row].to_string(),
        Values::Time(v) => seconds(v[row]),
        Values::Text(v) if is_there => v.get(row).to_owned(),
        Values::List(list) if is_there => {
            let items = list.range(row).map(|item| text(&list.items, item));
            items.collect::<Vec<_>>().join("+")
        }
        _ => NOTHING.into(),
    }
}

/// Seconds since 1970, with as many digits as are needed, one at least.
pub(crate) fn seconds(nanos: i64) -> String {
    let (sign, whole, rest) = Timestamp(nanos).decimal();
    let digits = format!("{rest:09}");
    let digits = digits.trim_end_matches('0');
    format!("{sign}{whole}.{}", if digits.is_empty() { "0" } else { digits })
}

/// What of a value may be part of a name.
pub(crate) fn safe(value: &str) -> String {
    let mut safe = String::with_capacity(value.len().min(VALUE_LEN_MAX));
    for c in value.chars().take(VALUE_LEN_MAX) {
        safe.push(match c {
            c if c.is_ascii_alphanumeric() || "._-+=@,".contains(c) => c,
            // Addresses of version 6, as the reference has them.
            ':' => '.',
            _ => '_',
        });
    }
    safe
}

/// A part of a path that is no way out of the directory, not hidden, no option where names are given
/// to programs, and not too long.
pub(crate) fn bounded(part: &str) -> String {
    let mut part: String = part.chars().take(NAME_LEN_MAX).collect();
    while part.len() > NAME_LEN_MAX {
        part.pop();
    }
    if part.starts_with(['.', '-']) || part.is_empty() {
        part.replace_range(..usize::from(!part.is_empty()), "_");
    }
    if part.ends_with(['.', ' ']) {
        part.pop();
        part.push('_');
    }
    part
}

/// The names that were given, each once: what comes again gets a number.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<u64, u32>);

impl Names {
    /// The name itself, or with the first number that makes it one that nobody has.
    pub(crate) fn unique(&mut self, name: &str, ending: &str) -> String {
        let mut full = format!("{name}.{ending}");
        while let Some(times) = self.0.get_mut(&hash(&full)) {
            *times += 1;
            let number = *times;
            full.clear();
            let _ = write!(full, "{name}-{number}.{ending}");
            if !self.0.contains_key(&hash(&full)) {
                break;
            }
            full = format!("{name}.{ending}");
        }
        self.0.insert(hash(&full), 1);
        full
    }
}

/// Names that differ in nothing but the case of letters are the same file on some systems.
fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.to_ascii_lowercase().hash(&mut hasher);
    hasher.finish()
}

/// Stands for a text that is not there.
const NOTHING: &str = "none";
/// Characters of a value in a name at most.
const VALUE_LEN_MAX: usize = 80;
/// Bytes of a part of a path at most: systems allow 255, and a number and an ending follow.
const NAME_LEN_MAX: usize = 200;

#[cfg(test)]
mod tests;
