//! SSH (RFC 4253): the banner, and packets up to where they are encrypted.

use crate::field::layer;
use crate::writer::Writer;

layer! {
    SSH "ssh" "ssh" "SSH (RFC 4253): banner, and packets.";
    BANNER Text "ssh.protocol" "Version of the protocol and of the program.";
    PACKET_LENGTH Uint "ssh.packet_length" "Bytes of a packet, before keys are taken.";
    PADDING_LENGTH Uint "ssh.padding_length" "Bytes of padding in a packet.";
    MESSAGE Uint "ssh.message_code" "Kind of message.";
    ENCRYPTED Bytes "ssh.encrypted" "What is encrypted.";
}

/// The banner at the front, its line end included, if it is all there.
pub(crate) fn banner_len(bytes: &[u8]) -> Option<usize> {
    let line = bytes.get(..bytes.len().min(BANNER_MAX)).unwrap_or_default();
    line.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
}

pub(crate) fn banner(w: &mut Writer<'_>, at: usize, end: usize) {
    w.layer(&SSH, at);
    w.layer_end(end);
    let len = w.get(at, end - at).map_or(0, |line| line.trim_ascii_end().len());
    w.text(&BANNER, at, len);
}

/// Whether a banner is of SSH 2, or of a server that knows it, too (RFC 4253, section 5.1).
pub(crate) fn is_ssh2(banner: &[u8]) -> bool {
    banner.starts_with(b"SSH-2.") || banner.starts_with(b"SSH-1.99")
}

/// Bytes of the packet of SSH at the front, if there can be one.
pub(crate) fn packet_len(bytes: &[u8]) -> Option<usize> {
    let len = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    (PACKET_MIN..=PACKET_MAX).contains(&len).then_some(4 + len)
}

/// Whether a packet of SSH says that all behind it is encrypted.
pub(crate) fn is_new_keys(packet: &[u8]) -> bool {
    packet.get(5) == Some(&NEW_KEYS)
}

/// A packet of SSH that is not encrypted (RFC 4253, section 6).
pub(crate) fn packet(w: &mut Writer<'_>, at: usize, end: usize) {
    w.layer(&SSH, at);
    w.layer_end(end);
    w.uint(&PACKET_LENGTH, at, 4);
    w.uint(&PADDING_LENGTH, at + 4, 1);
    w.named(&MESSAGE, at + 5, 1, message_name);
}

/// Bytes of SSH that are encrypted.
pub(crate) fn encrypted(w: &mut Writer<'_>, at: usize, end: usize) {
    w.layer(&SSH, at);
    w.layer_end(end);
    w.bytes(&ENCRYPTED, at, end - at);
}

fn message_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "disconnect",
        2 => "ignore",
        4 => "debug",
        5 => "service request",
        6 => "service accept",
        20 => "key exchange init",
        21 => "new keys",
        30 => "Diffie-Hellman init",
        31 => "Diffie-Hellman reply",
        32 => "Diffie-Hellman group init",
        33 => "Diffie-Hellman group reply",
        34 => "Diffie-Hellman group request",
        _ => return None,
    })
}

/// Bytes of a banner at most (RFC 4253, section 4.2), and some.
const BANNER_MAX: usize = 512;
/// The message of SSH behind which all is encrypted.
const NEW_KEYS: u8 = 21;
/// Bytes of a packet of SSH: padding and its length at least, and what all must take
/// (RFC 4253, section 6.1) at most.
const PACKET_MIN: usize = 5;
const PACKET_MAX: usize = 35_000;
