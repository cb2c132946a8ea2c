//! Blocks of pcapng that hold frames.

/// A block that holds a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Enhanced,
    Simple,
    Obsolete,
}

impl Block {
    pub(super) fn of(bytes: &[u8], big_endian: bool) -> Option<Self> {
        match word(bytes, 0, big_endian) {
            6 => Some(Self::Enhanced),
            3 => Some(Self::Simple),
            2 => Some(Self::Obsolete),
            _ => None,
        }
    }

    /// The interface it is of.
    pub(super) fn interface(self, bytes: &[u8], big_endian: bool) -> usize {
        match self {
            Self::Enhanced => word(bytes, INTERFACE_AT, big_endian),
            Self::Simple => 0,
            Self::Obsolete => {
                let id = bytes.get(INTERFACE_AT..).and_then(|rest| rest.first_chunk::<2>());
                let id = id.copied().unwrap_or_default();
                usize::from(if big_endian {
                    u16::from_be_bytes(id)
                } else {
                    u16::from_le_bytes(id)
                })
            }
        }
    }

    /// Makes it one of another interface.
    pub(super) fn set_interface(self, bytes: &mut [u8], id: usize, big_endian: bool) {
        let Some(place) = bytes.get_mut(INTERFACE_AT..) else { return };
        let id = id as u32;
        match (self, place) {
            (Self::Enhanced, [a, b, c, d, ..]) => {
                [*a, *b, *c, *d] = if big_endian { id.to_be_bytes() } else { id.to_le_bytes() };
            }
            (Self::Obsolete, [a, b, ..]) => {
                let id = id as u16;
                [*a, *b] = if big_endian { id.to_be_bytes() } else { id.to_le_bytes() };
            }
            _ => {}
        }
    }
}

/// The 32-bit integer at a place; 0 where the bytes end.
pub(super) fn word(bytes: &[u8], at: usize, big_endian: bool) -> usize {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied();
    let word = word.unwrap_or_default();
    (if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }) as usize
}

/// Where the interface is in a packet block.
const INTERFACE_AT: usize = 8;
