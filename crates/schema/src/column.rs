//! What is known of a column before it has a single value.

use std::borrow::Cow;

/// A column of a table: everything that is ever said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name, unique over all families.
    pub name: Cow<'static, str>,
    /// What the value is, in one or a few sentences.
    pub doc: Cow<'static, str>,
    /// Type of a value.
    pub data_type: DataType,
    /// Whether a value can be missing. A missing value is null, never a sentinel.
    pub nullable: bool,
    /// What a value counts or measures.
    pub unit: Unit,
    /// What the column may be used for.
    pub role: Role,
    /// The feature set it belongs to, as `--features` takes it.
    pub family: &'static str,
    /// The packets a value is computed from.
    pub population: &'static str,
    /// The version of flowloom that had it first.
    pub since: &'static str,
}

/// Type of the values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `true` or `false`.
    Bool,
    /// Signed 8-bit integer.
    I8,
    /// Unsigned 8-bit integer.
    U8,
    /// Unsigned 16-bit integer.
    U16,
    /// Signed 32-bit integer.
    I32,
    /// Signed 64-bit integer.
    I64,
    /// 64-bit float.
    F64,
    /// Nanoseconds since the epoch, UTC.
    Time,
    /// UTF-8 text.
    Text,
    /// Bytes, of any number.
    Binary,
    /// A list of values, none of them null.
    List(&'static DataType),
    /// Named values that belong together.
    Struct(&'static [Field]),
}

/// One of the values of a [`DataType::Struct`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Name, unique within the struct.
    pub name: Cow<'static, str>,
    /// What the value is, in one or a few sentences.
    pub doc: Cow<'static, str>,
    /// Type of the value.
    pub data_type: DataType,
    /// Whether the value can be missing where the struct is there.
    pub nullable: bool,
    /// What the value counts or measures.
    pub unit: Unit,
}

/// What a value counts or measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A name, a code or a flag.
    None,
    /// Packets.
    Packets,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Nanoseconds.
    Nanoseconds,
    /// A point in time.
    Instant,
    /// Position in the input: frames are counted from 1, as Wireshark does.
    FrameNumber,
    /// Hops, as TTL and hop limit count them.
    Hops,
    /// Events of the kind the name says.
    Events,
    /// A dimensionless ratio.
    Ratio,
}

/// What a column may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Says which flow it is: addresses, ports, names. Not to be learned from.
    Identity,
    /// A point in time. Not to be learned from.
    Time,
    /// A property of the traffic.
    Feature,
    /// A label given by the user.
    Label,
    /// Tells how the row came to be: end reasons, truncations, losses.
    Account,
}

impl Unit {
    /// The word used in catalogues and in file metadata; empty for [`Unit::None`].
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Packets => "packets",
            Self::Bytes => "bytes",
            Self::Seconds => "s",
            Self::Nanoseconds => "ns",
            Self::Instant => "time",
            Self::FrameNumber => "frame number",
            Self::Hops => "hops",
            Self::Events => "events",
            Self::Ratio => "ratio",
        }
    }

    /// The unit of a name; [`Unit::None`] where no other has it.
    pub fn named(name: &str) -> Self {
        let all = [
            Self::Packets,
            Self::Bytes,
            Self::Seconds,
            Self::Nanoseconds,
            Self::Instant,
            Self::FrameNumber,
            Self::Hops,
            Self::Events,
            Self::Ratio,
        ];
        all.into_iter().find(|unit| unit.name() == name).unwrap_or(Self::None)
    }
}

impl Role {
    /// The word used in catalogues and in file metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Time => "time",
            Self::Feature => "feature",
            Self::Label => "label",
            Self::Account => "account",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Identity, Self::Time, Self::Feature, Self::Label, Self::Account];
        all.into_iter().find(|role| role.name() == name)
    }
}

impl DataType {
    /// The word used in catalogues.
    pub fn name(self) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::I8 => "i8".into(),
            Self::U8 => "u8".into(),
            Self::U16 => "u16".into(),
            Self::I32 => "i32".into(),
            Self::I64 => "i64".into(),
            Self::F64 => "f64".into(),
            Self::Time => "timestamp(ns, UTC)".into(),
            Self::Text => "text".into(),
            Self::Binary => "binary".into(),
            Self::List(item) => format!("list<{}>", item.name()),
            Self::Struct(fields) => {
                let field = |f: &Field| format!("{}: {}", f.name, f.data_type.name());
                format!("struct<{}>", fields.iter().map(field).collect::<Vec<_>>().join(", "))
            }
        }
    }
}
