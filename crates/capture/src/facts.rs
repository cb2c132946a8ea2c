//! What a capture says about itself, besides its frames.

use std::fmt;
use std::net::IpAddr;

use flowloom_schema::{Compression, LinkType, Timestamp};

use crate::Resolution;
use crate::options::RawOption;

/// What is known of an input. Grows while it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The file format, of the first capture if there are several.
    pub format: Format,
    /// How it is compressed, if it is.
    pub compression: Compression,
    /// The interfaces, in the order they are described; [`Frame::interface`](crate::Frame) is an
    /// index into them.
    pub interfaces: Vec<Interface>,
    /// What the sections of a pcapng file say of where they were written; of captures that are put
    /// together, the first of each come first, and the comments on these are on the first of all.
    pub sections: Vec<Section>,
    /// Comments on sections, interfaces and frames.
    pub comments: Vec<Comment>,
    /// Host names that the capturing machine knew of addresses.
    pub names: Vec<Name>,
    /// Keys to decrypt what was captured.
    pub secrets: Vec<Secret>,
    /// Bytes read from the input so far, as they are stored (compressed).
    pub bytes_read: u64,
    /// Bytes in the input, where that is known: not of a pipe.
    pub size: Option<u64>,
    /// Blocks of pcapng that are none of the above, and were passed over.
    pub blocks_skipped: u64,
    /// Comments, names and descriptions beyond
    /// [`Limits::notes_bytes_max`](crate::Limits::notes_bytes_max).
    pub notes_dropped: u64,
    /// Secrets beyond [`Limits::secrets_bytes_max`](crate::Limits::secrets_bytes_max).
    pub secrets_dropped: u64,
    /// What is odd, but did not end the reading.
    pub warnings: Vec<Warning>,
    /// Warnings beyond [`Limits::warnings_max`](crate::Limits::warnings_max).
    pub warnings_dropped: u64,
    /// Why reading ended before the end of the input.
    pub damage: Option<Warning>,
}

/// A file format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// The classic format of libpcap.
    #[default]
    Pcap,
    /// Its variant with 24-byte record headers, written by patched Linux tools of old.
    PcapModified,
    /// The next generation.
    Pcapng,
    /// Of Solaris (RFC 1761).
    Snoop,
}

/// What frames were captured on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interface {
    /// What its frames begin with.
    pub link: LinkType,
    /// Bytes kept of a frame at most; 0 when not limited.
    pub snap_len: u32,
    /// The section that describes it, counted from 0.
    pub section: u64,
    /// Its number in that section, counted from 0.
    pub id: u32,
    /// Such as `eth0`.
    pub name: Option<String>,
    /// What the operating system calls it.
    pub description: Option<String>,
    /// The capture filter.
    pub filter: Option<String>,
    /// The operating system of the capturing machine.
    pub os: Option<String>,
    /// What a tick of its timestamps is.
    pub resolution: Resolution,
    /// Seconds that are added to its timestamps; already done in frames.
    pub offset_seconds: i64,
    /// What the capturing program counted.
    pub statistics: Option<Statistics>,
    /// What else pcapng says of it, comments among it.
    pub options: Vec<RawOption>,
    /// Where the header of its section is, or that of the file; nowhere where captures are put
    /// together.
    pub section_at: Span,
    /// Where its description is; that is the header of the file where there is nothing else.
    pub at: Span,
}

/// A place in an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Where it begins in the (uncompressed) input.
    pub offset: u64,
    /// How many bytes it has; 0 if there is no such place.
    pub len: u32,
}

/// What a capturing program counted on an interface, from the last report in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Statistics {
    /// When it was reported.
    pub at: Timestamp,
    /// When counting began.
    pub since: Option<Timestamp>,
    /// When counting ended.
    pub until: Option<Timestamp>,
    /// Frames the interface received.
    pub received: Option<u64>,
    /// Frames the interface dropped.
    pub dropped: Option<u64>,
    /// Frames the filter accepted.
    pub accepted: Option<u64>,
    /// Frames the operating system dropped.
    pub dropped_by_os: Option<u64>,
    /// Frames handed to the capturing program.
    pub delivered: Option<u64>,
    /// What else is said, comments among it.
    pub options: Vec<RawOption>,
}

/// What a section of a pcapng file says of where it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Section {
    /// The machine.
    pub hardware: Option<String>,
    /// Its operating system.
    pub os: Option<String>,
    /// The program.
    pub application: Option<String>,
    /// What else is said, comments among it.
    pub options: Vec<RawOption>,
}

/// A comment in the capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Number of the frame it is on; 0 for one on a section, an interface or another block.
    pub frame: u64,
    /// The comment.
    pub text: String,
}

/// A host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its address.
    pub address: IpAddr,
    /// The name.
    pub name: String,
}

/// The content of a decryption secrets block.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Type by the pcapng registry: `0x544c534b` is a TLS key log.
    pub kind: u32,
    /// The secrets.
    pub bytes: Vec<u8>,
}

/// Does not show the secret, so that no log does.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret {{ kind: {:#010x}, bytes: [{} of them] }}", self.kind, self.bytes.len())
    }
}

/// Something odd, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The path, or what the input is called.
    pub input: String,
    /// Number of the frame that was read, or would have come next, in that input.
    pub frame: u64,
    /// Where the record in question begins in the (uncompressed) input.
    pub offset: u64,
    /// What is odd.
    pub text: String,
}

/// `a.pcap, frame 12 at byte 3456: what is odd`.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, frame, offset, text } = self;
        write!(f, "{input}, frame {frame} at byte {offset}: {text}")
    }
}

impl Statistics {
    /// What two captures say of one interface. If they began to count at the same time, they are
    /// parts of one recording, and the later report has what the earlier has counted; else each
    /// has counted frames of its own.
    pub(crate) fn join(self, other: Self) -> Self {
        if self.since.is_some() && self.since == other.since {
            return if self.at > other.at { self } else { other };
        }
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (one, none) => one.or(none),
        };
        let mut options = self.options;
        for option in other.options {
            if !options.contains(&option) {
                options.push(option);
            }
        }
        Self {
            at: self.at.max(other.at),
            since: self.since.into_iter().chain(other.since).min(),
            until: self.until.max(other.until),
            received: sum(self.received, other.received),
            dropped: sum(self.dropped, other.dropped),
            accepted: sum(self.accepted, other.accepted),
            dropped_by_os: sum(self.dropped_by_os, other.dropped_by_os),
            delivered: sum(self.delivered, other.delivered),
            options,
        }
    }
}

impl Format {
    /// The name by which it is known.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::PcapModified => "modified pcap",
            Self::Pcapng => "pcapng",
            Self::Snoop => "snoop",
        }
    }
}
