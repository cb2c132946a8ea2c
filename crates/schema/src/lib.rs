//! The vocabulary all crates share.
//!
//! What a column is ([`Column`]), how columns are declared once ([`record!`]), how their values
//! travel from the engine to an output ([`Batch`]), and the few words that would otherwise be bare
//! numbers: [`Timestamp`], [`LinkType`].
//!
//! No dependency, no I/O. Arrow stays in `export`: a [`Series`] has the memory layout of an Arrow
//! array, so that crossing over costs nothing.

mod column;
mod compression;
mod link;
mod record;
mod series;
mod time;

pub use column::{Column, DataType, Field, Role, Unit};
pub use compression::Compression;
pub use link::LinkType;
pub use record::{Cell, Mac, Packed, Record};
pub use series::{Batch, Binary, List, Series, Struct, Text, Validity, Values};
pub use time::{NANOS_PER_SECOND, Timestamp};
