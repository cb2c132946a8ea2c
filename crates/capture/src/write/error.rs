//! Why a frame cannot be written.

use std::{error, fmt, io};

use flowloom_schema::{LinkType, Timestamp};

/// Why a frame cannot be written.
#[derive(Debug)]
pub enum WriteError {
    /// A pcap file has one link type.
    Links(LinkType, LinkType),
    /// A pcap file does not say of which interface a frame is.
    Interfaces(String, String),
    /// The format has no way to say this time.
    Time(Timestamp),
    /// The resolution of a pcap file is chosen at its first frame, and a later one needs more.
    Resolution,
    /// The link type has no number in these formats.
    Link(LinkType),
    /// Its interface is not among those of the facts.
    NoInterface(u16),
    /// The output fails.
    Io(io::Error),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Links(first, other) => write!(
                f,
                "pcap holds frames of one link type, and there are {first} and {other}; hint: \
                 write pcapng, or one of them alone"
            ),
            Self::Interfaces(first, other) => write!(
                f,
                "pcap does not say on which interface a frame was captured, and there are {first} \
                 and {other}; hint: write pcapng"
            ),
            Self::Time(time) => {
                let (sign, seconds, nanos) = time.decimal();
                write!(
                    f,
                    "a time of {sign}{seconds}.{nanos:09} s since 1970 cannot be written in this \
                     format; hint: write pcapng with nanoseconds"
                )
            }
            Self::Resolution => f.write_str(
                "the first frame has microseconds, and a later one nanoseconds; hint: write \
                 pcapng, or give a resolution",
            ),
            Self::Link(link) => {
                write!(f, "the link type {link} has no number in pcap and pcapng")
            }
            Self::NoInterface(index) => write!(f, "interface {index} is not described"),
            Self::Io(cause) => cause.fmt(f),
        }
    }
}

impl error::Error for WriteError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(cause) => Some(cause),
            _ => None,
        }
    }
}
