//! Dissecting frames one after the other: what an earlier one left changes how a later one is read.

#[path = "../../crates/dissect/tests/bounds/mod.rs"]
mod bounds;

use flowloom_dissect::{Dissection, Dissector, FrameInput};
use flowloom_schema::Timestamp;

use crate::decode::{LINKS, original};

/// Frames: of each a byte for its link type, two for its length, and its bytes.
pub fn dissect(mut data: &[u8]) {
    let (mut dissector, mut dissection) = (Dissector::default(), Dissection::default());
    let mut number = 0;
    while let Some((&[choice, high, low], rest)) = data.split_first_chunk() {
        let (bytes, rest) =
            rest.split_at((usize::from(high & 15) << 8 | usize::from(low)).min(rest.len()));
        number += 1;
        let input = FrameInput {
            number,
            time: Timestamp(0),
since: None,
            link: LINKS[usize::from(choice) % LINKS.len()],
            interface: 0,
            original: original(high >> 4, bytes),
            bytes,
        };
        bounds::check(&input, &mut dissector, &mut dissection);
        data = rest;
    }
}

/// A frame as [`dissect`] takes it.
pub(crate) fn framed(link: u8, bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(0xfff)];
    [&[link][..], &(bytes.len() as u16).to_be_bytes(), bytes].concat()
}
