//! Options at the end of pcapng blocks: code, length, value, padded to four bytes.

use crate::bytes::ByteOrder;

/// The options of a block, up to the first that is cut.
#[derive(Debug)]
pub(super) struct Options<'a> {
    order: ByteOrder,
    rest: &'a [u8],
    damaged: bool,
}

impl<'a> Options<'a> {
    pub(super) fn new(order: ByteOrder, bytes: &'a [u8]) -> Self {
        Self { order, rest: bytes, damaged: false }
    }

    /// Whether an option was cut.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// What follows the end of the options.
    pub(super) fn rest(&self) -> &'a [u8] {
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
