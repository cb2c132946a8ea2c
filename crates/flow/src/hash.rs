//! The two hashes of flow keys: a fixed one for partitions, a keyed one for the table.

use std::hash::{BuildHasher, RandomState};

use flowloom_wire::Packet;

use crate::{FlowKey, PARTITIONS};

/// The hash of the flow table, keyed anew in each run: a capture cannot be made to collide, and
/// nothing that comes out depends on the keys.
///
/// Three folded multiplications, as wyhash and foldhash have them.
#[derive(Clone, Copy, Debug)]
pub struct KeyHasher {
    secrets: [u64; 6],
}

impl KeyHasher {
    /// A hasher with secrets nobody knows.
    pub fn random() -> Self {
        let random = RandomState::new();
        Self { secrets: [0, 1, 2, 3, 4, 5].map(|i: u64| random.hash_one(i)) }
    }

    #[inline]
    pub(crate) fn hash(&self, key: &FlowKey) -> u32 {
        let [a_high, a_low, b_high, b_low, what, place] = *key.words();
        let [s0, s1, s2, s3, s4, s5] = self.secrets;
        let low = fold(a_low ^ s0, b_low ^ s1);
        let high = fold(a_high ^ what ^ s2, b_high ^ s3);
        (fold(low ^ place ^ s4, high ^ s5) >> 32) as u32
    }
}

/// A hash as the table wants it, which looks at the bits of both ends.
#[inline]
pub(crate) fn in_table(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// The partition a packet belongs to: the same for both directions and in every run.
///
/// VLANs and virtual networks have no say, so that leaving them out of the key changes nothing
/// here; nor has the ICMP type, which differs between request and reply.
#[inline]
pub fn partition_of(packet: &Packet) -> u8 {
    let sum = packet.src.0.wrapping_add(packet.dst.0);
    let ports = if packet.transport.has_ports() {
        u64::from(packet.src_port) + u64::from(packet.dst_port)
    } else {
        0
    };
    let what = ports << 8 | u64::from(packet.protocol);
    (fold(sum as u64 ^ (sum >> 64) as u64 ^ MIX_1, what ^ MIX_2) >> (64 - PARTITIONS.ilog2())) as u8
}

/// Both halves of the product, folded: every bit of either factor reaches every bit.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Numbers without pattern: the first fractional digits of pi.
const MIX_1: u64 = 0x243f_6a88_85a3_08d3;
const MIX_2: u64 = 0x1319_8a2e_0370_7345;

#[cfg(test)]
mod tests {
    use flowloom_wire::{Address, Packet, Transport};

    use super::{KeyHasher, partition_of};
    use crate::{FlowKey, KeyIgnore, PARTITIONS};

    fn packets() -> impl Iterator<Item = Packet> {
        (0..=u8::MAX).flat_map(|host| {
            (0..64).map(move |port| Packet {
                src: Address::v4([10, 0, 0, host]),
                dst: Address::v4([192, 0, 2, host / 16]),
                src_port: 40_000 + port,
                dst_port: 443,
                ip_version: 4,
                protocol: 6,
                transport: Transport::Tcp,
                ..Packet::default()
            })
        })
    }

    #[test]
    fn partitions_are_even_and_the_same_for_both_directions() {
        let mut counts = [0; PARTITIONS];
        for packet in packets() {
            let back = Packet {
                src: packet.dst,
                dst: packet.src,
                src_port: packet.dst_port,
                dst_port: packet.src_port,
                ..packet
            };
            assert_eq!(partition_of(&packet), partition_of(&back));
            counts[usize::from(partition_of(&packet))] += 1;
        }
        let even = 256 * 64 / PARTITIONS;
        let is_even = |count: &usize| (even / 3..even * 3).contains(count);
        assert!(counts.iter().all(is_even), "{counts:?}");
    }

    #[test]
    fn hashes_are_keyed_and_do_not_collide() {
        let (one, other) = (KeyHasher::random(), KeyHasher::random());
        let keys = packets().map(|packet| FlowKey::of(&packet, KeyIgnore::default()).0);
        let keys = keys.collect::<Vec<_>>();
        let mut hashes = keys.iter().map(|key| one.hash(key)).collect::<Vec<_>>();
        assert!(keys.iter().any(|key| one.hash(key) != other.hash(key)));
        hashes.sort_unstable();
        hashes.dedup();
        // Of 16,384 hashes of 32 bits, two are alike once in thirty runs.
        assert!(keys.len() - hashes.len() < 3);
    }
}
