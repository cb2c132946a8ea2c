//! What transport headers carry: the protocol by port and by what the bytes look like.

use flowloom_wire::Packet;

use crate::connections::Connections;
use crate::dissection::Origin;
use crate::layers::{control, dhcp, dns, frame, http, quic, tls};
use crate::streams::{Speaks, Stream};
use crate::writer::Writer;

/// The payload of a UDP datagram, from `at` on.
pub(crate) fn datagram(
    w: &mut Writer<'_>,
    packet: &Packet,
    connections: &mut Connections,
    at: usize,
) {
    let ports = [packet.src_port, packet.dst_port];
    let is = |port: u16| ports.contains(&port);
    if is(53) && dns::is_message(w, at) {
        dns::dns(w, &dns::DNS, at);
    } else if is(5353) && dns::is_message(w, at) {
        dns::dns(w, &dns::MDNS, at);
    } else if is(5355) && dns::is_message(w, at) {
        dns::dns(w, &dns::LLMNR, at);
    } else if (is(67) || is(68)) && dhcp::is_dhcp(w, at) {
        dhcp::dhcp(w, at);
    } else if (is(546) || is(547)) && !w.rest(at).is_empty() {
        dhcp::dhcp6(w, at);
    } else if is(123) && w.rest(at).len() >= 48 {
        dhcp::ntp(w, at);
    } else if is(1900)
        && http::is_start(w.rest(at))
        && let Some(len) = http::head_len(w.rest(at))
    {
        http::head(w, &http::SSDP, at, at + len);
        frame::data(w, at + len, usize::MAX);
    } else if quic::is_long(w, at) {
        quic::long(w, packet, connections, at);
    } else {
        let is_known = is(1701) && control::l2tp(w, at)
            || (is(2123) || is(2152)) && control::gtp(w, at)
            || is(5246) && control::capwap(w, at)
            || is(4500) && control::encapsulation(w, at)
            || quic::short(w, packet, connections, at);
        if !is_known {
            frame::data(w, at, usize::MAX);
        }
    }
}

/// The payload of a TCP segment, from `at` on: messages that end in it, and the bytes of others.
pub(crate) fn segment(w: &mut Writer<'_>, packet: &Packet, stream: &mut Stream, at: usize) {
    let bytes = w.rest(at);
    let ports = [packet.src_port, packet.dst_port];
    if stream.pending.is_empty() {
        // After a CONNECT or an upgrade another protocol begins.
        let spoken = stream.speaks.filter(|speaks| *speaks != Speaks::Http);
        let speaks = spoken.or_else(|| recognized(bytes, ports)).or(stream.speaks);
        stream.speaks = speaks;
        let end = speaks.map_or(at, |speaks| messages(w, speaks, at));
        let rest = w.rest(end);
        if speaks == Some(Speaks::Http) && w.claim > w.end && http::is_start(rest) {
            // The rest was not captured.
            return http::head(w, &http::HTTP, end, w.end);
        }
        if speaks.is_some_and(|speaks| waits(speaks, rest)) {
            stream.keep(rest);
        }
        return frame::data(w, end, usize::MAX);
    }
    stream.keep(bytes);
    let Some(speaks) = stream.speaks else { return frame::data(w, at, usize::MAX) };
    if message_len(speaks, &stream.pending).is_none_or(|len| len > stream.pending.len()) {
        if !waits(speaks, &stream.pending) {
            stream.pending.clear();
        }
        return frame::data(w, at, usize::MAX);
    }
    let joined = std::mem::take(&mut stream.pending);
    let rest = joined.len() - messages_len(speaks, &joined);
    let end = w.end.saturating_sub(rest).max(at);
    // Each segment shows its own bytes, also the last.
    frame::data(w, at, end - at);
    let Some(source) = w.out.new_source(Origin::Message) else { return };
    messages(&mut Writer::joined(&joined, source, w.out), speaks, 0);
    if waits(speaks, joined.get(joined.len() - rest..).unwrap_or_default()) {
        stream.keep(joined.get(joined.len() - rest..).unwrap_or_default());
    }
    w.out.fill_source(source, joined);
    frame::data(w, end, usize::MAX);
}

/// What a direction speaks, by the front of its first bytes.
fn recognized(bytes: &[u8], ports: [u16; 2]) -> Option<Speaks> {
    match bytes {
        [22, 3, 0..=4, _, _, 0..=2, ..] => Some(Speaks::Tls),
        [20..=23, 3, 0..=4, ..] if ports.contains(&443) || are_records(bytes) => Some(Speaks::Tls),
        _ if bytes.starts_with(b"SSH-") => Some(Speaks::Ssh),
        _ if http::is_start(bytes) => Some(Speaks::Http),
        _ if ports.contains(&53) => Some(Speaks::Dns),
        _ => None,
    }
}

/// Whether bytes are records of TLS to their end, or to where another begins.
fn are_records(bytes: &[u8]) -> bool {
    let Some(len) = tls::record_len(bytes) else { return false };
    bytes.len() == len || bytes.get(len..).is_some_and(|rest| tls::record_len(rest).is_some())
}

/// Bytes of the message at the front, as far as that can be told.
fn message_len(speaks: Speaks, bytes: &[u8]) -> Option<usize> {
    match speaks {
        Speaks::Tls => tls::record_len(bytes),
        Speaks::Http => http::is_start(bytes).then(|| http::head_len(bytes)).flatten(),
        Speaks::Ssh => bytes.starts_with(b"SSH-").then(|| http::banner_len(bytes)).flatten(),
        Speaks::Dns => match *bytes {
            [high, low, ..] => Some(2 + usize::from(u16::from_be_bytes([high, low]))),
            _ => None,
        },
    }
}

/// Bytes of the messages at the front that are all there.
fn messages_len(speaks: Speaks, bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..)
        && let Some(len) = message_len(speaks, rest).filter(|len| *len <= rest.len())
    {
        at += len;
    }
    at
}

/// Whether bytes are the beginning of a message of which the rest may come.
fn waits(speaks: Speaks, bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    match speaks {
        Speaks::Tls => bytes.len() < 5 || tls::record_len(bytes).is_some(),
        Speaks::Http => http::is_start(bytes) && http::head_len(bytes).is_none(),
        Speaks::Ssh => bytes.starts_with(b"SSH-") && http::banner_len(bytes).is_none(),
        Speaks::Dns => true,
    }
}

/// Writes the messages from `at` on that are all there; where the last one ends.
fn messages(w: &mut Writer<'_>, speaks: Speaks, at: usize) -> usize {
    let mut end = at;
    while let Some(len) = message_len(speaks, w.rest(end)) {
        if len > w.rest(end).len() {
            break;
        }
        match speaks {
            Speaks::Tls => end = tls::tls(w, end),
            Speaks::Dns => end = dns::over_tcp(w, end, end + len),
            Speaks::Http => {
                http::head(w, &http::HTTP, end, end + len);
                end += len;
            }
            Speaks::Ssh => {
                http::banner(w, end, end + len);
                end += len;
            }
        }
    }
    end
}
