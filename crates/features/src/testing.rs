//! What the tests of this crate share: packets to finished flows, finished flows to rows.

use std::collections::BTreeMap;

use flowloom_flow::{
    Arrival, Clocks, Ended, Initiator, KeyHasher, Network, Partition, Place, Population, Settings,
};
use flowloom_schema::{Series, Values};
use flowloom_wire::{Address, Packet, Transport};

use crate::{Families, FramesShared, Kept, KeptShared, LogLimits, LogShared, Signs};

/// A UDP packet between two endpoints; the one in 10.0.0.0/8 is the initiator.
pub(crate) fn packet(time: i64, up: bool, lengths: [u32; 4]) -> Arrival {
    let [packet_len, ip_len, trans_len, app_len] = lengths;
    let (client, server) = (Address::v4([10, 0, 0, 1]), Address::v4([192, 0, 2, 1]));
    let (src, dst) = if up { (client, server) } else { (server, client) };
    let (src_port, dst_port) = if up { (1_000, 2_000) } else { (2_000, 1_000) };
    let packet = Packet {
        src,
        dst,
        src_port,
        dst_port,
        ip_len,
        trans_len,
        app_len,
        ip_version: 4,
        protocol: 17,
        transport: Transport::Udp,
        ..Packet::default()
    };
    Arrival { packet, time, wire_len: packet_len, ..Arrival::default() }
}

/// The same packet in another flow.
pub(crate) fn in_flow(number: u16, mut arrival: Arrival) -> Arrival {
    let packet = &mut arrival.packet;
    let port = if packet.src_port == 2_000 { &mut packet.dst_port } else { &mut packet.src_port };
    *port = 10_000 + number;
    arrival
}

/// The same packet as TCP.
pub(crate) fn as_tcp(mut arrival: Arrival, seq: u32, flags: u8, window: u16) -> Arrival {
    let packet = &mut arrival.packet;
    (packet.protocol, packet.transport) = (6, Transport::Tcp);
    (packet.seq, packet.tcp_flags, packet.window) = (seq, flags, window);
    arrival
}

/// What the logs of the only partition share.
pub(crate) fn shared(sequences: bool, statistics: bool, limits: LogLimits) -> LogShared {
    LogShared::new(sequences, statistics, limits, Population::All, 1)
}

/// The flows of some packets, in the order of their first frames, and their partition.
pub(crate) fn flows(
    arrivals: &[Arrival],
    shared: LogShared,
) -> (Vec<Ended<Kept>>, Partition<Kept>) {
    let client = Network::new(Address::v4([10, 0, 0, 0]), 4, 8).unwrap();
    let initiator = Initiator::Client(client);
    let settings = Settings { initiator, no_split: true, ..Settings::default() };
    let hasher = KeyHasher::random();
    let frames = FramesShared::new(false, 0, 1);
    let shared =
        KeptShared { log: shared, frames, first: None, talk: None, transcript: None, trace: None };
    let mut partition = Partition::new(&settings, shared);
    let mut ended = Vec::new();
    for (arrival, frame) in arrivals.iter().zip(1..) {
        let arrival = Arrival { frame, ..*arrival };
        let clocks = Clocks { first: frame, at: &[] };
        let place = Place::of(&arrival.packet, settings.key_ignore, &hasher);
        partition.packet(&arrival, &place, clocks, &(), &mut ended);
    }
    partition.drain(&mut ended);
    ended.sort_by_key(|ended| ended.flow.first.frame);
    (ended, partition)
}

/// A row by the names of its columns.
pub(crate) struct Row(BTreeMap<String, Series>);

impl Row {
    pub(crate) fn of(ended: &Ended<Kept>, set: &str, signs: Signs) -> Self {
        let families = Families::new(&[set], &[], signs);
        let batch = families.batch(std::slice::from_ref(ended), "capture");
        let names = families.columns().into_iter().map(|column| column.name.into_owned());
        Self(names.zip(batch.columns).collect())
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        let Values::I64(values) = &self.0[name].values else { panic!("{name} is no integer") };
        assert_eq!(values.len(), 1, "{name}");
        self.0[name].validity.is_valid(0).then_some(values[0])
    }

    pub(crate) fn float(&self, name: &str) -> Option<f64> {
        let Values::F64(values) = &self.0[name].values else { panic!("{name} is no float") };
        assert_eq!(values.len(), 1, "{name}");
        self.0[name].validity.is_valid(0).then_some(values[0])
    }

    pub(crate) fn bool(&self, name: &str) -> bool {
        let Values::Bool(values) = &self.0[name].values else { panic!("{name} is no boolean") };
        values[0]
    }

    pub(crate) fn list(&self, name: &str) -> Option<Vec<i64>> {
        let Values::List(list) = &self.0[name].values else { panic!("{name} is no list") };
        let items = match &list.items.values {
            Values::I8(items) => items.iter().map(|item| i64::from(*item)).collect(),
            Values::U8(items) => items.iter().map(|item| i64::from(*item)).collect(),
            Values::U16(items) => items.iter().map(|item| i64::from(*item)).collect(),
            Values::I32(items) => items.iter().map(|item| i64::from(*item)).collect(),
            Values::I64(items) | Values::Time(items) => items.clone(),
            other => panic!("{name} has items {other:?}"),
        };
        self.0[name].validity.is_valid(0).then_some(items)
    }
}
