//! Terms about flows, with words made up for the tests: none are in the table yet.

use std::net::IpAddr;

use flowloom_wire::{Address, Vlan};

use crate::words::{Value, Word, WordKind};
use crate::{Filter, FlowView};

const WORDS: &[Word] = &[
    Word { name: "tls", kind: WordKind::Presence },
    Word { name: "tls.sni", kind: WordKind::Text },
    Word { name: "packets", kind: WordKind::Number },
];

struct Flow {
    src: &'static str,
    dst: &'static str,
    ports: Option<(u16, u16)>,
    protocol: u8,
    vlans: [Option<u16>; 2],
    sni: Option<&'static [u8]>,
    packets: u64,
}

const TLS: Flow = Flow {
    src: "10.0.0.1",
    dst: "192.0.2.7",
    ports: Some((40_000, 443)),
    protocol: 6,
    vlans: [Some(5), None],
    sni: Some(b"example.org"),
    packets: 12,
};

const PING: Flow = Flow {
    src: "2001:db8::1",
    dst: "2001:db8::2",
    ports: None,
    protocol: 58,
    vlans: [None, None],
    sni: None,
    packets: 2,
};

impl FlowView for Flow {
    fn ip_version(&self) -> u8 {
        if self.src.contains(':') { 6 } else { 4 }
    }

    fn src(&self) -> Address {
        address(self.src)
    }

    fn dst(&self) -> Address {
        address(self.dst)
    }

    fn ports(&self) -> Option<(u16, u16)> {
        self.ports
    }

    fn protocol(&self) -> u8 {
        self.protocol
    }

    fn vlans(&self) -> [Vlan; 2] {
        self.vlans.map(|id| id.map_or(Vlan::default(), Vlan::from_tci))
    }

    fn field(&self, word: &Word) -> Option<Value<'_>> {
        match word.name {
            "tls" => self.sni.map(|_| Value::Present),
            "tls.sni" => self.sni.map(Value::Text),
            "packets" => Some(Value::Number(self.packets)),
            _ => None,
        }
    }
}

fn address(text: &str) -> Address {
    match text.parse().unwrap() {
        IpAddr::V4(address) => Address::v4(address.octets()),
        IpAddr::V6(address) => Address::v6(address.octets()),
    }
}

fn passes(expression: &str, flow: &Flow) -> bool {
    let filter = Filter::with_words(expression, WORDS).unwrap_or_else(|error| panic!("{error}"));
    filter.flow().expect(expression).matches(flow)
}

#[test]
fn words_are_asked_of_the_flow() {
    for (expression, tls, ping) in [
        ("tls", true, false),
        ("not tls", false, true),
        ("tls.sni", true, false),
        ("tls.sni = example.org", true, false),
        ("tls.sni == \"example.org\"", true, false),
        ("tls.sni = example.com", false, false),
        ("tls.sni != example.com", true, false),
        ("not tls.sni = example.com", true, true),
        ("packets > 2", true, false),
        ("packets <= 2 or tls", true, true),
        ("packets != 12", false, true),
    ] {
        assert_eq!(passes(expression, &TLS), tls, "`{expression}`");
        assert_eq!(passes(expression, &PING), ping, "`{expression}`");
    }
}

#[test]
fn beside_a_word_packet_primitives_mean_the_key() {
    // The word is true of both flows.
    for (expression, tls, ping) in [
        ("host 10.0.0.1", true, false),
        ("src host 192.0.2.7", false, false),
        ("dst net 192.0.2.0/24", true, false),
        ("src and dst net 2001:db8::/32", false, true),
        ("port 443", true, false),
        ("udp port 443", false, false),
        ("src port 443", false, false),
        ("portrange 440-450", true, false),
        ("tcp", true, false),
        ("ip proto 6", true, false),
        ("ip6 proto 6", false, false),
        ("icmp6", false, true),
        ("ip", true, false),
        ("ip6", false, true),
        ("vlan", true, false),
        ("vlan 5", true, false),
        ("vlan 6", false, false),
    ] {
        let term = format!("(packets = 0 or {expression})");
        assert_eq!(passes(&term, &TLS), tls, "`{term}`");
        assert_eq!(passes(&term, &PING), ping, "`{term}`");
    }
}

#[test]
fn terms_joined_by_and_at_the_top_go_to_packets_or_flows() {
    let parts = |expression: &str| {
        let filter = Filter::with_words(expression, WORDS).unwrap();
        (filter.packet().is_some(), filter.flow().is_some())
    };
    assert_eq!(parts(""), (false, false));
    assert_eq!(parts("tcp and len > 5"), (true, false));
    assert_eq!(parts("tls"), (false, true));
    assert_eq!(parts("tcp port 443 and tls"), (true, true));
    assert_eq!(parts("len > 5 and (tls or port 80) and vlan"), (true, true));
    // One term.
    assert_eq!(parts("tls or port 80"), (false, true));
    assert_eq!(parts("not (tls and port 80)"), (false, true));
    // `and` and `or` have equal rank: the last term alone is at the top.
    assert_eq!(parts("tls or port 80 and ip6"), (true, true));
}

#[test]
fn a_flow_has_no_packet_primitives() {
    let message =
        |expression: &str| Filter::with_words(expression, WORDS).expect_err(expression).to_string();
    assert_eq!(
        message("len > 5 and (tls or ip[0] = 0x45)"),
        "\
filter: this is about the bytes or the length of a packet, and a flow has none
    len > 5 and (tls or ip[0] = 0x45)
                        ^^^^^^^^^^^^
hint: in a term with a flow word, only host, net, port, proto, ip, ip6 and vlan may stand; join \
packet primitives to it by `and` at the top"
    );
    for (expression, word) in [
        ("not (tls and less 64)", "less 64"),
        ("tls or ether host 2:0:0:0:0:1", "2:0:0:0:0:1"),
        ("tls or arp", "arp"),
        ("tls or gre", "gre"),
        ("tls or mpls 5", "mpls 5"),
        ("tls or llc", "llc"),
        ("arp and vlan and (tls or broadcast)", "broadcast"),
        ("tls or arp host 10.0.0.1", "10.0.0.1"),
    ] {
        let error = Filter::with_words(expression, WORDS).unwrap_err();
        assert_eq!(error.word(), word, "{error}");
    }
}

#[test]
fn words_are_compared_with_what_they_are() {
    for (expression, reason) in [
        ("tls = 5", "`tls` has no value to compare"),
        ("tls.sni > a", "expected `=` or `!=` for a text"),
        ("tls.sni = (", "expected a text"),
        ("packets = many", "expected a number"),
        ("tls.sn", "did you mean `tls.sni`?"),
    ] {
        let said = Filter::with_words(expression, WORDS).unwrap_err().to_string();
        assert!(said.contains(reason), "`{expression}`:\n{said}");
    }
}

#[test]
fn a_printed_flow_filter_parses_to_the_same() {
    let text = r#"tls and tls.sni = "a \"b\" \\" and not packets >= 5"#;
    let filter = Filter::with_words(text, WORDS).unwrap();
    assert_eq!(filter.to_string(), text);
}
