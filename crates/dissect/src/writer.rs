//! The pen with which layers write their fields into a dissection.

use std::fmt::Display;
use std::net::{Ipv4Addr, Ipv6Addr};

use flowloom_schema::Timestamp;

use crate::dissection::{Bytes, Dissection, Field, Value};
use crate::field::{FieldInfo, Kind, LayerInfo};

/// Writes fields whose values are read from `bytes`; one that is not all there is not written.
pub(crate) struct Writer<'w> {
    /// The frame, or joined bytes.
    pub(crate) bytes: &'w [u8],
    /// Where what is written about ends, by the claims of the headers around it.
    pub(crate) end: usize,
    /// The same, if all of it had been captured.
    pub(crate) claim: usize,
    pub(crate) out: &'w mut Dissection,
    /// Which bytes they are.
    pub(crate) source: Bytes,
    /// Whether the two bytes of the frame control of 802.11 are swapped, as in CAPWAP.
    pub(crate) is_swapped: bool,
    /// How many fields what is written next is in.
    pub(crate) depth: u8,
    /// Whether the bytes were shown in a frame before: only what they mean is news.
    pub(crate) is_shown: bool,
}

impl<'w> Writer<'w> {
    pub(crate) fn new(bytes: &'w [u8], original: usize, out: &'w mut Dissection) -> Self {
        let (end, claim) = (bytes.len(), original.max(bytes.len()));
        let (is_swapped, is_shown) = (false, false);
        Self { bytes, end, claim, out, source: Bytes::default(), is_swapped, depth: 0, is_shown }
    }

    /// One of bytes that are not in the frame as they are.
    pub(crate) fn joined(bytes: &'w [u8], source: Bytes, out: &'w mut Dissection) -> Self {
        Self { source, ..Self::new(bytes, bytes.len(), out) }
    }

    /// Begins a layer that reaches to the end of what is there.
    pub(crate) fn layer(&mut self, info: &'static LayerInfo, start: usize) {
        self.depth = 0;
        self.out.begin_layer(info, start..self.end.max(start), self.source);
    }

    /// What is at `end` and after it does not belong to what is written about.
    pub(crate) fn limit(&mut self, end: usize) {
        self.claim = self.claim.min(end);
        self.end = self.end.min(end);
    }

    /// The layer ends here.
    pub(crate) fn layer_end(&mut self, end: usize) {
        self.out.end_layer(end.min(self.end));
    }

    /// The bytes from `at` to the end of what is there.
    pub(crate) fn rest(&self, at: usize) -> &'w [u8] {
        self.bytes.get(at..self.end).unwrap_or_default()
    }

    /// Bytes, if they are all there.
    pub(crate) fn get(&self, at: usize, len: usize) -> Option<&'w [u8]> {
        let end = at.checked_add(len)?;
        if end > self.end { None } else { self.bytes.get(at..end) }
    }

    /// A number of up to eight bytes, most significant first.
    pub(crate) fn number(&self, at: usize, len: usize) -> Option<u64> {
        let bytes = self.get(at, len)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Adds a field.
    #[inline]
    pub(crate) fn add(&mut self, info: &'static FieldInfo, at: usize, len: usize, value: Value) {
        self.add_named(info, at, len, value, None);
    }

    /// Adds a field whose value may stand for something.
    #[inline]
    pub(crate) fn add_named(
        &mut self,
        info: &'static FieldInfo,
        at: usize,
        len: usize,
        value: Value,
        meaning: Option<&'static str>,
    ) {
        // What is claimed may not be all there.
        let len = len.min(self.end.saturating_sub(at));
        let (start, len, depth) = (at as u32, len as u32, self.depth);
        self.out.fields.push(Field { info, value, meaning, start, len, depth });
    }

    /// A number of `len` bytes; 0 if it is not there.
    pub(crate) fn uint(&mut self, info: &'static FieldInfo, at: usize, len: usize) -> u64 {
        let Some(number) = self.number(at, len) else { return 0 };
        self.add(info, at, len, Value::Uint(number));
        number
    }

    /// The same, least significant byte first.
    pub(crate) fn uint_le(&mut self, info: &'static FieldInfo, at: usize, len: usize) -> u64 {
        let Some(bytes) = self.get(at, len) else { return 0 };
        let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        self.add(info, at, len, Value::Uint(number));
        number
    }

    /// A number and what it is called.
    pub(crate) fn named(
        &mut self,
        info: &'static FieldInfo,
        at: usize,
        len: usize,
        name: impl FnOnce(u64) -> Option<&'static str>,
    ) -> u64 {
        let Some(number) = self.number(at, len) else { return 0 };
        self.add_named(info, at, len, Value::Uint(number), name(number));
        number
    }

    /// Some bits of a number: `width` of them, `shift` above the lowest.
    pub(crate) fn bits(
        &mut self,
        info: &'static FieldInfo,
        at: usize,
        len: usize,
        shift: u32,
        width: u32,
    ) -> u64 {
        let Some(number) = self.number(at, len) else { return 0 };
        let bits = (number >> shift) & ((1 << width) - 1);
        let value =
            if info.kind == Kind::Bool { Value::Bool(bits != 0) } else { Value::Uint(bits) };
        self.add(info, at, len, value);
        bits
    }

    /// A flag: one bit of a number of `len` bytes.
    pub(crate) fn flags(&mut self, at: usize, len: usize, flags: &[(&'static FieldInfo, u32)]) {
        for (info, shift) in flags {
            self.bits(info, at, len, *shift, 1);
        }
    }

    /// A number that is not in the bytes as it is.
    pub(crate) fn computed(
        &mut self,
        info: &'static FieldInfo,
        at: usize,
        len: usize,
        number: u64,
    ) {
        self.add(info, at, len, Value::Uint(number));
    }

    pub(crate) fn bytes(&mut self, info: &'static FieldInfo, at: usize, len: usize) {
        if len > 0 && self.get(at, len).is_some() {
            self.add(info, at, len, Value::Bytes);
        }
    }

    pub(crate) fn mac(&mut self, info: &'static FieldInfo, at: usize) {
        if let Some(&[a, b, c, d, e, f]) = self.get(at, 6) {
            self.add(info, at, 6, Value::Mac([a, b, c, d, e, f]));
        }
    }

    pub(crate) fn ipv4(&mut self, info: &'static FieldInfo, at: usize) {
        if let Some(&[a, b, c, d]) = self.get(at, 4) {
            self.add(info, at, 4, Value::Ipv4(Ipv4Addr::new(a, b, c, d)));
        }
    }

    pub(crate) fn ipv6(&mut self, info: &'static FieldInfo, at: usize) {
        if let Some(octets) = self.get(at, 16).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()) {
            self.add(info, at, 16, Value::Ipv6(Ipv6Addr::from(octets)));
        }
    }

    /// Bytes that are text as they are.
    pub(crate) fn text(&mut self, info: &'static FieldInfo, at: usize, len: usize) {
        if let Some(bytes) = self.get(at, len) {
            // What is padded ends at the first zero.
            let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            self.said(info, at, len, String::from_utf8_lossy(text));
        }
    }

    /// A text made of these bytes.
    pub(crate) fn said(
        &mut self,
        info: &'static FieldInfo,
        at: usize,
        len: usize,
        text: impl Display,
    ) {
        let span = self.out.add_text(text);
        self.add(info, at, len, Value::Text(span));
    }

    pub(crate) fn time(
        &mut self,
        info: &'static FieldInfo,
        at: usize,
        len: usize,
        time: Timestamp,
    ) {
        self.add(info, at, len, Value::Time(time));
    }

    /// A heading, and the fields below it.
    pub(crate) fn group(
        &mut self,
        info: &'static FieldInfo,
        at: usize,
        len: usize,
        write: impl FnOnce(&mut Self),
    ) {
        self.add(info, at, len, Value::None);
        self.below(write);
    }

    /// Fields in the field that was written last.
    pub(crate) fn below<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let result = write(self);
        self.depth -= 1;
        result
    }
}
