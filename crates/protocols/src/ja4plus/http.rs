//! JA4H: the method and version of a request, and what fields its header has.

use sha2::{Digest, Sha256};

use crate::http::Request;
use crate::{WireText, hex};

/// What the fields of a header tell, as they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderSigns {
    /// Names but those of `Cookie` and `Referer`, as they came, with commas between.
    names: Vec<u8>,
    count: usize,
    has_referer: bool,
    language: Option<Vec<u8>>,
    /// Name and value of each, as they came.
    cookies: Vec<(Vec<u8>, Vec<u8>)>,
    has_cookie: bool,
}

impl HeaderSigns {
    /// Takes a field in.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        match name {
            [b':', ..] => return,
            _ if name.eq_ignore_ascii_case(b"referer") => self.has_referer = true,
            _ if name.eq_ignore_ascii_case(b"cookie") => self.add_cookies(value),
            _ => {
                if self.count > 0 {
                    self.names.push(b',');
                }
                self.names.extend_from_slice(name);
                self.count += 1;
            }
        }
        if name.eq_ignore_ascii_case(b"accept-language") {
            self.language.get_or_insert_with(|| value.to_vec());
        }
    }

    fn add_cookies(&mut self, value: &[u8]) {
        self.has_cookie = true;
        for pair in value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
            let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            if !pair.is_empty() {
                self.cookies.push((pair[..end].to_vec(), pair.to_vec()));
            }
        }
    }

    /// JA4H of the request whose header this is.
    pub(crate) fn ja4h(mut self, request: &Request) -> String {
        let method = request.method.as_ref().map_or("", WireText::as_str);
        let letters = method.chars().filter(char::is_ascii_alphabetic).take(2);
        let version: String = request.version.as_str().split('.').collect();
        self.cookies.sort();
        let names = self.cookies.iter().map(|(name, _)| &name[..]).collect::<Vec<_>>();
        let pairs = self.cookies.iter().map(|(_, pair)| &pair[..]).collect::<Vec<_>>();
        format!(
            "{}{version:0<2}{}{}{:02}{}_{}_{}_{}",
            letters.collect::<String>().to_ascii_lowercase(),
            if self.has_cookie { 'c' } else { 'n' },
            if self.has_referer { 'r' } else { 'n' },
            self.count.min(99),
            language(self.language.as_deref().unwrap_or_default()),
            twelve(&self.names),
            cookie_hash(&names),
            cookie_hash(&pairs),
        )
    }
}

/// The first four letters and digits of the language that is preferred.
fn language(value: &[u8]) -> String {
    let first = value.split(|byte| matches!(byte, b',' | b';')).next().unwrap_or_default();
    let letters = first.iter().filter(|byte| byte.is_ascii_alphanumeric()).take(4);
    let letters: String = letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    format!("{letters:0<4}")
}

fn cookie_hash(list: &[&[u8]]) -> String {
    if list.is_empty() { "0".repeat(12) } else { twelve(&list.join(&b',')) }
}

/// Twelve digits of the SHA-256.
fn twelve(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).first_chunk::<6>().unwrap_or(&[0; 6]))
}
