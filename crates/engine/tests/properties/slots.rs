//! Fragments that change places: those of one datagram among themselves.

use std::collections::BTreeMap;

use flowloom_engine::Config;

use crate::captures::Frames;

/// Whether a capture of Ethernet frames has IP fragments that no VLAN or tunnel carries.
pub(crate) fn has_plain_fragments(frames: &Frames) -> bool {
    frames.link == 1 && frames.frames.iter().any(|frame| datagram(&frame.bytes).is_some())
}

/// Leaves out the columns that say when and where, and times out only what never comes.
pub(crate) fn indifferent(config: &mut Config) {
    config.features = vec!["core".into(), "statistics".into()];
    config.flow.no_split = true;
    config.flow.timeouts.fragment = i64::MAX;
    let times = ["flow_id", "start_time", "end_time", "duration", "first_frame", "last_frame"];
    config.without = times.map(Into::into).into();
    let gaps = flowloom_engine::catalogue();
    let gaps = gaps.iter().map(|column| column.name.to_string());
    config.without.extend(gaps.filter(|name| name.starts_with("iats_")));
}

/// Puts the fragments of each datagram in another order; how many frames are elsewhere now.
pub(crate) fn permute_fragments(frames: &mut Frames, seed: u64) -> usize {
    let mut datagrams: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for (at, frame) in frames.frames.iter().enumerate() {
        if let Some(key) = datagram(&frame.bytes) {
            datagrams.entry(key).or_default().push(at);
        }
    }
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut moved = 0;
    for places in datagrams.into_values() {
        for i in (1..places.len()).rev() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let j = (random % (i as u64 + 1)) as usize;
            let (a, b) = (places[i], places[j]);
            moved += usize::from(a != b);
            // The times stay where they are: they rise with the frames.
            let times = (frames.frames[a].time, frames.frames[b].time);
            frames.frames.swap(a, b);
            (frames.frames[a].time, frames.frames[b].time) = times;
        }
    }
    moved
}

/// What the fragments of a datagram have in common; none for other frames.
fn datagram(frame: &[u8]) -> Option<Vec<u8>> {
    let (ether_type, ip) = (frame.get(12..14)?, frame.get(14..)?);
    match ether_type {
        [0x08, 0x00] => {
            let field = u16::from_be_bytes([*ip.get(6)?, *ip.get(7)?]);
            let key = [ip.get(4..6)?, ip.get(9..10)?, ip.get(12..20)?].concat();
            (field & 0x3fff != 0).then_some(key)
        }
        [0x86, 0xdd] => {
            let key = [ip.get(8..40)?, ip.get(44..48)?].concat();
            (ip[6] == 44).then_some(key)
        }
        _ => None,
    }
}
