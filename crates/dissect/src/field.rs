//! What a field is: declared once per layer, and used for values, lists and documentation.

/// A field of some layer.
#[derive(Debug)]
pub struct FieldInfo {
    /// Its name: tshark's, where tshark has such a field.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What it means.
    pub doc: &'static str,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number, shown in decimal.
    Uint,
    /// A number, shown in hexadecimal with so many digits.
    Hex(u8),
    /// A number that may be negative.
    Int,
    /// A flag.
    Bool,
    /// Bytes.
    Bytes,
    /// Text.
    Text,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A hardware address.
    Mac,
    /// A point in time.
    Time,
    /// The time between two others.
    Duration,
    /// Nothing by itself: a heading of the fields in it.
    Group,
}

impl Kind {
    /// What it is called in lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uint | Self::Hex(_) => "number",
            Self::Int => "signed number",
            Self::Bool => "flag",
            Self::Bytes => "bytes",
            Self::Text => "text",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Mac => "hardware address",
            Self::Time => "time",
            Self::Duration => "seconds",
            Self::Group => "group",
        }
    }
}

impl FieldInfo {
    /// The name within the layer: without the layer's name before it.
    pub fn short_name(&self, layer: &LayerInfo) -> &'static str {
        let rest = self.name.strip_prefix(layer.prefix).and_then(|rest| rest.strip_prefix('.'));
        rest.unwrap_or(self.name)
    }
}

/// A kind of layer and its fields.
#[derive(Debug)]
pub struct LayerInfo {
    /// Its name, as in tshark's `frame.protocols`.
    pub name: &'static str,
    /// What the names of its fields begin with.
    pub prefix: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its fields.
    pub fields: &'static [&'static FieldInfo],
    /// Whether a declaration in YAML says what it is.
    pub is_declared: bool,
}

/// Declares a layer: `LAYER "name" "prefix" "doc"; FIELD Kind "name" "doc"; ...`.
macro_rules! layer {
    (
        $layer:ident $layer_name:literal $prefix:literal $layer_doc:literal;
        $($field:ident $kind:ident $(($digits:literal))? $name:literal $doc:literal;)*
    ) => {
        pub(crate) static $layer: $crate::field::LayerInfo = $crate::field::LayerInfo {
            name: $layer_name,
            prefix: $prefix,
            doc: $layer_doc,
            fields: &[$(&$field),*],
            is_declared: false,
        };
        $(
            pub(crate) static $field: $crate::field::FieldInfo = $crate::field::FieldInfo {
                name: $name,
                kind: $crate::field::Kind::$kind $(($digits))?,
                doc: $doc,
            };
        )*
    };
}

pub(crate) use layer;
