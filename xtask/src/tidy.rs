//! `cargo xtask tidy`: the house rules that neither the compiler nor clippy checks.
//!
//! Each check takes the tracked text files and returns its findings; it opens nothing itself.

mod headings;
mod manifests;
mod sizes;
mod words;

use std::path::Path;
use std::process::Command;

/// Runs all checks on the files that git tracks below `root`.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let files = tracked_files(root)?;
    let exceptions =
        files.iter().find(|file| file.path == EXCEPTIONS).map_or("", |file| &file.text);
    let findings: Vec<String> = [
        sizes::check(&files, exceptions),
        manifests::check(&files),
        words::check(&files),
        headings::check(&files),
    ]
    .concat();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, nothing to say", files.len());
        return Ok(());
    }
    Err(format!("tidy: {} findings in {} files", findings.len(), files.len()))
}

/// A tracked text file; the path is relative to the root, with forward slashes.
struct File {
    path: String,
    text: String,
}

fn tracked_files(root: &Path) -> Result<Vec<File>, String> {
    let listing = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run git: {error}"))?;
    if !listing.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&listing.stderr)));
    }
    let paths = String::from_utf8_lossy(&listing.stdout).into_owned();
    let files: Vec<File> =
        paths.split_terminator('\0').filter_map(|path| read(root, path)).collect();
    if files.is_empty() {
        return Err("git tracks no file here".to_owned());
    }
    Ok(files)
}

/// `None` for a capture or another binary file, and for one deleted but not yet committed.
fn read(root: &Path, path: &str) -> Option<File> {
    let text = std::fs::read_to_string(root.join(path)).ok()?;
    (!text.contains('\0')).then(|| File { path: path.to_owned(), text })
}

const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";
