//! QUIC versions 1 and 2, drafts 27 and 29 (RFC 9000, RFC 9001, RFC 9369).

/// What a QUIC handshake told.
#[derive(Clone, Debug, Default)]
pub struct Quic {}
