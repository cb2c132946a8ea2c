//! Several captures as one input: the files into which one capture was cut.
//!
//! The captures are merged by the time of their next frame, as `mergecap` does: files that follow
//! one another come out one after the other, whole blocks at a time; where files overlap, frames
//! are copied in the order of their times. The order of frames within a file is kept. Or they are
//! read one after the other, whatever their times.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use flowloom_schema::Timestamp;

use crate::block::{Block, Frame, OptionsAt};
use crate::capture::Capture;
use crate::error::ReadError;
use crate::facts::{Facts, Interface, Section, Span, Statistics, Warning};
use crate::limits::Limits;
use crate::notebook::Notebook;
use crate::source::{Input, Source};

/// Several captures that are read as one, their frames numbered through.
///
/// Files are open only while their frames are next, and where there are many, only while a block is
/// read; the blocks of all together have a limit. The facts are those of all captures together:
/// interfaces described alike are one (with section 0), [`Facts::damage`] is the first, and later ones are
/// warnings; each warning names its file, and counts frames in that file.
pub struct Rotated {
    members: Vec<Member>,
    /// The next frame's time of each member that has one; equal times by the order of the inputs.
    heads: BinaryHeap<Reverse<Head>>,
    notebook: Notebook,
    known: Known,
    sequence: Sequence,
    /// Of each capture.
    limits: Limits,
    next: u64,
    failure: Option<ReadError>,
}

/// Which frame of several captures comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sequence {
    /// The one with the earliest time.
    #[default]
    ByTime,
    /// The next of the capture that was named first.
    AsNamed,
}

type Head = (Timestamp, usize);

/// Index of each interface by what is said of it, which is nothing of where that stands, and by
/// how many of its capture that come before it are alike.
type Known = HashMap<(Interface, u32), u16>;

struct Member {
    input: Input,
    /// `None` before its first frame is next, and after its last.
    open: Option<Open>,
    bytes_read: u64,
}

/// A capture whose frames are being merged.
struct Open {
    capture: Capture,
    block: Block,
    /// Frames of `block` that are merged.
    at: usize,
    /// Frames of the capture that are merged.
    merged: u64,
    /// Index in all interfaces of each of its own.
    interfaces: Vec<u16>,
    /// How many of them are alike.
    alike: HashMap<Interface, u32>,
    copied: Copied,
}

/// How many of a capture's facts are among the facts of all.
#[derive(Clone, Copy, Debug, Default)]
struct Copied {
    sections: usize,
    comments: usize,
    names: usize,
    secrets: usize,
    warnings: usize,
}

impl Rotated {
    /// Looks at the first frame of each capture, to know their order. All must be captures, but for
    /// files of no bytes beside others, as a recorder leaves them that was about to go on in the next:
    /// they are damage.
    pub fn open(inputs: &[Input], limits: Limits) -> Result<Self, ReadError> {
        Self::open_with(Sequence::ByTime, inputs, limits, Capture::open)
    }

    /// The same, with frames in the order that is asked for. `open` opens each capture at first:
    /// pipes stay open, files are opened again.
    pub fn open_with(
        sequence: Sequence,
        inputs: &[Input],
        limits: Limits,
        mut open: impl FnMut(&Input, Limits) -> Result<Capture, ReadError>,
    ) -> Result<Self, ReadError> {
        let names: Vec<String> = inputs.iter().map(ToString::to_string).collect();
        let mut rotated = Self {
            members: Vec::with_capacity(inputs.len()),
            heads: BinaryHeap::with_capacity(inputs.len()),
            notebook: Notebook::new(names.join(" "), limits.honoured()),
            known: Known::new(),
            sequence,
            limits: limits.honoured().shared(inputs.len()),
            next: 1,
            failure: None,
        };
        let mut size = Some(0);
        let (mut empty, mut has_format) = (None, false);
        for (rank, input) in inputs.iter().enumerate() {
            let mut open = match open(input, rotated.limits) {
                Ok(capture) => Open::new(capture),
                Err(error @ ReadError::Empty { .. }) => {
                    rotated.notebook.damage(empty_file(input));
                    rotated.members.push(Member {
                        input: input.clone(),
                        open: None,
                        bytes_read: 0,
                    });
                    empty = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let facts = open.capture.facts();
            if !has_format {
                has_format = true;
                rotated.notebook.facts.format = facts.format;
                rotated.notebook.facts.compression = facts.compression;
            }
            let is_file = facts.size.is_some();
            size = size.zip(facts.size).map(|(sum, size)| sum + size);
            open.next_block()?;
            open.note_section(&mut rotated.notebook);
            let mut member = Member { input: input.clone(), open: None, bytes_read: 0 };
            if let Some(time) = open.head(sequence) {
                rotated.heads.push(Reverse((time, rank)));
                // All that can be known of them before the first frame is given.
                open.note_interfaces(&mut rotated.notebook, &mut rotated.known);
                // Standard input and pipes cannot be opened again when their turn comes.
                member.open = (!is_file).then_some(open);
            } else {
                member.bytes_read = open.note(&mut rotated.notebook, &mut rotated.known);
                open.note_end(&mut rotated.notebook);
            }
            rotated.members.push(member);
        }
        gather_remarks(&mut rotated.notebook.facts.sections);
        rotated.notebook.facts.size = size;
        // Where there is nothing else, that is all there is to say.
        empty.filter(|_| !has_format).map_or(Ok(rotated), Err)
    }

    /// Merges the frames of one member, the one with the earliest, as long as they come before
    /// those of all others; whether the block is full then.
    fn merge_run(&mut self, rank: usize, block: &mut Block) -> Result<bool, ReadError> {
        let bound = self.heads.peek().map(|&Reverse(head)| head);
        let sequence = self.sequence;
        let precedes = |time| bound.is_none_or(|bound| (sequence.key(time), rank) < bound);
        let limits = self.notebook.limits;
        let is_many = self.members.len() > OPEN_FILES_MAX;
        let Some(member) = self.members.get_mut(rank) else { return Ok(false) };
        let open = match &mut member.open {
            Some(open) => open,
            slot => {
                let mut open = Open::new(Capture::open(&member.input, self.limits)?);
                open.next_block()?;
                open.close_if(is_many, &member.input);
                slot.insert(open)
            }
        };
        let mut is_full = false;
        loop {
            member.bytes_read = open.note(&mut self.notebook, &mut self.known);
            let Some(time) = open.head(sequence) else {
                open.note_end(&mut self.notebook);
                member.open = None;
                return Ok(is_full);
            };
            if is_full || !precedes(time) {
                self.heads.push(Reverse((time, rank)));
                return Ok(is_full);
            }
            let number = self.next + block.frames.len() as u64;
            let run = if open.at == 0 && open.block.frames.iter().all(|frame| precedes(frame.time))
            {
                is_full = true;
                if !block.frames.is_empty() {
                    // The next block will be this one whole, which spares copying it.
                    continue;
                }
                open.hand_over(block)
            } else {
                let run = open.copy_to(block, &limits, precedes);
                is_full = run == 0;
                run
            };
            open.note_comments(run, number, &mut self.notebook);
            block.inputs.push(((block.frames.len() - run) as u32, rank as u32));
            if open.at == open.block.frames.len() {
                open.next_block()?;
                open.close_if(is_many, &member.input);
            }
        }
    }

    fn merge(&mut self, block: &mut Block) -> Result<(), ReadError> {
        while let Some(Reverse((_, rank))) = self.heads.pop() {
            if self.merge_run(rank, block)? {
                break;
            }
        }
        Ok(())
    }
}

impl Source for Rotated {
    fn read(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        block.clear();
        block.first = self.next;
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let result = self.merge(block);
        self.notebook.facts.bytes_read = self.members.iter().map(|member| member.bytes_read).sum();
        self.next += block.frames.len() as u64;
        if let Err(failure) = result {
            self.heads.clear();
            if block.frames.is_empty() {
                return Err(failure);
            }
            self.failure = Some(failure);
        }
        Ok(!block.frames.is_empty())
    }

    fn facts(&self) -> &Facts {
        &self.notebook.facts
    }
}

impl Sequence {
    fn key(self, time: Timestamp) -> Timestamp {
        match self {
            Self::ByTime => time,
            Self::AsNamed => Timestamp(0),
        }
    }
}

impl Open {
    fn new(capture: Capture) -> Self {
        Self {
            capture,
            block: Block::default(),
            at: 0,
            merged: 0,
            interfaces: Vec::new(),
            alike: HashMap::new(),
            // The first section is noted when the capture is opened for the first time.
            copied: Copied { sections: 1, ..Copied::default() },
        }
    }

    /// What decides when the next frame comes.
    fn head(&self, sequence: Sequence) -> Option<Timestamp> {
        self.block.frames.get(self.at).map(|frame| sequence.key(frame.time))
    }

    fn next_block(&mut self) -> Result<(), ReadError> {
        self.at = 0;
        self.capture.read(&mut self.block).map(|_| ())
    }

    /// Closes the file until the next block is needed, if there are many.
    fn close_if(&mut self, is_many: bool, input: &Input) {
        if is_many {
            self.capture.close(input);
        }
    }

    /// Gives away the block as it is; the number of frames in it.
    fn hand_over(&mut self, block: &mut Block) -> usize {
        let first = block.first;
        std::mem::swap(block, &mut self.block);
        block.first = first;
        block.records.base = None;
        for frame in &mut block.frames {
            frame.interface = interface(&self.interfaces, frame.interface);
        }
        self.block.clear();
        block.frames.len()
    }

    /// Copies the next frames, as many as precede those of others and fit; how many.
    fn copy_to(
        &mut self,
        block: &mut Block,
        limits: &Limits,
        precedes: impl Fn(Timestamp) -> bool,
    ) -> usize {
        let before = self.at;
        while let Some(frame) = self.block.frames.get(self.at) {
            let data = self.block.data(frame);
            let is_full = block.frames.len() >= limits.block_frames
                || !block.frames.is_empty() && block.bytes.len() + data.len() > limits.block_bytes;
            if is_full || !precedes(frame.time) {
                break;
            }
            let start = block.bytes.len() as u32;
            let interface = interface(&self.interfaces, frame.interface);
            block.bytes.extend_from_slice(data);
            if let Some(at) = self.block.options_at(self.at) {
                let options = at.start as usize..(at.start + at.len) as usize;
                let (frame, start) = (block.frames.len() as u32, block.bytes.len() as u32);
                block.bytes.extend_from_slice(self.block.bytes.get(options).unwrap_or_default());
                block.options.push(OptionsAt { frame, start, ..at });
            }
            if let Some(ticks) = self.block.ticks(self.at) {
                block.ticks.push((block.frames.len() as u32, ticks));
            }
            block.frames.push(Frame { start, interface, ..*frame });
            self.at += 1;
        }
        self.at - before
    }

    /// Finds the capture's interfaces among those of all. Interfaces of one capture stay apart,
    /// even if nothing tells them apart.
    fn note_interfaces(&mut self, all: &mut Notebook, known: &mut Known) {
        let interfaces = &self.capture.facts().interfaces;
        for interface in interfaces.iter().skip(self.interfaces.len()) {
            let plain = Interface {
                section: 0,
                id: 0,
                statistics: None,
                section_at: Span::default(),
                at: Span::default(),
                ..interface.clone()
            };
            let alike = self.alike.entry(plain.clone()).or_default();
            let index = *known.entry((plain, *alike)).or_insert_with_key(|(plain, _)| {
                // Beyond the limit, the last interface stands for all others.
                let id = all.facts.interfaces.len() as u32;
                let last = id.saturating_sub(1) as u16;
                all.interface(Interface { id, ..plain.clone() }).unwrap_or(last)
            });
            *alike += 1;
            self.interfaces.push(index);
        }
    }

    /// Copies what is said of the first section, before any frame is given.
    fn note_section(&self, all: &mut Notebook) {
        if let Some(section) = self.capture.facts().sections.first() {
            all.section(section.clone());
        }
    }

    /// Copies what the capture has said of itself since the last time; the bytes read of it.
    fn note(&mut self, all: &mut Notebook, known: &mut Known) -> u64 {
        self.note_interfaces(all, known);
        let facts = self.capture.facts();
        for section in facts.sections.iter().skip(self.copied.sections) {
            all.section(section.clone());
        }
        for name in facts.names.iter().skip(self.copied.names) {
            all.name(name.clone());
        }
        for secret in facts.secrets.iter().skip(self.copied.secrets) {
            all.secret(secret.kind, &secret.bytes);
        }
        for warning in facts.warnings.iter().skip(self.copied.warnings) {
            all.copy_warning(warning.clone());
        }
        self.copied = Copied {
            sections: facts.sections.len(),
            names: facts.names.len(),
            secrets: facts.secrets.len(),
            warnings: facts.warnings.len(),
            ..self.copied
        };
        facts.bytes_read
    }

    /// Copies the comments on the frames that were just merged, the first of which has now
    /// `number`, and those on no frame before them.
    fn note_comments(&mut self, run: usize, number: u64, all: &mut Notebook) {
        let comments = &self.capture.facts().comments;
        let merged = self.merged + run as u64;
        for comment in comments.iter().skip(self.copied.comments) {
            if comment.frame > merged {
                break;
            }
            let frame = comment.frame.checked_sub(self.merged + 1).map_or(0, |i| number + i);
            all.comment(frame, comment.text.as_bytes());
            self.copied.comments += 1;
        }
        self.merged = merged;
    }

    /// Copies what is only known when the capture has been read to its end.
    fn note_end(&mut self, all: &mut Notebook) {
        self.note_comments(0, 0, all);
        let facts = self.capture.facts();
        for (own, &index) in facts.interfaces.iter().zip(&self.interfaces) {
            if let Some(interface) = all.facts.interfaces.get_mut(usize::from(index)) {
                let both = [interface.statistics.take(), own.statistics.clone()];
                interface.statistics = both.into_iter().flatten().reduce(Statistics::join);
            }
        }
        all.facts.blocks_skipped += facts.blocks_skipped;
        all.facts.notes_dropped += facts.notes_dropped;
        all.facts.secrets_dropped += facts.secrets_dropped;
        all.facts.warnings_dropped += facts.warnings_dropped;
        if let Some(damage) = facts.damage.clone() {
            all.damage(damage);
        }
    }
}

/// The sections of all captures are one where they are written: the comments on them are on the
/// first.
fn gather_remarks(sections: &mut [Section]) {
    let Some((first, others)) = sections.split_first_mut() else { return };
    let mut known: HashSet<_> = first.options.iter().cloned().collect();
    let remarks = others.iter().flat_map(|section| &section.options);
    let remarks = remarks.filter(|option| option.is_comment() && known.insert((*option).clone()));
    first.options.extend(remarks.cloned());
}

fn empty_file(input: &Input) -> Warning {
    let text = "the file is empty: 0 bytes, not even the header of a capture".into();
    Warning { input: input.to_string(), frame: 1, offset: 0, text }
}

fn interface(interfaces: &[u16], own: u16) -> u16 {
    interfaces.get(usize::from(own)).copied().unwrap_or(own)
}

/// Captures that may all be open at a time; of more, each is opened for each of its blocks.
const OPEN_FILES_MAX: usize = 256;

#[cfg(test)]
mod tests;
