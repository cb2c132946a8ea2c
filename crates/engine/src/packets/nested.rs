//! The fields of a layer as a document has them: names once, what repeats as a list, headings as
//! objects of their own.

use flowloom_dissect::{Field, Value};

/// The fields of an object: each with the fields below it, if it is a heading.
pub(super) struct Members<'f> {
    rest: &'f [Field],
    /// The last field of each depth.
    around: [Option<&'f Field>; DEPTH_MAX],
}

/// A field, and what is below it.
#[derive(Clone, Copy)]
pub(super) struct Member<'f> {
    pub(super) field: &'f Field,
    pub(super) below: &'f [Field],
    /// The field whose bits it is, if it is that.
    part_of: Option<&'f Field>,
    /// The field before it.
    before: Option<&'f Field>,
}

pub(super) fn members(fields: &[Field]) -> Members<'_> {
    Members { rest: fields, around: [None; DEPTH_MAX] }
}

impl<'f> Iterator for Members<'f> {
    type Item = Member<'f>;

    fn next(&mut self) -> Option<Member<'f>> {
        let (field, rest) = self.rest.split_first()?;
        let depth = usize::from(field.depth);
        let before = self.around.get(depth).copied().flatten();
        let parent = self.around.get(depth.wrapping_sub(1)).copied().flatten();
        if let Some(around) = self.around.get_mut(depth) {
            *around = Some(field);
        }
        // What is in a value stands beside it.
        let below = match field.value {
            Value::None => rest.iter().take_while(|below| below.depth > field.depth).count(),
            _ => 0,
        };
        let (below, rest) = rest.split_at(below);
        self.rest = rest;
        Some(Member { field, below, part_of: parent.filter(|parent| is_in(field, parent)), before })
    }
}

impl Member<'_> {
    /// What follows from the rest, versions that a layer has and lengths of what is there; and what
    /// most packets do without.
    fn is_implied(&self, value: Value) -> bool {
        match self.field.info.name {
            "frame.interface_id" | "vlan.priority" | "ip.dsfield" | "ip.flags"
            | "ip.frag_offset" | "ipv6.flow" | "ipv6.tclass" | "tcp.urgent_pointer" => {
                value == Value::Uint(0)
            }
            "frame.cap_len" => self.before.is_some_and(|before| before.value == value),
            "data.len"
            | "frame.time_relative"
            | "frame.time_delta"
            | "ip.version"
            | "ipv6.version"
            | "tcp.option_len"
            | "tcp.options.wscale.multiplier" => true,
            "ip.hdr_len" | "tcp.hdr_len" => value == Value::Uint(HEADER_LEN_MIN),
            _ => false,
        }
    }

    /// Whether it says something that its value around it does not: bits of a number that are not
    /// set do not, nor do those of a hardware address.
    pub(super) fn is_said(&self) -> bool {
        match (self.part_of, self.field.value) {
            (_, Value::Bool(false)) | (Some(_), Value::Uint(0)) => false,
            (None, value) if self.is_implied(value) => false,
            (Some(around), _) => !matches!(around.value, Value::Mac(_)),
            _ => true,
        }
    }
}

/// Whether a field is made of bytes of a value.
fn is_in(field: &Field, around: &Field) -> bool {
    around.value != Value::None
        && field.len > 0
        && field.start >= around.start
        && field.start + field.len <= around.start + around.len
}

/// Whether an earlier field of the object is of the same kind.
pub(super) fn is_repeated(fields: &[Field], member: Member<'_>) -> bool {
    members(fields)
        .take_while(|earlier| !std::ptr::eq(earlier.field, member.field))
        .any(|earlier| std::ptr::eq(earlier.field.info, member.field.info))
}

/// All fields of the same kind, from this one on.
pub(super) fn alike<'f>(
    fields: &'f [Field],
    member: Member<'f>,
) -> impl Iterator<Item = Member<'f>> {
    members(fields).filter(move |other| std::ptr::eq(other.field.info, member.field.info))
}

/// Bytes of a header of IPv4 or TCP without options.
const HEADER_LEN_MIN: u64 = 20;
/// Fields in fields of which bits are known as such.
const DEPTH_MAX: usize = 4;
