//! The packet that an error is about, of which the error has the beginning.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Cursor;

/// The packet that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Where it came from.
    pub source: IpAddr,
    /// Where it was to go.
    pub destination: IpAddr,
    /// What it carried.
    pub protocol: u8,
    /// Ports of TCP, UDP and their kin; none in a fragment that is not the first.
    pub ports: Option<[u16; 2]>,
}

impl Quoted {
    /// Reads the headers.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? >> 4 {
            4 => Self::ipv4(bytes),
            6 => Self::ipv6(Cursor::new(bytes)),
            _ => None,
        }
    }

    fn ipv4(bytes: &[u8]) -> Option<Self> {
        let mut header = Cursor::new(bytes);
        let len = 4 * usize::from(header.u8()? & 15);
        header.take(5)?;
        let is_first = header.u16()? << 3 == 0;
        header.take(1)?;
        let protocol = header.u8()?;
        header.take(2)?;
        let (source, destination) = (header.array::<4>()?, header.array::<4>()?);
        let rest = bytes.get(len.max(20)..).filter(|_| is_first);
        Some(Self {
            source: Ipv4Addr::from(source).into(),
            destination: Ipv4Addr::from(destination).into(),
            protocol,
            ports: rest.and_then(|rest| ports(protocol, Cursor::new(rest))),
        })
    }

    fn ipv6(mut header: Cursor<'_>) -> Option<Self> {
        header.take(6)?;
        let mut protocol = header.u8()?;
        header.take(1)?;
        let (source, destination) = (header.array::<16>()?, header.array::<16>()?);
        let mut is_first = true;
        for _ in 0..EXTENSIONS_MAX {
            // Hop-by-hop, routing and destination options have a length; fragments have eight bytes.
            let len = match protocol {
                0 | 43 | 60 => header.rest().get(1).map(|len| 8 + 8 * usize::from(*len)),
                44 => Some(8),
                _ => break,
            };
            let extension = len.and_then(|len| header.take(len));
            let Some([next, _, offset, low, ..]) = extension else {
                is_first = false;
                break;
            };
            is_first &= protocol != 44 || u16::from_be_bytes([*offset, *low]) >> 3 == 0;
            protocol = *next;
        }
        Some(Self {
            source: Ipv6Addr::from(source).into(),
            destination: Ipv6Addr::from(destination).into(),
            protocol,
            ports: if is_first { ports(protocol, header) } else { None },
        })
    }
}

fn ports(protocol: u8, mut header: Cursor<'_>) -> Option<[u16; 2]> {
    // TCP, UDP, DCCP, SCTP, UDP-Lite.
    matches!(protocol, 6 | 17 | 33 | 132 | 136).then_some(())?;
    Some([header.u16()?, header.u16()?])
}

/// Extension headers of a quoted packet that are passed over.
const EXTENSIONS_MAX: usize = 8;
