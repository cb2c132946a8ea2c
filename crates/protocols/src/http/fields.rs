//! Header fields: the few that are kept, for all versions of HTTP.

use super::exchange::{Request, Response};
use crate::{Stamp, WireText};

/// What the header fields of a message say.
#[derive(Debug, Default)]
pub(super) struct Fields {
    // The pseudo-fields of HTTP/2 (RFC 9113, 8.3).
    pub(super) method: Option<WireText>,
    pub(super) path: Option<WireText>,
    pub(super) status: Option<u16>,
    scheme: Option<WireText>,
    authority: Option<WireText>,
    host: Option<WireText>,
    user_agent: Option<WireText>,
    referer: Option<WireText>,
    server: Option<WireText>,
    location: Option<WireText>,
    content_type: Option<WireText>,
    content_encoding: Option<WireText>,
    pub(super) content_length: Option<u64>,
    /// What the last transfer coding is.
    pub(super) transfer: Option<Transfer>,
    pub(super) upgrade: Option<WireText>,
    #[cfg(feature = "ja4plus")]
    signs: crate::ja4plus::HeaderSigns,
}

/// The last transfer coding of a body (RFC 9112, 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    Chunked,
    /// One that does not say where the body ends.
    Other,
}

impl Fields {
    /// Takes a line of an HTTP/1 header. One without a colon says nothing.
    pub(super) fn line(&mut self, line: &[u8]) {
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let (name, value) = line.split_at(colon);
            self.add(name.trim_ascii(), value.get(1..).unwrap_or_default());
        }
    }

    /// Takes a field; of those that come twice the first counts.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) {
        let value = value.trim_ascii();
        #[cfg(feature = "ja4plus")]
        self.signs.add(name, value);
        let mut lower = [0; NAME_LEN_MAX];
        let Some(lower) = lower.get_mut(..name.len()) else { return };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let text = match &*lower {
            b":method" => &mut self.method,
            b":path" => &mut self.path,
            b":scheme" => &mut self.scheme,
            b":authority" => &mut self.authority,
            b"host" => &mut self.host,
            b"user-agent" => &mut self.user_agent,
            b"referer" => &mut self.referer,
            b"server" => &mut self.server,
            b"location" => &mut self.location,
            b"content-type" => &mut self.content_type,
            b"content-encoding" => &mut self.content_encoding,
            b"upgrade" => &mut self.upgrade,
            _ => return self.add_number(lower, value),
        };
        text.get_or_insert_with(|| WireText::new(value));
    }

    fn add_number(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b":status" => self.status = self.status.or_else(|| number(value)?.try_into().ok()),
            b"content-length" => self.content_length = self.content_length.or(number(value)),
            b"transfer-encoding" if !value.is_empty() => {
                let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
                let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
                self.transfer = Some(if is_chunked { Transfer::Chunked } else { Transfer::Other });
            }
            _ => {}
        }
    }

    /// The request whose fields these are.
    pub(super) fn into_request(self, version: WireText, stamp: Stamp) -> Request {
        let host = self.authority.or(self.host);
        let host = host.or_else(|| authority(self.path.as_ref()?, self.method.as_ref()?));
        let request = Request {
            stamp,
            version,
            method: self.method,
            target: self.path,
            scheme: self.scheme,
            host,
            user_agent: self.user_agent,
            referer: self.referer,
            content_type: self.content_type,
            content_length: self.content_length,
            body_bytes: 0,
            #[cfg(feature = "ja4plus")]
            ja4h: None,
        };
        #[cfg(feature = "ja4plus")]
        let request = Request { ja4h: Some(self.signs.ja4h(&request)), ..request };
        request
    }

    /// The response whose fields these are.
    pub(super) fn into_response(
        self,
        version: WireText,
        reason: Option<WireText>,
        stamp: Stamp,
    ) -> Response {
        Response {
            stamp,
            version,
            status: self.status,
            reason,
            server: self.server,
            content_type: self.content_type,
            content_encoding: self.content_encoding,
            location: self.location,
            content_length: self.content_length,
            body_bytes: 0,
        }
    }
}

/// The host in a target that names one (RFC 9112, 3.2.2 and 3.2.3).
fn authority(target: &WireText, method: &WireText) -> Option<WireText> {
    let target = target.as_str();
    if method.as_str() == "CONNECT" {
        return Some(WireText::new(target.as_bytes()));
    }
    let (scheme, rest) = target.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (!scheme.contains('/') && !host.is_empty()).then(|| WireText::new(host.as_bytes()))
}

/// The decimal number that a value begins with. A list of the same number stands for it
/// (RFC 9110, 8.6).
fn number(value: &[u8]) -> Option<u64> {
    let len = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(value.get(..len)?).ok()?.parse().ok()
}

/// The longest name of a field that is kept.
const NAME_LEN_MAX: usize = b"transfer-encoding".len();
