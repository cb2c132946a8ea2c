//! What definitions are compiled to: no names to look up, no text to read while packets pass.

use std::sync::Arc;

use super::expression::Expression;
use super::matching::Conditions;

/// All definitions; they refer to one another by index.
pub(super) type Program = Vec<Definition>;

/// The fields of a protocol, or of a part of one.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: Arc<str>,
    pub(super) operations: Vec<Operation>,
    /// Fields that others may refer to.
    pub(super) slots: usize,
    /// The field that says where the header ends and the next protocol begins.
    pub(super) header_size: Option<usize>,
    /// The field that says where the message ends.
    pub(super) total_length: Option<usize>,
    pub(super) next: Option<Next>,
}

/// Reads one field.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: Arc<str>,
    pub(super) slot: usize,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// With `xor`, the bytes are masked with those of the protocol from there on.
    Fixed {
        size: Size,
        code: Code,
        xor: Option<usize>,
    },
    Bits {
        group_size: usize,
        fields: Vec<BitField>,
    },
    Varint,
    Prefixed {
        length: Length,
        body: Body,
    },
    Computed(Expression),
    Tlv {
        type_size: usize,
        length: Length,
        align: usize,
        mapping: Mapping,
    },
    Counted {
        count: usize,
        item: Item,
    },
    Rest(Code),
    Until {
        delimiter: Box<[u8]>,
        or_end: bool,
        body: Body,
    },
    DnsName,
    PrefixedList(PrefixedList),
    Repeat {
        part: usize,
        merge: bool,
    },
}

#[derive(Debug)]
pub(super) struct PrefixedList {
    /// Size of the length of all items.
    pub(super) list_length: usize,
    /// Size of an item's type; 0 if it has none.
    pub(super) type_size: usize,
    pub(super) item_length: usize,
    pub(super) mapping: Mapping,
    /// What items are that are not mapped.
    pub(super) item: Option<Code>,
}

/// What items of a type are, by type in rising order.
pub(super) type Mapping = Vec<(u64, Arc<str>, Body)>;

#[derive(Debug)]
pub(super) struct BitField {
    pub(super) name: Arc<str>,
    pub(super) slot: usize,
    pub(super) shift: u32,
    pub(super) bits: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    Bytes(usize),
    /// What the field in a slot says.
    Field(usize),
}

/// How a length is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    pub(super) form: LengthForm,
    /// Bytes that the length counts beside what follows it.
    pub(super) surplus: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum LengthForm {
    Bytes(usize),
    /// Seven bits a byte, the lowest first (MQTT 5 section 1.5.5).
    Varint,
    /// The definite form of X.690 section 8.1.3.
    Ber,
}

/// What some bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    pub(super) format: Format,
    pub(super) little_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Uint,
    Int,
    Mac,
    Ipv4,
    Ipv6,
    Bytes,
    Ascii,
    String,
    Decimal,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    Value(Code),
    Part { part: usize, merge: bool },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    Value(usize, Code),
    Part(usize),
}

/// How the protocol after the header is found.
#[derive(Debug)]
pub(super) struct Next {
    /// Fields whose value says it, the first that is mapped.
    pub(super) fields: Vec<usize>,
    pub(super) mapping: Vec<(i64, usize)>,
    pub(super) heuristics: Vec<(usize, Conditions)>,
    pub(super) default: Option<usize>,
    /// Whether its fields are taken for this protocol's.
    pub(super) merge: bool,
}

/// Protocols that are read of one message, one in the other.
pub(super) const LAYERS_MAX: usize = 16;
