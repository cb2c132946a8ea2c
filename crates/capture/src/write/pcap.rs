//! Writing the classic format of libpcap.

use flowloom_schema::{LinkType, NANOS_PER_SECOND};

use super::{Record, WriteError};
use crate::clock::Resolution;
use crate::facts::{Facts, Interface};
use crate::limits::Limits;
use crate::pcap::{MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, check_sequence_word};
use crate::pcapng::notes::IF_FCSLEN;
use crate::snoop;

/// What was written so far of a file.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    /// As it was asked for.
    resolution: Option<Resolution>,
    /// Of the file header, once it is written.
    header: Option<Header>,
}

#[derive(Clone, Copy, Debug)]
struct Header {
    link: LinkType,
    /// The interface whose frames were last found to be welcome.
    interface: u16,
    /// The first one.
    first: u16,
    nanos_per_tick: i64,
}

impl Encoder {
    pub(super) fn new(resolution: Option<Resolution>) -> Self {
        Self { resolution, header: None }
    }

    pub(super) fn frame(
        &mut self,
        facts: &Facts,
        record: &Record<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let index = record.interface;
        let header = match self.header {
            Some(header) if header.interface == index => header,
            Some(header) => other_interface(header, facts, index)?,
            None => {
                let interface = interface(facts, index)?;
                self.begin(interface, index)?
            }
        };
        let nanos = record.time.0;
        let seconds = u32::try_from(nanos.div_euclid(NANOS_PER_SECOND));
        let seconds = seconds.map_err(|_| WriteError::Time(record.time))?;
        let rest = nanos.rem_euclid(NANOS_PER_SECOND);
        if self.resolution.is_none() && rest % header.nanos_per_tick != 0 {
            return Err(WriteError::Resolution);
        }
        if self.header.is_none() {
            write_header(header, interface(facts, index)?, out);
        }
        self.header = Some(header);
        let ticks = (rest / header.nanos_per_tick) as u32;
        let captured = record.data.len() as u32;
        for word in [seconds, ticks, captured, record.original] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(record.data);
        Ok(())
    }

    /// The header of a file without frames, if none was written.
    pub(super) fn finish(&mut self, facts: &Facts, out: &mut Vec<u8>) -> Result<(), WriteError> {
        if self.header.is_none() {
            let ethernet = Interface { link: LinkType::ETHERNET, ..Interface::default() };
            let interface = facts.interfaces.first().unwrap_or(&ethernet);
            let header = self.begin(interface, 0)?;
            write_header(header, interface, out);
            self.header = Some(header);
        }
        Ok(())
    }

    fn begin(&self, interface: &Interface, index: u16) -> Result<Header, WriteError> {
        if snoop::is_unknown(interface.link) {
            return Err(WriteError::Link(interface.link));
        }
        let resolution = self.resolution.unwrap_or(interface.resolution);
        let nanos_per_tick = if resolution.is_whole_micros() { 1_000 } else { 1 };
        Ok(Header { link: interface.link, interface: index, first: index, nanos_per_tick })
    }
}

/// The header's word on frames of another interface than before.
fn other_interface(header: Header, facts: &Facts, index: u16) -> Result<Header, WriteError> {
    let (first, other) = (interface(facts, header.first)?, interface(facts, index)?);
    if other.link != header.link {
        return Err(WriteError::Links(header.link, other.link));
    }
    if (&first.name, &first.description) != (&other.name, &other.description) {
        return Err(WriteError::Interfaces(called(first), called(other)));
    }
    Ok(Header { interface: index, ..header })
}

fn interface(facts: &Facts, index: u16) -> Result<&Interface, WriteError> {
    facts.interfaces.get(usize::from(index)).ok_or(WriteError::NoInterface(index))
}

fn called(interface: &Interface) -> String {
    let name = interface.name.as_ref().or(interface.description.as_ref());
    name.cloned().unwrap_or_else(|| "one without a name".into())
}

fn write_header(header: Header, interface: &Interface, out: &mut Vec<u8>) {
    let magic = if header.nanos_per_tick == 1 { MAGIC_NANOSECONDS } else { MAGIC_MICROSECONDS };
    let snap_len = match interface.snap_len {
        0 => Limits::default().frame_bytes(header.link),
        snap_len => snap_len,
    };
    out.extend_from_slice(&magic.to_le_bytes());
    for half in [2_u16, 4] {
        out.extend_from_slice(&half.to_le_bytes());
    }
    let check_sequence = interface.options.iter().find(|option| option.code == IF_FCSLEN);
    let check_sequence = check_sequence.and_then(|option| option.value.first().copied());
    let network = u32::from(header.link.0) | check_sequence.map_or(0, check_sequence_word);
    for word in [0, 0, snap_len, network] {
        out.extend_from_slice(&word.to_le_bytes());
    }
}
