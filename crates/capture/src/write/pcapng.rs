//! Writing the next generation format, always least byte first.
//!
//! A section of the input becomes a section of the output, with its interfaces in their order.

use super::{Record, Scope, WriteError, WriteSettings};
use crate::bytes::ByteOrder;
use crate::clock::{Clock, Resolution};
use crate::facts::{Facts, Interface, Section, Statistics};
use crate::options::{COMMENT, EPB_FLAGS, RawOption};
use crate::pcapng::{
    BYTE_ORDER_MAGIC, DECRYPTION_SECRETS, ENHANCED_PACKET, INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS, NAME_RESOLUTION, SECTION_HEADER, notes,
};
use crate::snoop;

/// What was written so far of a file.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    settings: WriteSettings,
    /// The section of the input whose frames come now.
    section: Option<u64>,
    /// Interfaces of this section that are described, by their index in the facts.
    interfaces: Vec<u16>,
    /// The first of the facts' interfaces that is not, where all are described in their order.
    next: usize,
    /// Names of the facts that are written.
    names: usize,
    /// Secrets of the facts that are written.
    secrets: usize,
    last: Option<Last>,
}

/// The interface of the last frame.
#[derive(Clone, Copy, Debug)]
struct Last {
    index: u16,
    id: u32,
    clock: Clock,
}

impl Encoder {
    pub(super) fn new(settings: WriteSettings) -> Self {
        Self {
            settings,
            section: None,
            interfaces: Vec::new(),
            next: 0,
            names: 0,
            secrets: 0,
            last: None,
        }
    }

    pub(super) fn frame(
        &mut self,
        facts: &Facts,
        record: &Record<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let as_read = record.ticks.filter(|_| self.settings.resolution.is_none());
        let ticks_of = |clock: Clock| {
            let ticks = as_read.or_else(|| clock.ticks(record.time));
            ticks.ok_or(WriteError::Time(record.time))
        };
        let (id, ticks) = match self.last {
            Some(last) if last.index == record.interface => (last.id, ticks_of(last.clock)?),
            _ => {
                let index = record.interface;
                let interface = facts.interfaces.get(usize::from(index));
                let interface = interface.ok_or(WriteError::NoInterface(index))?;
                if snoop::is_unknown(interface.link) {
                    return Err(WriteError::Link(interface.link));
                }
                let clock = self.clock(interface);
                let ticks = ticks_of(clock)?;
                let id = self.id(facts, interface, index, out);
                self.last = Some(Last { index, id, clock });
                (id, ticks)
            }
        };
        if facts.secrets.len() + facts.names.len() > self.secrets + self.names {
            self.names_and_secrets(facts, out);
        }
        let captured = record.data.len() as u32;
        let start = begin(ENHANCED_PACKET, out);
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&halves(ticks));
        for len in [captured, record.original] {
            out.extend_from_slice(&len.to_le_bytes());
        }
        padded(record.data, out);
        if record.comment.is_some() || !record.options.is_empty() {
            frame_options(record, out);
        }
        end(start, out);
        Ok(())
    }

    pub(super) fn finish(&mut self, facts: &Facts, out: &mut Vec<u8>) {
        if self.settings.scope == Scope::Few {
            if self.section.is_none() {
                self.begin_section(facts, 0, out);
            }
            return;
        }
        let last = facts.interfaces.last().map_or(0, |interface| interface.section);
        // Sections and interfaces without frames.
        let first = self.section.unwrap_or(0);
        for section in first..=last.max(first) {
            if self.section != Some(section) {
                self.begin_section(facts, section, out);
            }
            self.describe_all(facts, out);
            if self.settings.scope == Scope::Whole {
                self.statistics(facts, out);
            }
        }
        self.names_and_secrets(facts, out);
    }

    /// The number of an interface, which is described if it is not yet.
    fn id(&mut self, facts: &Facts, interface: &Interface, index: u16, out: &mut Vec<u8>) -> u32 {
        if self.section != Some(interface.section) {
            self.leave_section(facts, interface.section, out);
        }
        // In most files, all are described in their order.
        let first = self.interfaces.first().copied().unwrap_or(0);
        let at = usize::from(index.wrapping_sub(first));
        let known = match self.interfaces.get(at) {
            Some(&known) if known == index => Some(at),
            _ => self.interfaces.iter().position(|&known| known == index),
        };
        if let Some(id) = known {
            return id as u32;
        }
        if self.settings.scope == Scope::Few {
            self.describe(interface, index, out);
            return self.interfaces.len() as u32 - 1;
        }
        self.describe_all(facts, out);
        let first = self.interfaces.first().copied().unwrap_or(0);
        u32::from(index.wrapping_sub(first))
    }

    /// Goes on to the section of the next frame, over those that have none.
    fn leave_section(&mut self, facts: &Facts, section: u64, out: &mut Vec<u8>) {
        let is_all = self.settings.scope != Scope::Few;
        if is_all && self.section.is_some() {
            self.describe_all(facts, out);
        }
        if self.settings.scope == Scope::Whole && self.section.is_some() {
            self.statistics(facts, out);
        }
        let next = self.section.map_or(0, |section| section + 1);
        for passed in (next..section).filter(|_| is_all) {
            self.begin_section(facts, passed, out);
            self.describe_all(facts, out);
        }
        self.begin_section(facts, section, out);
    }

    fn begin_section(&mut self, facts: &Facts, section: u64, out: &mut Vec<u8>) {
        let said = usize::try_from(section).ok().and_then(|section| facts.sections.get(section));
        section_header(said, out);
        self.section = Some(section);
        self.interfaces.clear();
        self.last = None;
    }

    /// Describes the section's interfaces that are known by now.
    fn describe_all(&mut self, facts: &Facts, out: &mut Vec<u8>) {
        for (index, interface) in facts.interfaces.iter().enumerate().skip(self.next) {
            if Some(interface.section) != self.section {
                break;
            }
            self.describe(interface, index as u16, out);
            self.next = index + 1;
        }
    }

    fn describe(&mut self, interface: &Interface, index: u16, out: &mut Vec<u8>) {
        let resolution = self.settings.resolution.unwrap_or(interface.resolution);
        interface_description(interface, resolution, out);
        self.interfaces.push(index);
    }

    fn clock(&self, interface: &Interface) -> Clock {
        let resolution = self.settings.resolution.unwrap_or(interface.resolution);
        Clock::new(resolution, interface.offset_seconds)
    }

    fn names_and_secrets(&mut self, facts: &Facts, out: &mut Vec<u8>) {
        if self.settings.scope != Scope::Few {
            for secret in facts.secrets.iter().skip(self.secrets) {
                let start = begin(DECRYPTION_SECRETS, out);
                for word in [secret.kind, secret.bytes.len() as u32] {
                    out.extend_from_slice(&word.to_le_bytes());
                }
                padded(&secret.bytes, out);
                end(start, out);
            }
            if facts.names.len() > self.names {
                name_resolution(facts, self.names, out);
            }
        }
        (self.secrets, self.names) = (facts.secrets.len(), facts.names.len());
    }

    /// What was counted on the interfaces of this section.
    fn statistics(&self, facts: &Facts, out: &mut Vec<u8>) {
        for (id, &index) in self.interfaces.iter().enumerate() {
            if let Some(interface) = facts.interfaces.get(usize::from(index))
                && let Some(statistics) = &interface.statistics
            {
                interface_statistics(id as u32, statistics, self.clock(interface), out);
            }
        }
    }
}

fn section_header(said: Option<&Section>, out: &mut Vec<u8>) {
    let start = begin(SECTION_HEADER, out);
    out.extend_from_slice(&BYTE_ORDER_MAGIC.to_le_bytes());
    for half in [1_u16, 0] {
        out.extend_from_slice(&half.to_le_bytes());
    }
    // How long it is, is not known.
    out.extend_from_slice(&u64::MAX.to_le_bytes());
    if let Some(said) = said.filter(|said| **said != Section::default()) {
        let Section { hardware, os, application, options } = said;
        let texts = [
            (notes::SHB_HARDWARE, hardware),
            (notes::SHB_OS, os),
            (notes::SHB_USER_APPLICATION, application),
        ];
        end_of_options(&texts, options, out);
    }
    end(start, out);
}

fn interface_description(interface: &Interface, resolution: Resolution, out: &mut Vec<u8>) {
    let start = begin(INTERFACE_DESCRIPTION, out);
    out.extend_from_slice(&interface.link.0.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&interface.snap_len.to_le_bytes());
    let Interface { name, description, filter, os, offset_seconds, options, .. } = interface;
    if resolution != Resolution::default() {
        option(notes::IF_TSRESOL, &[resolution.0], out);
    }
    if *offset_seconds != 0 {
        option(notes::IF_TSOFFSET, &offset_seconds.to_le_bytes(), out);
    }
    if let Some(filter) = filter {
        option(notes::IF_FILTER, &[&[0], filter.as_bytes()].concat(), out);
    }
    let texts = [(notes::IF_NAME, name), (notes::IF_DESCRIPTION, description), (notes::IF_OS, os)];
    end_of_options(&texts, options, out);
    end(start, out);
}

fn interface_statistics(id: u32, statistics: &Statistics, clock: Clock, out: &mut Vec<u8>) {
    // A time before the first that can be written becomes that one.
    let ticks = |time| halves(clock.ticks(time).unwrap_or(0));
    let Statistics { received, dropped, accepted, dropped_by_os, delivered, .. } = statistics;
    let start = begin(INTERFACE_STATISTICS, out);
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&ticks(statistics.at));
    for (code, time) in
        [(notes::ISB_STARTTIME, statistics.since), (notes::ISB_ENDTIME, statistics.until)]
    {
        if let Some(time) = time {
            option(code, &ticks(time), out);
        }
    }
    for (code, count) in [
        (notes::ISB_IFRECV, received),
        (notes::ISB_IFDROP, dropped),
        (notes::ISB_FILTERACCEPT, accepted),
        (notes::ISB_OSDROP, dropped_by_os),
        (notes::ISB_USRDELIV, delivered),
    ] {
        if let Some(count) = count {
            option(code, &count.to_le_bytes(), out);
        }
    }
    end_of_options(&[], &statistics.options, out);
    end(start, out);
}

/// A timestamp: its upper half comes first.
fn halves(ticks: u64) -> [u8; 8] {
    ticks.rotate_left(32).to_le_bytes()
}

/// The last options of a block, and the mark that there are no more, if there are any.
fn end_of_options(texts: &[(u16, &Option<String>)], options: &[RawOption], out: &mut Vec<u8>) {
    for (code, text) in texts {
        if let Some(text) = text {
            option(*code, text.as_bytes(), out);
        }
    }
    for RawOption { code, value } in options {
        option(*code, value, out);
    }
    option(END, &[], out);
}

fn name_resolution(facts: &Facts, from: usize, out: &mut Vec<u8>) {
    let start = begin(NAME_RESOLUTION, out);
    for name in facts.names.iter().skip(from) {
        let mut value = Vec::new();
        let code = match name.address {
            std::net::IpAddr::V4(v4) => {
                value.extend_from_slice(&v4.octets());
                notes::NRB_IPV4
            }
            std::net::IpAddr::V6(v6) => {
                value.extend_from_slice(&v6.octets());
                notes::NRB_IPV6
            }
        };
        value.extend_from_slice(name.name.as_bytes());
        value.push(0);
        option(code, &value, out);
    }
    option(END, &[], out);
    end(start, out);
}

fn frame_options(record: &Record<'_>, out: &mut Vec<u8>) {
    let is_big = record.options.order() == ByteOrder::Big;
    for (code, value) in record.options.all() {
        let at = out.len();
        option(code, value, out);
        let value_at = at + 4..at + 4 + value.len();
        if let (true, Some(value)) = (is_big, out.get_mut(value_at)) {
            least_byte_first(code, value);
        }
    }
    if let Some(comment) = record.comment {
        option(COMMENT, comment.as_bytes(), out);
    }
    option(END, &[], out);
}

/// Turns around the number that an option of a frame begins with.
fn least_byte_first(code: u16, value: &mut [u8]) {
    let number = match code {
        EPB_FLAGS | EPB_QUEUE | CUSTOM.. => 4,
        EPB_DROPCOUNT | EPB_PACKETID => 8,
        _ => 0,
    };
    if let Some(number) = value.get_mut(..number) {
        number.reverse();
    }
}

/// An option; of a value that is longer than one can be, as much as fits.
fn option(code: u16, value: &[u8], out: &mut Vec<u8>) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    padded(value, out);
}

fn padded(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
    let padding = bytes.len().next_multiple_of(4) - bytes.len();
    out.extend_from_slice(&[0; 3][..padding]);
}

/// Begins a block; where.
fn begin(kind: u32, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    start
}

/// Ends the block that begins at `start`: its length is known now.
fn end(start: usize, out: &mut Vec<u8>) {
    let len = ((out.len() - start + 4) as u32).to_le_bytes();
    out.extend_from_slice(&len);
    if let Some(at) = out.get_mut(start + 4..start + 8) {
        at.copy_from_slice(&len);
    }
}

const END: u16 = 0;
const EPB_DROPCOUNT: u16 = 4;
const EPB_PACKETID: u16 = 5;
const EPB_QUEUE: u16 = 6;
/// From here on, what programs define for themselves: the number of who defined it comes first.
const CUSTOM: u16 = 2_988;
