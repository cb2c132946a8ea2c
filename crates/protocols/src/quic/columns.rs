//! The columns of the set `quic`.

use flowloom_schema::record;

use super::{LongPacket, PacketKind, Quic, TransportParameters, Version};
use crate::text::hex;
use crate::{Findings, WireText};

record! {
    /// What the QUIC handshake told, beside the TLS handshake it carries.
    pub struct QuicColumns in "quic" since "0.1" over "the packets of the flow with long headers" {
        /// QUIC version: `1` (RFC 9000), `2` (RFC 9369), `draft-29`, `Q046`, `T051`, or in hexadecimal; the server's where it answered.
        quic_version: Option<String> [None, Feature],
        /// QUIC version that the client tried first.
        quic_client_version: Option<String> [None, Feature],
        /// Versions that the server offered in a version negotiation packet (RFC 9000 section 17.2.1).
        quic_offered_versions: Option<Vec<String>> [None, Feature],
        /// Destination connection id of the client's first packet in hexadecimal; Initial keys follow from it (RFC 9001 section 5.2).
        quic_dcid: Option<String> [None, Identity],
        /// Connection id that the client chose for itself, in hexadecimal; empty where it has none.
        quic_scid: Option<String> [None, Identity],
        /// Connection id that the server chose for itself, in hexadecimal; empty where it has none.
        quic_server_scid: Option<String> [None, Identity],
        /// Whether the server asked the client to begin again with a Retry packet (RFC 9000 section 17.2.5).
        quic_retry: Option<bool> [None, Feature],
        /// Whether the client sent 0-RTT packets (RFC 9000 section 17.2.3).
        quic_zero_rtt: Option<bool> [None, Feature],
        /// Length of the longest token in the client's Initial packets, in bytes (RFC 9000 section 17.2.2).
        quic_token_len: Option<i32> [Bytes, Feature],
        /// Packets with long headers in the order they came: `initial`, `0rtt`, `handshake`, `retry`, `version_negotiation`, `unknown`.
        quic_packet_types: Option<Vec<String>> [None, Feature],
        /// What the client calls itself: Google's transport parameter 0x3129, or UAID of gQUIC.
        quic_user_agent: Option<String> [None, Identity],
        /// Server name in the CHLO of gQUIC; that of other versions is `tls_sni`.
        quic_sni: Option<String> [None, Identity],
        /// Client's transport parameters in the order they came, reserved ones left out (RFC 9000 section 18.2).
        quic_parameters: Option<Vec<i64>> [None, Feature],
        /// Client's max_idle_timeout (RFC 9000 section 18.2).
        quic_max_idle_timeout: Option<f64> [Seconds, Feature],
        /// Client's max_udp_payload_size (RFC 9000 section 18.2).
        quic_max_udp_payload_size: Option<i64> [Bytes, Feature],
        /// Client's initial_max_data (RFC 9000 section 18.2).
        quic_initial_max_data: Option<i64> [Bytes, Feature],
        /// Client's initial_max_stream_data_bidi_local (RFC 9000 section 18.2).
        quic_initial_max_stream_data_bidi_local: Option<i64> [Bytes, Feature],
        /// Client's initial_max_stream_data_bidi_remote (RFC 9000 section 18.2).
        quic_initial_max_stream_data_bidi_remote: Option<i64> [Bytes, Feature],
        /// Client's initial_max_stream_data_uni (RFC 9000 section 18.2).
        quic_initial_max_stream_data_uni: Option<i64> [Bytes, Feature],
        /// Client's initial_max_streams_bidi (RFC 9000 section 18.2).
        quic_initial_max_streams_bidi: Option<i64> [None, Feature],
        /// Client's initial_max_streams_uni (RFC 9000 section 18.2).
        quic_initial_max_streams_uni: Option<i64> [None, Feature],
        /// Client's ack_delay_exponent (RFC 9000 section 18.2).
        quic_ack_delay_exponent: Option<i64> [None, Feature],
        /// Client's max_ack_delay (RFC 9000 section 18.2).
        quic_max_ack_delay: Option<f64> [Seconds, Feature],
        /// Client's active_connection_id_limit (RFC 9000 section 18.2).
        quic_active_connection_id_limit: Option<i64> [None, Feature],
        /// Client's max_datagram_frame_size (RFC 9221 section 3).
        quic_max_datagram_frame_size: Option<i64> [Bytes, Feature],
        /// Whether the client sent disable_active_migration (RFC 9000 section 18.2); null when its parameters are not known.
        quic_disable_active_migration: Option<bool> [None, Feature],
        /// Whether the client sent grease_quic_bit (RFC 9287); null when its parameters are not known.
        quic_grease_bit: Option<bool> [None, Feature],
        /// Versions that the client speaks, best first, reserved ones left out (RFC 9368 section 3).
        quic_available_versions: Option<Vec<String>> [None, Feature],
        /// Connection id of the flow's first packet where that had a short header: the first 20 bytes after the first, in hexadecimal, of which only the sender knows how many are the id. At the usual ports of QUIC alone: elsewhere a packet like that can be anything.
        quic_first_short_dcid: Option<String> [None, Identity],
        /// `flow_id` of the earlier flow that had told this connection id: the same connection from another address.
        quic_continues: Option<i64> [FrameNumber, Identity],
    }
}

impl QuicColumns {
    /// The columns of a flow.
    pub fn of(findings: Option<&Findings>) -> Self {
        let quic = findings.and_then(|findings| findings.quic.as_deref());
        let parameters = quic.and_then(|quic| quic.parameters.as_ref());
        let number = |field: fn(&TransportParameters) -> Option<u64>| {
            parameters.and_then(field).and_then(|value| i64::try_from(value).ok())
        };
        let agent = quic.and_then(|quic| {
            let parameter = quic.parameters.as_ref().and_then(|all| all.user_agent.as_ref());
            parameter.or(quic.user_agent.as_ref())
        });
        let has_long = |quic: &&Quic| !quic.packets.is_empty();
        Self {
            quic_version: quic.and_then(|quic| quic.version).map(|version| version.to_string()),
            quic_client_version: quic
                .and_then(|quic| quic.client_version)
                .map(|version| version.to_string()),
            quic_offered_versions: quic.and_then(|quic| names(&quic.offered_versions)),
            quic_dcid: quic.and_then(|quic| quic.dcid.as_deref()).map(hex),
            quic_scid: quic.and_then(|quic| quic.scid.as_deref()).map(hex),
            quic_server_scid: quic.and_then(|quic| quic.server_scid.as_deref()).map(hex),
            quic_retry: quic.filter(has_long).map(|quic| quic.retry),
            quic_zero_rtt: quic.filter(has_long).map(|quic| quic.zero_rtt),
            quic_token_len: quic
                .and_then(|quic| quic.token_len)
                .and_then(|len| len.try_into().ok()),
            quic_packet_types: quic.filter(has_long).map(|quic| kinds(&quic.packets)),
            quic_user_agent: agent.map(WireText::as_str).map(str::to_owned),
            quic_sni: quic
                .and_then(|quic| quic.server_name.as_ref())
                .map(|name| name.as_str().to_owned()),
            quic_parameters: parameters
                .map(|all| all.ids.iter().filter_map(|id| i64::try_from(*id).ok()).collect()),
            quic_max_idle_timeout: seconds(number(|all| all.max_idle_timeout)),
            quic_max_udp_payload_size: number(|all| all.max_udp_payload_size),
            quic_initial_max_data: number(|all| all.initial_max_data),
            quic_initial_max_stream_data_bidi_local: number(|all| {
                all.initial_max_stream_data_bidi_local
            }),
            quic_initial_max_stream_data_bidi_remote: number(|all| {
                all.initial_max_stream_data_bidi_remote
            }),
            quic_initial_max_stream_data_uni: number(|all| all.initial_max_stream_data_uni),
            quic_initial_max_streams_bidi: number(|all| all.initial_max_streams_bidi),
            quic_initial_max_streams_uni: number(|all| all.initial_max_streams_uni),
            quic_ack_delay_exponent: number(|all| all.ack_delay_exponent),
            quic_max_ack_delay: seconds(number(|all| all.max_ack_delay)),
            quic_active_connection_id_limit: number(|all| all.active_connection_id_limit),
            quic_max_datagram_frame_size: number(|all| all.max_datagram_frame_size),
            quic_disable_active_migration: parameters.map(|all| all.disable_active_migration),
            quic_grease_bit: parameters.map(|all| all.grease_quic_bit),
            quic_available_versions: parameters.and_then(|all| names(&all.available_versions)),
            quic_first_short_dcid: quic.and_then(|quic| quic.first_short_dcid.as_deref()).map(hex),
            quic_continues: quic.and_then(|quic| quic.continues).map(|flow_id| flow_id as i64),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "what is not exact is of no use")]
fn seconds(milliseconds: Option<i64>) -> Option<f64> {
    milliseconds.map(|milliseconds| milliseconds as f64 / 1e3)
}

fn names(versions: &[Version]) -> Option<Vec<String>> {
    (!versions.is_empty()).then(|| versions.iter().map(Version::to_string).collect())
}

fn kinds(packets: &[LongPacket]) -> Vec<String> {
    packets.iter().map(|packet| packet.kind).map(PacketKind::name).map(str::to_owned).collect()
}
