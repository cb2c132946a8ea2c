//! RTP at ports that were agreed on elsewhere: told by several headers in a row.

use std::collections::HashMap;

use flowloom_protocols::RtpRun;
use flowloom_wire::Packet;

use crate::streams::Side;

/// Senders of datagrams that nobody knows.
#[derive(Debug, Default)]
pub(crate) struct RtpRuns(HashMap<Side, RtpRun>);

impl RtpRuns {
    /// Takes in a datagram that nobody knows; whether it is RTP for sure.
    pub(crate) fn are_rtp(&mut self, packet: &Packet, bytes: &[u8]) -> bool {
        // Only headers of version 2 are worth remembering.
        if bytes.first().is_none_or(|first| first >> 6 != 2) {
            return false;
        }
        let side = Side::of(packet);
        if self.0.len() >= SIDES_MAX && !self.0.contains_key(&side) {
            // Rare, and cheaper than to know which is the oldest.
            self.0.clear();
        }
        self.0.entry(side).or_default().add(bytes)
    }
}

/// Senders that are known at a time.
const SIDES_MAX: usize = 1 << 16;
