//! Terms about flows, with a table of words of every kind.

use std::borrow::Cow;
use std::net::IpAddr;

use flowloom_wire::{Address, Vlan};
use proptest::prelude::*;

use crate::words::{Value, Word, WordKind};
use crate::{Filter, FlowView};

const WORDS: &[Word] = &[
    word("tls", WordKind::Presence),
    word("tls.sni", WordKind::Text),
    word("tls.alpn", WordKind::Text),
    word("tls.resumed", WordKind::Bool),
    word("tls.server", WordKind::Address),
    word("tls.sizes", WordKind::Number),
    word("packets", WordKind::Number),
    word("rtt", WordKind::Float),
    word("dhcp", WordKind::Presence),
    word("ssh", WordKind::Presence),
];

const fn word(name: &'static str, kind: WordKind) -> Word {
    Word { name: Cow::Borrowed(name), kind, texts: Vec::new() }
}

struct Flow {
    src: &'static str,
    dst: &'static str,
    ports: Option<(u16, u16)>,
    protocol: u8,
    vlans: [Option<u16>; 2],
    sni: Option<&'static [u8]>,
    alpn: &'static [&'static str],
    resumed: Option<bool>,
    server: Option<&'static str>,
    sizes: &'static [i64],
    packets: i64,
    rtt: Option<f64>,
}

const TLS: Flow = Flow {
    src: "10.0.0.1",
    dst: "192.0.2.7",
    ports: Some((40_000, 443)),
    protocol: 6,
    vlans: [Some(5), None],
    sni: Some(b"www.example.org"),
    alpn: &["h2", "http/1.1"],
    resumed: Some(false),
    server: Some("2001:db8::7"),
    sizes: &[-5, 120, 1400],
    packets: 12,
    rtt: Some(0.25),
};

const PING: Flow = Flow {
    src: "2001:db8::1",
    dst: "2001:db8::2",
    ports: None,
    protocol: 58,
    vlans: [None, None],
    sni: None,
    alpn: &[],
    resumed: None,
    server: None,
    sizes: &[],
    packets: 2,
    rtt: None,
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

    fn any(&self, word: &Word, is: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        match &*word.name {
            "tls" => self.sni.is_some() && is(Value::Present),
            "tls.sni" => self.sni.is_some_and(|sni| is(Value::Text(sni))),
            "tls.alpn" => self.alpn.iter().any(|name| is(Value::Text(name.as_bytes()))),
            "tls.resumed" => self.resumed.is_some_and(|resumed| is(Value::Bool(resumed))),
            "tls.server" => self.server.is_some_and(|server| is(Value::Text(server.as_bytes()))),
            "tls.sizes" => self.sizes.iter().any(|size| is(Value::Number(*size))),
            "packets" => is(Value::Number(self.packets)),
            "rtt" => self.rtt.is_some_and(|rtt| is(Value::Float(rtt))),
            _ => false,
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
    let filter = Filter::parse_with(expression, WORDS).unwrap_or_else(|error| panic!("{error}"));
    filter.flow().expect(expression).matches(flow)
}

#[test]
fn words_are_asked_of_the_flow() {
    for (expression, tls, ping) in [
        ("tls", true, false),
        ("not tls", false, true),
        ("tls.sni", true, false),
        ("tls.alpn", true, false),
        ("tls.resumed", false, false),
        ("tls.resumed = false", true, false),
        ("tls.resumed != true", true, false),
        ("not tls.resumed", true, true),
        ("packets > 2", true, false),
        ("packets <= 2 or tls", true, true),
        ("packets != 12", false, true),
        ("packets < 5000000000", true, true),
        ("packets > -0x10", true, true),
        ("packets = 014", true, false),
        ("packets in {1, 3-5, 12}", true, false),
        ("packets in {12 - 2}", true, true),
        ("packets in {-5--3, -2-2}", false, true),
        ("rtt > 0.2", true, false),
        ("rtt = 25e-2", true, false),
        ("rtt != 1", true, false),
        ("rtt > -1", true, false),
        ("rtt in {1e-3-0.3}", true, false),
        ("rtt in {0.2, 0.3}", false, false),
    ] {
        assert_eq!(passes(expression, &TLS), tls, "`{expression}`");
        assert_eq!(passes(expression, &PING), ping, "`{expression}`");
    }
}

#[test]
fn texts_are_compared_and_searched_byte_for_byte() {
    for (expression, tls) in [
        ("tls.sni = www.example.org", true),
        ("tls.sni == \"www.example.org\"", true),
        ("tls.sni = WWW.example.org", false),
        ("tls.sni != example.com", true),
        ("tls.sni != www.example.org", false),
        ("tls.sni contains example", true),
        ("tls.sni contains Example", false),
        ("tls.sni contains \"\"", true),
        ("tls.sni startswith www", true),
        ("tls.sni startswith example", false),
        ("tls.sni endswith \".org\"", true),
        ("tls.sni endswith org.", false),
        ("tls.sni in {www.example.org}", true),
        ("tls.sni in {\"b\", a, www.example.org , \"c\"}", true),
        ("tls.sni in {example.org, 80, ::1}", false),
        ("tls.sni matches /example/", true),
        ("tls.sni matches /^example/", false),
        (r"tls.sni matches /^w{3}\.(.*)\.org$/", true),
        ("tls.sni matches /EXAMPLE/", false),
        ("tls.sni matches /EXAMPLE/i", true),
        ("tls.sni matches // and tls", true),
    ] {
        assert_eq!(passes(expression, &TLS), tls, "`{expression}`");
        assert!(!passes(expression, &PING), "`{expression}`");
    }
    let odd = Flow { sni: Some(b"a/\xff\"b"), ..TLS };
    assert!(passes(r#"tls.sni matches /a\/(?-u:.)"b$/"#, &odd));
    assert!(passes(r#"tls.sni endswith "\"b""#, &odd));
}

#[test]
fn of_a_list_one_item_is_as_asked_for() {
    for (expression, tls) in [
        ("tls.alpn = h2", true),
        ("tls.alpn = \"http/1.1\"", true),
        ("tls.alpn = h3", false),
        ("tls.alpn != h2", false),
        ("tls.alpn != h3", true),
        ("tls.alpn in {h3, h2}", true),
        ("tls.alpn contains http", true),
        ("tls.sizes < 0", true),
        ("tls.sizes > 1400", false),
        ("tls.sizes != 120", false),
        ("tls.sizes != 121", true),
        ("tls.sizes in {100-200}", true),
    ] {
        assert_eq!(passes(expression, &TLS), tls, "`{expression}`");
        assert!(!passes(expression, &PING), "`{expression}`");
    }
    assert!(passes("not tls.alpn = h2", &PING));
}

#[test]
fn addresses_are_compared_as_addresses() {
    let v4 = Flow { server: Some("192.0.2.7"), ..TLS };
    let none = Flow { server: Some("nothing"), ..TLS };
    for (expression, of_v6, of_v4) in [
        ("tls.server = 2001:DB8:0::7", true, false),
        ("tls.server != 2001:db8::7", false, true),
        ("tls.server = \"192.0.2.7\"", false, true),
        ("tls.server in 2001:db8::/32", true, false),
        ("tls.server in 192.0.2.0/24", false, true),
        ("tls.server in {10.0.0.0/8, 192.0.2.7, 2001:db8::/64}", true, true),
        ("tls.server in ::/0", true, false),
        ("tls.server in 0.0.0.0/0", false, true),
    ] {
        assert_eq!(passes(expression, &TLS), of_v6, "`{expression}`");
        assert_eq!(passes(expression, &v4), of_v4, "`{expression}`");
        assert_eq!(passes(expression, &none), expression.contains("!="), "`{expression}`");
    }
}

/// tcpdump's words, then flow words, then ours.
#[test]
fn a_flow_word_wins_over_our_word_for_a_port() {
    let dhcp = Filter::parse_with("dhcp", WORDS).unwrap();
    assert!(dhcp.packet().is_none() && dhcp.flow().is_some());
    assert!(Filter::parse("dhcp").unwrap().flow().is_none());
    let tcp = Filter::parse_with("tcp", &[word("tcp", WordKind::Presence)]).unwrap();
    assert!(tcp.flow().is_none());
    for (expression, printed) in [
        ("port 80 or ssh", "port 80 or tcp port 22"),
        ("ssh or port 80", "ssh or (port 80)"),
        ("(port 80) or ssh", "(port 80) or ssh"),
    ] {
        let filter = Filter::parse_with(expression, WORDS).unwrap();
        assert_eq!(filter.to_string(), printed);
        let again = Filter::parse_with(printed, WORDS).unwrap();
        assert_eq!((filter.packet(), filter.flow()), (again.packet(), again.flow()));
    }
}

#[test]
fn a_filter_says_which_words_it_uses() {
    let filter = Filter::parse_with(
        "tcp and (tls.sni = a or not tls) and packets > 2 and (tls.sni = b or packets < 9)",
        WORDS,
    )
    .unwrap();
    let names: Vec<&str> = filter.words().iter().map(|word| &*word.name).collect();
    assert_eq!(names, ["tls.sni", "tls", "packets"]);
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
        let filter = Filter::parse_with(expression, WORDS).unwrap();
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
        |expression: &str| Filter::parse_with(expression, WORDS).expect_err(expression).to_string();
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
        let error = Filter::parse_with(expression, WORDS).unwrap_err();
        assert_eq!(error.word(), word, "{error}");
    }
}

#[test]
fn words_are_compared_with_what_they_are() {
    for (expression, reason) in [
        ("tls = 5", "`tls` has no value to compare"),
        ("tls contains a", "`tls` has no value to compare"),
        (
            "tls.sni > a",
            "expected `=`, `!=`, `in`, `contains`, `startswith`, `endswith` or `matches`",
        ),
        ("tls.sni > a", "after the text `tls.sni`, found `>`"),
        ("tls.sni = (", "expected a text"),
        ("tls.sni = text/html", "expected `and`, `or`, or the end, found `/`"),
        ("tls.sni contains", "expected a text, in quotes"),
        ("tls.sni contain a", "did you mean `contains`?"),
        ("tls.sni like a", "expected `and`, `or`, the end, or an operator, found `like`"),
        ("tls.sni in a", "expected `{`, found `a`"),
        ("tls.sni in {}", "expected a text"),
        ("tls.sni in {a b}", "expected `,` or `}`, found `b`"),
        ("tls.sni in {a,", "expected a text"),
        ("tls.sni in {a, b", "expected `,` or `}`, found the end"),
        ("tls.resumed = 1", "expected `true` or `false`"),
        ("tls.resumed in {true}", "expected `=` or `!=`"),
        ("tls.server = example.org", "expected an IP address"),
        ("tls.server = 10.0", "`10.0` is no IP address"),
        ("tls.server = 10.0.0.0/8", "write `tls.server in 10.0.0.0/8`"),
        ("tls.server in 10.0.0.1/8", "the network is 10.0.0.0/8"),
        ("tls.server in 10.0.0.0/33", "a prefix length from 0 to 32"),
        ("tls.server contains 10", "expected `=`, `!=` or `in` after the address"),
        ("packets = many", "expected a whole number, found `many`"),
        ("packets = 1.5", "expected a whole number, found `1.5`"),
        ("packets = -", "expected a whole number, found the end"),
        ("packets contains 5", "or `in` after the number `packets`"),
        ("packets = 9223372036854775808", "does not fit in 64 bits"),
        ("packets = 08", "write `8`"),
        ("packets in {}", "expected a whole number or two with a dash between, found `}`"),
        ("packets in {1, a-b}", "expected a whole number or two"),
        ("packets in {1", "expected `,` or `}`"),
        ("rtt = inf", "expected a number"),
        ("rtt = 1e999", "expected a number"),
        ("tls.sn", "did you mean `tls.sni`?"),
        ("tls.certificate", "there are `tls.sni`, `tls.alpn`, `tls.resumed`"),
        ("smtp.certificate", "expected a primitive"),
    ] {
        let said = Filter::parse_with(expression, WORDS).expect_err(expression).to_string();
        assert!(said.contains(reason), "`{expression}`:\n{said}");
    }
}

#[test]
fn a_message_points_at_the_regular_expression() {
    let message = |expression: &str| Filter::parse_with(expression, WORDS).unwrap_err().to_string();
    assert_eq!(
        message("tls and tls.sni matches /(www/i"),
        "\
filter: this is no regular expression
    tls and tls.sni matches /(www/i
                            ^^^^^^^
hint: unclosed group"
    );
    for (expression, reason) in [
        ("tls.sni matches www", "expected a regular expression between slashes"),
        ("tls.sni matches /www", "no closing `/`"),
        ("tls.sni matches /www/x", "the one letter after a regular expression is `i`"),
        ("tls.sni matches /(a{1000}){1000}/", "takes too much memory"),
        ("packets matches /1/", "after the number `packets`"),
    ] {
        let said = message(expression);
        assert!(said.contains(reason), "`{expression}`:\n{said}");
    }
    let many = ["tls.sni matches /a/"; 65].join(" or ");
    assert!(message(&many).contains("more than 64 regular expressions"));
}

#[test]
fn a_printed_flow_filter_parses_to_the_same() {
    for text in [
        r#"tls and tls.sni = "a \"b\" \\" and not packets >= 5"#,
        r#"tls.sni in {"a", "b"} or tls.sni matches /a\/"b/i or tls.sni endswith "é""#,
        "packets in {-5--3, 7, 1-9} and packets = -9223372036854775808 and rtt in {0.5-1}",
        "tls.resumed and tls.resumed = false",
        "tls.server = ::1 or tls.server in {10.0.0.0/8, ::/0, 192.0.2.1}",
    ] {
        let filter = Filter::parse_with(text, WORDS).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(filter.to_string(), text);
    }
}

proptest! {
    #[test]
    fn any_text_and_number_can_be_asked_for(
        text in any::<String>(), number in any::<i64>(),
        real in any::<f64>().prop_filter("finite", |real| real.is_finite()),
    ) {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let asked = format!("tls.sni in {{\"{quoted}\"}} and packets = {number} and rtt = {real}");
        let filter = Filter::parse_with(&asked, WORDS);
        prop_assert!(filter.is_ok(), "{}", filter.unwrap_err());
        let filter = filter.unwrap();
        prop_assert_eq!(filter.to_string(), asked);
        let sni: &'static [u8] = Box::leak(text.into_bytes().into_boxed_slice());
        let flow = Flow { sni: Some(sni), packets: number, rtt: Some(real), ..TLS };
        prop_assert!(filter.flow().unwrap().matches(&flow));
    }

    #[test]
    fn any_soup_of_flow_words_is_parsed_or_refused(tokens in proptest::collection::vec(
        proptest::sample::select(&[
            "tls", "tls.sni", "tls.resumed", "tls.server", "packets", "rtt", "=", "!=", "<", "in",
            "{", "}", ",", "matches", "/a/", "/(/i", "contains", "\"a\"", "b", "5", "-", "1-2", "0.5",
            "10.0.0.1", "::1", "/", "8", "true", "and", "or", "not", "(", ")", "port", "ssh", "tcp",
        ][..]), 0..12))
    {
        let text = tokens.join(" ");
        if let Ok(filter) = Filter::parse_with(&text, WORDS) {
            let printed = filter.to_string();
            let again = Filter::parse_with(&printed, WORDS);
            prop_assert!(again.is_ok(), "`{}` -> `{}`: {}", text, printed, again.unwrap_err());
            let again = again.unwrap();
            prop_assert_eq!(again.to_string(), printed);
            prop_assert_eq!(again.flow(), filter.flow());
        }
    }
}
