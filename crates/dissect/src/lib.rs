//! Bytes of a frame to layers and fields.
//!
//! [`Dissector::dissect`] fills a [`Dissection`]: every header with its name and where it is, every
//! field in it with name, value, meaning and byte range. Fields are declared once, in the table of
//! their layer or in the declaration of a protocol ([`KnownLayers`]), and are called as tshark calls
//! them where it has them. Which headers a frame has is for `wire` to say; what the payload says, for
//! `protocols`. What nobody knows is a layer `data`.
//!
//! No I/O, no `unsafe`, no clock. A dissection is filled again and again: nothing is allocated for a
//! packet once it has grown to the size of the largest.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod connections;
mod declared;
mod dissection;
mod dissector;
mod field;
mod layers;
mod names;
mod rtp;
mod streams;
mod summary;
mod writer;

pub use declared::KnownLayers;
pub use dissection::{Dissection, Field, LayerSpan, Origin, TextSpan, Value};
pub use dissector::{Depth, Dissector, FrameInput, Level, Since, Times};
pub use field::{FieldInfo, Kind, LayerInfo};
pub use summary::summary;
