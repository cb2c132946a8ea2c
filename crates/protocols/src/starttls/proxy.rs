//! The PROXY protocol (`HAProxy`'s text of that name, 2.1 and 2.2): a load balancer tells the server who the
//! client is, and after that comes what the client says.

use flowloom_flow::Direction;

use crate::{
    Context, Cursor, Input, Match, Opening, Protocol, Step, StreamParser, Transport, Wants,
};

/// What comes before the first byte of the client.
#[derive(Debug)]
pub(super) struct ProxyProtocol;

impl Protocol for ProxyProtocol {
    fn name(&self) -> &'static str {
        "proxy"
    }

    fn ports(&self, _: Transport) -> &[u16] {
        &[]
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        let Opening { transport, direction, bytes, .. } = *opening;
        if (transport, direction) != (Transport::Tcp, Direction::Up) {
            return Match::No;
        }
        let begins = |signature: &[u8]| bytes.iter().zip(signature).all(|(a, b)| a == b);
        let may_be_text = begins(TEXT) && bytes.len() < TEXT_MAX;
        match header_len(bytes) {
            Some(_) => Match::Yes,
            None if may_be_text || begins(SIGNATURE) => Match::NeedMore,
            None => Match::No,
        }
    }

    fn stream(&self, _: Wants) -> Option<Box<dyn StreamParser>> {
        Some(Box::new(ProxyParser))
    }
}

#[derive(Debug)]
struct ProxyParser;

impl StreamParser for ProxyParser {
    fn read(&mut self, input: &Input<'_>, _: &mut Context<'_>) -> Step {
        match (input.direction, header_len(input.bytes)) {
            (Direction::Up, Some(len)) => Step::Become(len, None),
            // What the server says waits for what the client is about to say.
            _ => Step::Need(input.bytes.len() + 1),
        }
    }
}

/// How long the header is; of the binary one, that is known before it is whole.
fn header_len(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(TEXT) {
        let line = &bytes[..bytes.len().min(TEXT_MAX)];
        return line.windows(2).position(|end| end == b"\r\n").map(|end| end + 2);
    }
    let mut cursor = Cursor::new(bytes.strip_prefix(SIGNATURE)?);
    let [version_and_command, _family] = cursor.array()?;
    let is_version_2 = matches!(version_and_command, 0x20 | 0x21);
    is_version_2.then_some(SIGNATURE.len() + 4 + usize::from(cursor.u16()?))
}

/// What the text begins with: addresses of TCP over IPv4 or IPv6, or unknown ones.
const TEXT: &[u8] = b"PROXY ";
/// Bytes of the longest line.
const TEXT_MAX: usize = 107;
/// What the binary header begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
