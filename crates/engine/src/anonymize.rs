//! Addresses without their owners: Crypto-PAn, which keeps equal prefixes equal.
//!
//! Source: Xu, Fan, Ammar and Moon, "Prefix-Preserving IP Address Anonymization", ICNP 2002; for
//! IPv6 the same over 128 bits, as is common. What is ours is that special addresses stay special
//! (`kinds.rs`). Frames and captures are rewritten in the files below.

mod capture;
mod crc;
mod frame;
mod icmp;
mod ip;
mod kinds;
mod link;
mod mapping;
mod messages;
mod names;
mod payload;
mod sums;
mod transport;
mod tunnel;

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Block};
use flowloom_features::{Anonymize, group_mac};
use flowloom_schema::Mac;

use crate::ConfigError;

pub use capture::{Anonymization, AnonymizeSummary, AnonymizeTo, Anonymized, Payload, anonymize};

/// Puts other addresses in the place of real ones, depending on a key alone.
pub struct CryptoPan {
    aes: Aes128,
    pad: u128,
    warning: Option<String>,
}

impl CryptoPan {
    /// With a key: 16 bytes for AES, and 16 that the padding is made from.
    pub fn new(key: &[u8; 32]) -> Self {
        let [mut aes_key, mut pad] = [[0; 16]; 2];
        aes_key.copy_from_slice(&key[..16]);
        pad.copy_from_slice(&key[16..]);
        let aes = Aes128::new(&Array::from(aes_key));
        let mut pad = Block::from(pad);
        aes.encrypt_block(&mut pad);
        Self { aes, pad: u128::from_be_bytes(pad.into()), warning: None }
    }

    /// With a key that nobody knows, and that is gone afterwards.
    pub fn random() -> Result<Self, ConfigError> {
        Ok(Self::new(&random_key()?))
    }

    /// With the key in a file, which is made if there is none: for its owner alone to read.
    pub fn read_or_make(path: &Path) -> Result<Self, ConfigError> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Self::read(path),
            made => made.and_then(|mut file| {
                let key = random_key().map_err(io::Error::other)?;
                let digits = key.map(|byte| format!("{byte:02x}")).concat();
                file.write_all(format!("{digits}\n").as_bytes())?;
                Ok(Self::new(&key))
            }),
        };
        made.map_err(|error| {
            ConfigError(format!("cannot make the key {}: {error}", path.display()))
        })
    }

    /// With the key in a file: 32 bytes, or 64 hexadecimal digits.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display();
        let failed = |error: io::Error| ConfigError(format!("cannot read the key {name}: {error}"));
        let file = File::open(path).map_err(failed)?;
        let mut content = Vec::new();
        (&file).take(KEY_FILE_BYTES_MAX).read_to_end(&mut content).map_err(failed)?;
        let key = key(&content).ok_or_else(|| {
            ConfigError(format!(
                "{name} holds no key: 32 bytes or 64 hexadecimal digits are expected; hint: \
                 head -c 32 /dev/urandom > {name}"
            ))
        })?;
        let mut own = Self::new(&key);
        if is_open_to_all(&file) {
            own.warning = Some(format!(
                "everybody on this machine can read the key {name}; hint: chmod 600 {name}"
            ));
        }
        Ok(own)
    }

    /// What should be changed about the file with the key.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// The bits that are added to an address, which are the first of `address`: bit i depends on
    /// the i bits before it and on nothing else of the address.
    fn bits<const BITS: usize>(&self, address: u128) -> u128 {
        let mut blocks = [Block::default(); BITS];
        for (i, block) in blocks.iter_mut().enumerate() {
            let from_pad = u128::MAX >> i;
            let input = address & !from_pad | self.pad & from_pad;
            *block = Block::from(input.to_be_bytes());
        }
        self.aes.encrypt_blocks(&mut blocks);
        let bits = blocks.iter().zip((0..u128::BITS).rev());
        bits.map(|(block, place)| u128::from(block[0] >> 7) << place).sum()
    }
}

impl Anonymize for CryptoPan {
    fn ip(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) => {
                let bits = v4.to_bits();
                IpAddr::V4(Ipv4Addr::from_bits(bits ^ self.flips_v4(bits)))
            }
            IpAddr::V6(v6) => {
                let bits = v6.to_bits();
                IpAddr::V6(Ipv6Addr::from_bits(bits ^ self.flips_v6(bits)))
            }
        }
    }

    /// No prefix is kept, which would be the vendor: the result is marked as locally administered
    /// (IEEE 802, section 8.2). Groups stay what they are, but for those of mapped IP groups.
    fn mac(&self, address: Mac) -> Mac {
        self.special_mac(address).unwrap_or_else(|| self.other_mac(address))
    }
}

impl CryptoPan {
    /// The bits of an IPv4 address that change.
    fn flips_v4(&self, address: u32) -> u32 {
        let flips = (self.bits::<32>(u128::from(address) << 96) >> 96) as u32;
        flips & kinds::free_v4(address)
    }

    /// The bits of an IPv6 address that change; those of an IPv4 address in it change as they do
    /// where that stands alone.
    fn flips_v6(&self, address: u128) -> u128 {
        let mut flips = self.bits::<128>(address) & kinds::free_v6(address);
        for &(at, is_inverted) in kinds::embedded_v4(address) {
            let shift = 96 - at;
            let within = (address >> shift) as u32;
            let within = self.flips_v4(if is_inverted { !within } else { within });
            flips = flips & !(u128::from(u32::MAX) << shift) | u128::from(within) << shift;
        }
        flips
    }

    /// What stands for addresses that belong to no machine.
    fn special_mac(&self, address: Mac) -> Option<Mac> {
        match address.0 {
            // The last 23 bits of the group (RFC 1112, section 6.4).
            [0x01, 0x00, 0x5e, a @ 0..0x80, b, c] => {
                let group = match (a, b) {
                    (0, 0 | 1) => Ipv4Addr::new(224, a, b, c),
                    _ => Ipv4Addr::new(239, a | 0x80, b, c),
                };
                Some(group_mac(self.ip(group.into())))
            }
            // The last 32 (RFC 2464, section 7): of a group that all know, of a solicited node, or
            // of another.
            [0x33, 0x33, a, b, c, d] => {
                let group = u128::from(u32::from_be_bytes([a, b, c, d]));
                let prefix = match a {
                    0 => 0xff02 << 112,
                    0xff => 0xff02 << 112 | 1 << 32,
                    _ => 0xff12 << 112,
                };
                Some(group_mac(self.ip(Ipv6Addr::from_bits(prefix | group).into())))
            }
            [0, 0, 0, 0, 0, 0] => Some(address),
            [first, ..] if first & GROUP != 0 => Some(address),
            _ => None,
        }
    }

    fn other_mac(&self, Mac(octets): Mac) -> Mac {
        // Other inputs than those for IP addresses, whose last bits are the pad's.
        let mut block = (!self.pad).to_be_bytes();
        block[..6].copy_from_slice(&octets);
        let mut block = Block::from(block);
        self.aes.encrypt_block(&mut block);
        let mut own = [0; 6];
        own.copy_from_slice(&block[..6]);
        own[0] = own[0] & !(GROUP | LOCAL) | LOCAL;
        Mac(own)
    }

    /// The key that names are replaced by; of another input than any address makes.
    fn key_of_names(&self) -> [u8; 16] {
        let mut block = Block::from((!self.pad ^ 1).to_be_bytes());
        self.aes.encrypt_block(&mut block);
        block.into()
    }

    /// The same, but with the vendor kept: only the last three bytes change, each three to three
    /// others, by a network of Feistel's.
    fn mac_of_vendor(&self, address: Mac) -> Mac {
        if let Some(special) = self.special_mac(address) {
            return special;
        }
        let [v0, v1, v2, a, b, c] = address.0;
        let own = u32::from_be_bytes([0, a, b, c]);
        let (mut left, mut right) = (own >> 12, own & 0xfff);
        for round in 0..FEISTEL_ROUNDS {
            let mut block = (!self.pad).to_be_bytes();
            let [_, _, r0, r1] = right.to_be_bytes();
            block[..6].copy_from_slice(&[v0, v1, v2, r0, r1, round]);
            block[6] ^= 1;
            let mut block = Block::from(block);
            self.aes.encrypt_block(&mut block);
            let mixed = u32::from_be_bytes([0, 0, block[0] & 0x0f, block[1]]);
            (left, right) = (right, left ^ mixed);
        }
        let [_, a, b, c] = (left << 12 | right).to_be_bytes();
        Mac([v0, v1, v2, a, b, c])
    }
}

/// Does not show the key, so that no log does.
impl fmt::Debug for CryptoPan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CryptoPan")
    }
}

fn random_key() -> Result<[u8; 32], ConfigError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| ConfigError(format!("the system has no random numbers: {error}")))?;
    Ok(key)
}

fn key(content: &[u8]) -> Option<[u8; 32]> {
    if let Ok(key) = content.try_into() {
        return Some(key);
    }
    let digits = content.trim_ascii();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(unix)]
fn is_open_to_all(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let is_open = |metadata: std::fs::Metadata| {
        metadata.is_file() && metadata.permissions().mode() & READ_BY_OTHERS != 0
    };
    file.metadata().is_ok_and(is_open)
}

#[cfg(not(unix))]
fn is_open_to_all(_: &File) -> bool {
    false
}

/// More than any key has.
const KEY_FILE_BYTES_MAX: u64 = 4_096;
#[cfg(unix)]
const READ_BY_OTHERS: u32 = 0o004;
/// Four are enough for a permutation that nobody can tell from a random one; more cost little.
const FEISTEL_ROUNDS: u8 = 8;
const GROUP: u8 = 1;
const LOCAL: u8 = 2;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::IpAddr;

    use flowloom_features::Anonymize;
    use flowloom_schema::Mac;
    use proptest::prelude::*;

    use super::{CryptoPan, key};

    /// The key of the sample in the authors' reference implementation.
    const KEY: [u8; 32] = [
        21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131,
        121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2,
    ];

    /// IPv4: from the trace that comes with the reference implementation. IPv6: what several
    /// other implementations test themselves with.
    const PUBLISHED: &[(&str, &str)] = &[
        ("128.11.68.132", "135.242.180.132"),
        ("129.118.74.4", "134.136.186.123"),
        ("130.132.252.244", "133.68.164.234"),
        ("141.223.7.43", "141.167.8.160"),
        ("141.233.145.108", "141.129.237.235"),
        ("152.163.225.39", "151.140.114.167"),
        ("156.29.3.236", "147.225.12.42"),
        ("165.247.96.84", "162.9.99.234"),
        ("166.107.77.190", "160.132.178.185"),
        ("192.102.249.13", "252.138.62.131"),
        ("192.215.32.125", "252.43.47.189"),
        ("192.233.80.103", "252.25.108.8"),
        ("193.150.244.223", "253.169.52.216"),
        ("195.205.63.100", "255.186.223.5"),
        ("198.51.77.238", "249.18.186.254"),
        ("203.12.160.252", "244.248.163.4"),
        ("63.14.55.111", "95.9.215.7"),
        ("64.39.15.238", "0.219.7.41"),
        ("::1", "78ff:f001:9fc0:20df:8380:b1f1:704:ed"),
        ("::2", "78ff:f001:9fc0:20df:8380:b1f1:704:ef"),
        ("::ffff", "78ff:f001:9fc0:20df:8380:b1f1:704:f838"),
        ("2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"),
        ("2001:db8::2", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c"),
    ];

    #[test]
    fn published_addresses_become_what_was_published() {
        let anonymize = CryptoPan::new(&KEY);
        let number = |text: &str| match text.parse::<IpAddr>().unwrap() {
            IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
            IpAddr::V6(v6) => v6.to_bits(),
        };
        for (real, shown) in PUBLISHED {
            let real_bits = number(real);
            let flips = if real.contains('.') {
                anonymize.bits::<32>(real_bits)
            } else {
                anonymize.bits::<128>(real_bits)
            };
            assert_eq!(real_bits ^ flips, number(shown), "{real}");
        }
    }

    proptest! {
        /// Two addresses have as many first bits in common afterwards as before: so equal
        /// prefixes stay equal, and different addresses different.
        #[test]
        fn prefixes_are_kept_exactly(
            key in prop::array::uniform32(any::<u8>()),
            a: u128,
            difference: u128,
            shift in 0..128_u32,
        ) {
            let anonymize = CryptoPan::new(&key);
            let b = a ^ (difference >> shift);
            let v6 = [a, b].map(|bits| IpAddr::V6(bits.into())).map(|ip| anonymize.ip(ip));
            let [IpAddr::V6(own_a), IpAddr::V6(own_b)] = v6 else { unreachable!() };
            prop_assert_eq!((a ^ b).leading_zeros(), (own_a.to_bits() ^ own_b.to_bits()).leading_zeros());
            let [a, b] = [a, b].map(|bits| (bits >> 64) as u32);
            let v4 = [a, b].map(|bits| IpAddr::V4(bits.into())).map(|ip| anonymize.ip(ip));
            let [IpAddr::V4(own_a), IpAddr::V4(own_b)] = v4 else { unreachable!() };
            prop_assert_eq!((a ^ b).leading_zeros(), (own_a.to_bits() ^ own_b.to_bits()).leading_zeros());
        }
    }

    #[test]
    fn hardware_addresses_lose_their_vendor() {
        let anonymize = CryptoPan::new(&KEY);
        for first in [0x00, 0x02, 0x34] {
            let own = (0..=255).map(|last| anonymize.mac(Mac([first, 1, 2, 3, 4, last])).0);
            let own = own.collect::<BTreeSet<_>>();
            assert_eq!(own.len(), 256, "different addresses stay different");
            assert!(own.iter().all(|own| own[0] & 3 == 2), "local, and no group's");
            let vendors = own.iter().map(|own| [own[0], own[1], own[2]]).collect::<BTreeSet<_>>();
            assert_eq!(vendors.len(), 256, "nothing is left of what they had in common");
        }
    }

    #[test]
    fn hardware_addresses_may_keep_their_vendor() {
        let anonymize = CryptoPan::new(&KEY);
        let all = (0..=u16::MAX).map(|low| {
            let [a, b] = low.to_be_bytes();
            anonymize.mac_of_vendor(Mac([0, 1, 2, 3, a, b])).0
        });
        let all = all.collect::<BTreeSet<_>>();
        assert_eq!(all.len(), 1 << 16, "no two become one");
        assert!(all.iter().all(|own| own[..3] == [0, 1, 2]));
        assert_ne!(anonymize.mac_of_vendor(Mac([0, 1, 3, 3, 0, 0])).0[3..], [3, 0, 0]);
    }

    #[test]
    fn groups_keep_to_the_group_of_their_packets() {
        let anonymize = CryptoPan::new(&KEY);
        for same in [
            [0xff; 6],
            [0; 6],
            [0x01, 0x80, 0xc2, 0, 0, 0],
            [0x01, 0x00, 0x5e, 0, 0, 0xfb],
            [0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa],
            [0x33, 0x33, 0, 0, 0, 1],
        ] {
            assert_eq!(anonymize.mac(Mac(same)), Mac(same));
            assert_eq!(anonymize.mac_of_vendor(Mac(same)), Mac(same));
        }
        let node = anonymize.ip("ff02::1:ff12:3456".parse().unwrap());
        let IpAddr::V6(node) = node else { unreachable!() };
        let mac = anonymize.mac(Mac([0x33, 0x33, 0xff, 0x12, 0x34, 0x56])).0;
        assert_eq!(node.octets()[12..], mac[2..]);
        assert_eq!(mac[2], 0xff);
        assert_ne!(mac[3..], [0x12, 0x34, 0x56]);
    }

    #[test]
    fn keys_are_bytes_or_digits() {
        assert_eq!(key(&KEY), Some(KEY));
        let digits = KEY.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
        assert_eq!(key(digits.as_bytes()), Some(KEY));
        assert_eq!(key(format!(" {}\r\n", digits.to_lowercase()).as_bytes()), Some(KEY));
        for wrong in [&digits[1..], &format!("{digits}0"), &digits.replace('1', "g"), "", "key"] {
            assert_eq!(key(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
