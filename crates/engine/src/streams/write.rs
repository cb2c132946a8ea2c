//! Units to an output: their bytes, JSON Lines, or text for people.

use std::fmt::Write as _;

use flowloom_export::{Output, SinkError};
use flowloom_flow::Direction;
use flowloom_protocols::PieceHead;
use flowloom_schema::Timestamp;

use super::encode::{JsonBytes, readable};
use super::json;
use super::said::{Said, Unit};
use super::unit::{UnitInfo, name};
use super::{Shape, StreamFlow, StreamFormat, StreamLimits};

/// Writes units, with what is remembered over all of them.
pub(crate) struct Writer {
    shape: Shape,
    limits: StreamLimits,
    /// Zeros that may still be written in the place of bytes that never came.
    zeros_left: u64,
    /// Bytes of holes that were too long to be filled.
    pub(crate) unfilled: u64,
    text: String,
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(shape: Shape, limits: StreamLimits) -> Self {
        let zeros_left = limits.fill_total_max;
        Self { shape, limits, zeros_left, unfilled: 0, text: String::new(), bytes: Vec::new() }
    }

    /// Writes what comes before the units of a flow.
    pub(crate) fn flow(&mut self, flow: &StreamFlow, out: &mut Output) -> Result<(), SinkError> {
        if self.shape.format != StreamFormat::Text {
            return Ok(());
        }
        let end = |ip: std::net::IpAddr, port: Option<u16>| match port {
            Some(port) => std::net::SocketAddr::new(ip, port).to_string(),
            None => ip.to_string(),
        };
        self.text.clear();
        // Writing to memory does not fail.
        let _ = writeln!(
            self.text,
            "flow {} {} {} > {} {}",
            flow.flow_id,
            flow.protocol_name(),
            end(flow.src_ip, flow.src_port),
            end(flow.dst_ip, flow.dst_port),
            Timestamp(flow.start),
        );
        self.pass_on(out)
    }

    /// Writes a unit.
    pub(crate) fn unit(
        &mut self,
        unit: &Unit,
        info: &UnitInfo<'_>,
        said: &mut Said<'_>,
        out: &mut Output,
    ) -> Result<(), SinkError> {
        match (self.shape.format, unit.direction) {
            (StreamFormat::Bytes, _) => self.raw(unit, said, out),
            (StreamFormat::JsonLines, Some(_)) if self.shape.is_grouped() => {
                self.object(unit, info, said, out)
            }
            (StreamFormat::JsonLines, _) => self.objects(unit, info.flow, said, out),
            (StreamFormat::Text, _) => self.readable(unit, info, said, out),
        }
    }

    /// The bytes themselves.
    fn raw(&mut self, unit: &Unit, said: &mut Said<'_>, out: &mut Output) -> Result<(), SinkError> {
        let mut pieces = unit.pieces();
        while let Some(head) = said.next_piece(&mut pieces, Some(&mut self.bytes))? {
            if !head.is_lost {
                out.put(&self.bytes)?;
                continue;
            }
            for part in self.zeros(head.len) {
                out.put(part)?;
            }
        }
        Ok(())
    }

    /// An object for the whole unit. Its bytes come last, as they may be many.
    fn object(
        &mut self,
        unit: &Unit,
        info: &UnitInfo<'_>,
        said: &mut Said<'_>,
        out: &mut Output,
    ) -> Result<(), SinkError> {
        let in_pieces = self.shape.strict && info.missing > 0;
        self.text = json::object_begun(info);
        self.text.push_str(if in_pieces { ",\"pieces\":[" } else { ",\"data\":\"" });
        let mut json = JsonBytes::new(self.shape.data);
        let (mut pieces, mut offset, mut is_open, mut count) = (unit.pieces(), 0, false, 0);
        while let Some(head) = said.next_piece(&mut pieces, Some(&mut self.bytes))? {
            if head.is_lost && in_pieces && is_open {
                json.end(&mut self.text);
                self.text.push_str("\"}");
                is_open = false;
            } else if head.is_lost && !in_pieces {
                for part in self.zeros(head.len) {
                    json.put(part, &mut self.text);
                    self.pass_on(out)?;
                }
            } else if !head.is_lost {
                if in_pieces && !is_open {
                    self.text.push_str(if count == 0 { "" } else { "," });
                    let _ = write!(self.text, "{{\"offset\":{offset},\"data\":\"");
                    (is_open, count) = (true, count + 1);
                }
                json.put(&self.bytes, &mut self.text);
            }
            offset += head.len;
            self.pass_on(out)?;
        }
        json.end(&mut self.text);
        self.text.push_str(match (in_pieces, is_open) {
            (true, true) => "\"}]}\n",
            (true, false) => "]}\n",
            (false, _) => "\"}\n",
        });
        self.pass_on(out)
    }

    /// An object for each piece.
    fn objects(
        &mut self,
        unit: &Unit,
        flow: &StreamFlow,
        said: &mut Said<'_>,
        out: &mut Output,
    ) -> Result<(), SinkError> {
        let begun = json::object_begun(flow);
        let (mut pieces, mut offsets) = (unit.pieces(), [0; 2]);
        while let Some(head) = said.next_piece(&mut pieces, Some(&mut self.bytes))? {
            let offset = &mut offsets[head.direction.index()];
            let (direction, time) = (name(head.direction), Timestamp(head.stamp.time));
            let PieceHead { message, len, .. } = head;
            self.text.clone_from(&begun);
            let _ = write!(
                self.text,
                ",\"direction\":\"{direction}\",\"message\":{message},\"frame\":{},\
                 \"time\":\"{time}\",\"offset\":{offset},",
                head.stamp.frame
            );
            *offset += len;
            if head.is_lost {
                let _ = writeln!(self.text, "\"missing\":{len}}}");
            } else {
                let _ = write!(self.text, "\"length\":{len},\"data\":\"");
                let mut json = JsonBytes::new(self.shape.data);
                json.put(&self.bytes, &mut self.text);
                json.end(&mut self.text);
                self.text.push_str("\"}\n");
            }
            self.pass_on(out)?;
        }
        Ok(())
    }

    /// Lines for people.
    fn readable(
        &mut self,
        unit: &Unit,
        info: &UnitInfo<'_>,
        said: &mut Said<'_>,
        out: &mut Output,
    ) -> Result<(), SinkError> {
        let is_grouped = self.shape.is_grouped();
        if is_grouped {
            let message = unit.message.map_or(String::new(), |n| format!(" message {n}"));
            let direction = unit.direction.unwrap_or(Direction::Up);
            let packets = match (info.first_frame, info.last_frame) {
                (Some(first), Some(last)) if first == last => format!(" frame {first}"),
                (Some(first), Some(last)) => format!(" frames {first}-{last}"),
                _ => String::new(),
            };
            self.headline(direction, &format!("{message}{packets} {} bytes", info.bytes));
        }
        let (mut pieces, mut offsets) = (unit.pieces(), [0; 2]);
        while let Some(head) = said.next_piece(&mut pieces, Some(&mut self.bytes))? {
            if head.is_lost {
                self.headline(head.direction, &format!(" {} bytes missing", head.len));
            } else if !is_grouped {
                let after = (head.stamp.time - info.flow.start) as f64 / 1e9;
                let what = format!(" frame {} {after:+.6} s {} bytes", head.stamp.frame, head.len);
                self.headline(head.direction, &what);
            }
            let offset = &mut offsets[head.direction.index()];
            readable(&self.bytes, *offset, self.shape.data, &mut self.text);
            *offset += head.len;
            self.pass_on(out)?;
        }
        self.text.push('\n');
        self.pass_on(out)
    }

    /// A line that is not of the stream: an arrow, up or down, and what follows.
    fn headline(&mut self, direction: Direction, what: &str) {
        let (arrow, color) = match direction {
            Direction::Up => ('>', "\u{1b}[31m"),
            Direction::Down => ('<', "\u{1b}[34m"),
        };
        let (on, off) = if self.shape.color { (color, "\u{1b}[0m") } else { ("", "") };
        let _ = writeln!(self.text, "{on}{arrow}{what}{off}");
    }

    /// What is written in the place of bytes that never came.
    pub(crate) fn zeros(&mut self, len: u64) -> impl Iterator<Item = &'static [u8]> + use<> {
        let is_filled = len <= self.limits.fill_max && len <= self.zeros_left;
        let mut left = if is_filled && !self.shape.strict { len } else { 0 };
        self.zeros_left -= left;
        if !self.shape.strict {
            self.unfilled += len - left;
        }
        std::iter::from_fn(move || {
            let part = ZEROS.get(..left.min(ZEROS.len() as u64) as usize)?;
            left -= part.len() as u64;
            (!part.is_empty()).then_some(part)
        })
    }

    fn pass_on(&mut self, out: &mut Output) -> Result<(), SinkError> {
        out.put(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}

static ZEROS: [u8; 4096] = [0; 4096];
