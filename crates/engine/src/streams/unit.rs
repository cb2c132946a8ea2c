//! What is known of a unit before its bytes are written.

use flowloom_export::SinkError;
use flowloom_flow::Direction;
use flowloom_schema::Timestamp;
use serde::Serialize;

use super::StreamFlow;
use super::said::{Said, Unit};

/// A unit of what a flow said: a direction, a message, or both sides.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct UnitInfo<'f> {
    #[serde(flatten)]
    pub(crate) flow: &'f StreamFlow,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) direction: Option<&'static str>,
    /// Number of the message among those of its direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<u32>,
    pub(crate) first_frame: Option<u64>,
    pub(crate) last_frame: Option<u64>,
    pub(crate) first_time: Option<String>,
    last_time: Option<String>,
    /// Packets that brought its bytes.
    packets: u64,
    /// Bytes that came.
    pub(crate) bytes: u64,
    /// Bytes that never came.
    pub(crate) missing: u64,
    /// Where those are, from and to, counted from the unit's first byte; of one direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) holes: Option<Vec<[u64; 2]>>,
    /// Holes that are not listed.
    #[serde(skip_serializing_if = "is_zero")]
    holes_unlisted: u64,
    /// The frames that brought its bytes, of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<Vec<u64>>,
}

impl<'f> UnitInfo<'f> {
    /// Goes through a unit, but for its bytes.
    pub(crate) fn of(
        flow: &'f StreamFlow,
        unit: &Unit,
        said: &mut Said<'_>,
    ) -> Result<Self, SinkError> {
        let mut info = Self {
            flow,
            direction: unit.direction.map(name),
            message: unit.message,
            first_frame: None,
            last_frame: None,
            first_time: None,
            last_time: None,
            packets: 0,
            bytes: 0,
            missing: 0,
            holes: unit.direction.map(|_| Vec::new()),
            holes_unlisted: 0,
            frames: unit.message.map(|_| Vec::new()),
        };
        let (mut pieces, mut before) = (unit.pieces(), None);
        let mut times = None::<(i64, i64)>;
        while let Some(head) = said.next_piece(&mut pieces, None)? {
            let from = info.bytes + info.missing;
            if head.is_lost {
                info.missing += head.len;
                info.lose(from, from + head.len);
                continue;
            }
            info.bytes += head.len;
            let frame = head.stamp.frame;
            info.packets += u64::from(before != Some(frame));
            before = Some(frame);
            info.first_frame = Some(info.first_frame.map_or(frame, |first| first.min(frame)));
            if let Some(frames) = info.frames.as_mut().filter(|all| all.len() < LISTED_MAX)
                && frames.last() != Some(&frame)
            {
                frames.push(frame);
            }
            info.last_frame = Some(info.last_frame.map_or(frame, |last| last.max(frame)));
            let time = head.stamp.time;
            times = Some(times.map_or((time, time), |(a, b)| (a.min(time), b.max(time))));
        }
        info.first_time = times.map(|(first, _)| Timestamp(first).to_string());
        info.last_time = times.map(|(_, last)| Timestamp(last).to_string());
        Ok(info)
    }

    fn lose(&mut self, from: u64, to: u64) {
        let Some(holes) = &mut self.holes else { return };
        let has_room = holes.len() < LISTED_MAX;
        match holes.last_mut() {
            Some(last) if last[1] == from => last[1] = to,
            _ if has_room => holes.push([from, to]),
            _ => self.holes_unlisted += 1,
        }
    }
}

/// What a direction is called.
pub(crate) fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Frames and holes of a unit that are listed.
const LISTED_MAX: usize = 65_536;
