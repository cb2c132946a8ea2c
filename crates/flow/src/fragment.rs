//! One IP fragment: where its bytes belong.

use flowloom_wire::{FragmentHeader, Ipv4, Packet};

/// What a fragment brings to its datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment<'a> {
    /// What the fragments of one datagram have in common.
    pub(crate) id: u32,
    /// Where its bytes belong.
    pub(crate) offset: u32,
    /// Whether others come after it.
    pub(crate) more: bool,
    /// What the datagram's payload is; the first fragment's word counts.
    pub(crate) protocol: u8,
    /// Its bytes, as far as they were captured.
    pub(crate) payload: &'a [u8],
    /// Whether that is all of them.
    pub(crate) is_complete: bool,
}

impl<'a> Fragment<'a> {
    /// The fragment that `packet`, decoded from `frame`, is marked to be.
    pub(crate) fn of(packet: &Packet, frame: &'a [u8]) -> Option<Self> {
        let data = frame.get(packet.trans_offset as usize..)?;
        let claimed = packet.trans_len as usize;
        let payload = data.get(..claimed).unwrap_or(data);
        let is_complete = payload.len() == claimed;
        if packet.ip_version == 4 {
            let ip = Ipv4::parse(frame.get(packet.ip_offset as usize..)?).ok()?;
            return Some(Self {
                id: u32::from(ip.identification()),
                offset: ip.fragment_offset() as u32,
                more: ip.more_fragments(),
                protocol: ip.protocol(),
                payload,
                is_complete,
            });
        }
        let before = (packet.trans_offset as usize).checked_sub(FragmentHeader::LEN)?;
        let header = FragmentHeader::parse(frame.get(before..)?).ok()?;
        Some(Self {
            id: header.identification(),
            offset: header.fragment_offset() as u32,
            more: header.more_fragments(),
            protocol: header.next_header(),
            payload,
            is_complete,
        })
    }
}
