//! Reading from a pipe in a way that can be given up: a pipe may be silent for hours.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use flowloom_capture::Input;

/// Bytes of a pipe, which a thread of its own waits for.
///
/// When the run is told to stop, reading fails at once; the thread ends when the pipe speaks
/// again, or with the process.
pub(crate) struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    stop: Arc<AtomicBool>,
}

impl Pipe {
    /// Opens the pipe, which waits for a writer, in the thread too.
    pub(crate) fn open(input: Input, stop: Arc<AtomicBool>) -> io::Result<Self> {
        let (sender, chunks) = sync_channel(CHUNKS_WAITING);
        thread::Builder::new().spawn(move || match input {
            Input::Stdin => pump(io::stdin(), &sender),
            Input::Bytes(bytes) => pump(io::Cursor::new(bytes), &sender),
            Input::File(path) => match File::open(path) {
                Ok(file) => pump(file, &sender),
                Err(error) => drop(sender.send(Err(error))),
            },
        })?;
        Ok(Self { chunks, chunk: io::Cursor::default(), stop })
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let len = self.chunk.read(buffer)?;
            if len > 0 || buffer.is_empty() {
                return Ok(len);
            }
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.chunk = io::Cursor::new(chunk?),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.stop.load(Ordering::Relaxed) => {
                    return Err(io::Error::other("interrupted"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Hands on what comes, until nothing more does or nobody wants it.
fn pump(mut reader: impl Read, chunks: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let chunk = match reader.read(&mut chunk) {
            Ok(0) => return,
            Ok(len) => {
                chunk.truncate(len);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_last = chunk.is_err();
        if chunks.send(chunk).is_err() || is_last {
            return;
        }
    }
}

/// As much as a pipe of Linux holds.
const CHUNK_BYTES: usize = 64 << 10;
const CHUNKS_WAITING: usize = 4;
/// How soon a stop is noticed.
const PATIENCE: Duration = Duration::from_millis(50);
