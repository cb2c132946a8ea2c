//! `OpenVPN` over UDP and TCP: the TLS handshake in its control channel, where that is not encrypted.

mod channel;
mod packet;
#[cfg(test)]
mod tests;

use flowloom_flow::Direction;

use crate::{
    Context, Datagram, DatagramParser, Input, Match, Opening, Protocol, Step, StreamParser,
    Transport, Verdict, Want, Wants,
};
use channel::Channel;
use packet::{Kind, Packet};

/// `OpenVPN` in TLS mode. What it finds is the handshake, as that of any TLS connection.
#[derive(Debug)]
pub(crate) struct OpenvpnProtocol;

impl Protocol for OpenvpnProtocol {
    fn name(&self) -> &'static str {
        "openvpn"
    }

    fn ports(&self, _: Transport) -> &[u16] {
        &[1194]
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match opening.transport {
            Transport::Tcp => packet::probe_stream(opening.bytes),
            Transport::Udp => packet::probe(opening.bytes),
        }
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        wants.has_any(&WANTS).then(|| Box::new(OpenvpnStream::new(wants)) as _)
    }

    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        wants.has_any(&WANTS).then(|| Box::new(OpenvpnDatagrams(Channel::new(wants))) as _)
    }
}

/// Reads packets, each after its length of two bytes.
#[derive(Debug)]
struct OpenvpnStream {
    channel: Channel,
    sides: [Side; 2],
}

#[derive(Debug, Default)]
struct Side {
    /// Whether bytes were lost, and the next segment may begin with a packet or not.
    is_lost: bool,
    /// Segments that did not, one after the other.
    misses: u32,
}

impl OpenvpnStream {
    fn new(wants: Wants) -> Self {
        Self { channel: Channel::new(wants), sides: Default::default() }
    }
}

impl StreamParser for OpenvpnStream {
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let Some(&[high, low, head]) = input.bytes.first_chunk() else {
            return Step::Need(HEADER_LEN + 1);
        };
        let side = &mut self.sides[input.direction.index()];
        let len = HEADER_LEN + usize::from(u16::from_be_bytes([high, low]));
        let kind = Kind::of(head).filter(|_| len >= HEADER_LEN + packet::LEN_MIN);
        let Some(kind) = kind.filter(|kind| *kind == Kind::Data || len <= PACKET_LEN_MAX) else {
            side.misses += 1;
            let may_come = side.is_lost && side.misses < MISSES_MAX;
            return if may_come { Step::Consumed(input.bytes.len()) } else { Step::Stop };
        };
        // What is tunnelled need not come to be passed over.
        if kind != Kind::Data && input.bytes.len() < len {
            return Step::Need(len);
        }
        *side = Side::default();
        let bytes = input.bytes.get(HEADER_LEN..len.min(input.bytes.len())).unwrap_or_default();
        let stamp = input.stamp_of(len);
        if kind == Kind::Data {
            self.channel.data();
        } else if let Some(packet) = Packet::of(bytes) {
            self.channel.take(&packet, input.direction, stamp, context);
        }
        let is_done = self.channel.is_done(input.direction, context.wants);
        if is_done { Step::Stop } else { Step::Consumed(len) }
    }

    fn lost(&mut self, direction: Direction, _: u64, _: &mut Context<'_>) -> bool {
        self.sides[direction.index()] = Side { is_lost: true, misses: 0 };
        true
    }

    fn end(&mut self, input: &Input<'_>, context: &mut Context<'_>) {
        self.channel.end(input.direction, context);
    }
}

/// Reads datagrams, each a packet.
#[derive(Debug)]
struct OpenvpnDatagrams(Channel);

impl DatagramParser for OpenvpnDatagrams {
    fn read(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> Verdict {
        let Self(channel) = self;
        let Some(packet) = Packet::of(datagram.bytes) else { return Verdict::NotMine };
        if packet.kind == Kind::Data {
            channel.data();
        } else if datagram.bytes.len() == datagram.len {
            channel.take(&packet, datagram.direction, datagram.stamp, context);
        }
        let is_done = BOTH.iter().all(|from| channel.is_done(*from, context.wants));
        if is_done { Verdict::Stop } else { Verdict::More }
    }

    fn end(&mut self, context: &mut Context<'_>) {
        for from in BOTH {
            self.0.end(from, context);
        }
    }
}

const BOTH: [Direction; 2] = [Direction::Up, Direction::Down];
const WANTS: [Want; 4] = [Want::Application, Want::Tls, Want::TlsRecords, Want::Certificates];
/// The length before a packet.
const HEADER_LEN: usize = 2;
/// A packet of the control channel with its length; the first can have a wrapped key.
const PACKET_LEN_MAX: usize = 4 << 10;
/// Segments after lost bytes that do not begin with a packet before a side is given up.
const MISSES_MAX: u32 = 1_000;
