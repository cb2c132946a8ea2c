//! Bodies on their way out, for those who want them and not only their lengths.

use super::exchange::Half;
use crate::{Context, Stamp, Want};

/// Parts of the bodies of some flows; those of one body are in order.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    parts: Vec<BodyPart>,
    /// The bytes of the parts, one after another.
    bytes: Vec<u8>,
}

/// A part of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyPart {
    /// The first frame of its flow.
    pub flow_id: u64,
    /// Which of the flow's exchanges it is of, by its place in [`Http::exchanges`](super::Http).
    pub exchange: u32,
    /// Whether it is of the request or of the response.
    pub half: Half,
    /// The packet that brought it.
    pub stamp: Stamp,
    /// What it is.
    pub kind: BodyPartKind,
}

/// What a part of a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyPartKind {
    /// So many bytes.
    Bytes(u64),
    /// So many bytes that were never captured.
    Lost(u64),
    /// The end: all of the body came before.
    End,
}

/// Whose a body is, and when a part of it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose {
    pub(super) half: Half,
    /// Where its exchange is kept; bodies of others are not kept.
    pub(super) place: Option<usize>,
    pub(super) stamp: Stamp,
}

impl Bodies {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Memory in use.
    pub fn held(&self) -> usize {
        self.bytes.len() + self.parts.len() * size_of::<BodyPart>()
    }

    /// All parts, with their bytes if they have any.
    pub fn iter(&self) -> impl Iterator<Item = (&BodyPart, &[u8])> {
        let mut rest = &self.bytes[..];
        self.parts.iter().map(move |part| {
            let BodyPartKind::Bytes(len) = part.kind else { return (part, &[][..]) };
            let (bytes, after) = rest.split_at_checked(len as usize).unwrap_or((rest, &[]));
            rest = after;
            (part, bytes)
        })
    }

    /// Bytes of a body came.
    pub(super) fn came(whose: Whose, bytes: &[u8], context: &mut Context<'_>) {
        if !bytes.is_empty() && Self::push(whose, BodyPartKind::Bytes(bytes.len() as u64), context)
        {
            context.bodies.bytes.extend_from_slice(bytes);
        }
    }

    /// Bytes of a body were lost.
    pub(super) fn lost(whose: Whose, len: u64, context: &mut Context<'_>) {
        if len > 0 {
            Self::push(whose, BodyPartKind::Lost(len), context);
        }
    }

    /// A body is over.
    pub(super) fn ended(whose: Whose, context: &mut Context<'_>) {
        Self::push(whose, BodyPartKind::End, context);
    }

    /// Whether somebody wants it.
    fn push(whose: Whose, kind: BodyPartKind, context: &mut Context<'_>) -> bool {
        let Whose { half, place, stamp } = whose;
        let Some(exchange) = place.and_then(|place| u32::try_from(place).ok()) else {
            return false;
        };
        let is_wanted = context.wants.has(Want::HttpBodies);
        if is_wanted {
            let flow_id = context.ends.flow_id;
            context.bodies.parts.push(BodyPart { flow_id, exchange, half, stamp, kind });
        }
        is_wanted
    }
}
