//! HTTP/1 over TCP (RFC 9112): messages one after another in each direction.

mod body;

use std::borrow::Cow;
use std::collections::VecDeque;

use flowloom_flow::Direction;

use super::exchange::{Half, Http};
use super::fields::Fields;
use super::start_line::StartLine;
use super::two::{Http2Parser, Http2Protocol, PREFACE};
use super::websocket::WebsocketProtocol;
use super::{WANTED, probe};
use crate::{
    Context, Input, Match, Opening, Protocol, Stamp, Step, StreamParser, Transport, Want, Wants,
    WireText,
};
use body::{Body, Framing};

/// HTTP/1 over TCP.
#[derive(Debug)]
pub struct HttpProtocol;

impl Protocol for HttpProtocol {
    fn name(&self) -> &'static str {
        "http"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Tcp => &[80, 3128, 8000, 8008, 8080, 8888],
            Transport::Udp => &[],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match opening.transport {
            Transport::Tcp => probe::message(opening.bytes),
            Transport::Udp => Match::No,
        }
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        wants.has_any(WANTED).then(|| Box::new(HttpParser::default()) as _)
    }
}

#[derive(Debug, Default)]
struct HttpParser {
    sides: [Side; 2],
    /// Requests that were not answered yet.
    pending: VecDeque<Pending>,
    /// Whether a request was seen that came before the answer to another.
    pipelines: bool,
    /// Whether messages can have been lost.
    has_hole: bool,
}

#[derive(Debug, Default)]
struct Side {
    state: State,
    /// Bytes at the front of the input that were searched for the end of a line.
    searched: usize,
    /// The first line of a message, as much of it as its first packet brought.
    begun: Option<(Box<[u8]>, Stamp)>,
    /// Whether messages can have been lost before the next one.
    is_behind_hole: bool,
}

#[derive(Debug, Default)]
enum State {
    /// Between messages.
    #[default]
    Between,
    Head(Box<Head>),
    Body(Body),
    /// After a CONNECT request: its response says whose bytes follow.
    Held,
    /// What comes is no message: one may begin with a packet.
    Lost,
}

/// A message whose header has not ended.
#[derive(Debug)]
struct Head {
    start: Start,
    version: WireText,
    fields: Fields,
    stamp: Stamp,
    len: usize,
}

#[derive(Debug)]
enum Start {
    Request,
    Status { status: u16, reason: Option<WireText> },
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    /// Where its exchange is kept.
    place: Option<usize>,
    kind: RequestKind,
    /// The frame that it began in.
    frame: u64,
    /// Whether others can have been lost before it.
    is_behind_hole: bool,
}

/// What matters of a request to the framing of its response (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestKind {
    Head,
    Connect,
    Other,
}

impl StreamParser for HttpParser {
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        match self.side(input.direction).state {
            State::Between => self.start(input, context),
            State::Head(_) => self.head(input, context),
            State::Body(_) => self.body(input, context),
            State::Held => Step::Need(input.bytes.len() + 1),
            State::Lost => self.find(input, context),
        }
    }

    fn lost(&mut self, direction: Direction, len: u64, context: &mut Context<'_>) -> bool {
        Http::of(context).is_incomplete = true;
        let side = self.side(direction);
        side.searched = 0;
        match &mut side.state {
            State::Head(_) | State::Between => self.cut_head(direction, context),
            State::Body(body) => {
                if !body.pass_lost(len, context) {
                    side.state = State::Lost;
                } else if body.is_over() {
                    body.ended(Stamp::default(), context);
                    side.state = State::Between;
                }
            }
            State::Held | State::Lost => side.state = State::Lost,
        }
        if matches!(self.side(direction).state, State::Lost) {
            self.has_hole = true;
            self.side(direction).is_behind_hole = true;
        }
        true
    }

    fn end(&mut self, input: &Input<'_>, context: &mut Context<'_>) {
        let side = self.side(input.direction);
        if let State::Body(body) = &side.state {
            body.closed(input.stamp_at(0), context);
        }
        if matches!(side.state, State::Head(_)) || side.begun.is_some() {
            Http::of(context).is_incomplete = true;
            self.cut_head(input.direction, context);
        }
    }
}

impl HttpParser {
    fn side(&mut self, direction: Direction) -> &mut Side {
        &mut self.sides[direction.index()]
    }

    fn start(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let bytes = input.bytes;
        // Empty lines before a message are to be ignored (RFC 9112, 2.2).
        let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if empty > 0 {
            return Step::Consumed(empty);
        }
        if bytes.starts_with(PREFACE) {
            return Step::Become(0, None);
        }
        let side = self.side(input.direction);
        let Some((line, len)) = next_line(bytes, side.searched) else {
            let can_be = probe::message(bytes) != Match::No || PREFACE.starts_with(bytes);
            if !can_be || bytes.len() > LINE_LEN_MAX {
                return self.lose(input);
            }
            if side.searched == 0 {
                let kept = bytes.get(..WireText::TEXT_MAX).unwrap_or(bytes);
                side.begun = Some((kept.into(), input.stamp_at(0)));
            }
            side.searched = bytes.len();
            return Step::Need(bytes.len() + 1);
        };
        (side.searched, side.begun) = (0, None);
        let Some(start) = StartLine::parse(line) else { return self.lose(input) };
        let mut fields = Fields::default();
        let (start, version) = match start {
            StartLine::Request { method, target, version } => {
                (fields.method, fields.path) = (Some(method), Some(target));
                (Start::Request, version)
            }
            StartLine::Status { version, status, reason } => {
                fields.status = Some(status);
                (Start::Status { status, reason }, version)
            }
        };
        // A message of HTTP/0.9 is its first line.
        let is_whole = version.as_str() == "0.9";
        let stamp = input.stamp_at(0);
        side.state = State::Head(Box::new(Head { start, version, fields, stamp, len }));
        if is_whole { self.head_ends(input, len, context) } else { Step::Consumed(len) }
    }

    /// What begins here is no message.
    fn lose(&mut self, input: &Input<'_>) -> Step {
        let side = self.side(input.direction);
        (side.state, side.searched, side.begun) = (State::Lost, 0, None);
        Step::Consumed(input.packet_len())
    }

    fn head(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let bytes = input.bytes;
        let side = self.side(input.direction);
        let State::Head(head) = &mut side.state else { return Step::Stop };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..)
            && let Some((line, len)) = next_field(rest, side.searched)
        {
            (at, side.searched) = (at + len, 0);
            head.len += len;
            if line.is_empty() {
                return self.head_ends(input, at, context);
            }
            head.fields.line(&line);
        }
        // A line end there is looked at again, with what is behind it.
        side.searched = (bytes.len() - at).saturating_sub(1);
        if side.searched > LINE_LEN_MAX || head.len > HEAD_LEN_MAX {
            self.cut_head(input.direction, context);
            return Step::Consumed(bytes.len());
        }
        if at > 0 { Step::Consumed(at) } else { Step::Need(bytes.len() + 1) }
    }

    /// The header ends after `len` bytes of the input.
    fn head_ends(&mut self, input: &Input<'_>, len: usize, context: &mut Context<'_>) -> Step {
        let direction = input.direction;
        let state = std::mem::take(&mut self.side(direction).state);
        let State::Head(head) = state else { return Step::Stop };
        match head.start {
            Start::Request => self.request_ends(*head, direction, context),
            Start::Status { status, .. } => {
                if let Some(step) = self.response_ends(*head, status, direction, len, context) {
                    return step;
                }
            }
        }
        let goes_on = context.wants.has_any(&[Want::Http, Want::HttpMessages])
            || matches!(self.side(direction).state, State::Held);
        if goes_on { Step::Consumed(len) } else { Step::Stop }
    }

    fn request_ends(&mut self, head: Head, direction: Direction, context: &mut Context<'_>) {
        let framing = Framing::of_request(&head.fields);
        let (place, kind) = self.request(head, direction, context);
        self.side(direction).state = match framing {
            _ if kind == RequestKind::Connect => State::Held,
            Some(framing) => State::Body(Body::new(framing, Half::Request, place)),
            None => State::Between,
        };
    }

    /// Gives what is to be done if HTTP/1 ends with this response.
    fn response_ends(
        &mut self,
        head: Head,
        status: u16,
        direction: Direction,
        len: usize,
        context: &mut Context<'_>,
    ) -> Option<Step> {
        let framing = Framing::of_response(&head.fields, status);
        let is_switch = status == SWITCHING_PROTOCOLS;
        let upgrade = head.fields.upgrade.clone().filter(|_| is_switch);
        let is_h2c = upgrade.as_ref().is_some_and(|name| name.as_str().eq_ignore_ascii_case("h2c"));
        if let Some(upgrade) = upgrade {
            if upgrade.as_str().eq_ignore_ascii_case(WebsocketProtocol::UPGRADE) {
                WebsocketProtocol::found(context);
            }
            Http::of(context).upgrade.get_or_insert(upgrade);
        }
        if is_h2c {
            // The response proper follows on stream 1 (RFC 7540, 3.2).
            let pending = self.answered(direction, head.stamp.frame);
            let place = pending.and_then(|pending| pending.place);
            Http::interim_came(status, place, None, context);
            Http2Protocol::found(context);
            let parser = Http2Parser::upgraded(place, direction.other());
            return Some(Step::Become(len, Some(Box::new(parser))));
        }
        let (place, kind) = self.response(head, status, direction, context);
        if is_switch || kind == RequestKind::Connect && (200..300).contains(&status) {
            return Some(Step::Become(len, None));
        }
        let framing = framing.filter(|_| kind != RequestKind::Head);
        if let Some(framing) = framing {
            let body = Body::new(framing, Half::Response, place);
            self.side(direction).state = State::Body(body);
        }
        if kind == RequestKind::Connect {
            // It was refused: the client goes on with HTTP.
            self.side(direction.other()).state = State::Between;
        }
        None
    }

    /// Takes what is there of a header that has no end, or of its first line.
    fn cut_head(&mut self, direction: Direction, context: &mut Context<'_>) {
        if let Some((line, stamp)) = self.side(direction).begun.take()
            && let Some(StartLine::Request { method, target, version }) =
                StartLine::parse_cut(&line)
        {
            let mut fields = Fields::default();
            (fields.method, fields.path) = (Some(method), Some(target));
            let head = Head { start: Start::Request, version, fields, stamp, len: 0 };
            self.request(head, direction, context);
        }
        let state = std::mem::replace(&mut self.side(direction).state, State::Lost);
        let State::Head(head) = state else { return };
        match head.start {
            Start::Request => self.request(*head, direction, context),
            Start::Status { status, .. } => self.response(*head, status, direction, context),
        };
        self.side(direction).searched = 0;
    }

    fn request(
        &mut self,
        head: Head,
        direction: Direction,
        context: &mut Context<'_>,
    ) -> (Option<usize>, RequestKind) {
        let kind = match head.fields.method.as_ref().map(WireText::as_str) {
            Some("HEAD") => RequestKind::Head,
            Some("CONNECT") => RequestKind::Connect,
            _ => RequestKind::Other,
        };
        let frame = head.stamp.frame;
        let request = head.fields.into_request(head.version, head.stamp);
        let place = Http::request_came(request, None, None, context);
        if self.pending.len() == PENDING_MAX {
            // Nobody answers these: what comes one day is for later ones.
            self.pending.pop_front();
        }
        let is_behind_hole = std::mem::take(&mut self.side(direction).is_behind_hole);
        self.pending.push_back(Pending { place, kind, frame, is_behind_hole });
        (place, kind)
    }

    fn response(
        &mut self,
        head: Head,
        status: u16,
        direction: Direction,
        context: &mut Context<'_>,
    ) -> (Option<usize>, RequestKind) {
        let is_interim = (100..200).contains(&status) && status != SWITCHING_PROTOCOLS;
        if is_interim {
            let pending = self.waiting(direction, head.stamp.frame);
            let place = pending.and_then(|pending| pending.place);
            Http::interim_came(status, place, None, context);
            return (place, RequestKind::Other);
        }
        let pending = self.answered(direction, head.stamp.frame);
        let (place, kind) =
            pending.map_or((None, RequestKind::Other), |pending| (pending.place, pending.kind));
        let Head { start, version, fields, stamp, .. } = head;
        let reason = match start {
            Start::Status { reason, .. } => reason,
            Start::Request => None,
        };
        let response = fields.into_response(version, reason, stamp);
        (Http::response_came(response, place, None, context), kind)
    }

    /// The request that is answered by a response that began in this frame.
    fn answered(&mut self, direction: Direction, frame: u64) -> Option<Pending> {
        let waiting = self.waiting(direction, frame)?;
        self.pending.pop_front();
        Some(waiting)
    }

    /// The same, which waits for more. Where messages were lost it is the last request before the
    /// response, if the client waits for each answer and no request can have been lost between them;
    /// else nobody knows which one it is.
    fn waiting(&mut self, direction: Direction, frame: u64) -> Option<Pending> {
        let earlier = self.pending.partition_point(|request| request.frame < frame);
        if !self.has_hole {
            self.pipelines |= earlier > 1;
            return self.pending.front().copied();
        }
        let frames = self.pending.iter().take(earlier).map(|request| request.frame);
        let came_together = frames.clone().zip(frames.skip(1)).any(|(one, next)| one == next);
        let is_behind_hole = self.sides[direction.other().index()].is_behind_hole;
        let lacks_one =
            self.pending.get(earlier).map_or(is_behind_hole, |next| next.is_behind_hole);
        let is_in_turn = earlier == 1 || earlier > 1 && !self.pipelines && !came_together;
        let is_known = is_in_turn && !lacks_one;
        self.pending.drain(..earlier - usize::from(is_known));
        self.pending.front().copied().filter(|_| is_known)
    }

    fn body(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let is_answer_due = !self.pending.is_empty();
        let side = self.side(input.direction);
        let State::Body(body) = &mut side.state else { return Step::Stop };
        if body.may_be_over(input.bytes, is_answer_due) {
            body.ended(input.stamp_at(0), context);
            side.state = State::Between;
            return self.start(input, context);
        }
        let step = body.read(input, context);
        if body.is_over() {
            body.ended(input.stamp_at(0), context);
            side.state = State::Between;
        }
        step
    }

    /// Looks for a packet that begins with a message.
    fn find(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        if probe::begins_message(input.bytes) {
            self.side(input.direction).state = State::Between;
            return self.start(input, context);
        }
        Step::Consumed(input.packet_len())
    }
}

/// The line at the front, without its end, and its length with it; the first bytes hold no end.
fn next_line(bytes: &[u8], searched: usize) -> Option<(&[u8], usize)> {
    let end = searched + bytes.get(searched..)?.iter().position(|byte| *byte == b'\n')?;
    let line = bytes.get(..end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
}

/// The same with the lines behind it that go on with a field, which begin with blanks: their line ends
/// are blanks then (RFC 9112, 5.2). Whether there are such is known with the next byte.
fn next_field(bytes: &[u8], searched: usize) -> Option<(Cow<'_, [u8]>, usize)> {
    let (line, mut end) = next_line(bytes, searched)?;
    if line.is_empty() || searched == 0 && !is_blank(*bytes.get(end)?) {
        return Some((line.into(), end));
    }
    while is_blank(*bytes.get(end)?) {
        end += next_line(bytes.get(end..)?, 0)?.1;
    }
    let lines = bytes.get(..end)?.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>();
    Some((lines.join(&b' ').into(), end))
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

const SWITCHING_PROTOCOLS: u16 = 101;
/// Bytes of a line.
const LINE_LEN_MAX: usize = 64 << 10;
/// Bytes of a header.
const HEAD_LEN_MAX: usize = 256 << 10;
/// Requests that wait for a response.
const PENDING_MAX: usize = 4_096;

#[cfg(test)]
mod tests;
