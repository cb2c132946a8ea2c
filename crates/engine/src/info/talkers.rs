//! Who sent and received the most, in memory that does not grow with their number.

use std::cmp::Reverse;
use std::collections::HashMap;

use flowloom_schema::{Batch, Column, Series, Values};
use serde::Serialize;

/// Who spoke with whom the most, by bytes on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Talkers {
    /// Pairs of addresses.
    pub conversations: Vec<Conversation>,
    /// Bytes that a conversation may have more than is said, because there were too many to keep
    /// them all; 0 when all numbers are exact.
    pub conversations_uncertain_bytes: u64,
    /// Addresses.
    pub endpoints: Vec<Endpoint>,
    /// Bytes that an endpoint may have more than is said.
    pub endpoints_uncertain_bytes: u64,
}

/// What two addresses sent each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// One of the two.
    pub a: String,
    /// The other.
    pub b: String,
    /// Flows between them.
    pub flows: u64,
    /// Packets of both.
    pub packets: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Bytes from `a` to `b`.
    pub bytes_from_a: u64,
}

/// What an address sent and received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The address.
    pub address: String,
    /// Flows it had part in.
    pub flows: u64,
    /// Packets it sent and received.
    pub packets: u64,
    /// Bytes it sent and received.
    pub bytes: u64,
    /// Bytes it sent.
    pub bytes_sent: u64,
}

/// Sums up flows by who has part in them.
pub(super) struct TalkerTable {
    /// Where each of [`COLUMNS`] is in a batch.
    places: [usize; COLUMNS.len()],
    conversations: Heaviest,
    endpoints: Heaviest,
}

impl TalkerTable {
    /// For batches with these columns, among which are all of [`COLUMNS`].
    pub(super) fn new(columns: &[Column]) -> Self {
        let place = |name| columns.iter().position(|column| column.name == name);
        let places = COLUMNS.map(|name| place(name).unwrap_or_default());
        let table = || Heaviest::new(TALKERS_MAX);
        Self { places, conversations: table(), endpoints: table() }
    }

    pub(super) fn add(&mut self, batch: &Batch) {
        let [src, dst, packets, up, down] = self.places.map(|place| &batch.columns[place]);
        for row in 0..batch.rows {
            let (src, dst) = (text(src, row), text(dst, row));
            let [packets, up, down] = [packets, up, down].map(|series| number(series, row));
            self.add_flow(src, dst, packets, [up, down]);
        }
    }

    fn add_flow(&mut self, src: &str, dst: &str, packets: u64, [up, down]: [u64; 2]) {
        let sums = |sent| Sums { flows: 1, packets, bytes: up + down, sent };
        if src == dst {
            self.endpoints.add(src, sums(up + down));
        } else {
            self.endpoints.add(src, sums(up));
            self.endpoints.add(dst, sums(down));
        }
        let (a, b, sent) = if src <= dst { (src, dst, up) } else { (dst, src, down) };
        self.conversations.add(&format!("{a} {b}"), sums(sent));
    }

    /// The `count` heaviest of both.
    pub(super) fn top(self, count: usize) -> Talkers {
        let conversation = |(key, sums): (Box<str>, Sums)| {
            let (a, b) = key.split_once(' ').unwrap_or_default();
            let Sums { flows, packets, bytes, sent: bytes_from_a } = sums;
            Conversation { a: a.into(), b: b.into(), flows, packets, bytes, bytes_from_a }
        };
        let endpoint = |(key, sums): (Box<str>, Sums)| {
            let Sums { flows, packets, bytes, sent: bytes_sent } = sums;
            Endpoint { address: key.into(), flows, packets, bytes, bytes_sent }
        };
        Talkers {
            conversations_uncertain_bytes: self.conversations.missed,
            endpoints_uncertain_bytes: self.endpoints.missed,
            conversations: self.conversations.top(count).map(conversation).collect(),
            endpoints: self.endpoints.top(count).map(endpoint).collect(),
        }
    }
}

/// Sums by key; of too many keys, the lighter half is given up, and what that can cost is known.
struct Heaviest {
    sums: HashMap<Box<str>, Sums>,
    keys_max: usize,
    /// What any key may lack: at each giving up, it may have been the heaviest of those.
    missed: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    flows: u64,
    packets: u64,
    bytes: u64,
    sent: u64,
}

impl Heaviest {
    fn new(keys_max: usize) -> Self {
        Self { sums: HashMap::new(), keys_max, missed: 0 }
    }

    fn add(&mut self, key: &str, more: Sums) {
        if let Some(own) = self.sums.get_mut(key) {
            own.flows += more.flows;
            own.packets += more.packets;
            own.bytes += more.bytes;
            own.sent += more.sent;
            return;
        }
        if self.sums.len() == self.keys_max {
            self.give_up_half();
        }
        self.sums.insert(key.into(), more);
    }

    fn give_up_half(&mut self) {
        let mut all = self.sorted();
        let given_up = all.split_off(self.keys_max / 2);
        self.missed += given_up.first().map_or(0, |(_, sums)| sums.bytes);
        self.sums.extend(all);
    }

    fn top(mut self, count: usize) -> impl Iterator<Item = (Box<str>, Sums)> {
        self.sorted().into_iter().take(count)
    }

    /// Takes all, the heaviest first; equals by their keys, so that the order is always the same.
    fn sorted(&mut self) -> Vec<(Box<str>, Sums)> {
        let mut all = self.sums.drain().collect::<Vec<_>>();
        all.sort_unstable_by(|(a_key, a), (b_key, b)| {
            (Reverse(a.bytes), a_key).cmp(&(Reverse(b.bytes), b_key))
        });
        all
    }
}

fn text(series: &Series, row: usize) -> &str {
    match &series.values {
        Values::Text(text) => text.get(row),
        _ => "",
    }
}

fn number(series: &Series, row: usize) -> u64 {
    match &series.values {
        Values::I64(numbers) => numbers.get(row).copied().unwrap_or(0).max(0) as u64,
        _ => 0,
    }
}

/// The columns of a flow that talkers are made from.
pub(super) const COLUMNS: [&str; 5] =
    ["src_ip", "dst_ip", "packet_count", "up_byte_count", "down_byte_count"];

/// Addresses, and pairs of them, that are kept at once at most.
const TALKERS_MAX: usize = 1 << 17;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HashMap, Heaviest, Sums, TalkerTable};

    fn bytes(bytes: u64) -> Sums {
        Sums { flows: 1, packets: 1, bytes, sent: 0 }
    }

    proptest! {
        /// Whatever comes in whatever order: no key has more than is true, nor less than the
        /// truth by more than is admitted; and what is exact says so.
        #[test]
        fn what_is_missing_is_admitted(adds in prop::collection::vec((0..40_u8, 0..1000_u64), 0..400)) {
            let mut heaviest = Heaviest::new(16);
            let mut truth = HashMap::<String, u64>::new();
            for (key, count) in &adds {
                heaviest.add(&key.to_string(), bytes(*count));
                *truth.entry(key.to_string()).or_default() += count;
                prop_assert!(heaviest.sums.len() <= 16);
            }
            let missed = heaviest.missed;
            prop_assert!(truth.len() > 16 || missed == 0);
            let found = heaviest.top(16).collect::<HashMap<_, _>>();
            for (key, truth) in truth {
                let found = found.get(&*key).map_or(0, |sums| sums.bytes);
                prop_assert!(found <= truth);
                // Given up keys and those that came back lack no more than was missed.
                prop_assert!(truth - found <= missed, "{key}: {found} of {truth}, {missed}");
            }
        }
    }

    #[test]
    fn flows_are_summed_for_each_side_and_each_pair() {
        let mut table = TalkerTable::new(&[]);
        table.add_flow("10.0.0.1", "10.0.0.2", 3, [100, 20]);
        table.add_flow("10.0.0.2", "10.0.0.1", 2, [7, 3]);
        table.add_flow("10.0.0.1", "10.0.0.1", 1, [30, 0]);
        let talkers = table.top(10);
        let endpoints = talkers.endpoints.iter();
        let endpoints = endpoints.map(|e| (&*e.address, e.flows, e.packets, e.bytes, e.bytes_sent));
        let expected = [("10.0.0.1", 3, 6, 160, 133), ("10.0.0.2", 2, 5, 130, 27)];
        assert_eq!(endpoints.collect::<Vec<_>>(), expected);
        let conversations = talkers.conversations.iter();
        let conversations = conversations.map(|c| (&*c.a, &*c.b, c.flows, c.bytes, c.bytes_from_a));
        let expected = [("10.0.0.1", "10.0.0.2", 2, 130, 103), ("10.0.0.1", "10.0.0.1", 1, 30, 30)];
        assert_eq!(conversations.collect::<Vec<_>>(), expected);
        assert_eq!(talkers.endpoints_uncertain_bytes, 0);
    }
}
