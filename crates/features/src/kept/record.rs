//! What is kept of a single packet.

use flowloom_flow::{Arrival, Direction, PacketMarks, Population, Seen};

/// One counted packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketRecord {
    /// Capture time in nanoseconds since the epoch.
    pub time: i64,
    /// Bytes of the frame on the wire.
    pub packet_len: u32,
    /// Bytes by the IP header.
    pub ip_len: u32,
    /// Bytes of the transport header and payload.
    pub trans_len: u32,
    /// Bytes of the transport payload.
    pub app_len: u32,
    /// TCP window, not scaled.
    pub window: u16,
    /// Marks, as bits.
    pub marks: u16,
    /// Low eight TCP flag bits.
    pub tcp_flags: u8,
    /// +1 up, -1 down.
    pub direction: i8,
}

impl PacketRecord {
    #[inline]
    pub(crate) fn of(arrival: &Arrival, seen: Seen) -> Self {
        let packet = &arrival.packet;
        Self {
            time: arrival.time,
            packet_len: arrival.wire_len,
            ip_len: packet.ip_len,
            trans_len: packet.trans_len,
            app_len: packet.app_len,
            window: packet.window,
            marks: seen.marks.0,
            tcp_flags: packet.tcp_flags,
            direction: seen.direction.sign(),
        }
    }

    /// Whether it went up.
    #[inline]
    pub(crate) fn is_up(&self) -> bool {
        self.direction == Direction::Up.sign()
    }
}

/// Whether a packet is among those that are counted.
pub(crate) fn is_counted(arrival: &Arrival, seen: Seen, population: Population) -> bool {
    match population {
        Population::All => true,
        Population::NoPureAck => !seen.marks.has(PacketMarks::PURE_ACK),
        Population::Payload => arrival.packet.app_len > 0,
        Population::PayloadNoRetransmission => {
            arrival.packet.app_len > 0 && !seen.marks.has(PacketMarks::RETRANSMISSION)
        }
    }
}
