//! Protocols of lines, and XMPP: SMTP (RFC 3207), IMAP (RFC 9051), POP3 and NNTP (RFC 2595, RFC 4642),
//! FTP (RFC 4217), IRC, `ManageSieve` (RFC 5804), XMPP (RFC 6120).

use flowloom_flow::Direction;

use super::{Clear, Frame, Said, Turn};
use crate::{Match, Opening};

pub(super) const PROTOCOLS: &[Clear] = &[
    Clear {
        name: "smtp",
        ports: &[25, 587, 2525],
        probe: smtp_probe,
        frame: line,
        turn: smtp,
        goes_on_after_loss: true,
    },
    Clear {
        name: "imap",
        ports: &[143],
        probe: imap_probe,
        frame: line,
        turn: imap,
        goes_on_after_loss: true,
    },
    Clear {
        name: "pop3",
        ports: &[110],
        probe: pop3_probe,
        frame: line,
        turn: pop3,
        goes_on_after_loss: true,
    },
    Clear {
        name: "ftp",
        ports: &[21, 2121],
        probe: ftp_probe,
        frame: line,
        turn: ftp,
        goes_on_after_loss: true,
    },
    Clear {
        name: "nntp",
        ports: &[119],
        probe: nntp_probe,
        frame: line,
        turn: nntp,
        goes_on_after_loss: true,
    },
    Clear {
        name: "irc",
        ports: &[6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 7000],
        probe: irc_probe,
        frame: line,
        turn: irc,
        goes_on_after_loss: true,
    },
    Clear {
        name: "managesieve",
        ports: &[4190],
        probe: sieve_probe,
        frame: line,
        turn: sieve,
        goes_on_after_loss: true,
    },
    Clear {
        name: "xmpp",
        ports: &[5222, 5269],
        probe: xmpp_probe,
        frame: tag,
        turn: xmpp,
        goes_on_after_loss: true,
    },
];

/// A line with its end.
fn line(_: Direction, bytes: &[u8]) -> Frame {
    up_to(b'\n', bytes)
}

/// Up to the end of a tag.
fn tag(_: Direction, bytes: &[u8]) -> Frame {
    up_to(b'>', bytes)
}

fn up_to(end: u8, bytes: &[u8]) -> Frame {
    match bytes.iter().position(|byte| *byte == end) {
        Some(at) => Frame::Whole(at + 1),
        None if bytes.len() < LINE_BYTES_MAX => Frame::Need(bytes.len() + 1),
        None => Frame::Broken,
    }
}

fn smtp_probe(opening: &Opening<'_>) -> Match {
    match opening.direction {
        Direction::Up => one_of(opening.bytes, &["EHLO ", "HELO ", "LHLO ", "MAIL FROM:<"]),
        Direction::Down => greeting(opening.bytes, "220", b"SMTP"),
    }
}

fn smtp(said: &Said<'_>) -> Turn {
    let words = Words::of(said.message);
    match (said.direction, words.first()) {
        (Direction::Up, b"STARTTLS") => Turn::Asked,
        // Where TLS is asked for, a mail or a login before it is refused: not so its text.
        (Direction::Up, b"DATA" | b"BDAT" | b"QUIT") => Turn::Never,
        (Direction::Down, code) => answer(said, code, b"220"),
        (Direction::Up, _) => Turn::None,
    }
}

fn ftp_probe(opening: &Opening<'_>) -> Match {
    let certain = ["AUTH TLS\r\n", "AUTH SSL\r\n", "AUTH TLS-C\r\n", "PASV\r\n", "EPSV\r\n"];
    match opening.direction {
        Direction::Up => one_of(opening.bytes, &certain).or_maybe(opening.bytes, "USER "),
        Direction::Down => match greeting(opening.bytes, "220", b"FTP") {
            Match::Yes if contains(opening.bytes, b"SMTP") => Match::No,
            found => found,
        },
    }
}

fn ftp(said: &Said<'_>) -> Turn {
    let words = Words::of(said.message);
    match (said.direction, words.first()) {
        (Direction::Up, b"AUTH") => match words.second() {
            b"TLS" | b"TLS-C" | b"TLS-P" | b"SSL" => Turn::Asked,
            _ => Turn::None,
        },
        (Direction::Up, b"PASV" | b"EPSV" | b"PORT" | b"EPRT" | b"QUIT") => Turn::Never,
        (Direction::Down, code) => answer(said, code, b"234"),
        (Direction::Up, _) => Turn::None,
    }
}

fn nntp_probe(opening: &Opening<'_>) -> Match {
    match opening.direction {
        Direction::Up => one_of(opening.bytes, &["MODE READER\r\n"]),
        Direction::Down => match greeting(opening.bytes, "200", b"NNTP") {
            Match::No => greeting(opening.bytes, "201", b"NNTP"),
            found => found,
        },
    }
}

fn nntp(said: &Said<'_>) -> Turn {
    let words = Words::of(said.message);
    match (said.direction, words.first()) {
        (Direction::Up, b"STARTTLS") => Turn::Asked,
        (Direction::Up, b"GROUP" | b"IHAVE" | b"POST" | b"QUIT") => Turn::Never,
        (Direction::Down, code) => answer(said, code, b"382"),
        (Direction::Up, _) => Turn::None,
    }
}

/// Whether a reply grants what was asked for; replies to what was said before may come first. A
/// line that is not its reply's last has a dash after the code, and so another first word.
fn answer(said: &Said<'_>, code: &[u8], granted: &[u8]) -> Turn {
    match said.asked {
        Some(_) if code == granted => Turn::Granted,
        Some(_) if matches!(code, [b'4' | b'5', _, _]) => Turn::Refused,
        _ => Turn::None,
    }
}

fn imap_probe(opening: &Opening<'_>) -> Match {
    let words = Words::of(opening.bytes);
    match opening.direction {
        Direction::Down => {
            one_of(opening.bytes, &["* OK ", "* PREAUTH ", "* BYE ", "* CAPABILITY IMAP"])
        }
        Direction::Up => match words.second() {
            b"CAPABILITY" | b"LOGIN" | b"STARTTLS" | b"AUTHENTICATE" | b"ID" => Match::Maybe,
            _ => Match::No,
        },
    }
}

fn imap(said: &Said<'_>) -> Turn {
    let words = Words::of(said.message);
    match (said.direction, said.asked) {
        (Direction::Up, _) => match words.second() {
            b"STARTTLS" => Turn::Asked,
            b"SELECT" | b"EXAMINE" | b"LOGOUT" => Turn::Never,
            _ => Turn::None,
        },
        // The answer begins with the tag of the command (RFC 9051, section 6.2.1).
        (Direction::Down, Some(asked)) if Words::of(asked).first() == words.first() => {
            if words.second() == b"OK" { Turn::Granted } else { Turn::Refused }
        }
        (Direction::Down, _) => Turn::None,
    }
}

fn pop3_probe(opening: &Opening<'_>) -> Match {
    match opening.direction {
        Direction::Up => one_of(opening.bytes, &["CAPA\r\n", "STLS\r\n", "APOP "])
            .or_maybe(opening.bytes, "USER "),
        // The sole word is Redis's too.
        Direction::Down => one_of(opening.bytes, &["+OK "]).or_maybe(opening.bytes, "+OK"),
    }
}

fn pop3(said: &Said<'_>) -> Turn {
    let words = Words::of(said.message);
    match (said.direction, words.first()) {
        (Direction::Up, b"STLS") => Turn::Asked,
        (Direction::Up, b"STAT" | b"LIST" | b"UIDL" | b"RETR" | b"QUIT") => Turn::Never,
        (Direction::Down, b"+OK") if said.asked.is_some() => Turn::Granted,
        (Direction::Down, b"-ERR") if said.asked.is_some() => Turn::Refused,
        _ => Turn::None,
    }
}

fn irc_probe(opening: &Opening<'_>) -> Match {
    match opening.direction {
        Direction::Up => match one_of(opening.bytes, &["NICK ", "PASS "]) {
            Match::Yes if contains(opening.bytes, b"\nUSER ") => Match::Yes,
            Match::Yes => Match::Maybe,
            Match::NeedMore => Match::NeedMore,
            _ => one_of(opening.bytes, &["CAP LS", "CAP REQ "])
                .or_maybe(opening.bytes, "STARTTLS\r\n"),
        },
        Direction::Down => match Words::of(opening.bytes) {
            words if words.first().starts_with(b":") && words.second() == b"NOTICE" => Match::Yes,
            words if words.first() == b"NOTICE" && words.second() == b"AUTH" => Match::Yes,
            _ => Match::No,
        },
    }
}

fn irc(said: &Said<'_>) -> Turn {
    let words = Words::of(said.message);
    match (said.direction, words.first(), words.second()) {
        (Direction::Up, b"STARTTLS", _) => Turn::Asked,
        (Direction::Up, b"JOIN" | b"PRIVMSG" | b"QUIT", _) => Turn::Never,
        (Direction::Down, _, b"670") if said.asked.is_some() => Turn::Granted,
        (Direction::Down, _, b"691") if said.asked.is_some() => Turn::Refused,
        _ => Turn::None,
    }
}

fn sieve_probe(opening: &Opening<'_>) -> Match {
    match opening.direction {
        Direction::Down => one_of(opening.bytes, &["\"IMPLEMENTATION\" "]),
        Direction::Up => Match::No,
    }
}

fn sieve(said: &Said<'_>) -> Turn {
    let words = Words::of(said.message);
    match (said.direction, words.first()) {
        (Direction::Up, b"STARTTLS") => Turn::Asked,
        (Direction::Up, b"PUTSCRIPT" | b"GETSCRIPT" | b"LISTSCRIPTS" | b"LOGOUT") => Turn::Never,
        (Direction::Down, b"OK") if said.asked.is_some() => Turn::Granted,
        (Direction::Down, b"NO" | b"BYE") if said.asked.is_some() => Turn::Refused,
        _ => Turn::None,
    }
}

fn xmpp_probe(opening: &Opening<'_>) -> Match {
    let bytes = opening.bytes;
    let is_xml = bytes.starts_with(b"<?xml ") || bytes.starts_with(b"<stream:stream");
    let is_cut = b"<?xml ".starts_with(bytes) || b"<stream:stream".starts_with(bytes);
    if is_xml && contains(bytes, b"<stream:stream") && contains(bytes, b"jabber:") {
        Match::Yes
    } else if is_cut || is_xml && bytes.len() < XML_BYTES_PROBED {
        Match::NeedMore
    } else {
        Match::No
    }
}

fn xmpp(said: &Said<'_>) -> Turn {
    let start = said.message.trim_ascii_start();
    match said.direction {
        Direction::Up if start.starts_with(b"<starttls") => Turn::Asked,
        Direction::Up if start.starts_with(b"<presence") => Turn::Never,
        Direction::Down if start.starts_with(b"<proceed") => Turn::Granted,
        Direction::Down if start.starts_with(b"<failure") => Turn::Refused,
        _ => Turn::None,
    }
}

/// The first two words of a line in upper case, each as far as it could matter.
struct Words {
    letters: [[u8; WORD_LEN]; 2],
    len: [usize; 2],
}

impl Words {
    fn of(line: &[u8]) -> Self {
        let mut words = Self { letters: [[0; WORD_LEN]; 2], len: [0; 2] };
        let line = line.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let parts = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).take(2);
        for (i, part) in parts.enumerate() {
            let part = part.get(..WORD_LEN).unwrap_or(part);
            for (letter, byte) in words.letters[i].iter_mut().zip(part) {
                *letter = byte.to_ascii_uppercase();
            }
            words.len[i] = part.len();
        }
        words
    }

    fn first(&self) -> &[u8] {
        &self.letters[0][..self.len[0]]
    }

    fn second(&self) -> &[u8] {
        &self.letters[1][..self.len[1]]
    }
}

/// Whether the bytes begin with one of these, in any case.
fn one_of(bytes: &[u8], starts: &[&str]) -> Match {
    let matches = |start: &&str| {
        let len = start.len().min(bytes.len());
        bytes[..len].eq_ignore_ascii_case(&start.as_bytes()[..len])
    };
    match starts.iter().filter(|start| matches(start)).map(|start| start.len()).min() {
        Some(len) if bytes.len() >= len => Match::Yes,
        Some(_) => Match::NeedMore,
        None => Match::No,
    }
}

/// A reply with which a server begins: certain if a word is in it.
fn greeting(bytes: &[u8], code: &str, word: &[u8]) -> Match {
    match (one_of(bytes, &[code]), bytes.get(code.len())) {
        (Match::Yes, Some(b' ' | b'-')) if contains(bytes, word) => Match::Yes,
        // The word may come later in the line.
        (Match::Yes, Some(b' ' | b'-')) if is_cut(bytes) => Match::NeedMore,
        (Match::Yes, Some(b' ' | b'-')) => Match::Maybe,
        (Match::Yes, Some(_)) => Match::No,
        (Match::Yes, None) => Match::NeedMore,
        (other, _) => other,
    }
}

/// Whether a line has not ended where a word is looked for.
fn is_cut(bytes: &[u8]) -> bool {
    bytes.len() < BYTES_SEARCHED && !bytes.contains(&b'\n')
}

/// Whether a word in upper case is in the first bytes, in any case.
fn contains(bytes: &[u8], word: &[u8]) -> bool {
    let bytes = bytes.get(..BYTES_SEARCHED).unwrap_or(bytes);
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

trait OrMaybe {
    /// Something less certain, where nothing is.
    fn or_maybe(self, bytes: &[u8], start: &str) -> Self;
}

impl OrMaybe for Match {
    fn or_maybe(self, bytes: &[u8], start: &str) -> Self {
        match (self, one_of(bytes, &[start])) {
            (Self::No, Self::Yes) => Self::Maybe,
            (Self::No, other) => other,
            (found, _) => found,
        }
    }
}

/// Longest line or tag.
const LINE_BYTES_MAX: usize = 4 << 10;
/// Letters of a word that matter: no word above is longer.
const WORD_LEN: usize = 16;
/// Bytes of a greeting in which a word is looked for.
const BYTES_SEARCHED: usize = 512;
/// Bytes after which XML that has no stream in it is not XMPP.
const XML_BYTES_PROBED: usize = 256;
