//! What was read of a frame: layers, and fields in them.

use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use flowloom_schema::Timestamp;

use crate::field::{FieldInfo, Kind, LayerInfo};

/// The layers and fields of a frame, to be filled again for the next.
#[derive(Debug, Default)]
pub struct Dissection {
    layers: Vec<LayerSpan>,
    pub(crate) fields: Vec<Field>,
    /// Texts that are not in the bytes as they are.
    pub(crate) text: String,
    /// Bytes that are not in the frame as they are: datagrams put together from fragments, messages
    /// put together from segments, and what was decrypted.
    joined: Vec<Vec<u8>>,
    /// Why the way down the headers ended, if it did early.
    pub(crate) stop: Option<flowloom_wire::DecodeError>,
}

/// A layer of a frame.
#[derive(Clone, Copy, Debug)]
pub struct LayerSpan {
    /// What it is.
    pub info: &'static LayerInfo,
    /// Where it begins in its bytes: those of the frame, or others ([`Dissection::source`]).
    pub start: u32,
    /// How many bytes there are of it.
    pub len: u32,
    /// Which bytes it is in.
    pub(crate) source: Bytes,
    /// Where its fields begin in [`Dissection::fields`].
    first_field: u32,
}

/// Which bytes a layer is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes {
    pub(crate) origin: Origin,
    /// Among those that are not the frame's.
    number: u8,
}

/// What the bytes are that a layer is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The frame.
    #[default]
    Frame,
    /// A datagram put together from fragments.
    Datagram,
    /// A message put together from segments.
    Message,
    /// What a packet of QUIC held, decrypted and put in order.
    Decrypted,
}

impl Origin {
    /// Its name; none of the frame.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Frame => None,
            Self::Datagram => Some("datagram"),
            Self::Message => Some("message"),
            Self::Decrypted => Some("decrypted"),
        }
    }
}

/// A field of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Which it is.
    pub info: &'static FieldInfo,
    /// Its value.
    pub value: Value,
    /// What the value stands for, if it has a name.
    pub meaning: Option<&'static str>,
    /// Where its first byte is.
    pub start: u32,
    /// How many bytes it has; 0 for what is computed.
    pub len: u32,
    /// How many fields it is in.
    pub depth: u8,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// None: the field is a heading.
    None,
    /// A number.
    Uint(u64),
    /// A number that may be negative.
    Int(i64),
    /// A flag.
    Bool(bool),
    /// The bytes of the field's range.
    Bytes,
    /// A text.
    Text(TextSpan),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// A hardware address.
    Mac([u8; 6]),
    /// Nanoseconds since the epoch.
    Time(Timestamp),
    /// Nanoseconds between two times.
    Duration(i64),
}

/// Where a text is among the texts of a dissection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextSpan {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Dissection {
    /// The layers, outermost first.
    pub fn layers(&self) -> &[LayerSpan] {
        &self.layers
    }

    /// All fields of all layers, each before those in it.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The fields of the layer of that number.
    pub fn fields_of(&self, layer: usize) -> &[Field] {
        let start = self.layers.get(layer).map_or(0, |layer| layer.first_field as usize);
        let end = self.layers.get(layer + 1).map(|next| next.first_field as usize);
        self.fields.get(start..end.unwrap_or(self.fields.len())).unwrap_or_default()
    }

    /// Why no more headers were read, if one was damaged.
    pub fn stop(&self) -> Option<flowloom_wire::DecodeError> {
        self.stop
    }

    /// The first field of that kind.
    pub fn first(&self, info: &'static FieldInfo) -> Option<&Field> {
        self.fields.iter().find(|field| std::ptr::eq(field.info, info))
    }

    /// The last field of that kind.
    pub fn last(&self, info: &'static FieldInfo) -> Option<&Field> {
        self.fields.iter().rfind(|field| std::ptr::eq(field.info, info))
    }

    /// A text of a field.
    pub fn text(&self, span: TextSpan) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The bytes that a layer and its fields count in.
    pub fn source<'a>(&'a self, layer: &LayerSpan, frame: &'a [u8]) -> &'a [u8] {
        match layer.source.origin {
            Origin::Frame => frame,
            _ => self.joined.get(usize::from(layer.source.number)).map_or(&[], Vec::as_slice),
        }
    }

    /// How many bytes there are that layers are in, those of the frame aside.
    pub fn joined_len(&self) -> usize {
        self.joined.iter().map(Vec::len).sum()
    }

    /// The names of the layers, joined by colons.
    pub fn protocols(&self) -> impl Iterator<Item = &'static str> {
        self.layers.iter().map(|layer| layer.info.name)
    }

    pub(crate) fn clear(&mut self) {
        self.layers.clear();
        self.fields.clear();
        self.text.clear();
        self.joined.clear();
        self.stop = None;
    }

    pub(crate) fn begin_layer(
        &mut self,
        info: &'static LayerInfo,
        range: Range<usize>,
        source: Bytes,
    ) {
        self.layers.push(LayerSpan {
            info,
            start: range.start as u32,
            len: range.end.saturating_sub(range.start) as u32,
            source,
            first_field: self.fields.len() as u32,
        });
    }

    /// Room for bytes that are not in the frame, unless there are too many of them.
    pub(crate) fn new_source(&mut self, origin: Origin) -> Option<Bytes> {
        let number = u8::try_from(self.joined.len()).ok()?;
        self.joined.push(Vec::new());
        Some(Bytes { origin, number })
    }

    /// The bytes of a source, once all layers in them are written.
    pub(crate) fn fill_source(&mut self, source: Bytes, bytes: Vec<u8>) {
        if let Some(joined) = self.joined.get_mut(usize::from(source.number)) {
            *joined = bytes;
        }
    }

    /// The last layer ends here.
    pub(crate) fn end_layer(&mut self, end: usize) {
        if let Some(layer) = self.layers.last_mut() {
            layer.len = (end as u32).saturating_sub(layer.start);
        }
    }

    pub(crate) fn add_text(&mut self, text: impl fmt::Display) -> TextSpan {
        let start = self.text.len() as u32;
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{text}");
        TextSpan { start, end: self.text.len() as u32 }
    }
}

impl LayerSpan {
    /// What the bytes are that it is in, and that its fields count in.
    pub fn origin(&self) -> Origin {
        self.source.origin
    }
}

impl Field {
    /// The bytes it is made of.
    pub fn bytes<'a>(&self, source: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        source.get(start..start + self.len as usize).unwrap_or_default()
    }

    /// The value as text: numbers as tshark shows them, bytes in hexadecimal.
    pub fn write(&self, dissection: &Dissection, source: &[u8], out: &mut String) {
        let written = match (self.value, self.info.kind) {
            (Value::None, _) => Ok(()),
            (Value::Uint(number), Kind::Hex(digits)) => {
                write!(out, "{number:#0width$x}", width = usize::from(digits) + 2)
            }
            (Value::Uint(number), _) => write!(out, "{number}"),
            (Value::Int(number), _) => write!(out, "{number}"),
            (Value::Bool(flag), _) => write!(out, "{flag}"),
            (Value::Bytes, _) => {
                write_hex(self.bytes(source), None, out);
                Ok(())
            }
            (Value::Text(span), _) => out.write_str(dissection.text(span)),
            (Value::Ipv4(address), _) => write!(out, "{address}"),
            (Value::Ipv6(address), _) => write!(out, "{address}"),
            (Value::Mac(address), _) => {
                write_hex(&address, Some(':'), out);
                Ok(())
            }
            (Value::Time(time), _) => write!(out, "{time}"),
            (Value::Duration(nanos), _) => {
                let (sign, seconds, nanos) = Timestamp(nanos).decimal();
                write!(out, "{sign}{seconds}.{nanos:09}")
            }
        };
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
}

fn write_hex(bytes: &[u8], between: Option<char>, out: &mut String) {
    out.reserve(bytes.len() * 3);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            out.extend(between);
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
}
