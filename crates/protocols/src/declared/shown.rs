//! Messages field by field, for those who show where in the bytes each field is.

use std::ops::Range;

use super::Value;

/// A protocol as it is shown: one of a file, or a part that is found in one as a protocol of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownLayer {
    /// Its name: tshark's, where the declaration says what that is.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// The fields that it can have.
    pub fields: Vec<ShownField>,
}

/// A field as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownField {
    /// Its name; that of a field of a part comes after that of the part: `headers.name`.
    pub path: String,
    /// What tshark calls it, where the declaration says so.
    pub tshark: Option<String>,
    /// What it is.
    pub kind: ShownKind,
    /// What it means.
    pub doc: String,
}

/// What a field is, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownKind {
    /// A number without sign.
    Unsigned,
    /// One bit.
    Flag,
    /// A number with sign.
    Signed,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A hardware address.
    Mac,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// The fields of a part.
    Part,
}

/// Takes the fields of a message, in their order, as they are read. Names are as they are declared;
/// ranges count from the first byte of the message.
pub trait Take {
    /// A protocol begins: the place of its layer in [`Library::layers`](super::Library::layers).
    fn layer(&mut self, layer: usize, start: usize);

    /// The protocol ends.
    fn layer_end(&mut self, end: usize);

    /// A field.
    fn value(&mut self, name: &str, value: &Value, range: Range<usize>);

    /// A number begins, of whose bits fields are made.
    fn begin_number(&mut self, name: &str, number: u64, range: Range<usize>);

    /// A part begins, after which its fields are named.
    fn begin(&mut self, name: &str, start: usize);

    /// The number or part that began last ends.
    fn end(&mut self, end: usize);
}
