//! The Internet checksum (RFC 1071).

use crate::Address;

/// What came of verifying a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checksum {
    /// It is right.
    Good,
    /// It is wrong.
    Bad,
    /// It is the sum of the pseudo header alone: the packet was captured before the network card
    /// was to add the rest.
    Partial,
    /// The sender left it out (UDP over IPv4).
    Absent,
    /// Not all bytes it is about were captured, or it is about more than this fragment.
    Unverifiable,
}

/// A checksum being verified: the sum of all bytes it is about, itself among them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u64);

impl Sum {
    /// With the pseudo header of a transport protocol (RFC 793 section 3.1, RFC 8200 section 8.1):
    /// for IPv4 addresses the mapped prefix is left out.
    pub(crate) fn pseudo_header(
        ip_version: u8,
        [src, dst]: [Address; 2],
        protocol: u8,
        len: usize,
    ) -> Self {
        let addresses = if ip_version == 4 {
            Self::default().add(&(src.0 as u32).to_be_bytes()).add(&(dst.0 as u32).to_be_bytes())
        } else {
            Self::default().add(&src.0.to_be_bytes()).add(&dst.0.to_be_bytes())
        };
        addresses.add(&(len as u32).to_be_bytes()).add(&[0, protocol])
    }

    /// With more bytes, which begin at an even place.
    pub(crate) fn add(self, bytes: &[u8]) -> Self {
        let words = bytes.chunks_exact(2);
        let last = match *words.remainder() {
            [byte] => u64::from(byte) << 8,
            _ => 0,
        };
        let word = |pair: &[u8]| match *pair {
            [high, low] => u64::from(u16::from_be_bytes([high, low])),
            _ => 0,
        };
        Self(self.0 + words.map(word).sum::<u64>() + last)
    }

    /// Whether the checksum among the bytes is right.
    pub(crate) fn verdict(self) -> Checksum {
        if self.folded() == 0xffff { Checksum::Good } else { Checksum::Bad }
    }

    /// In 16 bits, carries added at the low end.
    pub(crate) fn folded(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 192.168.0.1 to 192.168.0.199, UDP.
    const IPV4: [u8; 20] = [
        0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,
        0xc7,
    ];

    #[test]
    fn a_header_and_each_of_its_bits_flipped() {
        assert_eq!(Sum::default().add(&IPV4).verdict(), Checksum::Good);
        for bit in 0..160 {
            let mut bytes = IPV4;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Sum::default().add(&bytes).verdict(), Checksum::Bad);
        }
    }

    #[test]
    fn an_odd_last_byte_is_padded_with_zero() {
        // RFC 1071 section 3's numbers: 0001 f203 f4f5 f6f7 add up to ddf2.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x22, 0x0d];
        assert_eq!(Sum::default().add(&bytes).verdict(), Checksum::Good);
        let odd = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x21, 0x0d, 0x01];
        assert_eq!(Sum::default().add(&odd).verdict(), Checksum::Good);
    }

    #[test]
    fn pseudo_headers() {
        // Numbers from a few lines of Python.
        let v4 = [Address::v4([10, 0, 0, 1]), Address::v4([10, 0, 0, 2])];
        let v6 = [0x2001_0db8 << 96 | 1, 0x2001_0db8 << 96 | 2].map(Address);
        for (ip_version, ends, [high, low]) in [(4, v4, [0x73, 0x6f]), (6, v6, [0x2b, 0xfd])] {
            let udp = [0, 53, 0, 53, 0, 9, high, low, b'x'];
            let sum = Sum::pseudo_header(ip_version, ends, 17, udp.len()).add(&udp);
            assert_eq!(sum.verdict(), Checksum::Good);
        }
    }
}
