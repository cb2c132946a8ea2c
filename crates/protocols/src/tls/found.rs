//! What a TLS handshake told, whoever carried it.

use std::net::IpAddr;

use flowloom_flow::Direction;

use super::InnerDns;
use crate::{Stamp, WireText};

/// What a TLS handshake told: that of TLS over TCP, of DTLS, or of QUIC.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// What carried it.
    pub carrier: Carrier,
    /// The `ClientHello`s that came, the first ones: there is a second after a
    /// `HelloRetryRequest` or a `HelloVerifyRequest`.
    pub client_hellos: Vec<ClientHello>,
    /// `ClientHello`s that came.
    pub client_hello_count: u32,
    /// The `ServerHello`s that came, the first ones, `HelloRetryRequest`s among them.
    pub server_hellos: Vec<ServerHello>,
    /// DNS that the connection is for, as far as that can be told.
    pub inner_dns: Option<InnerDns>,
    /// `HelloVerifyRequest`s of DTLS that came.
    pub verify_request_count: u32,
    /// Certificates in the order in which they came, of both sides; only those sent in the clear.
    pub certificates: Vec<Certificate>,
    /// Whether the server asked for a certificate in the clear.
    pub certificate_requested: bool,
    /// The curve of a `ServerKeyExchange` by name (RFC 8422, section 5.4).
    pub server_group: Option<u16>,
    /// Lifetime of a session ticket sent in the clear, in seconds.
    pub ticket_lifetime: Option<u32>,
    /// Alerts that came in the clear.
    pub alerts: Vec<Alert>,
    /// When each side changed to encryption: its `ChangeCipherSpec` up to TLS 1.2, its first
    /// protected record after the `ServerHello` in TLS 1.3.
    pub protected: [Option<Stamp>; 2],
    /// When each side sent its first record of application data.
    pub data: [Option<Stamp>; 2],
    /// All records, if they were asked for.
    pub records: Vec<Record>,
}

/// What carried a handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// TLS over TCP.
    #[default]
    Tcp,
    /// DTLS.
    Dtls,
    /// QUIC.
    Quic,
}

/// A `ClientHello`. What was cut off or cannot be read is left empty.
#[derive(Clone, Debug, Default)]
pub struct ClientHello {
    /// Which side of the flow is the client.
    pub from: Option<Direction>,
    /// When it was whole.
    pub stamp: Stamp,
    /// Whether it had the form of SSL 2.0.
    pub is_sslv2: bool,
    /// The version it is written for; the newest offered, up to TLS 1.2.
    pub legacy_version: u16,
    /// The client's random bytes, by which key logs know the connection.
    pub random: [u8; 32],
    /// Session identifier.
    pub session_id: Vec<u8>,
    /// Cipher suites in the client's order, GREASE included.
    pub cipher_suites: Vec<u16>,
    /// Compression methods.
    pub compressions: Vec<u8>,
    /// Types of the extensions in their order, GREASE included.
    pub extensions: Vec<u16>,
    /// The host that was asked for.
    pub sni: Option<WireText>,
    /// Application protocols that were offered.
    pub alpn: Vec<WireText>,
    /// The first of them byte for byte.
    pub alpn_first: Vec<u8>,
    /// Versions that were offered in `supported_versions`.
    pub supported_versions: Vec<u16>,
    /// Groups in the client's order.
    pub groups: Vec<u16>,
    /// Formats of points of elliptic curves.
    pub point_formats: Vec<u8>,
    /// Signature algorithms in the client's order.
    pub signature_algorithms: Vec<u16>,
    /// Groups for which there is a key share.
    pub key_shares: Vec<u16>,
    /// Key exchange modes for pre-shared keys.
    pub psk_modes: Vec<u8>,
    /// Pre-shared keys that were offered.
    pub psk_count: u32,
    /// Bytes of the session ticket, if there was the extension.
    pub ticket_len: Option<u32>,
    /// Encrypted `ClientHello`.
    pub ech: Option<Ech>,
    /// Transport parameters of QUIC, as they came.
    pub quic_parameters: Option<Vec<u8>>,
    /// Whether the `ClientHello` ended before what it announced.
    pub is_cut: bool,
}

/// The extension `encrypted_client_hello` of a `ClientHello` (RFC 9849, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ech {
    /// Whether this is the inner `ClientHello`, which is never seen in the clear.
    pub is_inner: bool,
    /// Key derivation function of HPKE.
    pub kdf: u16,
    /// Encryption of HPKE.
    pub aead: u16,
    /// Which of the server's keys was used.
    pub config_id: u8,
    /// Bytes of the encapsulated key.
    pub enc_len: u16,
    /// Bytes of the encrypted inner `ClientHello`.
    pub payload_len: u16,
}

/// A `ServerHello` or `HelloRetryRequest`.
#[derive(Clone, Debug, Default)]
pub struct ServerHello {
    /// Which side of the flow is the server.
    pub from: Option<Direction>,
    /// When it was whole.
    pub stamp: Stamp,
    /// Whether it is a `HelloRetryRequest` (RFC 8446, section 4.1.3).
    pub is_retry: bool,
    /// The version in its fixed part.
    pub legacy_version: u16,
    /// The version in `supported_versions`.
    pub selected_version: Option<u16>,
    /// The server's random bytes.
    pub random: [u8; 32],
    /// Session identifier.
    pub session_id: Vec<u8>,
    /// The cipher suite; of SSL 2.0 none is chosen here.
    pub cipher_suite: Option<u16>,
    /// The compression method.
    pub compression: u8,
    /// Types of the extensions in their order.
    pub extensions: Vec<u16>,
    /// The application protocol, where it is in the clear.
    pub alpn: Option<WireText>,
    /// The group of the key share.
    pub group: Option<u16>,
    /// The pre-shared key that was taken.
    pub psk: Option<u16>,
}

impl ServerHello {
    /// The version that was negotiated.
    pub fn version(&self) -> u16 {
        self.selected_version.unwrap_or(self.legacy_version)
    }
}

/// A certificate. What cannot be read is left empty.
#[derive(Clone, Debug, Default)]
pub struct Certificate {
    /// Which side sent it.
    pub from: Option<Direction>,
    /// When the message was whole.
    pub stamp: Stamp,
    /// Place in its chain, from 0.
    pub position: u32,
    /// Bytes of the DER.
    pub len: u32,
    /// SHA-256 of the DER.
    pub sha256: [u8; 32],
    /// SHA-1 of the DER.
    pub sha1: [u8; 20],
    /// Version, as people count: 3 for those with extensions.
    pub version: Option<u8>,
    /// Serial number as it is encoded, most significant byte first.
    pub serial: Vec<u8>,
    /// Issuer as RFC 4514 writes it.
    pub issuer: String,
    /// Common name of the issuer.
    pub issuer_cn: Option<WireText>,
    /// Subject as RFC 4514 writes it.
    pub subject: String,
    /// Common name of the subject.
    pub subject_cn: Option<WireText>,
    /// Valid from, in seconds since the epoch.
    pub not_before: Option<i64>,
    /// Valid to.
    pub not_after: Option<i64>,
    /// DNS names among the alternative names.
    pub san_dns: Vec<WireText>,
    /// IP addresses among the alternative names.
    pub san_ips: Vec<IpAddr>,
    /// Kind of the public key.
    pub key_type: Option<String>,
    /// Bits of the public key.
    pub key_bits: Option<u32>,
    /// Algorithm of the public key.
    pub key_algorithm: Option<String>,
    /// Curve of the public key.
    pub key_curve: Option<&'static str>,
    /// Exponent of an RSA key.
    pub key_exponent: Option<i64>,
    /// Algorithm of the signature.
    pub signature: Option<String>,
    /// Whether it says that it may sign others.
    pub is_ca: bool,
    /// Whether it says so or not at all.
    pub has_basic_constraints: bool,
    /// Certificates that may stand between it and the last of a chain.
    pub path_len_max: Option<i64>,
    /// Object identifiers of issuer, subject and extensions, as they are encoded.
    pub oids: [Vec<Vec<u8>>; 3],
}

/// An alert that came in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// When it came.
    pub stamp: Stamp,
    /// Who sent it.
    pub from: Direction,
    /// 1 is a warning, 2 is fatal.
    pub level: u8,
    /// What is wrong.
    pub description: u8,
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The packet in which it begins.
    pub stamp: Stamp,
    /// Who sent it.
    pub from: Direction,
    /// Its type.
    pub kind: u8,
    /// The version in its header.
    pub version: u16,
    /// Bytes after its header.
    pub len: u16,
    /// Epoch and sequence number, of DTLS.
    pub number: Option<(u16, u64)>,
}

impl Tls {
    /// The first `ClientHello`.
    pub fn client_hello(&self) -> Option<&ClientHello> {
        self.client_hellos.first()
    }

    /// The `ServerHello` that is no `HelloRetryRequest`, or what there is.
    pub fn server_hello(&self) -> Option<&ServerHello> {
        self.server_hellos.iter().find(|hello| !hello.is_retry).or(self.server_hellos.first())
    }

    /// Which side is the client, as far as is known.
    pub fn client(&self) -> Direction {
        let client = self.client_hello().and_then(|hello| hello.from);
        let server = self.server_hello().and_then(|hello| hello.from);
        client.or(server.map(Direction::other)).unwrap_or(Direction::Up)
    }

    /// Whether the session was resumed; not known before the `ServerHello`, nor in TLS 1.3 when
    /// the `ServerHello` was not seen.
    pub fn is_resumed(&self) -> Option<bool> {
        let (client, server) = (self.client_hello()?, self.server_hello()?);
        if server.is_retry {
            return None;
        }
        if matches!(server.version(), 0x0304 | 0xfefc | 0x7f00..=0x7fff) {
            return Some(server.psk.is_some());
        }
        // With a ticket the client makes up a session id, which the server echoes (RFC 5077,
        // section 3.4). A full handshake tells itself by a certificate.
        let echoed = !client.session_id.is_empty() && client.session_id == server.session_id;
        let is_full = self.certificates.iter().any(|certificate| certificate.from != client.from);
        Some(echoed && !is_full)
    }

    /// Which kind of encrypted `ClientHello` was offered.
    pub fn ech(&self) -> EchKind {
        let hellos = &self.client_hellos;
        let Some((hello, ech)) = hellos.iter().find_map(|hello| Some((hello, hello.ech?))) else {
            return EchKind::None;
        };
        // GREASE imitates the real thing (RFC 9849, section 6.2). What gives it away is a name or a
        // size that a real one cannot have: without a name there is no public name to speak to.
        let is_odd = ech.enc_len == 0 && hellos.len() == 1;
        if ech.is_inner || hello.sni.is_none() || is_odd {
            EchKind::Grease
        } else {
            EchKind::Offered
        }
    }
}

/// What an encrypted `ClientHello` is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchKind {
    /// There is none.
    None,
    /// It cannot be a real one.
    Grease,
    /// It is a real one, or GREASE that looks like one.
    Offered,
}

impl EchKind {
    /// The word in the column `tls_ech`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Grease => "grease",
            Self::Offered => "offered",
        }
    }
}
