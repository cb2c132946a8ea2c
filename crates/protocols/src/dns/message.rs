//! A message: what is there of it.

use std::borrow::Cow;

use flowloom_flow::Direction;

use super::App;
use super::name::Reader;
use super::rdata::{self, Data};
use super::words::{self, OPT};
use crate::text::hex;
use crate::{Stamp, Transport};

/// A message, or what there is of one that was cut.
#[derive(Clone, Debug)]
pub struct Message {
    /// Which of the protocols it is of.
    pub app: App,
    /// What carried it.
    pub transport: Transport,
    /// Which way it went.
    pub direction: Direction,
    /// When it was complete.
    pub stamp: Stamp,
    /// Its length, as far as the capture tells.
    pub len: usize,
    /// The identifier that a query and its response share.
    pub id: u16,
    /// The second sixteen bits of the header.
    pub flags: u16,
    /// How many questions, answers, authorities and additional records the header counts.
    pub counts: [u16; 4],
    /// The questions, the first [`QUESTIONS_MAX`] of them, and no more once texts are 16 times as long as
    /// the message.
    pub questions: Vec<Question>,
    /// The records of all sections but OPT, the first [`RECORDS_MAX`] of them, and no more once texts are
    /// 16 times as long as the message.
    pub records: Vec<Record>,
    /// What the OPT record tells.
    pub edns: Option<Edns>,
    /// Whether all that the header counts was read, and the data of records are as their types say.
    pub is_whole: bool,
    /// Nanoseconds since the query, of a response whose query was seen.
    pub latency: Option<i64>,
    /// Bytes that texts may still take.
    pub(super) text_left: usize,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: u16,
    /// The class.
    pub class: u16,
}

/// A resource record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where in the message it is.
    pub section: Section,
    /// What it is about.
    pub name: String,
    /// Its type.
    pub kind: u16,
    /// Its class.
    pub class: u16,
    /// For how many seconds it holds.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What was asked for.
    Answer,
    /// Who knows.
    Authority,
    /// What else may be of use.
    Additional,
}

/// What the OPT record tells (RFC 6891).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edns {
    /// The largest datagram that the sender takes.
    pub udp_size: u16,
    /// The version.
    pub version: u8,
    /// The upper eight bits of the response code.
    pub rcode_high: u8,
    /// Whether records of DNSSEC are welcome (RFC 3225).
    pub dnssec_ok: bool,
    /// The network that is asked for, with the length of its prefix (RFC 7871).
    pub client_subnet: Option<String>,
    /// Whether there is a cookie (RFC 7873).
    pub has_cookie: bool,
}

impl Message {
    /// Reads a message of which `bytes` are there; none if there is not even a header.
    pub(super) fn read(bytes: &[u8], app: App) -> Option<Self> {
        let mut reader = Reader::new(bytes, app);
        let mut message = Self::header(&mut reader)?;
        message.is_whole = true;
        let is_read = message.sections(&mut reader).is_some() && reader.is_empty();
        message.is_whole &= is_read;
        Some(message)
    }

    /// Reads no more than the header and the questions.
    pub(super) fn read_questions(bytes: &[u8], app: App) -> Option<Self> {
        let mut reader = Reader::new(bytes, app);
        let mut message = Self::header(&mut reader)?;
        let _ = message.questions(&mut reader);
        Some(message)
    }

    fn header(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            app: reader.app(),
            transport: Transport::Udp,
            direction: Direction::Up,
            stamp: Stamp::default(),
            len: reader.len(),
            id: reader.u16()?,
            flags: reader.u16()?,
            counts: [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?],
            questions: Vec::new(),
            records: Vec::new(),
            edns: None,
            is_whole: false,
            latency: None,
            text_left: reader.len() * TEXT_PER_BYTE,
        })
    }

    /// Whether it answers a query.
    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// What is to be done.
    pub fn opcode(&self) -> u8 {
        (self.flags >> 11 & 15) as u8
    }

    /// How it went, with the bits that EDNS adds.
    pub fn rcode(&self) -> u16 {
        let high = self.edns.as_ref().map_or(0, |edns| edns.rcode_high);
        u16::from(high) << 4 | self.flags & 15
    }

    /// What is to be done, in a word.
    pub fn opcode_name(&self) -> Cow<'static, str> {
        words::opcode_name(self.opcode(), self.app)
    }

    /// How it went, in a word.
    pub fn rcode_name(&self) -> Cow<'static, str> {
        words::rcode_name(self.rcode(), self.app)
    }

    /// The name of a type.
    pub fn type_name(&self, kind: u16) -> Cow<'static, str> {
        words::type_name(kind, self.app)
    }

    /// The records of a section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.section == section)
    }

    /// Memory in use, roughly.
    pub(super) fn held(&self) -> usize {
        let questions = self.questions.iter().map(|question| question.name.len());
        let records = self.records.iter().map(|record| size_of::<Record>() + record.texts());
        size_of::<Self>() + questions.sum::<usize>() + records.sum::<usize>()
    }

    fn sections(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        self.questions(reader)?;
        let [_, answers, authorities, additionals] = self.counts;
        let sections = [
            (Section::Answer, answers),
            (Section::Authority, authorities),
            (Section::Additional, additionals),
        ];
        for (section, count) in sections {
            for _ in 0..count {
                self.record(section, reader)?;
            }
        }
        Some(())
    }

    fn questions(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        for _ in 0..self.counts[0] {
            let is_kept = self.questions.len() < QUESTIONS_MAX && self.text_left > 0;
            let name = name(reader, is_kept)?;
            let (kind, class) = (reader.u16()?, self.class(reader.u16()?));
            if let Some(name) = name {
                self.text_left = self.text_left.saturating_sub(name.len());
                self.questions.push(Question { name, kind, class });
            }
        }
        Some(())
    }

    fn record(&mut self, section: Section, reader: &mut Reader<'_>) -> Option<()> {
        let is_kept = self.records.len() < RECORDS_MAX && self.text_left > 0;
        let name = name(reader, is_kept)?;
        let (kind, class, ttl) = (reader.u16()?, reader.u16()?, reader.u32()?);
        let len = reader.u16()?;
        let data = reader.sub(len.into())?;
        if kind == OPT && self.app != App::Nbns {
            self.edns = self.edns.take().or_else(|| Some(edns(class, ttl, data)));
        } else if let Some(name) = name {
            let read = rdata::read(kind, data);
            self.is_whole &= read.is_some();
            let (class, data) = (self.class(class), read.unwrap_or_else(|| rdata::unknown(data)));
            let record = Record { section, name, kind, class, ttl, data };
            self.text_left = self.text_left.saturating_sub(record.texts());
            self.records.push(record);
        }
        Some(())
    }

    /// The class without the bit that mDNS keeps for something else (RFC 6762 sections 5.4 and 10.2).
    fn class(&self, class: u16) -> u16 {
        if self.app == App::Mdns { class & 0x7fff } else { class }
    }
}

impl Record {
    /// Bytes of its texts, roughly.
    fn texts(&self) -> usize {
        let data = match &self.data {
            Data::Address(_) => 0,
            Data::Name(text) | Data::Text(text) | Data::Unknown(text) => text.len(),
            Data::Service(service) => {
                size_of_val(&**service)
                    + service.ech.as_ref().map_or(0, |ech| ech.len())
                    + service.hints.len() * 17
                    + service.alpn.iter().map(|id| id.len() + 24).sum::<usize>()
            }
        };
        self.name.len() + data
    }
}

/// A name, if it is to be kept.
#[expect(clippy::option_option, reason = "none where it is broken, some none where not kept")]
fn name(reader: &mut Reader<'_>, is_kept: bool) -> Option<Option<String>> {
    if is_kept { reader.name().map(Some) } else { reader.skip_name().map(|()| None) }
}

fn edns(class: u16, ttl: u32, mut options: Reader<'_>) -> Edns {
    let [rcode_high, version, flags, _] = ttl.to_be_bytes();
    let mut edns = Edns {
        udp_size: class,
        version,
        rcode_high,
        dnssec_ok: flags & 0x80 != 0,
        ..Edns::default()
    };
    while let (Some(code), Some(len)) = (options.u16(), options.u16()) {
        let Some(mut value) = options.sub(len.into()) else { break };
        match code {
            CLIENT_SUBNET => edns.client_subnet = client_subnet(&mut value),
            COOKIE => edns.has_cookie = true,
            _ => {}
        }
    }
    edns
}

/// The address with as many bytes as the prefix needs, filled up with zeros (RFC 7871 section 6).
fn client_subnet(value: &mut Reader<'_>) -> Option<String> {
    let family = value.u16()?;
    let [source, _scope] = value.array()?;
    let bytes = value.rest();
    let fill = |octets: &mut [u8]| {
        octets.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(())
    };
    match family {
        1 => {
            let mut octets = [0; 4];
            fill(&mut octets)?;
            Some(format!("{}/{source}", std::net::Ipv4Addr::from(octets)))
        }
        2 => {
            let mut octets = [0; 16];
            fill(&mut octets)?;
            Some(format!("{}/{source}", std::net::Ipv6Addr::from(octets)))
        }
        _ => Some(format!("{family}:{}/{source}", hex(bytes.get(..16).unwrap_or(bytes)))),
    }
}

/// Questions that are kept of a message.
pub const QUESTIONS_MAX: usize = 64;
/// Records that are kept of a message.
pub const RECORDS_MAX: usize = 256;
/// Bytes of text that are kept of a message for each of its bytes: pointers make names long that
/// take two bytes, and escapes four times as long.
const TEXT_PER_BYTE: usize = 16;
const CLIENT_SUBNET: u16 = 8;
const COOKIE: u16 = 10;
