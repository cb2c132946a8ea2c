//! Frames by the file they go to, in bounded memory: what does not fit waits in temporary files.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::PathBuf;

/// A frame on its way into a file. Ordered by file, then as the captures and their frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Number of the file.
    pub(crate) file: u64,
    /// Number of the capture.
    pub(crate) capture: u64,
    /// Number of the frame in it.
    pub(crate) frame: u64,
    /// Where its record begins.
    pub(crate) offset: u64,
}

/// Takes entries in any order.
pub(crate) struct Sorter {
    directory: PathBuf,
    waiting: Vec<Entry>,
    waiting_max: usize,
    runs: Vec<File>,
}

impl Sorter {
    /// One that keeps its temporary files in a directory.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory, waiting: Vec::new(), waiting_max: ENTRIES_MAX, runs: Vec::new() }
    }

    pub(crate) fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.waiting.push(entry);
        if self.waiting.len() < self.waiting_max {
            return Ok(());
        }
        self.waiting.sort_unstable();
        let mut run =
            BufWriter::with_capacity(RUN_BUFFER_BYTES, tempfile::tempfile_in(&self.directory)?);
        for entry in self.waiting.drain(..) {
            run.write_all(&entry.bytes())?;
        }
        let mut run = run.into_inner()?;
        run.rewind()?;
        self.runs.push(run);
        Ok(())
    }

    /// All entries, in order.
    pub(crate) fn sorted(mut self) -> io::Result<Sorted> {
        self.waiting.sort_unstable();
        let mut sorted = Sorted {
            rest: std::mem::take(&mut self.waiting).into_iter(),
            runs: Vec::new(),
            heads: BinaryHeap::new(),
        };
        for run in self.runs {
            sorted.runs.push(BufReader::with_capacity(RUN_BUFFER_BYTES, run));
        }
        for source in 0..=sorted.runs.len() {
            sorted.advance(source)?;
        }
        Ok(sorted)
    }
}

/// Entries in their order.
pub(crate) struct Sorted {
    rest: std::vec::IntoIter<Entry>,
    runs: Vec<BufReader<File>>,
    /// The next entry of each run, and of what was never written, which has the last number.
    heads: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl Sorted {
    /// The next entry.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        let Some(Reverse((entry, source))) = self.heads.pop() else { return Ok(None) };
        self.advance(source)?;
        Ok(Some(entry))
    }

    fn advance(&mut self, source: usize) -> io::Result<()> {
        let next = match self.runs.get_mut(source) {
            Some(run) => read(run)?,
            None => self.rest.next(),
        };
        self.heads.extend(next.map(|entry| Reverse((entry, source))));
        Ok(())
    }
}

impl Entry {
    fn bytes(self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        let fields = [self.file, self.capture, self.frame, self.offset];
        for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }
}

fn read(run: &mut impl Read) -> io::Result<Option<Entry>> {
    let mut bytes = [0; ENTRY_LEN];
    match run.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(end) if end.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(failure) => return Err(failure),
    }
    let mut fields =
        bytes.chunks_exact(8).map(|field| u64::from_le_bytes(field.try_into().unwrap_or_default()));
    let mut field = || fields.next().unwrap_or_default();
    Ok(Some(Entry { file: field(), capture: field(), frame: field(), offset: field() }))
}

const ENTRY_LEN: usize = 32;
/// Entries in memory at most: 64 MiB.
const ENTRIES_MAX: usize = 2 << 20;
const RUN_BUFFER_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::{Entry, Sorter};

    #[test]
    fn entries_come_in_order_whether_they_fit_in_memory_or_not() {
        for waiting_max in [1, 7, 100, 1_000] {
            let mut sorter = Sorter::new(std::env::temp_dir());
            sorter.waiting_max = waiting_max;
            let mut expected = Vec::new();
            for i in 0..500_u64 {
                let mixed = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let entry =
                    Entry { file: mixed >> 61, capture: mixed >> 3 & 1, frame: i, offset: mixed };
                expected.push(entry);
                sorter.push(entry).unwrap();
            }
            expected.sort_unstable();
            let mut sorted = sorter.sorted().unwrap();
            for entry in expected {
                assert_eq!(sorted.next().unwrap(), Some(entry));
            }
            assert_eq!(sorted.next().unwrap(), None);
        }
    }
}
