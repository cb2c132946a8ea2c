//! How much of anything is kept or believed.

use flowloom_schema::LinkType;

/// Bounds of the memory a capture can make us use. All are reached by tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Frames in a block at most. Default 1,024.
    pub block_frames: usize,
    /// Bytes in a block at most, unless a single record is longer. Default 256 KiB, which
    /// stays in the cache of a processor on its way through the stages; at most 1 GiB is honoured.
    pub block_bytes: usize,
    /// Captured bytes of a frame at most; a record that claims more is damage. Default 262,144,
    /// the most that tcpdump and Wireshark capture or accept.
    pub frame_bytes_max: u32,
    /// Bytes of a record at most where frames have no common limit (D-Bus, `USBPcap`, EBHSCR), and
    /// of any pcapng block; one that claims more is damage. Default 16 MiB; at most 1 GiB is
    /// honoured.
    pub record_bytes_max: u32,
    /// Interfaces of an input at most, over all sections; one more is damage. Default 65,536,
    /// which is also the most that a frame can tell apart.
    pub interfaces_max: usize,
    /// Bytes of texts kept together: comments, resolved names, descriptions of interfaces and
    /// sections, each counted with 64 bytes more than its text. Later ones are dropped and
    /// counted in [`Facts::notes_dropped`](crate::Facts). Default 4 MiB.
    pub notes_bytes_max: usize,
    /// Bytes of decryption secrets kept together. Later ones are dropped and counted in
    /// [`Facts::secrets_dropped`](crate::Facts). Default 16 MiB.
    pub secrets_bytes_max: usize,
    /// Warnings kept. Later ones are dropped and counted in
    /// [`Facts::warnings_dropped`](crate::Facts). Default 100.
    pub warnings_max: usize,
}

impl Limits {
    /// The most bytes a frame of a link type can have.
    pub(crate) fn frame_bytes(&self, link: LinkType) -> u32 {
        if FRAMES_WITHOUT_LIMIT.contains(&link.0) {
            self.record_bytes_max
        } else {
            self.frame_bytes_max
        }
    }

    /// The limits of each of several captures that are read side by side.
    pub(crate) fn shared(self, captures: usize) -> Self {
        let bytes = (SHARED_BYTES_MAX / captures.max(1)).max(SHARED_BLOCK_BYTES_MIN);
        let frames = (bytes / SHARED_BYTES_PER_FRAME).max(1);
        Self {
            block_bytes: self.block_bytes.min(bytes),
            block_frames: self.block_frames.min(frames),
            ..self
        }
    }

    /// The same limits where all positions in a block fit 32 bits.
    pub(crate) fn honoured(self) -> Self {
        Self {
            block_frames: self.block_frames.max(1),
            block_bytes: self.block_bytes.clamp(1, GIB as usize),
            frame_bytes_max: self.frame_bytes_max.min(GIB),
            record_bytes_max: self.record_bytes_max.min(GIB),
            interfaces_max: self.interfaces_max.min(usize::from(u16::MAX) + 1),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            block_frames: 1_024,
            block_bytes: 256 << 10,
            frame_bytes_max: 262_144,
            record_bytes_max: 16 << 20,
            interfaces_max: 65_536,
            notes_bytes_max: 4 << 20,
            secrets_bytes_max: 16 << 20,
            warnings_max: 100,
        }
    }
}

const GIB: u32 = 1 << 30;

/// Bytes of the blocks of all captures that are read side by side, as long as each has the least
/// that is worth reading.
const SHARED_BYTES_MAX: usize = 256 << 20;
const SHARED_BLOCK_BYTES_MIN: usize = 4 << 10;
const SHARED_BYTES_PER_FRAME: usize = 64;

/// `LINKTYPE_DBUS`, `LINKTYPE_USBPCAP`, `LINKTYPE_EBHSCR`: messages, not frames of a medium.
const FRAMES_WITHOUT_LIMIT: [u16; 3] = [231, 249, 279];
