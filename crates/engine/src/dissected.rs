//! A frame alone as layers with fields, for those who have one in their hands.

use flowloom_dissect::{Dissection, Dissector, Field, FrameInput, Value};

use crate::StoredFrame;

/// A layer of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct DissectedLayer {
    /// Its name, such as `ip`.
    pub name: &'static str,
    /// Where it begins in the frame; what is put together from several frames begins at 0.
    pub start: u32,
    /// Bytes it has.
    pub len: u32,
    /// Its fields, those in others among them; names are without the layer's before them.
    pub fields: Vec<(&'static str, FieldValue)>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// A number.
    Int(i128),
    /// A flag.
    Bool(bool),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A text or an address.
    Text(String),
}

/// The layers of a frame, outermost first.
pub fn dissected(frame: &StoredFrame) -> Vec<DissectedLayer> {
    let input = FrameInput {
        number: 1,
        time: frame.time,
        since: None,
        link: frame.link,
        interface: 0,
        original: frame.original,
        bytes: &frame.bytes,
    };
    let mut dissection = Dissection::default();
    Dissector::default().dissect(&input, &mut dissection);
    let layers = dissection.layers().iter().enumerate();
    let layers = layers.map(|(at, layer)| {
        let source = dissection.source(layer, &frame.bytes);
        let named = |field: &Field| {
            let value = value(field, &dissection, source)?;
            Some((field.info.short_name(layer.info), value))
        };
        let fields = dissection.fields_of(at).iter().filter_map(named).collect();
        DissectedLayer { name: layer.info.name, start: layer.start, len: layer.len, fields }
    });
    layers.collect()
}

fn value(field: &Field, dissection: &Dissection, source: &[u8]) -> Option<FieldValue> {
    Some(match field.value {
        Value::None => return None,
        Value::Uint(number) => FieldValue::Int(number.into()),
        Value::Int(number) => FieldValue::Int(number.into()),
        Value::Bool(flag) => FieldValue::Bool(flag),
        Value::Bytes => FieldValue::Bytes(field.bytes(source).to_vec()),
        Value::Time(time) => FieldValue::Int(time.0.into()),
        Value::Duration(nanos) => FieldValue::Int(nanos.into()),
        Value::Text(_) | Value::Ipv4(_) | Value::Ipv6(_) | Value::Mac(_) => {
            let mut text = String::new();
            field.write(dissection, source, &mut text);
            FieldValue::Text(text)
        }
    })
}
