//! LISP data (RFC 9300, section 5.3): IP in UDP after a header of flags, nonce and instance.

use crate::Reason;

/// Checks the header at the front of `bytes`: some flags exclude others.
pub fn check_lisp(bytes: &[u8]) -> Result<(), Reason> {
    let &[flags, ..] = bytes.first_chunk::<LISP_LEN>().ok_or(Reason::Truncated)?;
    let has_nonce = flags & FLAG_NONCE != 0;
    let is_echo_wanted = flags & FLAG_ECHO != 0;
    let has_versions = flags & FLAG_VERSIONS != 0;
    if is_echo_wanted && !has_nonce || has_versions && has_nonce || flags & RESERVED != 0 {
        return Err(Reason::BadVersion);
    }
    Ok(())
}

/// Length of the header.
pub const LISP_LEN: usize = 8;

const FLAG_NONCE: u8 = 0x80;
const FLAG_ECHO: u8 = 0x20;
const FLAG_VERSIONS: u8 = 0x10;
/// One reserved bit, and whether the payload is encrypted with which key.
const RESERVED: u8 = 0x07;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_exclude_each_other() {
        let mut bytes = [0xc0, 1, 2, 3, 0, 0, 0, 1];
        for len in 0..LISP_LEN {
            assert_eq!(check_lisp(&bytes[..len]), Err(Reason::Truncated));
        }
        for (flags, expected) in [
            (0xc0, Ok(())),
            (0x48, Ok(())),
            (0xa0, Ok(())),
            (0x20, Err(Reason::BadVersion)),
            (0x90, Err(Reason::BadVersion)),
            (0x81, Err(Reason::BadVersion)),
        ] {
            bytes[0] = flags;
            assert_eq!(check_lisp(&bytes), expected, "{flags:#x}");
        }
    }
}
