//! `EtherIP` (RFC 3378): Ethernet frames in IP.

use crate::Reason;

/// Checks the header at the front of `bytes`: a version and twelve reserved bits.
pub fn check_etherip(bytes: &[u8]) -> Result<(), Reason> {
    match bytes {
        [version, _, ..] if version >> 4 == 3 => Ok(()),
        [_, _, ..] => Err(Reason::BadVersion),
        _ => Err(Reason::Truncated),
    }
}

/// Length of the header.
pub const ETHERIP_LEN: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(check_etherip(&[0x30, 0]), Ok(()));
        assert_eq!(check_etherip(&[0x40, 0]), Err(Reason::BadVersion));
        for len in 0..ETHERIP_LEN {
            assert_eq!(check_etherip(&[0x30, 0][..len]), Err(Reason::Truncated));
        }
    }
}
