//! The captures of the benches, each made when a bench first asks for it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Lab, shell};

/// How many times as long the long capture is.
pub(super) const COPIES: u32 = 10;
/// Captures of [`MANY_BYTES`] each.
pub(super) const MANY: usize = 10_000;
const MANY_BYTES: usize = 100_000;

impl Lab {
    /// Real packets: about a million, 0.44 GB.
    pub(super) fn big(&self) -> Result<PathBuf, String> {
        self.made("big.pcap", |path| {
            let (script, corpus) = (self.shared.join("mkbig.py"), self.shared.join("../corpus"));
            shell(Command::new("python3").arg(script).arg(corpus).arg(path).arg("30"))
        })
    }

    /// Small packets: ten million, 0.9 GB.
    pub(super) fn small(&self) -> Result<PathBuf, String> {
        self.made("small.pcap", |path| {
            let script = self.shared.join("mksmall.py");
            shell(Command::new("python3").arg(script).arg(path).args(["10e6", "300e3"]))
        })
    }

    /// The big one, compressed.
    pub(super) fn gzip(&self) -> Result<PathBuf, String> {
        let big = self.big()?;
        self.made("big.pcap.gz", |path| {
            let out = File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
            shell(Command::new("gzip").arg("-c").arg(&big).stdout(Stdio::from(out)))
        })
    }

    /// The big one so many times, one after the other, and a flow with a packet each second from
    /// the first frame to the last.
    pub(super) fn long(&self) -> Result<PathBuf, String> {
        let big = self.big()?;
        self.made("long.pcap", |path| {
            let capture = Capture::read(&big)?;
            let mut out = Written::create(path, &capture.header)?;
            let mut next = capture.records().next().map_or(0, |first| number(first, 0));
            for (copy, record) in capture.copies().take_while(|(copy, _)| *copy < COPIES) {
                let (second, record) = capture.shifted(record, copy);
                while next <= second {
                    out.put_one_flow(next)?;
                    next += 1;
                }
                out.put(&record)?;
            }
            out.put_one_flow(next)?;
            out.finish()
        })
    }

    /// A directory of many captures, and one capture of all their frames.
    pub(super) fn many(&self) -> Result<(PathBuf, PathBuf), String> {
        let (big, one) = (self.big()?, self.work.join("one.pcap"));
        let many = self.made("many", |folder| {
            let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
            fs::create_dir_all(folder).map_err(failed)?;
            let capture = Capture::read(&big)?;
            let mut all = Written::create(&one, &capture.header)?;
            let mut piece = capture.header.to_vec();
            let mut pieces = 0..MANY;
            for (copy, record) in capture.copies() {
                let (_, record) = capture.shifted(record, copy);
                piece.extend_from_slice(&record);
                if piece.len() >= MANY_BYTES {
                    let Some(number) = pieces.next() else { break };
                    fs::write(folder.join(format!("{number:05}.pcap")), &piece).map_err(failed)?;
                    all.put(&piece[capture.header.len()..])?;
                    piece.truncate(capture.header.len());
                }
            }
            all.finish()
        })?;
        Ok((many, one))
    }

    /// The path of something that is made when it is not there; under another name until it is
    /// whole.
    fn made(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<PathBuf, String> {
        let path = self.work.join(name);
        if !path.exists() {
            println!("  making {}", path.display());
            let unfinished = self.work.join(format!("unfinished-{name}"));
            make(&unfinished)?;
            fs::rename(&unfinished, &path).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(path)
    }
}

/// A classic capture, least byte first, as `mkbig.py` writes it.
struct Capture {
    header: [u8; 24],
    bytes: Vec<u8>,
    /// Whole seconds from the first frame to after the last.
    seconds: u32,
}

impl Capture {
    fn read(path: &Path) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let header = *bytes.first_chunk().ok_or("a capture without a header")?;
        let mut capture = Self { header, bytes, seconds: 0 };
        let times = || capture.records().map(|record| number(record, 0));
        let seconds = times().min().zip(times().max()).map_or(0, |(first, last)| last - first);
        // Long enough that no flow of one copy goes on in the next.
        capture.seconds = seconds + BETWEEN_COPIES_SECONDS;
        Ok(capture)
    }

    /// Each record, with its header.
    fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.bytes[self.header.len()..];
        std::iter::from_fn(move || {
            let len = rest.first_chunk::<16>().map(|header| 16 + number(header, 8) as usize)?;
            let (record, after) = rest.split_at_checked(len)?;
            rest = after;
            Some(record)
        })
    }

    /// The records again and again, with the number of the time.
    fn copies(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (0..).flat_map(|copy| self.records().map(move |record| (copy, record)))
    }

    /// A record as it is in a later copy, and the second it is of.
    fn shifted(&self, record: &[u8], copy: u32) -> (u32, Vec<u8>) {
        let second = number(record, 0) + copy * self.seconds;
        let mut record = record.to_vec();
        record[..4].copy_from_slice(&second.to_le_bytes());
        (second, record)
    }
}

/// A capture that is being written.
struct Written {
    out: BufWriter<File>,
    path: PathBuf,
}

impl Written {
    fn create(path: &Path, header: &[u8]) -> Result<Self, String> {
        let file = File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut written = Self { out: BufWriter::new(file), path: path.into() };
        written.put(header)?;
        Ok(written)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.out.write_all(bytes).map_err(|e| format!("{}: {e}", self.path.display()))
    }

    /// A frame of the one flow that is always open.
    fn put_one_flow(&mut self, second: u32) -> Result<(), String> {
        let len = ONE_FLOW.len() as u32;
        for number in [second, 0, len, len] {
            self.put(&number.to_le_bytes())?;
        }
        self.put(&ONE_FLOW)
    }

    fn finish(mut self) -> Result<(), String> {
        self.out.flush().map_err(|e| format!("{}: {e}", self.path.display()))
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let number = bytes.get(at..).and_then(<[u8]>::first_chunk);
    number.map_or(0, |number| u32::from_le_bytes(*number))
}

/// More than any timeout.
const BETWEEN_COPIES_SECONDS: u32 = 2_000;

/// Ethernet, IPv4 from 203.0.113.1 to 203.0.113.2, UDP from port 9 to port 9, without payload.
#[rustfmt::skip]
const ONE_FLOW: [u8; 42] = [
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
    0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 203, 0, 113, 1, 203, 0, 113, 2,
    0, 9, 0, 9, 0, 8, 0, 0,
];
