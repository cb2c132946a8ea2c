//! Blocks of pcapng that hold no frame: sections, interfaces, names, statistics, secrets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flowloom_schema::LinkType;

use super::{
    BLOCK_LEN_MIN, DECRYPTION_SECRETS, Described, INTERFACE_DESCRIPTION, INTERFACE_STATISTICS,
    NAME_RESOLUTION, Pcapng, SECTION_HEADER, too_short,
};
use crate::bytes::ByteOrder;
use crate::clock::{Clock, Resolution};
use crate::facts::{Interface, Name, Section, Span, Statistics};
use crate::options::{COMMENT, Options, RawOption};
use crate::walk::{Filling, Stop};

impl Pcapng {
    /// Reads a block, or passes over it.
    pub(super) fn note(
        &mut self,
        kind: u32,
        body: &[u8],
        filling: &mut Filling<'_>,
    ) -> Result<(), Stop> {
        match kind {
            SECTION_HEADER => self.section_header(body, filling)?,
            INTERFACE_DESCRIPTION => self.interface_description(body, filling)?,
            NAME_RESOLUTION => self.name_resolution(body, filling),
            INTERFACE_STATISTICS => self.interface_statistics(body, filling),
            DECRYPTION_SECRETS => self.decryption_secrets(body, filling),
            _ => filling.notebook.facts.blocks_skipped += 1,
        }
        Ok(())
    }

    fn section_header(&mut self, body: &[u8], filling: &mut Filling<'_>) -> Result<(), Stop> {
        let Some((&[_, _, _, _, m0, m1, n0, n1, ..], options)) = body.split_first_chunk::<16>()
        else {
            return Err(too_short("section header", body));
        };
        let major = self.order.u16([m0, m1]);
        if major != 1 {
            let minor = self.order.u16([n0, n1]);
            return Err(Stop::Damaged(format!("the section has version {major}.{minor}, not 1.0")));
        }
        self.sections += 1;
        self.section_at = place(body, filling);
        self.interfaces.clear();
        let mut section = Section::default();
        self.each_option(0, options, filling, |code, value| match code {
            SHB_HARDWARE => section.hardware = Some(text(value)),
            SHB_OS => section.os = Some(text(value)),
            SHB_USER_APPLICATION => section.application = Some(text(value)),
            _ => section.options.push(RawOption { code, value: value.to_vec() }),
        });
        filling.notebook.section(section);
        Ok(())
    }

    fn interface_description(
        &mut self,
        body: &[u8],
        filling: &mut Filling<'_>,
    ) -> Result<(), Stop> {
        let Some((&[l0, l1, _, _, s0, s1, s2, s3], options)) = body.split_first_chunk() else {
            return Err(too_short("interface description", body));
        };
        let order = self.order;
        let mut interface = Interface {
            link: LinkType(order.u16([l0, l1])),
            snap_len: order.u32([s0, s1, s2, s3]),
            section: self.sections.saturating_sub(1),
            id: self.interfaces.len() as u32,
            section_at: self.section_at,
            at: place(body, filling),
            ..Interface::default()
        };
        self.each_option(0, options, filling, |code, value| match (code, value) {
            (IF_NAME, _) => interface.name = Some(text(value)),
            (IF_DESCRIPTION, _) => interface.description = Some(text(value)),
            (IF_OS, _) => interface.os = Some(text(value)),
            // A byte says of which kind the filter is: 0 is an expression of tcpdump's.
            (IF_FILTER, [0, expression @ ..]) => interface.filter = Some(text(expression)),
            (IF_TSRESOL, &[resolution]) => interface.resolution = Resolution(resolution),
            (IF_TSOFFSET, value) => {
                if let Ok(&seconds) = value.try_into() {
                    interface.offset_seconds = order.u64(seconds) as i64;
                }
            }
            _ => {
                let value = little_endian(order, code, value);
                interface.options.push(RawOption { code, value });
            }
        });
        let Interface { link, snap_len, resolution, offset_seconds, .. } = interface;
        let limits = filling.notebook.limits;
        let Some(index) = filling.notebook.interface(interface) else {
            return Err(Stop::Damaged(format!("more than {} interfaces", limits.interfaces_max)));
        };
        let clock = Clock::new(resolution, offset_seconds);
        let frame_bytes_max = limits.frame_bytes(link);
        self.interfaces.push(Described { index, link, snap_len, clock, frame_bytes_max });
        Ok(())
    }

    /// Records of an address and its names, each ended by a zero byte.
    fn name_resolution(&mut self, body: &[u8], filling: &mut Filling<'_>) {
        let mut records = Options::new(self.order, body);
        for (kind, value) in records.by_ref() {
            let Some((address, names)) = address(kind, value) else { continue };
            for name in names.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
                let name = String::from_utf8_lossy(name).into_owned();
                filling.notebook.name(Name { address, name });
            }
        }
        if records.is_damaged() {
            return filling.warn("a name resolution block ends within a record".into());
        }
        self.comments(0, records.rest(), filling);
    }

    fn interface_statistics(&mut self, body: &[u8], filling: &mut Filling<'_>) {
        let Some((fixed, options)) = body.split_first_chunk::<12>() else {
            return filling.warn("an interface statistics block is too short".into());
        };
        let order = self.order;
        let &[i0, i1, i2, i3, ticks @ ..] = fixed;
        let id = order.u32([i0, i1, i2, i3]);
        let Some(&Described { index, clock, .. }) = self.interfaces.get(id as usize) else {
            return filling.warn(format!("statistics of interface {id}, which is not described"));
        };
        let time = |ticks: &[u8; 8]| clock.time(order.ticks(*ticks));
        let mut statistics = Statistics { at: time(&ticks), ..Statistics::default() };
        self.each_option(0, options, filling, |code, value| {
            let Ok(number) = <&[u8; 8]>::try_from(value) else {
                return statistics.options.push(RawOption { code, value: value.to_vec() });
            };
            let count = Some(order.u64(*number));
            match code {
                ISB_STARTTIME => statistics.since = Some(time(number)),
                ISB_ENDTIME => statistics.until = Some(time(number)),
                ISB_IFRECV => statistics.received = count,
                ISB_IFDROP => statistics.dropped = count,
                ISB_FILTERACCEPT => statistics.accepted = count,
                ISB_OSDROP => statistics.dropped_by_os = count,
                ISB_USRDELIV => statistics.delivered = count,
                _ => statistics.options.push(RawOption { code, value: value.to_vec() }),
            }
        });
        filling.notebook.statistics(index, statistics);
    }

    fn decryption_secrets(&mut self, mut body: &[u8], filling: &mut Filling<'_>) {
        let kind = self.order.take_u32(&mut body);
        let len = self.order.take_u32(&mut body);
        if let (Some(kind), Some(len)) = (kind, len)
            && let Some((secrets, rest)) = body.split_at_checked(len as usize)
        {
            filling.notebook.secret(kind, secrets);
            let padding = len.next_multiple_of(4) - len;
            self.comments(0, rest.get(padding as usize..).unwrap_or_default(), filling);
        } else {
            filling.warn("a decryption secrets block is shorter than its secrets".into());
        }
    }

    /// Keeps the comments among the options of a block; they are on `frame`, if it is not 0.
    pub(super) fn comments(&self, frame: u64, options: &[u8], filling: &mut Filling<'_>) {
        self.each_option(frame, options, filling, |_, _| {});
    }

    fn each_option(
        &self,
        frame: u64,
        options: &[u8],
        filling: &mut Filling<'_>,
        mut read: impl FnMut(u16, &[u8]),
    ) {
        let mut options = Options::new(self.order, options);
        for (code, value) in options.by_ref() {
            if code == COMMENT {
                filling.notebook.comment(frame, value);
            }
            read(code, value);
        }
        if options.is_damaged() {
            filling.warn("an option is longer than its block".into());
        }
    }
}

/// Where the block of a body is.
fn place(body: &[u8], filling: &Filling<'_>) -> Span {
    let offset = filling.offset + filling.at as u64;
    Span { offset, len: (body.len() + BLOCK_LEN_MIN) as u32 }
}

fn address(kind: u16, record: &[u8]) -> Option<(IpAddr, &[u8])> {
    match kind {
        NRB_IPV4 => {
            let (&octets, names) = record.split_first_chunk::<4>()?;
            Some((Ipv4Addr::from(octets).into(), names))
        }
        NRB_IPV6 => {
            let (&octets, names) = record.split_first_chunk::<16>()?;
            Some((Ipv6Addr::from(octets).into(), names))
        }
        _ => None,
    }
}

/// The value of an interface's option, its number turned around if it is one.
fn little_endian(order: ByteOrder, code: u16, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if order == ByteOrder::Big && [IF_SPEED, IF_TZONE, IF_TXSPEED, IF_RXSPEED].contains(&code) {
        value.reverse();
    }
    value
}

/// Some programs end texts with a zero byte, though they should not.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
}

pub(crate) const SHB_HARDWARE: u16 = 2;
pub(crate) const SHB_OS: u16 = 3;
pub(crate) const SHB_USER_APPLICATION: u16 = 4;
pub(crate) const IF_NAME: u16 = 2;
pub(crate) const IF_DESCRIPTION: u16 = 3;
pub(crate) const IF_SPEED: u16 = 8;
pub(crate) const IF_TSRESOL: u16 = 9;
pub(crate) const IF_FILTER: u16 = 11;
pub(crate) const IF_TZONE: u16 = 10;
pub(crate) const IF_OS: u16 = 12;
pub(crate) const IF_FCSLEN: u16 = 13;
pub(crate) const IF_TSOFFSET: u16 = 14;
pub(crate) const IF_TXSPEED: u16 = 16;
pub(crate) const IF_RXSPEED: u16 = 17;
pub(crate) const ISB_STARTTIME: u16 = 2;
pub(crate) const ISB_ENDTIME: u16 = 3;
pub(crate) const ISB_IFRECV: u16 = 4;
pub(crate) const ISB_IFDROP: u16 = 5;
pub(crate) const ISB_FILTERACCEPT: u16 = 6;
pub(crate) const ISB_OSDROP: u16 = 7;
pub(crate) const ISB_USRDELIV: u16 = 8;
pub(crate) const NRB_IPV4: u16 = 1;
pub(crate) const NRB_IPV6: u16 = 2;
