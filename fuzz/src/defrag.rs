//! Defragmentation, beside a list of the fragments that wait: every byte, every count, every limit.

use flowloom_flow::{Arrival, Datagram, Defrag, Limits};
use flowloom_schema::LinkType;
use flowloom_wire::{Address, Marks, Options, Packet, Transport};

/// A byte for the limits, then 6 bytes for each fragment: what datagram it is of, where it begins,
/// how long it is and how much of it was captured, how much time has passed.
pub fn defrag(data: &[u8]) {
    let Some((limits, steps)) = data.split_first() else { return };
    let limits = Limits {
        datagrams_max: [1, 3, 100][usize::from(limits % 3)],
        datagram_bytes_max: [2_000, 100_000, 1 << 20][usize::from(limits / 3 % 3)],
        datagram_fragments_max: [2, 5, 100][usize::from(limits / 9 % 3)],
        ..Limits::default()
    };
    let mut run = Run { defrag: Defrag::new(&limits, TIMEOUT), ..Run::default() };
    let mut clock = 0;
    for (number, step) in (1..).zip(steps.as_chunks().0) {
        clock += i64::from(step[5] >> 4);
        run.step(*step, number, clock);
        run.check(&limits);
    }
    run.defrag.drain(0, &mut run.out);
    run.take_out(0);
    assert!(run.waiting.is_empty(), "all fragments came back");
    let counts = run.defrag.counts();
    assert_eq!(counts.fragments, run.put_together + run.unresolved);
    assert_eq!((counts.unresolved, counts.datagrams), (run.unresolved, run.whole));
}

struct Run {
    defrag: Defrag,
    out: Vec<Datagram>,
    waiting: Vec<Waiting>,
    put_together: u64,
    unresolved: u64,
    whole: u64,
}

struct Waiting {
    frame: u64,
    wire_len: u32,
    /// Version and identification.
    datagram: (u8, u8),
    start: usize,
    /// As far as it was captured.
    data: Vec<u8>,
    is_cut: bool,
    more: bool,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            defrag: Defrag::new(&Limits::default(), TIMEOUT),
            out: Vec::new(),
            waiting: Vec::new(),
            put_together: 0,
            unresolved: 0,
            whole: 0,
        }
    }
}

impl Run {
    fn step(&mut self, [what, place, high, len, cut, flags]: [u8; 6], number: u64, clock: i64) {
        self.defrag.expire(clock, 0, &mut self.out);
        self.take_out(0);
        let (version, id) = (if what & 1 == 0 { 4 } else { 6 }, what >> 1 & 7);
        // In units of 8 bytes; mostly small, so that they meet.
        let place = usize::from(place) | if high > 250 { 0x1f00 } else { 0 };
        let data: Vec<u8> = (0..usize::from(len)).map(|at| (number as usize + at) as u8).collect();
        let more = flags & 1 != 0;
        let mut frame = match version {
            4 => ipv4(id, place, more, &data),
            _ => ipv6(id, place, more, &data),
        };
        let wire_len = frame.len() as u32;
        let header_len = frame.len() - data.len();
        let kept =
            if cut > 240 { data.len().saturating_sub(usize::from(cut - 240)) } else { data.len() };
        frame.truncate(header_len + kept);
        let mut packet = Packet::default();
        let options = Options::default();
        flowloom_wire::decode(LinkType::RAW, &frame, wire_len, &options, &mut (), &mut packet);
        if !packet.marks.has(Marks::FRAGMENT) {
            assert!(!more && place == 0, "{packet:?}");
            return;
        }
        let arrival = Arrival { packet, time: clock, frame: number, wire_len, index: 0 };
        self.waiting.push(Waiting {
            frame: number,
            wire_len,
            datagram: (version, id),
            start: place * 8,
            is_cut: kept < data.len(),
            data: data[..kept].to_vec(),
            more,
        });
        self.defrag.fragment(&arrival, &frame, clock, &mut self.out);
        self.take_out(number);
    }

    /// Checks what came out against what waits; `number` is the fragment that was just taken.
    fn take_out(&mut self, number: u64) {
        for datagram in std::mem::take(&mut self.out) {
            match datagram {
                Datagram::Unresolved(arrival) => {
                    let at = self.waiting.iter().position(|waiting| waiting.frame == arrival.frame);
                    self.waiting.remove(at.expect("a fragment comes back once"));
                    self.unresolved += 1;
                    let Packet { transport, src_port, dst_port, .. } = arrival.packet;
                    assert_eq!((transport, src_port, dst_port), (Transport::None, 0, 0));
                }
                Datagram::Whole { arrival, protocol, payload, .. } => {
                    assert_eq!((arrival.frame, protocol), (number, PROTOCOL));
                    self.check_whole(&arrival, &payload);
                }
                Datagram::Incomplete { .. } => unreachable!("nobody asked for them"),
                Datagram::Beginning { arrival, protocol, payload, len } => {
                    assert_eq!((arrival.frame, protocol), (number, PROTOCOL));
                    let at = self.waiting.iter().position(|waiting| waiting.frame == number);
                    let cut = self.waiting.remove(at.expect("it was put in"));
                    assert!(cut.is_cut && cut.start == 0 && payload == cut.data);
                    assert!(len as usize > payload.len());
                    self.unresolved += 1;
                }
            }
        }
    }

    /// A datagram is what its fragments say, the first to come of those that overlap.
    fn check_whole(&mut self, arrival: &Arrival, payload: &[u8]) {
        let last = self.waiting.iter().find(|waiting| waiting.frame == arrival.frame);
        let datagram = last.expect("the completing fragment was put in").datagram;
        let (parts, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|w| w.datagram == datagram);
        self.waiting = others;
        let mut expected: Vec<Option<u8>> = vec![None; payload.len()];
        for part in &parts {
            assert!(!part.is_cut, "no datagram is made of parts of fragments");
            for (at, byte) in (part.start..).zip(&part.data) {
                if let Some(place) = expected.get_mut(at) {
                    place.get_or_insert(*byte);
                }
            }
        }
        assert!(payload.iter().copied().map(Some).eq(expected), "the first bytes to come stay");
        let first_end = parts.iter().find(|part| !part.more).expect("there is a last fragment");
        assert_eq!(payload.len(), first_end.start + first_end.data.len());
        assert_eq!(arrival.wire_len, parts.iter().map(|part| part.wire_len).sum::<u32>());
        self.put_together += parts.len() as u64;
        self.whole += 1;
    }

    fn check(&self, limits: &Limits) {
        let mut datagrams: Vec<_> = self.waiting.iter().map(|waiting| waiting.datagram).collect();
        datagrams.sort_unstable();
        datagrams.dedup();
        assert!(datagrams.len() <= limits.datagrams_max);
        let bytes = self.waiting.len() * size_of::<Arrival>();
        assert!(bytes <= limits.datagram_bytes_max, "{bytes} bytes in what waits");
        assert_eq!(self.waiting.is_empty(), datagrams.is_empty());
    }
}

fn ipv4(id: u8, place: usize, more: bool, data: &[u8]) -> Vec<u8> {
    let total_len = (20 + data.len()) as u16;
    let place = (place as u16 & 0x1fff) | if more { 0x2000 } else { 0 };
    let mut frame = vec![0x45, 0];
    frame.extend(total_len.to_be_bytes());
    frame.extend([0, id]);
    frame.extend(place.to_be_bytes());
    frame.extend([64, PROTOCOL, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(data);
    frame
}

fn ipv6(id: u8, place: usize, more: bool, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x60, 0, 0, 0];
    frame.extend(((8 + data.len()) as u16).to_be_bytes());
    frame.extend([44, 64]);
    for address in [Address(1), Address(2)] {
        frame.extend(address.0.to_be_bytes());
    }
    frame.extend([PROTOCOL, 0]);
    frame.extend(((place as u16) << 3 | u16::from(more)).to_be_bytes());
    frame.extend([0, 0, 0, id]);
    frame.extend(data);
    frame
}

const PROTOCOL: u8 = 17;
const TIMEOUT: i64 = 40;
