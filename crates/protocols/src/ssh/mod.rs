//! SSH: banners and key exchange (RFC 4253).

/// What an SSH key exchange told.
#[derive(Clone, Debug, Default)]
pub struct Ssh {}
