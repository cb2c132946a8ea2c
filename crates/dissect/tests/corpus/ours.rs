//! The values of a capture as we find them.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use flowloom_capture::{Block, Capture, Format, Limits, Source};
use flowloom_dissect::{Dissection, Dissector, FrameInput, Kind, Times, Value};

use crate::Values;
use crate::tshark::{CONTENT_TYPE, STACK};

/// The values of each frame; none of a file that is no capture.
pub(crate) fn values(path: &Path) -> Vec<Values> {
    let mut frames = Vec::new();
    let is_pcapng = each_frame(path, |dissection, bytes| frames.push(of_frame(dissection, bytes)));
    if !is_pcapng {
        // tshark numbers the interfaces of pcapng files only.
        for values in &mut frames {
            values.remove("frame.interface_id");
        }
    }
    frames
}

/// Hands on what is in each frame, and its bytes; whether the capture is a pcapng file.
pub(crate) fn each_frame(path: &Path, mut give: impl FnMut(&Dissection, &[u8])) -> bool {
    let bytes = Box::new(Cursor::new(fs::read(path).unwrap()));
    let Ok(mut capture) = Capture::from_reader("test", bytes, Limits::default()) else {
        return false;
    };
    let mut dissector = Dissector::default();
    let mut dissection = Dissection::default();
    let mut block = Block::default();
    let mut times = Times::default();
    while capture.read(&mut block).unwrap_or(false) {
        for (at, frame) in block.frames.iter().enumerate() {
            let bytes = block.data(frame);
            let input = FrameInput {
                number: block.first + at as u64,
                time: frame.time,
                since: Some(times.pass(frame.time)),
                link: frame.link,
                interface: frame.interface,
                original: frame.original,
                bytes,
            };
            dissector.dissect(&input, &mut dissection);
            give(&dissection, bytes);
        }
    }
    capture.facts().format == Format::Pcapng
}

fn of_frame(dissection: &Dissection, frame: &[u8]) -> Values {
    let mut values = Values::new();
    values.insert(STACK, dissection.protocols().skip(1).map(str::to_owned).collect());
    for (at, layer) in dissection.layers().iter().enumerate() {
        let source = dissection.source(layer, frame);
        for field in dissection.fields_of(at) {
            let text = match (field.value, field.info.kind) {
                (_, Kind::Group) => continue,
                (Value::Uint(number), _) => number.to_string(),
                (Value::Bool(flag), _) => u8::from(flag).to_string(),
                (Value::Time(time), _) => {
                    format!(
                        "{}.{:09}",
                        time.0.div_euclid(1_000_000_000),
                        time.0.rem_euclid(1_000_000_000)
                    )
                }
                _ => {
                    let mut text = String::new();
                    field.write(dissection, source, &mut text);
                    // As tshark writes what would break its lines.
                    text.replace('\r', "\\r").replace('\n', "\\n")
                }
            };
            values.entry(field.info.name).or_default().push(text);
        }
    }
    // tshark gives the end of DHCP options the number of padding.
    for kind in values.get_mut("dhcp.option.type").into_iter().flatten() {
        if kind == "255" {
            *kind = "0".into();
        }
    }
    if let Some(kinds) = values.get_mut(CONTENT_TYPE) {
        kinds.sort();
    }
    values
}
