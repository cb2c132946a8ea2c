//! Registers of PIM (RFC 7761, section 4.9.3): multicast packets on their way to the rendezvous point.

/// Length of the header before the packet in a register; none if this is another message, or a
/// register that carries nothing.
pub fn pim_register_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [REGISTER, _, _, _, flags, _, _, _, ..] if flags & NULL_REGISTER == 0 => Some(REGISTER_LEN),
        _ => None,
    }
}

const REGISTER_LEN: usize = 8;
/// Version 2 and the type.
const REGISTER: u8 = 0x21;
const NULL_REGISTER: u8 = 0x40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_told_from_other_messages() {
        let mut register = [0x21, 0, 0, 0, 0x80, 0, 0, 0];
        assert_eq!(pim_register_len(&register), Some(8));
        for len in 0..8 {
            assert_eq!(pim_register_len(&register[..len]), None);
        }
        register[4] = 0x40;
        assert_eq!(pim_register_len(&register), None);
        assert_eq!(pim_register_len(&[0x20, 0, 0, 0, 0, 0, 0, 0]), None, "a hello");
    }
}
