//! SSDP: HTTP messages without bodies in datagrams (UPnP Device Architecture 2.0, 1.1).

use super::exchange::Http;
use super::fields::Fields;
use super::start_line::StartLine;
use super::{WANTED, probe};
use crate::{
    Context, Datagram, DatagramParser, Match, Opening, Protocol, Transport, Verdict, Want, Wants,
};

/// SSDP over UDP.
#[derive(Debug)]
pub struct SsdpProtocol;

impl Protocol for SsdpProtocol {
    fn name(&self) -> &'static str {
        "ssdp"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Tcp => &[],
            Transport::Udp => &[1900],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match (opening.transport, probe::message(opening.bytes)) {
            (Transport::Udp, Match::Yes) if is_ssdp(opening.bytes) => Match::Yes,
            // Others write requests alike, such as BitTorrent, which looks for peers with them (BEP 14).
            (Transport::Udp, Match::Yes) => Match::Maybe,
            // A datagram that the capture cut.
            (Transport::Udp, Match::NeedMore) if opening.len > opening.bytes.len() => Match::Maybe,
            _ => Match::No,
        }
    }

    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        wants.has_any(WANTED).then(|| Box::new(SsdpParser) as _)
    }
}

/// Whether a message is an answer, or a request that devices send (UPnP Device Architecture 2.0, 1.1.2).
fn is_ssdp(message: &[u8]) -> bool {
    [&b"M-SEARCH "[..], b"NOTIFY ", b"HTTP/"].iter().any(|start| message.starts_with(start))
}

#[derive(Debug)]
struct SsdpParser;

impl DatagramParser for SsdpParser {
    fn read(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> Verdict {
        let mut lines = datagram
            .bytes
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let Some(start) = lines.next().and_then(StartLine::parse) else { return Verdict::NotMine };
        let mut fields = Fields::default();
        lines.take_while(|line| !line.is_empty()).for_each(|line| fields.line(line));
        match start {
            StartLine::Request { method, target, version } => {
                (fields.method, fields.path) = (Some(method), Some(target));
                let request = fields.into_request(version, datagram.stamp);
                Http::request_came(request, None, None, context);
            }
            StartLine::Status { version, status, reason } => {
                fields.status = Some(status);
                // Several devices answer a search, and not on the flow that carried it.
                let response = fields.into_response(version, reason, datagram.stamp);
                Http::response_came(response, None, None, context);
            }
        }
        if context.wants.has_any(&[Want::Http, Want::HttpMessages]) {
            Verdict::More
        } else {
            Verdict::Stop
        }
    }
}
