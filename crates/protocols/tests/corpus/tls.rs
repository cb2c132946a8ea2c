//! What tshark says of TLS in the corpus, and what we find.
use std::collections::HashMap;
use std::net::IpAddr;

use crate::common::{Flow, Recall, corpus, facts, flows};
use flowloom_flow::Direction;
use flowloom_protocols::tls::{Carrier, Certificate, ClientHello, ServerHello, Tls};
use flowloom_protocols::{Want, Wants, WireText, hex};

#[test]
fn the_corpus_has_the_hellos_and_certificates_that_tshark_finds() {
    let mut recall = Recall::default();
    for (name, capture, facts_path) in corpus() {
        let (clients, servers, certificates) = (
            facts(&facts_path, "tls.client_hello"),
            facts(&facts_path, "tls.server_hello"),
            facts(&facts_path, "tls.cert"),
        );
        // What a fuzzer made is scored apart.
        let apart = if name.contains("fuzz") { "fuzzed " } else { "" };
        if clients.is_empty() && servers.is_empty() && certificates.is_empty() {
            continue;
        }
        let flows = flows(&capture, Wants::of(&[Want::Tls])).unwrap_or_default();
        let found = Found::of(&flows);
        for (kind, facts, rows) in
            [("client_hello", clients, &found.clients), ("server_hello", servers, &found.servers)]
        {
            for fact in facts {
                let Some(key) = fact.get(1).filter(|transport| *transport != "quic") else {
                    continue;
                };
                let wanted = fact.get(3..).unwrap_or_default().join(" ");
                // tshark's fields have neither versions nor suites of DTLS.
                let blank = if key == "dtls" { BLANK } else { &[] };
                let kind = format!("{apart}{key} {kind}");
                let is_found = rows.iter().any(|row| is_same(row, &wanted, blank));
                recall.note(&kind, is_found, || {
                    let near = rows
                        .iter()
                        .filter(|row| row.split(' ').take(4).eq(wanted.split(' ').take(4)));
                    format!("{name}\t{wanted}\tfound {:?}", near.collect::<Vec<_>>())
                });
            }
        }
        for fact in certificates {
            let wanted = fact.get(3..).unwrap_or_default();
            let own = wanted.first().and_then(|sha256| found.certificates.get(sha256));
            let is_found = own.is_some_and(|own| {
                wanted.get(1).is_some_and(|cn| cn.starts_with("!unparsed")) || own == wanted
            });
            recall.note(&format!("{apart}certificate"), is_found, || {
                format!("{name}\t{}\tfound {own:?}", wanted.join("|"))
            });
        }
    }
    recall.judge();
}

/// Cells that are left out where a fact has none: of `ClientHello`s the versions, of `ServerHello`s
/// version and cipher suite.
const BLANK: &[usize] = &[6, 7, 5];

fn is_same(own: &str, wanted: &str, blank: &[usize]) -> bool {
    let (own, wanted) = (own.split(' '), wanted.split(' '));
    own.clone().count() == wanted.clone().count()
        && own
            .zip(wanted)
            .enumerate()
            .all(|(at, (own, wanted))| own == wanted || wanted.is_empty() && blank.contains(&at))
}

/// Facts of our own, in the words of tshark's.
#[derive(Default)]
struct Found {
    clients: Vec<String>,
    servers: Vec<String>,
    certificates: HashMap<String, Vec<String>>,
}

impl Found {
    fn of(flows: &[Flow]) -> Self {
        let mut found = Self::default();
        for flow in flows {
            let Some(tls) = flow.findings().tls.as_deref() else { continue };
            found.flow(flow, tls);
        }
        found
    }

    fn flow(&mut self, flow: &Flow, tls: &Tls) {
        let ends = |from: Direction| {
            let [(src, sport), (dst, dport)] = flow.sent(from);
            format!("{} {sport} {} {dport}", plain(src), plain(dst))
        };
        for hello in &tls.client_hellos {
            let ends = ends(hello.from.unwrap_or(Direction::Up));
            self.clients.push(format!("{ends} {}", client(hello, tls.carrier)));
        }
        for hello in &tls.server_hellos {
            let from = hello.from.unwrap_or(Direction::Down);
            self.servers.push(format!("{} {}", ends(from), server(hello)));
        }
        for certificate in &tls.certificates {
            let row = certificate_row(certificate);
            self.certificates.insert(row[0].clone(), row);
        }
    }
}

fn plain(address: IpAddr) -> String {
    address.to_string()
}

fn client(hello: &ClientHello, carrier: Carrier) -> String {
    let alpn = hello.alpn.iter().map(WireText::as_str).collect::<Vec<_>>().join("|");
    let versions = hello.supported_versions.iter().map(|version| format!("{version:#06x}"));
    format!(
        "{} {alpn} {:#06x} {} {} {}",
        hello.sni.as_ref().map_or("", WireText::as_str),
        hello.legacy_version,
        versions.collect::<Vec<_>>().join("|"),
        hello.ja3(),
        hello.ja4(carrier),
    )
}

fn server(hello: &ServerHello) -> String {
    let selected = hello.selected_version.map(|version| format!("{version:#06x}"));
    let cipher = hello.cipher_suite.map(|cipher| format!("{cipher:#06x}"));
    format!(
        "{:#06x} {} {} {} {}",
        hello.legacy_version,
        selected.unwrap_or_default(),
        cipher.unwrap_or_default(),
        hello.alpn.as_ref().map_or("", WireText::as_str),
        hello.ja3s(),
    )
}

fn certificate_row(certificate: &Certificate) -> Vec<String> {
    let text = |text: &Option<WireText>| text.as_ref().map_or(String::new(), |t| t.as_str().into());
    let names = certificate.san_dns.iter().map(WireText::as_str).collect::<Vec<_>>();
    let key = format!(
        "{}{}",
        certificate.key_type.as_deref().unwrap_or_default(),
        certificate.key_bits.map(|bits| bits.to_string()).unwrap_or_default(),
    );
    vec![
        hex(&certificate.sha256),
        text(&certificate.subject_cn),
        text(&certificate.issuer_cn),
        match hex(&certificate.serial).trim_start_matches('0') {
            "" => "0".to_owned(),
            serial => serial.to_owned(),
        },
        certificate.not_before.map(date).unwrap_or_default(),
        certificate.not_after.map(date).unwrap_or_default(),
        names.join("|"),
        key,
    ]
}

/// `2018-09-12T00:00:00Z`.
fn date(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (mut year, mut left) = (1970, days);
    let len =
        |year: i64| if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 };
    while left < 0 {
        year -= 1;
        left += len(year);
    }
    while left >= len(year) {
        left -= len(year);
        year += 1;
    }
    let february = len(year) - 337;
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", left + 1)
}
