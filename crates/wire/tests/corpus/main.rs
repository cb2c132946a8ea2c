//! Real frames, of the captures in `../shared/corpus`, cut and broken everywhere.
//!
//! What their headers are is compared with tshark in the tests of the engine, which can put
//! fragments together. Without the captures the test says that it was skipped.

#![expect(clippy::print_stdout, reason = "how many frames were cut is part of the result")]

mod cuts;

use std::path::Path;

use flowloom_capture::{Block, Capture, Input, Limits, Source};

/// Every way to cut a real frame: no header appears that the whole frame does not have, and no
/// length changes. Every byte of it broken: nothing reaches beyond what it is in.
#[test]
fn a_snap_length_takes_headers_away_and_changes_no_length() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        return println!("skipped: there is no ../shared/corpus");
    }
    let (mut frames, mut cuts) = (0, 0);
    let manifest = std::fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    for name in manifest.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let input = Input::File(corpus.join(name));
        let Ok(mut capture) = Capture::open(&input, Limits::default()) else { continue };
        let mut block = Block::default();
        if !capture.read(&mut block).is_ok_and(|more| more) {
            continue;
        }
        for frame in block.frames.iter().take(FRAMES_CUT) {
            frames += 1;
            cuts += cuts::check(frame.link, block.data(frame), frame.original);
            cuts::break_bytes(frame.link, block.data(frame), frame.original);
        }
    }
    println!("{frames} frames, cut in {cuts} places");
    assert!(frames > 8_000, "the corpus is not as it was");
}

/// Frames of a capture that are cut everywhere.
const FRAMES_CUT: usize = 100;
