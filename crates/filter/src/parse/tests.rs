//! What expressions mean, by the resolved expression; what is wrong with others, by the message;
//! and that neither depth nor length nor nonsense does harm.

use proptest::prelude::*;

use crate::Filter;
use crate::arithmetic::{Comparison, Operator, Size, Sum};
use crate::expr::{Expr, Joint};
use crate::keyword::Protocol;
use crate::parts::{
    IsisPdu, LLC_FRAMES, MacField, Multicast, Network, Relation, Side, Transports, Versions, Within,
};
use crate::primitive::Primitive;

use super::{DEPTH_MAX, EXPRESSION_BYTES_MAX, parse};

fn resolved(expression: &str) -> String {
    Filter::parse(expression).unwrap_or_else(|error| panic!("{error}")).to_string()
}

fn message(expression: &str) -> String {
    Filter::parse(expression).expect_err(expression).to_string()
}

#[test]
fn names_and_defaults_are_resolved() {
    for (expression, meaning) in [
        ("", ""),
        ("tcp", "tcp"),
        ("proto 6", "tcp"),
        (r"proto \tcp", "tcp"),
        ("proto tcp", "tcp"),
        (r"ip proto \icmp", "icmp"),
        (r"ip proto \ICMP", "icmp"),
        ("ip6 proto 58", "icmp6"),
        ("ip proto 6", "ip proto 6"),
        ("ether proto 0x800", "ip"),
        (r"ether proto \loopback", "ether proto 0x9000"),
        ("pppoed", "ether proto 0x8863"),
        ("is-is", "isis"),
        ("host 192.0.2.1", "host 192.0.2.1"),
        ("src 192.0.2.1", "src host 192.0.2.1"),
        ("dst or src host 192.0.2.1", "host 192.0.2.1"),
        ("dst and src host 192.0.2.1", "src and dst host 192.0.2.1"),
        ("host 10.1", "net 10.1.0.0 mask 255.255.0.0"),
        ("host 258", "host 0.0.1.2"),
        ("net 10", "net 10.0.0.0 mask 255.0.0.0"),
        ("net 10/8", "net 10.0.0.0 mask 255.0.0.0"),
        ("net 192.168", "net 192.168.0.0 mask 255.255.0.0"),
        ("net 0", "host 0.0.0.0"),
        ("net 10.0.0.0/8", "net 10.0.0.0 mask 255.0.0.0"),
        ("net 10.0.0.0 mask 255.0.0.0", "net 10.0.0.0 mask 255.0.0.0"),
        ("net 0.0.0.0/0", "net 0.0.0.0 mask 0.0.0.0"),
        ("arp net 010.0", "arp net 10.0.0.0 mask 255.255.0.0"),
        ("net 2001:DB8::/32", "net 2001:db8::/32"),
        ("ip6 host ::ffff:192.0.2.1", "host ::ffff:192.0.2.1"),
        ("ether src 0:c:29:1:2:3", "ether src host 00:0c:29:01:02:03"),
        ("ether host 00-0C-29-01-02-03", "ether host 00:0c:29:01:02:03"),
        ("ether host 000c.2901.0203", "ether host 00:0c:29:01:02:03"),
        ("ether host 0.c.29.1.2.3", "ether host 00:0c:29:01:02:03"),
        ("wlan ra 000c29010203", "ether ra 00:0c:29:01:02:03"),
        ("broadcast", "ether broadcast"),
        ("port 80", "port 80"),
        ("port 0x50", "port 80"),
        ("port 0120", "port 80"),
        ("port http", "tcp port 80"),
        ("port domain", "port 53"),
        ("udp src port domain", "udp src port 53"),
        ("port syslog", "port 514"),
        ("portrange 6008-6000", "portrange 6000-6008"),
        ("portrange ftp-ssh", "tcp portrange 21-22"),
        ("portrange ftp", "tcp port 21"),
        ("portrange domain-http", "portrange 53-80"),
        ("portrange ftp-data-ftp", "tcp portrange 20-21"),
        ("decnet src 10.5", "decnet src host 10.5"),
        ("less 64", "len <= 64"),
        ("greater 64", "len >= 64"),
        ("byte 12 = 8", "ether[12:1] = 8"),
        ("byte 0 & 1", "(ether[0:1] & 1) != 0"),
        ("tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "(tcp[13:1] & (2 | 1)) != 0"),
        ("icmp[icmptype] == icmp-echo", "icmp[0:1] = 8"),
        ("type mgt subtype beacon", "type 0x0 subtype 0x80"),
        ("type management", "type 0x0"),
        ("type Data subtype QoS-Data", "type 0x8 subtype 0x80"),
        ("dir ToDS", "dir 1"),
        ("subtype rts", "type 0x4 subtype 0xb0"),
        ("wlan type data", "type 0x8"),
        ("dir tods", "dir 1"),
        ("llc rnr", "llc rnr"),
        ("llc dm", "llc dm"),
        (r"llc \ui", "llc ui"),
        ("vlan (5)", "vlan 5"),
        ("dhcp", "udp portrange 67-68"),
        ("dhcpv6", "udp portrange 546-547"),
        ("gre or vxlan or gtp or teredo", "gre or vxlan or gtp or teredo"),
    ] {
        assert_eq!(resolved(expression), meaning, "`{expression}`");
    }
}

#[test]
fn and_and_or_have_equal_rank_and_not_binds_to_the_next() {
    for (expression, meaning) in [
        ("tcp or udp and icmp", "(tcp or udp) and icmp"),
        ("tcp and udp or icmp", "(tcp and udp) or icmp"),
        ("tcp && (udp || icmp)", "tcp and (udp or icmp)"),
        ("tcp and (udp and icmp)", "tcp and udp and icmp"),
        ("not tcp and udp", "not tcp and udp"),
        ("!(tcp and udp)", "not (tcp and udp)"),
        ("not not tcp", "tcp"),
        ("not (not tcp)", "tcp"),
        ("((tcp))", "tcp"),
    ] {
        assert_eq!(resolved(expression), meaning, "`{expression}`");
    }
}

/// In parentheses, too, where it was taken for another port.
#[test]
fn a_number_of_arithmetic_takes_no_qualifiers() {
    for (expression, meaning) in [
        ("port 80 or 90 = len", "port 80 or 90 = len"),
        ("port 80 or (90) = len", "port 80 or 90 = len"),
        ("port 80 or (((90)) + 1 < len)", "port 80 or (90 + 1) < len"),
        ("port 80 or not (90) & 1 != 0", "port 80 or not (90 & 1) != 0"),
        ("port 80 or (90)", "port 80 or port 90"),
    ] {
        assert_eq!(resolved(expression), meaning, "`{expression}`");
    }
}

#[test]
fn an_identifier_takes_the_qualifiers_before_it() {
    for (expression, meaning) in [
        ("tcp dst port 80 or 443", "tcp dst port 80 or tcp dst port 443"),
        ("port (80 or 443)", "port 80 or port 443"),
        ("port not 80", "not port 80"),
        ("tcp port 80 and not 443", "tcp port 80 and not tcp port 443"),
        (
            "host 10.0.0.1 and (10.0.0.2 or 10.0.0.3)",
            "host 10.0.0.1 and (host 10.0.0.2 or host 10.0.0.3)",
        ),
        ("host 10.0.0.1 or ::1", "host 10.0.0.1 or host ::1"),
        // After parentheses, those from before them.
        ("host 10.0.0.1 and (port 80) or 10.0.0.2", "(host 10.0.0.1 and port 80) or host 10.0.0.2"),
        (r"ip proto \udp or \tcp or 2", "ip proto 17 or ip proto 6 or igmp"),
        ("port ssh or l2tp", "tcp port 22 or udp port 1701"),
        ("proto gre or ospf", "proto 47 or proto 89"),
        ("portrange 1-5 or 7-9", "portrange 1-5 or portrange 7-9"),
    ] {
        assert_eq!(resolved(expression), meaning, "`{expression}`");
    }
}

/// Behind a port, `l2tp` is the port of that name.
#[test]
fn a_header_with_the_name_of_a_port_is_printed_as_a_header() {
    for (expression, meaning) in [
        ("l2tp", "l2tp"),
        ("l2tp and port 443", "l2tp and (port 443)"),
        ("(port 443) and l2tp", "(port 443) and l2tp"),
        ("tcp port 443 and host not l2tp", "(tcp port 443) and not l2tp"),
        ("(proto 89) or (gre or tcp)", "(proto 89) or gre or tcp"),
        ("(ip proto 17) and not (l2tp or gre)", "(ip proto 17) and not (l2tp or gre)"),
    ] {
        assert_eq!(resolved(expression), meaning, "`{expression}`");
        let (filter, again) = (Filter::parse(expression), Filter::parse(meaning));
        assert_eq!(filter.unwrap().packet(), again.unwrap().packet(), "`{expression}`");
    }
}

#[test]
fn arithmetic_has_tcpdumps_ranks() {
    for (expression, meaning) in [
        ("len + 2 * 3 = 1", "(len + (2 * 3)) = 1"),
        ("len - 2 - 3 = 1", "((len - 2) - 3) = 1"),
        ("len & 1 | 2 << 3 = 1", "((len & 1) | (2 << 3)) = 1"),
        ("len % 5 + 2 = 1", "(len % (5 + 2)) = 1"),
        ("len * 2 % 5 = 1", "(len * (2 % 5)) = 1"),
        ("len ^ 2 | 5 = 1", "(len ^ (2 | 5)) = 1"),
        ("-len + 1 = 1", "((-len) + 1) = 1"),
        ("-len % 5 = 1", "(-(len % 5)) = 1"),
        ("((ip[0] & 0xf) << 2) - 20 > 0", "(((ip[0:1] & 15) << 2) - 20) > 0"),
        ("(5) = len", "5 = len"),
        ("ip[2:2]-20>0", "(ip[2:2] - 20) > 0"),
        ("tcp[(tcp[12] >> 4) * 4:4] = 0x47455420", "tcp[((tcp[12:1] >> 4) * 4):4] = 1195725856"),
        ("ip[-1] = 0", "ip[(-1):1] = 0"),
    ] {
        assert_eq!(resolved(expression), meaning, "`{expression}`");
    }
}

#[test]
fn a_message_points_at_the_word_and_says_what_was_expected() {
    assert_eq!(
        message("tcp and host example.org or udp"),
        "\
filter: expected an address, found `example.org`
    tcp and host example.org or udp
                 ^^^^^^^^^^^
hint: names are not resolved: write the address"
    );
    assert_eq!(
        message("port 80 and"),
        "\
filter: expected a primitive, such as `tcp`, `host ADDRESS` or `port 80`, found the end of the expression
    port 80 and
               ^"
    );
    assert_eq!(
        message("net 10.0.0.1/8"),
        "\
filter: the address has bits outside of the mask
    net 10.0.0.1/8
        ^^^^^^^^^^
hint: the network is 10.0.0.0"
    );
    let error = Filter::parse("udp and tcp[tcpflag] = 2").unwrap_err();
    assert_eq!((error.word(), error.offset()), ("tcpflag", 12));
    assert!(error.to_string().ends_with("hint: did you mean `tcpflags`?"), "{error}");
}

#[test]
fn a_message_about_a_long_expression_shows_the_part_around_the_word() {
    let long = format!("{}hots 1 {}", "tcp or ".repeat(100), "or udp ".repeat(100));
    let message = message(&long);
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines[1].starts_with("    ...") && lines[1].ends_with("..."), "{message}");
    assert_eq!(lines[1].find("hots"), lines[2].find("^^^^"), "{message}");
    assert_eq!(lines[3], "hint: did you mean `host`?");
}

#[test]
fn a_message_steers_no_terminal() {
    let message = message("tcp and \u{1b}[31m\nport");
    assert_eq!(message.chars().filter(|c| c.is_control()).count(), 2, "{message}");
    assert!(!message.contains('\u{1b}'));
}

#[test]
fn what_is_no_filter_is_refused_with_the_reason() {
    for (expression, reason) in [
        ("tpc", "did you mean `tcp`?"),
        ("TCP", "did you mean `tcp`?"),
        ("http", "write `port http`"),
        ("(tcp or udp", "expected `and`, `or` or `)`, found the end"),
        ("tcp)", "expected `and`, `or`, or the end, found `)`"),
        ("()", "found `)`"),
        ("tcp udp", "expected `and`, `or`, or the end, found `udp`"),
        ("not", "expected a primitive"),
        ("80", "this is a number, not a condition"),
        ("tcp or 80", "this is a number, not a condition"),
        ("len + 5", "this is a number, not a condition"),
        ("not len", "this is a number, not a condition"),
        ("192.0.2.1", "write `host 192.0.2.1`"),
        ("2:0:0:0:0:1", "write `ether host 2:0:0:0:0:1`"),
        ("host 2:0:0:0:0:1", "hardware addresses follow `ether host`"),
        ("ether host 192.0.2.1", "`ether` takes a hardware address"),
        ("ether", "expected `host`"),
        ("tcp host 192.0.2.1", "`tcp` has no IPv4 addresses"),
        ("ip6 host 192.0.2.1", "`ip6` has no IPv4 addresses"),
        ("ip host ::1", "`ip` has no IPv6 addresses"),
        ("host 192.0.2.256", "no IPv4 address"),
        ("host 192.0.2.0/24", "write `net`, not `host`"),
        ("host fe80::/10", "write `net`, not `host`"),
        ("net 192.0.2.0/33", "a prefix length from 0 to 32"),
        ("net fe80::1/10", "the network is fe80::"),
        ("net 192.0.2.1 mask 255.255.255.0", "the network is 192.0.2.0"),
        ("net 300/8", "at most 255"),
        ("port 65536", "a port is at most 65535"),
        ("port 192.0.2.1", "expected a port, found the address"),
        ("port nothing", "the name of a service"),
        ("ip port 80", "`ip` has no ports"),
        ("udp port ssh", "that service is not one of udp"),
        ("src or tcp", "expected `dst`"),
        ("src proto 6", "a protocol has no direction"),
        ("tcp proto 6", "`tcp` carries no protocol by number"),
        ("ether protochain 6", "`ether` carries no protocol by number"),
        ("proto nothing", "the number or name of a protocol"),
        ("addr1 port 80", "are for hardware addresses"),
        ("decnet host 64.1", "at most 63.1023"),
        ("vlan 4096", "at most 4095"),
        ("mpls 1048576", "at most 1048575"),
        ("pppoes 65536", "at most 65535"),
        ("geneve 16777216", "at most 16777215"),
        ("ip[0:3] = 1", "a size of 1, 2 or 4 bytes"),
        ("ip[0 = 1", "expected an operator, `:` or `]`"),
        ("esis[0] = 1", "cannot be asked for"),
        ("nothing[0] = 1", "no bytes"),
        ("len / 0 = 1", "a division by zero"),
        ("len << 32 = 1", "a shift by more than 31 bits"),
        ("len = 4294967296", "does not fit in 32 bits"),
        ("len = 08", "write `8`"),
        ("type mgt subtype rts", "a subtype of that frame type"),
        ("type 3", "a frame type"),
        ("tcp # udp", "`#` has no meaning"),
        ("\"tcp", "no closing"),
        ("arp broadcast", "a broadcast of `ether`"),
        ("ip broadcast", "needs the netmask"),
        ("gateway 192.0.2.1", "needs a resolver"),
        ("inbound", "needs the direction"),
        ("on eth0", "needs the name of the live interface"),
        ("rset foo", "packet filter of BSD"),
        ("lane", "ATM"),
        ("sio 5", "SS7"),
    ] {
        let said = message(expression);
        assert!(said.contains(reason), "`{expression}`:\n{said}");
    }
}

#[test]
fn depth_and_length_have_limits() {
    let nested = |depth: usize| format!("{}tcp{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(resolved(&nested(DEPTH_MAX)), "tcp");
    assert!(message(&nested(DEPTH_MAX + 1)).contains("levels of nesting"));
    let deep = [
        "(".repeat(30_000),
        format!("len = {}", "(".repeat(30_000)),
        format!("len = {}1", "-".repeat(30_000)),
        "ip[".repeat(20_000),
        format!("len = {}1", "1 ^ ".repeat(10_000)),
        format!("len = 1{}", " + 1".repeat(10_000)),
        format!("tcp{}", " and tcp or tcp".repeat(4_000)),
    ];
    for expression in deep {
        assert!(message(&expression).contains("levels of nesting"), "{expression:.20}");
    }
    // Neither of these makes a deep tree.
    assert_eq!(resolved(&format!("{}tcp", "not ".repeat(10_001))), "not tcp");
    let wide = format!("tcp{}", " or tcp".repeat(9_000));
    assert_eq!(resolved(&wide), wide);

    let long = "tcp or ".repeat(EXPRESSION_BYTES_MAX / 7) + "tcp";
    assert!(message(&long).contains("at most 65536 bytes"));
}

#[test]
fn a_printed_expression_is_not_too_deep_to_be_parsed() {
    for [start, before, middle, after, end] in [
        ["len = ", "-", "1", "", ""],
        ["len = ", "-(1 + ", "1", ")", ""],
        ["len = ", "(-", "1", " ^ 2)", ""],
        ["len = ", "1 ^ ", "1", "", ""],
        ["len = ", "", "1", " + 1", ""],
        ["len = ", "2 * (3 + ", "1", ")", ""],
        ["", "(-", "1", ")", " < 5"],
        ["", "ip[", "1", "]", " < 5"],
        ["", "(", "byte 0 & 1", " and udp or tcp)", ""],
        ["", "not (", "byte 0 & 1", " and udp)", ""],
        ["", "not (tcp or ", "-len > 5", ")", ""],
        ["", "not (not (tcp and ", "port 80", ") or udp)", ""],
    ] {
        let (mut accepted, mut refused) = (0, 0);
        for depth in 1..=DEPTH_MAX + 1 {
            let (before, after) = (before.repeat(depth), after.repeat(depth));
            let text = format!("{start}{before}{middle}{after}{end}");
            match parse(&text, &[]) {
                Ok(parsed) => {
                    accepted += 1;
                    let printed = parsed.expr.to_string();
                    let again = parse(&printed, &[]).unwrap_or_else(|e| panic!("{text}:\n{e}"));
                    assert_eq!(again.expr, parsed.expr, "{text}");
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().contains("levels of nesting"), "{text}:\n{error}");
                }
            }
        }
        assert!(accepted >= DEPTH_MAX / 5 && refused > 0, "{before}: {accepted}, {refused}");
    }
}

/// A hundred thousand parentheses are longer than an expression may be.
#[test]
fn a_hundred_thousand_parentheses_are_refused() {
    assert!(message(&"(".repeat(100_000)).contains("at most 65536 bytes"));
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Source), Just(Side::Destination), Just(Side::Either), Just(Side::Both)]
}

fn network() -> impl Strategy<Value = Network> {
    prop_oneof![
        (any::<u32>(), any::<u32>())
            .prop_map(|(address, mask)| Network::V4 { address: address & mask, mask }),
        (any::<u128>(), 0..=128_u32).prop_map(|(address, len)| {
            let mask = u128::MAX.checked_shl(128 - len).unwrap_or(0);
            Network::V6 { address: address & mask, mask }
        }),
    ]
}

fn sum() -> impl Strategy<Value = Sum> {
    let leaf = prop_oneof![any::<u32>().prop_map(Sum::Constant), Just(Sum::Length)];
    let operator = prop_oneof![
        Just(Operator::Add),
        Just(Operator::Subtract),
        Just(Operator::Multiply),
        Just(Operator::And),
        Just(Operator::Or),
        Just(Operator::Xor),
    ];
    let header = prop_oneof![Just(Protocol::Link), Just(Protocol::Ip), Just(Protocol::Tcp)];
    let size = prop_oneof![Just(Size::One), Just(Size::Two), Just(Size::Four)];
    leaf.prop_recursive(4, 16, 2, move |inner| {
        prop_oneof![
            inner.clone().prop_map(|sum| Sum::Negated(Box::new(sum))),
            (operator.clone(), inner.clone(), inner.clone())
                .prop_map(|(o, left, right)| Sum::Binary(o, Box::new(left), Box::new(right))),
            (header.clone(), inner, size.clone()).prop_map(|(header, index, size)| Sum::Load {
                header,
                index: Box::new(index),
                size
            }),
        ]
    })
}

fn primitive() -> impl Strategy<Value = Primitive> {
    let relation =
        prop_oneof![Just(Relation::Less), Just(Relation::Equal), Just(Relation::NotEqual)];
    let transports =
        prop_oneof![Just(Transports::ALL), Just(Transports::TCP), Just(Transports::SCTP)];
    let versions = prop_oneof![Just(Versions::V4), Just(Versions::V6), Just(Versions::Both)];
    let which = prop_oneof![
        side().prop_map(MacField::Side),
        Just(MacField::Address1),
        Just(MacField::Address4),
        Just(MacField::Receiver),
    ];
    prop_oneof![
        (side(), network()).prop_map(|(side, network)| Primitive::Host {
            within: Within::Any,
            side,
            network
        }),
        (transports, side(), any::<u16>(), any::<u16>()).prop_map(|(transports, side, a, b)| {
            Primitive::Port { transports, side, first: a.min(b), last: a.max(b) }
        }),
        (which, any::<[u8; 6]>()).prop_map(|(which, address)| Primitive::Mac { which, address }),
        any::<u32>().prop_map(Primitive::EtherType),
        (versions.clone(), any::<u32>())
            .prop_map(|(versions, number)| Primitive::IpProto { versions, number }),
        (versions, any::<u32>())
            .prop_map(|(versions, number)| Primitive::IpProtoChain { versions, number }),
        (sum(), relation, sum()).prop_map(|(left, relation, right)| {
            Primitive::Compare(Comparison { left, relation, right })
        }),
        any::<u32>().prop_map(|number| Primitive::IsisPdu(IsisPdu::Number(number))),
        proptest::sample::select(LLC_FRAMES).prop_map(Primitive::Llc),
        proptest::option::of(0..4096_u16).prop_map(Primitive::Vlan),
        proptest::option::of(0..1_u32 << 20).prop_map(Primitive::Mpls),
        (0..64_u16, 0..1024_u16, side())
            .prop_map(|(area, node, side)| Primitive::Decnet { side, address: area << 10 | node }),
        (0..3_u8, 0..16_u8)
            .prop_map(|(t, s)| Primitive::WlanType { mask: 0xfc, bits: t << 2 | s << 4 }),
        Just(Primitive::Multicast(Multicast::Ip6)),
    ]
}

fn expr() -> impl Strategy<Value = Expr<Primitive>> {
    primitive().prop_map(Expr::Test).prop_recursive(5, 24, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(Expr::negated),
            (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(left, right, and)| {
                left.joined(if and { Joint::And } else { Joint::Or }, right)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_printed_expression_parses_to_the_same(expr in expr()) {
        let text = expr.to_string();
        let parsed = parse(&text, &[]);
        prop_assert!(parsed.is_ok(), "`{text}`: {}", parsed.unwrap_err());
        prop_assert_eq!(parsed.unwrap().expr, expr, "`{}`", text);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        let _ = Filter::parse(&text).map_err(|error| error.to_string());
    }

    #[test]
    fn any_soup_is_parsed_or_refused(tokens in proptest::collection::vec(
        proptest::sample::select(&[
            "tcp", "port", "80", "(", ")", "not", "and", "or", "src", "dst", "host", "10.0.0.1", "::1",
            "[", "]", ":", "ip", "len", "=", "+", "-", "/", "%", "vlan", "net", "mask", "ether", "wlan",
            "2:0:0:0:0:1", "proto", "\\", "\"", "type", "subtype", "data", "less", "é", "1-5", "0x",
        ][..]), 0..12))
    {
        let text = tokens.join(" ");
        if let Ok(filter) = Filter::parse(&text) {
            let again = Filter::parse(&filter.to_string());
            prop_assert!(again.is_ok(), "`{text}` -> `{filter}`: {}", again.unwrap_err());
            prop_assert_eq!(again.unwrap().to_string(), filter.to_string());
        }
    }
}
