//! JA4SSH: how an SSH connection is paced, 200 packets with payload at a time.

use std::collections::BTreeMap;

use flowloom_flow::Direction;

/// JA4SSH as far as it has come.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    done: Vec<String>,
    sides: [Side; 2],
}

#[derive(Clone, Debug, Default)]
struct Side {
    /// How often each length of a payload came.
    lens: BTreeMap<u32, u32>,
    packets: u32,
    /// Segments with nothing but an acknowledgement.
    acks: u32,
}

impl Pace {
    /// Before the first segment with payload; each side has acknowledged so often.
    pub(super) fn begun(acks: [u32; 2]) -> Self {
        Self { done: Vec::new(), sides: acks.map(|acks| Side { acks, ..Side::default() }) }
    }

    /// Takes a segment in.
    pub(super) fn segment(&mut self, direction: Direction, len: u32, is_ack: bool) {
        let side = &mut self.sides[direction.index()];
        if len > 0 {
            *side.lens.entry(len).or_default() += 1;
            side.packets += 1;
        } else if is_ack {
            side.acks += 1;
        }
        if self.sides.iter().map(|side| side.packets).sum::<u32>() == PACKETS {
            let fingerprint = self.fingerprint();
            if self.done.len() < FINGERPRINTS_MAX {
                self.done.push(fingerprint);
            }
            self.sides = <_>::default();
        }
    }

    /// Of each window, and of what came after the last.
    pub(super) fn fingerprints(&self) -> Vec<String> {
        let mut all = self.done.clone();
        if self.sides.iter().any(|side| side.packets > 0) && all.len() < FINGERPRINTS_MAX {
            all.push(self.fingerprint());
        }
        all
    }

    fn fingerprint(&self) -> String {
        let [client, server] = &self.sides;
        format!(
            "c{}s{}_c{}s{}_c{}s{}",
            client.mode(),
            server.mode(),
            client.packets,
            server.packets,
            client.acks,
            server.acks
        )
    }
}

impl Side {
    /// The length that came most often; of several the smallest.
    fn mode(&self) -> u32 {
        let most = self.lens.values().max();
        let mode = self.lens.iter().find(|(_, count)| Some(*count) == most);
        mode.map_or(0, |(len, _)| *len)
    }
}

/// Packets with payload that a fingerprint is of.
const PACKETS: u32 = 200;
/// Fingerprints that are kept of a flow.
const FINGERPRINTS_MAX: usize = 1_000;
