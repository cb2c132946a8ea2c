//! Where captures are written to, and in which format.

use std::collections::HashSet;
use std::path::Path;

use flowloom_capture::{
    Facts, Format as InputFormat, Interface, Resolution, Section, WriteFormat, WriteSettings,
};
use flowloom_export::{Destination, Existing};
use flowloom_schema::Compression;

use super::Rewrite;
use crate::ConfigError;
use crate::endings::split_endings;

/// Where captures are written to, and how.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where to.
    pub destination: Destination,
    /// The format; if none is given, that of the name's ending, or of the input.
    pub format: Option<WriteFormat>,
    /// The compression; if none is given, that of the name's ending.
    pub compression: Option<Compression>,
    /// What a tick of timestamps is, if it is to be another than in the input.
    pub resolution: Option<Resolution>,
    /// What becomes of a file that is there.
    pub existing: Existing,
}

impl Target {
    /// As the name says.
    pub fn new(destination: Destination) -> Self {
        Self {
            destination,
            format: None,
            compression: None,
            resolution: None,
            existing: Existing::Keep,
        }
    }

    pub(super) fn check(&self, in_pieces: bool) -> Result<(), ConfigError> {
        if in_pieces && self.destination == Destination::Stdout {
            return Err(ConfigError("pieces are several files: name them with -o FILE".into()));
        }
        if self.named_format() == Named::NotWritten && self.format.is_none() {
            return Err(ConfigError(format!(
                "{} would not be what its ending says; captures are written as .pcap or .pcapng, plain or \
                 with .gz, .zst or .lz4 behind; hint: end the name so, or choose with --format",
                self.destination
            )));
        }
        Ok(())
    }

    pub(super) fn compression(&self) -> Compression {
        self.compression.unwrap_or_else(|| self.destination.compression())
    }

    /// How it is written, of an input of which that much is known before its first frame.
    pub(super) fn settings(
        &self,
        job: &Rewrite,
        facts: &Facts,
    ) -> Result<WriteSettings, ConfigError> {
        let format = self.format(facts);
        let mut resolution = self.resolution;
        if format == WriteFormat::Pcap {
            if job.samples.is_some() {
                let text = "labels are written as comments, which pcap has no place for; hint: write pcapng";
                return Err(ConfigError(text.into()));
            }
            if let Some(resolution) = self.resolution
                && ![Resolution::MICROSECONDS, Resolution::NANOSECONDS].contains(&resolution)
            {
                return Err(ConfigError(format!(
                    "pcap has microseconds or nanoseconds, not {resolution}; hint: write pcapng"
                )));
            }
            let needs_nanos = |interface: &Interface| !interface.resolution.is_whole_micros();
            if resolution.is_none() && facts.interfaces.iter().any(needs_nanos) {
                resolution = Some(Resolution::NANOSECONDS);
            }
        }
        Ok(WriteSettings { format, resolution, scope: job.scope })
    }

    /// The format, of an input of which that much is known.
    pub(super) fn format(&self, facts: &Facts) -> WriteFormat {
        match (self.format, self.named_format()) {
            (Some(format), _) | (None, Named::Format(format)) => format,
            (None, Named::Unknown | Named::NotWritten) => format_of(facts),
        }
    }

    fn named_format(&self) -> Named {
        let Destination::File(path) = &self.destination else { return Named::Unknown };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let lower = name.to_ascii_lowercase();
        if NOT_WRITTEN.iter().any(|ending| lower.ends_with(ending)) {
            return Named::NotWritten;
        }
        let (stem, endings) = split_endings(&name);
        let ending = name.get(stem.len()..stem.len() + endings.format).unwrap_or_default();
        let ending = ending.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase();
        match ending.as_str() {
            ".pcap" | ".cap" | ".dmp" => Named::Format(WriteFormat::Pcap),
            ".pcapng" | ".ntar" => Named::Format(WriteFormat::Pcapng),
            ".snoop" => Named::NotWritten,
            _ => Named::Unknown,
        }
    }
}

/// What names of other formats and compressions end in.
const NOT_WRITTEN: [&str; 19] = [
    ".bz2", ".xz", ".lzma", ".br", ".z", ".zip", ".7z", ".zstd", ".gzip", ".tar", ".erf", ".csv",
    ".json", ".jsonl", ".txt", ".xml", ".parquet", ".arrow", ".npz",
];

/// The format that a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Format(WriteFormat),
    NotWritten,
    Unknown,
}

/// The format of an input, or what can say all that several inputs say.
fn format_of(facts: &Facts) -> WriteFormat {
    let is_classic = facts.format != InputFormat::Pcapng;
    let identity = |interface: &Interface| (interface.link, interface.name.clone());
    let mut interfaces = facts.interfaces.iter().map(identity);
    let first = interfaces.next();
    if is_classic && interfaces.all(|other| Some(other) == first) {
        WriteFormat::Pcap
    } else {
        WriteFormat::Pcapng
    }
}

/// What a capture says that is not written: what the reader has passed over or could not keep, and
/// what pcap has no place for, the flags of so many frames among it.
pub(super) fn unsaid(facts: &Facts, flags: u64, format: WriteFormat) -> Vec<(String, u64)> {
    let is_pcap = format == WriteFormat::Pcap;
    let of_pcap = |count: usize| if is_pcap { count as u64 } else { 0 };
    let of_interfaces =
        |says: fn(&&Interface) -> bool| of_pcap(facts.interfaces.iter().filter(says).count());
    let (comments, machines) = if is_pcap {
        let says = |section: &&Section| **section != Section::default();
        (facts.comments.len(), facts.sections.iter().filter(says).count())
    } else {
        unsaid_of_sections(facts)
    };
    let all = [
        ("blocks of other kinds", facts.blocks_skipped),
        ("comments", comments as u64),
        ("flags of frames", of_pcap(flags as usize)),
        ("names of interfaces", of_interfaces(|interface| interface.name.is_some())),
        ("capture filters", of_interfaces(|interface| interface.filter.is_some())),
        ("counts of interfaces", of_interfaces(|interface| interface.statistics.is_some())),
        ("descriptions of machines", machines as u64),
        ("names of hosts", of_pcap(facts.names.len())),
        ("decryption secrets", of_pcap(facts.secrets.len()) + facts.secrets_dropped),
    ];
    let unsaid = all.into_iter().filter(|(_, count)| *count > 0);
    unsaid.map(|(what, count)| (what.into(), count)).collect()
}

/// How many comments and machines of sections are not written to pcapng: of captures that are put
/// together, the first section is, with the comments on the first sections of the others.
fn unsaid_of_sections(facts: &Facts) -> (usize, usize) {
    let written = facts.interfaces.last().map_or(1, |interface| interface.section as usize + 1);
    let (written, others) = facts.sections.split_at(written.min(facts.sections.len()));
    let said: HashSet<_> = written.iter().flat_map(|section| &section.options).collect();
    let options = others.iter().flat_map(|section| &section.options);
    let comments = options.filter(|option| option.is_comment() && !said.contains(option));
    let machine = |section: &Section| Section { options: Vec::new(), ..section.clone() };
    let mut known: HashSet<_> = written.iter().map(machine).collect();
    known.insert(Section::default());
    let machines = others.iter().map(machine).filter(|machine| !known.contains(machine));
    (comments.count(), machines.count())
}

/// The name of a piece: `a.pcap.gz` becomes `a-00001.pcap.gz`.
pub(super) fn piece_name(path: &Path, number: u64) -> std::path::PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (stem, _) = split_endings(&name);
    path.with_file_name(format!("{stem}-{number:05}{}", &name[stem.len()..]))
}
