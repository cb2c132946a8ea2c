//! PPP (RFC 1661), with or without the address and control bytes of HDLC framing (RFC 1662).

use crate::Reason;

/// A PPP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ppp {
    protocol: PppProtocol,
    header_len: usize,
}

impl Ppp {
    /// Reads the header at the front of `bytes`.
    ///
    /// Address and control may be missing, and the protocol's first byte too when it is zero
    /// (RFC 1661 section 6.5): an odd byte can only be the last one of a protocol.
    pub fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        let (bytes, framing) = match bytes {
            [Self::ADDRESS, CONTROL, rest @ ..] => (rest, 2),
            _ => (bytes, 0),
        };
        match *bytes {
            [low, ..] if low & 1 == 1 => {
                Ok(Self { protocol: PppProtocol(low.into()), header_len: framing + 1 })
            }
            [high, low, ..] => Ok(Self {
                protocol: PppProtocol(u16::from_be_bytes([high, low])),
                header_len: framing + 2,
            }),
            _ => Err(Reason::Truncated),
        }
    }

    /// What follows.
    pub fn protocol(&self) -> PppProtocol {
        self.protocol
    }

    /// Length of the header with whatever framing it has.
    pub fn header_len(&self) -> usize {
        self.header_len
    }

    /// The address byte of HDLC framing: to all stations.
    pub const ADDRESS: u8 = 0xff;
}

/// What a PPP header says follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PppProtocol(pub u16);

impl PppProtocol {
    /// IPv4.
    pub const IPV4: Self = Self(0x0021);
    /// IPv6.
    pub const IPV6: Self = Self(0x0057);
    /// MPLS.
    pub const MPLS: Self = Self(0x0281);
    /// MPLS with an upstream-assigned label.
    pub const MPLS_UPSTREAM: Self = Self(0x0283);

    /// Whether this is one of the protocols that set up a link: those of the link itself and
    /// those of the network protocols on it.
    pub fn is_control(self) -> bool {
        matches!(self.0, 0x8021 | 0x8057 | 0x80fd | 0xc021 | 0xc023 | 0xc025 | 0xc223 | 0xc227)
    }
}

const CONTROL: u8 = 0x03;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_ways_to_write_a_header() {
        let cases: [(&[u8], usize); 4] = [
            (&[0xff, 0x03, 0x00, 0x21, 0x45], 4),
            (&[0xff, 0x03, 0x21, 0x45], 3),
            (&[0x00, 0x21, 0x45], 2),
            (&[0x21, 0x45], 1),
        ];
        for (bytes, len) in cases {
            let ppp = Ppp::parse(bytes).unwrap();
            assert_eq!((ppp.protocol(), ppp.header_len()), (PppProtocol::IPV4, len));
        }
    }

    #[test]
    fn every_truncated_prefix_is_refused() {
        let bytes = [0xff, 0x03, 0xc0, 0x21];
        for len in [0, 2, 3] {
            assert_eq!(Ppp::parse(&bytes[..len]), Err(Reason::Truncated));
        }
        assert!(Ppp::parse(&bytes).unwrap().protocol().is_control());
    }
}
