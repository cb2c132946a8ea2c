//! Labels as pcapML has them: in a comment on each packet, which names the sample it belongs to.
//!
//! The comment is `SAMPLE,LABEL`, or `s=SAMPLE,NAME=VALUE,...` (nprint.github.io/pcapml).

use super::{LabelValues, Labels};
use crate::ConfigError;

/// What is noted on the frames of each of several captures.
#[derive(Clone, Debug, Default)]
pub struct SampleLabels {
    comments: Vec<Option<String>>,
}

impl SampleLabels {
    /// Makes each labelled capture a sample. Its identifier is the label `sample_id` or, without
    /// one, the number of the capture, counted from 0. With one more label, its value is the rest;
    /// with several, the names are written, too.
    pub fn new(labels: &Labels) -> Result<Self, ConfigError> {
        let comments = labels.values.iter().enumerate();
        let comments = comments.map(|(number, values)| comment(&labels.names, number, values));
        Ok(Self { comments: comments.collect::<Result<_, _>>()? })
    }

    /// Whether there is any.
    pub(crate) fn is_some(&self) -> bool {
        self.comments.iter().any(Option::is_some)
    }

    /// The comment on each frame of a capture.
    pub(crate) fn of(&self, capture: usize) -> Option<&str> {
        self.comments.get(capture)?.as_deref()
    }
}

fn comment(
    names: &[String],
    number: usize,
    values: &LabelValues,
) -> Result<Option<String>, ConfigError> {
    let known = names.iter().zip(values).filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let (samples, labels): (Vec<_>, Vec<_>) = known.partition(|(name, _)| *name == SAMPLE_ID);
    if samples.is_empty() && labels.is_empty() {
        return Ok(None);
    }
    let sample = samples.first().map_or_else(|| number.to_string(), |(_, id)| (*id).clone());
    refuse_comma(SAMPLE_ID, &sample)?;
    if let ([_] | [], true) = (&labels[..], names.len() - usize::from(has_id(names)) <= 1) {
        let label = labels.first().map_or("", |(_, label)| label);
        return Ok(Some(format!("{sample},{label}")));
    }
    let mut fields = vec![format!("s={sample}")];
    for (name, value) in labels {
        refuse_comma(name, value)?;
        fields.push(format!("{name}={value}"));
    }
    Ok(Some(fields.join(",")))
}

fn has_id(names: &[String]) -> bool {
    names.iter().any(|name| name == SAMPLE_ID)
}

fn refuse_comma(name: &str, value: &str) -> Result<(), ConfigError> {
    if value.contains(',') {
        return Err(ConfigError(format!(
            "the label `{name}` is `{value}`: pcapML has no way to write a comma there"
        )));
    }
    Ok(())
}

/// The label that is the identifier of a sample.
pub(super) const SAMPLE_ID: &str = "sample_id";
