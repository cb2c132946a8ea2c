//! Records into a file of their own: the headers that must come first, then the records as they are.

use std::io;

use flowloom_capture::Span;

use super::original::{Layout, Original, PcapLayout, Section};
use super::packet_block::{Block, word};

/// A capture in the making: what its next record finds before it.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    /// The header of a pcap file, once it is written.
    header: Option<Vec<u8>>,
    /// Of pcapng: which capture and section the last record was of.
    section: Option<(usize, usize)>,
    /// Of that section: its interfaces in the order they are described in this file.
    interfaces: Vec<usize>,
}

/// Why a record cannot be appended.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The original cannot be read there, or is another file by now.
    Original(io::Error),
    /// It is of another format or link type than those before it.
    Other,
}

impl From<io::Error> for Refusal {
    fn from(failure: io::Error) -> Self {
        Self::Original(failure)
    }
}

impl Piece {
    /// The ending of names of files for records of an original.
    pub(crate) fn ending(original: &Original) -> &'static str {
        match original.layout() {
            Layout::Pcapng => "pcapng",
            Layout::Pcap(_) | Layout::Snoop => "pcap",
        }
    }

    /// Appends the record that begins at an offset of capture number `capture`.
    pub(crate) fn append(
        &mut self,
        (capture, original): (usize, &mut Original),
        offset: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match original.layout() {
            Layout::Pcap(pcap) => {
                if self.section != Some((capture, 0)) {
                    let mut header = original.span(Span { offset: 0, len: PCAP_HEADER_LEN })?;
                    if pcap.is_modified {
                        let magic = MAGIC_MICROSECONDS;
                        let magic =
                            if pcap.big_endian { magic.to_be_bytes() } else { magic.to_le_bytes() };
                        header.splice(..4, magic);
                    }
                    self.begin_pcap(capture, header, out)?;
                }
                append_pcap(pcap, original.record(offset)?.bytes, out);
            }
            Layout::Snoop => {
                if self.section != Some((capture, 0)) {
                    let link = original.section(0).and_then(|section| section.interfaces.first());
                    let link = link.map_or(0, |interface| interface.link.0);
                    self.begin_pcap(capture, microsecond_header(link), out)?;
                }
                append_snoop(original.record(offset)?.bytes, out);
            }
            Layout::Pcapng => self.append_pcapng((capture, original), offset, out)?,
        }
        Ok(())
    }

    /// Writes the header of a pcap file if it is the first; otherwise it must be the same.
    fn begin_pcap(
        &mut self,
        capture: usize,
        header: Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match &self.header {
            None if self.section.is_some() => return Err(Refusal::Other),
            Some(before) if !is_alike(before, &header) => return Err(Refusal::Other),
            Some(_) => {}
            None => {
                out.extend_from_slice(&header);
                self.header = Some(header);
            }
        }
        self.section = Some((capture, 0));
        Ok(())
    }

    fn append_pcapng(
        &mut self,
        (capture, original): (usize, &mut Original),
        offset: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        if self.header.is_some() {
            return Err(Refusal::Other);
        }
        let (number, start) = {
            let record = original.record(offset)?;
            let start = record.bytes.first_chunk::<BLOCK_START_LEN>().copied();
            (record.section, start.unwrap_or_default())
        };
        let section = original.section(number).ok_or_else(no_section)?;
        let big_endian = section.big_endian;
        let block = Block::of(&start, big_endian).ok_or_else(no_section)?;
        let id = block.interface(&start, big_endian);
        let known = self.interfaces.iter().position(|known| *known == id);
        // A simple packet block is of the first interface, without saying so.
        let must_begin = block == Block::Simple && known.is_some_and(|at| at > 0)
            || block == Block::Simple && known.is_none() && !self.interfaces.is_empty();
        if self.section != Some((capture, number)) || must_begin {
            begin_section(original, section, out)?;
            self.section = Some((capture, number));
            self.interfaces.clear();
        }
        let known = self.interfaces.iter().position(|known| *known == id);
        let at = if let Some(at) = known {
            at
        } else {
            let interface = section.interfaces.get(id).ok_or_else(no_section)?;
            out.extend_from_slice(&original.span(interface.at)?);
            self.interfaces.push(id);
            self.interfaces.len() - 1
        };
        let start = out.len();
        out.extend_from_slice(original.record(offset)?.bytes);
        block.set_interface(&mut out[start..], at, big_endian);
        Ok(())
    }
}

/// Writes the header of a section, which says of no length: it has other blocks now.
fn begin_section(original: &Original, section: &Section, out: &mut Vec<u8>) -> io::Result<()> {
    let start = out.len();
    out.extend_from_slice(&original.span(section.header)?);
    if let Some(length) = out[start..].get_mut(SECTION_LENGTH_AT..SECTION_LENGTH_AT + 8) {
        length.fill(0xff);
    }
    Ok(())
}

fn append_pcap(pcap: PcapLayout, record: &[u8], out: &mut Vec<u8>) {
    let (header, _) = record.split_at(RECORD_HEADER_LEN.min(record.len()));
    out.extend_from_slice(header);
    out.extend_from_slice(record.get(pcap.header_len()..).unwrap_or_default());
}

fn append_snoop(record: &[u8], out: &mut Vec<u8>) {
    let [original, captured, seconds, micros] = [0, 4, 16, 20].map(|at| word(record, at, true));
    for number in [seconds, micros, captured, original] {
        out.extend_from_slice(&(number as u32).to_le_bytes());
    }
    let data = record.get(SNOOP_HEADER_LEN..).unwrap_or_default();
    out.extend_from_slice(data.get(..captured).unwrap_or(data));
}

fn microsecond_header(link: u16) -> Vec<u8> {
    let mut header = MAGIC_MICROSECONDS.to_le_bytes().to_vec();
    header.extend_from_slice(&[2, 0, 4, 0]);
    header.extend_from_slice(&[0; 8]);
    header.extend_from_slice(&SNAP_LEN.to_le_bytes());
    header.extend_from_slice(&u32::from(link).to_le_bytes());
    header
}

/// Whether two headers of pcap files say the same of records: byte order, resolution, version, link
/// type. The snap length does not matter.
fn is_alike(one: &[u8], other: &[u8]) -> bool {
    one.get(..8) == other.get(..8) && one.get(20..) == other.get(20..)
}

fn no_section() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "there is no frame of a known interface there")
}

const PCAP_HEADER_LEN: u32 = 24;
const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
const RECORD_HEADER_LEN: usize = 16;
const SNOOP_HEADER_LEN: usize = 24;
const SNAP_LEN: u32 = 262_144;
/// Of a block, enough to tell its type and interface.
const BLOCK_START_LEN: usize = 12;
/// Where the length of a section is in its header.
const SECTION_LENGTH_AT: usize = 16;
