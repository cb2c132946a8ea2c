//! What is taken out of flows beside rows: what they said, on its way to whoever asked for it.

use std::sync::Arc;

use flowloom_features::Kept;
use flowloom_flow::Ended;
use flowloom_protocols::Pieces;

/// What is to be taken out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Takes {
    /// What flows say, byte for byte: of these, by their first frames, in order; of all if none are
    /// named.
    pub(crate) transcripts: Option<Arc<[u64]>>,
}

/// What was taken out of flows that may go on.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// What they said; what one flow said is in order.
    pub(crate) pieces: Vec<Pieces>,
    /// The flows that ended and that the filter did not accept, by their first frames.
    pub(crate) dropped: Vec<u64>,
    held: usize,
}

/// Flows that have ended, and what these and others said until then.
#[derive(Default)]
pub(crate) struct Finished {
    pub(crate) flows: Vec<Ended<Kept>>,
    pub(crate) taken: Taken,
}

impl Takes {
    pub(crate) fn is_nothing(&self) -> bool {
        self.transcripts.is_none()
    }
}

impl Taken {
    /// Memory in use.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    pub(crate) fn add(&mut self, pieces: Pieces) {
        if !pieces.is_empty() {
            self.held += pieces.held();
            self.pieces.push(pieces);
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
        self.dropped.extend(other.dropped);
        self.held += other.held;
    }
}

impl Finished {
    pub(crate) fn is_empty(&self) -> bool {
        self.flows.is_empty() && self.taken.pieces.is_empty() && self.taken.dropped.is_empty()
    }
}
