//! Reading a message by its definition.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::Arc;

use super::matching::number;
use super::program::{
    BitField, Body, Code, Definition, Format, Item, Kind, LAYERS_MAX, Length, LengthForm, Mapping,
    Next, Operation, PrefixedList, Size,
};
use super::shown::Take;
use super::value::{Fields, Value};

/// What was read of a message.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The protocols in it with their fields, outermost first.
    pub(super) layers: Vec<(Arc<str>, Fields)>,
    /// How long it says it is.
    pub(super) total_length: Option<usize>,
    /// Whether there were bytes for all fields of the outermost protocol.
    pub(super) is_complete: bool,
    /// Bytes that were read.
    pub(super) len: usize,
}

/// Reads the message at the front of `bytes`.
pub(super) fn read<'p>(program: &'p [Definition], start: usize, bytes: &'p [u8]) -> Reading {
    Runner::new(program, None).run(start, bytes)
}

/// The same; `taker` takes each field where it is.
pub(super) fn show<'p>(
    program: &'p [Definition],
    start: usize,
    bytes: &'p [u8],
    taker: &mut dyn Take,
) -> Reading {
    let mut runner = Runner::new(program, Some(taker));
    (runner.bytes, runner.value_bytes) = (SHOWN_BYTES_MAX, SHOWN_BYTES_MAX);
    runner.run(start, bytes)
}

/// Reads a message, as long as it does not cost too much.
struct Runner<'p, 't> {
    program: &'p [Definition],
    /// What it may still cost.
    steps: usize,
    values: usize,
    bytes: usize,
    /// Bytes that are kept of a text.
    value_bytes: usize,
    /// From the first byte of the protocol that is read.
    protocol: &'p [u8],
    taker: Option<&'t mut dyn Take>,
}

/// A protocol or a part while it is read.
struct Frame<'m> {
    /// From its first byte to the end of what it may read.
    message: &'m [u8],
    /// Where it begins in the whole message.
    base: usize,
    at: usize,
    slots: Vec<Option<i64>>,
    fields: Fields,
    /// How long it says it is.
    total: Option<usize>,
}

impl<'m> Frame<'m> {
    fn new(message: &'m [u8], base: usize, slots: usize) -> Self {
        let fields = Fields::default();
        Self { message, base, at: 0, slots: vec![None; slots], fields, total: None }
    }

    /// Where in the whole message is what comes next.
    fn place(&self) -> usize {
        self.base + self.at
    }

    fn take(&mut self, len: usize) -> Option<&'m [u8]> {
        let taken = self.rest().get(..len)?;
        self.at += len;
        Some(taken)
    }

    fn number(&mut self, size: usize, little_endian: bool) -> Option<u64> {
        self.take(size).map(|bytes| number(bytes, little_endian))
    }

    fn rest(&self) -> &'m [u8] {
        self.message.get(self.at..).unwrap_or_default()
    }

    fn length_in(&self, slot: Option<usize>) -> Option<usize> {
        let number = (*self.slots.get(slot?)?)?;
        usize::try_from(number).ok()
    }

    fn size(&self, size: Size) -> Option<usize> {
        match size {
            Size::Bytes(size) => Some(size),
            Size::Field(field) => self.length_in(Some(field)),
        }
    }

    fn set(&mut self, slot: usize, number: Option<i64>) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = number;
        }
    }

    /// A length as it is written, less what it counts beside what follows.
    fn length(&mut self, length: Length) -> Option<usize> {
        let len = match length.form {
            LengthForm::Bytes(size) => self.number(size, false)?,
            LengthForm::Varint => self.varint()?,
            LengthForm::Ber => match self.number(1, false)? {
                short @ 0..0x80 => short,
                // The indefinite form, and lengths that no message has.
                0x80 | 0x89.. => return None,
                long => self.number((long & 0x7f) as usize, false)?,
            },
        };
        usize::try_from(len).ok()?.checked_sub(length.surplus)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..VARINT_BYTES_MAX).map(|byte| byte * 7) {
            let byte = self.number(1, false)?;
            number |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// The protocol after this one, and where it begins.
    fn next(&self, definition: &Definition, next: &Next) -> Option<(usize, usize)> {
        let start = self.length_in(definition.header_size).unwrap_or(self.at);
        let rest = self.message.get(start..).filter(|rest| !rest.is_empty())?;
        let mapped = next.fields.iter().find_map(|slot| {
            let number = (*self.slots.get(*slot)?)?;
            let at = next.mapping.binary_search_by_key(&number, |(key, _)| *key).ok()?;
            Some(next.mapping[at].1)
        });
        let by_content = || {
            let fits = next.heuristics.iter().find(|(_, conditions)| conditions.hold(rest));
            fits.map(|(index, _)| *index)
        };
        let index = mapped.or_else(by_content).or(next.default)?;
        Some((index, start))
    }
}

impl<'p, 't> Runner<'p, 't> {
    fn new(program: &'p [Definition], taker: Option<&'t mut dyn Take>) -> Self {
        Self {
            program,
            steps: STEPS_MAX,
            values: VALUES_MAX,
            bytes: KEPT_BYTES_MAX,
            value_bytes: VALUE_BYTES_MAX,
            protocol: &[],
            taker,
        }
    }

    /// Reads a message: the protocol at a place of the program, and those in it.
    fn run(&mut self, start: usize, bytes: &'p [u8]) -> Reading {
        let program = self.program;
        let mut reading = Reading::default();
        let (mut at, mut rest, mut base) = (start, bytes, 0);
        for layer in 0..LAYERS_MAX {
            let Some(definition) = program.get(at) else { break };
            if let Some(taker) = &mut self.taker {
                taker.layer(at, base);
            }
            self.protocol = rest;
            let (frame, is_complete) = self.definition(definition, rest, base);
            if layer == 0 {
                reading.total_length = frame.total;
                reading.is_complete = is_complete;
            }
            let next = definition.next.as_ref().filter(|next| !next.merge);
            let next = next.and_then(|next| frame.next(definition, next));
            reading.len = next.map_or(frame.place(), |(_, start)| base + start);
            if let Some(taker) = &mut self.taker {
                taker.layer_end(reading.len);
            }
            reading.layers.push((definition.name.clone(), frame.fields));
            let Some((index, start)) = next else { break };
            (at, rest) = (index, frame.message.get(start..).unwrap_or_default());
            base += start;
        }
        reading
    }

    /// Reads all fields for which there are bytes; whether that is all fields.
    fn definition<'m>(
        &mut self,
        definition: &Definition,
        message: &'m [u8],
        base: usize,
    ) -> (Frame<'m>, bool) {
        let mut frame = Frame::new(message, base, definition.slots);
        for operation in &definition.operations {
            if self.step(operation, &mut frame).is_none() {
                return (frame, false);
            }
            // What follows the message is not the message's.
            frame.total = frame.length_in(definition.total_length);
            if let Some(len) = frame.total {
                frame.message = frame.message.get(..len.max(frame.at)).unwrap_or(frame.message);
            }
        }
        let is_complete = self.merge_next(definition, &mut frame);
        (frame, is_complete)
    }

    /// Reads the next protocol if its fields are to be this one's; whether it is complete.
    fn merge_next(&mut self, definition: &Definition, frame: &mut Frame<'_>) -> bool {
        let next = definition.next.as_ref().filter(|next| next.merge);
        let Some(next) = next else { return true };
        let Some((index, start)) = frame.next(definition, next) else { return true };
        let (program, rest) = (self.program, frame.message.get(start..).unwrap_or_default());
        let Some(next) = program.get(index) else { return true };
        if self.pay().is_none() {
            return false;
        }
        let (inner, is_complete) = self.definition(next, rest, frame.base + start);
        frame.at = start + inner.at;
        frame.total = frame.total.or(inner.total.map(|total| total.saturating_add(start)));
        frame.fields.take_in(inner.fields);
        is_complete
    }

    /// Reads a field; none if there are too few bytes for it, or the message costs too much.
    fn step(&mut self, operation: &Operation, frame: &mut Frame<'_>) -> Option<()> {
        self.pay()?;
        let (name, slot) = (&operation.name, operation.slot);
        let start = frame.place();
        match &operation.kind {
            Kind::Fixed { size, code, xor: None } => {
                let size = frame.size(*size)?;
                let bytes = frame.take(size)?;
                self.keep(frame, name, slot, *code, (bytes, start));
            }
            Kind::Fixed { size, code, xor: Some(at) } => {
                let size = frame.size(*size)?;
                let mask = self.protocol.get(*at..at.checked_add(size)?)?;
                let plain = frame.take(size)?.iter().zip(mask).map(|(a, b)| a ^ b);
                self.keep(frame, name, slot, *code, (&plain.collect::<Vec<_>>(), start));
            }
            Kind::Bits { group_size, fields } => {
                self.bits(frame, name, *group_size, fields)?;
            }
            Kind::Varint => {
                let number = frame.varint()?;
                frame.set(slot, i64::try_from(number).ok());
                self.push(frame, name, Value::Unsigned(number), start..frame.place());
            }
            Kind::Prefixed { length, body } => {
                let len = frame.length(*length)?;
                let start = frame.place();
                let (bytes, is_whole) = take_lax(frame, len);
                self.body(frame, name, slot, *body, (bytes, start));
                is_whole.then_some(())?;
            }
            Kind::Computed(expression) => {
                let number = expression.value(&frame.slots, frame.at);
                frame.set(slot, number);
                if let Some(number) = number {
                    self.push(frame, name, Value::Signed(number), start..start);
                }
            }
            Kind::Tlv { type_size, length, align, mapping } => {
                self.tlv(frame, name, (*type_size, *length, *align), mapping)?;
            }
            Kind::Counted { count, item } => self.counted(frame, name, *count, item)?,
            Kind::Rest(code) => {
                let bytes = frame.rest();
                frame.at += bytes.len();
                self.keep(frame, name, slot, *code, (bytes, start));
            }
            Kind::Until { delimiter, or_end, body } => {
                let rest = frame.rest();
                let found = rest.windows(delimiter.len()).position(|at| at == &**delimiter);
                let (len, skipped) = match found {
                    Some(len) => (len, len + delimiter.len()),
                    None if *or_end => (rest.len(), rest.len()),
                    None => return None,
                };
                frame.at += skipped;
                let bytes = rest[..len].trim_ascii_start();
                let start = start + len - bytes.len();
                self.body(frame, name, slot, *body, (bytes.trim_ascii_end(), start));
            }
            Kind::DnsName => {
                let text = dns_name(frame)?;
                let Some(value) = self.value(TEXT, text.as_bytes()) else { return Some(()) };
                self.push(frame, name, value, start..frame.place());
            }
            Kind::PrefixedList(list) => self.prefixed_list(frame, name, list)?,
            Kind::Repeat { part, merge } => self.repeat(frame, name, *part, *merge)?,
        }
        Some(())
    }

    /// A number, and the fields that its bits are.
    fn bits(
        &mut self,
        frame: &mut Frame<'_>,
        name: &str,
        size: usize,
        fields: &[BitField],
    ) -> Option<()> {
        let start = frame.place();
        let range = start..start + size;
        let group = frame.number(size, false)?;
        if let Some(taker) = &mut self.taker {
            taker.begin_number(name, group, range.clone());
        }
        for field in fields {
            let number = group >> field.shift & (u64::MAX >> (64 - field.bits));
            frame.set(field.slot, i64::try_from(number).ok());
            self.push(frame, &field.name, Value::Unsigned(number), range.clone());
        }
        self.end(range.end);
        Some(())
    }

    /// Types, lengths and values to the end.
    fn tlv(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Arc<str>,
        (type_size, length, align): (usize, Length, usize),
        mapping: &Mapping,
    ) -> Option<()> {
        while !frame.rest().is_empty() {
            self.pay()?;
            let start = frame.place();
            let kind = frame.number(type_size, false)?;
            let len = frame.length(length)?;
            let of_value = frame.place();
            let (bytes, is_whole) = take_lax(frame, len);
            self.push_to_list(frame, name, Value::Unsigned(kind), start..start + type_size);
            self.mapped(frame, mapping, kind, (bytes, of_value));
            is_whole.then_some(())?;
            // The last may go without its padding.
            frame.at = (frame.at + len.wrapping_neg() % align).min(frame.message.len());
        }
        Some(())
    }

    fn mapped(
        &mut self,
        frame: &mut Frame<'_>,
        mapping: &Mapping,
        kind: u64,
        bytes: (&[u8], usize),
    ) -> bool {
        let Ok(at) = mapping.binary_search_by_key(&kind, |(key, ..)| *key) else { return false };
        let (_, name, body) = &mapping[at];
        self.body(frame, name, usize::MAX, *body, bytes);
        true
    }

    fn counted(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Arc<str>,
        count: usize,
        item: &Item,
    ) -> Option<()> {
        let count = frame.length_in(Some(count))?;
        for _ in 0..count {
            self.pay()?;
            match *item {
                Item::Value(size, code) => {
                    let start = frame.place();
                    let bytes = frame.take(size)?;
                    if let Some(value) = self.value(code, bytes) {
                        self.push_to_list(frame, name, value, start..start + size);
                    }
                }
                Item::Part(part) => {
                    let is_complete = self.item(frame, name, part, false)?;
                    is_complete.then_some(())?;
                }
            }
        }
        Some(())
    }

    fn prefixed_list(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Arc<str>,
        list: &PrefixedList,
    ) -> Option<()> {
        let len = frame.number(list.list_length, false)?;
        let start = frame.place();
        let (bytes, is_whole) = take_lax(frame, usize::try_from(len).ok()?);
        let mut items = Frame::new(bytes, start, 0);
        while !items.rest().is_empty() {
            self.pay()?;
            let Some(kind) = items.number(list.type_size, false) else { break };
            let Some(len) = items.number(list.item_length, false) else { break };
            let start = items.place();
            let (bytes, _) = take_lax(&mut items, len as usize);
            let is_mapped =
                list.type_size > 0 && self.mapped(frame, &list.mapping, kind, (bytes, start));
            if !is_mapped
                && let Some(code) = list.item
                && let Some(value) = self.value(code, bytes)
            {
                self.push_to_list(frame, name, value, start..start + bytes.len());
            }
        }
        is_whole.then_some(())
    }

    /// Parts to the end, or to where they no longer fit.
    fn repeat(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Arc<str>,
        part: usize,
        merge: bool,
    ) -> Option<()> {
        while !frame.rest().is_empty() {
            self.pay()?;
            if !self.item(frame, name, part, merge)? {
                break;
            }
        }
        Some(())
    }

    /// One of several parts; whether it was complete. None if it took no byte.
    fn item(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Arc<str>,
        part: usize,
        merge: bool,
    ) -> Option<bool> {
        let (program, start) = (self.program, frame.place());
        if !merge {
            self.begin(name, start);
        }
        let (inner, is_complete) = self.definition(program.get(part)?, frame.rest(), start);
        if !merge {
            self.end(inner.place());
        }
        if inner.at == 0 {
            return Some(false);
        }
        frame.at += inner.at;
        if merge {
            for (name, value) in inner.fields.drain() {
                self.keep_in_list(frame, &name, value);
            }
        } else if !inner.fields.is_empty() {
            self.keep_in_list(frame, name, Value::Fields(inner.fields));
        }
        Some(is_complete)
    }

    fn body(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Arc<str>,
        slot: usize,
        body: Body,
        (bytes, start): (&[u8], usize),
    ) {
        match body {
            Body::Value(code) => self.keep(frame, name, slot, code, (bytes, start)),
            Body::Part { part, merge } => {
                let program = self.program;
                let Some(definition) = program.get(part) else { return };
                if !merge {
                    self.begin(name, start);
                }
                let (inner, _) = self.definition(definition, bytes, start);
                if merge {
                    frame.fields.take_in(inner.fields);
                } else {
                    self.end(start + bytes.len());
                    if !inner.fields.is_empty() {
                        self.keep_value(frame, name, Value::Fields(inner.fields));
                    }
                }
            }
        }
    }

    fn keep(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Arc<str>,
        slot: usize,
        code: Code,
        (bytes, start): (&[u8], usize),
    ) {
        let Some(value) = self.value(code, bytes) else { return };
        let number = match value {
            Value::Unsigned(number) => i64::try_from(number).ok(),
            Value::Signed(number) => Some(number),
            _ => None,
        };
        frame.set(slot, number);
        self.push(frame, name, value, start..start + bytes.len());
    }

    fn value(&mut self, code: Code, bytes: &[u8]) -> Option<Value> {
        let kept = bytes.get(..self.value_bytes.min(self.bytes)).unwrap_or(bytes);
        let value = match code.format {
            Format::Bytes => Value::Bytes(kept.into()),
            Format::Ascii => Value::Text(kept.iter().map(|byte| ascii(*byte)).collect()),
            Format::String => {
                let end = kept.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                Value::Text(String::from_utf8_lossy(&kept[..end]).into())
            }
            _ => return short_value(code, bytes),
        };
        self.bytes -= kept.len();
        Some(value)
    }

    fn push(&mut self, frame: &mut Frame<'_>, name: &Arc<str>, value: Value, range: Range<usize>) {
        self.show(name, &value, range);
        self.keep_value(frame, name, value);
    }

    fn push_to_list(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Arc<str>,
        value: Value,
        range: Range<usize>,
    ) {
        self.show(name, &value, range);
        self.keep_in_list(frame, name, value);
    }

    fn keep_value(&mut self, frame: &mut Frame<'_>, name: &Arc<str>, value: Value) {
        // What begins so only helps to read the rest.
        if self.values > 0 && !name.starts_with('_') {
            self.values -= 1;
            frame.fields.push(name, value);
        }
    }

    fn keep_in_list(&mut self, frame: &mut Frame<'_>, name: &Arc<str>, value: Value) {
        if self.values > 0 && !name.starts_with('_') {
            self.values -= 1;
            frame.fields.push_to_list(name, value);
        }
    }

    fn show(&mut self, name: &str, value: &Value, range: Range<usize>) {
        if let Some(taker) = &mut self.taker {
            taker.value(name, value, range);
        }
    }

    fn begin(&mut self, name: &str, start: usize) {
        if let Some(taker) = &mut self.taker {
            taker.begin(name, start);
        }
    }

    fn end(&mut self, end: usize) {
        if let Some(taker) = &mut self.taker {
            taker.end(end);
        }
    }

    fn pay(&mut self) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        Some(())
    }
}

/// The next bytes; fewer if there are fewer, and whether there were enough.
fn take_lax<'m>(frame: &mut Frame<'m>, len: usize) -> (&'m [u8], bool) {
    let rest = frame.rest();
    let bytes = rest.get(..len).unwrap_or(rest);
    frame.at += bytes.len();
    (bytes, bytes.len() == len)
}

fn ascii(byte: u8) -> char {
    if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER }
}

/// Numbers and addresses; none if they are not written so, or in so many bytes.
fn short_value(code: Code, bytes: &[u8]) -> Option<Value> {
    let bits = bytes.len() * 8;
    match code.format {
        Format::Uint if (1..=64).contains(&bits) => {
            Some(Value::Unsigned(number(bytes, code.little_endian)))
        }
        Format::Int if (1..=64).contains(&bits) => {
            let number = number(bytes, code.little_endian) as i64;
            Some(Value::Signed(number << (64 - bits) >> (64 - bits)))
        }
        Format::Ipv4 => {
            let octets = <[u8; 4]>::try_from(bytes).ok()?;
            Some(Value::Text(Ipv4Addr::from(octets).to_string().into()))
        }
        Format::Ipv6 => {
            let octets = <[u8; 16]>::try_from(bytes).ok()?;
            Some(Value::Text(Ipv6Addr::from(octets).to_string().into()))
        }
        Format::Mac => {
            let octets = <[u8; 6]>::try_from(bytes).ok()?;
            let hex = octets.map(|octet| format!("{octet:02x}"));
            Some(Value::Text(hex.join(":").into()))
        }
        Format::Decimal => {
            std::str::from_utf8(bytes).ok()?.trim().parse().ok().map(Value::Unsigned)
        }
        _ => None,
    }
}

/// A name in labels (RFC 1035 section 4.1.4). A pointer counts from the front of the protocol or part
/// that the name is in, and leads backwards.
fn dns_name(frame: &mut Frame<'_>) -> Option<String> {
    let mut name = String::new();
    let mut at = frame.at;
    let mut end = None;
    let mut furthest = at;
    loop {
        let len = *frame.message.get(at)?;
        match len {
            0 => {
                frame.at = end.unwrap_or(at + 1);
                return Some(name);
            }
            1..=63 => {
                let label = frame.message.get(at + 1..at + 1 + usize::from(len))?;
                if name.len() + label.len() > NAME_BYTES_MAX {
                    return None;
                }
                name.push_str(if name.is_empty() { "" } else { "." });
                name.push_str(&String::from_utf8_lossy(label));
                at += 1 + usize::from(len);
            }
            0xc0.. => {
                let low = *frame.message.get(at + 1)?;
                end = end.or(Some(at + 2));
                at = usize::from(len & 0x3f) << 8 | usize::from(low);
                if at >= furthest {
                    return None;
                }
                furthest = at;
            }
            _ => return None,
        }
    }
}

const TEXT: Code = Code { format: Format::String, little_endian: false };
/// Fields, items and repetitions that are read of a message.
const STEPS_MAX: usize = 2_048;
/// Values that are kept of a message.
const VALUES_MAX: usize = 512;
/// Bytes that are kept of a text.
const VALUE_BYTES_MAX: usize = 512;
/// Bytes of texts that are kept of a message.
const KEPT_BYTES_MAX: usize = 8 << 10;
/// Bytes of a text, and of all texts, of a message that is shown.
const SHOWN_BYTES_MAX: usize = 64 << 10;
/// Bytes of a name in labels.
const NAME_BYTES_MAX: usize = 255;
const VARINT_BYTES_MAX: u32 = 9;
