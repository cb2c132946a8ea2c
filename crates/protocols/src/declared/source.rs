//! A definition as it is written in YAML, before anything is checked but its shape.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::LoadError;

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) doc: String,
    pub(super) tshark: Option<Spanned<String>>,
    pub(super) routing: Option<Spanned<Routing>>,
    #[serde(default)]
    pub(super) probe: Vec<Spanned<ProbeSource>>,
    pub(super) fields: Vec<Spanned<FieldSource>>,
    pub(super) header_size_field: Option<Spanned<String>>,
    pub(super) total_length_field: Option<Spanned<String>>,
    pub(super) next_protocol: Option<Spanned<NextSource>>,
    #[serde(default)]
    pub(super) parts: Vec<PartSource>,
}

/// Fields that the protocol of the file consists of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartSource {
    pub(super) name: Spanned<String>,
    pub(super) fields: Vec<Spanned<FieldSource>>,
    pub(super) header_size_field: Option<Spanned<String>>,
    pub(super) total_length_field: Option<Spanned<String>>,
    pub(super) next_protocol: Option<Spanned<NextSource>>,
}

/// What carries the protocol, and at which ports it is usual.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Routing {
    pub(super) tcp: Option<Vec<u16>>,
    pub(super) udp: Option<Vec<u16>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeSource {
    #[serde(default)]
    pub(super) certain: bool,
    #[serde(default)]
    pub(super) min_length: usize,
    pub(super) max_length: Option<usize>,
    #[serde(default)]
    pub(super) conditions: Vec<Spanned<ConditionSource>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionSource {
    pub(super) offset: usize,
    pub(super) mask: Option<u8>,
    pub(super) byte_eq: Option<u8>,
    pub(super) byte_in: Option<Vec<u8>>,
    pub(super) byte_le: Option<u8>,
    pub(super) prefix_in: Option<Vec<String>>,
    pub(super) length_size: Option<usize>,
    pub(super) length_plus: Option<i64>,
    pub(super) endian: Option<Endian>,
}

/// A field of any type; which of the rest belong to it is checked later.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FieldSource {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<FieldType>,
    pub(super) doc: Option<String>,
    pub(super) tshark: Option<String>,
    pub(super) size: Option<Spanned<usize>>,
    pub(super) size_field: Option<Spanned<String>>,
    pub(super) format: Option<Spanned<FormatName>>,
    pub(super) endian: Option<Endian>,
    pub(super) xor_offset: Option<Spanned<usize>>,
    pub(super) group_size: Option<Spanned<usize>>,
    pub(super) fields: Option<Vec<Spanned<BitsSource>>>,
    pub(super) length_size: Option<Spanned<LengthSource>>,
    pub(super) length_includes_header: Option<bool>,
    pub(super) align: Option<Spanned<usize>>,
    pub(super) sub_protocol: Option<Spanned<String>>,
    pub(super) merge: Option<bool>,
    pub(super) expression: Option<Spanned<String>>,
    pub(super) type_size: Option<Spanned<usize>>,
    pub(super) type_mapping: Option<TypeMapping>,
    pub(super) count_field: Option<Spanned<String>>,
    pub(super) item_protocol: Option<Spanned<String>>,
    pub(super) delimiter: Option<Spanned<String>>,
    pub(super) or_end: Option<bool>,
    pub(super) parser: Option<Spanned<String>>,
    pub(super) list_length_size: Option<Spanned<usize>>,
    pub(super) item_length_size: Option<Spanned<usize>>,
    pub(super) item_format: Option<Spanned<FormatName>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FieldType {
    Fixed,
    Bitfield,
    Varint,
    LengthPrefixed,
    Computed,
    Tlv,
    CountedList,
    Rest,
    Until,
    Hardcoded,
    PrefixedList,
    Repeat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FormatName {
    Uint,
    Int,
    Mac,
    Ipv4,
    Ipv6,
    Hex,
    Bytes,
    Ascii,
    String,
    Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Endian {
    Big,
    Little,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BitsSource {
    pub(super) name: String,
    pub(super) bits: u32,
    pub(super) doc: Option<String>,
    pub(super) tshark: Option<String>,
}

/// What items of a type are: the name of a part, or more.
#[derive(Debug)]
pub(super) struct MappedSource(pub(super) MappedFields);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MappedFields {
    pub(super) name: Option<String>,
    pub(super) doc: Option<String>,
    pub(super) tshark: Option<String>,
    pub(super) format: Option<FormatName>,
    pub(super) endian: Option<Endian>,
    pub(super) sub_protocol: Option<String>,
    pub(super) merge: Option<bool>,
}

/// Pairs of a number and what it stands for, in the order of the file.
#[derive(Debug)]
pub(super) struct Pairs<K, V>(pub(super) Vec<(K, V)>);

pub(super) type TypeMapping = Pairs<u64, Spanned<MappedSource>>;

/// A number of bytes, or the name of a form of variable length.
#[derive(Clone, Debug)]
pub(super) enum LengthSource {
    Bytes(u64),
    Named(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NextSource {
    pub(super) field: Option<Names>,
    pub(super) mapping: Option<Pairs<i64, Spanned<String>>>,
    #[serde(default)]
    pub(super) heuristics: Vec<HeuristicSource>,
    pub(super) default: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) merge: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeuristicSource {
    pub(super) protocol: Spanned<String>,
    #[serde(default)]
    pub(super) min_length: usize,
    #[serde(default)]
    pub(super) conditions: Vec<Spanned<ConditionSource>>,
}

/// A name, or several.
#[derive(Debug)]
pub(super) struct Names(pub(super) Vec<String>);

impl Source {
    /// Reads a file.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, LoadError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(LoadError::new(
                file,
                0,
                format!("it is longer than {FILE_BYTES_MAX} bytes"),
            ));
        }
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let location = error.location();
            let message = error.without_snippet().to_string();
            // Its own words for the place come last, and the place has been taken from it.
            let reason = message.split(" at line ").next().unwrap_or(&message);
            let reason = reason.split_once(": line ").map_or(reason, |(reason, _)| reason);
            LoadError::new(file, location.map_or(0, |location| location.line()), reason)
        })
    }
}

impl<'de> Deserialize<'de> for MappedSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = MappedSource;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("the name of a part, or a mapping with `name` and `format`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<MappedSource, E> {
                let sub_protocol = Some(name.to_owned());
                Ok(MappedSource(MappedFields { sub_protocol, ..MappedFields::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MappedSource, A::Error> {
                MappedFields::deserialize(MapAccessDeserializer::new(map)).map(MappedSource)
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape<K, V>(std::marker::PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Shape<K, V> {
            type Value = Pairs<K, V>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a mapping of numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<K, V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Shape(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for LengthSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl Visitor<'_> for Shape {
            type Value = LengthSource;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a number of bytes, `varint`, or `ber`")
            }

            fn visit_u64<E: de::Error>(self, size: u64) -> Result<LengthSource, E> {
                Ok(LengthSource::Bytes(size))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<LengthSource, E> {
                Ok(LengthSource::Named(name.to_owned()))
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Names;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a name, or a list of names")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, names: A) -> Result<Names, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(names)).map(Names)
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

/// Bytes of a file.
const FILE_BYTES_MAX: usize = 256 << 10;
