//! Fields: what each type of them takes and needs.

use std::sync::Arc;

use serde_saphyr::Spanned;

use super::super::LoadError;
use super::super::expression::{Expression, POSITION, no_number};
use super::super::program::{
    BitField, Body, Code, Format, Item, Kind, Length, LengthForm, Mapping, Operation, PrefixedList,
    Size,
};
use super::super::shown::ShownKind;
use super::super::source::{
    Endian, FieldSource, FieldType, FormatName, LengthSource, MappedFields, TypeMapping,
};
use super::parts::{Description, Use};
use super::{FieldKind, OFFSET_MAX, Scope, byte_string, is_name, is_tshark_name};

/// Reads the fields of one definition.
pub(super) struct FieldReader<'s> {
    pub(super) scope: Scope<'s>,
    pub(super) uses: Vec<Use>,
    pub(super) descriptions: Vec<Description>,
    definition: usize,
    /// Names so far, and what they hold; the place of one is its slot.
    names: Vec<(String, FieldKind)>,
    /// The line of the field that is read.
    line: u64,
}

/// What is said of a field beside how it is read.
struct About<'a> {
    doc: Option<&'a str>,
    tshark: Option<&'a str>,
    kind: ShownKind,
}

type Read<T> = Result<T, LoadError>;

impl<'s> FieldReader<'s> {
    pub(super) fn new(scope: Scope<'s>, definition: usize) -> Self {
        let (uses, descriptions, names) = (Vec::new(), Vec::new(), Vec::new());
        Self { scope, uses, descriptions, definition, names, line: 0 }
    }

    pub(super) fn slots(&self) -> usize {
        self.names.len()
    }

    /// The slot of a field with a number.
    pub(super) fn number(&self, name: &Spanned<String>) -> Read<usize> {
        self.number_at(&name.value, name.referenced.line())
    }

    pub(super) fn number_at(&self, name: &str, line: u64) -> Read<usize> {
        self.slot(name).ok_or_else(|| self.scope.error(line, no_number(name)))
    }

    /// A field.
    pub(super) fn field(&mut self, source: &FieldSource, line: u64) -> Read<Operation> {
        self.line = line;
        let kind = source.kind.ok_or_else(|| self.error("the field has no `type`"))?;
        check_attributes(source, kind).map_err(|reason| self.error(&reason))?;
        if kind == FieldType::Bitfield {
            return self.bits(source);
        }
        let (operation, holds) = match kind {
            FieldType::Fixed => self.fixed(source)?,
            FieldType::Varint => (Kind::Varint, FieldKind::Unsigned),
            FieldType::LengthPrefixed => self.prefixed(source)?,
            FieldType::Computed => self.computed(source)?,
            FieldType::Tlv => self.tlv(source)?,
            FieldType::CountedList => self.counted(source)?,
            FieldType::Until => self.until(source)?,
            FieldType::Hardcoded => self.hardcoded(source)?,
            FieldType::PrefixedList => self.prefixed_list(source)?,
            FieldType::Repeat => self.repeat(source)?,
            FieldType::Rest | FieldType::Bitfield => {
                let code = self.code(source.format.as_ref(), source.endian, None)?;
                (Kind::Rest(code), holds(code))
            }
        };
        let kind = shown(&operation);
        let part = match &operation {
            Kind::Prefixed { body: Body::Part { part, merge }, .. }
            | Kind::Until { body: Body::Part { part, merge }, .. }
            | Kind::Repeat { part, merge } => Some((*part, *merge)),
            Kind::Counted { item: Item::Part(part), .. } => Some((*part, false)),
            _ => None,
        };
        let about = About { doc: source.doc.as_deref(), tshark: source.tshark.as_deref(), kind };
        let slot = self.add(&source.name, holds, &about, part)?;
        if let Some(mapping) = &source.type_mapping {
            self.describe_mapping(mapping, &operation)?;
        }
        Ok(Operation { name: Arc::from(source.name.as_str()), slot, kind: operation })
    }

    fn fixed(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let (size, bytes) = match (&source.size, &source.size_field) {
            (Some(size), None) => {
                let bytes = self.in_range(size, "size", 1..=SIZE_MAX)?;
                (Size::Bytes(bytes), Some(bytes))
            }
            (None, Some(field)) => (Size::Field(self.number(field)?), None),
            _ => return Err(self.error("a field of type `fixed` needs `size` or `size_field`")),
        };
        let code = self.code(source.format.as_ref(), source.endian, bytes)?;
        let xor = match &source.xor_offset {
            None => None,
            Some(_) if !matches!(code.format, Format::Uint | Format::Ipv4 | Format::Ipv6) => {
                return Err(
                    self.error("`xor_offset` goes with the formats `uint`, `ipv4` and `ipv6`")
                );
            }
            Some(offset) => Some(self.in_range(offset, "xor_offset", 0..=OFFSET_MAX)?),
        };
        Ok((Kind::Fixed { size, code, xor }, holds(code)))
    }

    fn bits(&mut self, source: &FieldSource) -> Read<Operation> {
        if source.tshark.is_some() {
            self.add_group(source)?;
        }
        let group_size = self.needed(source.group_size.as_ref(), "group_size")?;
        let group_size = self.in_range(group_size, "group_size", 1..=8)?;
        let mut left = group_size as u32 * 8;
        let mut fields = Vec::new();
        for field in self.needed(source.fields.as_ref(), "fields")? {
            self.line = field.referenced.line();
            let field = &field.value;
            if field.bits == 0 || field.bits > left {
                let reason =
                    format!("`{}` has {} bits, and {left} are left", field.name, field.bits);
                return Err(self.error(&reason));
            }
            left -= field.bits;
            let (doc, tshark) = (field.doc.as_deref(), field.tshark.as_deref());
            let kind = if field.bits == 1 { ShownKind::Flag } else { ShownKind::Unsigned };
            let about = About { doc, tshark, kind };
            let slot = self.add(&field.name, FieldKind::Unsigned, &about, None)?;
            let name = Arc::from(field.name.as_str());
            fields.push(BitField { name, slot, shift: left, bits: field.bits });
        }
        if left > 0 {
            return Err(self.error(&format!("{left} bits of the group are in no field")));
        }
        let kind = Kind::Bits { group_size, fields };
        Ok(Operation { name: Arc::from(source.name.as_str()), slot: usize::MAX, kind })
    }

    fn prefixed(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let length = self.length(source, 0)?;
        let (body, holds) = self.body(source)?;
        Ok((Kind::Prefixed { length, body }, holds))
    }

    /// What the bytes of a field are: a value, or a part.
    fn body(&mut self, source: &FieldSource) -> Read<(Body, FieldKind)> {
        let body = match &source.sub_protocol {
            None => Body::Value(self.code(source.format.as_ref(), source.endian, None)?),
            Some(_) if source.format.is_some() => {
                return Err(self.error("`format` and `sub_protocol` exclude one another"));
            }
            Some(name) => self.part(name, source.merge)?,
        };
        let holds = match body {
            Body::Value(code) => holds(code),
            Body::Part { .. } => FieldKind::Fields,
        };
        Ok((body, holds))
    }

    fn computed(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let text = self.needed(source.expression.as_ref(), "expression")?;
        let expression = Expression::parse(&text.value, &|name| self.slot(name));
        let expression =
            expression.map_err(|reason| self.scope.error(text.referenced.line(), reason))?;
        Ok((Kind::Computed(expression), FieldKind::Signed))
    }

    fn tlv(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let type_size = self.needed(source.type_size.as_ref(), "type_size")?;
        let type_size = self.in_range(type_size, "type_size", 1..=8)?;
        let length = self.length(source, type_size)?;
        let align = match &source.align {
            Some(align) => self.in_range(align, "align", 1..=16)?,
            None => 1,
        };
        let mapping = self.mapping(source.type_mapping.as_ref())?;
        Ok((Kind::Tlv { type_size, length, align, mapping }, FieldKind::List))
    }

    fn counted(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let count = self.number(self.needed(source.count_field.as_ref(), "count_field")?)?;
        let item = match (&source.item_protocol, &source.size) {
            (Some(name), None) if source.format.is_none() => match self.part(name, None)? {
                Body::Part { part, .. } => Item::Part(part),
                Body::Value(code) => Item::Value(1, code),
            },
            (None, Some(size)) => {
                let size = self.in_range(size, "size", 1..=SIZE_MAX)?;
                Item::Value(size, self.code(source.format.as_ref(), source.endian, Some(size))?)
            }
            _ => {
                return Err(self.error("items have either `item_protocol`, or `size` and `format`"));
            }
        };
        Ok((Kind::Counted { count, item }, FieldKind::List))
    }

    fn until(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let text = self.needed(source.delimiter.as_ref(), "delimiter")?;
        let delimiter = byte_string(&text.value)
            .map_err(|reason| self.scope.error(text.referenced.line(), reason))?;
        let (body, holds) = self.body(source)?;
        Ok((Kind::Until { delimiter, or_end: source.or_end == Some(true), body }, holds))
    }

    fn hardcoded(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let parser = self.needed(source.parser.as_ref(), "parser")?;
        if parser.value != "dns_name" {
            let reason = format!("there is no parser `{}`; there is `dns_name`", parser.value);
            return Err(self.scope.error(parser.referenced.line(), reason));
        }
        Ok((Kind::DnsName, FieldKind::Text))
    }

    fn prefixed_list(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let list_length = self.needed(source.list_length_size.as_ref(), "list_length_size")?;
        let item_length = self.needed(source.item_length_size.as_ref(), "item_length_size")?;
        let type_size = match &source.type_size {
            Some(size) => self.in_range(size, "type_size", 0..=8)?,
            None => 0,
        };
        if source.type_mapping.is_some() && type_size == 0 {
            return Err(self.error("`type_mapping` needs `type_size`"));
        }
        if source.type_mapping.is_none() && source.item_format.is_none() {
            return Err(self.error("items have `type_mapping` or `item_format`"));
        }
        let list = PrefixedList {
            list_length: self.in_range(list_length, "list_length_size", 1..=8)?,
            type_size,
            item_length: self.in_range(item_length, "item_length_size", 1..=8)?,
            mapping: self.mapping(source.type_mapping.as_ref())?,
            item: match &source.item_format {
                Some(format) => Some(self.code(Some(format), source.endian, None)?),
                None => None,
            },
        };
        Ok((Kind::PrefixedList(list), FieldKind::List))
    }

    fn repeat(&mut self, source: &FieldSource) -> Read<(Kind, FieldKind)> {
        let name = self.needed(source.sub_protocol.as_ref(), "sub_protocol")?;
        let Body::Part { part, merge } = self.part(name, source.merge)? else {
            return Err(self.error("a field of type `repeat` needs `sub_protocol`"));
        };
        Ok((Kind::Repeat { part, merge }, FieldKind::List))
    }

    /// A length in front of something, after a type of so many bytes.
    fn length(&self, source: &FieldSource, type_size: usize) -> Read<Length> {
        let size = self.needed(source.length_size.as_ref(), "length_size")?;
        let (form, bytes) = match &size.value {
            LengthSource::Bytes(bytes @ 1..=8) => {
                (LengthForm::Bytes(*bytes as usize), *bytes as usize)
            }
            LengthSource::Named(name) if name == "varint" => (LengthForm::Varint, 0),
            LengthSource::Named(name) if name == "ber" => (LengthForm::Ber, 0),
            other => {
                let other = match other {
                    LengthSource::Bytes(bytes) => bytes.to_string(),
                    LengthSource::Named(name) => name.clone(),
                };
                let reason =
                    format!("`length_size` is {other}; it is from 1 to 8, `varint` or `ber`");
                return Err(self.scope.error(size.referenced.line(), reason));
            }
        };
        let includes_header = source.length_includes_header == Some(true);
        if includes_header && bytes == 0 {
            return Err(self.error("`length_includes_header` needs a length of fixed size"));
        }
        Ok(Length { form, surplus: if includes_header { type_size + bytes } else { 0 } })
    }

    fn mapping(&mut self, source: Option<&TypeMapping>) -> Read<Mapping> {
        let mut mapping = Mapping::new();
        for (number, mapped) in source.iter().flat_map(|mapping| &mapping.0) {
            self.line = mapped.referenced.line();
            let MappedFields { name, format, endian, sub_protocol, merge, .. } = &mapped.value.0;
            let spanned = |value| Spanned::new(value, mapped.referenced, mapped.defined);
            let body = match (format, sub_protocol) {
                (Some(format), None) => {
                    Body::Value(self.code(Some(&spanned(*format)), *endian, None)?)
                }
                (None, Some(part)) => {
                    let part = Spanned::new(part.clone(), mapped.referenced, mapped.defined);
                    self.part(&part, *merge)?
                }
                _ => return Err(self.error("an item has either `format` or `sub_protocol`")),
            };
            let Some(name) = name.as_ref().or(sub_protocol.as_ref()) else {
                return Err(self.error("the item has no `name`"));
            };
            if mapping.iter().any(|(known, ..)| known == number) {
                return Err(self.error(&format!("type {number} is there twice")));
            }
            mapping.push((*number, Arc::from(name.as_str()), body));
        }
        mapping.sort_unstable_by_key(|(number, ..)| *number);
        Ok(mapping)
    }

    /// Makes the fields known that items become.
    fn describe_mapping(&mut self, source: &TypeMapping, kind: &Kind) -> Read<()> {
        let (Kind::Tlv { mapping, .. } | Kind::PrefixedList(PrefixedList { mapping, .. })) = kind
        else {
            return Ok(());
        };
        for (number, mapped) in &source.0 {
            let Some((_, name, body)) = mapping.iter().find(|(known, ..)| known == number) else {
                continue;
            };
            self.line = mapped.referenced.line();
            let MappedFields { doc, tshark, .. } = &mapped.value.0;
            let (doc, tshark) = (doc.as_deref(), tshark.as_deref());
            match *body {
                // Several types can be one field.
                Body::Value(_) if self.names.iter().any(|(known, _)| **known == **name) => {}
                Body::Value(code) => {
                    let about = About { doc, tshark, kind: shown_value(code) };
                    self.add_to_read(name, holds(code), &about, None)?;
                }
                Body::Part { part, merge } => {
                    let about = About { doc, tshark, kind: ShownKind::Part };
                    self.add_to_read(name, FieldKind::Fields, &about, Some((part, merge)))?;
                }
            }
        }
        Ok(())
    }

    fn part(&mut self, name: &Spanned<String>, merge: Option<bool>) -> Read<Body> {
        let part = self.use_part(name)?;
        Ok(Body::Part { part, merge: merge == Some(true) })
    }

    /// Finds what is read within this definition.
    pub(super) fn use_part(&mut self, name: &Spanned<String>) -> Read<usize> {
        let line = name.referenced.line();
        let part = self.scope.find(&name.value, line)?;
        let file = self.scope.file.to_owned();
        self.uses.push(Use { user: self.definition, part, file, line });
        Ok(part)
    }

    /// What bytes are, of which there are so many if that is known.
    fn code(
        &self,
        format: Option<&Spanned<FormatName>>,
        endian: Option<Endian>,
        size: Option<usize>,
    ) -> Read<Code> {
        let Some(spanned) = format else { return Err(self.error("the field has no `format`")) };
        let (format, sizes) = match spanned.value {
            FormatName::Uint => (Format::Uint, 1..=8),
            FormatName::Int => (Format::Int, 1..=8),
            FormatName::Mac => (Format::Mac, 6..=6),
            FormatName::Ipv4 => (Format::Ipv4, 4..=4),
            FormatName::Ipv6 => (Format::Ipv6, 16..=16),
            FormatName::Hex | FormatName::Bytes => (Format::Bytes, 1..=SIZE_MAX),
            FormatName::Ascii => (Format::Ascii, 1..=SIZE_MAX),
            FormatName::String => (Format::String, 1..=SIZE_MAX),
            FormatName::Decimal => (Format::Decimal, 1..=20),
        };
        if let Some(size) = size.filter(|size| !sizes.contains(size)) {
            let reason = match (sizes.start(), sizes.end()) {
                (one, other) if one == other => {
                    format!("`size` is {size}; it is {one} of this format")
                }
                (min, max) => format!("`size` is {size}; it is from {min} to {max} of this format"),
            };
            return Err(self.scope.error(spanned.referenced.line(), reason));
        }
        if endian.is_some() && !matches!(format, Format::Uint | Format::Int) {
            return Err(self.error("`endian` goes with the formats `uint` and `int`"));
        }
        Ok(Code { format, little_endian: endian == Some(Endian::Little) })
    }

    fn in_range(
        &self,
        size: &Spanned<usize>,
        attribute: &str,
        range: std::ops::RangeInclusive<usize>,
    ) -> Read<usize> {
        if range.contains(&size.value) {
            return Ok(size.value);
        }
        let (min, max) = range.into_inner();
        let reason = format!("`{attribute}` is {}, not from {min} to {max}", size.value);
        Err(self.scope.error(size.referenced.line(), reason))
    }

    fn needed<'v, T>(&self, value: Option<&'v T>, attribute: &str) -> Read<&'v T> {
        value.ok_or_else(|| self.error(&format!("the field has no `{attribute}`")))
    }

    /// A name that only others outside the definition refer to.
    fn add_to_read(
        &mut self,
        name: &str,
        kind: FieldKind,
        about: &About<'_>,
        part: Option<(usize, bool)>,
    ) -> Read<()> {
        let slot = self.add(name, kind, about, part)?;
        // Which of several items came is not known: none is a number to count on.
        self.names[slot].1 = FieldKind::Fields;
        Ok(())
    }

    fn add(
        &mut self,
        name: &str,
        kind: FieldKind,
        about: &About<'_>,
        part: Option<(usize, bool)>,
    ) -> Read<usize> {
        self.check_name(name)?;
        self.names.push((name.to_owned(), kind));
        self.describe(name, Some(kind), about, part)?;
        Ok(self.names.len() - 1)
    }

    /// The number of which bits are fields: it is shown, and nobody can refer to it.
    fn add_group(&mut self, source: &FieldSource) -> Read<()> {
        self.check_name(&source.name)?;
        let (doc, tshark) = (source.doc.as_deref(), source.tshark.as_deref());
        self.describe(&source.name, None, &About { doc, tshark, kind: ShownKind::Unsigned }, None)
    }

    fn check_name(&self, name: &str) -> Read<()> {
        if !is_name(name.strip_prefix('_').unwrap_or(name)) {
            return Err(self.error(&format!("`{name}` is no name of a field")));
        }
        if name == POSITION {
            return Err(self.error(&format!("the name `{name}` has another meaning")));
        }
        if self.names.iter().any(|(known, _)| known == name) {
            return Err(self.error(&format!("there is another field `{name}` before this one")));
        }
        Ok(())
    }

    fn describe(
        &mut self,
        name: &str,
        kind: Option<FieldKind>,
        about: &About<'_>,
        part: Option<(usize, bool)>,
    ) -> Read<()> {
        let About { doc, tshark, kind: shown } = *about;
        if let Some(name) = tshark.filter(|name| !is_tshark_name(name)) {
            return Err(self.error(&format!("`{name}` is no name that tshark could have")));
        }
        self.descriptions.push(Description {
            name: name.to_owned(),
            kind,
            doc: doc.unwrap_or_default().to_owned(),
            tshark: tshark.map(str::to_owned),
            shown,
            part,
        });
        Ok(())
    }

    fn slot(&self, name: &str) -> Option<usize> {
        let is_it = |(known, kind): &(String, FieldKind)| {
            known == name && matches!(kind, FieldKind::Unsigned | FieldKind::Signed)
        };
        self.names.iter().position(is_it)
    }

    fn error(&self, reason: &str) -> LoadError {
        self.scope.error(self.line, reason)
    }
}

fn holds(code: Code) -> FieldKind {
    match code.format {
        Format::Uint | Format::Decimal => FieldKind::Unsigned,
        Format::Int => FieldKind::Signed,
        Format::Bytes => FieldKind::Bytes,
        Format::Mac | Format::Ipv4 | Format::Ipv6 | Format::Ascii | Format::String => {
            FieldKind::Text
        }
    }
}

/// What a field is that is read so.
fn shown(kind: &Kind) -> ShownKind {
    match kind {
        Kind::Fixed { code, .. }
        | Kind::Rest(code)
        | Kind::Prefixed { body: Body::Value(code), .. }
        | Kind::Until { body: Body::Value(code), .. }
        | Kind::Counted { item: Item::Value(_, code), .. } => shown_value(*code),
        Kind::PrefixedList(list) => list.item.map_or(ShownKind::Bytes, shown_value),
        Kind::Bits { .. } | Kind::Varint | Kind::Tlv { .. } => ShownKind::Unsigned,
        Kind::Computed(_) => ShownKind::Signed,
        Kind::DnsName => ShownKind::Text,
        Kind::Prefixed { .. } | Kind::Until { .. } | Kind::Counted { .. } | Kind::Repeat { .. } => {
            ShownKind::Part
        }
    }
}

fn shown_value(code: Code) -> ShownKind {
    match code.format {
        Format::Uint | Format::Decimal => ShownKind::Unsigned,
        Format::Int => ShownKind::Signed,
        Format::Bytes => ShownKind::Bytes,
        Format::Mac => ShownKind::Mac,
        Format::Ipv4 => ShownKind::Ipv4,
        Format::Ipv6 => ShownKind::Ipv6,
        Format::Ascii | Format::String => ShownKind::Text,
    }
}

/// That a field has nothing that only fields of other types have.
fn check_attributes(source: &FieldSource, kind: FieldType) -> Result<(), String> {
    let given = [
        ("size", source.size.is_some()),
        ("size_field", source.size_field.is_some()),
        ("format", source.format.is_some()),
        ("endian", source.endian.is_some()),
        ("xor_offset", source.xor_offset.is_some()),
        ("group_size", source.group_size.is_some()),
        ("fields", source.fields.is_some()),
        ("length_size", source.length_size.is_some()),
        ("length_includes_header", source.length_includes_header.is_some()),
        ("align", source.align.is_some()),
        ("sub_protocol", source.sub_protocol.is_some()),
        ("merge", source.merge.is_some()),
        ("expression", source.expression.is_some()),
        ("type_size", source.type_size.is_some()),
        ("type_mapping", source.type_mapping.is_some()),
        ("count_field", source.count_field.is_some()),
        ("item_protocol", source.item_protocol.is_some()),
        ("delimiter", source.delimiter.is_some()),
        ("or_end", source.or_end.is_some()),
        ("parser", source.parser.is_some()),
        ("list_length_size", source.list_length_size.is_some()),
        ("item_length_size", source.item_length_size.is_some()),
        ("item_format", source.item_format.is_some()),
    ];
    let (kind, takes): (_, &[&str]) = match kind {
        FieldType::Fixed => ("fixed", &["size", "size_field", "format", "endian", "xor_offset"]),
        FieldType::Bitfield => ("bitfield", &["group_size", "fields"]),
        FieldType::Varint => ("varint", &[]),
        FieldType::LengthPrefixed => (
            "length_prefixed",
            &["length_size", "length_includes_header", "format", "endian", "sub_protocol", "merge"],
        ),
        FieldType::Computed => ("computed", &["expression"]),
        FieldType::Tlv => (
            "tlv",
            &["type_size", "length_size", "length_includes_header", "align", "type_mapping"],
        ),
        FieldType::CountedList => {
            ("counted_list", &["count_field", "size", "format", "endian", "item_protocol"])
        }
        FieldType::Rest => ("rest", &["format", "endian"]),
        FieldType::Until => ("until", &["delimiter", "or_end", "format", "sub_protocol", "merge"]),
        FieldType::Hardcoded => ("hardcoded", &["parser"]),
        FieldType::PrefixedList => (
            "prefixed_list",
            &[
                "list_length_size",
                "type_size",
                "item_length_size",
                "type_mapping",
                "item_format",
                "endian",
            ],
        ),
        FieldType::Repeat => ("repeat", &["sub_protocol", "merge"]),
    };
    match given.iter().find(|(name, is_given)| *is_given && !takes.contains(name)) {
        Some((name, _)) => Err(format!("`{name}` does not belong to a field of type `{kind}`")),
        None => Ok(()),
    }
}

/// Bytes of a field of fixed size.
const SIZE_MAX: usize = 65_535;
