//! The files of a split: written one after the other, from records of the captures.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flowloom_capture::{Interface, Limits};
use flowloom_export::SinkError;
use flowloom_flow::RecordPlace;

use super::SplitError;
use super::directory::{Directory, write_failed};
use super::grouping::Group;
use super::name::Names;
use super::original::Original;
use super::piece::{Piece, Refusal};
use super::sort::{Entry, Sorter};
use crate::Watch;

/// The files of a split.
pub(crate) struct Files {
    directory: Directory,
    names: Names,
    /// Frames that wait for all others of their file.
    waiting: Sorter,
    groups: Groups,
    /// The captures that waiting frames are of.
    taken: BTreeMap<u64, Taken>,
    /// What is to be written next.
    buffer: Vec<u8>,
    /// The name of the file that was begun last.
    last: Option<String>,
    counts: Counts,
}

/// Names of the files that frames wait for, and the numbers of their groups.
#[derive(Default)]
struct Groups {
    names: Vec<String>,
    numbers: HashMap<String, u64>,
}

/// A capture that was read.
pub(crate) struct Taken {
    /// The plain file with its records.
    pub(crate) path: PathBuf,
    /// What it is called.
    pub(crate) name: String,
    pub(crate) interfaces: Vec<Interface>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) files: u64,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) without_flow: u64,
}

/// The file that is being written.
struct Open {
    file: File,
    path: PathBuf,
    piece: Piece,
}

impl Files {
    /// Begins a directory of files.
    pub(crate) fn create(directory: &Path, force: bool) -> Result<Self, SinkError> {
        Ok(Self::new(Directory::create(directory, force)?))
    }

    /// Begins what is to become one file: see [`Self::only`].
    pub(crate) fn beside(file: &Path) -> Result<Self, SinkError> {
        Ok(Self::new(Directory::beside(file)?))
    }

    fn new(directory: Directory) -> Self {
        Self {
            waiting: Sorter::new(directory.path().to_owned()),
            directory,
            names: Names::default(),
            groups: Groups::default(),
            taken: BTreeMap::new(),
            buffer: Vec::new(),
            last: None,
            counts: Counts::default(),
        }
    }

    /// The file that was made, where it waits for its name; else how many there are.
    pub(crate) fn only(&self) -> Result<PathBuf, u64> {
        match &self.last {
            Some(name) if self.counts.files == 1 => Ok(self.directory.path().join(name)),
            _ => Err(self.counts.files),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn count_without_flow(&mut self) {
        self.counts.without_flow += 1;
    }

    /// Where a copy of a capture can be kept until its frames are written.
    pub(crate) fn copy_path(&self, number: u64) -> PathBuf {
        self.directory.path().join(format!(".capture-{number}"))
    }

    /// Keeps a capture for the frames of it that wait.
    pub(crate) fn keep(&mut self, number: u64, taken: Taken) {
        self.taken.insert(number, taken);
    }

    /// Writes a file of some frames of one capture.
    pub(crate) fn write(
        &mut self,
        name: &str,
        (number, capture): (u64, &str),
        original: &mut Original,
        places: Vec<RecordPlace>,
    ) -> Result<(), SplitError> {
        let mut open = None;
        for RecordPlace { frame, offset } in places {
            let offset = offset.unwrap_or(u64::MAX);
            let entry = Entry { file: 0, capture: number, frame, offset };
            self.append(&mut open, name, entry, (capture, original))?;
        }
        self.end(open)
    }

    /// Leaves a frame for the file of a group.
    pub(crate) fn defer(
        &mut self,
        group: &Group,
        capture: u64,
        frame: u64,
        offset: u64,
    ) -> Result<(), SplitError> {
        let file = self.groups.number(group);
        let pushed = self.waiting.push(Entry { file, capture, frame, offset });
        pushed.map_err(|source| self.unsorted(source))
    }

    /// Writes the frames that wait. Then the captures are not needed any more.
    pub(crate) fn write_groups(&mut self, watch: &Watch) -> Result<(), SplitError> {
        let waiting = Sorter::new(self.directory.path().to_owned());
        let waiting = std::mem::replace(&mut self.waiting, waiting).sorted();
        let mut waiting = waiting.map_err(|source| self.unsorted(source))?;
        let groups = std::mem::take(&mut self.groups);
        let taken = std::mem::take(&mut self.taken);
        let mut reading: Option<(u64, Original)> = None;
        let (mut open, mut number) = (None, None);
        while let Some(entry) = waiting.next().map_err(|source| self.unsorted(source))? {
            if number != Some(entry.file) {
                self.end(open.take())?;
                number = Some(entry.file);
                if watch.is_stopped_at_once() {
                    break;
                }
            }
            let Some(capture) = taken.get(&entry.capture) else { continue };
            let original = match &mut reading {
                Some((number, original)) if *number == entry.capture => original,
                reading => {
                    let original = capture.open().map_err(|source| SplitError::Original {
                        capture: capture.name.clone(),
                        frame: entry.frame,
                        source,
                    })?;
                    &mut reading.insert((entry.capture, original)).1
                }
            };
            let name = groups.names.get(entry.file as usize).map_or("", String::as_str);
            self.append(&mut open, name, entry, (&capture.name, original))?;
        }
        self.end(open)?;
        for number in taken.into_keys() {
            // There is one where the capture is no plain file.
            drop(fs::remove_file(self.copy_path(number)));
        }
        Ok(())
    }

    /// Gives the directory its name.
    pub(crate) fn finish(self, is_whole: bool) -> Result<PathBuf, SinkError> {
        self.directory.finish(is_whole)
    }

    /// Appends a frame to the open file, or to another of that name if it cannot be in that.
    fn append(
        &mut self,
        open: &mut Option<Open>,
        name: &str,
        entry: Entry,
        (capture, original): (&str, &mut Original),
    ) -> Result<(), SplitError> {
        let unreadable = |source| {
            let (capture, frame) = (capture.to_owned(), entry.frame);
            SplitError::Original { capture, frame, source }
        };
        let number = entry.capture as usize;
        loop {
            let opened = match open {
                Some(opened) => opened,
                None => open.insert(self.begin(name, Piece::ending(original))?),
            };
            let place = (number, &mut *original);
            match opened.piece.append(place, entry.offset, &mut self.buffer) {
                Ok(()) => break,
                Err(Refusal::Original(source)) => return Err(unreadable(source)),
                Err(Refusal::Other) => self.end(open.take())?,
            }
        }
        self.counts.frames += 1;
        if self.buffer.len() > BUFFER_BYTES
            && let Some(open) = open
        {
            self.flush(open)?;
        }
        Ok(())
    }

    fn begin(&mut self, name: &str, ending: &str) -> Result<Open, SinkError> {
        let name = self.names.unique(name, ending);
        let file = self.directory.file(&name)?;
        self.counts.files += 1;
        let path = self.directory.target(&name);
        self.last = Some(name);
        Ok(Open { file, path, piece: Piece::default() })
    }

    fn flush(&mut self, open: &mut Open) -> Result<(), SinkError> {
        let written = open.file.write_all(&self.buffer);
        written.map_err(|source| write_failed(open.path.clone(), source))?;
        self.counts.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn end(&mut self, open: Option<Open>) -> Result<(), SplitError> {
        if let Some(mut open) = open {
            self.flush(&mut open)?;
        }
        Ok(())
    }

    fn unsorted(&self, source: std::io::Error) -> SplitError {
        let directory = self.directory.path().to_owned();
        SinkError::Spill { directory, source }.into()
    }
}

impl Groups {
    fn number(&mut self, group: &Group) -> u64 {
        if let Some(number) = self.numbers.get(&group.key) {
            return *number;
        }
        let number = self.names.len() as u64;
        self.names.push(group.name.clone());
        self.numbers.insert(group.key.clone(), number);
        number
    }
}

impl Taken {
    /// Its records.
    pub(crate) fn open(&self) -> std::io::Result<Original> {
        let mut original = Original::open(File::open(&self.path)?, Limits::default())?;
        original.note(&self.interfaces)?;
        Ok(original)
    }
}

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 256 << 10;
