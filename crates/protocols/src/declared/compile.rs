//! From definitions as they are written to the program; everything that can be wrong is found here.

mod fields;
mod parts;

use std::collections::HashMap;
use std::sync::Arc;

use serde_saphyr::Spanned;

use super::LoadError;
use super::matching::{ByteSet, Condition, Conditions, Rule, Rules, Test};
use super::program::{Definition, Next, Program};
use super::shown::ShownLayer;
use super::source::{ConditionSource, Endian, FieldSource, NextSource, PartSource, Source};
use fields::FieldReader;

/// What is known of a field without any message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredField {
    /// Its name; that of a field of a part comes after that of the part: `attributes.length`.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// What it means.
    pub doc: String,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A number without sign.
    Unsigned,
    /// A number with sign.
    Signed,
    /// Text.
    Text,
    /// Bytes, shown in hexadecimal.
    Bytes,
    /// Several values.
    List,
    /// The fields of a part.
    Fields,
}

/// All definitions, compiled.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) program: Program,
    /// The protocols, one of each file.
    pub(super) protocols: Vec<Outline>,
    /// The definitions that are layers by themselves.
    pub(super) layers: Vec<(usize, ShownLayer)>,
}

/// What a file says of its protocol beside the fields.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) definition: usize,
    pub(super) doc: String,
    pub(super) tcp: Option<Vec<u16>>,
    pub(super) udp: Option<Vec<u16>>,
    pub(super) rules: Rules,
    pub(super) fields: Vec<DeclaredField>,
}

/// Compiles files.
pub(super) fn compile(files: &[(&str, Source)]) -> Result<Compiled, LoadError> {
    let names = Names::collect(files)?;
    let mut program = Program::new();
    let mut uses = Vec::new();
    let mut descriptions = Vec::new();
    for (at, (file, source)) in files.iter().enumerate() {
        let main = PartView::of_source(source);
        for part in std::iter::once(main).chain(source.parts.iter().map(PartView::of_part)) {
            let scope = Scope { file, at, names: &names };
            let mut reader = FieldReader::new(scope, program.len());
            let definition = reader.definition(&part)?;
            uses.extend(reader.uses);
            descriptions.push(reader.descriptions);
            program.push(definition);
        }
    }
    parts::check(&program, &uses)?;
    let protocols = files.iter().enumerate().map(|(at, (file, source))| {
        let definition = names.mains[at];
        let routing = source.routing.as_ref();
        if routing.is_none() && !source.probe.is_empty() {
            let reason = "`probe` needs `routing`, which says what carries the protocol";
            return Err(LoadError::new(file, source.probe[0].referenced.line(), reason));
        }
        let ports = routing.map(|routing| &routing.value);
        Ok(Outline {
            definition,
            doc: source.doc.clone(),
            tcp: ports.and_then(|ports| ports.tcp.clone()),
            udp: ports.and_then(|ports| ports.udp.clone()),
            rules: rules(file, source)?,
            fields: parts::describe(&program, &descriptions, definition),
        })
    });
    let protocols = protocols.collect::<Result<_, _>>()?;
    let layers = files.iter().enumerate().map(|(at, (file, source))| {
        let name = source.tshark.as_ref().unwrap_or(&source.name);
        if !is_tshark_name(&name.value) {
            let reason = format!("`{}` is no name that tshark could have", name.value);
            return Err(LoadError::new(file, name.referenced.line(), reason));
        }
        let (name, doc) = (name.value.clone(), source.doc.clone());
        Ok((names.mains[at], ShownLayer { name, doc, fields: Vec::new() }))
    });
    let layers = parts::show(&program, &descriptions, &layers.collect::<Result<Vec<_>, _>>()?);
    Ok(Compiled { program, protocols, layers })
}

/// A protocol or a part: what both have.
pub(super) struct PartView<'s> {
    name: &'s Spanned<String>,
    fields: &'s [Spanned<FieldSource>],
    header_size: Option<&'s Spanned<String>>,
    total_length: Option<&'s Spanned<String>>,
    next: Option<&'s Spanned<NextSource>>,
}

impl<'s> PartView<'s> {
    fn of_source(source: &'s Source) -> Self {
        Self {
            name: &source.name,
            fields: &source.fields,
            header_size: source.header_size_field.as_ref(),
            total_length: source.total_length_field.as_ref(),
            next: source.next_protocol.as_ref(),
        }
    }

    fn of_part(part: &'s PartSource) -> Self {
        Self {
            name: &part.name,
            fields: &part.fields,
            header_size: part.header_size_field.as_ref(),
            total_length: part.total_length_field.as_ref(),
            next: part.next_protocol.as_ref(),
        }
    }
}

/// Where protocols and parts are in the program.
struct Names<'s> {
    protocols: HashMap<&'s str, usize>,
    /// Those of each file.
    parts: Vec<HashMap<&'s str, usize>>,
    mains: Vec<usize>,
}

impl<'s> Names<'s> {
    fn collect(files: &'s [(&str, Source)]) -> Result<Self, LoadError> {
        let mut names = Self { protocols: HashMap::new(), parts: Vec::new(), mains: Vec::new() };
        let mut index = 0;
        for (file, source) in files {
            check_name(file, &source.name)?;
            if names.protocols.insert(&source.name.value, index).is_some() {
                let reason = format!("there is a protocol `{}` in another file", source.name.value);
                return Err(LoadError::new(file, source.name.referenced.line(), reason));
            }
            names.mains.push(index);
            index += 1;
            let mut parts = HashMap::new();
            for part in &source.parts {
                check_name(file, &part.name)?;
                let name = &part.name.value;
                if parts.insert(name.as_str(), index).is_some() || *name == source.name.value {
                    let reason = format!("there is another `{name}` in this file");
                    return Err(LoadError::new(file, part.name.referenced.line(), reason));
                }
                index += 1;
            }
            names.parts.push(parts);
        }
        Ok(names)
    }
}

/// What names mean in a file.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    file: &'s str,
    at: usize,
    names: &'s Names<'s>,
}

impl Scope<'_> {
    /// A part of the file, or a protocol of any.
    fn find(&self, name: &str, line: u64) -> Result<usize, LoadError> {
        let own = self.names.parts[self.at].get(name);
        own.or_else(|| self.names.protocols.get(name))
            .copied()
            .ok_or_else(|| self.error(line, format!("there is no protocol or part `{name}`")))
    }

    fn error(&self, line: u64, reason: impl Into<Box<str>>) -> LoadError {
        LoadError::new(self.file, line, reason)
    }
}

impl FieldReader<'_> {
    /// A protocol or a part.
    fn definition(&mut self, part: &PartView<'_>) -> Result<Definition, LoadError> {
        let mut operations = Vec::new();
        for field in part.fields {
            let line = field.referenced.line();
            if operations.len() == FIELDS_MAX {
                let reason = format!("there are more than {FIELDS_MAX} fields");
                return Err(self.scope.error(line, reason));
            }
            operations.push(self.field(&field.value, line)?);
        }
        let header_size = part.header_size.map(|name| self.number(name)).transpose()?;
        let total_length = part.total_length.map(|name| self.number(name)).transpose()?;
        let next = part.next.map(|next| self.next(next)).transpose()?;
        let name = Arc::from(part.name.value.as_str());
        let slots = self.slots();
        Ok(Definition { name, operations, slots, header_size, total_length, next })
    }

    fn next(&mut self, source: &Spanned<NextSource>) -> Result<Next, LoadError> {
        let (line, next, file) = (source.referenced.line(), &source.value, self.scope.file);
        if next.field.is_some() != next.mapping.is_some() {
            return Err(self.scope.error(line, "`field` and `mapping` go together"));
        }
        let names = next.field.iter().flat_map(|names| &names.0);
        let fields = names.map(|name| self.number_at(name, line)).collect::<Result<_, _>>()?;
        let mut find = |name: &Spanned<String>| {
            if next.merge {
                self.use_part(name)
            } else {
                self.scope.find(&name.value, name.referenced.line())
            }
        };
        let mut mapping = Vec::new();
        for (number, name) in next.mapping.iter().flat_map(|mapping| &mapping.0) {
            mapping.push((*number, find(name)?));
        }
        mapping.sort_unstable();
        let mut heuristics = Vec::new();
        for heuristic in &next.heuristics {
            let conditions = Conditions {
                min_length: heuristic.min_length,
                max_length: usize::MAX,
                all: conditions(file, &heuristic.conditions)?,
            };
            heuristics.push((find(&heuristic.protocol)?, conditions));
        }
        let default = next.default.as_ref().map(&mut find).transpose()?;
        Ok(Next { fields, mapping, heuristics, default, merge: next.merge })
    }
}

/// How the protocol of a file is recognised.
fn rules(file: &str, source: &Source) -> Result<Rules, LoadError> {
    let rule = |rule: &Spanned<super::source::ProbeSource>| {
        let (line, rule) = (rule.referenced.line(), &rule.value);
        let max_length = rule.max_length.unwrap_or(usize::MAX);
        if rule.min_length > max_length {
            return Err(LoadError::new(file, line, "`min_length` is more than `max_length`"));
        }
        if rule.certain && rule.conditions.is_empty() {
            return Err(LoadError::new(file, line, "without conditions, nothing is certain"));
        }
        let all = conditions(file, &rule.conditions)?;
        let conditions = Conditions { min_length: rule.min_length, max_length, all };
        Ok(Rule { conditions, certain: rule.certain })
    };
    source.probe.iter().map(rule).collect::<Result<_, _>>().map(Rules::new)
}

fn conditions(
    file: &str,
    sources: &[Spanned<ConditionSource>],
) -> Result<Vec<Condition>, LoadError> {
    sources
        .iter()
        .map(|source| {
            let error = |reason: String| LoadError::new(file, source.referenced.line(), reason);
            condition(&source.value).map_err(error)
        })
        .collect()
}

fn condition(source: &ConditionSource) -> Result<Condition, String> {
    if source.offset > OFFSET_MAX {
        return Err(format!("`offset` is {}, more than {OFFSET_MAX}", source.offset));
    }
    let ConditionSource { byte_eq, byte_in, byte_le, prefix_in, length_size, .. } = source;
    let test = match (byte_eq, byte_in, byte_le, prefix_in, length_size) {
        (Some(byte), None, None, None, None) => bytes(source, std::iter::once(*byte)),
        (None, Some(values), None, None, None) => bytes(source, values.iter().copied()),
        (None, None, Some(max), None, None) => bytes(source, 0..=*max),
        (None, None, None, Some(prefixes), None) => {
            Test::Prefix(prefixes.iter().map(|text| byte_string(text)).collect::<Result<_, _>>()?)
        }
        (None, None, None, None, Some(size)) => {
            if !(1..=8).contains(size) {
                return Err(format!("`length_size` is {size}, not from 1 to 8"));
            }
            let plus = source.length_plus.unwrap_or(0);
            if plus.unsigned_abs() > OFFSET_MAX as u64 {
                return Err(format!("`length_plus` is {plus}, more than {OFFSET_MAX}"));
            }
            Test::Length { size: *size, little_endian: source.endian == Some(Endian::Little), plus }
        }
        _ => {
            return Err(
                "a condition has one of `byte_eq`, `byte_in`, `byte_le`, `prefix_in`, `length_size`"
                    .into(),
            );
        }
    };
    if source.mask.is_some() && !matches!(test, Test::Byte { .. }) {
        return Err("`mask` goes with `byte_eq`, `byte_in`, `byte_le`".into());
    }
    if (source.length_plus.is_some() || source.endian.is_some())
        && !matches!(test, Test::Length { .. })
    {
        return Err("`length_plus` and `endian` go with `length_size`".into());
    }
    Ok(Condition { offset: source.offset, test })
}

fn bytes(source: &ConditionSource, bytes: impl Iterator<Item = u8>) -> Test {
    Test::Byte { mask: source.mask.unwrap_or(0xff), values: ByteSet::of(bytes) }
}

/// Text as it is, or bytes in hexadecimal after `hex:`.
fn byte_string(text: &str) -> Result<Box<[u8]>, String> {
    let bytes: Vec<u8> = match text.strip_prefix("hex:") {
        None => text.as_bytes().into(),
        Some(digits) => {
            let pairs = digits.as_bytes().chunks(2).map(|pair| {
                let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
                u8::from_str_radix(pair, 16).ok()
            });
            pairs
                .collect::<Option<_>>()
                .ok_or_else(|| format!("`{text}` has no pairs of digits"))?
        }
    };
    match bytes.len() {
        0 => Err("there is an empty text".into()),
        len if len > PREFIX_BYTES_MAX => {
            Err(format!("there is a text of {len} bytes, more than {PREFIX_BYTES_MAX}"))
        }
        _ => Ok(bytes.into()),
    }
}

fn check_name(file: &str, name: &Spanned<String>) -> Result<(), LoadError> {
    let line = name.referenced.line();
    let text = &name.value;
    if !is_name(text) {
        let reason = format!(
            "`{text}` is no name: it takes a-z, 0-9 and _, a letter first, at most {NAME_MAX}"
        );
        return Err(LoadError::new(file, line, reason));
    }
    if text == super::ANSWER {
        return Err(LoadError::new(file, line, format!("the name `{text}` has another meaning")));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    text.len() <= NAME_MAX
        && text.starts_with(|char: char| char.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a text can be the name of a protocol or field of tshark.
fn is_tshark_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=TSHARK_NAME_MAX).contains(&text.len()) && text.bytes().all(is_part)
}

/// Fields of a protocol or part.
const FIELDS_MAX: usize = 256;
/// Characters of a name.
const NAME_MAX: usize = 40;
/// Characters of a name of tshark's.
const TSHARK_NAME_MAX: usize = 100;
/// Where the bytes that conditions look at can begin, and what a length can leave out.
pub(super) const OFFSET_MAX: usize = 4_096;
/// Bytes that are looked for at a place.
const PREFIX_BYTES_MAX: usize = 64;
