//! The packets of a trace, in the order of their frames, as many as it may have.

use std::collections::{HashMap, HashSet};

use flowloom_features::{LogLimits, TracePacket};

/// The first packets of a trace; and, where a filter asks for what flows say, more of them, until it
/// is known which flows it accepts.
#[derive(Debug)]
pub(super) struct Gathered {
    limits: LogLimits,
    /// Whether flows may turn out to be unwanted.
    may_drop: bool,
    packets: Vec<TracePacket>,
    /// Packets of later frames are not kept.
    cut: u64,
    /// How many there may be before those that are not needed are dropped.
    prune_at: usize,
    /// The most there may be.
    packets_max: usize,
    starved: bool,
    /// What is known of the flows of these packets.
    flows: HashMap<u64, Fate>,
    /// Packets of flows that live, where these may turn out to be unwanted.
    live: HashMap<u64, u64>,
    /// Packets of wanted flows, kept or not.
    total: u64,
}

/// What became of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    /// Nobody wants it.
    Dropped,
    /// It ended, and the client is not known yet.
    Ended,
    /// What the direction of its packets is multiplied with.
    Sign(i8),
}

impl Gathered {
    pub(super) fn new(limits: LogLimits, may_drop: bool) -> Self {
        Self {
            limits,
            may_drop,
            packets: Vec::new(),
            cut: u64::MAX,
            prune_at: PRUNE_MIN,
            packets_max: packets_max(limits),
            starved: false,
            flows: HashMap::new(),
            live: HashMap::new(),
            total: 0,
        }
    }

    /// Packets that are kept.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    /// Takes packets, those of a block in any order; there may be `max` altogether.
    pub(super) fn take(&mut self, packets: &[TracePacket], max: usize) {
        self.packets_max = max.max(1);
        let crowded = max.saturating_add(max / 8 + CROWD_MIN);
        let mut last = None;
        for packet in packets {
            if self.may_drop {
                *self.live.entry(packet.flow_id).or_default() += 1;
            } else {
                self.total += 1;
            }
            if packet.frame > self.cut {
                continue;
            }
            if last != Some(packet.flow_id) {
                self.flows.entry(packet.flow_id).or_insert(Fate::Lives);
                last = Some(packet.flow_id);
            }
            self.packets.push(*packet);
            if self.packets.len() >= self.prune_at.min(crowded) {
                self.prune();
                last = None;
            }
        }
    }

    /// Nobody wants this flow.
    pub(super) fn drop_flow(&mut self, flow_id: u64) {
        self.live.remove(&flow_id);
        self.set(flow_id, Fate::Dropped);
    }

    /// A wanted flow has ended.
    pub(super) fn end_flow(&mut self, flow_id: u64) {
        self.total += self.live.remove(&flow_id).unwrap_or(0);
        self.set(flow_id, Fate::Ended);
    }

    /// What the direction of a flow's packets is multiplied with.
    pub(super) fn sign_flow(&mut self, flow_id: u64, sign: i8) {
        self.set(flow_id, Fate::Sign(sign));
    }

    /// The packets, as many as wanted, with directions as seen from the client; how many there are of
    /// the trace altogether; and whether memory was too small for those that were wanted.
    pub(super) fn finish(mut self) -> (Vec<TracePacket>, u64, bool) {
        self.prune();
        let limits = self.limits;
        let start = self.packets.first().map_or(0, |first| first.record.time);
        let mut bytes = 0;
        let within = self.packets.iter().take_while(|packet| {
            bytes += u64::from(packet.record.packet_len);
            let time = packet.record.time.saturating_sub(start);
            limits.sequence_nanos_max.is_none_or(|max| time <= max)
                && limits.sequence_bytes_max.is_none_or(|max| bytes <= max)
        });
        let within = within.count();
        self.packets.truncate(within);
        for packet in &mut self.packets {
            packet.record.direction *= match self.flows.get(&packet.flow_id) {
                Some(Fate::Sign(sign)) => *sign,
                _ => 0,
            };
        }
        (self.packets, self.total, self.starved)
    }

    /// Puts packets in order, and drops those that cannot be in the sequence.
    fn prune(&mut self) {
        let flows = &self.flows;
        let fate = |packet: &TracePacket| flows.get(&packet.flow_id).copied();
        self.packets.sort_by_key(|packet| packet.frame);
        self.packets.retain(|packet| fate(packet) != Some(Fate::Dropped));
        let is_sure = |packet: &&TracePacket| !self.may_drop || fate(packet) != Some(Fate::Lives);
        let sure = self.packets.iter().enumerate().filter(|(_, packet)| is_sure(packet));
        let end = sure.map(|(i, _)| i + 1).nth(self.limits.sequence_max.wrapping_sub(1));
        let mut end = if self.limits.sequence_max == 0 { Some(0) } else { end };
        if end.is_none_or(|end| end > self.packets_max) && self.packets.len() > self.packets_max {
            self.starved = true;
            end = Some(self.packets_max);
        }
        if let Some(end) = end {
            self.packets.truncate(end);
            self.cut = self.packets.last().map_or(0, |last| last.frame);
        }
        let kept = self.packets.iter().map(|packet| packet.flow_id).collect::<HashSet<_>>();
        self.flows.retain(|flow_id, _| kept.contains(flow_id));
        self.prune_at = (2 * self.packets.len()).max(PRUNE_MIN);
    }

    fn set(&mut self, flow_id: u64, fate: Fate) {
        if let Some(known) = self.flows.get_mut(&flow_id) {
            *known = fate;
        }
    }
}

/// Packets that may be kept of all traces of a capture: a list that grows has twice the memory for a while.
pub(super) fn packets_max(limits: LogLimits) -> usize {
    (limits.log_bytes_max / size_of::<TracePacket>() / 2).max(1)
}

/// Packets that are kept before it is looked which are needed.
const PRUNE_MIN: usize = 8_192;
/// Packets that are kept beyond what may be, and an eighth of that, so that it is not pruned for each.
const CROWD_MIN: usize = 64;
