//! ARP (RFC 826).

use std::net::Ipv4Addr;

use crate::Reason;

/// An ARP message.
#[derive(Clone, Copy, Debug)]
pub struct Arp<'a> {
    header: &'a [u8; 8],
    addresses: &'a [u8],
}

impl<'a> Arp<'a> {
    /// Views the message at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        match bytes.split_first_chunk() {
            Some((header, addresses)) => Ok(Self { header, addresses }),
            None => Err(Reason::Truncated),
        }
    }

    /// 1 for a request, 2 for a reply.
    pub fn operation(&self) -> u16 {
        u16::from_be_bytes([self.header[6], self.header[7]])
    }

    /// Hardware and IPv4 address of the sender, then of the target, where the message is about
    /// those and was captured whole.
    pub fn ethernet_ipv4(&self) -> Option<[([u8; 6], Ipv4Addr); 2]> {
        if self.header[..6] != [0, 1, 8, 0, 6, 4] {
            return None;
        }
        let (&sender_mac, rest) = self.addresses.split_first_chunk()?;
        let (&sender, rest) = rest.split_first_chunk::<4>()?;
        let (&target_mac, rest) = rest.split_first_chunk()?;
        let (&target, _) = rest.split_first_chunk::<4>()?;
        Some([(sender_mac, sender.into()), (target_mac, target.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: [u8; 28] = [
        0, 1, 8, 0, 6, 4, 0, 2, // Ethernet, IPv4, reply
        2, 0, 0, 0, 0, 1, 10, 0, 0, 1, // sender
        2, 0, 0, 0, 0, 2, 10, 0, 0, 2, // target
    ];

    #[test]
    fn fields() {
        let arp = Arp::parse(&REPLY).unwrap();
        assert_eq!(arp.operation(), 2);
        let sender = ([2, 0, 0, 0, 0, 1], [10, 0, 0, 1].into());
        let target = ([2, 0, 0, 0, 0, 2], [10, 0, 0, 2].into());
        assert_eq!(arp.ethernet_ipv4(), Some([sender, target]));
    }

    #[test]
    fn a_message_that_is_cut_or_about_other_addresses() {
        for len in 0..8 {
            assert_eq!(Arp::parse(&REPLY[..len]).unwrap_err(), Reason::Truncated);
        }
        for len in 8..28 {
            assert_eq!(Arp::parse(&REPLY[..len]).unwrap().ethernet_ipv4(), None);
        }
        let mut bytes = REPLY;
        bytes[1] = 6;
        assert_eq!(Arp::parse(&bytes).unwrap().ethernet_ipv4(), None);
    }
}
