//! X.509: any bytes as the certificate of a server, whatever they are.

use flowloom_flow::Direction;
use flowloom_protocols::tls::TlsColumns;
use flowloom_protocols::{EVENTS, Limits, Transport};
use flowloom_schema::Series;

use crate::talk::{said, shared, talk};

/// A certificate.
pub fn x509(data: &[u8]) {
    let data = &data[..data.len().min(CERTIFICATE_BYTES_MAX)];
    if data.is_empty() {
        return;
    }
    let conversation = talk(&mut shared(Limits::default()), Transport::Tcp, 443, &flight(data));
    let findings = conversation.findings();
    let _ = TlsColumns::of(Some(findings));
    let events = EVENTS.iter().find(|events| events.name == "certificates");
    let events = events.expect("there is the table");
    let mut series: Vec<_> =
        (events.columns)().iter().map(|column| Series::new(column.data_type)).collect();
    assert_eq!((events.append)(1, findings, &mut series), 1, "whatever is in it");
}

/// The certificates in what two sides say, as `said` has it.
pub(crate) fn seeds(dialogue: &[u8]) -> Vec<Vec<u8>> {
    let length = |at: usize| {
        let bytes = dialogue.get(at..at + 3)?;
        Some(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    };
    let certificate = |at: usize| {
        let (message, list, first) = (length(at + 1)?, length(at + 4)?, length(at + 7)?);
        let is_one = dialogue[at] == CERTIFICATE && message == list + 3 && first + 3 <= list;
        is_one.then(|| dialogue.get(at + 10..at + 10 + first))?.map(<[u8]>::to_vec)
    };
    (0..dialogue.len()).filter_map(certificate).filter(|bytes| !bytes.is_empty()).collect()
}

/// The hellos of both sides, and the server's certificate behind its own.
fn flight(certificate: &[u8]) -> Vec<u8> {
    let random = [0; 32];
    let client = [&[3, 3][..], &random, &[0, 0, 2, 0xc0, 0x2f, 1, 0]].concat();
    let server = [&[3, 3][..], &random, &[0, 0xc0, 0x2f, 0]].concat();
    let one = prefixed(certificate);
    let messages = [handshake(2, &server), handshake(CERTIFICATE, &prefixed(&one))].concat();
    let records = messages.chunks(RECORD_BYTES_MAX).map(record).collect::<Vec<_>>();
    let hello = record(&handshake(1, &client));
    let mut says = vec![(Direction::Up, &hello[..])];
    says.extend(records.iter().map(|record| (Direction::Down, &record[..])));
    said(&says)
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &prefixed(body)[..]].concat()
}

/// Bytes behind three that say how many.
fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}

fn record(bytes: &[u8]) -> Vec<u8> {
    [&[22, 3, 3][..], &(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

const CERTIFICATE: u8 = 11;
const CERTIFICATE_BYTES_MAX: usize = 100_000;
const RECORD_BYTES_MAX: usize = 16_384;
