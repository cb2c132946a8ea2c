//! IPFIX messages in a file (RFC 7011, RFC 5655), for any table whose columns are named as information
//! elements.
//!
//! A row is a data record. Its template has the elements that have a value, and no others: nothing
//! stands for what is missing. A template is defined in the first message that needs it, and holds
//! for the rest of the file. A message is made of the rows of one batch, or of some of them; its export time
//! is that of the latest flow end in it, so that the same table gives the same bytes.

use std::net::{Ipv4Addr, Ipv6Addr};

use flowloom_schema::{Batch, Series, Values};

use crate::output::Output;
use crate::{Destination, Ending, Sink, SinkError, TableInfo, Written};

pub(crate) struct IpfixSink {
    output: Output,
    /// The element of each column.
    elements: Vec<&'static Element>,
    /// The columns that have a value in the records of each template.
    templates: Vec<Vec<usize>>,
    message: Message,
    rows: u64,
}

/// A message that is being put together.
#[derive(Default)]
struct Message {
    /// Templates that are new in it.
    templates: Vec<u8>,
    /// Data sets, each with its header.
    sets: Vec<u8>,
    /// Where the header of the last set is, and its template.
    open: Option<(usize, usize)>,
    records: u32,
    /// Records in the messages before.
    sequence: u32,
    /// Seconds since the epoch.
    time: u32,
}

/// An information element.
#[derive(Debug)]
struct Element {
    name: &'static str,
    number: u16,
    kind: Kind,
    /// Whether it is of the direction that RFC 5103 calls reverse.
    is_reverse: bool,
}

/// How the values of an element are written (RFC 7011, section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An unsigned number of so many bytes.
    Unsigned(u8),
    Milliseconds,
    Nanoseconds,
    Ipv4,
    Ipv6,
    Mac,
    Text,
}

impl IpfixSink {
    pub(crate) fn open(destination: Destination, table: &TableInfo) -> Result<Self, SinkError> {
        let elements = table.columns.iter().map(|column| {
            let known = ELEMENTS.iter().find(|element| element.name == column.name);
            known.ok_or_else(|| SinkError::Batch {
                reason: format!("no information element is called {}", column.name),
            })
        });
        let elements = elements.collect::<Result<_, _>>()?;
        let output = Output::create(destination)?;
        let (templates, message) = (Vec::new(), Message::default());
        Ok(Self { output, elements, templates, message, rows: 0 })
    }

    fn put_row(&mut self, batch: &Batch, row: usize) -> Result<(), SinkError> {
        let mut fields = Vec::with_capacity(self.elements.len());
        let (mut record, mut end) = (Vec::new(), 0);
        for (at, (element, series)) in self.elements.iter().zip(&batch.columns).enumerate() {
            if element.put(series, row, &mut record) {
                fields.push(at);
                if element.name == "flowEndMilliseconds" {
                    end = seconds(series, row);
                }
            }
        }
        let is_known = self.templates.contains(&fields);
        let template_len = if is_known { 0 } else { 8 + fields.len() * 8 };
        if !self.message.has_room(record.len() + template_len + 4) {
            self.put_message()?;
        }
        let template = self.template(fields);
        self.message.put_record(template, &record);
        self.message.time = self.message.time.max(end);
        Ok(())
    }

    /// The number of the template of these columns, which is defined if it is new.
    fn template(&mut self, fields: Vec<usize>) -> usize {
        if let Some(known) = self.templates.iter().position(|known| *known == fields) {
            return known;
        }
        let number = self.templates.len();
        let out = &mut self.message.templates;
        out.extend(FIRST_TEMPLATE.saturating_add(number as u16).to_be_bytes());
        out.extend((fields.len() as u16).to_be_bytes());
        for element in fields.iter().filter_map(|at| self.elements.get(*at)) {
            let enterprise = if element.is_reverse { ENTERPRISE_BIT } else { 0 };
            out.extend((element.number | enterprise).to_be_bytes());
            out.extend(element.len().to_be_bytes());
            if element.is_reverse {
                out.extend(REVERSE_ENTERPRISE.to_be_bytes());
            }
        }
        self.templates.push(fields);
        number
    }

    fn put_message(&mut self) -> Result<(), SinkError> {
        let message = &mut self.message;
        if message.records == 0 {
            return Ok(());
        }
        let mut templates = Vec::new();
        if !message.templates.is_empty() {
            templates.extend(TEMPLATE_SET.to_be_bytes());
            templates.extend((message.templates.len() as u16 + 4).to_be_bytes());
            templates.append(&mut message.templates);
        }
        let len = MESSAGE_HEADER + templates.len() + message.sets.len();
        let mut header = Vec::with_capacity(MESSAGE_HEADER);
        header.extend(VERSION.to_be_bytes());
        header.extend((len as u16).to_be_bytes());
        header.extend(message.time.to_be_bytes());
        header.extend(message.sequence.to_be_bytes());
        header.extend(DOMAIN.to_be_bytes());
        self.output.put(&header)?;
        self.output.put(&templates)?;
        self.output.put(&message.sets)?;
        let sequence = message.sequence.wrapping_add(message.records);
        *message = Message { sequence, ..Message::default() };
        Ok(())
    }
}

impl Sink for IpfixSink {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        for row in 0..batch.rows {
            self.put_row(&batch, row)?;
        }
        self.rows += batch.rows as u64;
        self.put_message()?;
        self.output.pass_on()
    }

    fn end(
        self: Box<Self>,
        ending: Ending,
        _account: &[(String, String)],
    ) -> Result<Written, SinkError> {
        self.output.end(self.rows, ending)
    }
}

impl Message {
    fn has_room(&self, more: usize) -> bool {
        MESSAGE_HEADER + 4 + self.templates.len() + self.sets.len() + more <= MESSAGE_MAX
    }

    /// Appends a record to the set of its template, which is a new one if another came between.
    fn put_record(&mut self, template: usize, record: &[u8]) {
        let set = match self.open {
            Some((set, open)) if open == template => set,
            _ => {
                let set = self.sets.len();
                self.sets.extend(FIRST_TEMPLATE.saturating_add(template as u16).to_be_bytes());
                self.sets.extend([0, 0]);
                self.open = Some((set, template));
                set
            }
        };
        self.sets.extend_from_slice(record);
        let len = (self.sets.len() - set) as u16;
        self.sets[set + 2..set + 4].copy_from_slice(&len.to_be_bytes());
        self.records += 1;
    }
}

impl Element {
    /// Its length in a template; 65,535 for one that varies.
    fn len(&self) -> u16 {
        match self.kind {
            Kind::Unsigned(len) => len.into(),
            Kind::Milliseconds | Kind::Nanoseconds => 8,
            Kind::Ipv4 => 4,
            Kind::Ipv6 => 16,
            Kind::Mac => 6,
            Kind::Text => u16::MAX,
        }
    }

    /// Appends a value; whether there was one.
    fn put(&self, series: &Series, row: usize, out: &mut Vec<u8>) -> bool {
        if !series.validity.is_valid(row) {
            return false;
        }
        match (self.kind, &series.values) {
            (Kind::Unsigned(len), Values::I64(v)) => {
                out.extend(&v[row].to_be_bytes()[8 - usize::from(len)..]);
            }
            // They are counted from 1970 on (RFC 7011, section 6.1.8), and before it there are none.
            (Kind::Milliseconds, Values::Time(v)) if v[row] >= 0 => {
                out.extend((v[row] / 1_000_000).to_be_bytes());
            }
            (Kind::Nanoseconds, Values::Time(v)) => out.extend(ntp(v[row])),
            (kind, Values::Text(v)) => return put_text(kind, v.get(row), out),
            _ => return false,
        }
        true
    }
}

fn put_text(kind: Kind, text: &str, out: &mut Vec<u8>) -> bool {
    match kind {
        Kind::Ipv4 => match text.parse::<Ipv4Addr>() {
            Ok(address) => out.extend(address.octets()),
            Err(_) => return false,
        },
        Kind::Ipv6 => match text.parse::<Ipv6Addr>() {
            Ok(address) => out.extend(address.octets()),
            Err(_) => return false,
        },
        Kind::Mac => {
            let mut octets = [0; 6];
            let mut digits = text.split(':').map(|pair| u8::from_str_radix(pair, 16));
            for octet in &mut octets {
                match digits.next() {
                    Some(Ok(digit)) => *octet = digit,
                    _ => return false,
                }
            }
            out.extend(octets);
        }
        // One byte tells the length (RFC 7011, section 7); no name of ours is longer.
        Kind::Text => {
            let mut end = text.len().min(TEXT_MAX);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            out.push(end as u8);
            out.extend(&text.as_bytes()[..end]);
        }
        Kind::Unsigned(_) | Kind::Milliseconds | Kind::Nanoseconds => return false,
    }
    true
}

/// Seconds since 1900 and 2^-32 of them (RFC 7011, section 6.1.10), which begin again in 2036.
/// Rounded up and a quarter of a nanosecond more, so that readers who round down, or to the nearest, or multiply with
/// floats before that, find the same nanosecond.
fn ntp(nanos: i64) -> [u8; 8] {
    let seconds = nanos.div_euclid(NANOS) + UNIX_IN_NTP;
    let fraction = ((nanos.rem_euclid(NANOS) as u64) << 32).div_ceil(NANOS as u64) + 1;
    ((seconds as u64) << 32 | fraction).to_be_bytes()
}

fn seconds(series: &Series, row: usize) -> u32 {
    match &series.values {
        Values::Time(v) => u32::try_from(v[row].div_euclid(NANOS)).unwrap_or(0),
        _ => 0,
    }
}

/// RFC 7011, section 3.1.
const VERSION: u16 = 10;
const MESSAGE_HEADER: usize = 16;
/// So that each message of a file can be sent on as one datagram. A record with its template is less.
const MESSAGE_MAX: usize = 1_420;
const TEMPLATE_SET: u16 = 2;
const FIRST_TEMPLATE: u16 = 256;
const ENTERPRISE_BIT: u16 = 0x8000;
/// RFC 5103, section 6.1.
const REVERSE_ENTERPRISE: u32 = 29_305;
/// There is one observation domain, which is not told apart.
const DOMAIN: u32 = 0;
/// Bytes of a text at most.
const TEXT_MAX: usize = 254;
const NANOS: i64 = 1_000_000_000;
/// Seconds from 1900 to 1970.
const UNIX_IN_NTP: i64 = 2_208_988_800;

const fn element(name: &'static str, number: u16, kind: Kind) -> Element {
    Element { name, number, kind, is_reverse: false }
}

const fn reverse(name: &'static str, number: u16, kind: Kind) -> Element {
    Element { name, number, kind, is_reverse: true }
}

/// The elements that can be written, with their numbers in the registry of IANA.
const ELEMENTS: &[Element] = &[
    element("octetDeltaCount", 1, Kind::Unsigned(8)),
    reverse("reverseOctetDeltaCount", 1, Kind::Unsigned(8)),
    element("packetDeltaCount", 2, Kind::Unsigned(8)),
    reverse("reversePacketDeltaCount", 2, Kind::Unsigned(8)),
    element("protocolIdentifier", 4, Kind::Unsigned(1)),
    element("tcpControlBits", 6, Kind::Unsigned(2)),
    reverse("reverseTcpControlBits", 6, Kind::Unsigned(2)),
    element("sourceTransportPort", 7, Kind::Unsigned(2)),
    element("sourceIPv4Address", 8, Kind::Ipv4),
    element("destinationTransportPort", 11, Kind::Unsigned(2)),
    element("destinationIPv4Address", 12, Kind::Ipv4),
    element("sourceIPv6Address", 27, Kind::Ipv6),
    element("destinationIPv6Address", 28, Kind::Ipv6),
    element("icmpTypeCodeIPv4", 32, Kind::Unsigned(2)),
    element("sourceMacAddress", 56, Kind::Mac),
    element("vlanId", 58, Kind::Unsigned(2)),
    element("destinationMacAddress", 80, Kind::Mac),
    element("applicationName", 96, Kind::Text),
    element("flowEndReason", 136, Kind::Unsigned(1)),
    element("icmpTypeCodeIPv6", 139, Kind::Unsigned(2)),
    element("flowId", 148, Kind::Unsigned(8)),
    element("flowStartMilliseconds", 152, Kind::Milliseconds),
    element("flowEndMilliseconds", 153, Kind::Milliseconds),
    element("flowStartNanoseconds", 156, Kind::Nanoseconds),
    element("flowEndNanoseconds", 157, Kind::Nanoseconds),
    element("ipTTL", 192, Kind::Unsigned(1)),
    reverse("reverseIpTTL", 192, Kind::Unsigned(1)),
    element("ipDiffServCodePoint", 195, Kind::Unsigned(1)),
    reverse("reverseIpDiffServCodePoint", 195, Kind::Unsigned(1)),
    element("biflowDirection", 239, Kind::Unsigned(1)),
    element("layer2OctetDeltaCount", 352, Kind::Unsigned(8)),
    reverse("reverseLayer2OctetDeltaCount", 352, Kind::Unsigned(8)),
];

#[cfg(test)]
mod tests {
    use super::ntp;

    #[test]
    fn times_read_back_as_they_were() {
        for nanos in [0, 1, 999_999_999, 1_759_508_963_634_332_001, 2_085_978_495_999_999_999] {
            let bytes = u64::from_be_bytes(ntp(nanos));
            let (seconds, fraction) = (bytes >> 32, u128::from(bytes & 0xffff_ffff));
            let read = (seconds as i64 - 2_208_988_800) * 1_000_000_000
                + ((fraction * 1_000_000_000) >> 32) as i64;
            assert_eq!(read, nanos);
            let nearest = (fraction * 1_000_000_000 + (1 << 31)) >> 32;
            assert_eq!(nearest as i64, nanos % 1_000_000_000);
        }
    }
}
