//! A pattern such as `{website}/{run}.pcap`, matched against the end of a path.

use std::path::Path;

use super::LabelValues;
use crate::ConfigError;
use crate::endings::{Endings, split_endings};

/// What paths of captures look like.
#[derive(Clone, Debug)]
pub(super) struct PathPattern {
    names: Vec<String>,
    /// The components, the last one first.
    components: Vec<Vec<Part>>,
    /// How much of the ending of a file's name the pattern names itself.
    endings: Endings,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// A label: one character or more.
    Label,
}

impl PathPattern {
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong = |what: &str| ConfigError(format!("labels by the path `{text}`: {what}"));
        let mut names = Vec::new();
        let mut components = Vec::new();
        for component in text.split('/').filter(|component| !component.is_empty()) {
            components.push(parts(component, &mut names).map_err(wrong)?);
        }
        if names.is_empty() {
            return Err(wrong("there is no label in it, such as {website}"));
        }
        components.reverse();
        let file = text.rsplit('/').next().unwrap_or_default();
        Ok(Self { names, components, endings: split_endings(file).1 })
    }

    /// The labels, in the order they are in.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The values of the labels, if the end of a path matches.
    pub(super) fn values(&self, path: &Path) -> Option<LabelValues> {
        let path = path.to_string_lossy();
        let mut given = path.rsplit(std::path::is_separator);
        let mut values = Vec::new();
        for (i, parts) in self.components.iter().enumerate() {
            let mut component = given.next()?;
            if i == 0 {
                component = self.without_endings(component);
            }
            let mut found = Vec::new();
            if !matches(parts, component, &mut found) {
                return None;
            }
            // The first component comes last: each label goes before those that are there.
            values.splice(0..0, found.into_iter().map(|value| Some(value.to_owned())));
        }
        Some(values)
    }

    /// The name of a file without those endings that the pattern does not name.
    fn without_endings<'n>(&self, name: &'n str) -> &'n str {
        let (stem, endings) = split_endings(name);
        let cut = match self.endings {
            Endings { compression: 1.., .. } => 0,
            Endings { format: 1.., .. } => endings.compression,
            _ => return stem,
        };
        &name[..name.len() - cut]
    }
}

/// A component of the pattern in parts.
fn parts(component: &str, names: &mut Vec<String>) -> Result<Vec<Part>, &'static str> {
    let mut parts = Vec::new();
    let mut rest = component;
    while let Some(open) = rest.find('{') {
        let (literal, label) = (&rest[..open], &rest[open + 1..]);
        let close = label.find('}').ok_or("a `{` has no `}`")?;
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.into()));
        } else if parts.last() == Some(&Part::Label) {
            return Err("there must be something between two labels");
        }
        names.push(label[..close].into());
        parts.push(Part::Label);
        rest = &label[close + 1..];
    }
    if rest.contains('}') {
        return Err("a `}` has no `{`");
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.into()));
    }
    Ok(parts)
}

/// Whether a component of a path is as `parts` say; each label takes as much as it can.
fn matches<'t>(parts: &[Part], text: &'t str, found: &mut Vec<&'t str>) -> bool {
    match parts {
        [] => text.is_empty(),
        [Part::Literal(literal), rest @ ..] => {
            text.strip_prefix(literal.as_str()).is_some_and(|text| matches(rest, text, found))
        }
        [Part::Label] => {
            found.push(text);
            !text.is_empty()
        }
        [Part::Label, rest @ ..] => {
            let len = found.len();
            text.char_indices().rev().map(|(at, _)| at).filter(|at| *at > 0).any(|at| {
                found.truncate(len);
                found.push(&text[..at]);
                matches(rest, &text[at..], found)
            })
        }
    }
}
