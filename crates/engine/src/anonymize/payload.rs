//! Payload that is kept: addresses in it are looked for and replaced.
//!
//! Payload is of any protocol, and may be compressed or encrypted; so this is a search, not a
//! parser. [`Known`] learns addresses on a first pass over all captures: those in headers, and in
//! what looks like DNS answers and DHCP messages. On the second, [`Known::replace`] puts others in
//! the place of these, as bytes in either order, and of all addresses that are text.

pub(super) mod text;

use std::collections::HashSet;

use flowloom_schema::LinkType;

use super::Payload;
use super::frame::rewrite;
use super::mapping::Mapping;

/// Addresses of the captures.
#[derive(Debug)]
pub(super) struct Known {
    v4: HashSet<[u8; 4]>,
    v6: HashSet<[u8; 16]>,
    macs: HashSet<[u8; 6]>,
    /// Whether one of them begins with these two bytes, or ends with them turned around.
    begins: Vec<bool>,
    /// Addresses beyond [`ADDRESSES_KNOWN_MAX`].
    missed: u64,
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            v4: HashSet::new(),
            v6: HashSet::new(),
            macs: HashSet::new(),
            begins: vec![false; 1 << 16],
            missed: 0,
        }
    }

    /// Addresses that were too many to be known.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// Learns the addresses of a frame.
    pub(super) fn learn(
        &mut self,
        link: LinkType,
        frame: &[u8],
        original: u32,
        map: &mut Mapping<'_>,
    ) {
        let mut scratch = vec![0; frame.len()];
        map.listen();
        rewrite(link, frame, original, &mut scratch, map, Payload::Zero);
        Self::learn_payload(frame, map);
        let heard = map.heard();
        for (real, _) in heard.v4.into_iter().filter(|(real, own)| real != own) {
            self.add(real, |known| &mut known.v4);
        }
        for (real, _) in heard.v6.into_iter().filter(|(real, own)| real != own) {
            self.add(real, |known| &mut known.v6);
        }
        for (real, _) in heard.macs.into_iter().filter(|(real, own)| real != own) {
            self.add(real, |known| &mut known.macs);
        }
    }

    fn add<const N: usize>(
        &mut self,
        address: [u8; N],
        of: fn(&mut Self) -> &mut HashSet<[u8; N]>,
    ) {
        if self.v4.len() + self.v6.len() + self.macs.len() >= ADDRESSES_KNOWN_MAX {
            self.missed += u64::from(!of(self).contains(&address));
        } else if of(self).insert(address) {
            let ends = [[address[0], address[1]], [address[N - 1], address[N - 2]]];
            for end in ends {
                self.begins[usize::from(u16::from_be_bytes(end))] = true;
            }
        }
    }

    /// Learns from what looks like an answer of DNS or a message of DHCP, wherever it is.
    fn learn_payload(bytes: &[u8], map: &mut Mapping<'_>) {
        for at in 0..bytes.len() {
            match bytes[at..] {
                // Type A, class IN with the bit of mDNS or without, TTL, length.
                [0, 1, 0 | 0x80, 1, _, _, _, _, 0, 4, a, b, c, d, ..] => {
                    map.v4([a, b, c, d]);
                }
                // The same with AAAA, or an address of DHCPv6 (RFC 8415, section 21.6).
                [0, 28, 0 | 0x80, 1, _, _, _, _, 0, 16, ref rest @ ..]
                | [0, 5, 0, 24, ref rest @ ..] => {
                    if let Some(&address) = rest.first_chunk() {
                        map.v6(address);
                    }
                }
                [0x63, 0x82, 0x53, 0x63, ..] => learn_dhcp(bytes, at, map),
                _ => {}
            }
        }
    }

    /// Replaces the addresses in a frame, headers and payload alike.
    pub(super) fn replace(&self, bytes: &mut [u8], map: &mut Mapping<'_>) {
        text::replace(bytes, map);
        let mut at = 0;
        while let Some(&[first, second]) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            if self.begins[usize::from(u16::from_be_bytes([first, second]))]
                && let Some(len) = self.replace_at(&mut bytes[at..], map)
            {
                at += len;
            } else {
                at += 1;
            }
        }
    }

    /// Replaces what the bytes begin with, if that is an address; its length.
    fn replace_at(&self, bytes: &mut [u8], map: &mut Mapping<'_>) -> Option<usize> {
        put(bytes, &self.v6, |real| map.v6(real))
            .or_else(|| put(bytes, &self.macs, |real| map.mac(real)))
            .or_else(|| put(bytes, &self.v4, |real| map.v4(real)))
    }
}

/// Replaces an address at the front of `bytes`, in either order of its bytes.
fn put<const N: usize>(
    bytes: &mut [u8],
    known: &HashSet<[u8; N]>,
    own: impl FnOnce([u8; N]) -> [u8; N],
) -> Option<usize> {
    let place = bytes.first_chunk_mut::<N>()?;
    let mut turned = *place;
    turned.reverse();
    if known.contains(place) {
        *place = own(*place);
    } else if known.contains(&turned) {
        *place = own(turned);
        place.reverse();
    } else {
        return None;
    }
    Some(N)
}

/// The addresses of a message of DHCP whose magic cookie is at `cookie` (RFC 2131, section 2).
fn learn_dhcp(bytes: &[u8], cookie: usize, map: &mut Mapping<'_>) {
    let Some(message) = cookie.checked_sub(DHCP_COOKIE_AT) else { return };
    for field in [12, 16, 20, 24] {
        if let Some(&address) = bytes.get(message + field..).and_then(<[u8]>::first_chunk) {
            map.v4(address);
        }
    }
    if let Some(&address) = bytes.get(message + 28..).and_then(<[u8]>::first_chunk) {
        map.mac(address);
    }
    let mut options = bytes.get(cookie + 4..).unwrap_or_default();
    while let [code, len, rest @ ..] = options {
        if *code == DHCP_END {
            return;
        }
        let Some((value, rest)) = rest.split_at_checked(usize::from(*len)) else { return };
        match code {
            // Lists of servers; the requested address, and the server's.
            3..=6 | 42 | 44 | 50 | 54 => {
                for &address in value.as_chunks().0 {
                    map.v4(address);
                }
            }
            // A client by its hardware address.
            61 => {
                if let [1, a, b, c, d, e, f] = *value {
                    map.mac([a, b, c, d, e, f]);
                }
            }
            _ => {}
        }
        options = rest;
    }
}

const DHCP_COOKIE_AT: usize = 236;
const DHCP_END: u8 = 255;
/// Of all captures together. Beyond that, no more are learnt, and that is said.
const ADDRESSES_KNOWN_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests;
