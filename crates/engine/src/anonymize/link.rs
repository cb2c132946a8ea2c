//! Link headers, and what stands between them and IP.

use flowloom_wire::Layer;
use flowloom_wire::ieee80211::{Radiotap, prism_header_len};
use flowloom_wire::ipoib::Ipoib;
use flowloom_wire::llc::Llc;

use super::Payload;
use super::frame::{Around, Header, Rewriting};
use super::transport::plain_sum;

impl Rewriting<'_, '_> {
    /// A header of any kind; `inside` are those that follow it.
    pub(super) fn header(
        &mut self,
        header: Header,
        inside: &[(Layer, usize)],
        around: &mut Around,
    ) {
        let Header { layer, at, .. } = header;
        match layer {
            Layer::Ipv4 => self.ipv4(at, around),
            Layer::Ipv6 => self.ipv6(at, around),
            Layer::HopByHop
            | Layer::Routing
            | Layer::FragmentHeader
            | Layer::DestinationOptions
            | Layer::Mobility
            | Layer::Shim6
            | Layer::Hip
            | Layer::Ah => self.extension(header, around),
            Layer::Tcp => self.tcp(at, around),
            Layer::Udp => self.udp(at, around),
            Layer::UdpLite => self.udp_lite(at, around),
            Layer::Sctp => self.sctp(at, around),
            Layer::Dccp => self.dccp(at, around),
            Layer::Icmp | Layer::Icmp6 | Layer::Igmp => self.message(layer, at, around),
            Layer::Arp => self.arp(at),
            Layer::Esp => self.keep(at..at + 8),
            Layer::Ethernet => {
                self.ethernet(header, inside);
                if let Some(len @ ..=LENGTH_MAX) = self.u16(at + 12) {
                    around.end = around.end.min(at + 14 + usize::from(len));
                }
            }
            Layer::Gre
            | Layer::Nvgre
            | Layer::Erspan
            | Layer::Vxlan
            | Layer::Geneve
            | Layer::Gtp
            | Layer::Teredo
            | Layer::Ayiya
            | Layer::Lisp
            | Layer::EtherIp
            | Layer::PimRegister
            | Layer::Capwap
            | Layer::L2tp => self.tunnel(header, around),
            _ => self.link(header),
        }
        let discovery = match layer {
            Layer::Snap if self.rest(at).starts_with(&[0, 0, 0x0c, 0x20, 0x00]) => at + 5,
            Layer::CiscoHdlc if self.u16(at + 2) == Some(0x2000) => at + 4,
            _ => return,
        };
        if header.is_last {
            self.discovery(discovery, around.end);
        }
    }

    /// Cisco's discovery protocol: version, time to live, and a checksum of what is left of it.
    fn discovery(&mut self, at: usize, end: usize) {
        self.keep(at..at + 2);
        if self.payload == Payload::Keep {
            self.keep(at + 2..at + 4);
            self.sums.push(plain_sum(at + 2, at..end));
        } else if let Some(front) = self.u16(at).filter(|_| end >= at + 4) {
            self.write(at + 2, &(!front).to_be_bytes());
        }
    }

    /// A frame's group is that of its packet, where there is one.
    pub(super) fn ethernet(&mut self, header: Header, inside: &[(Layer, usize)]) {
        let Header { at, .. } = header;
        self.mac(at);
        self.mac(at + 6);
        self.keep(at + 12..at + 14);
        // The mark of IPX without a header between: zeros would be one of LLC.
        if header.is_last && self.rest(at + 14).starts_with(&[0xff, 0xff]) {
            self.keep(at + 14..at + 16);
        }
        let ip = inside.iter().find(|(layer, _)| matches!(layer, Layer::Ipv4 | Layer::Ipv6));
        let Some(&(version, ip)) = ip else { return };
        let Some(&dst) = self.rest(at).first_chunk::<6>() else { return };
        match (version, dst) {
            (Layer::Ipv4, [0x01, 0x00, 0x5e, a, b, c]) => {
                if let Some(&group) = self.rest(ip + 16).first_chunk::<4>()
                    && group[0] & 0xf0 == 0xe0
                    && [group[1] & 0x7f, group[2], group[3]] == [a, b, c]
                {
                    let [_, a, b, c] = self.map.v4(group);
                    self.write(at, &[0x01, 0x00, 0x5e, a & 0x7f, b, c]);
                }
            }
            (Layer::Ipv6, [0x33, 0x33, a, b, c, d]) => {
                if let Some(&group) = self.rest(ip + 24).first_chunk::<16>()
                    && group[0] == 0xff
                    && group[12..] == [a, b, c, d]
                {
                    let [.., a, b, c, d] = self.map.v6(group);
                    self.write(at, &[0x33, 0x33, a, b, c, d]);
                }
            }
            _ => {}
        }
    }

    fn link(&mut self, header: Header) {
        let Header { layer, at, end, is_last } = header;
        let known = |len: usize| at..at + len;
        match layer {
            Layer::Vlan | Layer::Null | Layer::CiscoHdlc | Layer::Itag => self.keep(known(4)),
            Layer::Snap => self.keep(known(5)),
            Layer::PppoeDiscovery | Layer::Pppoe | Layer::Vntag | Layer::Hsr | Layer::Rtag => {
                self.keep(known(6));
            }
            Layer::Nsh | Layer::Metadata | Layer::Etag => self.keep(known(8)),
            Layer::FabricPath => self.keep(known(2)),
            Layer::Enc => self.keep(known(12)),
            // The address before it is that of a port: of hardware.
            Layer::Ipoib => self.keep(at + Ipoib::PROTOCOL_AT..at + Ipoib::LEN),
            Layer::Llc => {
                let len = Llc::parse(self.rest(at)).map_or(3, |llc| llc.header_len());
                self.keep(known(len));
            }
            Layer::LinuxSll => {
                self.keep(known(6));
                self.hardware_address(at + 6, self.u16(at + 4));
                self.keep(at + 14..at + 16);
            }
            Layer::LinuxSll2 => {
                self.keep(known(12));
                self.hardware_address(at + 12, self.byte(at + 11).map(u16::from));
            }
            Layer::Nflog => self.nflog(at, end),
            Layer::Fddi => {
                self.keep(known(1));
                self.mac(at + 1);
                self.mac(at + 7);
            }
            Layer::Radiotap => {
                let len = Radiotap::parse(self.rest(at)).map_or(8, |header| header.header_len());
                self.keep(known(len));
            }
            Layer::Prism => {
                let len = prism_header_len(self.rest(at)).unwrap_or(8);
                self.keep(known(len));
            }
            Layer::Ppi => self.ppi(at),
            Layer::Ieee80211 => self.wlan(at, end, is_last),
            // Before the addresses that later versions have.
            Layer::Pflog => self.keep(at..end.min(at + 64)),
            Layer::Pktap => self.pktap(at, end),
            Layer::Macsec => {
                self.keep(known(6));
                if self.byte(at).is_some_and(|flags| flags & 0x20 != 0) {
                    self.mac(at + 6);
                    self.keep(at + 12..at + 14);
                }
                self.up_to_next(header, 2);
            }
            Layer::Batman => self.batman(at),
            Layer::Mpls => self.labels(header),
            Layer::Ppp | Layer::FrameRelay if is_last => self.keep(known(4)),
            Layer::Ppp | Layer::FrameRelay => self.keep(at..end),
            _ => {}
        }
    }

    /// The last bytes before the next header.
    pub(super) fn up_to_next(&mut self, header: Header, len: usize) {
        if !header.is_last && header.end >= header.at + len {
            self.keep(header.end - len..header.end);
        }
    }

    /// In a field of eight bytes. Devices of tunnels have IP addresses.
    fn hardware_address(&mut self, at: usize, len: Option<u16>) {
        match len {
            Some(6) => self.mac(at),
            Some(4) => self.v4(at),
            _ => {}
        }
    }

    fn labels(&mut self, header: Header) {
        let mut at = header.at;
        while let Some(&label) = self.rest(at).first_chunk::<4>() {
            self.keep(at..at + 4);
            at += 4;
            if label[2] & 1 != 0 || at >= header.end {
                break;
            }
        }
        // The control word of a pseudowire.
        if !header.is_last && header.end == at + 4 {
            self.keep(at..at + 4);
        }
    }

    fn nflog(&mut self, at: usize, end: usize) {
        self.keep(at..at + 4);
        let mut field = at + 4;
        while let Some(&[a, b, c, d]) = self.rest(field).first_chunk::<4>() {
            if field >= end {
                return;
            }
            let little = u16::from_le_bytes([a, b]) < 0x4000 && d == 0;
            let number = if little { u16::from_le_bytes } else { u16::from_be_bytes };
            let (len, kind) = (usize::from(number([a, b])), number([c, d]));
            if len < 4 {
                return;
            }
            self.keep(field..field + 4);
            match kind {
                // The packet, whose headers come next.
                9 => return,
                8 => {
                    self.keep(field..field + 8);
                    self.mac(field + 8);
                }
                1..=7 | 11..=15 => self.keep(field..field + len),
                _ => {}
            }
            field += len.next_multiple_of(4);
        }
    }

    /// Fields about the radio stay; others may say where the machine was.
    fn ppi(&mut self, at: usize) {
        self.keep(at..at + 8);
        let Some(&[a, b]) = self.rest(at + 2).first_chunk() else { return };
        let end = at + usize::from(u16::from_le_bytes([a, b]));
        let mut field = at + 8;
        while let Some(&[a, b, c, d]) = self.rest(field).first_chunk() {
            if field >= end {
                return;
            }
            let (kind, len) = (u16::from_le_bytes([a, b]), usize::from(u16::from_le_bytes([c, d])));
            self.keep(field..field + 4);
            if (2..=4).contains(&kind) {
                self.keep(field..(field + 4 + len).min(end));
            }
            field += 4 + len;
        }
    }

    /// Without the names of processes.
    fn pktap(&mut self, at: usize, end: usize) {
        // Up to the process: lengths, kinds, interface, flags, family, bytes before and after.
        self.keep(at..end.min(at + 52));
    }

    fn wlan(&mut self, at: usize, end: usize, is_last: bool) {
        let Some(&[first, flags]) = self.rest(at).first_chunk() else { return };
        // Some controllers swap the bytes of numbers.
        let (first, flags) =
            if first & WLAN_VERSION == 0 { (first, flags) } else { (flags, first) };
        let (kind, subtype) = (first >> 2 & 3, first >> 4);
        self.keep(at..at + 4);
        match (kind, subtype) {
            // Control: receiver, and for most the transmitter.
            (1, 0xc | 0xd) => self.mac(at + 4),
            (1, 7) | (3, _) => {}
            (1, _) => {
                self.mac(at + 4);
                self.mac(at + 10);
                // Which block is asked for or acknowledged.
                if matches!(subtype, 8 | 9) {
                    self.keep(at + 16..at + 20);
                }
            }
            (kind, _) => {
                for address in [4, 10, 16] {
                    self.mac(at + address);
                }
                self.keep(at + 22..at + 24);
                let mut next = at + 24;
                if kind == 2 && flags & 3 == 3 {
                    self.mac(next);
                    next += 6;
                }
                if kind == 2 && subtype & 8 != 0 {
                    self.keep(next..next + 2);
                    next += if flags & 0x80 == 0 { 2 } else { 6 };
                    // The first packet of several has a header with addresses of its own.
                    let is_aggregate = self.byte(next - 2).is_some_and(|qos| qos & 0x80 != 0);
                    if is_aggregate && !is_last && end >= at + 14 && flags & 0x80 == 0 {
                        self.mac(end - 14);
                        self.mac(end - 8);
                        self.keep(end - 2..end);
                    }
                }
            }
        }
    }

    fn batman(&mut self, at: usize) {
        self.keep(at..at + 4);
        match self.byte(at) {
            Some(0x01) => {
                self.keep(at..at + 8);
                self.mac(at + 8);
            }
            Some(0x40) => self.mac(at + 4),
            Some(0x42) => {
                self.mac(at + 4);
                self.mac(at + 10);
                self.keep(at + 16..at + 18);
            }
            _ => {}
        }
    }
}

const WLAN_VERSION: u8 = 3;
/// In the place of a type, what is not more is a length (IEEE 802.3, clause 3.2.6).
const LENGTH_MAX: u16 = 1_500;
