//! TCP (RFC 9293) and its options (RFC 2018, RFC 7323).

use crate::Reason;

/// A TCP header.
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    header: &'a [u8; HEADER_LEN],
    bytes: &'a [u8],
}

impl<'a> Tcp<'a> {
    /// Views the header at the front of `bytes`.
    ///
    /// Whether the options are all there is for the caller to see ([`Tcp::header_len`]).
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let Some(header) = bytes.first_chunk() else {
            return Err(Reason::Truncated);
        };
        let tcp = Self { header, bytes };
        if tcp.header_len() < HEADER_LEN { Err(Reason::BadLength) } else { Ok(tcp) }
    }

    /// Source port.
    #[inline]
    pub fn src_port(&self) -> u16 {
        u16::from_be_bytes([self.header[0], self.header[1]])
    }

    /// Destination port.
    #[inline]
    pub fn dst_port(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    /// Sequence number.
    #[inline]
    pub fn seq(&self) -> u32 {
        u32::from_be_bytes([self.header[4], self.header[5], self.header[6], self.header[7]])
    }

    /// Acknowledgement number.
    #[inline]
    pub fn ack(&self) -> u32 {
        u32::from_be_bytes([self.header[8], self.header[9], self.header[10], self.header[11]])
    }

    /// Length of the header with its options.
    #[inline]
    pub fn header_len(&self) -> usize {
        usize::from(self.header[12] >> 4) * 4
    }

    /// The low eight flag bits, FIN lowest.
    #[inline]
    pub fn flags(&self) -> u8 {
        self.header[13]
    }

    /// Receive window as sent, not scaled.
    #[inline]
    pub fn window(&self) -> u16 {
        u16::from_be_bytes([self.header[14], self.header[15]])
    }

    /// Checksum as sent.
    pub fn checksum(&self) -> u16 {
        u16::from_be_bytes([self.header[16], self.header[17]])
    }

    /// Urgent pointer.
    pub fn urgent(&self) -> u16 {
        u16::from_be_bytes([self.header[18], self.header[19]])
    }

    /// The options, as far as they were captured, with their padding.
    pub fn option_bytes(&self) -> &'a [u8] {
        self.options().bytes
    }

    /// The options, as far as they were captured.
    pub fn options(&self) -> TcpOptions<'a> {
        let end = self.header_len().min(self.bytes.len());
        TcpOptions { bytes: self.bytes.get(HEADER_LEN..end).unwrap_or(&[]) }
    }

    /// Length of a header without options.
    pub const LEN_MIN: usize = 20;
}

/// Walks the options of a TCP header; ends at the first damaged one.
#[derive(Clone, Debug)]
pub struct TcpOptions<'a> {
    bytes: &'a [u8],
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption<'a> {
    /// Largest segment the sender takes.
    MaxSegmentSize(u16),
    /// Power of two by which the sender's windows are to be multiplied.
    WindowScale(u8),
    /// Selective acknowledgements may be sent.
    SackPermitted,
    /// Selective acknowledgements: pairs of sequence numbers, 4 bytes each.
    Sack(&'a [u8]),
    /// Timestamp value and echo reply.
    Timestamps(u32, u32),
    /// Another kind, or one of the above with a length it does not have: kind and data.
    Other(u8, &'a [u8]),
}

impl<'a> Iterator for TcpOptions<'a> {
    type Item = TcpOption<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&kind, rest) = self.bytes.split_first()?;
            self.bytes = match kind {
                KIND_END => &[],
                KIND_NOP => rest,
                _ => {
                    let (&len, rest) = rest.split_first()?;
                    let data;
                    (data, self.bytes) = rest.split_at_checked(usize::from(len).checked_sub(2)?)?;
                    return Some(TcpOption::new(kind, data));
                }
            };
        }
    }
}

impl<'a> TcpOption<'a> {
    fn new(kind: u8, data: &'a [u8]) -> Self {
        match (kind, data) {
            (2, &[a, b]) => Self::MaxSegmentSize(u16::from_be_bytes([a, b])),
            (3, &[shift]) => Self::WindowScale(shift),
            (4, []) => Self::SackPermitted,
            (5, ranges) if ranges.len().is_multiple_of(8) => Self::Sack(ranges),
            (8, data) => match (data.first_chunk(), data.last_chunk()) {
                (Some(&value), Some(&reply)) if data.len() == 8 => {
                    Self::Timestamps(u32::from_be_bytes(value), u32::from_be_bytes(reply))
                }
                _ => Self::Other(kind, data),
            },
            _ => Self::Other(kind, data),
        }
    }
}

const HEADER_LEN: usize = Tcp::LEN_MIN;
const KIND_END: u8 = 0;
const KIND_NOP: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// A SYN of a Linux client: all the usual options.
    const SYN: [u8; 40] = [
        0xd4, 0x31, 0x01, 0xbb, 1, 2, 3, 4, 5, 6, 7, 8, 0xa0, 0x02, 0xfa, 0xf0, 0xab, 0xcd, 0, 9,
        2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7,
    ];

    #[test]
    fn fields() {
        let tcp = Tcp::parse(&SYN).unwrap();
        assert_eq!((tcp.src_port(), tcp.dst_port()), (54321, 443));
        assert_eq!((tcp.seq(), tcp.ack()), (0x0102_0304, 0x0506_0708));
        assert_eq!((tcp.header_len(), tcp.flags(), tcp.window()), (40, 2, 64240));
        assert_eq!((tcp.checksum(), tcp.urgent()), (0xabcd, 9));
    }

    #[test]
    fn options() {
        let options: Vec<_> = Tcp::parse(&SYN).unwrap().options().collect();
        assert_eq!(
            options,
            [
                TcpOption::MaxSegmentSize(1460),
                TcpOption::SackPermitted,
                TcpOption::Timestamps(1, 2),
                TcpOption::WindowScale(7),
            ]
        );
    }

    #[test]
    fn every_truncated_prefix_is_refused_or_has_fewer_options() {
        for len in 0..Tcp::LEN_MIN {
            assert_eq!(Tcp::parse(&SYN[..len]).unwrap_err(), Reason::Truncated);
        }
        let whole: Vec<_> = Tcp::parse(&SYN).unwrap().options().collect();
        for len in Tcp::LEN_MIN..SYN.len() {
            let cut: Vec<_> = Tcp::parse(&SYN[..len]).unwrap().options().collect();
            assert!(whole.starts_with(&cut) && cut.len() < whole.len(), "cut at {len}");
        }
    }

    #[test]
    fn options_after_the_end_or_with_a_wrong_length_are_not_told() {
        let read = |options: [u8; 4]| -> Vec<u8> {
            let mut bytes = SYN;
            bytes[12] = 0x60;
            bytes[20..24].copy_from_slice(&options);
            let options = Tcp::parse(&bytes).unwrap().options();
            options
                .map(|option| if let TcpOption::Other(kind, _) = option { kind } else { 0 })
                .collect()
        };
        assert_eq!(read([0, 4, 2, 0]), [0; 0]);
        assert_eq!(read([4, 1, 4, 2]), [0; 0]);
        assert_eq!(read([2, 3, 0, 0]), [2]);
        assert_eq!(read([30, 5, 1, 1]), [0; 0]);
    }

    #[test]
    fn a_data_offset_below_five_is_refused() {
        let mut bytes = SYN;
        bytes[12] = 0x40;
        assert_eq!(Tcp::parse(&bytes).unwrap_err(), Reason::BadLength);
    }
}
