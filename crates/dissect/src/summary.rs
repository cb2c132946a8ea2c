//! A frame in one line: who to whom, the protocol, what it says.

use std::fmt::Write as _;

use crate::dissection::{Dissection, Field, Value};
use crate::field::FieldInfo;
use crate::layers::known;

/// Writes source, destination, protocol and what is said, to be read by people.
pub fn summary(dissection: &Dissection, frame: &[u8], out: &mut String) {
    let d = Reader { dissection, frame };
    let ports = [(&known::TCP_SRC, &known::TCP_DST), (&known::UDP_SRC, &known::UDP_DST)];
    let ports = ports.into_iter().find(|(src, _)| d.dissection.last(src).is_some());
    let ends = [
        (&known::IP_SRC, &known::IP_DST),
        (&known::IP6_SRC, &known::IP6_DST),
        (&known::ARP_SRC, &known::ARP_DST),
        (&known::ETH_SRC, &known::ETH_DST),
    ];
    let ends = ends.into_iter().filter(|(src, _)| d.dissection.last(src).is_some());
    // The innermost of them.
    let position = |info: &'static FieldInfo| {
        dissection.fields().iter().rposition(|field| std::ptr::eq(field.info, info))
    };
    if let Some((src, dst)) = ends.max_by_key(|(src, _)| position(src)) {
        d.value(src, out);
        if let Some((port, _)) = ports {
            out.push(':');
            d.value(port, out);
        }
        out.push_str(" > ");
        d.value(dst, out);
        if let Some((_, port)) = ports {
            out.push(':');
            d.value(port, out);
        }
        out.push(' ');
    }
    let name = dissection.layers().iter().rev().map(|layer| layer.info.name);
    let mut names = name.filter(|name| !matches!(*name, "data" | "_ws.malformed"));
    let name = names.next().unwrap_or("data");
    out.push_str(name);
    d.said(name, out);
    if let Some(stop) = dissection.stop() {
        let _ = write!(out, " [{stop}]");
    }
}

struct Reader<'r> {
    dissection: &'r Dissection,
    frame: &'r [u8],
}

impl Reader<'_> {
    /// The value of the innermost field of that kind.
    fn value(&self, info: &'static FieldInfo, out: &mut String) {
        if let Some(field) = self.dissection.last(info) {
            field.write(self.dissection, self.frame, out);
        }
    }

    /// What its value stands for, or the value.
    fn meaning(&self, info: &'static FieldInfo, out: &mut String) {
        match self.dissection.last(info) {
            Some(field) if field.meaning.is_some() => {
                out.push_str(field.meaning.unwrap_or_default());
            }
            _ => self.value(info, out),
        }
    }

    fn number(&self, info: &'static FieldInfo) -> Option<u64> {
        match self.dissection.last(info)?.value {
            Value::Uint(number) => Some(number),
            _ => None,
        }
    }

    /// What the innermost layer says.
    fn said(&self, layer: &str, out: &mut String) {
        let pairs: &[(&str, &'static FieldInfo)] = match layer {
            "tcp" => {
                out.push_str(" [");
                self.tcp_flags(out);
                out.push(']');
                &[
                    (" seq ", &known::SEQ),
                    (" ack ", &known::ACK),
                    (" win ", &known::TCP_WINDOW),
                    (" len ", &known::TCP_LEN),
                ]
            }
            "udp" => &[(" length ", &known::UDP_LEN)],
            "icmp" => &[
                (" ", &known::ICMP_TYPE),
                (" code ", &known::ICMP_CODE),
                (" id ", &known::ICMP_IDENT),
                (" seq ", &known::ICMP_SEQ),
            ],
            "icmpv6" => &[(" ", &known::ICMP6_TYPE), (" code ", &known::ICMP6_CODE)],
            "arp" => &[
                (" ", &known::ARP_OPCODE),
                (" who has ", &known::ARP_DST),
                (" from ", &known::ARP_SRC_MAC),
            ],
            "igmp" => &[(" ", &known::IGMP_TYPE), (" group ", &known::IGMP_GROUP)],
            "sctp" => &[(" ", &known::SCTP_CHUNK)],
            "esp" => &[(" SPI ", &known::ESP_SPI), (" sequence ", &known::ESP_SEQUENCE)],
            "wlan" => {
                &[(" ", &known::WLAN_TYPE), (" from ", &known::WLAN_TA), (" to ", &known::WLAN_RA)]
            }
            "frame" => &[(" of an unknown link type: ", &known::FRAME_LINK)],
            "ip" => &[(" protocol ", &known::IP_PROTO)],
            "eth" => &[(" type ", &known::ETH_TYPE)],
            _ => return self.message(layer, out),
        };
        self.parts(pairs, out);
    }

    /// What an application message says.
    fn message(&self, layer: &str, out: &mut String) {
        let pairs: &[(&str, &'static FieldInfo)] = match layer {
            "dns" | "mdns" | "llmnr" => &[
                (" ", &known::DNS_OPCODE),
                (" ", &known::DNS_TYPE),
                (" ", &known::DNS_NAME),
                (" answer ", &known::DNS_RCODE),
                (" ", &known::DNS_A),
                (" ", &known::DNS_AAAA),
                (" ", &known::DNS_CNAME),
            ],
            "nbns" => &[
                (" ", &known::NBNS_OPCODE),
                (" ", &known::NBNS_NAME),
                (" answer ", &known::NBNS_RCODE),
                (" ", &known::NBNS_ADDRESS),
            ],
            "tls" => &[
                (" ", &known::TLS_TYPE),
                (" ", &known::TLS_HANDSHAKE),
                (" ", &known::TLS_SNI),
                (" ", &known::TLS_ALERT),
            ],
            "http" | "ssdp" => &[
                (" ", &known::HTTP_METHOD),
                (" ", &known::HTTP_URI),
                (" host ", &known::HTTP_HOST),
                (" ", &known::HTTP_CODE),
                (" ", &known::HTTP_PHRASE),
                (" ", &known::HTTP_TYPE),
            ],
            "http2" => &[
                (" ", &known::HTTP2_TYPE),
                (" ", &known::HTTP2_METHOD),
                (" ", &known::HTTP2_PATH),
                (" ", &known::HTTP2_STATUS),
            ],
            "quic" => &[
                (" ", &known::QUIC_TYPE),
                (" version ", &known::QUIC_VERSION),
                (" to ", &known::QUIC_DCID),
            ],
            "ssh" => &[(" ", &known::SSH_BANNER), (" ", &known::SSH_MESSAGE)],
            "dhcp" => &[
                (" ", &known::DHCP_MESSAGE),
                (" from ", &known::DHCP_MAC),
                (" name ", &known::DHCP_NAME),
                (" address ", &known::DHCP_YOUR),
            ],
            "dhcpv6" => &[(" ", &known::DHCP6_MESSAGE), (" address ", &known::DHCP6_ADDRESS)],
            _ => return self.declared(layer, out),
        };
        self.parts(pairs, out);
    }

    /// The first fields of a layer that is not spoken of here.
    fn declared(&self, layer: &str, out: &mut String) {
        let layers = self.dissection.layers();
        let Some(at) = layers.iter().rposition(|known| known.info.name == layer) else { return };
        let Some(span) = layers.get(at) else { return };
        if !span.info.is_declared {
            return;
        }
        let is_short = |field: &&Field| !matches!(field.value, Value::None | Value::Bytes);
        for field in self.dissection.fields_of(at).iter().filter(is_short).take(SAID_MAX) {
            let _ = write!(out, " {} ", field.info.short_name(span.info));
            field.write(self.dissection, self.frame, out);
        }
    }

    fn parts(&self, pairs: &[(&str, &'static FieldInfo)], out: &mut String) {
        for (before, info) in pairs {
            if self.dissection.last(info).is_some() {
                out.push_str(before);
                self.meaning(info, out);
            }
        }
    }

    fn tcp_flags(&self, out: &mut String) {
        let flags = self.number(&known::TCP_FLAGS).unwrap_or(0);
        let mut between = "";
        for (bit, name) in
            ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"].iter().enumerate()
        {
            if flags >> bit & 1 != 0 {
                out.push_str(between);
                out.push_str(name);
                between = " ";
            }
        }
    }
}

/// Fields of a declared protocol that a line speaks of.
const SAID_MAX: usize = 4;
