//! The event table `http`: one row per request and what answered it.

use flowloom_schema::{Record, Series, Timestamp, record};

use super::{Exchange, Request, Response};
use crate::{EventTable, Findings, Want, Wants, WireText};

record! {
    /// A request and what answered it; one of them can be missing.
    pub struct HttpEvent<'a> in "http" since "0.1" over "one HTTP request and its response" {
        /// The flow it is of.
        flow_id: i64 [None, Identity],
        /// Frame that brought the first byte of the request.
        request_frame: Option<i64> [FrameNumber, Identity],
        /// When the first byte of the request came.
        request_time: Option<Timestamp> [Instant, Time],
        /// Frame that brought the first byte of the response.
        response_frame: Option<i64> [FrameNumber, Identity],
        /// When the first byte of the response came.
        response_time: Option<Timestamp> [Instant, Time],
        /// Seconds from the first byte of the request to the last of the response.
        duration: Option<f64> [Seconds, Feature],
        /// Version of the request, else of the response: `1.1`, `1.0`, `2`; `0.9` where a request names
        /// none (RFC 9112, 2.3).
        version: Option<&'a str> [None, Feature],
        /// Method (RFC 9110, 9).
        method: Option<&'a str> [None, Feature],
        /// Host: the field `Host`, `:authority` in HTTP/2, else as the target names it (RFC 9110, 7.2).
        host: Option<&'a str> [None, Identity],
        /// Target as it was sent: a path, a URL, `host:port`, or `*` (RFC 9112, 3.2).
        uri: Option<&'a str> [None, Identity],
        /// Absolute URL, if the target is one or the host is known (RFC 9110, 7.1).
        url: Option<String> [None, Identity],
        /// `User-Agent` (RFC 9110, 10.1.5).
        user_agent: Option<&'a str> [None, Identity],
        /// `Referer` (RFC 9110, 10.1.3).
        referer: Option<&'a str> [None, Identity],
        /// `Content-Type` of the request (RFC 9110, 8.3).
        request_content_type: Option<&'a str> [None, Feature],
        /// `Content-Length` of the request (RFC 9110, 8.6).
        request_content_length: Option<i64> [Bytes, Feature],
        /// Bytes of the request's body that were seen, without framing.
        request_body_bytes: Option<i64> [Bytes, Feature],
        /// Status (RFC 9110, 15).
        status: Option<i32> [None, Feature],
        /// Interim responses (1xx) before that (RFC 9110, 15.2).
        interim_statuses: Vec<i32> [None, Feature],
        /// Reason phrase (RFC 9112, 4).
        reason: Option<&'a str> [None, Feature],
        /// `Server` (RFC 9110, 10.2.4).
        server: Option<&'a str> [None, Identity],
        /// `Location` (RFC 9110, 10.2.2).
        location: Option<&'a str> [None, Identity],
        /// `Content-Type` of the response (RFC 9110, 8.3).
        content_type: Option<&'a str> [None, Feature],
        /// `Content-Encoding` of the response (RFC 9110, 8.4).
        content_encoding: Option<&'a str> [None, Feature],
        /// `Content-Length` of the response (RFC 9110, 8.6).
        content_length: Option<i64> [Bytes, Feature],
        /// Bytes of the response's body that were seen, without framing.
        body_bytes: Option<i64> [Bytes, Feature],
        /// HTTP/2 stream (RFC 9113, 5).
        http2_stream: Option<i64> [None, Identity],
        /// Error code of the frame that ended the HTTP/2 stream early (RFC 9113, 6.4).
        http2_reset: Option<i64> [None, Feature],
    }
}

/// The event table `http`.
pub const TABLE: EventTable = EventTable {
    name: "http",
    doc: "HTTP requests and what answered them: HTTP/1, HTTP/2 in the clear, and SSDP.",
    wants: Wants::of(&[Want::HttpMessages]),
    columns: HttpEvent::columns,
    append,
};

fn append(flow_id: i64, findings: &Findings, series: &mut [Series]) -> usize {
    let exchanges = findings.http.iter().flat_map(|http| &http.exchanges);
    let rows: Vec<_> = exchanges.map(|exchange| HttpEvent::of(flow_id, exchange)).collect();
    HttpEvent::push_all(&rows, series);
    rows.len()
}

impl<'a> HttpEvent<'a> {
    /// The row of an exchange.
    pub fn of(flow_id: i64, exchange: &'a Exchange) -> Self {
        let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
        let version = request.map(|found| &found.version).or(response.map(|found| &found.version));
        let of_request = |field: fn(&Request) -> &Option<WireText>| {
            request.and_then(|request| field(request).as_ref()).map(WireText::as_str)
        };
        let of_response = |field: fn(&Response) -> &Option<WireText>| {
            response.and_then(|response| field(response).as_ref()).map(WireText::as_str)
        };
        let length = |len: Option<u64>| len.and_then(|len| i64::try_from(len).ok());
        Self {
            flow_id,
            request_frame: request.map(|request| request.stamp.frame as i64),
            request_time: request.map(|request| Timestamp(request.stamp.time)),
            response_frame: response.map(|response| response.stamp.frame as i64),
            response_time: response.map(|response| Timestamp(response.stamp.time)),
            duration: exchange.duration().map(|nanoseconds| nanoseconds as f64 / 1e9),
            version: version.map(WireText::as_str).filter(|version| !version.is_empty()),
            method: of_request(|request| &request.method),
            host: of_request(|request| &request.host),
            uri: of_request(|request| &request.target),
            url: request.and_then(Request::url),
            user_agent: of_request(|request| &request.user_agent),
            referer: of_request(|request| &request.referer),
            request_content_type: of_request(|request| &request.content_type),
            request_content_length: length(request.and_then(|request| request.content_length)),
            request_body_bytes: length(request.map(|request| request.body_bytes)),
            status: response.and_then(|response| response.status).map(i32::from),
            interim_statuses: exchange.interim.iter().map(|status| i32::from(*status)).collect(),
            reason: of_response(|response| &response.reason),
            server: of_response(|response| &response.server),
            location: of_response(|response| &response.location),
            content_type: of_response(|response| &response.content_type),
            content_encoding: of_response(|response| &response.content_encoding),
            content_length: length(response.and_then(|response| response.content_length)),
            body_bytes: length(response.map(|response| response.body_bytes)),
            http2_stream: exchange.stream.map(i64::from),
            http2_reset: exchange.reset.map(i64::from),
        }
    }
}
