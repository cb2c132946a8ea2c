//! RTP at ports that were agreed on elsewhere. One header of it can be anything; several in a row
//! with the same source, counted up, cannot (RFC 3550, appendix A.1).

/// Datagrams of a side that may be RTP.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtpRun {
    source: u32,
    sequence: u16,
    len: u8,
}

impl RtpRun {
    /// Takes a datagram in that nobody knows; whether it is RTP for sure.
    pub fn add(&mut self, bytes: &[u8]) -> bool {
        let Some((source, sequence)) = header(bytes) else { return false };
        let step = sequence.wrapping_sub(self.sequence);
        let goes_on = self.len > 0 && source == self.source && (1..=STEP_MAX).contains(&step);
        let len = if goes_on { self.len.saturating_add(1) } else { 1 };
        *self = Self { source, sequence, len };
        len >= RUN_MIN
    }
}

/// Source and sequence number of a header of version 2 that is not RTCP's (RFC 5761, section 4).
fn header(bytes: &[u8]) -> Option<(u32, u16)> {
    let [first, kind, a, b, _, _, _, _, source @ ..] = bytes.first_chunk::<12>()?;
    let is_rtp = first >> 6 == 2 && !(64..96).contains(&(kind & 0x7f));
    is_rtp.then(|| (u32::from_be_bytes(*source), u16::from_be_bytes([*a, *b])))
}

/// What RTP is called among the protocols.
pub(super) const NAME: &str = "rtp";
/// Headers in a row that chance does not make.
const RUN_MIN: u8 = 3;
/// How far the next number may be, for a few datagrams get lost.
const STEP_MAX: u16 = 4;

#[cfg(test)]
mod tests {
    use super::RtpRun;

    fn datagram(kind: u8, sequence: u16, source: u8) -> Vec<u8> {
        let [a, b] = sequence.to_be_bytes();
        vec![0x80, kind, a, b, 0, 0, 0, 1, source, 2, 3, 4, 5]
    }

    fn are_rtp(datagrams: &[Vec<u8>]) -> bool {
        let mut run = RtpRun::default();
        datagrams.iter().any(|bytes| run.add(bytes))
    }

    #[test]
    fn three_in_a_row_are_rtp() {
        let run = [datagram(8, 0xffff, 7), datagram(13, 0, 7), datagram(8 | 0x80, 3, 7)];
        assert!(are_rtp(&run), "numbers wrap, kinds change, one is lost");
        assert!(!are_rtp(&run[..2]));
        let mut long = RtpRun::default();
        let told = (0..600).map(|number| long.add(&datagram(8, number, 7)));
        assert_eq!(told.filter(|told| *told).count(), 598, "it goes on");
    }

    #[test]
    fn what_does_not_go_on_is_none() {
        let first = [datagram(8, 1, 7), datagram(8, 2, 7)];
        for third in [
            datagram(8, 3, 6),
            datagram(8, 2, 7),
            datagram(8, 9, 7),
            datagram(72, 3, 7),
            datagram(8, 3, 7)[..11].to_vec(),
            [&[0x40], &datagram(8, 3, 7)[1..]].concat(),
        ] {
            assert!(!are_rtp(&[&first[..], &[third]].concat()));
        }
    }
}
