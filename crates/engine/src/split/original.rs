//! The records of a capture, read again at any place.
//!
//! Records are taken as they are stored, so that nothing of a frame is lost on its way into another
//! file: time, lengths, interface, comments and whatever else its options say.

use std::fs::File;
use std::io;

use flowloom_capture::{Interface, Limits, Span};
use flowloom_schema::NANOS_PER_SECOND;

use super::packet_block::{Block, word};

/// A plain capture, or what was kept of one that was compressed or came through a pipe.
#[derive(Debug)]
pub(crate) struct Original {
    file: File,
    layout: Layout,
    /// Of pcapng, in the order of the file.
    sections: Vec<Section>,
    /// Bytes read lately, and where they begin.
    window: Vec<u8>,
    window_at: u64,
    record_bytes_max: usize,
    /// Of the record whose time was asked for before.
    time: i64,
}

/// How records are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Pcap(PcapLayout),
    Pcapng,
    Snoop,
}

/// What the header of a pcap file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PcapLayout {
    pub(crate) big_endian: bool,
    nanos_per_tick: i64,
    /// Of the modified format, with 8 bytes more in each record header.
    pub(crate) is_modified: bool,
    /// Whether either of the two lengths of a record may be the captured one: before version 2.4.
    either_first: bool,
}

/// A section of a pcapng file.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) header: Span,
    pub(crate) big_endian: bool,
    pub(crate) interfaces: Vec<Interface>,
}

/// Which record, and of which section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) bytes: &'a [u8],
    /// Index of the section, 0 where there are none.
    pub(crate) section: usize,
}

impl Original {
    /// Looks at the header of a capture.
    pub(crate) fn open(file: File, limits: Limits) -> io::Result<Self> {
        let mut head = [0; FILE_HEADER_LEN];
        // A capture that is cut in its header has no record that anybody will ask for.
        read_some(&file, &mut head, 0)?;
        let record_bytes_max = limits.record_bytes_max.max(limits.frame_bytes_max) as usize;
        Ok(Self {
            file,
            layout: layout(&head),
            sections: Vec::new(),
            window: Vec::new(),
            window_at: 0,
            record_bytes_max: record_bytes_max.saturating_add(RECORD_HEADERS_MAX),
            time: 0,
        })
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// Notes interfaces, which come in the order of the file.
    pub(crate) fn note(&mut self, interfaces: &[Interface]) -> io::Result<()> {
        for interface in interfaces {
            if self.sections.last().is_none_or(|last| last.header != interface.section_at) {
                let mut start = [0; SECTION_START_LEN];
                read_at(&self.file, &mut start, interface.section_at.offset)?;
                let [.., m0, m1, m2, m3] = start;
                let big_endian = [m0, m1, m2, m3] == BYTE_ORDER_MAGIC_BIG;
                let (header, interfaces) = (interface.section_at, Vec::new());
                self.sections.push(Section { header, big_endian, interfaces });
            }
            if let Some(section) = self.sections.last_mut() {
                section.interfaces.push(interface.clone());
            }
        }
        Ok(())
    }

    /// A section by its index.
    pub(crate) fn section(&self, index: usize) -> Option<&Section> {
        self.sections.get(index)
    }

    /// The record that begins at an offset.
    pub(crate) fn record(&mut self, offset: u64) -> io::Result<Record<'_>> {
        let section = self.sections.partition_point(|section| section.header.offset <= offset);
        let section = section.saturating_sub(1);
        let big_endian = self.sections.get(section).is_some_and(|section| section.big_endian);
        let layout = self.layout;
        let start = self.bytes(offset, RECORD_START_LEN)?;
        let len = match layout {
            Layout::Pcap(pcap) => pcap.record_len(start),
            Layout::Pcapng => word(start, 4, big_endian).next_multiple_of(4),
            Layout::Snoop => word(start, 8, true),
        };
        if len < RECORD_START_LEN || len > self.record_bytes_max {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no record there"));
        }
        let bytes = self.bytes(offset, len)?;
        Ok(Record { bytes, section })
    }

    /// The time of the record that begins at an offset; that of the one asked for before, if it has
    /// none of its own.
    pub(crate) fn time(&mut self, offset: u64) -> io::Result<i64> {
        let layout = self.layout;
        let Record { bytes, section } = self.record(offset)?;
        let seconds = |seconds: usize, rest: usize, nanos: i64| {
            seconds as i64 * NANOS_PER_SECOND + rest as i64 * nanos
        };
        let time = match layout {
            Layout::Pcap(PcapLayout { big_endian, nanos_per_tick, .. }) => {
                let [whole, ticks] = [0, 4].map(|at| word(bytes, at, big_endian));
                Some(seconds(whole, ticks, nanos_per_tick))
            }
            Layout::Snoop => Some(seconds(word(bytes, 16, true), word(bytes, 20, true), 1_000)),
            Layout::Pcapng => {
                let start = bytes.first_chunk::<PACKET_START_LEN>().copied();
                let section = self.sections.get(section);
                start.zip(section).and_then(|(start, section)| section.time(&start))
            }
        };
        self.time = time.unwrap_or(self.time);
        Ok(self.time)
    }

    /// Bytes that are no record: headers and descriptions.
    pub(crate) fn span(&self, span: Span) -> io::Result<Vec<u8>> {
        if span.len as usize > self.record_bytes_max {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no header there"));
        }
        let mut bytes = vec![0; span.len as usize];
        read_at(&self.file, &mut bytes, span.offset)?;
        Ok(bytes)
    }

    /// `len` bytes at an offset, from those read lately if they are among them.
    fn bytes(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let end = self.window_at + self.window.len() as u64;
        let is_there = offset >= self.window_at && offset + len as u64 <= end;
        if !is_there {
            // Frames of a flow that follow one another closely are read together.
            let is_near = offset >= self.window_at && offset < end + WINDOW_BYTES_MAX as u64;
            let ahead = if is_near { 2 * self.window.len() } else { 0 };
            let wanted = ahead.clamp(WINDOW_BYTES_MIN, WINDOW_BYTES_MAX).max(len);
            self.window.resize(wanted, 0);
            self.window_at = offset;
            let filled = read_some(&self.file, &mut self.window, offset);
            self.window.truncate(filled.as_ref().copied().unwrap_or(0));
            filled?;
        }
        let start = (offset - self.window_at) as usize;
        self.window.get(start..start + len).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Section {
    /// The time of a frame, from the beginning of its block.
    fn time(&self, start: &[u8; PACKET_START_LEN]) -> Option<i64> {
        let block = Block::of(start, self.big_endian)?;
        let interface = self.interfaces.get(block.interface(start, self.big_endian))?;
        let [high, low] = [12, 16].map(|at| word(start, at, self.big_endian) as u64);
        (block != Block::Simple).then(|| interface.time(high << 32 | low).0)
    }
}

impl PcapLayout {
    /// Bytes of a record header.
    pub(crate) fn header_len(self) -> usize {
        if self.is_modified { 24 } else { 16 }
    }

    fn record_len(self, start: &[u8]) -> usize {
        let (captured, original) =
            (word(start, 8, self.big_endian), word(start, 12, self.big_endian));
        let captured = if self.either_first { captured.min(original) } else { captured };
        self.header_len().saturating_add(captured)
    }
}

fn layout(head: &[u8; FILE_HEADER_LEN]) -> Layout {
    if head.starts_with(&SECTION_HEADER) {
        return Layout::Pcapng;
    }
    if head.starts_with(b"snoop\0\0\0") {
        return Layout::Snoop;
    }
    // The magic numbers of pcap begin with a1 in the file's own byte order.
    let big_endian = head[0] == 0xa1;
    let magic = word(head, 0, big_endian) as u32;
    let is_modified = magic == MAGIC_MODIFIED;
    let nanos_per_tick = if magic == MAGIC_NANOSECONDS { 1 } else { 1_000 };
    let version = word(head, 4, big_endian);
    let (major, minor) = if big_endian {
        (version >> 16, version & 0xffff)
    } else {
        (version & 0xffff, version >> 16)
    };
    let either_first = (major, minor) < (2, 4);
    Layout::Pcap(PcapLayout { big_endian, nanos_per_tick, is_modified, either_first })
}

/// Fills `buffer` as far as the file goes.
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_once(file, &mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(len) => filled += len,
            Err(failure) if failure.kind() == io::ErrorKind::Interrupted => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(filled)
}

fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    if read_some(file, buffer, offset)? < buffer.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

#[cfg(unix)]
fn read_once(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_once(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// The type of the block with which a section begins, the same in both byte orders.
pub(crate) const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BYTE_ORDER_MAGIC_BIG: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
const MAGIC_MODIFIED: u32 = 0xa1b2_cd34;
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Of all formats, enough to tell them apart: that of snoop.
const FILE_HEADER_LEN: usize = 16;
/// Of a section, up to the end of the number that tells its byte order.
const SECTION_START_LEN: usize = 12;
/// Of a record, enough to tell its length: the header of pcap.
const RECORD_START_LEN: usize = 16;
/// Of a packet block with a time, up to that.
const PACKET_START_LEN: usize = 20;
/// Of a record beside the frame, at most.
const RECORD_HEADERS_MAX: usize = 64;
/// Bytes read at once for a frame that is far from the one before.
const WINDOW_BYTES_MIN: usize = 2 << 10;
/// Bytes read at once for frames that are near one another.
const WINDOW_BYTES_MAX: usize = 64 << 10;
