//! IP fragments to datagrams (RFC 791, section 3.2; RFC 8200, section 4.5).
//!
//! A datagram is one packet of its flow, at the time and frame that complete it. Where fragments
//! overlap, the first bytes to come stay; an IPv6 datagram with overlapping fragments is given up
//! (RFC 5722). A datagram that stays incomplete comes back as its fragments, without ports; but if the
//! first of them was cut by a snap length, so that it can never be complete, that one has its ports.

use std::collections::{HashMap, VecDeque};

use flowloom_wire::{Address, Marks, Packet, Transport, Udp, Vlan};

use crate::fragment::Fragment;
use crate::{Arrival, Limits};

/// What became of fragments.
#[derive(Clone, Debug)]
pub enum Datagram {
    /// All of them together: the completing fragment's arrival with the length of all frames, and
    /// the payload of the IP datagram, to be decoded as `protocol`.
    Whole {
        /// The completing fragment.
        arrival: Arrival,
        /// What the first fragment's header says the payload is.
        protocol: u8,
        /// The payload.
        payload: Vec<u8>,
        /// Where it came from.
        origin: DatagramOrigin,
    },
    /// The first fragment of a datagram, cut by a snap length: others cannot be joined to it, but
    /// whose it is and how long stands in what is there, to be decoded as `protocol`.
    Beginning {
        /// The fragment.
        arrival: Arrival,
        /// What its header says the payload is.
        protocol: u8,
        /// Its payload, as far as it was captured.
        payload: Vec<u8>,
        /// Length of the datagram's payload, if its header says that, or else of the fragment's.
        len: u32,
    },
    /// What came of a datagram that stayed incomplete, where that is asked for; its fragments come
    /// beside.
    Incomplete {
        /// The fragment that came last.
        arrival: Arrival,
        /// What the payload is, if the first fragment came.
        protocol: Option<u8>,
        /// The payload, with zeros where nothing came.
        payload: Vec<u8>,
        /// Where nothing came, from and to; the end is missing too if `is_open`.
        holes: Vec<(u32, u32)>,
        /// Whether the last fragment did not come, so that nobody knows how long it is.
        is_open: bool,
        /// Where it came from.
        origin: DatagramOrigin,
    },
    /// A fragment of a datagram that stayed incomplete.
    Unresolved(Arrival),
}

/// Where a datagram came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatagramOrigin {
    /// What its fragments have in common: the identification.
    pub id: u32,
    /// The frames of its fragments, in the order they came.
    pub frames: Vec<u64>,
    /// When the first of them came.
    pub first_time: i64,
}

/// Incomplete datagrams, in the order of their first fragments.
#[derive(Debug)]
pub struct Defrag {
    limits: Limits,
    timeout: i64,
    datagrams: HashMap<DatagramKey, Partial>,
    /// Begun datagrams with their deadlines, oldest first; some are done already.
    begun: VecDeque<(i64, u64, DatagramKey)>,
    bytes: usize,
    counts: DefragCounts,
    /// Whether what came of datagrams that stay incomplete is handed on.
    tells_incomplete: bool,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DefragCounts {
    /// Fragments that came.
    pub fragments: u64,
    /// Datagrams put together.
    pub datagrams: u64,
    /// Fragments whose datagram stayed incomplete.
    pub unresolved: u64,
    /// Datagrams given up because a limit was reached.
    pub limited: u64,
    /// IPv6 datagrams given up because their fragments overlap.
    pub overlapping: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct DatagramKey {
    src: Address,
    dst: Address,
    id: u32,
    ip_version: u8,
    /// IPv4 tells datagrams of different protocols apart, IPv6 does not.
    protocol: u8,
    vlans: [Vlan; 2],
    vni_plus_one: u32,
}

#[derive(Debug)]
struct Partial {
    arrivals: Vec<Arrival>,
    payload: Vec<u8>,
    /// Ranges of the payload that came, in order, not touching.
    ranges: Vec<(u32, u32)>,
    /// Length of the whole payload, from the last fragment.
    total: Option<u32>,
    /// What the payload is, from the first fragment.
    protocol: Option<u8>,
    given_up: bool,
}

impl Defrag {
    /// Without any datagram.
    pub fn new(limits: &Limits, timeout: i64) -> Self {
        Self {
            limits: *limits,
            timeout,
            datagrams: HashMap::new(),
            begun: VecDeque::new(),
            bytes: 0,
            counts: DefragCounts::default(),
            tells_incomplete: false,
        }
    }

    /// The same, but that what came of datagrams that stay incomplete is handed on.
    #[must_use]
    pub fn telling_incomplete(self, tells_incomplete: bool) -> Self {
        Self { tells_incomplete, ..self }
    }

    /// Takes a fragment whose frame is `data`, at the packet clock `clock`.
    pub fn fragment(
        &mut self,
        arrival: &Arrival,
        data: &[u8],
        clock: i64,
        out: &mut Vec<Datagram>,
    ) {
        self.counts.fragments += 1;
        let Some(fragment) = Fragment::of(&arrival.packet, data) else {
            self.counts.unresolved += 1;
            out.push(Datagram::Unresolved(without_ports(arrival)));
            return;
        };
        let packet = &arrival.packet;
        let is_cut = !fragment.is_complete || packet.marks.has(Marks::CLAMPED);
        if is_cut && fragment.offset == 0 && packet.transport != Transport::None {
            self.counts.unresolved += 1;
            out.push(beginning(arrival, &fragment));
            return;
        }
        let key = key(&arrival.packet, fragment.id);
        let deadline = clock.saturating_add(self.timeout);
        let partial = self.datagrams.entry(key).or_insert_with(|| {
            self.begun.push_back((deadline, arrival.frame, key));
            Partial::new()
        });
        let before = partial.bytes();
        partial.arrivals.push(*arrival);
        partial.add(arrival, &fragment, self.limits.datagram_fragments_max, &mut self.counts);
        self.bytes += partial.bytes() - before;
        if partial.is_whole() {
            self.counts.datagrams += 1;
            out.extend(self.take(key).and_then(|partial| partial.into_whole(key.id)));
        }
        self.enforce_limits(arrival.index, out);
    }

    /// Gives up the datagrams that the clock has left behind; they are handled at frame `index` of
    /// the block.
    pub fn expire(&mut self, clock: i64, index: u32, out: &mut Vec<Datagram>) {
        while self.begun.front().is_some_and(|(deadline, ..)| *deadline < clock) {
            self.give_up_oldest(index, out);
        }
    }

    /// The time of the packet clock after which [`Self::expire`] has something to do.
    #[inline]
    pub fn deadline(&self) -> Option<i64> {
        self.begun.front().map(|(deadline, ..)| *deadline)
    }

    /// Gives up all datagrams: the input is over.
    pub fn drain(&mut self, index: u32, out: &mut Vec<Datagram>) {
        while !self.begun.is_empty() {
            self.give_up_oldest(index, out);
        }
    }

    /// What was counted.
    pub fn counts(&self) -> DefragCounts {
        self.counts
    }

    fn enforce_limits(&mut self, index: u32, out: &mut Vec<Datagram>) {
        while self.datagrams.len() > self.limits.datagrams_max
            || self.bytes > self.limits.datagram_bytes_max
        {
            self.counts.limited += u64::from(self.give_up_oldest(index, out));
        }
        // Entries of datagrams that are done already must not pile up.
        while self.begun.len() > 2 * self.limits.datagrams_max {
            self.give_up_oldest(index, out);
        }
    }

    /// Gives up the oldest datagram that was begun; whether there was one and not only its entry.
    fn give_up_oldest(&mut self, index: u32, out: &mut Vec<Datagram>) -> bool {
        let Some((_, frame, key)) = self.begun.pop_front() else { return false };
        let begun_there = |partial: &Partial| partial.arrivals[0].frame == frame;
        if !self.datagrams.get(&key).is_some_and(begun_there) {
            return false;
        }
        let mut partial = self.take(key);
        if self.tells_incomplete {
            out.extend(partial.as_mut().and_then(|partial| partial.incomplete(key.id)));
        }
        let arrivals = partial.map(|partial| partial.arrivals).unwrap_or_default();
        self.counts.unresolved += arrivals.len() as u64;
        out.extend(
            arrivals
                .iter()
                .map(|arrival| Datagram::Unresolved(Arrival { index, ..without_ports(arrival) })),
        );
        true
    }

    fn take(&mut self, key: DatagramKey) -> Option<Partial> {
        let partial = self.datagrams.remove(&key)?;
        self.bytes -= partial.bytes();
        Some(partial)
    }
}

impl Partial {
    fn new() -> Self {
        Self {
            arrivals: Vec::new(),
            payload: Vec::new(),
            ranges: Vec::new(),
            total: None,
            protocol: None,
            given_up: false,
        }
    }

    fn add(
        &mut self,
        arrival: &Arrival,
        fragment: &Fragment<'_>,
        fragments_max: usize,
        counts: &mut DefragCounts,
    ) {
        let (start, end) = (fragment.offset, fragment.offset + fragment.payload.len() as u32);
        if !fragment.is_complete || end > DATAGRAM_LEN_MAX || self.given_up {
            self.given_up = true;
            return;
        }
        if self.arrivals.len() > fragments_max {
            self.given_up = true;
            counts.limited += 1;
            return;
        }
        if arrival.packet.ip_version == 6 && self.overlaps_differently(start, end) {
            self.given_up = true;
            counts.overlapping += 1;
            return;
        }
        if start == 0 && self.protocol.is_none() {
            self.protocol = Some(fragment.protocol);
        }
        if !fragment.more && self.total.is_none() {
            self.total = Some(end);
        }
        self.copy(start, fragment.payload);
    }

    /// What it takes of the memory that all datagrams share: a fragment may bring no new byte, and
    /// be remembered all the same.
    fn bytes(&self) -> usize {
        self.payload.len() + self.arrivals.len() * size_of::<Arrival>()
    }

    /// Whether a range overlaps what came, other than by coming a second time.
    fn overlaps_differently(&self, start: u32, end: u32) -> bool {
        self.ranges.iter().any(|(from, to)| {
            let apart = end <= *from || *to <= start;
            let repeated = *from <= start && end <= *to;
            !apart && !repeated
        })
    }

    /// Copies what of a fragment has not come before, and notes that it has come.
    fn copy(&mut self, start: u32, bytes: &[u8]) {
        let end = start + bytes.len() as u32;
        if self.payload.len() < end as usize {
            self.payload.resize(end as usize, 0);
        }
        let mut at = start;
        let first = self.ranges.partition_point(|(_, to)| *to < start);
        let mut merged = (start, end);
        let mut last = first;
        while let Some((from, to)) = self.ranges.get(last).copied().filter(|(from, _)| *from <= end)
        {
            self.copy_piece(at, from.max(at), start, bytes);
            at = at.max(to);
            merged = (merged.0.min(from), merged.1.max(to));
            last += 1;
        }
        self.copy_piece(at, end.max(at), start, bytes);
        self.ranges.splice(first..last, [merged]);
    }

    fn copy_piece(&mut self, from: u32, to: u32, start: u32, bytes: &[u8]) {
        let source = bytes.get((from - start) as usize..(to - start) as usize);
        let target = self.payload.get_mut(from as usize..to as usize);
        if let (Some(source), Some(target)) = (source, target) {
            target.copy_from_slice(source);
        }
    }

    fn is_whole(&self) -> bool {
        !self.given_up
            && self.protocol.is_some()
            && self.total.is_some_and(|total| {
                self.ranges.first().is_some_and(|(from, to)| *from == 0 && *to >= total)
            })
    }

    fn origin(&self, id: u32) -> DatagramOrigin {
        DatagramOrigin {
            id,
            frames: self.arrivals.iter().map(|arrival| arrival.frame).collect(),
            first_time: self.arrivals.first().map_or(0, |arrival| arrival.time),
        }
    }

    /// What came of it; its bytes are taken away.
    fn incomplete(&mut self, id: u32) -> Option<Datagram> {
        let (mut holes, mut at) = (Vec::new(), 0);
        let end = self.total.unwrap_or(0).max(self.payload.len() as u32);
        for (from, to) in self.ranges.iter().copied().chain([(end, end)]) {
            if from > at {
                holes.push((at, from));
            }
            at = at.max(to);
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.resize(end as usize, 0);
        Some(Datagram::Incomplete {
            arrival: *self.arrivals.last()?,
            // Only IPv6 says it in the first fragment alone.
            protocol: self.protocol.or_else(|| {
                let packet = self.arrivals.last()?.packet;
                (packet.ip_version == 4).then_some(packet.protocol)
            }),
            payload,
            holes,
            is_open: self.total.is_none(),
            origin: self.origin(id),
        })
    }

    fn into_whole(mut self, id: u32) -> Option<Datagram> {
        let protocol = self.protocol?;
        let origin = self.origin(id);
        self.payload.truncate(self.total? as usize);
        let mut arrival = *self.arrivals.last()?;
        arrival.wire_len =
            self.arrivals.iter().fold(0, |sum: u32, part| sum.saturating_add(part.wire_len));
        Some(Datagram::Whole { arrival, protocol, payload: self.payload, origin })
    }
}

fn key(packet: &Packet, id: u32) -> DatagramKey {
    DatagramKey {
        src: packet.src,
        dst: packet.dst,
        id,
        ip_version: packet.ip_version,
        protocol: if packet.ip_version == 4 { packet.protocol } else { 0 },
        vlans: packet.vlans,
        vni_plus_one: packet.vni_plus_one,
    }
}

/// A first fragment that was cut.
fn beginning(arrival: &Arrival, fragment: &Fragment<'_>) -> Datagram {
    let own = arrival.packet.trans_len;
    let said = (arrival.packet.transport == Transport::Udp)
        .then(|| Udp::parse(fragment.payload).map_or(0, |udp| udp.length() as u32));
    Datagram::Beginning {
        arrival: *arrival,
        protocol: fragment.protocol,
        payload: fragment.payload.to_vec(),
        len: said.unwrap_or(own).max(own),
    }
}

/// A fragment that stands for itself has no ports, even if it holds them.
fn without_ports(arrival: &Arrival) -> Arrival {
    let packet = Packet {
        transport: Transport::None,
        src_port: 0,
        dst_port: 0,
        app_len: 0,
        tcp_flags: 0,
        window: 0,
        ..arrival.packet
    };
    Arrival { packet, ..*arrival }
}

/// What an IPv4 total length or an IPv6 payload length can say, the last fragment's offset added.
const DATAGRAM_LEN_MAX: u32 = 65_535;

#[cfg(test)]
mod tests;
