//! Expressions: one generator per production of the language, with values drawn from real frames,
//! and the examples of pcap-filter(7).

use flowloom_wire::Transport;

use crate::corpus::{Corpus, Sample};

/// A stream of choices that is the same in every run.
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound` (xorshift64*).
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    pub(crate) fn of<'t, T: ?Sized>(&mut self, choices: &[&'t T]) -> &'t T {
        choices[self.below(choices.len())]
    }
}

/// Makes expressions about frames that are there.
pub(crate) struct Generator<'c> {
    corpus: &'c Corpus,
    pub(crate) choices: Choices,
}

impl<'c> Generator<'c> {
    pub(crate) fn new(corpus: &'c Corpus) -> Self {
        Self { corpus, choices: Choices::new(0x00f1_0e10_0000_0001) }
    }

    /// A primitive of the production; some productions have several forms.
    pub(crate) fn primitive(&mut self, production: &Production) -> String {
        let forms: Vec<&str> = production.forms.split("|||").collect();
        let mut text = self.choices.of(&forms).to_owned();
        for hole in HOLES {
            while let Some(at) = text.find(hole) {
                let value = self.value(hole);
                text.replace_range(at..at + hole.len(), &value);
            }
        }
        text
    }

    /// Several primitives joined, with parentheses, negations, and identifiers that inherit.
    pub(crate) fn compound(&mut self, depth: usize) -> String {
        if depth == 0 || self.choices.below(4) == 0 {
            let production = &PRODUCTIONS[self.choices.below(PRODUCTIONS.len())];
            return self.primitive(production);
        }
        let left = self.compound(depth - 1);
        let right = self.compound(depth - 1);
        let (and, or) = (self.choices.of(&["and", "&&"]), self.choices.of(&["or", "||"]));
        match self.choices.below(6) {
            0 => format!("{left} {or} {right}"),
            1 => format!("({left}) {and} {right}"),
            2 => format!("{left} {or} ({right})"),
            3 => format!("not ({left}) {and} {right}"),
            4 => format!("! {left} {or} {right}"),
            _ => format!("{left} {and} not ({right})"),
        }
    }

    /// Tokens of the language in no order, a few of them.
    pub(crate) fn soup(&mut self) -> String {
        let tokens: Vec<&str> = TOKENS.split(' ').collect();
        let len = 1 + self.choices.below(7);
        (0..len).map(|_| self.choices.of(&tokens)).collect::<Vec<_>>().join(" ")
    }

    fn sample(&mut self) -> &'c Sample {
        &self.corpus.samples[self.choices.below(self.corpus.samples.len())]
    }

    /// A value from a frame that has one; or a fixed one after some attempts.
    fn value(&mut self, hole: &str) -> String {
        for _ in 0..2000 {
            let sample = self.sample();
            let packet = &sample.packet;
            let swap = self.choices.below(2) == 0;
            let address = if swap { packet.src } else { packet.dst };
            let address = address.to_ip(packet.ip_version).to_string();
            let found = match hole {
                "@4" if packet.ip_version == 4 => Some(address),
                "@net" if packet.ip_version == 4 => {
                    Some(address.rsplitn(2, '.').last().unwrap_or_default().to_owned())
                }
                "@6" if packet.ip_version == 6 => Some(address),
                "@port" if matches!(packet.transport, Transport::Tcp | Transport::Udp) => {
                    Some(if swap { packet.src_port } else { packet.dst_port }.to_string())
                }
                "@sport" if packet.transport == Transport::Sctp => {
                    Some(packet.src_port.to_string())
                }
                "@mac" if packet.mac_src_plus_one > 0 => {
                    let at = usize::from(if swap {
                        packet.mac_src_plus_one
                    } else {
                        packet.mac_dst_plus_one
                    }) - 1;
                    sample.bytes.get(at..at + 6).map(|mac| self.mac(mac))
                }
                "@byte" => sample.bytes.get(self.choices.below(64)).map(ToString::to_string),
                "@len" => Some(sample.original.to_string()),
                "@small" => Some(self.choices.below(40).to_string()),
                "@vlan" => packet.vlans[0].id().map(|id| id.to_string()),
                _ => None,
            };
            if let Some(found) = found {
                return found;
            }
        }
        "1".to_owned()
    }

    /// A hardware address in one of the spellings there are.
    fn mac(&mut self, mac: &[u8]) -> String {
        let pair = |b: &u8| format!("{b:02x}");
        let joined = |by: &str| mac.iter().map(pair).collect::<Vec<_>>().join(by);
        match self.choices.below(6) {
            0 => joined("-"),
            1 => joined("."),
            2 => joined(""),
            3 => {
                let plain = joined("");
                format!("{}.{}.{}", &plain[..4], &plain[4..8], &plain[8..])
            }
            4 => mac.iter().map(|b| format!("{b:X}")).collect::<Vec<_>>().join(":"),
            _ => joined(":"),
        }
    }
}

const HOLES: [&str; 10] =
    ["@4", "@net", "@6", "@port", "@sport", "@mac", "@byte", "@len", "@small", "@vlan"];

/// What soups are made of: words of every kind that need no resolver and no live interface.
const TOKENS: &str = "host host net port port portrange src dst src dst proto proto and or and or not ( ) ( ) \
     ip ip6 tcp udp arp icmp ether link wlan vlan mpls pppoes llc len less greater = > != + - & | [ ] : \
     80 443 6 0x800 0 10.0.0.1 192.168.0.0/16 192.168 10.1 mask 255.255.0.0 ::1 fe80::/10 2:0:0:0:0:1 \
     5-10 http domain \\tcp \\ip broadcast multicast type mgt subtype beacon i ui ip[0] tcp[13:2] ether[0:4] \
     tcpflags tcp-syn 192.168.1.1 and or not";

/// A production of the language: forms separated by `|||`, with holes for values.
pub(crate) struct Production {
    pub(crate) name: &'static str,
    pub(crate) forms: &'static str,
}

impl Production {
    /// Whether it is about IP and what is above, so that the link type does not matter.
    pub(crate) fn is_above_the_link(&self) -> bool {
        ABOVE_THE_LINK.contains(&self.name)
    }
}

const ABOVE_THE_LINK: &[&str] = &[
    "host",
    "src host",
    "dst host",
    "src or dst host",
    "src and dst host",
    "ip host",
    "ip6 host",
    "short host",
    "net",
    "net/len",
    "net mask",
    "net 6",
    "net promoted",
    "port",
    "src port",
    "tcp port",
    "udp port",
    "sctp port",
    "port name",
    "portrange",
    "proto",
    "ip proto",
    "ip6 proto",
    "ip multicast",
    "ip6 multicast",
    "ip",
    "ip6",
    "tcp",
    "udp",
    "sctp",
    "icmp",
    "icmp6",
    "igmp",
    "pim",
    "ah",
    "esp",
    "load ip",
    "load ip6",
    "load tcp",
    "load udp",
    "load icmp",
    "load icmp6",
    "load igmp",
];

const fn p(name: &'static str, forms: &'static str) -> Production {
    Production { name, forms }
}

/// Every production of pcap-filter(7) that we take.
#[rustfmt::skip]
pub(crate) const PRODUCTIONS: &[Production] = &[
    p("host", "host @4|||host @6"),
    p("src host", "src @4|||src host @4|||src host @6|||src @6"),
    p("dst host", "dst @4|||dst host @4|||dst host @6"),
    p("src or dst host", "src or dst host @4|||dst or src host @6"),
    p("src and dst host", "src and dst net @net|||src and dst net 192.168|||dst and src net 10"),
    p("ip host", "ip host @4|||ip src @4|||ip dst host @4"),
    p("ip6 host", "ip6 host @6|||ip6 src @6|||ip6 dst host @6"),
    p("arp host", "arp host @4|||arp src host 10.0.0.1|||arp net 192.168|||arp dst net 10"),
    p("rarp host", "rarp net 0.0.0.0/0|||rarp src net 10.0.0.0/8|||rarp host 10.1"),
    p("short host", "host 192.168|||src host 10.0"),
    p("net", "net @net|||net 10|||net 192.168|||net 172.16|||dst net @net|||src net 10"),
    p("net/len", "net 10.0.0.0/8|||src net 192.168.0.0/16|||net 128.0.0.0/1|||dst net 192.168.0.0/17|||ip net 0.0.0.0/2"),
    p("net mask", "net 192.168.0.0 mask 255.255.0.0|||dst net 10.0.0.0 mask 255.0.0.0|||net 0.0.0.1 mask 0.0.0.255"),
    p("net 6", "net fe80::/10|||src net 2001::/16|||dst net ff02::/16|||ip6 net ff00::/8|||net ::/0|||ip6 net 2000::/3"),
    p("net promoted", "net 10|||net 192|||dst net 224"),
    p("host number", "not host 5|||host 0|||dst host 0xffffffff"),
    p("port", "port @port|||port @port|||port @port"),
    p("src port", "src port @port|||dst port @port|||src or dst port @port|||src and dst port 53|||src and dst port 137"),
    p("tcp port", "tcp port @port|||tcp src port @port|||tcp dst port @port|||tcp port 80"),
    p("udp port", "udp port @port|||udp src port @port|||udp dst port @port|||udp port 53"),
    p("sctp port", "sctp port @sport|||sctp src port @sport|||sctp dst port @sport"),
    p("port name", "port domain|||port http|||port https|||tcp port ssh|||udp port bootps|||port ftp|||port ntp|||dst port smtp|||port netbios-ns|||port sip|||port snmp"),
    p("portrange", "portrange 1-1023|||portrange 6000-6008|||src portrange 1024-65535|||dst portrange 1-100|||tcp portrange 20-25|||udp portrange 60-5000|||portrange 100-50|||portrange 53"),
    p("portrange names", "portrange ftp-ssh|||tcp portrange ftp-http|||portrange domain-http"),
    p("octal, hex", "port 0x50|||port 0120|||ip proto 0x11|||port 0x1bb"),
    p("less", "less @len|||less 64|||less 100"),
    p("greater", "greater @len|||greater 1000|||greater 65"),
    p("proto", "proto 6|||proto 17|||proto \\tcp|||proto \\udp|||proto 1|||proto \\icmp|||proto 58|||proto 132"),
    p("ip proto", "ip proto 6|||ip proto \\udp|||ip proto 2|||ip proto \\icmp|||ip proto \\gre|||ip proto ospf|||ip proto 4"),
    p("ip6 proto", "ip6 proto 6|||ip6 proto \\udp|||ip6 proto 58|||ip6 proto ipv6-icmp|||ip6 proto 59"),
    p("protochain", "ip6 protochain 6|||ip protochain 17|||protochain \\tcp|||ip6 protochain 58|||protochain 50"),
    p("ether proto", "ether proto 0x0800|||ether proto \\arp|||ether proto \\ip6|||ether proto 0x86dd|||ether proto \\ip|||link proto 0x8100|||ether proto \\loopback|||ether proto 0x88cc"),
    p("ether proto sap", "ether proto 0x42|||ether proto 6|||ether proto 0xaa|||ether proto 0x40|||ether proto \\stp|||ether proto \\netbeui"),
    p("ether host", "ether host @mac|||ether src @mac|||ether dst @mac|||ether src host @mac|||link host @mac|||fddi src @mac|||tr host @mac|||wlan host @mac|||ether src or dst @mac"),
    p("ether both", "not ether src and dst @mac|||ether src and dst 00:00:00:00:00:00"),
    p("broadcast", "ether broadcast|||broadcast"),
    p("multicast", "ether multicast|||multicast"),
    p("ip multicast", "ip multicast"),
    p("ip6 multicast", "ip6 multicast"),
    p("ip", "ip"), p("ip6", "ip6"), p("arp", "arp"), p("rarp", "rarp"), p("tcp", "tcp"), p("udp", "udp"),
    p("sctp", "sctp"), p("icmp", "icmp"), p("icmp6", "icmp6"), p("igmp", "igmp"), p("igrp", "igrp"),
    p("pim", "pim"), p("vrrp", "vrrp"), p("carp", "carp"), p("ah", "ah"), p("esp", "esp"), p("atalk", "atalk"),
    p("aarp", "aarp"), p("decnet", "decnet"), p("lat", "lat"), p("sca", "sca"), p("moprc", "moprc"),
    p("mopdl", "mopdl"), p("iso", "iso"), p("clnp", "clnp"), p("esis", "esis|||es-is"), p("isis", "isis|||is-is"),
    p("stp", "stp"), p("ipx", "ipx"), p("netbeui", "netbeui"),
    p("l1", "l1"), p("l2", "l2"), p("iih", "iih"), p("lsp", "lsp"), p("snp", "snp"), p("csnp", "csnp"), p("psnp", "psnp"),
    p("iso proto", "iso proto 0x83|||iso proto \\clnp|||iso proto \\esis|||iso proto \\isis"),
    p("isis proto", "isis proto 17|||isis proto 24"),
    p("decnet host", "decnet src 10.5|||decnet dst 10.6|||decnet host 10.5|||decnet dst host 10.5 or decnet src 10.6"),
    p("llc", "llc"),
    p("llc kind", "llc i|||llc s|||llc u"),
    p("llc s kind", "llc rr|||llc rnr|||llc rej"),
    p("llc u kind", "llc ui|||llc ua|||llc disc|||llc sabme|||llc test|||llc xid|||llc frmr"),
    p("vlan", "vlan|||vlan @vlan|||vlan 200|||vlan (5)"),
    p("vlan stack", "vlan and vlan|||vlan 200 and vlan 300|||vlan and vlan 300 and ip|||vlan and ip|||vlan and ip6|||vlan and arp|||vlan @vlan and tcp|||vlan and host @4|||vlan and udp port @port|||vlan or ip|||not vlan and tcp"),
    p("mpls", "mpls|||mpls 1024|||mpls 100000"),
    p("mpls stack", "mpls and mpls|||mpls 100000 and mpls 1024|||mpls and ip|||mpls and mpls 1024 and host 10.0.0.1|||mpls and mpls and ip6|||mpls and tcp port 80|||mpls and ip6 proto 17|||mpls and icmp|||vlan and mpls and ip"),
    p("pppoed", "pppoed"),
    p("pppoes", "pppoes|||pppoes 0x27|||pppoes and ip|||pppoes 0x27 and ip|||pppoes and ip6|||pppoes and tcp|||pppoes and link[0] = 0|||pppoes and udp port 53|||vlan and pppoes and ip|||pppoes and ip6 proto 17"),
    p("geneve", "geneve|||geneve 0xb"),
    p("geneve inside", "geneve 0xb and ip|||geneve and ip6|||geneve and tcp port 80|||geneve and ether src 02:00:00:00:00:02|||geneve and vlan 300|||geneve and vlan and ip|||geneve and ether[0] = 2|||geneve and ip[9] = 6|||geneve and multicast|||geneve and icmp|||geneve 0xb or len < 100|||geneve or not greater 60"),
    p("wlan type", "type mgt|||type ctl|||type data|||wlan type data|||type 8"),
    p("wlan type subtype", "type mgt subtype beacon|||type data subtype data|||type ctl subtype ack|||type 0 subtype 0x80|||wlan type data subtype qos-data|||type mgt subtype deauth|||type ctl subtype rts"),
    p("wlan subtype", "subtype beacon|||subtype probe-resp|||subtype qos-data|||wlan subtype null|||subtype cts|||subtype assocreq"),
    p("wlan dir", "dir nods|||dir tods|||dir fromds|||wlan dir dstods|||direction 1"),
    p("wlan addr", "wlan addr1 02:00:00:00:00:01|||wlan addr2 2:0:0:0:0:2|||wlan addr3 02-00-00-00-00-03|||wlan addr4 0200.0000.0004|||wlan address1 020000000001|||wlan ra 02:00:00:00:00:01|||wlan ta 02:00:00:00:00:02|||wlan addr1 @mac"),
    p("wlan host", "wlan src 02:00:00:00:00:02|||wlan dst 02:00:00:00:00:03|||wlan host 02:00:00:00:00:04|||wlan src 02:00:00:00:00:03"),
    p("radio", "radio[0] = 0|||radio[2] > 20"),
    p("load ether", "ether[0] & 1 != 0|||link[12:2] = 0x800|||ether[@small] = @byte|||ether[12:4] > 0x08000000|||wlan[0] = 0x80|||fddi[0] = 0x50|||ppp[0] = 0xff|||slip[0] = 0x45|||tr[0] > 16|||ether[@small:2] >= 512|||ether[@small:4] < 0x10000000"),
    p("load ip", "ip[0] & 0xf != 5|||ip[6:2] & 0x1fff = 0|||ip[8] < 64|||ip[2:2] > 576|||ip[16] >= 224|||ip[@small] = @byte|||ip[12:4] = 0x0a000001|||ip[-1] = 0"),
    p("load ip6", "ip6[6] = 58|||ip6[7] = 255|||ip6[4:2] > 100|||ip6[24] = 0xff|||ip6[40] = 135|||ip6[@small] = @byte"),
    p("load arp", "arp[7] = 1|||arp[6:2] = 2|||arp[14:4] != 0|||rarp[7] = 3|||arp[@small] = @byte"),
    p("load tcp", "tcp[13] & 2 != 0|||tcp[tcpflags] & (tcp-syn|tcp-fin) != 0|||tcp[tcpflags] == tcp-ack|||tcp[0:2] = 80|||tcp[12] > 80|||tcp[tcpflags] & (tcp-rst|tcp-ack) == (tcp-rst|tcp-ack)|||tcp[tcpflags] & tcp-push != 0|||tcp[4:4] > 0x80000000|||tcp[14:2] < 1000|||tcp[tcpflags] & (tcp-urg|tcp-ece|tcp-cwr) != 0|||tcp[20:2] = 0x1603"),
    p("load udp", "udp[4:2] > 100|||udp[0:2] = 53|||udp[8] = 0|||udp[6:2] = 0|||udp[10:2] & 0x8000 != 0"),
    p("load icmp", "icmp[icmptype] = icmp-echo|||icmp[icmptype] != icmp-echoreply|||icmp[0] = icmp-unreach|||icmp[icmpcode] = 0|||icmp[icmptype] = icmp-timxceed"),
    p("load icmp6", "icmp6[icmp6type] = icmp6-neighborsolicit|||icmp6[icmp6type] = icmp6-echo|||icmp6[icmp6code] = 0|||icmp6[0] = icmp6-routeradvert|||icmp6[0] > 134"),
    p("load igmp", "igmp[0] = 0x11|||igmp[0] = 0x22|||igmp[4:4] = 0|||igmp[0] = 0x16"),
    p("load others", "sctp[0:2] = @sport|||sctp[12] = 0|||vrrp[0] = 1|||carp[0] = 1|||pim[0] = 1|||igrp[0] = 1"),
    p("load link protocols", "decnet[0] = 24|||lat[0] = 0x11|||sca[0] = 0x11|||moprc[1] = 0x11|||mopdl[2] = 0x11|||atalk[0] = 0x11"),
    p("byte", "byte 0 = 0|||byte 12 = 8|||byte 1 < 16|||byte 0 > 1"),
    p("len", "len > 100|||len = @len|||length <= 60|||len != 60|||len >= @len|||100 < len"),
    p("sums", "len - 14 > 100|||ip[2:2] + 14 = len|||len % 2 = 0|||len * 3 > 300|||len / 2 < 50|||(ip[0] & 0xf) << 2 = 20|||ip[0] >> 4 = 4|||ip[8] ^ 0xff > 100|||ip[8] | 1 = 65|||(((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)|||- len < 0xffffffa0|||len & 0x3 = 1|||(len) > 200"),
    p("sums of no rank", "len % 5 + 2 = 3|||len * 2 % 5 = 4|||len ^ 2 | 5 = 71|||- len % 7 + 1 != 0|||len + 3 % 4 = 63|||len - 1 ^ 3 > 100|||7 % len = 7"),
    p("computed index", "ip[ip[0] & 0xf] = 0|||tcp[tcp[12] >> 2] > 20|||ether[len - 60] = 0|||ip[(ip[0] & 0xf) << 2:2] = 80|||udp[udp[5] & 7] = 0"),
    p("constants", "1 = 1 and tcp|||2 > 3 or udp|||tcp and 5 != 6|||0xffffffff > 5 and icmp"),
    p("inherited", "tcp dst port 80 or 443|||port 80 or 443 or 53|||host @4 or @4|||port (80 or 443)|||port not 80|||tcp port 80 and not 443|||host @4 and (port 80) or @4|||src @4 or dst port 53 or 137|||ether host @mac or @mac|||net 10 or 192.168 or 172.16|||ip proto \\udp or \\tcp or 2|||tcp dst port ftp or ftp-data or domain|||host @6 or @6|||portrange 1-50 or 100-200|||vlan and port 80 or 443|||ether proto \\ip or \\arp"),
    p("signs", "tcp&&port 80|||udp||icmp|||!tcp|||!(tcp or udp)|||not not tcp|||not tcp and not udp|||! ip && ! ip6|||tcp and (not port 80 or port 443)|||((tcp))"),
    p("left to right", "tcp or udp and port 53|||icmp or tcp and port 80 or arp|||arp or ip and udp or ip6 and tcp"),
];

/// The examples of pcap-filter(7), with addresses for its hosts and networks; those with `gateway`
/// are refused (see the parser's tests).
#[rustfmt::skip]
pub(crate) const EXAMPLES: &[&str] = &[
    "host 192.168.1.1",
    "host 192.168.1.1 and (192.168.1.2 or 192.168.1.3)",
    "host 10.0.0.1 and ( 10.0.0.2 or 10.0.0.3 )",
    "ip host 192.168.1.1 and not 192.168.1.254",
    "net 128.32",
    "port ftp or ftp-data",
    "ip and not net 192.168",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 192.168",
    "tcp[tcpflags] & (tcp-rst|tcp-ack) == (tcp-rst|tcp-ack)",
    "tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)",
    "ip[2:2] > 576",
    "ether[0] & 1 = 0 and ip[16] >= 224",
    "icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply",
    "icmp6[icmp6type] != icmp6-echo and icmp6[icmp6type] != icmp6-echoreply",
    "host 192.168.1.1 and not port ftp and not port ftp-data",
    "tcp dst port ftp or ftp-data or domain",
    "tcp dst port ftp or tcp dst port ftp-data or tcp dst port domain",
    "src 192.168.1.1", "dst net 128.3", "src or dst port ftp-data", "ether src 00:0c:29:00:00:01",
    "arp net 192.168", "tcp port 21", "udp portrange 7000-7009", "wlan addr2 0:2:3:4:5:6",
    "portrange 6000-6008", "port 20", "net 192.168",
    "ether[0] & 1 != 0", "ip[0] & 0xf != 5", "ip[6:2] & 0x1fff = 0",
    "vlan 100 && vlan 200", "vlan && vlan 300 && ip", "mpls 100000 && mpls 1024",
    "mpls && mpls 1024 && host 192.9.200.1", "pppoes 0x27 && ip", "geneve 0xb && ip",
    "ip proto 1", "ip6 proto 58", "ip6 protochain 6", "ip6 protochain 44", "not host 192.168.1.1 and 192.168.1.2",
    "not (host 192.168.1.1 or 192.168.1.2)",
];
