//! TLS 1.0 to 1.3 (RFC 8446, RFC 5246): who was spoken to, and how.

mod columns;
mod parse;

use crate::{
    Context, Input, Match, Opening, Protocol, Step, StreamParser, Transport, Want, Wants, WireText,
};

pub use columns::TlsColumns;

/// What a TLS handshake told.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// The name of the server the client asked for.
    pub sni: Option<WireText>,
}

/// TLS over TCP.
#[derive(Debug)]
pub struct TlsProtocol;

impl Protocol for TlsProtocol {
    fn name(&self) -> &'static str {
        "tls"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Tcp => &[443, 465, 636, 853, 989, 990, 992, 993, 995, 5061, 8443],
            Transport::Udp => &[],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match (opening.transport, opening.bytes) {
            (Transport::Tcp, [0x16, 3, 0..=4, _, _, 1 | 2, ..]) => Match::Yes,
            (Transport::Tcp, [0x16] | [0x16, 3] | [0x16, 3, 0..=4] | [0x16, 3, 0..=4, ..])
                if opening.bytes.len() < 6 =>
            {
                Match::NeedMore
            }
            _ => Match::No,
        }
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        let wanted = [Want::Application, Want::Tls, Want::TlsRecords, Want::Certificates];
        wants.has_any(&wanted).then(|| Box::new(TlsParser) as _)
    }
}

#[derive(Debug)]
struct TlsParser;

impl StreamParser for TlsParser {
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let Some((header, _)) = input.bytes.split_first_chunk::<5>() else { return Step::Need(5) };
        let len = 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
        let Some(record) = input.bytes.get(5..len) else { return Step::Need(len) };
        if header[0] == 22 {
            let tls = context.findings.tls.get_or_insert_default();
            if let Some(sni) = parse::server_name(record) {
                tls.sni = Some(WireText::new(sni));
            }
        }
        Step::Stop
    }
}
