//! Transport parameters, as the `ClientHello` has them (RFC 9000 section 18).

use super::header::varint;
use super::version::Version;
use crate::{Cursor, WireText};

/// What the client says of itself. Those of the server are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransportParameters {
    /// In milliseconds.
    pub max_idle_timeout: Option<u64>,
    /// The largest datagram that it takes.
    pub max_udp_payload_size: Option<u64>,
    /// Bytes that it takes on all streams at first.
    pub initial_max_data: Option<u64>,
    /// Bytes that it takes on a two-way stream that it opens.
    pub initial_max_stream_data_bidi_local: Option<u64>,
    /// Bytes that it takes on a two-way stream that the server opens.
    pub initial_max_stream_data_bidi_remote: Option<u64>,
    /// Bytes that it takes on a one-way stream.
    pub initial_max_stream_data_uni: Option<u64>,
    /// Two-way streams that the server may open.
    pub initial_max_streams_bidi: Option<u64>,
    /// One-way streams that the server may open.
    pub initial_max_streams_uni: Option<u64>,
    /// Exponent of delays in acknowledgements.
    pub ack_delay_exponent: Option<u64>,
    /// In milliseconds.
    pub max_ack_delay: Option<u64>,
    /// Connection ids of the server that it keeps.
    pub active_connection_id_limit: Option<u64>,
    /// Largest DATAGRAM frame that it takes (RFC 9221).
    pub max_datagram_frame_size: Option<u64>,
    /// Whether it wants no migration.
    pub disable_active_migration: bool,
    /// Whether it takes packets without the fixed bit (RFC 9287).
    pub grease_quic_bit: bool,
    /// The connection id that it chose for itself.
    pub initial_source_connection_id: Option<Box<[u8]>>,
    /// What it calls itself: a parameter of Google's.
    pub user_agent: Option<WireText>,
    /// The version in use (RFC 9368).
    pub chosen_version: Option<Version>,
    /// The versions that it speaks, best first, without reserved ones.
    pub available_versions: Vec<Version>,
    /// The parameters in the order they came, without reserved ones.
    pub ids: Vec<u64>,
}

impl TransportParameters {
    /// Reads the extension of a `ClientHello`.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut parameters = Self::default();
        let mut cursor = Cursor::new(bytes);
        while parameters.next(&mut cursor).is_some() {}
        parameters
    }

    fn next(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let id = varint(cursor)?;
        let len = usize::try_from(varint(cursor)?).ok()?;
        let mut value = cursor.sub(len)?;
        // Reserved ones test whether unknown ones are passed over (RFC 9000 section 18.1).
        if id % 31 != 27 && self.ids.len() < IDS_MAX {
            self.ids.push(id);
        }
        let number = varint(&mut value.clone());
        match id {
            0x01 => self.max_idle_timeout = number,
            0x03 => self.max_udp_payload_size = number,
            0x04 => self.initial_max_data = number,
            0x05 => self.initial_max_stream_data_bidi_local = number,
            0x06 => self.initial_max_stream_data_bidi_remote = number,
            0x07 => self.initial_max_stream_data_uni = number,
            0x08 => self.initial_max_streams_bidi = number,
            0x09 => self.initial_max_streams_uni = number,
            0x0a => self.ack_delay_exponent = number,
            0x0b => self.max_ack_delay = number,
            0x0c => self.disable_active_migration = true,
            0x0e => self.active_connection_id_limit = number,
            0x0f if len <= super::header::ID_MAX => {
                self.initial_source_connection_id = Some(value.rest().into());
            }
            VERSION_INFORMATION | VERSION_INFORMATION_OF_DRAFTS => {
                self.chosen_version = value.u32().map(Version);
                let versions = value.rest().as_chunks().0.iter();
                self.available_versions = versions
                    .map(|version| Version(u32::from_be_bytes(*version)))
                    .filter(|version| !version.is_grease())
                    .take(VERSIONS_MAX)
                    .collect();
            }
            0x20 => self.max_datagram_frame_size = number,
            GREASE_QUIC_BIT => self.grease_quic_bit = true,
            USER_AGENT => self.user_agent = Some(WireText::new(value.rest())),
            _ => {}
        }
        Some(())
    }
}

const VERSION_INFORMATION: u64 = 0x11;
const VERSION_INFORMATION_OF_DRAFTS: u64 = 0x00ff_73db;
const GREASE_QUIC_BIT: u64 = 0x2ab2;
const USER_AGENT: u64 = 0x3129;
/// Parameters that are remembered.
const IDS_MAX: usize = 64;
/// Versions that are remembered.
const VERSIONS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::TransportParameters;
    use crate::WireText;
    use crate::quic::Version;

    /// Every parameter once, a reserved one and an unknown one among them.
    const PARAMETERS: &[&[u8]] = &[
        &[0x01, 4, 0x80, 0, 0x75, 0x30],
        &[0x03, 2, 0x45, 0xc0],
        &[0x04, 4, 0x80, 0x10, 0, 0],
        &[0x05, 1, 5],
        &[0x06, 1, 6],
        &[0x07, 1, 7],
        &[0x08, 1, 8],
        &[0x09, 1, 9],
        &[0x0a, 1, 3],
        &[0x0b, 1, 25],
        &[0x0c, 0],
        &[0x0e, 1, 2],
        &[0x0f, 3, 0xa, 0xb, 0xc],
        &[0x11, 12, 0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 0x1a, 0x2a, 0x3a, 0x4a],
        &[0x1b, 2, 0xff, 0xff],
        &[0x20, 2, 0x40, 0x64],
        &[0x6a, 0xb2, 0],
        &[0x71, 0x29, 6, b'C', b'h', b'r', b'o', b'm', 0xe9],
        &[0x7f, 0xff, 1, 0],
    ];

    fn expected() -> TransportParameters {
        TransportParameters {
            max_idle_timeout: Some(30_000),
            max_udp_payload_size: Some(1_472),
            initial_max_data: Some(1 << 20),
            initial_max_stream_data_bidi_local: Some(5),
            initial_max_stream_data_bidi_remote: Some(6),
            initial_max_stream_data_uni: Some(7),
            initial_max_streams_bidi: Some(8),
            initial_max_streams_uni: Some(9),
            ack_delay_exponent: Some(3),
            max_ack_delay: Some(25),
            active_connection_id_limit: Some(2),
            max_datagram_frame_size: Some(100),
            disable_active_migration: true,
            grease_quic_bit: true,
            initial_source_connection_id: Some(Box::new([10, 11, 12])),
            user_agent: Some(WireText::new(b"Chrom\xe9")),
            chosen_version: Some(Version::V1),
            available_versions: vec![Version::V2],
            ids: vec![
                1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 0x11, 0x20, 0x2ab2, 0x3129, 0x3fff,
            ],
        }
    }

    #[test]
    fn every_parameter_is_read() {
        assert_eq!(TransportParameters::parse(&PARAMETERS.concat()), expected());
    }

    #[test]
    fn of_cut_parameters_those_that_are_whole_are_read() {
        let bytes = PARAMETERS.concat();
        let ids = expected().ids;
        for len in 0..bytes.len() {
            let mut end = 0;
            let whole = PARAMETERS.iter().take_while(|parameter| {
                end += parameter.len();
                end <= len
            });
            let reserved = |parameter: &&&[u8]| parameter[0] != 0x1b;
            let count = whole.filter(reserved).count();
            assert_eq!(TransportParameters::parse(&bytes[..len]).ids, ids[..count]);
        }
    }
}
