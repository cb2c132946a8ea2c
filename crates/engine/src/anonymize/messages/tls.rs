//! What opens a TLS connection (RFC 8446): hellos, with another server name.

use crate::anonymize::frame::Rewriting;

impl Rewriting<'_, '_> {
    /// Records, where the first is a hello; of the others, kind and length stay.
    pub(super) fn tls(&mut self, at: usize, end: usize) {
        let [kind, handshake] = [at, at + 5].map(|at| self.byte(at).filter(|_| at < end));
        let (Some(HANDSHAKE), Some(CLIENT_HELLO | SERVER_HELLO)) = (kind, handshake) else {
            return;
        };
        let mut record = at;
        while let (Some(20..=23), Some(3), Some(len)) =
            (self.byte(record), self.byte(record + 1), self.u16(record + 3))
            && record + 5 <= end
        {
            self.keep(record..record + 5);
            let next = record + 5 + usize::from(len);
            if record == at {
                self.hello(record + 5, next.min(end), handshake == Some(CLIENT_HELLO));
            }
            record = next;
        }
    }

    /// A hello, up to the first part that is cut.
    fn hello(&mut self, at: usize, end: usize, is_client: bool) -> Option<()> {
        let body = at + 4;
        let session = body + 34;
        if session >= end {
            return None;
        }
        self.keep(at..body + 2);
        // That a server asks for another hello is said by its random.
        if self.rest(body + 2).starts_with(&RETRY) {
            self.keep(body + 2..session);
        }
        self.keep(session..session + 1);
        let suites = session + 1 + usize::from(self.byte(session)?);
        let extensions = if is_client {
            let suites_len = self.u16(suites).filter(|&len| len <= SUITES_LEN_MAX)?;
            let methods = suites + 2 + usize::from(suites_len);
            methods + 1 + usize::from(self.byte(methods).filter(|&len| len <= METHODS_MAX)?)
        } else {
            suites + 3
        };
        if extensions > end {
            return None;
        }
        self.keep(suites..extensions);
        // SSL 3.0 and the first hellos of TLS 1.0 have no extensions.
        if extensions + 2 > end {
            return Some(());
        }
        self.keep(extensions..extensions + 2);
        // Other messages may follow in the same record.
        let end = end.min(extensions + 2 + usize::from(self.u16(extensions)?));
        let mut extension = extensions + 2;
        while let (Some(kind), Some(len)) = (self.u16(extension), self.u16(extension + 2)) {
            let (data, next) = (extension + 4, extension + 4 + usize::from(len));
            if data > end {
                return None;
            }
            self.keep(extension..data);
            if next > end {
                return None;
            }
            self.extension_of_hello(kind, data, next, is_client);
            extension = next;
        }
        Some(())
    }

    fn extension_of_hello(&mut self, kind: u16, data: usize, end: usize, is_client: bool) {
        match kind {
            // A list of names, of which there is but one kind (RFC 6066, section 3).
            SERVER_NAME => {
                let Some(len) = self.u16(data + 3).map(usize::from) else { return };
                if self.byte(data + 2) == Some(0) && data + 5 + len <= end {
                    self.keep(data..data + 5);
                    self.host(data + 5, data + 5 + len);
                }
            }
            // Groups and lengths, without the keys.
            KEY_SHARE => {
                let mut share = if is_client { data + 2 } else { data };
                self.keep(data..share);
                while let Some(len) = self.u16(share + 2).filter(|_| share + 4 <= end) {
                    self.keep(share..share + 4);
                    share += 4 + usize::from(len);
                }
                if !is_client && end == data + 2 {
                    self.keep(data..end);
                }
            }
            kind if OF_NOBODY.contains(&kind) => self.keep(data..end),
            _ => {}
        }
    }
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const SERVER_NAME: u16 = 0;
const KEY_SHARE: u16 = 51;
/// Groups, point formats, signatures, protocols, compression of certificates, record sizes,
/// versions, modes of keys, signatures of certificates, application settings.
const OF_NOBODY: &[u16] = &[10, 11, 13, 16, 27, 28, 43, 45, 50, 17_513, 17_613];
/// Far more than there are.
const SUITES_LEN_MAX: u16 = 1_024;
const METHODS_MAX: u8 = 8;
/// The first bytes of SHA-256 of `HelloRetryRequest`.
const RETRY: [u8; 8] = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];
