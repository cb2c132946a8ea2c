//! Who is attacked: conversations of which everything is wanted, and their rows made at their end.

use std::hint::black_box;
use std::sync::Arc;

use flowloom_flow::Direction;
use flowloom_protocols::declared::DeclaredColumns;
use flowloom_protocols::dhcp::DhcpColumns;
use flowloom_protocols::dns::DnsColumns;
use flowloom_protocols::http::{Bodies, HttpColumns};
use flowloom_protocols::quic::QuicColumns;
use flowloom_protocols::ssh::SshColumns;
use flowloom_protocols::tls::TlsColumns;
use flowloom_protocols::{
    Conversation, EVENTS, Ends, Findings, Limits, Payload, Registry, Shared, Stamp, Transport,
    Wants,
};
use flowloom_schema::Series;

/// One flow after another.
pub(crate) struct Victim {
    shared: Shared,
    conversation: Conversation,
    ends: Ends,
    transport: Transport,
    next: [u32; 2],
    frame: u64,
}

impl Default for Victim {
    fn default() -> Self {
        let limits = Limits { messages_max: MESSAGES_MAX, ..Limits::default() };
        Self {
            shared: Shared::new(Arc::new(Registry::new()), Wants::ALL, limits, 1),
            conversation: Conversation::default(),
            ends: Ends { ip_version: 4, ..Ends::default() },
            transport: Transport::Tcp,
            next: [FIRST_BYTE; 2],
            frame: 0,
        }
    }
}

impl Victim {
    /// Ends the flow before, and begins one to a port.
    pub(crate) fn flow(&mut self, transport: Transport, port: u16) {
        self.end();
        (self.transport, self.ends.ports) = (transport, [50_000, port]);
        self.conversation = match transport {
            Transport::Tcp => Conversation::begun([Some(FIRST_BYTE); 2], &self.shared.limits),
            Transport::Udp => Conversation::default(),
        };
        self.next = [FIRST_BYTE; 2];
    }

    /// So many messages of a flow, and as much of all else as is kept unless somebody says otherwise.
    pub(crate) fn keep_many(&mut self, messages_max: usize) {
        self.shared.limits = Limits { messages_max, ..Limits::default() };
    }

    /// The next segment of a side, or a datagram.
    pub(crate) fn say(&mut self, direction: Direction, bytes: &[u8]) {
        let seq = self.next[direction.index()];
        self.next[direction.index()] = seq.wrapping_add(bytes.len() as u32);
        self.packet(direction, seq, bytes);
    }

    /// The same from the initiator.
    pub(crate) fn up(&mut self, bytes: &[u8]) {
        self.say(Direction::Up, bytes);
    }

    /// The same from the other side.
    pub(crate) fn down(&mut self, bytes: &[u8]) {
        self.say(Direction::Down, bytes);
    }

    /// A byte a packet.
    pub(crate) fn drip(&mut self, direction: Direction, bytes: &[u8]) {
        for byte in bytes {
            self.say(direction, &[*byte]);
        }
    }

    /// A segment of the initiator at an offset from the first byte that has not come.
    pub(crate) fn ahead(&mut self, offset: u64, bytes: &[u8]) {
        let seq = self.next[0].wrapping_add(offset as u32);
        self.packet(Direction::Up, seq, bytes);
    }

    /// What came ahead is no longer ahead.
    pub(crate) fn catch_up(&mut self, len: u64) {
        self.next[0] = self.next[0].wrapping_add(len as u32);
    }

    fn packet(&mut self, direction: Direction, seq: u32, bytes: &[u8]) {
        self.frame += 1;
        let payload = Payload {
            transport: self.transport,
            direction,
            seq,
            tcp_flags: ACK,
            len: bytes.len() as u32,
            bytes,
            stamp: Stamp { frame: self.frame, time: self.frame as i64 },
            ends: self.ends,
        };
        self.conversation.packet(&payload, &mut self.shared);
        // The engine takes them away after each block.
        self.shared.lessons.clear();
        self.shared.bodies = Bodies::default();
    }

    /// Ends the flow and makes its rows.
    pub(crate) fn end(&mut self) {
        self.conversation.end(self.ends, &mut self.shared);
        rows(self.conversation.findings());
        self.conversation = Conversation::default();
    }
}

fn rows(findings: &Findings) {
    let found = Some(findings);
    black_box((TlsColumns::of(found), HttpColumns::of(found), DnsColumns::of(found)));
    black_box((QuicColumns::of(found), SshColumns::of(found), DhcpColumns::of(found)));
    black_box(DeclaredColumns::of(found));
    for table in EVENTS {
        let columns = (table.columns)();
        let mut series: Vec<_> =
            columns.iter().map(|column| Series::new(column.data_type)).collect();
        black_box((table.append)(0, findings, &mut series));
    }
}

const ACK: u8 = 0x10;
const FIRST_BYTE: u32 = u32::MAX - 5_000;
/// Messages of a flow that are kept: fewer than an attack has.
const MESSAGES_MAX: usize = 1_000;
