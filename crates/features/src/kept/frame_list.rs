//! Which frames a flow has, and where they are in the capture: some five bytes for each.

use flowloom_flow::{Arrival, Origin, RecordPlace};

/// The frames of a flow: differences of numbers and places, in as few bytes as they need.
#[derive(Clone, Debug, Default)]
pub struct FrameList {
    bytes: Vec<u8>,
    len: usize,
    /// The last frame's number and place, as they were noted.
    last: (u64, u64),
    is_cut: bool,
}

/// What the lists of a partition share.
#[derive(Debug)]
pub struct FramesShared {
    /// Whether frames are listed.
    is_wanted: bool,
    /// Bytes of all lists at most.
    bytes_max: usize,
    bytes: usize,
    /// Frames that are in no list for want of memory.
    dropped: u64,
}

impl FrameList {
    /// A list of no frames.
    pub(crate) const EMPTY: Self = Self { bytes: Vec::new(), len: 0, last: (0, 0), is_cut: false };

    /// Takes the frames of a packet of the flow: more than one where it was put together from
    /// fragments.
    #[inline]
    pub(crate) fn packet(
        &mut self,
        arrival: &Arrival,
        origin: &impl Origin,
        shared: &mut FramesShared,
    ) {
        let before = self.bytes.capacity();
        origin.records(arrival, &mut |place| {
            if self.is_cut || shared.bytes > shared.bytes_max {
                self.is_cut = true;
                shared.dropped += 1;
            } else {
                self.push(place, place.frame == arrival.frame);
            }
        });
        shared.bytes += self.bytes.capacity() - before;
    }

    /// Notes a frame, and whether it is the one that a packet is numbered by: of a packet in
    /// fragments, the last that came.
    fn push(&mut self, place: RecordPlace, is_packets: bool) {
        let difference = |now: u64, last: u64| (now.wrapping_sub(last)) as i64;
        put(&mut self.bytes, difference(place.frame, self.last.0));
        let offset = place.offset.map_or(0, |offset| offset + 1) << 1 | u64::from(is_packets);
        put(&mut self.bytes, difference(offset, self.last.1));
        self.last = (place.frame, offset);
        self.len += 1;
    }

    /// The flow has ended.
    pub(crate) fn ended(&mut self, shared: &mut FramesShared) {
        shared.bytes -= self.bytes.capacity();
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The frames, in the order of the capture.
    pub fn places(&self) -> Vec<RecordPlace> {
        let mut places = self.listed().map(|(place, _)| place).collect::<Vec<_>>();
        // Fragments come when their datagram is complete, or given up.
        if !places.is_sorted_by_key(|place| place.frame) {
            places.sort_unstable_by_key(|place| place.frame);
        }
        places
    }

    /// The frames that packets are numbered by, in the order of the packets.
    pub(crate) fn of_packets(&self) -> impl Iterator<Item = u64> {
        self.listed().filter(|(_, is_packets)| *is_packets).map(|(place, _)| place.frame)
    }

    /// The frames as they were noted, and which of them packets are numbered by.
    fn listed(&self) -> impl Iterator<Item = (RecordPlace, bool)> {
        let (mut bytes, mut frame, mut offset) = (self.bytes.as_slice(), 0_u64, 0_u64);
        (0..self.len).map(move |_| {
            frame = frame.wrapping_add(take(&mut bytes) as u64);
            offset = offset.wrapping_add(take(&mut bytes) as u64);
            (RecordPlace { frame, offset: (offset >> 1).checked_sub(1) }, offset & 1 == 1)
        })
    }
}

impl FramesShared {
    /// What the lists of one of `partitions` partitions share.
    pub fn new(is_wanted: bool, bytes_max: usize, partitions: usize) -> Self {
        Self { is_wanted, bytes_max: bytes_max / partitions, bytes: 0, dropped: 0 }
    }

    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Whether the frames of so many packets may find no memory. They double the lists at most.
    #[inline]
    pub(crate) fn is_short(&self, packets: usize) -> bool {
        self.is_wanted && 2 * self.bytes + packets * PACKET_BYTES_MAX > self.bytes_max
    }

    /// Frames that are in no list, because the lists had taken all the memory they may.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// What a packet adds at most: those of 8,192 fragments take some bytes each.
const PACKET_BYTES_MAX: usize = 80 << 10;

/// Appends a number: small ones in few bytes, whatever their sign.
#[inline]
fn put(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest > 0x7f {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn take(bytes: &mut &[u8]) -> i64 {
    let (mut number, mut shift) = (0_u64, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 || shift > 63 {
            break;
        }
    }
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use flowloom_flow::RecordPlace;

    use super::{FrameList, put, take};

    #[test]
    fn numbers_are_read_as_they_were_written() {
        let numbers = [0, 1, -1, 63, 64, -64, -65, 1 << 40, i64::MAX, i64::MIN];
        let mut bytes = Vec::new();
        for number in numbers {
            put(&mut bytes, number);
        }
        let mut rest = bytes.as_slice();
        assert_eq!(numbers.map(|_| take(&mut rest)), numbers);
        assert!(rest.is_empty());
    }

    #[test]
    fn frames_are_listed_in_order_whenever_they_came() {
        let place = |frame, offset| RecordPlace { frame, offset };
        let mut list = FrameList::default();
        for (frame, offset, is_packets) in [
            (7, Some(900), true),
            (9, None, false),
            (2, Some(0), true),
            (u64::MAX, Some(1 << 60), false),
            (1 << 40, None, true),
        ] {
            list.push(place(frame, offset), is_packets);
        }
        let expected = [
            place(2, Some(0)),
            place(7, Some(900)),
            place(9, None),
            place(1 << 40, None),
            place(u64::MAX, Some(1 << 60)),
        ];
        assert_eq!(list.places(), expected);
        assert_eq!(list.of_packets().collect::<Vec<_>>(), [7, 2, 1 << 40]);
    }
}
