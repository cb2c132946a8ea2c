//! Whatever the bytes, a dissection is in bounds: frames of the samples, cut everywhere and with
//! every byte changed.
#![expect(clippy::unwrap_used, reason = "tests fail, and say what they did")]

use std::fs;
use std::io::Cursor;
use std::path::Path;

use flowloom_capture::{Block, Capture, Limits, Source};
use flowloom_dissect::{Dissection, Dissector, FrameInput, Kind, LAYERS, Value, summary};

#[test]
fn cut_frames_are_dissected_in_bounds() {
    each_frame(60, |input, dissector, dissection| {
        for len in 0..=input.bytes.len() {
            check(&FrameInput { bytes: &input.bytes[..len], ..*input }, dissector, dissection);
        }
    });
}

#[test]
fn changed_frames_are_dissected_in_bounds() {
    each_frame(40, |input, dissector, dissection| {
        let mut bytes = input.bytes.to_vec();
        for at in 0..bytes.len() {
            let original = bytes[at];
            for changed in [0, 0xff, original ^ 0x80, original.wrapping_add(1)] {
                bytes[at] = changed;
                check(&FrameInput { bytes: &bytes, ..*input }, dissector, dissection);
            }
            bytes[at] = original;
        }
    });
}

#[test]
fn names_are_unique_and_documented() {
    let mut names: Vec<_> = LAYERS.iter().flat_map(|layer| layer.fields).map(|f| f.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    // PPPoE has the same header in discovery and in sessions.
    assert!(count - names.len() <= 5, "{count} fields, {} names", names.len());
    for layer in LAYERS {
        assert!(!layer.doc.is_empty() && !layer.prefix.is_empty(), "{}", layer.name);
        assert!(layer.fields.iter().all(|field| field.doc.ends_with('.')), "{}", layer.name);
    }
}

fn check(input: &FrameInput<'_>, dissector: &mut Dissector, dissection: &mut Dissection) {
    dissector.dissect(input, dissection);
    let mut text = String::new();
    summary(dissection, input.bytes, &mut text);
    for (at, layer) in dissection.layers().iter().enumerate() {
        let source = dissection.source(layer, input.bytes);
        let end = (layer.start + layer.len) as usize;
        assert!(layer.len == 0 || end <= source.len(), "{}: {end}", layer.info.name);
        let mut depth = 0;
        for field in dissection.fields_of(at) {
            let end = (field.start + field.len) as usize;
            assert!(field.len == 0 || end <= source.len(), "{}: {end}", field.info.name);
            assert!(field.depth <= depth + 1, "{} is in nothing", field.info.name);
            assert_eq!(field.value == Value::None, field.info.kind == Kind::Group);
            depth = field.depth;
            text.clear();
            field.write(dissection, source, &mut text);
        }
    }
}

fn each_frame(
    frames_max: usize,
    mut give: impl FnMut(&FrameInput<'_>, &mut Dissector, &mut Dissection),
) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
    let mut frames = 0;
    for file in fs::read_dir(samples).unwrap().flatten() {
        let bytes = Box::new(Cursor::new(fs::read(file.path()).unwrap()));
        let Ok(mut capture) = Capture::from_reader("test", bytes, Limits::default()) else {
            continue;
        };
        let mut block = Block::default();
        let mut left = frames_max;
        while left > 0 && capture.read(&mut block).unwrap() {
            for (at, frame) in block.frames.iter().enumerate().take(left) {
                let input = FrameInput {
                    number: block.first + at as u64,
                    time: frame.time,
                    link: frame.link,
                    interface: frame.interface,
                    original: frame.original,
                    bytes: block.data(frame),
                };
                give(&input, &mut dissector, &mut dissection);
                frames += 1;
            }
            left = left.saturating_sub(block.frames.len());
        }
    }
    assert!(frames > 100, "{frames} frames");
}
