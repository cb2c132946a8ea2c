//! Versions: what they are called, and how they differ in what can be seen.

use std::fmt;

/// A version of QUIC, as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// What a packet is (RFC 9000 section 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// It begins the handshake; its keys follow from what is on the wire.
    Initial,
    /// Data sent before the handshake, with keys of an earlier connection.
    ZeroRtt,
    /// The rest of the handshake.
    Handshake,
    /// The server wants proof of the client's address.
    Retry,
    /// The server knows no such version.
    VersionNegotiation,
    /// A long header of a version that is not known.
    Unknown,
}

impl PacketKind {
    /// The word in the column `quic_packet_types`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::ZeroRtt => "0rtt",
            Self::Handshake => "handshake",
            Self::Retry => "retry",
            Self::VersionNegotiation => "version_negotiation",
            Self::Unknown => "unknown",
        }
    }
}

/// How the keys of Initial packets are derived.
#[derive(Debug)]
pub(super) struct InitialRule {
    pub(super) salt: [u8; 20],
    /// Labels of key, initialisation vector and header protection.
    pub(super) labels: [&'static str; 3],
}

impl Version {
    /// No version: the packet is a version negotiation.
    pub const NEGOTIATION: Self = Self(0);
    /// RFC 9000.
    pub const V1: Self = Self(1);
    /// RFC 9369.
    pub const V2: Self = Self(0x6b33_43cf);

    /// Whether it is reserved to exercise version negotiation (RFC 9000 section 15).
    pub fn is_grease(self) -> bool {
        self.0 & 0x0f0f_0f0f == 0x0a0a_0a0a
    }

    /// How keys may be derived; nothing if that is not known.
    pub(super) fn initial_rules(self) -> &'static [&'static InitialRule] {
        match self.0 {
            1 | DRAFT_33 | DRAFT_34 => &[&V1],
            0x6b33_43cf => &[&V2],
            DRAFT_29..=DRAFT_32 => &[&DRAFT_29_TO_32],
            DRAFT_23..=DRAFT_28 | MVFST_DRAFT_27 | MVFST_EXPERIMENT => &[&DRAFT_23_TO_28],
            DRAFT_21 | DRAFT_22 | MVFST_DRAFT_22 => &[&DRAFT_21_AND_22],
            Q050 => &[&GOOGLE_Q050],
            T050 => &[&GOOGLE_T050],
            T051 => &[&GOOGLE_T051],
            // No server is to open it; clients seal it as in the version that they speak.
            _ if self.is_grease() => &[&V1, &DRAFT_29_TO_32],
            _ => &[],
        }
    }

    /// Whether it is Google's own, whose handshake is not TLS.
    pub(super) fn is_google_crypto(self) -> bool {
        matches!(self.0.to_be_bytes(), [b'Q', b'0', b'0'..=b'9', b'0'..=b'9'])
    }

    /// Whether frames have the types that Google's versions had.
    pub(super) fn has_google_frames(self) -> bool {
        matches!(self.0, Q050 | T050 | T051)
    }

    /// Whether packets have headers that can be read.
    pub(super) fn is_known(self) -> bool {
        !self.is_grease() && !self.initial_rules().is_empty() || self.0 == Q046
    }

    /// What a packet is whose long header begins with this byte.
    pub(super) fn kind(self, first: u8) -> PacketKind {
        let kinds =
            [PacketKind::Initial, PacketKind::ZeroRtt, PacketKind::Handshake, PacketKind::Retry];
        let bits = usize::from(first >> 4 & 3);
        match self {
            Self::NEGOTIATION => PacketKind::VersionNegotiation,
            // RFC 9369 section 3.2: everything moved up by one.
            Self::V2 => kinds[(bits + 3) % 4],
            _ if self.is_known() => kinds[bits],
            _ if self.is_grease() && bits == 0 => PacketKind::Initial,
            _ => PacketKind::Unknown,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.0.to_be_bytes()) {
            (1, _) => f.write_str("1"),
            (0x6b33_43cf, _) => f.write_str("2"),
            (_, [0xff, 0, 0, draft]) => write!(f, "draft-{draft:02}"),
            (_, [b'Q' | b'T', b'0', b'0'..=b'9', b'0'..=b'9']) => {
                self.0.to_be_bytes().iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
            }
            (version, _) => write!(f, "{version:#010x}"),
        }
    }
}

/// Google's version with long headers that are not encrypted.
pub(super) const Q046: u32 = u32::from_be_bytes(*b"Q046");

const Q050: u32 = u32::from_be_bytes(*b"Q050");
const T050: u32 = u32::from_be_bytes(*b"T050");
const T051: u32 = u32::from_be_bytes(*b"T051");
const DRAFT_21: u32 = 0xff00_0015;
const DRAFT_22: u32 = 0xff00_0016;
const DRAFT_23: u32 = 0xff00_0017;
const DRAFT_28: u32 = 0xff00_001c;
const DRAFT_29: u32 = 0xff00_001d;
const DRAFT_32: u32 = 0xff00_0020;
const DRAFT_33: u32 = 0xff00_0021;
const DRAFT_34: u32 = 0xff00_0022;
/// Facebook's own, after draft 22.
const MVFST_DRAFT_22: u32 = 0xface_b001;
const MVFST_DRAFT_27: u32 = 0xface_b002;
/// Seals as draft 27 does.
const MVFST_EXPERIMENT: u32 = 0xface_b00e;

const LABELS: [&str; 3] = ["quic key", "quic iv", "quic hp"];

/// draft-ietf-quic-tls-22 section 5.2.
const DRAFT_21_AND_22: InitialRule = InitialRule {
    salt: [
        0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e,
        0xbd, 0x7a, 0x02, 0x64, 0x4a,
    ],
    labels: LABELS,
};

/// RFC 9001 section 5.2; drafts 33 and 34 had it already.
const V1: InitialRule = InitialRule {
    salt: [
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c,
        0xad, 0xcc, 0xbb, 0x7f, 0x0a,
    ],
    labels: LABELS,
};

/// RFC 9369 section 3.3.
const V2: InitialRule = InitialRule {
    salt: [
        0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d,
        0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
    ],
    labels: ["quicv2 key", "quicv2 iv", "quicv2 hp"],
};

const DRAFT_29_TO_32: InitialRule = InitialRule {
    salt: [
        0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11,
        0xe0, 0x43, 0x90, 0xa8, 0x99,
    ],
    labels: LABELS,
};

const DRAFT_23_TO_28: InitialRule = InitialRule {
    salt: [
        0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63,
        0x65, 0xbe, 0xf9, 0xf5, 0x02,
    ],
    labels: LABELS,
};

const GOOGLE_Q050: InitialRule = InitialRule {
    salt: [
        0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7,
        0xf0, 0xd3, 0xb5, 0x6b, 0x45,
    ],
    labels: LABELS,
};

const GOOGLE_T050: InitialRule = InitialRule {
    salt: [
        0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36,
        0x7c, 0x60, 0x48, 0x83, 0x10,
    ],
    labels: LABELS,
};

const GOOGLE_T051: InitialRule = InitialRule {
    salt: [
        0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8,
        0xcc, 0xda, 0x6e, 0x03, 0x3d,
    ],
    labels: LABELS,
};

#[cfg(test)]
mod tests {
    use super::{PacketKind, Version};

    #[test]
    fn versions_have_names() {
        let names = [
            (1, "1"),
            (0x6b33_43cf, "2"),
            (0xff00_001b, "draft-27"),
            (0xff00_0009, "draft-09"),
            (0x5130_3433, "Q043"),
            (0x5430_3531, "T051"),
            (0x1a2a_3a4a, "0x1a2a3a4a"),
        ];
        for (version, name) in names {
            assert_eq!(Version(version).to_string(), name);
        }
        assert!(Version(0x1a2a_3a4a).is_grease() && !Version::V1.is_grease());
    }

    #[test]
    fn version_2_names_its_packets_by_other_bits() {
        use PacketKind::{Handshake, Initial, Retry, Unknown, VersionNegotiation, ZeroRtt};
        let kinds = |version: Version| [0xc0, 0xd0, 0xe0, 0xf0].map(|first| version.kind(first));
        assert_eq!(kinds(Version::V1), [Initial, ZeroRtt, Handshake, Retry]);
        assert_eq!(kinds(Version::V2), [Retry, Initial, ZeroRtt, Handshake]);
        assert_eq!(kinds(Version(0)), [VersionNegotiation; 4]);
        assert_eq!(kinds(Version(0xdead_beef)), [Unknown; 4]);
        assert_eq!(kinds(Version(0x0a1a_2a3a)), [Initial, Unknown, Unknown, Unknown]);
        let names = [Initial, ZeroRtt, Handshake, Retry, VersionNegotiation, Unknown];
        let expected = ["initial", "0rtt", "handshake", "retry", "version_negotiation", "unknown"];
        assert_eq!(names.map(PacketKind::name), expected);
    }
}
