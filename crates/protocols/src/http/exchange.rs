//! Requests and what answered them, as all versions of HTTP have them.

use crate::lists::push_sparing;
use crate::{Context, Stamp, Want, WireText};

/// What HTTP requests and responses told.
#[derive(Clone, Debug, Default)]
pub struct Http {
    /// Requests.
    pub request_count: u64,
    /// Responses; of interim ones (1xx) only a switch to another protocol counts.
    pub response_count: u64,
    /// Responses with a status of 400 or more.
    pub error_count: u64,
    /// Bytes of all request bodies, without their framing.
    pub request_body_bytes: u64,
    /// Bytes of all response bodies, without their framing.
    pub response_body_bytes: u64,
    /// Requests and what answered them, in the order in which they began. All of them if messages
    /// are wanted; else those with the first request and the first response.
    pub exchanges: Vec<Exchange>,
    /// What the connection was switched to by a 101 response.
    pub upgrade: Option<WireText>,
    /// The error code of the first HTTP/2 GOAWAY frame.
    pub goaway: Option<u32>,
    /// Whether something was lost: bytes that were not captured, or HTTP/2 header tables unknown.
    pub is_incomplete: bool,
    first_request: Option<usize>,
    first_response: Option<usize>,
    text_bytes: usize,
}

/// A request and what answered it; one of them can be missing.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The request.
    pub request: Option<Request>,
    /// The response that settled it.
    pub response: Option<Response>,
    /// Interim responses (1xx) before that.
    pub interim: Vec<u16>,
    /// HTTP/2 stream.
    pub stream: Option<u32>,
    /// Error code of the `RST_STREAM` frame that ended the stream.
    pub reset: Option<u32>,
    /// When its last byte so far came.
    pub end: i64,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// When its first byte came.
    pub stamp: Stamp,
    /// `1.1`, `2` and so on; `0.9` where the request names none.
    pub version: WireText,
    /// Method; missing where an HTTP/2 header table was not known.
    pub method: Option<WireText>,
    /// Target as it was sent: a path, a URL, `host:port`, or `*`.
    pub target: Option<WireText>,
    /// Scheme, of HTTP/2.
    pub scheme: Option<WireText>,
    /// The header field `Host` or what stands for it in HTTP/2 or in the target.
    pub host: Option<WireText>,
    /// `User-Agent`.
    pub user_agent: Option<WireText>,
    /// `Referer`.
    pub referer: Option<WireText>,
    /// `Content-Type`.
    pub content_type: Option<WireText>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
    /// Bytes of the body that were seen, without their framing.
    pub body_bytes: u64,
    /// JA4H.
    #[cfg(feature = "ja4plus")]
    pub ja4h: Option<String>,
}

/// A response.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// When its first byte came.
    pub stamp: Stamp,
    /// `1.1`, `2` and so on.
    pub version: WireText,
    /// Status; missing where an HTTP/2 header table was not known.
    pub status: Option<u16>,
    /// What HTTP/1 says after the status.
    pub reason: Option<WireText>,
    /// `Server`.
    pub server: Option<WireText>,
    /// `Content-Type`.
    pub content_type: Option<WireText>,
    /// `Content-Encoding`.
    pub content_encoding: Option<WireText>,
    /// `Location`.
    pub location: Option<WireText>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
    /// Bytes of the body that were seen, without their framing.
    pub body_bytes: u64,
}

/// Which half of an exchange something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Half {
    /// The request.
    Request,
    /// The response.
    Response,
}

impl Http {
    /// The first request.
    pub fn request(&self) -> Option<&Request> {
        self.exchanges.get(self.first_request?)?.request.as_ref()
    }

    /// The first response.
    pub fn response(&self) -> Option<&Response> {
        self.exchanges.get(self.first_response?)?.response.as_ref()
    }

    /// Takes an exchange in; gives its place if it is kept.
    pub(super) fn begin(exchange: Exchange, context: &mut Context<'_>) -> Option<usize> {
        let wants_all = context.wants.has(Want::HttpMessages);
        let http = context.findings.http.get_or_insert_default();
        let has_first = exchange.request.is_some() && http.first_request.is_none()
            || exchange.response.is_some() && http.first_response.is_none();
        let has_room =
            http.exchanges.len() < context.limits.messages_max && http.text_bytes < TEXT_BYTES_MAX;
        let is_kept = has_first || wants_all && has_room;
        if !is_kept {
            context.findings.messages_dropped += u64::from(wants_all);
            return None;
        }
        let at = http.exchanges.len();
        if exchange.request.is_some() {
            http.first_request.get_or_insert(at);
        }
        if exchange.response.is_some() {
            http.first_response.get_or_insert(at);
        }
        http.text_bytes += exchange.request.as_ref().map_or(0, Request::text_bytes)
            + exchange.response.as_ref().map_or(0, Response::text_bytes);
        push_sparing(&mut http.exchanges, exchange);
        Some(at)
    }

    /// Takes a request in, for the response at a place if that came before; gives the place of its
    /// exchange if it is kept.
    pub(super) fn request_came(
        mut request: Request,
        place: Option<usize>,
        stream: Option<u32>,
        context: &mut Context<'_>,
    ) -> Option<usize> {
        let http = Self::of(context);
        http.request_count += 1;
        let is_full = place.is_some() && http.text_bytes >= TEXT_BYTES_MAX;
        if is_full {
            request.forget_texts();
            context.findings.messages_dropped += 1;
        }
        let http = Self::of(context);
        if let Some(at) = place
            && let Some(exchange) = http.exchanges.get_mut(at)
            && exchange.request.is_none()
        {
            http.text_bytes += request.text_bytes();
            exchange.end = exchange.end.max(request.stamp.time);
            exchange.request = Some(request);
            http.first_request.get_or_insert(at);
            return place;
        }
        let end = request.stamp.time;
        let exchange = Exchange { request: Some(request), stream, end, ..Exchange::default() };
        Self::begin(exchange, context)
    }

    /// Takes in the response to the request at a place, or to one that was not seen; gives its place.
    pub(super) fn response_came(
        mut response: Response,
        place: Option<usize>,
        stream: Option<u32>,
        context: &mut Context<'_>,
    ) -> Option<usize> {
        let http = Self::of(context);
        http.response_count += 1;
        http.error_count += u64::from(response.status.is_some_and(|status| status >= 400));
        let is_full = place.is_some() && http.text_bytes >= TEXT_BYTES_MAX;
        if is_full {
            response.forget_texts();
            context.findings.messages_dropped += 1;
        }
        let http = Self::of(context);
        if let Some(at) = place
            && let Some(exchange) = http.exchanges.get_mut(at)
            && exchange.response.is_none()
        {
            http.text_bytes += response.text_bytes();
            exchange.end = exchange.end.max(response.stamp.time);
            exchange.response = Some(response);
            exchange.stream = stream;
            http.first_response.get_or_insert(at);
            return place;
        }
        let end = response.stamp.time;
        let exchange = Exchange { response: Some(response), stream, end, ..Exchange::default() };
        Self::begin(exchange, context)
    }

    /// Takes in an interim response (RFC 9110, 15.2).
    pub(super) fn interim_came(
        status: u16,
        place: Option<usize>,
        stream: Option<u32>,
        context: &mut Context<'_>,
    ) {
        let http = Self::of(context);
        if let Some(exchange) = place.and_then(|at| http.exchanges.get_mut(at)) {
            if exchange.interim.len() < INTERIM_MAX {
                exchange.interim.push(status);
            } else {
                context.findings.messages_dropped += 1;
            }
        } else if place.is_none() && context.wants.has(Want::HttpMessages) {
            let exchange = Exchange { interim: vec![status], stream, ..Exchange::default() };
            Self::begin(exchange, context);
        }
    }

    /// Counts bytes of a body.
    pub(super) fn body_came(
        half: Half,
        place: Option<usize>,
        len: u64,
        time: i64,
        context: &mut Context<'_>,
    ) {
        let http = Self::of(context);
        match half {
            Half::Request => http.request_body_bytes += len,
            Half::Response => http.response_body_bytes += len,
        }
        let Some(exchange) = place.and_then(|at| http.exchanges.get_mut(at)) else { return };
        exchange.end = exchange.end.max(time);
        match half {
            Half::Request => {
                if let Some(request) = &mut exchange.request {
                    request.body_bytes += len;
                }
            }
            Half::Response => {
                if let Some(response) = &mut exchange.response {
                    response.body_bytes += len;
                }
            }
        }
    }

    pub(super) fn of<'c>(context: &'c mut Context<'_>) -> &'c mut Self {
        context.findings.http.get_or_insert_default()
    }
}

impl Exchange {
    /// Nanoseconds from the first byte of the request to the last of the response, if both were seen.
    pub fn duration(&self) -> Option<i64> {
        let (request, _) = (self.request.as_ref()?, self.response.as_ref()?);
        Some(self.end - request.stamp.time)
    }
}

impl Request {
    /// The absolute URL, as far as it can be told.
    pub fn url(&self) -> Option<String> {
        let target = self.target.as_ref()?.as_str();
        if target.contains("://") && !target.starts_with('/') {
            return Some(target.to_owned());
        }
        let host = self.host.as_ref()?.as_str();
        let scheme = self.scheme.as_ref().map_or("http", WireText::as_str);
        target.starts_with('/').then(|| format!("{scheme}://{host}{target}"))
    }

    fn text_bytes(&self) -> usize {
        let texts = [
            &self.method,
            &self.target,
            &self.scheme,
            &self.host,
            &self.user_agent,
            &self.referer,
            &self.content_type,
        ];
        text_bytes(&texts)
    }

    /// Keeps what takes no memory of its own.
    fn forget_texts(&mut self) {
        let Self { stamp, content_length, .. } = *self;
        *self = Self { stamp, content_length, ..Self::default() };
    }
}

impl Response {
    fn text_bytes(&self) -> usize {
        let texts = [
            &self.reason,
            &self.server,
            &self.content_type,
            &self.content_encoding,
            &self.location,
        ];
        text_bytes(&texts)
    }

    /// Keeps what takes no memory of its own.
    fn forget_texts(&mut self) {
        let Self { stamp, status, content_length, .. } = *self;
        *self = Self { stamp, status, content_length, ..Self::default() };
    }
}

fn text_bytes(texts: &[&Option<WireText>]) -> usize {
    texts.iter().filter_map(|text| text.as_ref()).map(WireText::held).sum()
}

/// Bytes of text that are kept of the exchanges of a flow; of one that begins before they are used up
/// and goes on after, the numbers are kept.
const TEXT_BYTES_MAX: usize = 16 << 20;
/// Interim responses that are kept of an exchange.
const INTERIM_MAX: usize = 16;
