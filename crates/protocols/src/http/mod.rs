//! HTTP/1 (RFC 9112), SSDP, and HTTP/2 in the clear (RFC 9113).

/// What HTTP requests and responses told.
#[derive(Clone, Debug, Default)]
pub struct Http {}
