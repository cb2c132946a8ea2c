//! How whole files are compressed.

use std::path::{Path, PathBuf};

/// A compression of a whole file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// None.
    #[default]
    None,
    /// Gzip (RFC 1952), one or more members.
    Gzip,
    /// Zstandard (RFC 8878), one or more frames.
    Zstd,
    /// LZ4 frame format, one or more frames.
    Lz4,
}

impl Compression {
    /// All that change a file.
    pub const ALL: [Self; 3] = [Self::Gzip, Self::Zstd, Self::Lz4];

    /// The name by which it is known; `none` for none.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// What the names of its files end in, without the dot; nothing for none.
    pub fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => "gz",
            Self::Zstd => "zst",
            Self::Lz4 => "lz4",
        }
    }

    /// The one that the end of a file's name stands for.
    pub fn of_name(path: &Path) -> Self {
        let ending = path.extension().unwrap_or_default();
        let is_its = |compression: &Self| ending.eq_ignore_ascii_case(compression.ending());
        Self::ALL.into_iter().find(is_its).unwrap_or_default()
    }

    /// A file's name without the end that stands for a compression, if it has one.
    pub fn name_within(path: &Path) -> PathBuf {
        match Self::of_name(path) {
            Self::None => path.to_owned(),
            _ => path.with_extension(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Compression;

    #[test]
    fn names_say_how_files_are_compressed() {
        let cases = [
            ("flows.csv.gz", Compression::Gzip),
            ("a/b.c/X.JSONL.ZST", Compression::Zstd),
            ("x.lz4", Compression::Lz4),
            ("x.csv", Compression::None),
            ("gz", Compression::None),
            (".gz", Compression::None),
            ("x.", Compression::None),
            ("", Compression::None),
        ];
        for (name, compression) in cases {
            assert_eq!(Compression::of_name(Path::new(name)), compression, "{name}");
        }
        for (name, within) in [("a.b/x.csv.GZ", "a.b/x.csv"), ("x.csv", "x.csv"), ("x.gz", "x")] {
            assert_eq!(Compression::name_within(Path::new(name)), Path::new(within));
        }
    }
}
