//! HPACK (RFC 7541): header blocks to header fields, with the table that all blocks of a direction share.

mod huffman;
mod static_table;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::Cursor;
use static_table::STATIC_TABLE;

/// Decodes the header blocks of a direction, all of them, in order.
#[derive(Debug)]
pub struct Decoder {
    /// The newest entry comes first.
    entries: VecDeque<Entry>,
    /// Sizes of the entries, as RFC 7541, 4.1 counts them.
    size: usize,
    size_max: usize,
    /// Whether there are entries behind those in the table that are not known.
    has_unknown: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    name: Text,
    value: Text,
}

/// Text in a table. Shared: a block of two bytes per field may refer to a large one many times.
#[derive(Clone, Debug)]
enum Text {
    Static(&'static str),
    Own(Arc<[u8]>),
    /// It was said in a block that was not seen.
    Unknown,
}

/// A header field of a block.
#[derive(Debug)]
pub struct HeaderField<'d> {
    /// Its name, if it is known.
    pub name: Option<&'d [u8]>,
    /// Its value, if it is known.
    pub value: Option<&'d [u8]>,
    /// How it is written.
    pub form: Form,
    /// The entry of the tables that it refers to; 0 if to none.
    pub index: usize,
    /// Where in the block it is.
    pub range: Range<usize>,
}

/// How a header field is written (RFC 7541, 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As an entry of the tables.
    Indexed,
    /// As it is, to become an entry.
    Added,
    /// As it is.
    Plain,
    /// As it is, never to become an entry.
    Never,
}

/// A block that cannot be decoded; so cannot be those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Default for Decoder {
    fn default() -> Self {
        Self { entries: VecDeque::new(), size: 0, size_max: SIZE_MAX_DEFAULT, has_unknown: false }
    }
}

/// What an instruction stands for.
enum Instruction {
    Field { entry: Entry, form: Form, index: usize },
    SizeUpdate,
}

impl Decoder {
    /// A block was not seen: what it put into the table is not known, and what was there before may
    /// be anywhere.
    pub fn forget(&mut self) {
        self.entries.clear();
        self.size = 0;
        // How large the table may be is not known either.
        self.size_max = SIZE_MAX;
        self.has_unknown = true;
    }

    /// Bytes of the entries in the table, as RFC 7541, 4.1 counts them.
    pub fn table_size(&self) -> usize {
        self.size
    }

    /// Decodes a block; gives `field` each name and value that is known. Gives whether all were known.
    pub(super) fn decode(
        &mut self,
        block: &[u8],
        field: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<bool, Broken> {
        let mut is_whole = true;
        self.each(block, &mut |header| match (header.name, header.value) {
            (Some(name), Some(value)) => field(name, value),
            _ => is_whole = false,
        })?;
        Ok(is_whole)
    }

    /// Decodes a block; gives `take` each field. Of a list that is too long, names and values are left
    /// out.
    pub fn each(
        &mut self,
        block: &[u8],
        take: &mut dyn FnMut(&HeaderField<'_>),
    ) -> Result<(), Broken> {
        let len = block.len();
        let mut block = Cursor::new(block);
        let mut list_len = 0;
        while let Some(first) = block.rest().first() {
            let start = len - block.len();
            let Instruction::Field { entry, form, index } =
                self.instruction(*first, &mut block).ok_or(Broken)?
            else {
                continue;
            };
            list_len += entry.size();
            let is_shown = list_len <= LIST_LEN_MAX;
            take(&HeaderField {
                name: entry.name.bytes().filter(|_| is_shown),
                value: entry.value.bytes().filter(|_| is_shown),
                form,
                index,
                range: start..len - block.len(),
            });
        }
        Ok(())
    }

    /// Reads an instruction (RFC 7541, 6).
    fn instruction(&mut self, first: u8, block: &mut Cursor<'_>) -> Option<Instruction> {
        let (form, bits) = match first {
            0x80.. => (Form::Indexed, 7),
            0x40.. => (Form::Added, 6),
            0x20.. => {
                // A limit that the other side has not allowed (SETTINGS_HEADER_TABLE_SIZE) would end
                // the connection there; here it changes no field.
                self.size_max = integer(block, 5)?.min(SIZE_MAX);
                self.evict(0);
                return Some(Instruction::SizeUpdate);
            }
            0x10.. => (Form::Never, 4),
            _ => (Form::Plain, 4),
        };
        let index = integer(block, bits)?;
        let entry = match form {
            Form::Indexed => self.at(index)?,
            _ => self.literal(index, block)?,
        };
        if form == Form::Added {
            self.insert(entry.clone());
        }
        Some(Instruction::Field { entry, form, index })
    }

    fn literal(&self, index: usize, block: &mut Cursor<'_>) -> Option<Entry> {
        let name = if index == 0 { string(block)? } else { self.at(index)?.name };
        Some(Entry { name, value: string(block)? })
    }

    /// The entry with an index (RFC 7541, 2.3.3).
    fn at(&self, index: usize) -> Option<Entry> {
        if let Some((name, value)) = STATIC_TABLE.get(index.checked_sub(1)?) {
            return Some(Entry { name: Text::Static(name), value: Text::Static(value) });
        }
        match self.entries.get(index - STATIC_TABLE.len() - 1) {
            Some(entry) => Some(entry.clone()),
            None if self.has_unknown => Some(Entry { name: Text::Unknown, value: Text::Unknown }),
            None => None,
        }
    }

    fn insert(&mut self, entry: Entry) {
        self.evict(entry.size());
        // One that does not fit empties the table (RFC 7541, 4.4).
        if entry.size() <= self.size_max {
            self.size += entry.size();
            self.entries.push_front(entry);
        }
    }

    /// Makes room for so many bytes.
    fn evict(&mut self, room: usize) {
        while self.size + room > self.size_max
            && let Some(entry) = self.entries.pop_back()
        {
            self.size -= entry.size();
            // An encoder whose table is larger than this one may still refer to it.
            self.has_unknown |= self.size_max == SIZE_MAX;
        }
    }
}

impl Entry {
    fn size(&self) -> usize {
        self.name.len() + self.value.len() + ENTRY_OVERHEAD
    }
}

impl Text {
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Static(text) => Some(text.as_bytes()),
            Self::Own(text) => Some(text),
            Self::Unknown => None,
        }
    }

    fn len(&self) -> usize {
        self.bytes().map_or(0, <[u8]>::len)
    }
}

/// An integer (RFC 7541, 5.1) whose first byte has it in the low `bits`.
fn integer(block: &mut Cursor<'_>, bits: u32) -> Option<usize> {
    let mask = (1_u8 << bits) - 1;
    let first = block.u8()? & mask;
    let mut value = usize::from(first);
    if first < mask {
        return Some(value);
    }
    for nth in 0..INTEGER_BYTES_MAX {
        let byte = block.u8()?;
        value += usize::from(byte & 0x7f) << (7 * nth);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// A string (RFC 7541, 5.2).
fn string(block: &mut Cursor<'_>) -> Option<Text> {
    let is_huffman = block.rest().first()? & 0x80 != 0;
    let len = integer(block, 7)?;
    let bytes = block.take(len)?;
    Some(Text::Own(if is_huffman { huffman::decode(bytes)?.into() } else { bytes.into() }))
}

/// Size of a table before anybody says another (RFC 9113, 6.5.2).
const SIZE_MAX_DEFAULT: usize = 4_096;
/// Size of a table that is kept at most; of a larger one, old entries are unknown.
const SIZE_MAX: usize = 256 << 10;
/// What an entry counts beyond its bytes (RFC 7541, 4.1).
const ENTRY_OVERHEAD: usize = 32;
/// Bytes of a header list, counted as the table counts them, after which its fields are passed over.
const LIST_LEN_MAX: usize = 256 << 10;
/// Bytes after the first of an integer: four make 28 bits.
const INTEGER_BYTES_MAX: usize = 4;

#[cfg(test)]
mod tests;
