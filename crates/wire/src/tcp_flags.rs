//! Flags of TCP (RFC 9293, section 3.1).

/// The sender has no more to send.
pub const FIN: u8 = 1;
/// The sequence numbers begin.
pub const SYN: u8 = 2;
/// The connection is reset.
pub const RST: u8 = 4;
/// What was sent is to be handed on.
pub const PSH: u8 = 8;
/// The acknowledgement counts.
pub const ACK: u8 = 16;
