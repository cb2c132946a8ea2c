//! HTTP/1 (RFC 9112), SSDP, and HTTP/2 in the clear (RFC 9113).
//!
//! All three end up as [`Exchange`]s: a request, and what answered it. Bodies are
//! counted; they are handed on as [`Bodies`] where somebody wants them, and never kept.

mod bodies;
mod columns;
mod events;
mod exchange;
mod fields;
mod one;
mod probe;
mod ssdp;
mod start_line;
pub mod two;
mod websocket;

pub use bodies::{Bodies, BodyPart, BodyPartKind};
pub use columns::HttpColumns;
pub use events::{HttpEvent, TABLE};
pub use exchange::{Exchange, Half, Http, Request, Response};
pub use one::HttpProtocol;
pub use ssdp::SsdpProtocol;
pub use two::Http2Protocol;
pub use websocket::WebsocketProtocol;

use crate::Want;

/// Any of these is a reason to parse HTTP: behind CONNECT, TLS may follow.
const WANTED: &[Want] = &[
    Want::Application,
    Want::Http,
    Want::HttpMessages,
    Want::HttpBodies,
    Want::Tls,
    Want::TlsRecords,
    Want::Certificates,
];
