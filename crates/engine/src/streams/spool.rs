//! Bytes of many streams until their flows end: in memory, and beyond a limit in one temporary file.

use std::collections::HashMap;
use std::env;
use std::fs::File;
use std::hash::Hash;
use std::io::{self, Read, Seek, SeekFrom, Write};

use flowloom_export::SinkError;

/// What was set aside, by what it belongs to. What belongs together is a chain of records.
pub(crate) struct Spool<K> {
    chains: HashMap<K, Chain>,
    file: Option<File>,
    /// Where the file ends.
    end: u64,
    /// Bytes of the file that a chain still has.
    filed: u64,
    /// Bytes in memory.
    memory: usize,
    memory_max: usize,
    /// What was read last of the file, and where it begins there.
    buffer: (u64, Vec<u8>),
}

/// The records of one stream, one after another: what is in the file, then what is in memory.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    segments: Vec<Segment>,
    tail: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    at: u64,
    len: u64,
}

/// A place in a chain: at its front, to begin with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    segment: usize,
    /// How far it is in its segment, or in the tail.
    at: u64,
}

impl<K: Eq + Hash> Spool<K> {
    /// Nothing yet; so many bytes stay in memory at most.
    pub(crate) fn new(memory_max: usize) -> Self {
        Self {
            chains: HashMap::new(),
            file: None,
            end: 0,
            filed: 0,
            memory: 0,
            memory_max,
            buffer: (0, Vec::new()),
        }
    }

    /// Appends a record, in two parts, to a chain. A record does not fall apart between memory and
    /// file.
    pub(crate) fn push(&mut self, key: K, parts: [&[u8]; 2]) -> Result<(), SinkError> {
        let chain = self.chains.entry(key).or_default();
        for part in parts {
            chain.tail.extend_from_slice(part);
            self.memory += part.len();
        }
        if self.memory > self.memory_max { self.put_away().map_err(failed) } else { Ok(()) }
    }

    /// Takes a chain out, if anything was pushed to it.
    pub(crate) fn take(&mut self, key: &K) -> Option<Chain> {
        let chain = self.chains.remove(key)?;
        self.memory -= chain.tail.len();
        Some(chain)
    }

    /// A chain that was taken out is done with.
    pub(crate) fn forget(&mut self, chain: &Chain) {
        self.filed -= chain.segments.iter().map(|segment| segment.len).sum::<u64>();
        if self.filed == 0 {
            // Nobody needs what is in the file.
            self.end = 0;
        }
    }

    /// Reads exactly so many bytes of a chain; false at its end.
    pub(crate) fn read(
        &mut self,
        chain: &Chain,
        place: &mut Place,
        bytes: &mut [u8],
    ) -> Result<bool, SinkError> {
        if let Some(segment) = chain.segments.get(place.segment) {
            self.read_file(segment.at + place.at, bytes).map_err(failed)?;
        } else {
            let tail = chain.tail.get(place.at as usize..).unwrap_or(&[]);
            let Some(found) = tail.get(..bytes.len()) else { return Ok(false) };
            bytes.copy_from_slice(found);
        }
        place.pass(chain, bytes.len() as u64);
        Ok(true)
    }

    fn read_file(&mut self, at: u64, mut bytes: &mut [u8]) -> io::Result<()> {
        let mut at = at;
        while !bytes.is_empty() {
            let (from, buffer) = &mut self.buffer;
            let there = at.checked_sub(*from).and_then(|skip| buffer.get(skip as usize..));
            if let Some(there) = there.filter(|there| !there.is_empty()) {
                let len = there.len().min(bytes.len());
                let (now, later) = bytes.split_at_mut(len);
                now.copy_from_slice(&there[..len]);
                (bytes, at) = (later, at + len as u64);
                continue;
            }
            let file = self.file.as_mut().ok_or(io::ErrorKind::UnexpectedEof)?;
            let len = self.end.saturating_sub(at).min(BUFFER_BYTES as u64);
            if len == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            *from = at;
            buffer.resize(len as usize, 0);
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(buffer)?;
        }
        Ok(())
    }

    /// Moves what is in memory to the file.
    fn put_away(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(self.end))?;
        let mut writer = io::BufWriter::with_capacity(BUFFER_BYTES, file);
        for chain in self.chains.values_mut().filter(|chain| !chain.tail.is_empty()) {
            writer.write_all(&chain.tail)?;
            let len = chain.tail.len() as u64;
            match chain.segments.last_mut() {
                Some(last) if last.at + last.len == self.end => last.len += len,
                _ => chain.segments.push(Segment { at: self.end, len }),
            }
            (self.end, self.filed) = (self.end + len, self.filed + len);
            chain.tail = Vec::new();
        }
        self.memory = 0;
        self.buffer.1.clear();
        writer.flush()
    }
}

impl Chain {
    /// Bytes from a place on that can be read at once, if that is less than all.
    pub(crate) fn contiguous(&self, place: Place) -> Option<u64> {
        Some(self.segments.get(place.segment)?.len - place.at)
    }
}

impl Place {
    /// Passes over bytes of a record.
    pub(crate) fn pass(&mut self, chain: &Chain, len: u64) {
        self.at += len;
        if chain.segments.get(self.segment).is_some_and(|segment| self.at >= segment.len) {
            *self = Self { segment: self.segment + 1, at: 0 };
        }
    }
}

pub(super) fn failed(source: io::Error) -> SinkError {
    SinkError::Spill { directory: env::temp_dir(), source }
}

/// Enough that a read or a write costs little.
const BUFFER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Place, Spool};

    proptest! {
        /// Whatever is kept where, each chain has its records in their order, and can be read twice.
        #[test]
        fn chains_come_back_as_they_went(
            records in prop::collection::vec((0_u8..5, prop::collection::vec(any::<u8>(), 1..300)), 0..80),
            memory_max in prop::sample::select(vec![0_usize, 700, 1 << 20]),
        ) {
            let mut spool = Spool::new(memory_max);
            let mut model = BTreeMap::<u8, Vec<&[u8]>>::new();
            for (key, record) in &records {
                let (head, rest) = record.split_at(record.len() / 2);
                spool.push(*key, [head, rest]).unwrap();
                model.entry(*key).or_default().push(record);
            }
            for (key, records) in model {
                let chain = spool.take(&key).unwrap();
                for is_skipped in [false, true] {
                    let mut place = Place::default();
                    for record in &records {
                        let mut found = vec![0; record.len()];
                        if is_skipped {
                            place.pass(&chain, record.len() as u64);
                        } else {
                            prop_assert!(spool.read(&chain, &mut place, &mut found).unwrap());
                            prop_assert_eq!(&found[..], *record);
                        }
                    }
                    prop_assert!(!spool.read(&chain, &mut place, &mut [0]).unwrap());
                }
                spool.forget(&chain);
            }
            prop_assert_eq!((spool.memory, spool.filed), (0, 0));
        }
    }
}
