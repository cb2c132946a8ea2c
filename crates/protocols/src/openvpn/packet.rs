//! Packets of `OpenVPN`, without state. There is no RFC: the layout is that of the program's
//! documented network protocol.
//!
//! A byte of opcode and key, then of all but data: session, authentication where there is a static
//! key (a tag, a number against replay and a time), acknowledgements, and but for those that only
//! acknowledge, the packet's own number and bytes of TLS.

use crate::{Cursor, Match};

/// A packet, its inside not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) kind: Kind,
    /// Which of eight keys it is of, or makes.
    pub(super) key: u8,
    body: &'a [u8],
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A session begins.
    HardReset,
    /// A session gets a new key.
    SoftReset,
    /// TLS.
    Control,
    /// Acknowledgements alone.
    Ack,
    /// What is tunnelled.
    Data,
}

/// A packet of the control channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Control<'a> {
    /// The sender's session.
    pub(super) session: [u8; 8],
    /// Its place among those of the sender and the key; none of an acknowledgement.
    pub(super) number: Option<u32>,
    /// What it brings of TLS.
    pub(super) bytes: &'a [u8],
}

impl Kind {
    /// By the first byte of a packet.
    pub(super) fn of(head: u8) -> Option<Self> {
        Some(match head >> 3 {
            1 | 2 | 7 | 8 | 10 => Self::HardReset,
            3 => Self::SoftReset,
            4 | 11 => Self::Control,
            5 => Self::Ack,
            6 | 9 => Self::Data,
            _ => return None,
        })
    }
}

impl<'a> Packet<'a> {
    /// None if it is too short, or has no known opcode.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (head, body) = bytes.split_first().filter(|_| bytes.len() >= LEN_MIN)?;
        Some(Self { kind: Kind::of(*head)?, key: head & 7, body })
    }

    /// Reads a packet of the control channel whose tag has so many bytes; none if it cannot have.
    pub(super) fn control(&self, tag_len: usize) -> Option<Control<'a>> {
        let mut cursor = Cursor::new(self.body);
        let session = cursor.array()?;
        if tag_len > 0 {
            cursor.take(tag_len)?;
            let (replay, time) = (cursor.u32()?, cursor.u32()?);
            if replay == 0 || replay > NUMBER_MAX || time == 0 {
                return None;
            }
        }
        let acknowledged = cursor.u8().filter(|count| *count <= ACKNOWLEDGED_MAX)?;
        for _ in 0..acknowledged {
            cursor.u32().filter(|number| *number <= NUMBER_MAX)?;
        }
        if acknowledged > 0 {
            // The session that is acknowledged.
            cursor.take(8)?;
        }
        let number = match self.kind {
            Kind::Data => return None,
            Kind::Ack if acknowledged == 0 => return None,
            Kind::Ack => None,
            _ => Some(cursor.u32().filter(|number| *number <= NUMBER_MAX)?),
        };
        let bytes = cursor.rest();
        (bytes.len() <= CONTROL_BYTES_MAX).then_some(Control { session, number, bytes })
    }

    /// How many bytes the tag has, none being 0, where the packet tells.
    pub(super) fn tag_len(&self) -> Option<usize> {
        TAG_LENS.into_iter().find(|tag_len| {
            self.control(*tag_len).is_some_and(|control| match self.kind {
                Kind::HardReset | Kind::SoftReset => {
                    control.number == Some(0) && control.bytes.is_empty()
                }
                Kind::Control => matches!(control.bytes, [20..=23, 3, 0..=4, ..]),
                Kind::Ack => control.bytes.is_empty(),
                Kind::Data => false,
            })
        })
    }

    /// Whether the rest is encrypted with a static key (`tls-crypt`): before the tag comes a number
    /// against replay, with a mark above it where that is negotiated early, and a time.
    fn is_encrypted_reset(&self, head: u8) -> bool {
        let mut cursor = Cursor::new(self.body);
        let (_, replay, time) = (cursor.u64(), cursor.u32(), cursor.u32());
        let is_long_enough = match head {
            CLIENT_RESET => self.body.len() == ENCRYPTED_RESET_LEN,
            SERVER_RESET => self.body.len() == ENCRYPTED_RESET_LEN + ACKNOWLEDGEMENT_LEN,
            _ => self.body.len() >= ENCRYPTED_RESET_LEN + WRAPPED_KEY_LEN_MIN,
        };
        is_long_enough
            && matches!(replay, Some(1 | 0x0f00_0001))
            && time.is_some_and(|time| (TIME_MIN..TIME_END).contains(&time))
    }
}

/// Whether a datagram is a packet, or what a length in a stream says is one.
pub(super) fn probe(bytes: &[u8]) -> Match {
    let Some(packet) = Packet::of(bytes) else { return Match::No };
    let head = bytes.first().copied().filter(|head| is_first(*head));
    let is_reset =
        head.is_some_and(|head| packet.tag_len().is_some() || packet.is_encrypted_reset(head));
    if is_reset { Match::Yes } else { Match::Maybe }
}

/// Whether a stream begins with the length of a packet and the packet.
pub(super) fn probe_stream(bytes: &[u8]) -> Match {
    let (len, bytes) = match *bytes {
        [high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
        [high] if usize::from(high) <= STREAM_PACKET_LEN_MAX >> 8 => return Match::NeedMore,
        _ => return Match::No,
    };
    if !(LEN_MIN..=STREAM_PACKET_LEN_MAX).contains(&len) {
        return Match::No;
    }
    match (bytes.first(), bytes.get(..len)) {
        (None, _) => Match::NeedMore,
        (Some(head), Some(packet)) if is_first(*head) => probe(packet),
        (Some(head), None) if is_first(*head) => Match::NeedMore,
        (Some(head), _) if Kind::of(*head).is_some() => Match::Maybe,
        _ => Match::No,
    }
}

/// Whether a packet opens a connection: a hard reset, not of the oldest kind, of key 0.
fn is_first(head: u8) -> bool {
    matches!(head, CLIENT_RESET | SERVER_RESET | WRAPPED_RESET)
}

const CLIENT_RESET: u8 = 7 << 3;
const SERVER_RESET: u8 = 8 << 3;
/// The client's, with a key of its own that only the server can read (`tls-crypt-v2`).
const WRAPPED_RESET: u8 = 10 << 3;

/// Opcode, session, no acknowledgements, number.
pub(super) const LEN_MIN: usize = 14;
/// What a stream's first packet can have: some two thousand bytes of it are a wrapped key.
const STREAM_PACKET_LEN_MAX: usize = 4 << 10;
/// MD5 and the SHAs, after none.
const TAG_LENS: [usize; 7] = [0, 20, 32, 64, 16, 28, 48];
/// Acknowledgements in a packet.
const ACKNOWLEDGED_MAX: u8 = 8;
/// Numbers of packets and against replay begin anew with each session.
const NUMBER_MAX: u32 = 1 << 24;
/// Bytes of TLS in a packet: the program's limit for all of it is 1500.
const CONTROL_BYTES_MAX: usize = 2 << 10;
/// Session, number, time, tag, and the two fields of a reset.
const ENCRYPTED_RESET_LEN: usize = 8 + 4 + 4 + 32 + 5;
/// The packet that is acknowledged, and its session.
const ACKNOWLEDGEMENT_LEN: usize = 4 + 8;
/// A tag, a key of 256 bytes and a length.
const WRAPPED_KEY_LEN_MIN: usize = 32 + 256 + 2;
/// November 2016, in seconds since the epoch: no program encrypted resets before.
const TIME_MIN: u32 = 0x5820_0000;
/// January 2038.
const TIME_END: u32 = 0x8000_0000;
