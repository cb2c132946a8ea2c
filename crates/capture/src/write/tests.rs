//! What is written is read again as it was, by our reader, in every format and setting.

use crate::testing::{open, pcap, pcapng, read_whole, sample, snoop};
use crate::{Block, CaptureWriter, Limits, Scope, Source, WriteError, WriteFormat, WriteSettings};

const PCAP: WriteSettings =
    WriteSettings { format: WriteFormat::Pcap, resolution: None, scope: Scope::Whole };
const PCAPNG: WriteSettings =
    WriteSettings { format: WriteFormat::Pcapng, resolution: None, scope: Scope::Whole };

/// A capture, written again in blocks of some frames.
fn rewrite(
    bytes: &[u8],
    settings: WriteSettings,
    block_frames: usize,
) -> Result<Vec<u8>, WriteError> {
    let mut source = open(bytes, Limits { block_frames, ..Limits::default() }).unwrap();
    let mut writer = CaptureWriter::new(Vec::new(), settings);
    let mut block = Block::default();
    while source.read(&mut block).unwrap() {
        for at in 0..block.frames.len() {
            writer.write(source.facts(), &block.record(at).unwrap())?;
        }
    }
    writer.finish(source.facts())
}

#[test]
fn frames_come_back() {
    let frames = sample(200);
    for bytes in [pcap(&frames), pcapng(&frames), snoop(4, &frames)] {
        for settings in [PCAP, PCAPNG] {
            for block_frames in [1, 7, 512] {
                let written = rewrite(&bytes, settings, block_frames).unwrap();
                assert_eq!(read_whole(&written), frames);
            }
        }
    }
}
