//! Integers in either byte order.

/// Which byte of an integer comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    #[default]
    Little,
    Big,
}

impl ByteOrder {
    #[inline]
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(crate) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }

    /// A timestamp of pcapng, whose upper half comes first in either order.
    pub(crate) fn ticks(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes).rotate_left(32),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }

    /// Takes an integer off the front.
    pub(crate) fn take_u16(self, bytes: &mut &[u8]) -> Option<u16> {
        take(bytes).map(|integer| self.u16(integer))
    }

    /// Takes an integer off the front.
    pub(crate) fn take_u32(self, bytes: &mut &[u8]) -> Option<u32> {
        take(bytes).map(|integer| self.u32(integer))
    }
}

/// The next four words of a record header.
#[inline]
pub(crate) fn words(order: ByteOrder, header: &[u8; 16]) -> [u32; 4] {
    std::array::from_fn(|i| {
        let i = 4 * i;
        order.u32([header[i], header[i + 1], header[i + 2], header[i + 3]])
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}
