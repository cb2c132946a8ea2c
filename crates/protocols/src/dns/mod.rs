//! DNS over UDP and TCP (RFC 1035), mDNS (RFC 6762), LLMNR (RFC 4795) and the name service of
//! `NetBIOS` (RFC 1002): one format, read leniently.

mod columns;
mod events;
mod message;
mod name;
mod parser;
mod probe;
mod rdata;
mod svcb;
mod words;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use crate::{DatagramParser, Match, Opening, Protocol, StreamParser, Transport, Want, Wants};
use parser::DnsParser;

pub use columns::{DnsColumns, DnsQuestionColumns};
pub use events::{DnsEvent, TABLE};
pub use message::{Edns, Message, QUESTIONS_MAX, Question, RECORDS_MAX, Record, Section};
pub use name::netbios_text;
pub use rdata::Data;
pub use svcb::Svcb;

/// What DNS messages told.
#[derive(Clone, Debug, Default)]
pub struct Dns {
    /// The first message with a question.
    pub first: Option<Arc<Message>>,
    /// The first response to it, or without it the first response.
    pub answer: Option<Arc<Message>>,
    /// Messages that asked.
    pub queries: i64,
    /// Messages that answered.
    pub responses: i64,
    /// Of these, the ones with a response code other than 0.
    pub errors: i64,
    /// Queries to which the response was seen.
    pub answered: i64,
    /// Names and types that were in question, each pair once, if they are wanted.
    pub questions: Vec<(Box<str>, Cow<'static, str>)>,
    /// All messages, if they are wanted.
    pub messages: Vec<Arc<Message>>,
}

/// Which of the protocols it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// DNS.
    Dns,
    /// Multicast DNS.
    Mdns,
    /// Link-local multicast name resolution.
    Llmnr,
    /// The `NetBIOS` name service.
    Nbns,
}

impl App {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dns, Self::Mdns, Self::Llmnr, Self::Nbns];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Mdns => "mdns",
            Self::Llmnr => "llmnr",
            Self::Nbns => "nbns",
        }
    }

    fn ports(self, transport: Transport) -> &'static [u16] {
        match (self, transport) {
            (Self::Dns, _) => &[53],
            (Self::Mdns, Transport::Udp) => &[5353],
            (Self::Llmnr, _) => &[5355],
            (Self::Nbns, Transport::Udp) => &[137],
            (Self::Mdns | Self::Nbns, Transport::Tcp) => &[],
        }
    }

    /// Only the ports tell them apart.
    fn of(opening: &Opening<'_>) -> Self {
        let is_at = |app: &Self| opening.is_at(app.ports(opening.transport));
        Self::ALL.into_iter().find(is_at).unwrap_or(Self::Dns)
    }
}

/// DNS or one of its kin.
#[derive(Debug)]
pub struct DnsProtocol(pub App);

impl Protocol for DnsProtocol {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        self.0.ports(transport)
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        if App::of(opening) != self.0 {
            return Match::No;
        }
        probe::probe(opening, self.0, self.0.ports(opening.transport))
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        wants.has_any(WANTED).then(|| Box::new(DnsParser::new(self.0)) as _)
    }

    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        wants.has_any(WANTED).then(|| Box::new(DnsParser::new(self.0)) as _)
    }
}

const WANTED: &[Want] = &[Want::Dns, Want::DnsQuestions, Want::DnsMessages, Want::DnsNames];

/// Names one after the other, as options of DHCP have them; they can point to one another.
pub(crate) fn wire_names(bytes: &[u8]) -> Vec<String> {
    let mut reader = name::Reader::new(bytes, App::Dns);
    let mut names = Vec::new();
    while names.len() < NAMES_MAX
        && let Some(name) = reader.name()
    {
        names.push(name);
    }
    names
}

/// The name at some place of a message of the `NetBIOS` name service, with its kind as in `<20>`, and where it
/// ends.
pub fn netbios_name(message: &[u8], at: usize) -> Option<(String, usize)> {
    let mut reader = name::Reader::new(message, App::Nbns);
    reader.take(at)?;
    let name = reader.name()?;
    Some((name, message.len() - reader.len()))
}

/// A name that may lack its end (RFC 4704 section 4.2).
pub(crate) fn wire_name(bytes: &[u8]) -> Option<String> {
    let ended = [bytes, &[0]].concat();
    name::Reader::new(&ended, App::Dns).name().filter(|name| name != ".")
}

/// Names of a list that are kept.
const NAMES_MAX: usize = 64;
