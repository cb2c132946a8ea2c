//! The bytes of an output on their way: standard output, or a file that has its name only when it
//! is whole, compressed or not.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Stdout, Write};
use std::path::{Path, PathBuf};

use flowloom_schema::Compression;
use tempfile::NamedTempFile;

use crate::compressed::Compressed;
use crate::{Ending, SinkError};

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file, which is replaced if it exists.
    File(PathBuf),
}

impl Destination {
    /// How a file of this name is compressed; standard output has no name.
    pub fn compression(&self) -> Compression {
        match self {
            Self::Stdout => Compression::None,
            Self::File(path) => Compression::of_name(path),
        }
    }
}

/// What an output came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkStats {
    /// Rows written.
    pub rows: u64,
    /// Bytes written, after compression.
    pub bytes: u64,
    /// The file, under the name it was given; none for standard output.
    pub path: Option<PathBuf>,
    /// Bytes set aside in temporary files, to be put in order.
    pub spilled_bytes: u64,
}

/// A buffered writer of one of them. Dropped without [`Output::finish`], no file is left behind,
/// and what was not passed on is not written: a run that fails at once has no beginning of a table.
pub struct Output {
    out: Compressed<Raw>,
    waiting: Vec<u8>,
    destination: Destination,
}

/// An output to which everything is written, and which has no name yet. Dropped, it is gone.
pub struct Written {
    pub(crate) stats: SinkStats,
    hidden: Option<(NamedTempFile, Existing)>,
}

impl Written {
    /// Gives the file its name.
    pub fn name(self) -> Result<SinkStats, SinkError> {
        let Self { stats, hidden } = self;
        if let (Some((file, existing)), Some(path)) = (hidden, &stats.path) {
            let named = match existing {
                // Somebody else may have made one meanwhile.
                Existing::Keep => file.persist_noclobber(path),
                Existing::Replace => file.persist(path),
            };
            named.map_err(|e| SinkError::Rename { path: path.clone(), source: e.error })?;
        }
        Ok(stats)
    }
}

impl From<SinkStats> for Written {
    /// Of an output that is no file.
    fn from(stats: SinkStats) -> Self {
        Self { stats, hidden: None }
    }
}

/// Where bytes go as they are, and how many went there.
struct Raw {
    to: To,
    bytes: u64,
}

enum To {
    Stdout(Stdout),
    /// A device or a pipe, written in place: it cannot be renamed.
    Special(File),
    /// A file that is to become the one at `path`.
    Hidden {
        file: NamedTempFile,
        path: PathBuf,
        existing: Existing,
    },
}

/// What becomes of a file that has the output's name already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the output fails.
    #[default]
    Keep,
    /// It is replaced when the output is whole.
    Replace,
}

impl Output {
    /// Opens an output, which replaces what is there.
    pub fn create(destination: Destination) -> Result<Self, SinkError> {
        Self::open(destination, Existing::Replace, Compression::None)
    }

    /// The same of a text, which is compressed as its name says.
    pub(crate) fn text(destination: Destination) -> Result<Self, SinkError> {
        let compression = destination.compression();
        Self::open(destination, Existing::Replace, compression)
    }

    /// Opens an output.
    pub fn open(
        destination: Destination,
        existing: Existing,
        compression: Compression,
    ) -> Result<Self, SinkError> {
        let to = match &destination {
            Destination::Stdout => To::Stdout(io::stdout()),
            Destination::File(path) => To::open(path, existing)
                .map_err(|source| SinkError::Create { path: path.clone(), source })?,
        };
        let out = Compressed::new(Raw { to, bytes: 0 }, compression)
            .map_err(|e| SinkError::write(&destination, e))?;
        Ok(Self { out, waiting: Vec::with_capacity(BUFFER_BYTES), destination })
    }

    /// Writes a piece of text.
    pub fn put(&mut self, text: &[u8]) -> Result<(), SinkError> {
        self.write_all(text).map_err(|e| SinkError::write(&self.destination, e))
    }

    /// Hands on what was written, if somebody may be waiting for it. What is compressed waits: in
    /// small portions it is not small.
    pub fn pass_on(&mut self) -> Result<(), SinkError> {
        match &self.out {
            Compressed::None(Raw { to: To::Stdout(_) | To::Special(_), .. }) => {
                self.flush().map_err(|e| SinkError::write(&self.destination, e))
            }
            _ => Ok(()),
        }
    }

    /// Writes what is left and gives the file its name.
    pub fn finish(self, rows: u64, ending: Ending) -> Result<SinkStats, SinkError> {
        self.end(rows, ending)?.name()
    }

    /// Writes what is left; the file has its name when [`Written::name`] gives it.
    pub fn end(mut self, rows: u64, ending: Ending) -> Result<Written, SinkError> {
        let written = self.write_waiting();
        let Self { out, destination, .. } = self;
        let raw = written.and_then(|()| {
            let mut raw = out.finish()?;
            raw.flush()?;
            Ok(raw)
        });
        let raw = raw.map_err(|e| SinkError::write(&destination, e))?;
        let (hidden, path) = match raw.to {
            To::Stdout(_) => (None, None),
            To::Special(_) => match destination {
                Destination::Stdout => (None, None),
                Destination::File(path) => (None, Some(path)),
            },
            To::Hidden { file, path, existing } => {
                let (path, existing) = match ending {
                    Ending::Whole => (path, existing),
                    Ending::Partial => (partial_name(&path), Existing::Replace),
                };
                (Some((file, existing)), Some(path))
            }
        };
        let stats = SinkStats { rows, bytes: raw.bytes, path, spilled_bytes: 0 };
        Ok(Written { stats, hidden })
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        self.out.write_all(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.len() + bytes.len() > BUFFER_BYTES {
            self.write_waiting()?;
        }
        if bytes.len() < BUFFER_BYTES {
            self.waiting.extend_from_slice(bytes);
        } else {
            self.out.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_waiting()?;
        self.out.flush()
    }
}

impl To {
    fn open(path: &Path, existing: Existing) -> io::Result<Self> {
        // First: where /dev/stdout is a pipe, it is a link to what has no name.
        if let Ok(known) = fs::metadata(path)
            && !known.is_file()
        {
            if known.is_dir() {
                return Err(ErrorKind::IsADirectory.into());
            }
            return Ok(Self::Special(OpenOptions::new().write(true).open(path)?));
        }
        // A symbolic link stays one: what it points to is replaced, or made.
        let path = match fs::read_link(path) {
            Ok(target) => fs::canonicalize(path).unwrap_or_else(|_| path.with_file_name(target)),
            Err(_) => path.to_owned(),
        };
        if existing == Existing::Keep && path.exists() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let name = path.file_name().ok_or(ErrorKind::IsADirectory)?.to_string_lossy();
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // A name may be as long as names can be, and there is more in that of the temporary file.
        let beginning = name.chars().take(HIDDEN_CHARS_MAX).collect::<String>();
        let prefix = format!(".{beginning}.");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // What any program creates a file with; the umask takes from it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        fs::metadata(directory)?;
        // What went wrong, without the name of a temporary file that nobody asked for.
        let file = builder.tempfile_in(directory).map_err(|error| error.kind())?;
        // What only some may read is not open to all when it is replaced.
        if let Ok(known) = fs::metadata(&path)
            && known.permissions() != file.as_file().metadata()?.permissions()
        {
            file.as_file().set_permissions(known.permissions())?;
        }
        Ok(Self::Hidden { file, path, existing })
    }
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.to {
            To::Stdout(out) => out.write(bytes),
            To::Special(file) => file.write(bytes),
            To::Hidden { file, .. } => file.as_file_mut().write(bytes),
        }?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Stdout(out) => out.flush(),
            To::Special(file) => file.flush(),
            To::Hidden { file, .. } => file.as_file_mut().flush(),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// What the file of a run that was interrupted is called: `flows.parquet` becomes
/// `flows.partial.parquet`, and `flows.csv.gz` `flows.partial.csv.gz`.
pub fn partial_name(path: &Path) -> PathBuf {
    let plain = Compression::name_within(path);
    let compression = if plain == path { None } else { path.extension() };
    let mut ending = std::ffi::OsString::from("partial");
    for extension in plain.extension().into_iter().chain(compression) {
        ending.push(".");
        ending.push(extension);
    }
    plain.with_extension(ending)
}

/// Enough that a write costs little; small against a batch.
const BUFFER_BYTES: usize = 256 << 10;
/// Characters, of four bytes at most, that the name of a temporary file has of the output's.
const HIDDEN_CHARS_MAX: usize = 48;
