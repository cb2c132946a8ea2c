//! HTTP/2 in the clear (RFC 9113): with prior knowledge, or after HTTP/1 was upgraded (RFC 7540, 3.2).

pub mod frame;
pub mod hpack;

use std::collections::BTreeMap;
use std::sync::Arc;

use flowloom_flow::Direction;

use super::WANTED;
use super::bodies::{Bodies, Whose};
use super::exchange::{Half, Http};
use super::fields::Fields;
use crate::{
    Application, Context, Cursor, FoundBy, Input, Match, Opening, Protocol, Stamp, Step,
    StreamParser, Transport, Want, Wants, WireText,
};
use frame::{FrameHeader, HEADER_LEN};
use hpack::Decoder;

/// HTTP/2 in the clear.
#[derive(Debug)]
pub struct Http2Protocol;

impl Protocol for Http2Protocol {
    fn name(&self) -> &'static str {
        "http2"
    }

    fn ports(&self, _: Transport) -> &[u16] {
        &[]
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        let bytes = opening.bytes;
        match opening.transport {
            Transport::Tcp if bytes.starts_with(PREFACE) => Match::Yes,
            Transport::Tcp if PREFACE.starts_with(bytes) => Match::NeedMore,
            Transport::Tcp if frame::is_first_settings(bytes) => Match::Yes,
            _ => Match::No,
        }
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        wants.has_any(WANTED).then(|| Box::new(Http2Parser::default()) as _)
    }
}

impl Http2Protocol {
    /// HTTP/1 was upgraded.
    pub(super) fn found(context: &mut Context<'_>) {
        let applications = &mut context.findings.applications;
        if !applications.iter().any(|known| known.protocol.name() == Self.name()) {
            applications.push(Application { protocol: Arc::new(Self), by: FoundBy::Content });
        }
    }
}

/// Parses both directions of an HTTP/2 connection.
#[derive(Debug, Default)]
pub(super) struct Http2Parser {
    sides: [Side; 2],
    /// Streams that are not over.
    streams: BTreeMap<u32, Stream>,
    /// Which side the requests come from, once it is known.
    client: Option<Direction>,
}

#[derive(Debug, Default)]
struct Side {
    state: State,
    decoder: Decoder,
    /// A header block whose end is still to come.
    block: Option<Block>,
    /// A frame whose data is handed on as it comes, where somebody wants it.
    data: Option<Data>,
}

/// What is still to come of a DATA frame.
#[derive(Clone, Copy, Debug)]
struct Data {
    stream: u32,
    half: Half,
    /// Where its exchange is kept.
    place: Option<usize>,
    left: u64,
    /// Bytes of padding after the data.
    padding: usize,
    ends_stream: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing was read yet.
    #[default]
    First,
    Frames,
    /// Bytes were lost: a frame may begin with a packet.
    Lost,
}

#[derive(Clone, Debug)]
struct Block {
    /// The stream of the frame, to which the rest of the block is bound.
    frame_stream: u32,
    /// The stream that the fields are of: with `PUSH_PROMISE` another one.
    stream: u32,
    bytes: Vec<u8>,
    is_too_long: bool,
    ends_stream: bool,
    is_promise: bool,
    stamp: Stamp,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    /// Where its exchange is kept.
    place: Option<usize>,
    /// Which side sent the request.
    client: Direction,
    is_requested: bool,
    is_answered: bool,
    /// Directions that have ended.
    ended: [bool; 2],
}

impl StreamParser for Http2Parser {
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let bytes = input.bytes;
        if let Some(data) = self.side(input.direction).data.take() {
            return self.body(data, input, context);
        }
        let state = self.side(input.direction).state;
        if state == State::First && PREFACE.starts_with(bytes.get(..PREFACE.len()).unwrap_or(bytes))
        {
            if bytes.len() < PREFACE.len() {
                return Step::Need(PREFACE.len());
            }
            self.client = Some(input.direction);
            return Step::Consumed(PREFACE.len());
        }
        let Some(header) = FrameHeader::parse(bytes) else { return Step::Need(HEADER_LEN) };
        if state != State::Frames && !header.is_plausible() {
            return Step::Consumed(input.packet_len());
        }
        if state == State::First && header.kind != frame::SETTINGS {
            self.lose(input.direction, context);
        }
        self.side(input.direction).state = State::Frames;
        let step = self.frame(header, input, context);
        let is_enough = !context.wants.has_any(&[Want::Http, Want::HttpMessages]);
        if is_enough && self.is_known(input.direction, context) { Step::Stop } else { step }
    }

    fn lost(&mut self, direction: Direction, len: u64, context: &mut Context<'_>) -> bool {
        if let Some(data) = self.side(direction).data.take()
            && len <= data.left
        {
            let whose = Whose { half: data.half, place: data.place, stamp: Stamp::default() };
            Bodies::lost(whose, len, context);
            self.side(direction).data = Some(Data { left: data.left - len, ..data });
            return true;
        }
        self.lose(direction, context);
        true
    }
}

impl Http2Parser {
    /// What follows a request of HTTP/1 that was kept at a place and upgraded.
    pub(super) fn upgraded(place: Option<usize>, client: Direction) -> Self {
        let mut stream = Stream { place, is_requested: true, ..Stream::new(client) };
        stream.ended[client.index()] = true;
        Self {
            client: Some(client),
            streams: BTreeMap::from([(UPGRADED_STREAM, stream)]),
            ..Self::default()
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        &mut self.sides[direction.index()]
    }

    /// What a direction said was not seen, or not understood.
    fn lose(&mut self, direction: Direction, context: &mut Context<'_>) {
        Http::of(context).is_incomplete = true;
        let side = self.side(direction);
        side.state = State::Lost;
        side.block = None;
        side.decoder.forget();
    }

    /// Whether this side has said what names the application.
    fn is_known(&self, direction: Direction, context: &Context<'_>) -> bool {
        let http = context.findings.http.as_ref();
        let is_client = self.client == Some(direction);
        http.is_some_and(|http| !is_client || http.request().is_some())
    }

    fn frame(&mut self, header: FrameHeader, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let len = HEADER_LEN + header.len;
        let direction = input.direction;
        match header.kind {
            frame::DATA => {
                // All that matters of it is the length of the padding.
                let padding = match input.bytes.get(HEADER_LEN) {
                    _ if !header.has(frame::PADDED) || header.len == 0 => 0,
                    None => return Step::Need(HEADER_LEN + 1),
                    Some(padding) => 1 + usize::from(*padding),
                };
                let data = header.len.saturating_sub(padding) as u64;
                if self.data(&header, (data, padding), input, context) {
                    return Step::Consumed(len - data as usize - padding.saturating_sub(1));
                }
                Step::Consumed(len)
            }
            _ if header.len > PAYLOAD_LEN_MAX => {
                if matches!(header.kind, frame::HEADERS | frame::PUSH_PROMISE | frame::CONTINUATION)
                {
                    self.side(direction).decoder.forget();
                    self.side(direction).block = None;
                    Http::of(context).is_incomplete = true;
                }
                Step::Consumed(len)
            }
            frame::HEADERS
            | frame::PUSH_PROMISE
            | frame::CONTINUATION
            | frame::RST_STREAM
            | frame::GOAWAY => {
                let Some(payload) = input.bytes.get(HEADER_LEN..len) else {
                    return Step::Need(len);
                };
                let stamp = input.stamp_at(0);
                if self.payload(&header, payload, direction, stamp, context).is_none() {
                    self.side(direction).decoder.forget();
                    Http::of(context).is_incomplete = true;
                }
                Step::Consumed(len)
            }
            _ => Step::Consumed(len),
        }
    }

    /// Reads the payload of a frame; `None` if a header block was lost by what is wrong with it.
    fn payload(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        direction: Direction,
        stamp: Stamp,
        context: &mut Context<'_>,
    ) -> Option<()> {
        match header.kind {
            frame::HEADERS => {
                let mut fragment = header.unpadded(payload)?;
                if header.has(frame::PRIORITY_FLAG) {
                    fragment.take(PRIORITY_LEN)?;
                }
                let block = Block::new(header, header.stream, stamp);
                self.fragment(Some(block), fragment.rest(), header, direction, context)
            }
            frame::PUSH_PROMISE => {
                let mut fragment = header.unpadded(payload)?;
                let promised = fragment.u32()? & (u32::MAX >> 1);
                let block = Block::new(header, promised, stamp);
                self.fragment(Some(block), fragment.rest(), header, direction, context)
            }
            frame::CONTINUATION => self.fragment(None, payload, header, direction, context),
            frame::RST_STREAM => {
                let code = Cursor::new(payload).u32();
                self.reset(header.stream, code, direction, context);
                Some(())
            }
            _ => {
                let mut cursor = Cursor::new(payload);
                let code = cursor.u32().and(cursor.u32());
                let goaway = &mut Http::of(context).goaway;
                *goaway = goaway.or(code);
                Some(())
            }
        }
    }

    /// Takes a fragment of a header block: the first of a new one, or another of the one that was begun.
    fn fragment(
        &mut self,
        new: Option<Block>,
        bytes: &[u8],
        header: &FrameHeader,
        direction: Direction,
        context: &mut Context<'_>,
    ) -> Option<()> {
        let side = &mut self.sides[direction.index()];
        let begun = side.block.take();
        let was_cut = new.is_some() && begun.is_some();
        if was_cut {
            // Nothing may come between the fragments of a block (RFC 9113, 6.10).
            side.decoder.forget();
            Http::of(context).is_incomplete = true;
        }
        let mut block = new.or(begun).filter(|block| block.frame_stream == header.stream)?;
        block.is_too_long |= block.bytes.len() + bytes.len() > BLOCK_LEN_MAX;
        if block.is_too_long {
            block.bytes = Vec::new();
        } else {
            block.bytes.extend_from_slice(bytes);
        }
        if !header.has(frame::END_HEADERS) {
            side.block = Some(block);
            return Some(());
        }
        self.block(&block, direction, context)
    }

    /// Takes a whole header block.
    fn block(
        &mut self,
        block: &Block,
        direction: Direction,
        context: &mut Context<'_>,
    ) -> Option<()> {
        let decoder = &mut self.sides[direction.index()].decoder;
        let mut fields = Fields::default();
        let decoded = if block.is_too_long {
            Err(hpack::Broken)
        } else {
            decoder.decode(&block.bytes, &mut |name, value| fields.add(name, value))
        };
        let is_whole = decoded.unwrap_or(false);
        if !is_whole {
            Http::of(context).is_incomplete = true;
        }
        self.message(block, fields, is_whole, direction, context);
        if block.ends_stream {
            self.end_stream(block.stream, direction, block.stamp, context);
        }
        decoded.is_ok().then_some(())
    }

    /// Takes the header of a message, or trailers.
    fn message(
        &mut self,
        block: &Block,
        fields: Fields,
        is_whole: bool,
        direction: Direction,
        context: &mut Context<'_>,
    ) {
        let known = self.streams.get(&block.stream).copied();
        let is_from_client = self.client == Some(direction);
        // The pseudo-field that would tell may be one that is not known.
        let is_request = fields.method.is_some()
            || !is_whole && fields.status.is_none() && is_from_client && known.is_none();
        let is_response = fields.status.is_some()
            || !is_whole && !is_request && !is_from_client && known.is_none_or(|s| !s.is_answered);
        let number = Some(block.stream);
        let version = WireText::new(b"2");
        if is_request && known.is_none_or(|stream| !stream.is_requested) {
            let client = if block.is_promise { direction.other() } else { direction };
            self.client.get_or_insert(client);
            let request = fields.into_request(version, block.stamp);
            let place = known.and_then(|stream| stream.place);
            let place = Http::request_came(request, place, number, context);
            let known = known.unwrap_or(Stream::new(client));
            let mut stream = Stream { place, client, is_requested: true, ..known };
            stream.ended[client.index()] |= block.is_promise;
            self.keep_stream(block.stream, stream);
        } else if is_response && known.is_none_or(|stream| !stream.is_answered) {
            self.client.get_or_insert(direction.other());
            let place = known.and_then(|stream| stream.place);
            if let Some(status) = fields.status.filter(|status| (100..200).contains(status)) {
                return Http::interim_came(status, place, number, context);
            }
            let response = fields.into_response(version, None, block.stamp);
            let place = Http::response_came(response, place, number, context);
            let stream = known.unwrap_or(Stream::new(direction.other()));
            self.keep_stream(block.stream, Stream { place, is_answered: true, ..stream });
        }
    }

    fn keep_stream(&mut self, number: u32, stream: Stream) {
        self.streams.insert(number, stream);
        if self.streams.len() > STREAMS_MAX {
            // The oldest has waited longest.
            self.streams.pop_first();
        }
    }

    /// Takes in the header of a DATA frame; whether its data is handed on as it comes.
    fn data(
        &mut self,
        header: &FrameHeader,
        (len, padding): (u64, usize),
        input: &Input<'_>,
        context: &mut Context<'_>,
    ) -> bool {
        let (stream, stamp) = (header.stream, input.stamp_at(0));
        let known = self.streams.get(&stream);
        let client = known.map(|stream| stream.client).or(self.client);
        let is_request = client.unwrap_or(Direction::Up) == input.direction;
        let half = if is_request { Half::Request } else { Half::Response };
        let place = known.and_then(|stream| stream.place);
        Http::body_came(half, place, len, stamp.time, context);
        let ends_stream = header.has(frame::END_STREAM);
        let is_wanted = len > 0 && context.wants.has(Want::HttpBodies);
        if is_wanted {
            let padding = padding.saturating_sub(1);
            let data = Data { stream, half, place, left: len, padding, ends_stream };
            self.side(input.direction).data = Some(data);
        } else if ends_stream {
            self.end_stream(stream, input.direction, stamp, context);
        }
        is_wanted
    }

    /// Hands on what there is of a frame's data.
    fn body(&mut self, mut data: Data, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let len = (input.bytes.len() as u64).min(data.left);
        let bytes = input.bytes.get(..len as usize).unwrap_or(input.bytes);
        let stamp = input.stamp_of(len as usize);
        Bodies::came(Whose { half: data.half, place: data.place, stamp }, bytes, context);
        data.left -= len;
        if data.left > 0 {
            self.side(input.direction).data = Some(data);
            return Step::Consumed(bytes.len());
        }
        if data.ends_stream {
            self.end_stream(data.stream, input.direction, stamp, context);
        }
        match bytes.len() + data.padding {
            // All of it was lost: the next frame begins here.
            0 => self.read(input, context),
            len => Step::Consumed(len),
        }
    }

    fn end_stream(
        &mut self,
        number: u32,
        direction: Direction,
        stamp: Stamp,
        context: &mut Context<'_>,
    ) {
        if let Some(stream) = self.streams.get(&number) {
            let is_request = stream.client == direction;
            let half = if is_request { Half::Request } else { Half::Response };
            Bodies::ended(Whose { half, place: stream.place, stamp }, context);
            self.end_side(number, direction);
        }
    }

    /// What the other side of a stream has said before can come after this, where it waits for what was lost.
    fn end_side(&mut self, number: u32, direction: Direction) {
        if let Some(stream) = self.streams.get_mut(&number) {
            stream.ended[direction.index()] = true;
            if stream.ended == [true; 2] {
                self.streams.remove(&number);
            }
        }
    }

    fn reset(
        &mut self,
        number: u32,
        code: Option<u32>,
        direction: Direction,
        context: &mut Context<'_>,
    ) {
        let place = self.streams.get(&number).and_then(|stream| stream.place);
        self.end_side(number, direction);
        let exchanges = &mut Http::of(context).exchanges;
        if let Some(exchange) = place.and_then(|at| exchanges.get_mut(at)) {
            exchange.reset = exchange.reset.or(code);
        }
    }
}

impl Stream {
    fn new(client: Direction) -> Self {
        Self { place: None, client, is_requested: false, is_answered: false, ended: [false; 2] }
    }
}

impl Block {
    fn new(header: &FrameHeader, stream: u32, stamp: Stamp) -> Self {
        let is_promise = header.kind == frame::PUSH_PROMISE;
        Self {
            frame_stream: header.stream,
            stream,
            bytes: Vec::new(),
            is_too_long: false,
            ends_stream: !is_promise && header.has(frame::END_STREAM),
            is_promise,
            stamp,
        }
    }
}

/// What a client says first (RFC 9113, 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The stream of a request that was sent with HTTP/1 (RFC 7540, 3.2).
const UPGRADED_STREAM: u32 = 1;
/// Length of the fields that a flag adds to HEADERS.
const PRIORITY_LEN: usize = 5;
/// Bytes of a frame that is parsed whole.
const PAYLOAD_LEN_MAX: usize = 128 << 10;
/// Bytes of a header block in all its frames.
const BLOCK_LEN_MAX: usize = 256 << 10;
/// Streams that are not over.
const STREAMS_MAX: usize = 4_096;

#[cfg(test)]
pub(super) mod tests;
