//! First inputs of each target, made of captures: what mutation begins with.

use std::collections::BTreeMap;

use flowloom_flow::Direction;
use flowloom_schema::LinkType;
use flowloom_wire::{LayerStack, Options, Packet, Transport};

use crate::datagrams::{DHCP_PORTS, DNS_PORTS};
use crate::declared::DECLARED_PORTS;
use crate::decode::LINKS;
use crate::dissect::framed;
use crate::read::first_frames;
use crate::starttls::STARTTLS_PORTS;
use crate::talk::said;

/// Inputs of a target from a capture; none where it has no use for one.
pub fn seeds(target: &str, capture: &[u8]) -> Vec<Vec<u8>> {
    let start = &capture[..capture.len().min(CAPTURE_BYTES_MAX)];
    match target {
        "pcap" | "pcapng" | "snoop" => vec![start.to_vec()],
        "compressed" => (129..132).map(|kind| [&[kind, 0, 0, 0], start].concat()).collect(),
        "decode" => {
            frames(capture).map(|(link, frame)| [&[link, 1], &frame[..]].concat()).collect()
        }
        "dissect" => {
            let frames: Vec<_> =
                frames(capture).map(|(link, bytes)| framed(link, &bytes)).collect();
            frames.chunks(8).map(<[_]>::concat).collect()
        }
        "headers" => spans(capture, |frame, offset, _| frame[offset..].to_vec()),
        "payload" => spans(capture, |frame, _, packet| {
            let rest = frame.get(packet.trans_offset as usize..).unwrap_or_default();
            [&[packet.protocol, 0], rest].concat()
        }),
        "filter" => frames(capture)
            .zip(EXPRESSIONS.iter().cycle())
            .map(|((link, frame), text)| [text.as_bytes(), &[0, link], &frame].concat())
            .collect(),
        "x509" => {
            dialogues("tls", capture).iter().flat_map(|says| crate::x509::seeds(says)).collect()
        }
        "icmp" => {
            let messages = spans(capture, |frame, _, packet| {
                let message = frame.get(packet.trans_offset as usize..).unwrap_or_default();
                crate::icmp::seed(packet.protocol, message).unwrap_or_default()
            });
            messages.into_iter().filter(|message| !message.is_empty()).collect()
        }
        "tls" | "ssh" | "http" | "openvpn" | "quic" | "dns" | "dhcp" | "starttls" | "declared" => {
            dialogues(target, capture)
        }
        _ => Vec::new(),
    }
}

/// Inputs of a target that follow from no capture.
pub fn own_seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        // Two datagrams of three fragments, in and out of order, and a cut one.
        "defrag" => vec![
            [&[8][..], &[0, 0, 0, 16, 0, 1], &[0, 2, 0, 16, 0, 1], &[0, 4, 0, 9, 0, 0]].concat(),
            [&[26][..], &[1, 4, 0, 9, 0, 0], &[1, 0, 0, 16, 0, 1], &[1, 2, 0, 16, 0, 17]].concat(),
            [&[26][..], &[2, 0, 0, 16, 250, 1], &[2, 2, 0, 16, 0, 0]].concat(),
        ],
        "sequence" => vec![
            [&[0, 255, 255, 255, 250][..], &[0, 16, 0, 0, 9, 0, 20], &[1, 16, 0, 0, 9, 9, 20]]
                .concat(),
            [&[1, 0, 0, 0, 0][..], &[0, 2, 0, 0, 0, 0, 20], &[1, 18, 0, 0, 0, 1, 20]].concat(),
        ],
        // Each policy: a hole, pieces that overlap behind it in several ways, a cut one, the hole
        // filled; and the same with little room.
        "stream" => [0, 1, 2, 129, 130, 131]
            .map(|how| {
                let parts = [[0, 0, 4, 8, 0], [0, 0, 2, 4, 0], [0, 0, 10, 9, 33], [1, 0, 6, 2, 0]];
                let parts = [parts, [[0, 255, 255, 5, 0]; 4]].concat().concat();
                [&[how, 255, 255, 255, 250][..], &parts].concat()
            })
            .to_vec(),
        // Each definition that is shipped.
        "yaml_loader" => flowloom_protocols::declared::SHIPPED
            .iter()
            .map(|(_, text)| text.as_bytes().to_vec())
            .collect(),
        "declared" => MESSAGES
            .iter()
            .map(|(port, message)| begun(port << 1, &[(Direction::Up, message)]))
            .collect(),
        "filter" => EXPRESSIONS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "quic" => vec![crate::quic::seed()],
        _ => of_protocols(target),
    }
}

/// Inputs of the targets that read what flows say.
fn of_protocols(target: &str) -> Vec<Vec<u8>> {
    match target {
        // A question with a name that points to another, and a request with some options.
        "dns" => vec![begun(
            0,
            &[(
                Direction::Up,
                b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x01\0\x01",
            )],
        )],
        "dhcp" => vec![
            begun(
                0,
                &[(
                    Direction::Up,
                    &[
                        &[1, 1, 6, 0, 0, 0, 0, 1][..],
                        &[0; 228],
                        &[99, 130, 83, 99, 53, 1, 1, 12, 3, b'a', b'b', b'c', 55, 2, 1, 3, 255],
                    ]
                    .concat(),
                )],
            ),
            begun(1, &[(Direction::Up, b"\x01\0\0\x01\0\x01\0\x04\0\x03\0\x01\0\x08\0\x02\0\0")]),
        ],
        // Banners and the beginning of an offer; a dialogue of SMTP that turns.
        "ssh" => vec![said(&[
            (Direction::Up, b"SSH-2.0-a\r\n"),
            (Direction::Down, b"SSH-2.0-b\r\n"),
            (Direction::Up, &[&[0, 0, 0, 80, 4, 20][..], &[0; 78]].concat()),
            (Direction::Down, &[&[0, 0, 0, 80, 4, 20][..], &[0; 78]].concat()),
        ])],
        "http" => crate::http::seeds(),
        "http2" => crate::http::seeds_of_two(),
        "starttls" => vec![begun(
            0,
            &[
                (Direction::Up, b"EHLO a\r\nSTARTTLS\r\n"),
                (Direction::Down, b"250 a\r\n220 go\r\n"),
                (Direction::Up, b"\x16\x03\x01\0\x05\x01\0\0\x01\0"),
            ],
        )],
        // A reset, and a packet with the beginning of a hello.
        "openvpn" => vec![said(&[
            (Direction::Up, b"\0\x0e\x38sessions\0\0\0\0\0"),
            (
                Direction::Up,
                b"\0\x1b\x20sessions\0\0\0\0\x01\x16\x03\x01\0\x08\x01\0\0\x04\x03\x03\0\0",
            ),
        ])],
        _ => Vec::new(),
    }
}

/// A dialogue behind a byte that chooses where it is.
fn begun(choice: usize, says: &[(Direction, &[u8])]) -> Vec<u8> {
    [&[choice as u8], &said(says)[..]].concat()
}

/// Inputs of a target that reads what flows say, from those of a capture that are for it.
fn dialogues(target: &str, capture: &[u8]) -> Vec<Vec<u8>> {
    let mut dialogues = BTreeMap::<_, Vec<(Direction, Vec<u8>)>>::new();
    for (link, original, bytes) in first_frames(capture, DIALOGUE_FRAMES_MAX) {
        let mut packet = Packet::default();
        flowloom_wire::decode(link, &bytes, original, &Options::default(), &mut (), &mut packet);
        let (start, len) = (packet.app_offset as usize, packet.app_len as usize);
        let Some(payload) = bytes.get(start..start + len).filter(|bytes| !bytes.is_empty()) else {
            continue;
        };
        // Whoever has the lower port is asked.
        let ports = [packet.src_port, packet.dst_port];
        let direction = if ports[0] < ports[1] { Direction::Down } else { Direction::Up };
        let is_tcp = packet.transport == Transport::Tcp;
        let key = (is_tcp, ports[0].min(ports[1]), ports[0].max(ports[1]));
        dialogues.entry(key).or_default().push((direction, payload.to_vec()));
    }
    let dialogue = |((is_tcp, port, _), says): (_, Vec<(_, Vec<u8>)>)| {
        let says: Vec<_> = says.iter().map(|(direction, bytes)| (*direction, &bytes[..])).collect();
        let first = says.first()?.1;
        let among = |ports: &[u16]| ports.iter().position(|known| *known == port);
        match target {
            "tls" => (first[0] == 22).then(|| said(&says)),
            "ssh" => first.starts_with(b"SSH-").then(|| said(&says)),
            "http" => (is_tcp && first[0].is_ascii_uppercase()).then(|| said(&says)),
            "openvpn" => (port == 1194).then(|| said(&says)),
            "quic" => (!is_tcp && first[0] >= 0xc0).then(|| said(&says)),
            "dns" => among(&DNS_PORTS).map(|at| begun(at | usize::from(is_tcp) << 2, &says)),
            "dhcp" => among(&DHCP_PORTS).map(|at| begun(at, &says)),
            "starttls" => among(&STARTTLS_PORTS).map(|at| begun(at, &says)),
            _ => among(DECLARED_PORTS).map(|at| begun(at << 1 | usize::from(is_tcp), &says)),
        }
    };
    dialogues.into_iter().filter_map(dialogue).collect()
}

/// Link, as a byte that stands for it, and bytes of a capture's first frames.
fn frames(capture: &[u8]) -> impl Iterator<Item = (u8, Vec<u8>)> {
    let place = |link: LinkType| LINKS.iter().position(|known| *known == link);
    first_frames(capture, FRAMES_MAX)
        .into_iter()
        .filter_map(move |(link, _, bytes)| Some((place(link)? as u8, bytes)))
}

/// What `make` makes of each header of a capture's first frames.
fn spans(capture: &[u8], make: impl Fn(&[u8], usize, &Packet) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (link, original, bytes) in first_frames(capture, FRAMES_MAX) {
        let (mut layers, mut packet) = (LayerStack::new(), Packet::default());
        let options = Options::default();
        flowloom_wire::decode(link, &bytes, original, &options, &mut layers, &mut packet);
        let offsets = layers.spans().iter().map(|(_, offset)| *offset as usize);
        seeds.extend(offsets.map(|offset| make(&bytes, offset, &packet)));
    }
    seeds.sort_unstable();
    seeds.dedup();
    seeds
}

const CAPTURE_BYTES_MAX: usize = 16 << 10;
const FRAMES_MAX: usize = 40;
const DIALOGUE_FRAMES_MAX: usize = 400;

/// One of each kind.
const EXPRESSIONS: &[&str] = &[
    "tcp port 443 and host 10.0.0.1",
    "not (udp or icmp) and src net 10.0.0.0/8",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "ip[2:2] - ((ip[0]&0xf)<<2) > 100",
    "vlan 10 and mpls 5 and pppoes 7",
    "ether host 00:11:22:33:44:55 or ether broadcast",
    "ip6 host 2001:db8::1 and dst portrange 53-80",
    "geneve 5 and ip proto 17",
    "wlan type mgt subtype beacon or dir tods",
    "len > 64 and greater 100 or less 20",
    "ip6 protochain 58 or icmp6[icmp6type] = 128",
    "gre or vxlan or gtp or teredo or arp",
    "iso proto 1 or decnet host 10.3 or llc s",
    "net 192.0.2.0 mask 255.255.255.0 and (port domain or http)",
    "tls and tls.resumed != true and tls.sni in {\"a b\", example.org}",
    "tls.sni matches /^(www|ftp)[0-9]*\\.x/i or tls.sni endswith \".org\"",
    "http.status in {200, 301-399} and dns.rtt > -0.5 and dns.answer in 10.0.0.0/8",
];

/// The places of their ports among those of declared protocols, and messages.
const MESSAGES: &[(usize, &[u8])] = &[
    (18, b"REGISTER sip:a SIP/2.0\r\nCall-ID: 7\r\n\r\nv=0\r\n"),
    (12, b"\x00\x01\x00\x00\x21\x12\xa4\x42\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"),
    (10, b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02id"),
];
