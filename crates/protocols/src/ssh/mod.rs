//! SSH: banners and key exchange (RFC 4253), as far as they go in the clear.

mod columns;
mod parse;
#[cfg(test)]
mod tests;

use crate::{
    Context, Input, Match, Opening, Protocol, Step, StreamParser, Transport, Want, Wants, WireText,
};

pub use columns::SshColumns;
pub use parse::{Chosen, KexInit};

/// What an SSH key exchange told.
#[derive(Clone, Debug, Default)]
pub struct Ssh {
    /// What each side said of itself, the initiator first.
    pub sides: [SshSide; 2],
    /// The server's key.
    pub host_key: Option<HostKey>,
}

/// What one side said of itself.
#[derive(Clone, Debug, Default)]
pub struct SshSide {
    /// Its identification, as `SSH-2.0-OpenSSH_9.6`.
    pub banner: Option<WireText>,
    /// Its offer of algorithms.
    pub kex_init: Option<KexInit>,
}

/// The key with which a server signed the key exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// Its type, as `ssh-ed25519`.
    pub kind: WireText,
    /// Its fingerprint, as `SHA256:` and base64 without padding.
    pub fingerprint: String,
}

impl Ssh {
    /// What the client said: the initiator, unless the offers tell otherwise, as they can where the
    /// capture began after the handshake of TCP.
    pub fn client(&self) -> &SshSide {
        &self.sides[self.client_index()]
    }

    /// What the server said.
    pub fn server(&self) -> &SshSide {
        &self.sides[1 - self.client_index()]
    }

    /// The algorithms that follow from both offers.
    pub fn chosen(&self) -> Option<Chosen<'_>> {
        Some(Chosen::of(self.client().kex_init.as_ref()?, self.server().kex_init.as_ref()?))
    }

    fn client_index(&self) -> usize {
        let [up, down] = &self.sides;
        let is_server = |side: &SshSide| side.kex_init.as_ref().is_some_and(KexInit::is_of_server);
        let is_client = |side: &SshSide| side.kex_init.as_ref().is_some_and(KexInit::is_of_client);
        usize::from(is_server(up) || is_client(down))
    }
}

/// SSH over TCP.
#[derive(Debug)]
pub struct SshProtocol;

impl Protocol for SshProtocol {
    fn name(&self) -> &'static str {
        "ssh"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Tcp => &[22],
            Transport::Udp => &[],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        let is_text = |byte: &u8| byte.is_ascii() && *byte >= b'\t';
        if opening.transport != Transport::Tcp || !opening.bytes.first().is_none_or(is_text) {
            return Match::No;
        }
        // A server may say other lines before (RFC 4253, section 4.2).
        let mut lines = opening.bytes.split(|byte| *byte == b'\n').take(LINES_PROBED);
        match lines.any(|line| line.starts_with(b"SSH-2.0-") || line.starts_with(b"SSH-1.")) {
            true => Match::Yes,
            false if b"SSH-".starts_with(opening.bytes) => Match::NeedMore,
            false if opening.bytes.starts_with(b"SSH-") && opening.bytes.len() < 8 => {
                Match::NeedMore
            }
            false => Match::No,
        }
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        wants.has(Want::Ssh).then(|| Box::new(SshParser::default()) as _)
    }
}

#[derive(Debug, Default)]
struct SshParser {
    sides: [Stage; 2],
}

/// How far a side has come.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Lines before the banner, of which there were so many.
    Lines(usize),
    /// Packets, not yet encrypted.
    Packets,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Lines(0)
    }
}

impl StreamParser for SshParser {
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let ssh = context.findings.ssh.get_or_insert_default();
        match self.sides[input.direction.index()] {
            Stage::Lines(lines) => self.line(input, lines, ssh),
            Stage::Packets => packet(input, ssh),
        }
    }
}

impl SshParser {
    fn line(&mut self, input: &Input<'_>, lines: usize, ssh: &mut Ssh) -> Step {
        let Some(len) = input.bytes.iter().position(|byte| *byte == b'\n') else {
            let is_line = input.bytes.len() < LINE_BYTES_MAX;
            return if is_line { Step::Need(input.bytes.len() + 1) } else { Step::Stop };
        };
        let line = &input.bytes[..len];
        if !line.starts_with(b"SSH-") {
            self.sides[input.direction.index()] = Stage::Lines(lines + 1);
            return if lines < LINES_MAX { Step::Consumed(len + 1) } else { Step::Stop };
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        ssh.sides[input.direction.index()].banner = Some(WireText::new(line));
        self.sides[input.direction.index()] = Stage::Packets;
        // 1.99 means 2.0 that understands older clients (RFC 4253, section 5.1).
        if line.starts_with(b"SSH-2.") || line.starts_with(b"SSH-1.99-") {
            Step::Consumed(len + 1)
        } else {
            Step::Stop
        }
    }
}

/// A binary packet (RFC 4253, section 6). Until new keys are taken into use it has no MAC.
fn packet(input: &Input<'_>, ssh: &mut Ssh) -> Step {
    let Some((header, rest)) = input.bytes.split_first_chunk::<5>() else { return Step::Need(5) };
    let [a, b, c, d, padding] = *header;
    let (len, padding) = (u32::from_be_bytes([a, b, c, d]) as usize, usize::from(padding));
    if len > PACKET_BYTES_MAX || padding < PADDING_MIN || len < padding + 2 {
        return Step::Stop;
    }
    let Some(payload) = rest.get(..len - 1 - padding) else { return Step::Need(4 + len) };
    let Some((kind, body)) = payload.split_first() else { return Step::Stop };
    match *kind {
        KEX_INIT => {
            let offer = KexInit::parse(body);
            ssh.sides[input.direction.index()].kex_init = offer;
        }
        NEW_KEYS => return Step::Stop,
        // Which message has the host key depends on the method: 30 with RSA, 31 with a fixed group
        // or a curve, 33 with GSS-API and with a negotiated group, in which 31 has the group. That
        // is no key: a key begins with the name of its type.
        30..=33 if let Some(key) = parse::host_key(body) => {
            ssh.host_key = Some(key);
            return Step::Stop;
        }
        _ => {}
    }
    // A client has nothing more to tell than what it offers.
    let is_client = ssh.client_index() == input.direction.index();
    let is_known = ssh.sides.iter().all(|side| side.kex_init.is_some());
    if is_client && is_known {
        return Step::Stop;
    }
    Step::Consumed(4 + len)
}

/// Lines in which a banner is looked for at first.
const LINES_PROBED: usize = 64;
/// Lines before a banner after which it is no longer waited for, as OpenSSH has it.
const LINES_MAX: usize = 1_024;
/// Bytes of a line; OpenSSH takes as many.
const LINE_BYTES_MAX: usize = 8 << 10;
/// Bytes of a packet, as OpenSSH has it.
const PACKET_BYTES_MAX: usize = 256 << 10;
const PADDING_MIN: usize = 4;
const KEX_INIT: u8 = 20;
const NEW_KEYS: u8 = 21;
