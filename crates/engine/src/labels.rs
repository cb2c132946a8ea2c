//! Labels: what the user knows of whole captures, from their paths or from a manifest.
//!
//! They become text columns `label_NAME`, constant over the rows of a capture.

mod comments;
mod manifest;
mod path;
mod samples;

use std::path::Path;

use flowloom_capture::Source;
use flowloom_schema::{Batch, Column, DataType, Role, Series, Unit};
use serde::Serialize;

use crate::{ConfigError, InputFile};
use manifest::Manifest;
use path::PathPattern;

use comments::CommentLabels;
pub use samples::SampleLabels;

/// The labels of the captures of a run.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    names: Vec<String>,
    /// Of each capture, a value for each name.
    values: Vec<LabelValues>,
    report: Option<LabelReport>,
    pattern: String,
    has_manifest: bool,
    /// The last of `names` are read from the comments of frames; so many.
    of_comments: usize,
}

/// The labels of a capture, in the order of their names.
pub(crate) type LabelValues = Vec<Option<String>>;

/// What matched nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LabelReport {
    /// Captures whose path is not as `--label-path` says.
    pub captures_not_as_pattern: Vec<String>,
    /// Captures that no line of the manifest names.
    pub captures_not_in_manifest: Vec<String>,
    /// Captures that the manifest names, and that are not among the inputs.
    pub manifest_without_capture: Vec<String>,
}

impl Labels {
    /// Finds the labels of `files`: by a pattern such as `{website}/{run}.pcap` that the end of
    /// their paths is matched against, by a manifest (CSV, or JSON Lines by its ending), or both.
    pub fn find(
        files: &[InputFile],
        pattern: Option<&str>,
        manifest: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut labels = Self::default();
        if pattern.is_none() && manifest.is_none() {
            return Ok(labels);
        }
        let mut report = LabelReport::default();
        labels.values = vec![Vec::new(); files.len()];
        if let Some(text) = pattern {
            labels.pattern = text.into();
            let pattern = PathPattern::parse(text)?;
            labels.add_names(pattern.names(), "--label-path")?;
            for (file, values) in files.iter().zip(&mut labels.values) {
                let found = pattern.values(Path::new(&file.name));
                if found.is_none() {
                    report.captures_not_as_pattern.push(file.name.clone());
                }
                extend(values, found, pattern.names().len());
            }
        }
        if let Some(path) = manifest {
            let mut manifest = Manifest::read(path)?;
            labels.has_manifest = true;
            labels.add_names(manifest.names(), &path.display().to_string())?;
            for (file, values) in files.iter().zip(&mut labels.values) {
                let found = manifest.values(file);
                if found.is_none() {
                    report.captures_not_in_manifest.push(file.name.clone());
                }
                extend(values, found, manifest.names().len());
            }
            report.manifest_without_capture = manifest.unused();
        }
        labels.report = Some(report);
        Ok(labels)
    }

    /// Reads labels of these names from the comments of frames, too, as pcapML writes them; of no
    /// names, `sample_id` and `label`. A flow has those of its first frame.
    pub fn read_comments(&mut self, names: &[String]) -> Result<(), ConfigError> {
        let default = comments::DEFAULT_NAMES.map(str::to_owned);
        let names = if names.is_empty() { &default } else { names };
        self.add_names(names, "--label-comments")?;
        self.of_comments = names.len();
        Ok(())
    }

    /// The labels that are read from comments.
    pub(crate) fn names_in_comments(&self) -> &[String] {
        &self.names[self.names.len() - self.of_comments..]
    }

    /// The labels of flows of `source`; those in comments are known as far as it was read.
    pub(crate) fn of_flows<'l>(
        &self,
        source: Box<dyn Source>,
        of_capture: &'l LabelValues,
    ) -> (Box<dyn Source>, FlowLabels<'l>) {
        let names = self.names_in_comments();
        if names.is_empty() {
            return (source, FlowLabels { of_capture, of_comments: None });
        }
        let (source, comments) = CommentLabels::of(source, names);
        (source, FlowLabels { of_capture, of_comments: Some(comments) })
    }

    /// What matched nothing; none when no labels were asked for.
    pub fn report(&self) -> Option<&LabelReport> {
        self.report.as_ref()
    }

    /// The columns.
    pub(crate) fn columns(&self) -> Vec<Column> {
        self.names.iter().map(|name| column(name)).collect()
    }

    /// The pattern of paths; empty when there is none.
    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether some are from a manifest.
    pub(crate) fn has_manifest(&self) -> bool {
        self.has_manifest
    }

    /// The labels of a capture, by its place among the inputs.
    pub(crate) fn of(&self, capture: usize) -> LabelValues {
        self.values.get(capture).cloned().unwrap_or_default()
    }

    /// The labels that several pieces of one capture have together: they must not disagree.
    pub(crate) fn of_all(&self, files: &[InputFile]) -> Result<LabelValues, ConfigError> {
        let mut common: LabelValues = vec![None; self.names.len() - self.of_comments];
        for (values, file) in self.values.iter().zip(files) {
            for ((name, common), value) in self.names.iter().zip(&mut common).zip(values) {
                match (common.as_deref(), value) {
                    (Some(one), Some(other)) if one != other => {
                        return Err(ConfigError(format!(
                            "--rotated makes one input of all captures, but the label `{name}` is \
                             `{one}` for some and `{other}` for {}",
                            file.name
                        )));
                    }
                    (None, Some(value)) => *common = Some(value.clone()),
                    _ => {}
                }
            }
        }
        Ok(common)
    }

    fn add_names(&mut self, names: &[String], from: &str) -> Result<(), ConfigError> {
        for name in names {
            let is_word = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
            if !is_word {
                return Err(ConfigError(format!(
                    "{from}: `{name}` cannot be the name of a label; names are made of a-z, 0-9 \
                     and _, and begin with a letter"
                )));
            }
            if self.names.contains(name) {
                return Err(ConfigError(format!("{from}: there is a label `{name}` already")));
            }
            self.names.push(name.clone());
        }
        Ok(())
    }
}

/// The labels of the flows of a capture.
#[derive(Clone, Debug)]
pub(crate) struct FlowLabels<'l> {
    of_capture: &'l LabelValues,
    of_comments: Option<CommentLabels>,
}

impl FlowLabels<'_> {
    /// Appends them to the rows of flows, whose first frames have these numbers.
    pub(crate) fn append(&self, first_frames: &[u64], flows: &mut Batch) {
        append(self.of_capture, flows);
        if let Some(comments) = &self.of_comments {
            comments.append(first_frames, flows);
        }
    }

    /// Whether those of flows may differ.
    pub(crate) fn are_in_comments(&self) -> bool {
        self.of_comments.is_some()
    }

    /// Those that comments tell of a frame, as a number: equal numbers are equal labels.
    pub(crate) fn place_of(&self, frame: u64) -> u32 {
        self.of_comments.as_ref().map_or(0, |comments| comments.place_of(frame))
    }

    /// What [`Self::place_of`] stands for.
    pub(crate) fn in_comments(&self, place: u32) -> LabelValues {
        self.of_comments.as_ref().map_or_else(Vec::new, |comments| comments.at(place))
    }

    /// How often a limit was reached.
    pub(crate) fn dropped(&self) -> u64 {
        self.of_comments.as_ref().map_or(0, CommentLabels::dropped)
    }
}

/// Appends the labels of a capture to its rows.
pub(crate) fn append(values: &LabelValues, batch: &mut Batch) {
    for value in values {
        let mut series = Series::new(DataType::Text);
        for _ in 0..batch.rows {
            match value {
                Some(value) => series.push_text(value),
                None => series.push_null(),
            }
        }
        batch.columns.push(series);
    }
}

fn column(name: &str) -> Column {
    Column {
        name: format!("label_{name}").into(),
        doc: format!("The capture's label `{name}`, as the user gave it.").into(),
        data_type: DataType::Text,
        nullable: true,
        unit: Unit::None,
        role: Role::Label,
        family: "label",
        population: "",
        since: "0.1",
    }
}

fn extend(values: &mut LabelValues, found: Option<LabelValues>, names: usize) {
    values.extend(found.unwrap_or_else(|| vec![None; names]));
}

#[cfg(test)]
mod tests;
