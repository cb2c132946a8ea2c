//! Messages of which the structure stays: names in them get other names, addresses others, and all
//! that is not known to name nobody becomes zeros, as it does in headers.
//!
//! A message is understood where it begins in a packet and as far as that goes; nothing is put
//! together from several packets. What has no mark by which it is known, as a message of the DNS,
//! is understood only if it makes sense as a whole: else pieces of others would be taken for one.

mod dns;
mod http;
mod tls;

use flowloom_wire::Layer;

use super::frame::Rewriting;

impl Rewriting<'_, '_> {
    /// What follows a transport header, up to `sent`, of which there is what comes before `captured`.
    pub(super) fn said(&mut self, transport: Layer, header: usize, sent: usize, captured: usize) {
        let end = sent.min(captured).min(self.old.len());
        let (Some(src), Some(dst)) = (self.u16(header), self.u16(header + 2)) else { return };
        let is_dns = [src, dst].iter().any(|port| DNS.contains(port));
        match transport {
            Layer::Udp if is_dns => self.dns(header + 8, sent, end),
            Layer::Tcp => {
                let len = self.byte(header + 12).map_or(0, |byte| usize::from(byte >> 4) * 4);
                let at = header + len;
                if len < 20 || at >= end {
                    return;
                }
                if is_dns {
                    self.dns_stream(at, sent, end);
                } else {
                    self.tls(at, end);
                    self.http(at, end);
                }
            }
            _ => {}
        }
    }

    /// A name with points between its labels, or an address as text.
    pub(super) fn host(&mut self, at: usize, end: usize) {
        let Some(real) = self.old.get(at..end) else { return };
        let mut own = real.to_vec();
        super::payload::text::replace(&mut own, self.map);
        // What is an address all in all, is none any more.
        let is_address = std::str::from_utf8(real)
            .is_ok_and(|text| text.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok());
        if !is_address {
            own = self.map.host(real);
        }
        self.write(at, &own);
    }
}

/// DNS itself, multicast DNS, and that for the local link.
const DNS: [u16; 3] = [53, 5353, 5355];

#[cfg(test)]
mod tests;
