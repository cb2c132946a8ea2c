//! What the pipeline gives of a capture, to the row of its trace.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use flowloom_features::{Anonymize, Kept, TracePacket, TraceRow, TraceTable};
use flowloom_flow::Ended;
use flowloom_schema::{Batch, Timestamp};

use super::client::{Ends, Host, Sides};
use super::packets::Gathered;
use super::{Client, Traces};
use crate::{Account, CryptoPan};

/// A trace, as far as its capture was read.
pub(super) struct Tracer {
    anonymize: Option<Arc<CryptoPan>>,
    packets: Gathered,
    /// The client, once it is known.
    host: Option<Host>,
    /// The flows that wait until it is.
    waiting: Vec<Ends>,
    /// The client's addresses, and the first flow of each.
    addresses: BTreeMap<IpAddr, u64>,
    flows: u64,
    /// Whether the client was decided upon before it had to be, and whether flows came after that.
    is_early: bool,
    hasty: bool,
    /// Frame and time of the first packet, and of the last.
    first: Option<(u64, i64)>,
    last: Option<(u64, i64)>,
    /// Packets and bytes: all, from the client, to the client.
    sent: [(u64, u64); 3],
}

impl Tracer {
    pub(super) fn new(traces: &Traces) -> Self {
        let config = &traces.config;
        let may_drop = config.filter.as_ref().is_some_and(|filter| filter.flow().is_some());
        let host = match traces.client {
            Client::Auto => None,
            given => Some(Host::Given(given)),
        };
        Self {
            anonymize: config.anonymize.clone(),
            packets: Gathered::new(config.log, may_drop),
            host,
            waiting: Vec::new(),
            addresses: BTreeMap::new(),
            flows: 0,
            is_early: false,
            hasty: false,
            first: None,
            last: None,
            sent: [(0, 0); 3],
        }
    }

    /// Packets that it keeps.
    pub(super) fn kept(&self) -> usize {
        self.packets.len()
    }

    /// Takes packets; it may keep `max` altogether.
    pub(super) fn take_packets(&mut self, packets: &[TracePacket], max: usize) {
        self.packets.take(packets, max);
    }

    /// Nobody wants this flow.
    pub(super) fn drop_flow(&mut self, flow_id: u64) {
        self.packets.drop_flow(flow_id);
    }

    /// Takes a flow that ended; whether it waits until the client is known.
    pub(super) fn take_flow(&mut self, ended: &Ended<Kept>) -> bool {
        let flow = &ended.flow;
        let first = (flow.first.frame, flow.first.time);
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        let last = (flow.last_frame, flow.end_time);
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
        self.flows += 1;
        self.hasty |= self.is_early;
        let ends = Ends::of(ended);
        self.packets.end_flow(ends.flow_id);
        if let Some(host) = self.host.clone() {
            self.count(&ends, &host);
            return false;
        }
        self.waiting.push(ends);
        true
    }

    /// Finds the client by the flows there are, if it is not known.
    pub(super) fn decide_early(&mut self) {
        if self.host.is_none() {
            self.is_early = true;
            self.decide();
        }
    }

    /// Finds the client, and tells the flows that have waited for it.
    fn decide(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let host = Host::find(&waiting);
        for ends in &waiting {
            self.count(ends, &host);
        }
        self.host = Some(host);
    }

    /// Counts a flow as seen from the client.
    fn count(&mut self, ends: &Ends, host: &Host) {
        let Sides(sides) = host.sides(ends);
        let sign = Sides(sides).sign();
        self.packets.sign_flow(ends.flow_id, sign);
        let [initiator, other] = ends.sent;
        add(&mut self.sent[0], initiator);
        add(&mut self.sent[0], other);
        let (up, down) = if sign > 0 { (initiator, other) } else { (other, initiator) };
        if sign != 0 {
            add(&mut self.sent[1], up);
            add(&mut self.sent[2], down);
        }
        // Whoever has no address yet sends from none.
        let is_named = |(ip, is_client): &(IpAddr, bool)| *is_client && !ip.is_unspecified();
        for (address, _) in ends.ips().into_iter().zip(sides).filter(is_named) {
            if self.addresses.len() < ADDRESSES_MAX || self.addresses.contains_key(&address) {
                let first = self.addresses.entry(address).or_insert(ends.flow_id);
                *first = (*first).min(ends.flow_id);
            }
        }
    }

    /// The row.
    pub(super) fn row(mut self, capture: &str, table: &TraceTable, account: &mut Account) -> Batch {
        if self.host.is_none() {
            self.decide();
        }
        let (packets, total, starved) = self.packets.finish();
        account.reach("trace_bytes", u64::from(starved));
        account.reach("trace_flows", u64::from(self.hasty));
        let is_named = matches!(self.host, Some(Host::Given(_)));
        if is_named && self.sent[1].0 == 0 && self.sent[2].0 == 0 {
            account.packets_without_client += self.sent[0].0;
        }
        let mut client = self.addresses.into_iter().collect::<Vec<_>>();
        client.sort_by_key(|(_, first)| *first);
        let shown = |(address, _)| match &self.anonymize {
            Some(by) => by.ip(address),
            None => address,
        };
        let (start, end) = (self.first.map(|(_, time)| time), self.last.map(|(_, time)| time));
        let [all, up, down] = self.sent.map(|(packets, bytes)| (packets as i64, bytes as i64));
        let row = TraceRow {
            capture,
            client: client.into_iter().map(shown).collect(),
            start_time: start.map(Timestamp),
            end_time: end.map(Timestamp),
            duration: start.zip(end).map(|(start, end)| TraceRow::duration(start, end)),
            flow_count: self.flows as i64,
            packet_count: all.0,
            byte_count: all.1,
            up_packet_count: up.0,
            up_byte_count: up.1,
            down_packet_count: down.0,
            down_byte_count: down.1,
            sequence_total: total as i64,
            sequence_truncated: total > packets.len() as u64,
        };
        table.batch(row, &packets)
    }
}

fn add(sum: &mut (u64, u64), more: (u64, u64)) {
    *sum = (sum.0 + more.0, sum.1 + more.1);
}

/// Addresses of a client that are named.
const ADDRESSES_MAX: usize = 64;
