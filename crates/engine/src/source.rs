//! From the files of a [`Reading`] to frames: opened, put together, counted off.

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowloom_capture::{
    Block, Capture, Facts, Input, Limits, ReadError, Rotated, Sequence, Source,
};
use flowloom_schema::Compression;

use crate::inputs::Reading;
use crate::pipe::Pipe;
use crate::{Config, InputFile, Watch};

/// Opens what is read as one input.
pub(crate) fn open(
    reading: &Reading<'_>,
    config: &Config,
    watch: &Watch,
) -> Result<Box<dyn Source>, ReadError> {
    let source = open_files(reading.files, Sequence::ByTime, limits(config), watch)?;
    Ok(first(source, config))
}

fn limits(config: &Config) -> Limits {
    let mut limits = config.capture;
    if let Some(count) = config.window.count {
        // Whoever wants the first frames of a slow pipe does not wait for a whole block of them.
        limits.block_frames = limits.block_frames.min(usize::try_from(count).unwrap_or(usize::MAX));
    }
    limits
}

/// The frames of a source that are asked for.
fn first(source: Box<dyn Source>, config: &Config) -> Box<dyn Source> {
    match config.window.count {
        None => source,
        Some(count) => Box::new(First { source, left: count, facts: None }),
    }
}

/// Opens a capture whose records are to be read again: as it is where it is a plain file, and with
/// a copy of what is read, to be made at `copy`, where it is not.
pub(crate) fn open_kept(
    reading: &Reading<'_>,
    config: &Config,
    watch: &Watch,
    copy: &Path,
) -> Result<Kept, ReadError> {
    if let Some(plain) = open_plain(reading, config)? {
        return Ok(plain);
    }
    let input = only(reading)?;
    let failed = |cause| ReadError::Open { input: input.to_string(), cause };
    let reader: Box<dyn io::Read + Send> = match input {
        Input::File(path) if !is_pipe(path) => Box::new(File::open(path).map_err(failed)?),
        Input::Stdin if io::stdin().is_terminal() => return Err(ReadError::Terminal),
        Input::Bytes(bytes) => Box::new(io::Cursor::new(Arc::clone(bytes))),
        _ => Box::new(Pipe::open(input.clone(), watch.stop_flag()).map_err(failed)?),
    };
    let copied = Box::new(File::create_new(copy).map_err(failed)?);
    let capture = Capture::copying(input.to_string(), reader, limits(config), copied)?;
    Ok(Kept { source: first(Box::new(capture), config), path: copy.to_owned() })
}

/// Opens a capture whose records can be read again as it is; none if it is no plain file.
pub(crate) fn open_plain(
    reading: &Reading<'_>,
    config: &Config,
) -> Result<Option<Kept>, ReadError> {
    let input = only(reading)?;
    let Input::File(path) = input else { return Ok(None) };
    if is_pipe(path) {
        return Ok(None);
    }
    let capture = Capture::open(input, limits(config))?;
    if capture.facts().compression != Compression::None {
        return Ok(None);
    }
    Ok(Some(Kept { source: first(Box::new(capture), config), path: path.clone() }))
}

/// The only file of a reading.
fn only<'r>(reading: &'r Reading<'_>) -> Result<&'r Input, ReadError> {
    let [only] = reading.files else {
        let text = "its frames are in several files; put them together with `merge` first";
        let (input, cause) = (reading.name.clone(), io::Error::other(text));
        return Err(ReadError::Open { input, cause });
    };
    Ok(&only.input)
}

/// A capture, and the plain file in which its records can be found again.
pub(crate) struct Kept {
    pub(crate) source: Box<dyn Source>,
    pub(crate) path: PathBuf,
}

/// Opens a capture, or several as one.
pub(crate) fn open_files(
    files: &[InputFile],
    sequence: Sequence,
    limits: Limits,
    watch: &Watch,
) -> Result<Box<dyn Source>, ReadError> {
    Ok(match files {
        [only] => Box::new(open_one(&only.input, limits, watch)?),
        pieces => {
            let inputs = pieces.iter().map(|piece| piece.input.clone()).collect::<Vec<_>>();
            let open = |input: &Input, limits| open_one(input, limits, watch);
            Box::new(Rotated::open_with(sequence, &inputs, limits, open)?)
        }
    })
}

/// Opens a capture. A pipe, which may say nothing for hours, is read so that the run can be
/// stopped meanwhile.
pub(crate) fn open_one(input: &Input, limits: Limits, watch: &Watch) -> Result<Capture, ReadError> {
    let is_pipe = match input {
        Input::Stdin => !io::stdin().is_terminal(),
        Input::File(path) => is_pipe(path),
        Input::Bytes(_) => false,
    };
    if is_pipe {
        let pipe = Pipe::open(input.clone(), watch.stop_flag())
            .map_err(|cause| ReadError::Open { input: input.to_string(), cause })?;
        Capture::from_reader(input.to_string(), Box::new(pipe), limits)
    } else {
        Capture::open(input, limits)
    }
}

fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// The first frames of a source.
struct First {
    source: Box<dyn Source>,
    left: u64,
    /// What is known of the source up to the last of them.
    facts: Option<Facts>,
}

impl Source for First {
    fn read(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        if self.left == 0 {
            block.clear();
            return Ok(false);
        }
        let more = self.source.read(block)?;
        block.frames.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= block.frames.len() as u64;
        if self.left == 0 {
            // Damage ends the frames: it comes after those that were asked for.
            self.facts = Some(Facts { damage: None, ..self.source.facts().clone() });
        }
        Ok(more)
    }

    fn facts(&self) -> &Facts {
        self.facts.as_ref().unwrap_or(self.source.facts())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use flowloom_capture::{Block, Capture, Limits, Source};

    use super::First;

    /// A pcap file of empty frames, with half a record header after them.
    fn cut_capture(frames: usize) -> Vec<u8> {
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
        bytes.resize(24, 0);
        bytes[20] = 1;
        bytes.resize(24 + 16 * frames + 8, 0);
        bytes
    }

    /// Frames of the blocks, and whether damage was met.
    fn blocks(count: u64, block_frames: usize) -> (Vec<usize>, bool) {
        let limits = Limits { block_frames, ..Limits::default() };
        let bytes = Box::new(Cursor::new(cut_capture(10)));
        let source = Box::new(Capture::from_reader("test", bytes, limits).unwrap());
        let mut first = First { source, left: count, facts: None };
        let mut block = Block::default();
        let mut sizes = Vec::new();
        while first.read(&mut block).unwrap() {
            sizes.push(block.frames.len());
        }
        assert!(block.frames.is_empty());
        (sizes, first.facts().damage.is_some())
    }

    #[test]
    fn as_many_frames_come_as_were_asked_for() {
        assert_eq!(blocks(0, 4), (vec![], false));
        assert_eq!(blocks(3, 4), (vec![3], false));
        assert_eq!(blocks(4, 4), (vec![4], false));
        assert_eq!(blocks(9, 4), (vec![4, 4, 1], false));
        assert_eq!(blocks(10, 4), (vec![4, 4, 2], false));
        assert_eq!(blocks(11, 4), (vec![4, 4, 2], true));
        assert_eq!(blocks(3, 100), (vec![3], false));
    }
}
