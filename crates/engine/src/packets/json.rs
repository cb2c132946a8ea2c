//! A packet as JSON: an object for each layer, a key for each field.
//!
//! Bytes are base64, a third shorter than hexadecimal. Bits that are not set are left out. Keys are
//! the names of the fields without the layer's before them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowloom_dissect::{Dissection, Field, FrameInput, LayerInfo, LayerSpan, Origin, Value};
use flowloom_export::json_text;

use super::nested::{Member, alike, is_repeated, members};

/// One line: the capture, if there are several, and the layers beside one another, those of a kind
/// that is there twice as a list.
pub(super) fn line(
    frame: &FrameInput<'_>,
    capture: Option<&str>,
    dissection: &Dissection,
    ranges: bool,
    out: &mut String,
) {
    let mut json = Json { dissection, frame: frame.bytes, ranges, is_repeated: false, out };
    json.out.push('{');
    if let Some(capture) = capture {
        json.key("capture");
        json.text(capture);
        json.out.push(',');
    }
    let layers = dissection.layers();
    for (at, layer) in layers.iter().enumerate() {
        let is_same = |other: &LayerSpan| std::ptr::eq(other.info, layer.info);
        if layers.iter().take(at).any(is_same) {
            continue;
        }
        json.between(at == 0);
        json.key(layer.info.name);
        let mut alike = layers.iter().enumerate().skip(at).filter(|(_, other)| is_same(other));
        let first = alike.next();
        let rest: Vec<_> = alike.collect();
        if rest.is_empty() {
            json.layer(at);
        } else {
            let mut before = '[';
            for (other, _) in first.into_iter().chain(rest) {
                json.out.push(before);
                json.layer(other);
                before = ',';
            }
            json.out.push(']');
        }
        if at == 0 {
            json.protocols();
        }
    }
    json.out.push_str("}\n");
}

/// A member of one document: each layer in the one that carries it.
pub(super) fn nested(
    frame: &FrameInput<'_>,
    capture: u64,
    dissection: &Dissection,
    ranges: bool,
    out: &mut String,
) {
    let mut json = Json { dissection, frame: frame.bytes, ranges, is_repeated: false, out };
    let capture = if capture > 1 { format!("Capture {capture} ") } else { String::new() };
    json.key(&format!("{capture}Frame {}", frame.number));
    let layers = dissection.layers();
    for (at, layer) in layers.iter().enumerate() {
        if at > 0 {
            // A layer can have nothing to say but what it carries.
            json.between(json.out.ends_with('{'));
            json.key(layer.info.name);
        }
        json.out.push('{');
        let fields = dissection.fields_of(at);
        json.range(layer);
        json.is_repeated = layer.origin() == Origin::Message;
        json.members(fields, layer.info, dissection.source(layer, frame.bytes));
        if at == 0 {
            json.protocols();
        }
    }
    for _ in layers {
        json.out.push('}');
    }
}

struct Json<'j> {
    dissection: &'j Dissection,
    frame: &'j [u8],
    ranges: bool,
    /// Whether the bytes of the layer are those of segments, which were written where they came.
    is_repeated: bool,
    out: &'j mut String,
}

impl Json<'_> {
    fn between(&mut self, is_first: bool) {
        if !is_first {
            self.out.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    fn protocols(&mut self) {
        self.out.push_str(",\"protocols\":\"");
        let mut between = "";
        for name in self.dissection.protocols().skip(1) {
            self.out.push_str(between);
            self.out.push_str(name);
            between = ":";
        }
        self.out.push('"');
    }

    fn layer(&mut self, at: usize) {
        self.out.push('{');
        if let Some(layer) = self.dissection.layers().get(at) {
            self.range(layer);
            self.is_repeated = layer.origin() == Origin::Message;
            let source = self.dissection.source(layer, self.frame);
            self.members(self.dissection.fields_of(at), layer.info, source);
        }
        self.out.push('}');
    }

    fn range(&mut self, layer: &LayerSpan) {
        if self.ranges {
            self.key("range");
            self.start_and_len(layer.start, layer.len);
            self.out.push(',');
            if let Some(origin) = layer.origin().name() {
                self.key("range_of");
                self.out.extend(["\"", origin, "\","]);
            }
        }
    }

    fn start_and_len(&mut self, start: u32, len: u32) {
        let mut number = itoa::Buffer::new();
        self.out.push('[');
        self.out.push_str(number.format(start));
        self.out.push(',');
        self.out.push_str(number.format(len));
        self.out.push(']');
    }

    fn members(&mut self, fields: &[Field], layer: &LayerInfo, source: &[u8]) {
        let mut is_first = true;
        for member in members(fields) {
            let is_again = self.is_repeated && SEGMENTS_HAVE.contains(&member.field.info.name);
            let is_said = self.ranges || member.is_said() && !is_again;
            if !is_said || is_repeated(fields, member) {
                continue;
            }
            self.between(is_first);
            is_first = false;
            self.key(member.field.info.short_name(layer));
            let mut all = alike(fields, member);
            let first = all.next();
            match (first, all.next()) {
                (Some(first), Some(second)) => {
                    self.out.push('[');
                    self.value(first, layer, source);
                    for other in std::iter::once(second).chain(all) {
                        self.out.push(',');
                        self.value(other, layer, source);
                    }
                    self.out.push(']');
                }
                _ => self.value(member, layer, source),
            }
        }
        if is_first && self.out.ends_with(',') {
            self.out.pop();
        }
    }

    fn value(&mut self, member: Member<'_>, layer: &LayerInfo, source: &[u8]) {
        let Member { field, below, .. } = member;
        if field.value == Value::None {
            self.out.push('{');
            if self.ranges {
                self.key("range");
                self.start_and_len(field.start, field.len);
                self.out.push(',');
            }
            self.members(below, layer, source);
            return self.out.push('}');
        }
        if !self.ranges {
            return self.scalar(field, source);
        }
        self.out.push_str("{\"value\":");
        self.scalar(field, source);
        if let Some(meaning) = field.meaning {
            self.out.push_str(",\"meaning\":\"");
            self.out.push_str(meaning);
            self.out.push('"');
        }
        if field.len > 0 {
            self.out.push_str(",\"range\":");
            self.start_and_len(field.start, field.len);
        }
        self.out.push('}');
    }

    fn text(&mut self, text: &str) {
        let mut quoted = Vec::new();
        json_text(text, &mut quoted);
        self.out.push_str(&String::from_utf8_lossy(&quoted));
    }

    fn scalar(&mut self, field: &Field, source: &[u8]) {
        let mut number = itoa::Buffer::new();
        match field.value {
            Value::Uint(value) => self.out.push_str(number.format(value)),
            Value::Int(value) => self.out.push_str(number.format(value)),
            Value::Bool(value) => self.out.push_str(if value { "true" } else { "false" }),
            Value::Duration(_) => field.write(self.dissection, source, self.out),
            Value::Text(span) => self.text(self.dissection.text(span)),
            Value::Bytes => {
                self.out.push('"');
                STANDARD.encode_string(field.bytes(source), self.out);
                self.out.push('"');
            }
            _ => {
                self.out.push('"');
                field.write(self.dissection, source, self.out);
                self.out.push('"');
            }
        }
    }
}

/// Bytes of messages that are only what the segments had.
const SEGMENTS_HAVE: [&str; 5] =
    ["data.data", "http2.data.data", "http2.headers", "ssh.encrypted", "tls.app_data"];
