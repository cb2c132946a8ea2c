//! Addresses that mean something, whoever has them: their kind stays.
//!
//! A prefix-preserving mapping decides for each prefix whether the bit after it changes. Where that
//! prefix begins the one of a kind, it does not: so the kind keeps its place, no other address gets
//! into it, and equal prefixes still stay equal. The price is that neighbours of a kind keep those
//! first bits which they have in common with it, and one more.

/// The addresses that begin with the first `len` bits of `prefix`.
struct Kind {
    prefix: u128,
    len: u32,
    /// Whether what comes after the prefix stays, too.
    is_fixed: bool,
}

/// The bits of an IPv4 address that may change.
pub(super) fn free_v4(address: u32) -> u32 {
    (free(u128::from(address) << 96, &V4) >> 96) as u32
}

/// The bits of an IPv6 address that may change.
pub(super) fn free_v6(address: u128) -> u128 {
    if SOLICITED_NODE.has(address) {
        return u128::MAX >> SOLICITED_NODE.len;
    }
    // Groups without flags are known to all (RFC 4291, section 2.7); of others, flags and scope stay.
    match address >> 116 {
        0xff0 => 0,
        0xff1..=0xfff => u128::MAX >> 16,
        _ => free(address, &V6),
    }
}

/// Where an IPv6 address holds IPv4 addresses, as bits from its front, and whether their bits are
/// inverted.
pub(super) fn embedded_v4(address: u128) -> &'static [(u32, bool)] {
    let of = |prefix, len| Kind::prefix(prefix, len).has(address);
    if of(SIX_TO_FOUR, 16) {
        &[(16, false)]
    } else if of(TEREDO, 32) {
        &[(32, false), (96, true)]
    } else if [COMPATIBLE, MAPPED, TRANSLATED, NAT64].iter().any(|&prefix| of(prefix, 96)) {
        &[(96, false)]
    } else {
        &[]
    }
}

impl Kind {
    const fn prefix(prefix: u128, len: u32) -> Self {
        Self { prefix, len, is_fixed: false }
    }

    const fn v4([a, b, c, d]: [u8; 4], len: u32, is_fixed: bool) -> Self {
        Self { prefix: (u32::from_be_bytes([a, b, c, d]) as u128) << 96, len, is_fixed }
    }

    fn has(&self, address: u128) -> bool {
        (address ^ self.prefix).leading_zeros() >= self.len
    }

    /// Bits at the front of an address that stay for the sake of this kind.
    fn kept(&self, address: u128) -> u32 {
        let common = (address ^ self.prefix).leading_zeros();
        if common < self.len {
            common + 1
        } else if self.is_fixed {
            u128::BITS
        } else {
            self.len
        }
    }
}

fn free(address: u128, kinds: &[Kind]) -> u128 {
    let kept = kinds.iter().map(|kind| kind.kept(address)).max().unwrap_or(0);
    u128::MAX.checked_shr(kept).unwrap_or(0)
}

const V4: [Kind; 8] = [
    // "This" network and host (RFC 1122, section 3.2.1.3), broadcast, loopback.
    Kind::v4([0, 0, 0, 0], 8, true),
    Kind::v4([255, 255, 255, 255], 32, true),
    Kind::v4([127, 0, 0, 0], 8, true),
    Kind::v4([169, 254, 0, 0], 16, false),
    // Groups; those of the link and of all networks (RFC 5771) and of SSDP are known to all.
    Kind::v4([224, 0, 0, 0], 4, false),
    Kind::v4([224, 0, 0, 0], 24, true),
    Kind::v4([224, 0, 1, 0], 24, true),
    Kind::v4([239, 255, 255, 250], 32, true),
];

const V6: [Kind; 10] = [
    // The unspecified address and loopback are in here as 0.0.0.0 and 0.0.0.1.
    Kind::prefix(COMPATIBLE, 96),
    Kind::prefix(MAPPED, 96),
    Kind::prefix(TRANSLATED, 96),
    Kind::prefix(NAT64, 96),
    Kind::prefix(TEREDO, 32),
    Kind::prefix(SIX_TO_FOUR, 16),
    Kind::prefix(0xfe80 << 112, 10),
    Kind::prefix(0xfe80 << 112, 64),
    Kind::prefix(0xfd00 << 112, 8),
    Kind::prefix(GROUPS, 8),
];

const GROUPS: u128 = 0xff00 << 112;
const COMPATIBLE: u128 = 0;
const MAPPED: u128 = 0xffff << 32;
/// RFC 2765, section 2.1.
const TRANSLATED: u128 = 0xffff << 48;
/// RFC 6052.
const NAT64: u128 = 0x0064_ff9b << 96;
const TEREDO: u128 = 0x2001 << 112;
const SIX_TO_FOUR: u128 = 0x2002 << 112;
/// Of whose last 24 bits are a machine's (RFC 4291, section 2.7.1).
const SOLICITED_NODE: Kind = Kind::prefix(0xff02 << 112 | 0x1_ff00_0000, 104);

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::{embedded_v4, free_v4, free_v6};

    fn v4(text: &str) -> u32 {
        free_v4(text.parse::<Ipv4Addr>().unwrap().to_bits())
    }

    fn v6(text: &str) -> u128 {
        free_v6(text.parse::<Ipv6Addr>().unwrap().to_bits())
    }

    #[test]
    fn special_addresses_stay() {
        for address in ["0.0.0.0", "255.255.255.255", "127.9.9.9", "224.0.0.251", "239.255.255.250"]
        {
            assert_eq!(v4(address), 0, "{address}");
        }
        for address in ["ff02::1", "ff02::fb", "ff05::1:3"] {
            assert_eq!(v6(address), 0, "{address}");
        }
    }

    #[test]
    fn kinds_keep_their_prefix() {
        assert_eq!(v4("169.254.1.2"), 0xffff);
        assert_eq!(v4("239.1.2.3") >> 28, 0);
        assert_eq!(v6("fe80::1"), u128::from(u64::MAX));
        assert_eq!(v6("ff02::1:ff00:1"), 0xff_ffff);
        assert_eq!(v6("fd12::1") >> 120, 0);
        for group in ["ff15::1", "ff35::1", "ff7e::1", "ffff::1"] {
            assert_eq!(v6(group) >> 116, 0, "{group}");
        }
    }

    #[test]
    fn others_keep_little() {
        assert_eq!(v4("10.0.0.1"), 0x0fff_ffff >> 1);
        assert_eq!(v4("192.168.0.1"), 0x3fff_ffff >> 1);
        assert_eq!(v6("2a00::1"), u128::MAX >> 5);
    }

    #[test]
    fn addresses_are_found_in_addresses() {
        let of = |text: &str| embedded_v4(text.parse::<Ipv6Addr>().unwrap().to_bits());
        assert_eq!(of("2002:a00:1::1"), [(16, false)]);
        assert_eq!(of("2001::1"), [(32, false), (96, true)]);
        assert_eq!(of("64:ff9b::a00:1"), [(96, false)]);
        assert_eq!(of("::ffff:10.0.0.1"), [(96, false)]);
        assert_eq!(of("2001:db8::1"), []);
    }
}
