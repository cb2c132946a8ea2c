//! The bodies of HTTP messages, with what their headers say of them.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};

use flowloom_export::{Output, SinkError};
use flowloom_features::Kept;
use flowloom_flow::Ended;
use flowloom_protocols::WireText;
use flowloom_protocols::http::{BodyPart, BodyPartKind, Exchange, Half};
use flowloom_schema::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::decode::decoder;
use super::output::{Outputs, To};
use super::spool::{Chain, Place, Spool};
use super::{StreamFlow, StreamLimits, Streams, TakenCounts, What};

/// Bodies of flows that have not ended.
pub(crate) struct Objects {
    spool: Spool<(u64, Which)>,
    /// What came of each, by flow.
    flows: HashMap<u64, BTreeMap<Which, Body>>,
    decode: bool,
    strict: bool,
    limits: StreamLimits,
    /// Zeros that may still be written in the place of bytes that never came.
    zeros_left: u64,
    pub(crate) counts: TakenCounts,
}

/// The place of an exchange in its flow, and the half of it.
type Which = (u32, Half);

/// What came of a body.
#[derive(Clone, Debug, Default)]
struct Body {
    bytes: u64,
    missing: u64,
    /// Where bytes are missing, from and to.
    holes: Vec<[u64; 2]>,
    holes_unlisted: u64,
    frames: Option<(u64, u64)>,
    times: Option<(i64, i64)>,
    has_ended: bool,
}

/// What is known of an object.
#[derive(Debug, Serialize)]
struct Object<'f> {
    #[serde(flatten)]
    flow: &'f StreamFlow,
    /// Number of the exchange in its flow, from 1.
    exchange: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    http2_stream: Option<u32>,
    /// `request` or `response`.
    half: &'static str,
    method: Option<String>,
    url: Option<String>,
    host: Option<String>,
    status: Option<u16>,
    content_type: Option<String>,
    content_encoding: Option<String>,
    content_length: Option<u64>,
    first_frame: Option<u64>,
    last_frame: Option<u64>,
    first_time: Option<String>,
    last_time: Option<String>,
    /// Bytes of the body that came.
    bytes: u64,
    /// Bytes that never came, between others.
    missing: u64,
    holes: Vec<[u64; 2]>,
    holes_unlisted: u64,
    /// Whether all of it came, to its end.
    is_complete: bool,
    /// The encoding that was undone.
    decoded: Option<String>,
    /// Why none was, although it was asked for.
    not_decoded: Option<String>,
    /// Of what is written.
    sha256: Option<String>,
}

impl Objects {
    pub(crate) fn new(streams: &Streams) -> Self {
        let StreamLimits { memory_max, fill_total_max, .. } = streams.limits;
        Self {
            spool: Spool::new(memory_max),
            flows: HashMap::new(),
            decode: streams.what == What::Objects { decode: true },
            strict: streams.shape.strict,
            limits: streams.limits,
            zeros_left: fill_total_max,
            counts: TakenCounts::default(),
        }
    }

    /// Sets a part of a body aside.
    pub(crate) fn keep(&mut self, part: &BodyPart, bytes: &[u8]) -> Result<(), SinkError> {
        let which = (part.exchange, part.half);
        let bodies = self.flows.entry(part.flow_id).or_default();
        if part.kind == BodyPartKind::End {
            // A message without a body has an end, too.
            if let Some(body) = bodies.get_mut(&which) {
                body.has_ended = true;
            }
            return Ok(());
        }
        bodies.entry(which).or_default().take(part);
        if bytes.is_empty() { Ok(()) } else { self.spool.push((part.flow_id, which), [bytes, &[]]) }
    }

    /// The filter did not accept a flow.
    pub(crate) fn forget(&mut self, flow_id: u64) {
        for which in self.flows.remove(&flow_id).unwrap_or_default().into_keys() {
            if let Some(chain) = self.spool.take(&(flow_id, which)) {
                self.spool.forget(&chain);
            }
        }
    }

    /// Writes the bodies of a flow that has ended, or their description alone.
    pub(crate) fn flow(
        &mut self,
        flow: &StreamFlow,
        ended: &Ended<Kept>,
        to: &mut Outputs,
    ) -> Result<(), SinkError> {
        let bodies = self.flows.remove(&flow.flow_id).unwrap_or_default();
        let http = ended.flow.keep.findings().and_then(|findings| findings.http.as_ref());
        self.counts.flows += u64::from(!bodies.is_empty());
        for (which, body) in bodies {
            let chain = self.spool.take(&(flow.flow_id, which)).unwrap_or_default();
            let exchange = http.and_then(|http| http.exchanges.get(which.0 as usize));
            let object = Object::of(flow, which, exchange, &body);
            let done = self.write(object, &body, &chain, to);
            self.spool.forget(&chain);
            done?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        mut object: Object<'_>,
        body: &Body,
        chain: &Chain,
        to: &mut Outputs,
    ) -> Result<(), SinkError> {
        self.counts.units += 1;
        self.counts.bytes += body.bytes;
        self.counts.missing += body.missing;
        self.counts.incomplete += u64::from(!object.is_complete);
        let is_filled = !self.strict && self.is_filled(body);
        let encodings = object.content_encoding.clone().filter(|_| self.decode);
        if let Some(encodings) = encodings {
            match self.copy(chain, body, is_filled, Some(&encodings), &object, to)? {
                Ok(copied) => {
                    object.decoded = Some(encodings);
                    return finish(object, copied, to);
                }
                Err(why) => object.not_decoded = Some(why),
            }
        }
        match self.copy(chain, body, is_filled, None, &object, to)? {
            Ok(copied) => finish(object, copied, to),
            Err(why) => Err(super::spool::failed(io::Error::other(why))),
        }
    }

    /// Whether zeros are put in the place of what is missing.
    fn is_filled(&mut self, body: &Body) -> bool {
        let longest = body.holes.iter().map(|[from, to]| to - from).max().unwrap_or(0);
        let is_filled = longest <= self.limits.fill_max
            && body.missing <= self.zeros_left
            && body.holes_unlisted == 0;
        if is_filled {
            self.zeros_left -= body.missing;
        } else {
            self.counts.unfilled += body.missing;
        }
        is_filled
    }

    /// Writes a body and takes its hash; why its encoding could not be undone, if so.
    fn copy(
        &mut self,
        chain: &Chain,
        body: &Body,
        is_filled: bool,
        encodings: Option<&str>,
        object: &Object<'_>,
        to: &mut Outputs,
    ) -> Result<Result<Copied, String>, SinkError> {
        let decoded_max = self.limits.decoded_max;
        let mut failure = None;
        let holes = if is_filled { &body.holes[..] } else { &[] };
        let reader = BodyReader {
            spool: &mut self.spool,
            chain,
            place: Place::default(),
            at: 0,
            left: body.bytes,
            holes,
            failure: &mut failure,
        };
        let mut reader: Box<dyn Read> = match encodings {
            None => Box::new(reader),
            Some(encodings) => match decoder(encodings, reader) {
                None => return Ok(Err(format!("the encoding {encodings} is not known"))),
                Some(Err(error)) => return Ok(Err(error.to_string())),
                Some(Ok(reader)) => reader,
            },
        };
        let mut copied = Copied { out: None, name: String::new(), hash: Sha256::new(), bytes: 0 };
        if let To::Directory(directory) = &to.to {
            copied.name = object.file_name();
            copied.out = Some(directory.create(&copied.name)?);
        }
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let len = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    drop(reader);
                    return failure.map_or(Ok(Err(error.to_string())), Err);
                }
            };
            copied.bytes += len as u64;
            if encodings.is_some() && copied.bytes > decoded_max {
                return Ok(Err(format!("it would have more than {decoded_max} bytes")));
            }
            let bytes = buffer.get(..len).unwrap_or(&buffer);
            copied.hash.update(bytes);
            if let Some(out) = &mut copied.out {
                out.put(bytes)?;
            }
        }
        Ok(Ok(copied))
    }
}

/// A body that was written.
struct Copied {
    out: Option<Output>,
    name: String,
    hash: Sha256,
    bytes: u64,
}

fn finish(mut object: Object<'_>, copied: Copied, to: &mut Outputs) -> Result<(), SinkError> {
    object.sha256 = Some(flowloom_protocols::hex(&copied.hash.finalize()));
    match copied.out {
        Some(file) => to.finish(&copied.name, file, &object),
        None => to.describe(&object, copied.bytes, || object.line(copied.bytes)),
    }
}

impl Body {
    fn take(&mut self, part: &BodyPart) {
        let at = self.bytes + self.missing;
        match part.kind {
            BodyPartKind::End => {}
            BodyPartKind::Lost(len) => {
                self.missing += len;
                let has_room = self.holes.len() < HOLES_MAX;
                match self.holes.last_mut() {
                    Some(last) if last[1] == at => last[1] += len,
                    _ if has_room => self.holes.push([at, at + len]),
                    _ => self.holes_unlisted += 1,
                }
            }
            BodyPartKind::Bytes(len) => {
                self.bytes += len;
                let (frame, time) = (part.stamp.frame, part.stamp.time);
                let (first, last) = self.frames.unwrap_or((frame, frame));
                self.frames = Some((first.min(frame), last.max(frame)));
                let (first, last) = self.times.unwrap_or((time, time));
                self.times = Some((first.min(time), last.max(time)));
            }
        }
    }
}

impl<'f> Object<'f> {
    fn of(
        flow: &'f StreamFlow,
        (place, half): Which,
        exchange: Option<&Exchange>,
        body: &Body,
    ) -> Self {
        let text = |text: &Option<WireText>| text.as_ref().map(|text| text.as_str().to_owned());
        let request = exchange.and_then(|exchange| exchange.request.as_ref());
        let response = exchange.and_then(|exchange| exchange.response.as_ref());
        let (content_type, content_encoding, content_length) = match half {
            Half::Request => (
                request.and_then(|request| text(&request.content_type)),
                None,
                request.and_then(|request| request.content_length),
            ),
            Half::Response => (
                response.and_then(|response| text(&response.content_type)),
                response.and_then(|response| text(&response.content_encoding)),
                response.and_then(|response| response.content_length),
            ),
        };
        let time = |time: i64| Timestamp(time).to_string();
        Self {
            flow,
            exchange: place.saturating_add(1),
            http2_stream: exchange.and_then(|exchange| exchange.stream),
            half: match half {
                Half::Request => "request",
                Half::Response => "response",
            },
            method: request.and_then(|request| text(&request.method)),
            url: request.and_then(|request| request.url().or_else(|| text(&request.target))),
            host: request.and_then(|request| text(&request.host)),
            status: response.and_then(|response| response.status),
            content_type,
            content_encoding,
            content_length,
            first_frame: body.frames.map(|(first, _)| first),
            last_frame: body.frames.map(|(_, last)| last),
            first_time: body.times.map(|(first, _)| time(first)),
            last_time: body.times.map(|(_, last)| time(last)),
            bytes: body.bytes,
            missing: body.missing,
            holes: body.holes.clone(),
            holes_unlisted: body.holes_unlisted,
            is_complete: body.has_ended && body.missing == 0,
            decoded: None,
            not_decoded: None,
            sha256: None,
        }
    }

    /// The name of its file: that of the flow, which body it is, and the last part of the URL's path,
    /// as far as it is harmless.
    fn file_name(&self) -> String {
        let path = self.url.as_deref().unwrap_or_default().split(['?', '#']).next();
        let last = path.unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let safe = last.chars().map(|c| if is_safe(c) { c } else { '_' });
        let safe = safe.take(NAME_LEN_MAX).collect::<String>();
        let name = if safe.is_empty() { "body".into() } else { safe };
        format!("{}_{}-{}_{name}", self.flow.file_stem(), self.half, self.exchange)
    }

    fn line(&self, size: u64) -> String {
        let shown = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or("-");
            let harmless = |c: char| !c.is_control() && !flowloom_export::is_invisible(c);
            text.chars().map(|c| if harmless(c) { c } else { '\u{fffd}' }).collect::<String>()
        };
        let status = self.status.map_or("-".into(), |status| status.to_string());
        let frame = self.first_frame.map_or("-".into(), |frame| frame.to_string());
        format!(
            "flow {} frame {frame} {} {} {} {status} {} {size} bytes{}\n",
            self.flow.flow_id,
            self.half,
            shown(&self.method),
            shown(&self.url),
            shown(&self.content_type),
            if self.is_complete { "" } else { ", incomplete" },
        )
    }
}

/// A body from its first byte to its last, with zeros in the place of holes.
struct BodyReader<'s> {
    spool: &'s mut Spool<(u64, Which)>,
    chain: &'s Chain,
    place: Place,
    at: u64,
    /// Bytes that came and were not read yet.
    left: u64,
    holes: &'s [[u64; 2]],
    /// What went wrong with the bytes that were set aside.
    failure: &'s mut Option<SinkError>,
}

impl Read for BodyReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len() as u64;
        let (len, is_hole) = match self.holes.first() {
            Some([from, to]) if self.at >= *from => (to - self.at, true),
            Some([from, _]) => (self.left.min(from - self.at), false),
            None => (self.left, false),
        };
        let len = len.min(room).min(self.chain.contiguous(self.place).unwrap_or(len));
        let bytes = buffer.get_mut(..len as usize).unwrap_or(&mut []);
        if is_hole {
            bytes.fill(0);
        } else if !bytes.is_empty() {
            self.left -= len;
            if let Err(error) = self.spool.read(self.chain, &mut self.place, bytes) {
                *self.failure = Some(error);
                return Err(io::Error::other("what was set aside cannot be read"));
            }
        }
        self.at += len;
        if self.holes.first().is_some_and(|[_, to]| self.at >= *to) {
            self.holes = &self.holes[1..];
        }
        Ok(len as usize)
    }
}

const BUFFER_BYTES: usize = 64 << 10;
/// Holes of a body that are listed.
const HOLES_MAX: usize = 65_536;
/// Characters of a path in a file's name.
const NAME_LEN_MAX: usize = 80;
