//! What holds of every dissection; fuzzing uses it, too.

use flowloom_dissect::{Dissection, Dissector, FrameInput, Kind, Value, summary};

/// Dissects a frame: all layers and fields lie in their bytes, and are not too many for them.
pub(crate) fn check(
    input: &FrameInput<'_>,
    dissector: &mut Dissector,
    dissection: &mut Dissection,
) {
    dissector.dissect(input, dissection);
    let mut text = String::new();
    let bytes = input.bytes.len() + dissection.joined_len();
    let count = dissection.fields().len();
    assert!(dissection.joined_len() <= JOINED_MAX);
    assert!(count <= 64 + FIELDS_MAX * bytes, "{count} fields of {bytes} bytes");
    let mut written = 0;
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
            written += text.len();
        }
    }
    assert!(written <= 4096 + TEXT_MAX * bytes, "{written} bytes of text of {bytes} bytes");
}

/// Fields of a byte at most: flags, and the number they are in.
const FIELDS_MAX: usize = 12;
/// Bytes of text of a byte at most: a name of DNS whose end is a pointer.
const TEXT_MAX: usize = 128;
/// Bytes put together in a frame at most: datagrams in one another, a message, a handshake.
const JOINED_MAX: usize = 1 << 19;
