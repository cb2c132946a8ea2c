//! TCP sequence marks and the life of flows, beside a set of the bytes that were seen.

use std::collections::HashSet;

use flowloom_flow::{
    Arrival, Clock, Clocks, Ended, Keep, KeyHasher, Known, Limits, Load, Origin, PARTITIONS,
    PacketMarks, Partition, Place, Seen, Settings, Timeouts,
};
use flowloom_wire::{Address, Packet, Transport};

/// A byte for the settings, four for the first sequence number, then 7 bytes for each packet.
///
/// Without splits and with room for all holes, the marks are those of a set of bytes.
pub fn sequence(data: &[u8]) {
    let Some(([how, base @ ..], steps)) = data.split_first_chunk::<5>() else { return };
    let base = u32::from_be_bytes(*base);
    let modelled = how & 1 == 0;
    let settings = Settings {
        no_split: modelled,
        limits: Limits {
            tcp_holes_max: if modelled { 1 << 20 } else { usize::from(how >> 4) },
            flows_max: PARTITIONS * (1 + usize::from(how >> 1 & 3)),
            ..Limits::default()
        },
        timeouts: Timeouts {
            tcp_idle: 300,
            other_idle: 60,
            active: 1_800,
            linger: 5,
            reopen: 10,
            ..Timeouts::default()
        },
        ..Settings::default()
    };
    let mut partition = Partition::<Marked>::new(&settings, ());
    let hasher = KeyHasher::random();
    let mut clock = Clock::new(settings.timeouts.clock_jump_max);
    let mut ended = Vec::new();
    let mut time = 0;
    let mut count = 0;
    for (frame, step) in (1..).zip(steps.as_chunks::<7>().0) {
        time += i64::from(step[6]) - 16;
        let packet = packet(*step, base, modelled);
        let arrival = Arrival { packet, time, frame, wire_len: packet.ip_len + 14, index: 0 };
        let at = [clock.advance(time, || None)];
        let clocks = Clocks { first: frame, at: &at };
        let place = Place::of(&arrival.packet, settings.key_ignore, &hasher);
        partition.packet(&arrival, &place, clocks, &(), &mut ended);
        partition.expire(clocks, &mut ended);
        count += 1;
    }
    partition.drain(&mut ended);
    assert_eq!(ended.iter().map(|ended| ended.flow.packets()).sum::<u64>(), count);
    assert!(partition.counts().flows_peak <= settings.limits.flows_max / PARTITIONS);
    for ended in &ended {
        check_flow(ended);
        if modelled {
            check_marks(&ended.flow.keep.0, base);
        }
    }
}

/// Direction and connection, flags, place, length, acknowledgement, window.
fn packet([what, flags, high, low, len, ack, _]: [u8; 7], base: u32, modelled: bool) -> Packet {
    let (client, server) = (Address::v4([10, 0, 0, 1]), Address::v4([10, 0, 0, 2]));
    let port = 1_000 + u16::from(what >> 1 & if modelled { 0 } else { 7 });
    let offset = i16::from_be_bytes([high, low]);
    let mut packet = Packet {
        src: client,
        dst: server,
        src_port: port,
        dst_port: 80,
        seq: base.wrapping_add_signed(i32::from(offset)),
        ack: base.wrapping_add(u32::from(ack)),
        ip_len: 40 + u32::from(len),
        trans_len: 20 + u32::from(len),
        app_len: u32::from(len),
        window: u16::from(what >> 4) << 4,
        tcp_flags: if modelled { flags & !(SYN | FIN | RST) } else { flags },
        ip_version: 4,
        protocol: 6,
        transport: Transport::Tcp,
        ..Packet::default()
    };
    if what & 1 != 0 {
        std::mem::swap(&mut packet.src, &mut packet.dst);
        std::mem::swap(&mut packet.src_port, &mut packet.dst_port);
    }
    packet
}

fn check_flow(Ended { flow, .. }: &Ended<Marked>) {
    let kept = &flow.keep.0;
    assert_eq!(kept.len() as u64, flow.packets());
    assert_eq!(kept[0].0.frame, flow.first.frame);
    assert_eq!(kept[kept.len() - 1].0.frame, flow.last_frame);
    for (index, side) in flow.sides.iter().enumerate() {
        let own = || kept.iter().filter(|(_, seen)| seen.direction.index() == index);
        let bytes = own().map(|(arrival, _)| u64::from(arrival.packet.app_len)).sum::<u64>();
        assert_eq!((own().count() as u64, bytes), (side.packets, side.payload_bytes));
        let marked = |mark| own().filter(|(_, seen)| seen.marks.has(mark)).count() as u32;
        let troubles = &flow.troubles[index];
        assert_eq!(marked(PacketMarks::RETRANSMISSION), troubles.retransmissions);
        assert_eq!(marked(PacketMarks::OUT_OF_ORDER), troubles.out_of_order);
        assert_eq!(marked(PacketMarks::ZERO_WINDOW), troubles.zero_windows);
    }
    for (arrival, seen) in kept {
        let Packet { app_len, tcp_flags, .. } = arrival.packet;
        assert_eq!(seen.marks.has(PacketMarks::PURE_ACK), app_len == 0 && tcp_flags == ACK);
        let both = |a, b| seen.marks.has(a) && seen.marks.has(b);
        assert!(!both(PacketMarks::RETRANSMISSION, PacketMarks::OVERLAP));
        assert!(!both(PacketMarks::RETRANSMISSION, PacketMarks::GAP_BEFORE));
        assert!(!both(PacketMarks::RETRANSMISSION, PacketMarks::OUT_OF_ORDER));
    }
}

/// The marks of packets without SYN, FIN and RST, by the definitions, byte by byte.
fn check_marks(kept: &[(Arrival, Seen)], base: u32) {
    for direction in 0..2 {
        let mut bytes = HashSet::new();
        let mut next = None;
        for (arrival, seen) in kept.iter().filter(|(_, seen)| seen.direction.index() == direction) {
            let start = i64::from(arrival.packet.seq.wrapping_sub(base).cast_signed());
            let end = start + i64::from(arrival.packet.app_len);
            let is = |mark| seen.marks.has(mark);
            let keeps_alive = next == Some(start + 1) && end - start <= 1;
            assert_eq!(is(PacketMarks::KEEP_ALIVE), keeps_alive, "{arrival:?}");
            let before = (start..end).filter(|byte| bytes.contains(byte)).count() as i64;
            let has_bytes = start < end && !keeps_alive && next.is_some();
            let repeated = has_bytes && before == end - start;
            assert_eq!(is(PacketMarks::RETRANSMISSION), repeated, "{arrival:?}");
            let gap = has_bytes && next.is_some_and(|next| next < start);
            assert_eq!(is(PacketMarks::GAP_BEFORE), gap, "{arrival:?}");
            assert_eq!(is(PacketMarks::OVERLAP), has_bytes && before > 0 && !repeated);
            if is(PacketMarks::OUT_OF_ORDER) {
                assert!(has_bytes && !gap && !repeated && next.is_some_and(|next| start < next));
            }
            if has_bytes && end <= next.unwrap_or(end) && !repeated {
                assert!(is(PacketMarks::OUT_OF_ORDER), "fills a hole or comes before all");
            }
            if !keeps_alive {
                bytes.extend(start..end);
                next = next.max(Some(end)).filter(|_| start < end || next.is_none()).or(next);
            }
        }
    }
}

/// Keeps what it was told.
#[derive(Default)]
struct Marked(Vec<(Arrival, Seen)>);

impl Keep for Marked {
    type Shared = ();

    fn packet(
        &mut self,
        arrival: &Arrival,
        seen: Seen,
        _: Known<'_>,
        _: &impl Origin,
        (): &mut (),
    ) {
        self.0.push((*arrival, seen));
    }

    fn is_short((): &(), _: Load) -> bool {
        false
    }

    fn fetch(&self) {}

    fn fetch_more(&self) {}

    fn ended(&mut self, (): &mut ()) {}
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
