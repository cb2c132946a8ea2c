//! The fields of a layer as a document has them: names once, what repeats as a list, headings as
//! objects of their own.

use flowloom_dissect::Field;

/// The fields of an object: each with the fields below it, if it is a heading.
pub(super) struct Members<'f> {
    rest: &'f [Field],
}

/// A field, and what is below it.
#[derive(Clone, Copy)]
pub(super) struct Member<'f> {
    pub(super) field: &'f Field,
    pub(super) below: &'f [Field],
}

pub(super) fn members(fields: &[Field]) -> Members<'_> {
    Members { rest: fields }
}

impl<'f> Iterator for Members<'f> {
    type Item = Member<'f>;

    fn next(&mut self) -> Option<Member<'f>> {
        let (field, rest) = self.rest.split_first()?;
        // Parts of a value stand beside it.
        let below = match field.value {
            flowloom_dissect::Value::None => {
                rest.iter().take_while(|below| below.depth > field.depth).count()
            }
            _ => 0,
        };
        let (below, rest) = rest.split_at(below);
        self.rest = rest;
        Some(Member { field, below })
    }
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
