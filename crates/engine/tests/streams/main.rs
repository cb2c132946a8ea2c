//! What flows say: against tshark over the shared corpus, and on captures made here.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it cannot read, and says what it compared"
)]

#[path = "../common/captures.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod captures;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod common;
mod follow;
mod made;
mod objects;
#[path = "../common/packets.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod packets;
mod taken;
