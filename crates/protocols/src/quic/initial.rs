//! The Initial packets of a connection, opened one by one (RFC 9001 section 5).

use flowloom_flow::Direction;

use super::header::{self, Long};
use super::keys::{Keys, Opened};
use super::version::{PacketKind, Version};

/// The keys of a connection, and which of its sides is the client.
#[derive(Debug, Default)]
pub struct Initials {
    /// Keys that have opened a packet, the newest last.
    keys: Vec<Keys>,
    /// Which side is the client, once one of its packets was opened.
    client: Option<Direction>,
    /// The largest packet number of each side.
    largest: [u64; 2],
    /// Packets that were decrypted, or tried to be.
    attempts: usize,
}

/// What an Initial packet holds, for who shows it.
#[derive(Debug)]
pub struct Initial {
    /// Its number.
    pub number: u64,
    /// Where in the packet the number is.
    pub number_at: usize,
    /// Where in the packet the payload begins: each of its bytes is where it was when encrypted.
    pub payload_at: usize,
    /// The payload: frames.
    pub payload: Vec<u8>,
    /// Whether the frames are those of RFC 9000, and not Google's.
    pub has_frames: bool,
    /// Whether the client begins anew: what it said before counts no more.
    pub is_first: bool,
}

impl Initials {
    /// Opens the Initial packet at the front of `bytes`, the rest of a datagram, which had `len`
    /// bytes on the wire.
    pub fn read(&mut self, bytes: &[u8], len: usize, direction: Direction) -> Option<Initial> {
        let packet = if self.client().is_some() {
            header::long_of_known(bytes, len)?
        } else {
            header::long(bytes, len)?
        };
        if packet.kind != PacketKind::Initial {
            return None;
        }
        let (opened, is_first) = self.open(&packet, direction)?;
        let version = packet.version;
        Some(Initial {
            number: opened.number,
            number_at: packet.number_at,
            payload_at: opened.payload_at,
            payload: opened.payload,
            has_frames: !version.has_google_frames() && !version.is_google_crypto(),
            is_first,
        })
    }

    /// Which side is the client, once one of its packets was opened.
    pub(super) fn client(&self) -> Option<Direction> {
        self.client
    }

    /// Forgets the keys: nothing more is to be opened.
    pub(super) fn close(&mut self) {
        self.keys = Vec::new();
    }

    /// Whether no more packets are opened.
    pub(super) fn is_exhausted(&self) -> bool {
        self.attempts >= ATTEMPTS_MAX
    }

    /// Opens an Initial with keys that are known, or follow from its destination; whether it is the
    /// first with new keys.
    pub(super) fn open(
        &mut self,
        packet: &Long<'_>,
        direction: Direction,
    ) -> Option<(Opened, bool)> {
        let (opened, is_first) = self.opened(packet, direction)?;
        let largest = &mut self.largest[direction.index()];
        *largest = opened.number.max(*largest);
        Some((opened, is_first))
    }

    fn opened(&mut self, packet: &Long<'_>, direction: Direction) -> Option<(Opened, bool)> {
        if self.is_exhausted() {
            return None;
        }
        let largest = self.largest[direction.index()];
        let is_client = self.client.is_none_or(|client| client == direction);
        if let Some(dcid) = self.newest_dcid_of_another_version(packet.version) {
            // The two sides agreed on another version without a new connection (RFC 9368).
            Keys::derive(packet.version, &dcid).for_each(|keys| self.remember(keys));
        }
        for keys in self.keys.iter().rev().filter(|keys| keys.version == packet.version) {
            if self.attempts >= ATTEMPTS_MAX {
                return None;
            }
            self.attempts += 1;
            let side = if is_client { &keys.client } else { &keys.server };
            if let Some(opened) = side.open(packet, largest) {
                return Some((opened, false));
            }
        }
        let is_tried = |keys: &Keys| keys.version == packet.version && *keys.dcid == *packet.dcid;
        if !is_client || self.is_exhausted() || self.keys.iter().any(is_tried) {
            return None;
        }
        self.attempts += 1;
        let (keys, opened) = Keys::derive(packet.version, packet.dcid).find_map(|keys| {
            let opened = keys.client.open(packet, largest)?;
            Some((keys, opened))
        })?;
        self.client = Some(direction);
        self.remember(keys);
        Some((opened, true))
    }

    fn newest_dcid_of_another_version(&self, version: Version) -> Option<Box<[u8]>> {
        let newest = self.keys.last()?;
        let is_new = self.keys.iter().all(|keys| keys.version != version);
        is_new.then(|| newest.dcid.clone())
    }

    fn remember(&mut self, keys: Keys) {
        if self.keys.len() == KEYS_MAX {
            self.keys.remove(0);
        }
        self.keys.push(keys);
    }
}

/// Keys that are remembered: of the first packet, after a Retry, and of another version.
const KEYS_MAX: usize = 4;
/// How often it is tried to open a packet of a connection.
const ATTEMPTS_MAX: usize = 128;
