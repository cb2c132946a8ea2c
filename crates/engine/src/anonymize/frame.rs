//! A frame without its addresses: what is understood is copied or mapped, the rest stays zero.
//!
//! The way down the frame is `wire`'s; for each header it tells, a method in the files beside this
//! one copies the fields that name nobody and maps those that do. So an address in a place that
//! nobody thought of is not kept by default.

use std::ops::Range;

use flowloom_schema::LinkType;
use flowloom_wire::{
    DecodeError, Layer, Layers, Marks, Options, Packet, Transport, decode, decode_payload,
};

use super::Payload;
use super::mapping::Mapping;
use super::sums::Sum;

/// A frame being rewritten.
#[derive(Debug)]
pub(super) struct Rewriting<'r, 'k> {
    /// As it was captured.
    pub(super) old: &'r [u8],
    /// As it will be, of the same length.
    pub(super) new: &'r mut [u8],
    pub(super) map: &'r mut Mapping<'k>,
    /// Checksums of the headers so far, outermost first.
    pub(super) sums: Vec<Sum>,
    /// What becomes of bytes that are no header.
    pub(super) payload: Payload,
    /// Where the last byte that was written ends.
    pub(super) written: usize,
    /// Messages inside one another that quote packets.
    quotes: u8,
}

/// A header that `wire` told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) layer: Layer,
    pub(super) at: usize,
    /// Where the next header begins; where the packet ends for the last.
    pub(super) end: usize,
    pub(super) is_last: bool,
}

/// What the headers so far say about those that follow.
#[derive(Clone, Debug)]
pub(super) struct Around {
    /// Where the packet ends by their claims, captured or not.
    pub(super) end: usize,
    /// The innermost IP header.
    pub(super) ip: Option<Ends>,
}

/// The addresses that pseudo headers are made of.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) src: Range<usize>,
    pub(super) dst: Range<usize>,
    /// Where a routing header leads in the end.
    pub(super) final_dst: Option<Range<usize>>,
    /// The home of a mobile node.
    pub(super) home: Option<Range<usize>>,
    pub(super) protocol: u8,
}

/// Rewrites a frame from `old` into `new`, whose bytes are what is to be where no header is, as
/// `payload` says.
/// Returns where the last header ends.
pub(super) fn rewrite<'r>(
    link: LinkType,
    old: &'r [u8],
    original: u32,
    new: &'r mut [u8],
    map: &'r mut Mapping<'_>,
    payload: Payload,
) -> usize {
    let mut rewriting = Rewriting { old, new, map, sums: vec![], payload, written: 0, quotes: 0 };
    rewriting.packet(link, 0..old.len(), original as usize);
    rewriting.written
}

impl<'k> Rewriting<'_, 'k> {
    /// A packet, which begins as those of a link type do, in a part of the frame.
    fn packet(&mut self, link: LinkType, part: Range<usize>, original: usize) {
        let old = self.old;
        let Some(bytes) = old.get(part.clone()) else { return };
        let mut told = Told { base: part.start, headers: Vec::new() };
        let mut packet = Packet::default();
        let options = Options::default();
        decode(link, bytes, original as u32, &options, &mut told, &mut packet);
        let mut data = data_of_fragment(bytes, &packet);
        if let Some(FragmentData { at, offset: 0, protocol }) = data
            && is_outside(protocol, packet.transport)
        {
            // `wire` waits for the whole datagram; a tunnel's headers are in its first fragment.
            let at_in_frame = part.start + at;
            told.headers.retain(|&(_, header)| header < at_in_frame);
            told.base = at_in_frame;
            decode_payload(&bytes[at..], protocol, &options, &mut told, &mut packet);
            let in_part =
                |stop: DecodeError| DecodeError { offset: stop.offset + at as u32, ..stop };
            packet.stop = packet.stop.map(in_part);
            data = None;
        }
        let first_sum = self.sums.len();
        let mut around = Around { end: part.start + original.max(bytes.len()), ip: None };
        let captured_end = part.end;
        for (i, &(layer, at)) in told.headers.iter().enumerate() {
            let next = told.headers.get(i + 1).map(|&(_, at)| at);
            let end = next.unwrap_or_else(|| around.end.min(captured_end));
            let header = Header { layer, at, end: end.max(at), is_last: next.is_none() };
            self.header(header, &told.headers[i + 1..], &mut around);
        }
        if let (Some(&(last, _)), None) = (told.headers.last(), &data) {
            self.beyond(last, part.start + packet.trans_offset as usize, packet.protocol, &around);
        }
        if let (Some(&(last, at)), None, None, Payload::Names) =
            (told.headers.last(), &data, packet.stop, self.payload)
        {
            self.said(last, at, around.end, captured_end);
        }
        if let Some(stop) = packet.stop {
            self.damaged(stop.layer, part.start + stop.offset as usize, &mut around);
        }
        if let Some(data) = data {
            self.fragment(&FragmentData { at: part.start + data.at, ..data }, &around);
        }
        for sum in self.sums.drain(first_sum..).rev() {
            sum.mend(self.old, self.new);
        }
        let claimed_end = around.ip.map_or(0, |_| around.end);
        if original == bytes.len() && claimed_end + 4 <= part.end {
            self.frame_check(&told.headers, part);
        }
    }

    /// A packet that a message quotes, up to `end`.
    pub(super) fn quoted(&mut self, at: usize, end: usize) {
        let end = end.min(self.old.len());
        if at < end && self.quotes < QUOTES_MAX {
            self.quotes += 1;
            self.packet(LinkType::RAW, at..end, end - at);
            self.quotes -= 1;
        }
    }

    /// Copies bytes that name nobody.
    pub(super) fn keep(&mut self, part: Range<usize>) {
        let end = part.end.min(self.old.len());
        if let (Some(old), Some(new)) =
            (self.old.get(part.start..end), self.new.get_mut(part.start..end))
        {
            new.copy_from_slice(old);
            self.written = self.written.max(end);
        }
    }

    /// Writes what stands for an address, if all of it was captured.
    fn put<const N: usize>(
        &mut self,
        at: usize,
        own: impl FnOnce(&mut Mapping<'k>, [u8; N]) -> [u8; N],
    ) {
        if let Some(&real) = self.old.get(at..).and_then(<[u8]>::first_chunk::<N>)
            && let Some(new) = self.new.get_mut(at..at + N)
        {
            new.copy_from_slice(&own(self.map, real));
            self.written = self.written.max(at + N);
        }
    }

    pub(super) fn v4(&mut self, at: usize) {
        self.put(at, Mapping::v4);
    }

    pub(super) fn v6(&mut self, at: usize) {
        self.put(at, Mapping::v6);
    }

    pub(super) fn mac(&mut self, at: usize) {
        self.put(at, Mapping::mac);
    }

    /// IPv6 addresses side by side, as many as there are whole ones.
    pub(super) fn v6s(&mut self, part: Range<usize>) {
        let Some(last) = part.end.checked_sub(16) else { return };
        for at in (part.start..=last).step_by(16) {
            self.v6(at);
        }
    }

    /// Writes bytes of our own.
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        if let Some(new) = self.new.get_mut(at..at + bytes.len()) {
            new.copy_from_slice(bytes);
            self.written = self.written.max(at + bytes.len());
        }
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.old.get(at).copied()
    }

    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        self.old.get(at..)?.first_chunk().map(|&bytes| u16::from_be_bytes(bytes))
    }

    /// The bytes from `at` on.
    pub(super) fn rest(&self, at: usize) -> &[u8] {
        self.old.get(at..).unwrap_or_default()
    }
}

/// Every header on the way down.
struct Told {
    /// Where what is decoded begins in the frame.
    base: usize,
    headers: Vec<(Layer, usize)>,
}

impl Layers for Told {
    fn layer(&mut self, layer: Layer, offset: usize) {
        self.headers.push((layer, self.base + offset));
    }
}

/// Where the data of a fragment is.
pub(super) struct FragmentData {
    pub(super) at: usize,
    /// Where it belongs in its datagram.
    pub(super) offset: usize,
    /// Of what the datagram begins with.
    pub(super) protocol: u8,
}

fn data_of_fragment(bytes: &[u8], packet: &Packet) -> Option<FragmentData> {
    if !packet.marks.has(Marks::FRAGMENT) {
        return None;
    }
    let at = packet.trans_offset as usize;
    bytes.get(at..)?;
    if packet.ip_version == 4 {
        let ip = bytes.get(packet.ip_offset as usize..)?.first_chunk::<10>()?;
        let offset = usize::from(u16::from_be_bytes([ip[6] & 0x1f, ip[7]])) * 8;
        Some(FragmentData { at, offset, protocol: ip[9] })
    } else {
        let header = bytes.get(at.checked_sub(8)?..)?.first_chunk::<4>()?;
        let offset = usize::from(u16::from_be_bytes([header[2], header[3]]) & 0xfff8);
        Some(FragmentData { at, offset, protocol: header[0] })
    }
}

/// Whether the first fragment of a datagram may hold the headers of a tunnel.
fn is_outside(protocol: u8, transport: Transport) -> bool {
    match transport {
        Transport::Udp => true,
        Transport::None => matches!(protocol, 4 | 41 | 47 | 97 | 137 | 143),
        _ => false,
    }
}

/// Errors about errors are not sent; whoever does it nonetheless is followed so far.
const QUOTES_MAX: u8 = 4;

#[cfg(test)]
mod tests;
