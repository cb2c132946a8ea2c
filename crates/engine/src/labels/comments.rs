//! Labels read from packet comments, as pcapML writes them: a flow has those of its first frame.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use flowloom_capture::{Block, Facts, ReadError, Source};
use flowloom_schema::{Batch, DataType, Series};

use super::samples::SAMPLE_ID;

/// What the comments of a capture say of its frames, as far as it was read.
#[derive(Clone, Debug)]
pub(crate) struct CommentLabels {
    read: Arc<Mutex<Runs>>,
}

/// Frames with the same labels, one run after the other.
#[derive(Debug)]
struct Runs {
    names: Vec<String>,
    /// Number of the first frame of each run, and the place of its labels.
    starts: Vec<(u64, u32)>,
    /// Values for each name. The first are those of frames without labels.
    values: Vec<Vec<Option<String>>>,
    /// By the text of the comment.
    known: HashMap<Vec<u8>, u32>,
    known_bytes: usize,
    /// Times that something was not kept.
    dropped: u64,
}

/// A source whose comments are read on their way.
struct Commented {
    source: Box<dyn Source>,
    labels: CommentLabels,
}

impl CommentLabels {
    /// Reads labels of these names while `source` is read.
    pub(crate) fn of(source: Box<dyn Source>, names: &[String]) -> (Box<dyn Source>, Self) {
        let runs = Runs {
            names: names.to_vec(),
            starts: Vec::new(),
            values: vec![vec![None; names.len()]],
            known: HashMap::new(),
            known_bytes: 0,
            dropped: 0,
        };
        let labels = Self { read: Arc::new(Mutex::new(runs)) };
        (Box::new(Commented { source, labels: labels.clone() }), labels)
    }

    /// Appends the labels of flows to their rows, by the number of the first frame of each.
    pub(crate) fn append(&self, first_frames: &[u64], batch: &mut Batch) {
        let runs = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for label in 0..runs.names.len() {
            let mut series = Series::new(DataType::Text);
            for &frame in first_frames {
                match runs.values_of(frame).get(label) {
                    Some(Some(value)) => series.push_text(value),
                    _ => series.push_null(),
                }
            }
            batch.columns.push(series);
        }
    }

    /// The place of the labels of a frame.
    pub(crate) fn place_of(&self, frame: u64) -> u32 {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).place_of(frame)
    }

    /// The labels in a place.
    pub(crate) fn at(&self, place: u32) -> Vec<Option<String>> {
        let runs = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        runs.values.get(place as usize).cloned().unwrap_or_default()
    }

    /// How often a limit was reached.
    pub(crate) fn dropped(&self) -> u64 {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).dropped
    }
}

impl Source for Commented {
    fn read(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        let more = self.source.read(block)?;
        let mut runs = self.labels.read.lock().unwrap_or_else(PoisonError::into_inner);
        for index in 0..block.frames.len() {
            let place = block.options(index).comments().find_map(|comment| runs.place(comment));
            runs.note(block.first + index as u64, place.unwrap_or(NO_LABELS));
        }
        Ok(more)
    }

    fn facts(&self) -> &Facts {
        self.source.facts()
    }
}

impl Runs {
    fn place_of(&self, frame: u64) -> u32 {
        let run = self.starts.partition_point(|&(first, _)| first <= frame);
        let run = run.checked_sub(1).and_then(|run| self.starts.get(run));
        run.map_or(NO_LABELS, |&(_, place)| place)
    }

    fn values_of(&self, frame: u64) -> &[Option<String>] {
        self.values.get(self.place_of(frame) as usize).map_or(&[], Vec::as_slice)
    }

    fn note(&mut self, frame: u64, place: u32) {
        let before = self.starts.last().map_or(NO_LABELS, |&(_, place)| place);
        if before == place {
            return;
        }
        if self.starts.len() < RUNS_MAX {
            self.starts.push((frame, place));
            return;
        }
        self.dropped += 1;
        // No label is better than a wrong one.
        if let Some(last) = self.starts.last_mut().filter(|(_, place)| *place != NO_LABELS) {
            *last = (frame, NO_LABELS);
        }
    }

    /// The place of the labels in a comment, if it is one of pcapML.
    fn place(&mut self, comment: &[u8]) -> Option<u32> {
        if let Some(&known) = self.known.get(comment) {
            return Some(known);
        }
        let labels = parse(std::str::from_utf8(comment).ok()?)?;
        let values = self.names.iter().map(|name| labels.of(name).map(str::to_owned));
        let values = values.collect::<Vec<_>>();
        let bytes = 2 * comment.len() + VALUE_BYTES;
        if self.known_bytes + bytes > KNOWN_BYTES_MAX {
            self.dropped += 1;
            return None;
        }
        self.known_bytes += bytes;
        let place = self.values.len() as u32;
        self.values.push(values);
        self.known.insert(comment.to_vec(), place);
        Some(place)
    }
}

/// What a comment says.
#[derive(Debug, PartialEq, Eq)]
enum Labelled<'c> {
    /// `SAMPLE,LABEL`
    Plain(&'c str, &'c str),
    /// `s=SAMPLE,NAME=VALUE,...`
    Named(&'c str),
}

impl<'c> Labelled<'c> {
    fn of(&self, name: &str) -> Option<&'c str> {
        let value = match (self, name) {
            (Self::Plain(sample, _), SAMPLE_ID) => Some(*sample),
            (Self::Plain(_, label), LABEL) => Some(*label),
            (Self::Plain(..), _) => None,
            (Self::Named(fields), SAMPLE_ID) => field(fields, "s"),
            // What captured a packet's process names it, and not a label.
            (Self::Named(fields), LABEL) => field(fields, "proc").or_else(|| field(fields, LABEL)),
            (Self::Named(fields), name) => field(fields, name),
        };
        value.filter(|value| !value.is_empty())
    }
}

fn parse(comment: &str) -> Option<Labelled<'_>> {
    let comment = comment.trim_end_matches('\0');
    if field(comment, "s").is_some() {
        return Some(Labelled::Named(comment));
    }
    let (sample, label) = comment.split_once(',')?;
    // Other comments have commas, too.
    let is_sample = !sample.is_empty() && !sample.contains(|c: char| c.is_whitespace() || c == '=');
    is_sample.then_some(Labelled::Plain(sample, label))
}

fn field<'c>(fields: &'c str, name: &str) -> Option<&'c str> {
    let mut fields = fields.split(',').filter_map(|field| field.split_once('='));
    fields.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The names of labels that every pcapML file has.
pub(super) const DEFAULT_NAMES: [&str; 2] = [SAMPLE_ID, LABEL];
const LABEL: &str = "label";
const NO_LABELS: u32 = 0;
/// Runs of frames with the same labels that are kept at most.
const RUNS_MAX: usize = 4 << 20;
/// Bytes of all comments that are kept together, each counted with [`VALUE_BYTES`] more.
const KNOWN_BYTES_MAX: usize = 64 << 20;
const VALUE_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::{Labelled, NO_LABELS, RUNS_MAX, Runs, parse};

    #[test]
    fn both_kinds_of_comments_are_read() {
        let of = |comment, names: &[&str]| {
            let labels = parse(comment)?;
            Some(names.iter().map(|name| labels.of(name)).collect::<Vec<_>>())
        };
        let both = ["sample_id", "label"];
        assert_eq!(
            of("9003219589747928972,google", &both),
            Some(vec![Some("9003219589747928972"), Some("google")])
        );
        assert_eq!(of("7,a,b", &both), Some(vec![Some("7"), Some("a,b")]));
        assert_eq!(of("7,", &both), Some(vec![Some("7"), None]));
        let keyed = "s=0,proc=curl,dir=lan2wan,dst=example.com";
        assert_eq!(
            of(keyed, &["sample_id", "label", "dst", "user"]),
            Some(vec![Some("0"), Some("curl"), Some("example.com"), None])
        );
        assert_eq!(of("s=3,website=a", &["website"]), Some(vec![Some("a")]));
        for other in ["", "no comma", "Hello there, this is odd", ",x", "a=b,c"] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert!(matches!(parse("s="), Some(Labelled::Named(_))));
    }

    #[test]
    fn beyond_the_limit_there_are_no_labels_rather_than_wrong_ones() {
        let mut runs = Runs {
            names: vec!["label".into()],
            starts: Vec::new(),
            values: vec![vec![None]],
            known: std::collections::HashMap::new(),
            known_bytes: 0,
            dropped: 0,
        };
        let places = [b"1,a", b"2,b"].map(|comment| runs.place(comment).unwrap());
        let frames = RUNS_MAX as u64 + 10;
        for frame in 1..=frames {
            runs.note(frame, places[frame as usize % 2]);
        }
        assert_eq!(runs.starts.len(), RUNS_MAX);
        assert_eq!(runs.values_of(0), [None]);
        assert_eq!(runs.values_of(1), [Some("b".to_string())]);
        assert_eq!(runs.values_of(frames), [None]);
        assert_eq!(runs.starts.last().unwrap().1, NO_LABELS);
        assert!(runs.dropped > 0);
    }
}
