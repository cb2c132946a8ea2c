//! Teredo (RFC 4380 section 5.1.1): IPv6 in UDP after two optional headers.

use crate::Reason;

/// Length of the headers before the IPv6 header at the front of `bytes`: authentication, origin
/// indication, both in this order, or none.
pub fn teredo_header_len(bytes: &[u8]) -> Result<usize, Reason> {
    let authentication = match *bytes {
        [0, 1, id_len, value_len, ..] => {
            AUTHENTICATION_LEN + usize::from(id_len) + usize::from(value_len)
        }
        [0, 1, ..] | [0] => return Err(Reason::Truncated),
        _ => 0,
    };
    let rest = bytes.get(authentication..).ok_or(Reason::Truncated)?;
    let origin = if rest.starts_with(&[0, 0]) { ORIGIN_LEN } else { 0 };
    let len = authentication + origin;
    if len > bytes.len() { Err(Reason::Truncated) } else { Ok(len) }
}

/// Indicator, two lengths, nonce and confirmation.
const AUTHENTICATION_LEN: usize = 4 + 8 + 1;
/// Indicator, port and address.
const ORIGIN_LEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authentication_and_origin() {
        let mut bytes = [0; 14 + 8 + 1];
        bytes[..4].copy_from_slice(&[0, 1, 1, 0]);
        bytes[22] = 0x60;
        assert_eq!(teredo_header_len(&bytes), Ok(22));
        assert_eq!(teredo_header_len(&bytes[14..]), Ok(8));
        assert_eq!(teredo_header_len(&bytes[22..]), Ok(0));
        for len in (1..14).chain(16..22) {
            assert_eq!(teredo_header_len(&bytes[..len]), Err(Reason::Truncated), "{len}");
        }
    }
}
