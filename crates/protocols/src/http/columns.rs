//! The columns of the set `http`.

use flowloom_schema::record;

use super::{Http, Request, Response};
use crate::{Findings, WireText};

record! {
    /// What HTTP requests and responses told.
    pub struct HttpColumns<'a> in "http" since "0.1" over "the HTTP messages of the flow, SSDP included" {
        /// Version of the first request, else of the first response: `1.1`, `1.0`, `2`; `0.9` where a
        /// request names none (RFC 9112, 2.3).
        http_version: Option<&'a str> [None, Feature],
        /// Method of the first request (RFC 9110, 9).
        http_method: Option<&'a str> [None, Feature],
        /// Host the first request is for: the field `Host`, `:authority` in HTTP/2, else as the target
        /// names it (RFC 9110, 7.2).
        http_host: Option<&'a str> [None, Identity],
        /// Target of the first request as it was sent: a path, a URL, `host:port`, or `*` (RFC 9112, 3.2).
        http_uri: Option<&'a str> [None, Identity],
        /// Absolute URL of the first request, if its target is one or its host is known (RFC 9110, 7.1).
        http_url: Option<String> [None, Identity],
        /// `User-Agent` of the first request (RFC 9110, 10.1.5).
        http_user_agent: Option<&'a str> [None, Identity],
        /// `Referer` of the first request (RFC 9110, 10.1.3).
        http_referer: Option<&'a str> [None, Identity],
        /// `Content-Type` of the first request (RFC 9110, 8.3).
        http_request_content_type: Option<&'a str> [None, Feature],
        /// Status of the first response, interim ones (1xx) but 101 left out (RFC 9110, 15).
        http_status: Option<i32> [None, Feature],
        /// Reason phrase of the first response (RFC 9112, 4).
        http_reason: Option<&'a str> [None, Feature],
        /// `Server` of the first response (RFC 9110, 10.2.4).
        http_server: Option<&'a str> [None, Identity],
        /// `Content-Type` of the first response (RFC 9110, 8.3).
        http_content_type: Option<&'a str> [None, Feature],
        /// `Content-Encoding` of the first response (RFC 9110, 8.4).
        http_content_encoding: Option<&'a str> [None, Feature],
        /// `Location` of the first response (RFC 9110, 10.2.2).
        http_location: Option<&'a str> [None, Identity],
        /// Requests.
        http_request_count: Option<i64> [Events, Feature],
        /// Responses, interim ones (1xx) but 101 left out.
        http_response_count: Option<i64> [Events, Feature],
        /// Responses with a status of 400 or more (RFC 9110, 15.5 and 15.6).
        http_error_count: Option<i64> [Events, Feature],
        /// Bytes of all request bodies that were seen, without the framing of chunks (RFC 9112, 7.1) or
        /// frames (RFC 9113, 6.1).
        http_request_body_bytes: Option<i64> [Bytes, Feature],
        /// Bytes of all response bodies that were seen, without the framing of chunks (RFC 9112, 7.1) or
        /// frames (RFC 9113, 6.1).
        http_response_body_bytes: Option<i64> [Bytes, Feature],
        /// What a 101 response switched the connection to: `websocket`, `h2c` (RFC 9110, 7.8).
        http_upgrade: Option<&'a str> [None, Feature],
        /// Error code of the first HTTP/2 GOAWAY frame (RFC 9113, 7).
        http_goaway: Option<i64> [None, Feature],
        /// Whether messages can be missing among those that were seen: bytes between them were not captured, or an HTTP/2 header table was not
        /// known. `up_missing_byte_count` and `down_missing_byte_count` tell of a whole direction that was not captured.
        http_incomplete: Option<bool> [None, Account],
    }
}

impl<'a> HttpColumns<'a> {
    /// The columns of a flow.
    pub fn of(findings: Option<&'a Findings>) -> Self {
        let http = findings.and_then(|findings| findings.http.as_deref());
        let request = http.and_then(Http::request);
        let response = http.and_then(Http::response);
        let version = request.map(|found| &found.version).or(response.map(|found| &found.version));
        let of_request = |field: fn(&Request) -> &Option<WireText>| {
            request.and_then(|request| field(request).as_ref()).map(WireText::as_str)
        };
        let of_response = |field: fn(&Response) -> &Option<WireText>| {
            response.and_then(|response| field(response).as_ref()).map(WireText::as_str)
        };
        Self {
            http_version: version.map(WireText::as_str).filter(|version| !version.is_empty()),
            http_method: of_request(|request| &request.method),
            http_host: of_request(|request| &request.host),
            http_uri: of_request(|request| &request.target),
            http_url: request.and_then(Request::url),
            http_user_agent: of_request(|request| &request.user_agent),
            http_referer: of_request(|request| &request.referer),
            http_request_content_type: of_request(|request| &request.content_type),
            http_status: response.and_then(|response| response.status).map(i32::from),
            http_reason: of_response(|response| &response.reason),
            http_server: of_response(|response| &response.server),
            http_content_type: of_response(|response| &response.content_type),
            http_content_encoding: of_response(|response| &response.content_encoding),
            http_location: of_response(|response| &response.location),
            http_request_count: http.map(|http| http.request_count as i64),
            http_response_count: http.map(|http| http.response_count as i64),
            http_error_count: http.map(|http| http.error_count as i64),
            http_request_body_bytes: http.map(|http| http.request_body_bytes as i64),
            http_response_body_bytes: http.map(|http| http.response_body_bytes as i64),
            http_upgrade: http.and_then(|http| http.upgrade.as_ref()).map(WireText::as_str),
            http_goaway: http.and_then(|http| http.goaway).map(i64::from),
            http_incomplete: http.map(|http| http.is_incomplete),
        }
    }
}
