//! DNS over UDP and TCP (RFC 1035), mDNS, LLMNR and NBNS.

/// What DNS messages told.
#[derive(Clone, Debug, Default)]
pub struct Dns {}
