//! Bytes of packets that come in a frame of a hundred bytes, each its own place.

use flowloom_flow::{
    Arrival, Clocks, Ended, KeyHasher, Origin, Partition, Place, Population, RecordPlace, Settings,
};
use flowloom_schema::{Series, Values};
use flowloom_wire::Marks;

use crate::kept::FirstBytesShared;
use crate::testing::{packet, shared};
use crate::{Families, FramesShared, Kept, KeptShared, LogLimits, Signs};

/// The frame of every packet: 14 bytes of Ethernet, 20 of IP, 8 of UDP, and what it carries.
struct Frame(Vec<u8>);

impl Origin for Frame {
    fn frame(&self, _: &Arrival) -> &[u8] {
        &self.0
    }

    fn bytes(&self, _: &Arrival) -> &[u8] {
        &self.0
    }

    fn tunnel(&self, _: &Arrival) -> Option<String> {
        None
    }

    fn records(&self, _: &Arrival, _: &mut dyn FnMut(RecordPlace)) {}
}

fn arrival(time: i64, app_len: u32) -> Arrival {
    let mut arrival = packet(time, true, [42 + app_len, 28 + app_len, 8 + app_len, app_len]);
    let packet = &mut arrival.packet;
    (packet.ip_offset, packet.trans_offset, packet.app_offset) = (14, 34, 42);
    arrival
}

fn columns(
    arrivals: &[Arrival],
    limits: &LogLimits,
    population: Population,
) -> ([Vec<Vec<u8>>; 2], u64) {
    let settings = Settings { population, ..Settings::default() };
    let hasher = KeyHasher::random();
    let first = Some(FirstBytesShared::new(limits, population, 1));
    let (log, frames) = (shared(false, false, *limits), FramesShared::new(false, 0, 1));
    let shared = KeptShared { log, frames, first, talk: None, transcript: None, trace: None };
    let mut partition = Partition::new(&settings, shared);
    let mut ended: Vec<Ended<Kept>> = Vec::new();
    let origin = Frame((0..100).collect());
    for (arrival, frame) in arrivals.iter().zip(1..) {
        let arrival = Arrival { frame, ..*arrival };
        let clocks = Clocks { first: frame, at: &[] };
        let place = Place::of(&arrival.packet, settings.key_ignore, &hasher);
        partition.packet(&arrival, &place, clocks, &origin, &mut ended);
    }
    partition.drain(&mut ended);
    let families = Families::new(&["bytes"], &[], Signs::default());
    let batch = families.batch(&ended, "");
    let starved = partition.shared().first.as_ref().map_or(0, FirstBytesShared::starved);
    ([list(&batch.columns[0]), list(&batch.columns[1])], starved)
}

fn list(series: &Series) -> Vec<Vec<u8>> {
    let Values::List(list) = &series.values else { panic!("no lists") };
    let Values::Binary(bytes) = &list.items.values else { panic!("no bytes") };
    list.range(0).map(|item| bytes.get(item).to_vec()).collect()
}

fn bytes(range: std::ops::Range<u8>) -> Vec<u8> {
    range.collect()
}

#[test]
fn the_first_packets_have_their_headers_and_their_first_bytes() {
    let limits = LogLimits { bytes_packets_max: 3, bytes_payload_max: 10, ..LogLimits::default() };
    let arrivals = [arrival(0, 5), arrival(1, 0), arrival(2, 30), arrival(3, 7)];
    let ([headers, payloads], starved) = columns(&arrivals, &limits, Population::All);
    assert_eq!(headers, vec![bytes(14..42); 3]);
    assert_eq!(payloads, [bytes(42..47), vec![], bytes(42..52)]);
    assert_eq!(starved, 0);
    let ([headers, payloads], _) = columns(&arrivals, &limits, Population::Payload);
    assert_eq!(headers, vec![bytes(14..42); 3]);
    assert_eq!(payloads, [bytes(42..47), bytes(42..52), bytes(42..49)]);
}

#[test]
fn what_was_not_captured_is_not_there() {
    let limits = LogLimits::default();
    let mut far = arrival(0, 500);
    let ([_, payloads], _) = columns(&[far], &limits, Population::All);
    assert_eq!(payloads, [bytes(42..100)]);
    (far.packet.ip_offset, far.packet.trans_offset, far.packet.app_offset) = (90, 120, 128);
    let ([headers, payloads], _) = columns(&[far], &limits, Population::All);
    assert_eq!((headers, payloads), (vec![bytes(90..100)], vec![vec![]]));
    far.packet.ip_offset = u32::MAX;
    let ([headers, payloads], _) = columns(&[far], &limits, Population::All);
    assert_eq!((headers, payloads), (vec![vec![]], vec![vec![]]));
}

#[test]
fn a_datagram_in_fragments_has_its_transport_header() {
    let mut whole = arrival(0, 20);
    whole.packet.marks = Marks::FRAGMENT;
    (whole.packet.trans_offset, whole.packet.app_offset) = (0, 8);
    let ([headers, payloads], _) = columns(&[whole], &LogLimits::default(), Population::All);
    assert_eq!((headers, payloads), (vec![bytes(0..8)], vec![bytes(8..28)]));
}

#[test]
fn memory_has_a_limit() {
    let limits = LogLimits { first_bytes_max: 1, ..LogLimits::default() };
    let arrivals = [arrival(0, 5), arrival(1, 5), arrival(2, 5)];
    let ([headers, payloads], starved) = columns(&arrivals, &limits, Population::All);
    assert_eq!((headers.len(), payloads.len(), starved), (1, 1, 1));
}
