//! The SHA-256 of a file, by which others know it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Watch;

/// The hash of a regular file in hexadecimal digits; none of anything else, which could not be
/// read twice, and none if it cannot be read or the run is told to stop.
pub(super) fn sha256(path: &Path, watch: &Watch) -> Option<String> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) => hash.update(&buffer[..len]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
        if watch.is_stopped() {
            return None;
        }
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        // Writing to memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

const BUFFER_BYTES: usize = 256 << 10;
