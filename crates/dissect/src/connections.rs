//! Pairs of endpoints that speak QUIC: their short headers do not show it, and what their Initials
//! say is put in order. Everything is bounded.

use std::collections::HashMap;

use flowloom_flow::Direction;
use flowloom_protocols::quic::{CryptoStream, Initial, Initials};
use flowloom_wire::{Address, Packet};

/// The connections that are known.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    pairs: HashMap<Pair, Connection>,
    /// Connections that hold keys.
    opening: usize,
}

/// Two endpoints, the lesser first: the direction up is from it.
type Pair = [(Address, u16); 2];

/// A connection.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    initials: Option<Box<Initials>>,
    up: Side,
    down: Side,
}

/// A side of a connection.
#[derive(Debug, Default)]
pub(crate) struct Side {
    /// Bytes of the identifier that it chose for itself.
    pub(crate) id_len: Option<u8>,
    /// What it says in its Initials.
    pub(crate) stream: CryptoStream,
    /// The beginning of a message that is not whole.
    pub(crate) pending: Vec<u8>,
}

impl Connections {
    /// The connection of a packet with a long header.
    pub(crate) fn of(&mut self, packet: &Packet) -> (&mut Connection, Direction) {
        let (pair, direction) = pair(packet);
        if self.pairs.len() >= CONNECTIONS_MAX && !self.pairs.contains_key(&pair) {
            // Rare, and cheaper than to know which is the oldest.
            self.pairs.clear();
            self.opening = 0;
        }
        if self.opening >= OPENING_MAX {
            self.pairs.values_mut().for_each(Connection::settle);
            self.opening = 0;
        }
        let connection = self.pairs.entry(pair).or_insert_with(|| {
            self.opening += 1;
            Connection { initials: Some(Box::default()), ..Connection::default() }
        });
        (connection, direction)
    }

    /// The connection of a packet with a short header, if it is known.
    pub(crate) fn find(&self, packet: &Packet) -> Option<(&Connection, Direction)> {
        if self.pairs.is_empty() {
            return None;
        }
        let (pair, direction) = pair(packet);
        self.pairs.get(&pair).map(|connection| (connection, direction))
    }
}

impl Connection {
    /// Opens the Initial at the front of `bytes`, which had `len` bytes on the wire.
    pub(crate) fn open(
        &mut self,
        bytes: &[u8],
        len: usize,
        direction: Direction,
    ) -> Option<Initial> {
        self.initials.as_mut()?.read(bytes, len, direction)
    }

    /// The side that sends in a direction.
    pub(crate) fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }

    /// Bytes of the identifier that packets of a direction are sent to.
    pub(crate) fn id_len(&self, direction: Direction) -> usize {
        let receiver = match direction {
            Direction::Up => &self.down,
            Direction::Down => &self.up,
        };
        usize::from(receiver.id_len.unwrap_or(0))
    }

    /// Forgets what was said.
    pub(crate) fn begin_again(&mut self) {
        for side in [&mut self.up, &mut self.down] {
            *side = Side { id_len: side.id_len, ..Side::default() };
        }
    }

    /// No more Initials are opened.
    fn settle(&mut self) {
        self.initials = None;
        self.begin_again();
    }
}

fn pair(packet: &Packet) -> (Pair, Direction) {
    let ends = [(packet.src, packet.src_port), (packet.dst, packet.dst_port)];
    if ends[0] <= ends[1] { (ends, Direction::Up) } else { ([ends[1], ends[0]], Direction::Down) }
}

/// Connections that are known at a time.
const CONNECTIONS_MAX: usize = 1 << 16;
/// Connections whose Initials are opened at a time; each takes up to some 300 KiB. Beyond it, all
/// are taken for established.
const OPENING_MAX: usize = 256;
