//! DHCP (RFC 2131) and `DHCPv6` (RFC 8415).

/// What DHCP messages told.
#[derive(Clone, Debug, Default)]
pub struct Dhcp {}
