//! What transport headers carry: the protocol by port and by what the bytes look like.

use flowloom_protocols::Transport;
use flowloom_wire::Packet;

use crate::connections::Connections;
use crate::declared::{KnownLayers, Speaker};
use crate::dissection::Origin;
use crate::layers::{control, dhcp, dns, dtls, frame, http, http2, nbns, quic, ssh, tls};
use crate::rtp::RtpRuns;
use crate::streams::{Piece, Speaks, Stream};
use crate::writer::Writer;

/// The payload of a UDP datagram, from `at` on; whether somebody knows it.
pub(crate) fn datagram(
    w: &mut Writer<'_>,
    packet: &Packet,
    known: &KnownLayers,
    connections: &mut Connections,
    at: usize,
) -> bool {
    if w.rest(at).is_empty() || declared(w, packet, known, at, true) {
        return true;
    }
    let ports = [packet.src_port, packet.dst_port];
    let is = |port: u16| ports.contains(&port);
    if is(53) && dns::is_message(w, at) {
        dns::dns(w, &dns::DNS, at);
    } else if is(5353) && dns::is_message(w, at) {
        dns::dns(w, &dns::MDNS, at);
    } else if is(5355) && dns::is_message(w, at) {
        dns::dns(w, &dns::LLMNR, at);
    } else if is(137) && dns::is_message(w, at) {
        nbns::nbns(w, at);
    } else if (is(67) || is(68)) && dhcp::is_dhcp(w, at) {
        dhcp::dhcp(w, at);
    } else if is(546) || is(547) {
        dhcp::dhcp6(w, at);
    } else if is(1900)
        && http::is_start(w.rest(at))
        && let Some(len) = http::head_len(w.rest(at), 0)
    {
        http::head(w, &http::SSDP, at, at + len);
        frame::data(w, at + len, usize::MAX);
    } else if dtls::is_dtls(w, at) {
        dtls::dtls(w, at);
    } else if quic::is_long(w, packet, connections, at) {
        quic::long(w, packet, connections, at);
    } else {
        return is(1701) && control::l2tp(w, at)
            || (is(2123) || is(2152)) && control::gtp(w, at)
            || is(5246) && control::capwap(w, at)
            || is(4500) && control::encapsulation(w, packet, known, at)
            || quic::short(w, packet, connections, at)
            || declared(w, packet, known, at, false)
            || dns::at_any_port(w, packet, at);
    }
    true
}

/// A datagram of RTP at any port, if it is one.
pub(crate) fn rtp(
    w: &mut Writer<'_>,
    packet: &Packet,
    known: &KnownLayers,
    runs: &mut RtpRuns,
    at: usize,
) -> bool {
    if !runs.are_rtp(packet, w.rest(at)) {
        return false;
    }
    let Some(speaker) = known.speaker("rtp") else { return false };
    let (end, _) = known.write(w, speaker, at);
    frame::data(w, end, usize::MAX);
    true
}

/// A datagram of a protocol that the user has declared, or of another that is; whether it is one.
pub(crate) fn declared(
    w: &mut Writer<'_>,
    packet: &Packet,
    known: &KnownLayers,
    at: usize,
    is_own: bool,
) -> bool {
    let seen = (w.rest(at), w.claim.saturating_sub(at));
    let recognized = known.recognize(Transport::Udp, packet, seen, is_own);
    let Some(speaker) = recognized.map(|recognized| recognized.speaker) else { return false };
    let mut end = message(w, known, speaker, at);
    while !w.rest(end).is_empty() && known.follows(speaker, w.rest(end)) {
        let next = message(w, known, speaker, end);
        if next <= end {
            break;
        }
        end = next;
    }
    frame::data(w, end, usize::MAX);
    true
}

/// A message of a declared protocol in a datagram; gives where it ends, as far as it says that itself.
fn message(w: &mut Writer<'_>, known: &KnownLayers, speaker: Speaker, at: usize) -> usize {
    let (read, end) = known.write(w, speaker, at);
    frame::data(w, read, end - read);
    end
}

/// The payload of a TCP segment, from `at` on: messages that end in it, or in what has waited for it, and the
/// bytes of others.
pub(crate) fn segment(
    w: &mut Writer<'_>,
    packet: &Packet,
    known: &KnownLayers,
    stream: &mut Stream,
    at: usize,
    pieces: &mut Vec<Piece>,
) {
    let (whole, mut shown) = ((w.end, w.claim), at);
    for piece in pieces.drain(..) {
        match piece {
            Piece::Lost => stream.lose(),
            Piece::Held(bytes, ends) => held(w, packet, known, stream, bytes, &ends),
            Piece::Own(range) => {
                let (start, end) = (at + range.start, at + range.end);
                frame::data(w, shown, start - shown);
                if end < w.end {
                    w.limit(end);
                }
                next(w, packet, known, stream, start);
                (w.end, w.claim) = whole;
                shown = end;
            }
        }
    }
    // What came before, or early.
    frame::data(w, shown, usize::MAX);
}

/// Bytes that have waited for those before them: their frames have shown them, but not what they mean.
fn held(
    w: &mut Writer<'_>,
    packet: &Packet,
    known: &KnownLayers,
    stream: &mut Stream,
    bytes: Vec<u8>,
    ends: &[usize],
) {
    let Some(source) = w.out.new_source(Origin::Message) else { return stream.lose() };
    let mut at = 0;
    for end in ends {
        let mut inner = Writer {
            is_shown: true,
            ..Writer::joined(bytes.get(..*end).unwrap_or_default(), source, w.out)
        };
        next(&mut inner, packet, known, stream, at);
        at = *end;
    }
    w.out.fill_source(source, bytes);
}

/// The bytes that come next in a stream, from `at` on.
fn next(
    w: &mut Writer<'_>,
    packet: &Packet,
    known: &KnownLayers,
    stream: &mut Stream,
    mut at: usize,
) {
    // Some servers say neither how long a body is nor close after it.
    let is_due = stream.body == Some(http::Body::UntilClose) && !stream.asked.is_empty();
    if is_due && http::is_start(w.rest(at)) {
        stream.body = None;
    }
    if stream.body.is_some() {
        at = body(w, stream, at);
        if w.rest(at).is_empty() {
            return;
        }
    }
    if stream.speaks.is_none() && !stream.pending.is_empty() {
        let joined = [&stream.pending, w.rest(at)].concat();
        stream.speaks = spoken(packet, known, stream, &joined);
        if stream.speaks.is_none() && may_begin(&joined) {
            stream.keep(w.rest(at));
            return frame::data(w, at, usize::MAX);
        }
        if stream.speaks.is_none() {
            stream.pending.clear();
        }
    }
    if !stream.pending.is_empty() {
        return continuation(w, packet, known, stream, at);
    }
    let bytes = w.rest(at);
    let Some(speaks) = spoken(packet, known, stream, bytes) else {
        // Too little to tell: it is looked at again with what comes next.
        if may_begin(bytes) {
            stream.keep(bytes);
        }
        return frame::data(w, at, usize::MAX);
    };
    if speaks == Speaks::Http2 && stream.has_hole && !http2::is_frame(bytes) {
        return frame::data(w, at, usize::MAX);
    }
    stream.has_hole = false;
    let end = messages(w, known, stream, speaks, at);
    let speaks = stream.speaks.unwrap_or(speaks);
    let rest = w.rest(end);
    if speaks == Speaks::Http && w.claim > w.end && http::is_start(rest) {
        // The rest was not captured.
        return http::head(w, &http::HTTP, end, w.end);
    }
    if speaks == Speaks::Tls && w.claim > w.end {
        let end = tls::cut(w, end);
        return frame::data(w, end, usize::MAX);
    }
    if waits(speaks, known, rest) {
        stream.keep(rest);
    }
    frame::data(w, end, usize::MAX);
}

/// The same where a message was begun before.
fn continuation(
    w: &mut Writer<'_>,
    packet: &Packet,
    known: &KnownLayers,
    stream: &mut Stream,
    at: usize,
) {
    if stream.speaks == Some(Speaks::Http) && !http::is_start(&stream.pending) {
        // So few bytes may have begun something else.
        let joined = [&stream.pending, w.rest(at)].concat();
        if !http::is_start(&joined) && !http::may_begin(&joined) {
            stream.pending.clear();
            return next(w, packet, known, stream, at);
        }
    }
    stream.keep(w.rest(at));
    let Some(speaks) = stream.speaks else { return frame::data(w, at, usize::MAX) };
    let len = match speaks {
        Speaks::Http => http::head_len(&stream.pending, stream.searched),
        _ => message_len(speaks, known, &stream.pending),
    };
    stream.searched = stream.pending.len();
    if len.is_none_or(|len| len > stream.pending.len()) {
        // The end of a head was searched for.
        let waits = speaks == Speaks::Http || waits(speaks, known, &stream.pending);
        if !waits && !stream.pending.is_empty() {
            stream.lose();
            if matches!(speaks, Speaks::Declared(_)) {
                stream.speaks = None;
            }
        }
        return frame::data(w, at, usize::MAX);
    }
    let mut joined = std::mem::take(&mut stream.pending);
    let len = messages_len(speaks, known, &joined);
    let end = w.end.saturating_sub(joined.len() - len).max(at);
    let is_head = speaks == Speaks::Http;
    if is_head {
        // What is behind it may be a body.
        joined.truncate(len);
    }
    let rest = joined.get(len..).unwrap_or_default();
    // Each segment shows its own bytes, also the last.
    frame::data(w, at, end - at);
    let Some(source) = w.out.new_source(Origin::Message) else { return };
    messages(&mut Writer::joined(&joined, source, w.out), known, stream, speaks, 0);
    let speaks = stream.speaks.unwrap_or(speaks);
    stream.searched = 0;
    if waits(speaks, known, rest) {
        stream.keep(rest);
    }
    w.out.fill_source(source, joined);
    if is_head && !w.rest(end).is_empty() {
        return next(w, packet, known, stream, end);
    }
    frame::data(w, end, usize::MAX);
}

/// Passes over what there is of a body; gives where it ends.
fn body(w: &mut Writer<'_>, stream: &mut Stream, at: usize) -> usize {
    let Some(body) = stream.body.take() else { return at };
    let (passed, left) = body.pass(w.rest(at));
    stream.body = left;
    frame::data(w, at, passed);
    at + passed
}

/// What a direction speaks that has said these bytes.
fn spoken(packet: &Packet, known: &KnownLayers, stream: &Stream, bytes: &[u8]) -> Option<Speaks> {
    // After a CONNECT or an upgrade another protocol begins.
    if let Some(speaks) = stream.speaks.filter(|speaks| *speaks != Speaks::Http) {
        return Some(speaks);
    }
    let declared = |is_own: bool| {
        let seen = (bytes, bytes.len());
        let is_new = stream.speaks.is_none();
        is_new.then(|| known.recognize(Transport::Tcp, packet, seen, is_own)).flatten()
    };
    if let Some(own) = declared(true) {
        return Some(Speaks::Declared(own.speaker));
    }
    let written = || recognized(bytes, [packet.src_port, packet.dst_port]);
    match declared(false).map(|other| (other.is_certain, Speaks::Declared(other.speaker))) {
        // SIP has methods that HTTP has, too.
        Some((true, speaks)) => Some(speaks),
        Some((false, speaks)) => written().or(Some(speaks)),
        None => written().or(stream.speaks),
    }
}

/// Whether bytes are fewer than tell what is spoken, and may be the beginning of it.
fn may_begin(bytes: &[u8]) -> bool {
    match bytes {
        [] => false,
        [22] | [22, 3] | [22, 3, 0..=4] | [22, 3, 0..=4, _] | [22, 3, 0..=4, _, _] => true,
        _ => b"SSH-".starts_with(bytes) || http::may_begin(bytes) || http2::may_begin(bytes),
    }
}

/// What a direction speaks, by the front of its first bytes.
fn recognized(bytes: &[u8], ports: [u16; 2]) -> Option<Speaks> {
    match bytes {
        [22, 3, 0..=4, _, _, 0..=2, ..] => Some(Speaks::Tls),
        [20..=23, 3, 0..=4, ..] if ports.contains(&443) || are_records(bytes) => Some(Speaks::Tls),
        _ if bytes.starts_with(b"SSH-") => Some(Speaks::Ssh),
        _ if http::is_start(bytes) => Some(Speaks::Http),
        _ if http2::is_start(bytes) => Some(Speaks::Http2),
        _ if ports.contains(&53) || dns::begins_stream(bytes, ports) => Some(Speaks::Dns),
        _ => None,
    }
}

/// Whether bytes are records of TLS to their end, or to where another begins.
fn are_records(bytes: &[u8]) -> bool {
    let Some(len) = tls::record_len(bytes) else { return false };
    bytes.len() == len || bytes.get(len..).is_some_and(|rest| tls::record_len(rest).is_some())
}

/// Bytes of the message at the front, as far as that can be told.
fn message_len(speaks: Speaks, known: &KnownLayers, bytes: &[u8]) -> Option<usize> {
    match speaks {
        Speaks::Tls => tls::record_len(bytes),
        // A body is no part of it.
        Speaks::Http => http::is_start(bytes).then(|| http::head_len(bytes, 0)).flatten(),
        Speaks::Http2 => http2::frame_len(bytes),
        Speaks::Ssh => bytes.starts_with(b"SSH-").then(|| ssh::banner_len(bytes)).flatten(),
        Speaks::SshPackets => ssh::packet_len(bytes),
        Speaks::SshEncrypted => (!bytes.is_empty()).then_some(bytes.len()),
        Speaks::Dns => match *bytes {
            [high, low, ..] => Some(2 + usize::from(u16::from_be_bytes([high, low]))),
            _ => None,
        },
        Speaks::Declared(speaker) => known.message_len(speaker, bytes).filter(|len| *len > 0),
    }
}

/// What is spoken after a message.
fn after(speaks: Speaks, message: &[u8]) -> Speaks {
    match speaks {
        Speaks::Http if http::is_upgrade_to_http2(message) => Speaks::Http2,
        Speaks::Ssh if ssh::is_ssh2(message) => Speaks::SshPackets,
        Speaks::SshPackets if ssh::is_new_keys(message) => Speaks::SshEncrypted,
        _ => speaks,
    }
}

/// Bytes of the messages at the front that are all there.
fn messages_len(mut speaks: Speaks, known: &KnownLayers, bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty())
        && let Some(message) = message_len(speaks, known, rest).and_then(|len| rest.get(..len))
    {
        at += message.len();
        if speaks == Speaks::Http {
            // What its body is, is known when it has been written.
            break;
        }
        speaks = after(speaks, message);
    }
    at
}

/// The body behind a head, where these bytes are there; notes what is asked for, and what is answered.
fn body_behind(head: &[u8], stream: &mut Stream, there: Option<&[u8]>) -> Option<http::Body> {
    if let Some(asked) = http::Asked::of(head) {
        stream.asks.push(asked);
        return http::Body::behind(head, None);
    }
    let asked = if http::is_interim(head) { None } else { stream.asked.pop_front() };
    // What answers HEAD has a length and no body.
    let may_have_none =
        asked.is_none() && there.is_none_or(|there| there.is_empty() || http::is_start(there));
    http::Body::behind(head, asked).filter(|_| !may_have_none)
}

/// Whether bytes are the beginning of a message of which the rest may come.
fn waits(speaks: Speaks, known: &KnownLayers, bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    match speaks {
        Speaks::Tls => bytes.len() < 5 || tls::record_len(bytes).is_some(),
        Speaks::Http => {
            http::may_begin(bytes) || http::is_start(bytes) && http::head_len(bytes, 0).is_none()
        }
        Speaks::Ssh => bytes.starts_with(b"SSH-") && ssh::banner_len(bytes).is_none(),
        Speaks::SshPackets => bytes.len() < 4 || ssh::packet_len(bytes).is_some(),
        Speaks::SshEncrypted => false,
        Speaks::Http2 | Speaks::Dns => true,
        Speaks::Declared(speaker) => {
            known.message_len(speaker, bytes).is_none_or(|len| len > bytes.len())
        }
    }
}

/// Writes the messages from `at` on that are all there, and notes what is spoken after them; gives
/// where the last one ends.
fn messages(
    w: &mut Writer<'_>,
    known: &KnownLayers,
    stream: &mut Stream,
    mut speaks: Speaks,
    at: usize,
) -> usize {
    let mut end = at;
    while let Some(rest) = w.bytes.get(end..w.end)
        && let Some(message) = message_len(speaks, known, rest).and_then(|len| rest.get(..len))
        && !message.is_empty()
    {
        let next = end + message.len();
        match speaks {
            // All records that are there are one layer, and so are all frames.
            Speaks::Tls => end = tls::tls(w, &mut stream.handshakes, end),
            Speaks::Http2 => end = http2::http2(w, stream.http2.get_or_insert_default(), end),
            Speaks::Dns => end = dns::over_tcp(w, end, next),
            Speaks::Http => {
                http::head(w, &http::HTTP, end, next);
                stream.body = body_behind(message, stream, w.bytes.get(next..w.end));
                end = body(w, stream, next);
            }
            Speaks::Ssh => {
                ssh::banner(w, end, next);
                end = next;
            }
            Speaks::SshPackets => {
                ssh::packet(w, end, next);
                end = next;
            }
            Speaks::SshEncrypted => {
                ssh::encrypted(w, end, next);
                end = next;
            }
            Speaks::Declared(speaker) => {
                let all = std::mem::replace(&mut w.end, next);
                let (read, _) = known.write(w, speaker, end);
                frame::data(w, read, usize::MAX);
                w.end = all;
                end = next;
            }
        }
        speaks = after(speaks, message);
    }
    stream.speaks = Some(speaks);
    end
}
