//! IP datagrams that came in fragments, as they are written.

use std::fmt::Write as _;
use std::net::IpAddr;

use flowloom_schema::Timestamp;
use serde::Serialize;

use super::encode::{JsonBytes, readable};
use super::{Shape, StreamFormat, json};
use crate::pipeline::IpDatagram;

/// What is known of a datagram.
#[derive(Debug, Serialize)]
pub(crate) struct DatagramInfo<'d> {
    capture: &'d str,
    src_ip: IpAddr,
    dst_ip: IpAddr,
    /// Protocol of the payload; not known if the first fragment did not come.
    protocol: Option<u8>,
    /// The identification that its fragments have in common.
    id: u32,
    frames: &'d [u64],
    first_time: String,
    last_time: String,
    /// Bytes of the payload that came.
    pub(crate) bytes: u64,
    /// Bytes that did not come, between others.
    pub(crate) missing: u64,
    holes: &'d [(u32, u32)],
    /// Whether all of it came, to its end.
    pub(crate) is_complete: bool,
}

impl<'d> DatagramInfo<'d> {
    pub(crate) fn of(datagram: &'d IpDatagram, capture: &'d str) -> Self {
        let IpDatagram { origin, payload, holes, .. } = datagram;
        let missing = holes.iter().map(|(from, to)| u64::from(to - from)).sum::<u64>();
        Self {
            capture,
            src_ip: datagram.src,
            dst_ip: datagram.dst,
            protocol: datagram.protocol,
            id: origin.id,
            frames: &origin.frames,
            first_time: Timestamp(origin.first_time).to_string(),
            last_time: Timestamp(datagram.last_time).to_string(),
            bytes: payload.len() as u64 - missing,
            missing,
            holes,
            is_complete: missing == 0 && !datagram.is_open,
        }
    }

    /// The name of its file, without an ending; see [`StreamFlow::file_stem`](super::StreamFlow).
    pub(crate) fn file_stem(&self, capture_number: Option<usize>) -> String {
        let capture = capture_number.map_or(String::new(), |number| format!("c{number}_"));
        let [src, dst] = [self.src_ip, self.dst_ip].map(|ip| ip.to_string().replace(':', "."));
        let (first, id) = (self.frames.first().copied().unwrap_or(0), self.id);
        format!("{capture}ip-{first}_{src}_{dst}_{id}")
    }

    /// It in the form that is asked for.
    pub(crate) fn shown(&self, datagram: &IpDatagram, shape: Shape) -> Vec<u8> {
        let pieces = if shape.strict { pieces(datagram) } else { vec![(0, &datagram.payload[..])] };
        let mut text = String::new();
        match shape.format {
            StreamFormat::Bytes => {
                return pieces.iter().flat_map(|(_, piece)| *piece).copied().collect();
            }
            StreamFormat::Text => {
                let frames = self.frames.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
                // Writing to memory does not fail.
                let _ = writeln!(
                    text,
                    "datagram {} > {} id {} frames {frames} {} bytes, {} missing{}",
                    self.src_ip,
                    self.dst_ip,
                    self.id,
                    self.bytes,
                    self.missing,
                    if datagram.is_open { ", and the end" } else { "" }
                );
                for (offset, piece) in pieces {
                    readable(piece, offset, shape.data, &mut text);
                }
                text.push('\n');
            }
            StreamFormat::JsonLines => {
                text = json::object_begun(self);
                let in_pieces = shape.strict && !datagram.holes.is_empty();
                text.push_str(if in_pieces { ",\"pieces\":[" } else { "" });
                for (i, (offset, piece)) in pieces.into_iter().enumerate() {
                    if in_pieces {
                        let comma = if i == 0 { "" } else { "," };
                        let _ = write!(text, "{comma}{{\"offset\":{offset}");
                    }
                    text.push_str(",\"data\":\"");
                    let mut bytes = JsonBytes::new(shape.data);
                    bytes.put(piece, &mut text);
                    bytes.end(&mut text);
                    text.push_str(if in_pieces { "\"}" } else { "\"" });
                }
                text.push_str(if in_pieces { "]}\n" } else { "}\n" });
            }
        }
        text.into_bytes()
    }
}

/// What is between the holes, and where.
pub(crate) fn pieces(datagram: &IpDatagram) -> Vec<(u64, &[u8])> {
    let end = datagram.payload.len() as u32;
    let (mut pieces, mut at) = (Vec::new(), 0);
    for (from, to) in datagram.holes.iter().copied().chain([(end, end)]) {
        let piece = datagram.payload.get(at as usize..from as usize).unwrap_or(&[]);
        if !piece.is_empty() {
            pieces.push((u64::from(at), piece));
        }
        at = to;
    }
    pieces
}
