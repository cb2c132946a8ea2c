//! QUIC versions 1 and 2, drafts 23 to 34 (RFC 9000, RFC 9001, RFC 9369), and Google's before them.

mod columns;
mod crypto;
mod gquic;
mod header;
mod initial;
mod keys;
mod parser;
mod transport;
mod version;

use flowloom_flow::Direction;

use crate::{DatagramParser, Match, Opening, Protocol, Stamp, Transport, Want, Wants, WireText};

pub use columns::QuicColumns;
pub use crypto::CryptoStream;
pub use initial::{Initial, Initials};
pub use transport::TransportParameters;
pub use version::{PacketKind, Version};

/// What a QUIC handshake told, beside what the TLS handshake in it did.
#[derive(Clone, Debug, Default)]
pub struct Quic {
    /// The version: that of the server's packets, once it has answered.
    pub version: Option<Version>,
    /// The version that the client tried first.
    pub client_version: Option<Version>,
    /// What the server offered when it did not know the client's version.
    pub offered_versions: Vec<Version>,
    /// Where the client sent its first packet.
    pub dcid: Option<Box<[u8]>>,
    /// The connection id that the client chose for itself.
    pub scid: Option<Box<[u8]>>,
    /// The connection id that the server chose for itself.
    pub server_scid: Option<Box<[u8]>>,
    /// Whether the server sent a Retry.
    pub retry: bool,
    /// Whether the client sent 0-RTT packets.
    pub zero_rtt: bool,
    /// Length of the longest token in an Initial of the client.
    pub token_len: Option<usize>,
    /// The packets with long headers.
    pub packets: Vec<LongPacket>,
    /// The client's transport parameters.
    pub parameters: Option<TransportParameters>,
    /// What the client of gQUIC calls itself.
    pub user_agent: Option<WireText>,
    /// The server name in the CHLO of gQUIC.
    pub server_name: Option<WireText>,
    /// Of the flow's first packet, if that had a short header: what begins with its connection id.
    pub first_short_dcid: Option<Box<[u8]>>,
    /// The flow whose connection id that is, seen before from another address.
    pub continues: Option<u64>,
}

/// A packet with a long header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongPacket {
    /// When it came.
    pub stamp: Stamp,
    /// Which side sent it.
    pub direction: Direction,
    /// What it is.
    pub kind: PacketKind,
    /// Its version.
    pub version: Version,
    /// The connection id it was sent to.
    pub dcid: Box<[u8]>,
    /// The connection id of its sender.
    pub scid: Box<[u8]>,
}

/// QUIC over UDP.
#[derive(Debug)]
pub struct QuicProtocol;

impl Protocol for QuicProtocol {
    fn name(&self) -> &'static str {
        NAME
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Tcp => &[],
            // 784 was that of DNS over QUIC before 853.
            Transport::Udp => &[443, 80, 8443, 784, 853],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        if opening.transport != Transport::Udp {
            return Match::No;
        }
        let Some(first) = opening.bytes.first() else { return Match::No };
        match first & (header::LONG | header::FIXED) {
            header::FIXED if opening.len >= SHORT_MIN => Match::Possible,
            0 | header::FIXED => match gquic::public_header(opening.bytes) {
                Some(_) => Match::Yes,
                None => Match::No,
            },
            _ => header::long(opening.bytes, opening.len)
                .map_or(Match::No, |packet| match_of(&packet, opening)),
        }
    }

    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        let wanted = [Want::Application, Want::Tls, Want::Quic];
        wants.has_any(&wanted).then(|| Box::new(parser::QuicParser::new()) as _)
    }
}

fn match_of(packet: &header::Long<'_>, opening: &Opening<'_>) -> Match {
    let is_yes = match packet.kind {
        PacketKind::VersionNegotiation => {
            let mut offered = header::offered(packet);
            offered.any(|version| version.is_known() || version.is_grease())
        }
        _ if packet.version.is_known() => true,
        _ => {
            // A client's first packet fills a datagram of 1200 bytes (RFC 9000 section 14.1).
            let is_full = opening.len >= INITIAL_MIN && packet.dcid.len() >= FIRST_DCID_MIN;
            if is_full && !packet.version.is_grease() {
                return Match::Maybe;
            }
            is_full
        }
    };
    if is_yes { Match::Yes } else { Match::No }
}

/// What QUIC is called.
const NAME: &str = "quic";
/// The shortest datagram with a short header: one whose header protection can be sampled
/// (RFC 9001 section 5.4.2).
const SHORT_MIN: usize = 21;
/// The shortest datagram with a client's Initial.
const INITIAL_MIN: usize = 1_200;
/// The shortest connection id that a client makes up for the server (RFC 9000 section 7.2).
const FIRST_DCID_MIN: usize = 8;

#[cfg(test)]
mod tests;
