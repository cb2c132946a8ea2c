//! Options at the end of pcapng blocks: code, length, value, padded to four bytes.
//!
//! Numbers in them have the byte order of their section.

use crate::bytes::ByteOrder;

/// What a file says of a frame besides its bytes: the options of its packet block.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameOptions<'a> {
    order: ByteOrder,
    bytes: &'a [u8],
    without_texts: bool,
}

/// An option as pcapng has it, its number by the registry and its value, in which numbers have
/// their least byte first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawOption {
    /// Its code.
    pub code: u16,
    /// Its value, without padding.
    pub value: Vec<u8>,
}

impl RawOption {
    /// Whether it is a comment.
    pub fn is_comment(&self) -> bool {
        self.code == COMMENT
    }
}

impl<'a> FrameOptions<'a> {
    pub(crate) fn new(order: ByteOrder, bytes: &'a [u8]) -> Self {
        Self { order, bytes, without_texts: false }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The comments, in their order.
    pub fn comments(self) -> impl Iterator<Item = &'a [u8]> {
        self.all().filter(|(code, _)| *code == COMMENT).map(|(_, value)| value)
    }

    /// The flags: direction, reception, link-layer errors, by the definition of `epb_flags`.
    pub fn flags(self) -> Option<u32> {
        let flags = self.all().find(|(code, _)| *code == EPB_FLAGS);
        flags.and_then(|(_, value)| value.try_into().ok()).map(|value| self.order.u32(value))
    }

    /// Without those that may say anything: comments and what programs define for themselves,
    /// and without hashes, which are of the frame's bytes.
    #[must_use]
    pub fn without_texts(self) -> Self {
        Self { without_texts: true, ..self }
    }

    /// Code and value of each, as the file has them.
    pub(crate) fn all(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let is_kept =
            move |&(code, _): &(u16, &[u8])| !self.without_texts || EPB_NUMBERS.contains(&code);
        Options::new(self.order, self.bytes).filter(is_kept)
    }

    pub(crate) fn order(self) -> ByteOrder {
        self.order
    }
}

/// The options of a block, up to the first that is cut.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    order: ByteOrder,
    rest: &'a [u8],
    damaged: bool,
}

impl<'a> Options<'a> {
    pub(crate) fn new(order: ByteOrder, bytes: &'a [u8]) -> Self {
        Self { order, rest: bytes, damaged: false }
    }

    /// Whether an option was cut.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// What follows the end of the options.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self) -> Option<(u16, &'a [u8])> {
        let code = self.order.take_u16(&mut self.rest)?;
        let len = usize::from(self.order.take_u16(&mut self.rest)?);
        let value = self.rest.get(..len)?;
        // The padding of the last option may be missing.
        self.rest = self.rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.damaged {
            return None;
        }
        match self.take() {
            Some((END, _)) => None,
            Some(option) => Some(option),
            None => {
                self.damaged = true;
                None
            }
        }
    }
}

const END: u16 = 0;
pub(crate) const COMMENT: u16 = 1;
pub(crate) const EPB_FLAGS: u16 = 2;
/// `epb_flags`, `epb_dropcount`, `epb_packetid`, `epb_queue`.
const EPB_NUMBERS: [u16; 4] = [EPB_FLAGS, 4, 5, 6];
