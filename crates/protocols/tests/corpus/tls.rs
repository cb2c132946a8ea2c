//! What tshark says of TLS in the corpus, and what we find.
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use crate::common::{Flow, corpus, facts, flows};
use crate::review::Review;
use flowloom_flow::Direction;
use flowloom_protocols::tls::{Carrier, Certificate, ClientHello, ServerHello, Tls};
use flowloom_protocols::{Want, Wants, WireText, hex};

#[test]
fn the_corpus_has_the_hellos_and_certificates_that_tshark_finds() {
    let mut review = Review::of(&[CLIENT, SERVER, CERTIFICATE]);
    for (name, capture, facts_path) in corpus() {
        let found = Found::of(&flows(&capture, Wants::of(&[Want::Tls])).unwrap_or_default());
        for (kind, rows) in [(CLIENT, &found.clients), (SERVER, &found.servers)] {
            hellos(&name, kind, &facts(&facts_path, kind), rows, &mut review);
        }
        certificates(&name, &facts(&facts_path, CERTIFICATE), &found.certificates, &mut review);
    }
    review.judge();
}

fn hellos(
    name: &str,
    kind: &'static str,
    facts: &[Vec<String>],
    rows: &BTreeSet<(&'static str, String)>,
    review: &mut Review,
) {
    let mut told = BTreeSet::new();
    for fact in facts {
        let Some(carrier) = fact.get(1) else { continue };
        let wanted = fact.get(3..).unwrap_or_default().join(" ");
        // tshark's fields have neither versions nor suites of DTLS.
        let blank = if carrier == "dtls" { BLANK } else { &[] };
        let is_it = |row: &&(&str, String)| row.0 == carrier && is_same(&row.1, &wanted, blank);
        let own = rows.iter().find(is_it);
        told.extend(own);
        review.note(kind, name, own.is_some(), || format!("{carrier} {wanted}"));
    }
    for (carrier, row) in rows.iter().filter(|row| !told.contains(row)) {
        review.beyond(kind, name, format!("{carrier} {row}"));
    }
}

fn certificates(
    name: &str,
    facts: &[Vec<String>],
    rows: &HashMap<String, Vec<String>>,
    review: &mut Review,
) {
    for fact in facts {
        let wanted = fact.get(3..).unwrap_or_default();
        let own = wanted.first().and_then(|sha256| rows.get(sha256));
        let is_found = own.is_some_and(|own| {
            let is_unread = wanted.get(1).is_some_and(|cn| cn.starts_with("!unparsed"));
            // What wrote the facts could not read the names of some certificates: there are none then.
            let is_same = |(at, (own, wanted)): (usize, (&String, &String))| {
                own == wanted || at == NAMES && wanted.is_empty()
            };
            is_unread
                || own.len() == wanted.len() && own.iter().zip(wanted).enumerate().all(is_same)
        });
        review.note(CERTIFICATE, name, is_found, || wanted.join(" "));
    }
    let is_told = |sha256: &String| facts.iter().any(|fact| fact.get(3) == Some(sha256));
    for row in rows.iter().filter(|(sha256, _)| !is_told(sha256)).map(|(_, row)| row) {
        review.beyond(CERTIFICATE, name, row.join(" "));
    }
}

const CLIENT: &str = "tls.client_hello";
const SERVER: &str = "tls.server_hello";
const CERTIFICATE: &str = "tls.cert";

/// The cell with the DNS names of a certificate.
const NAMES: usize = 6;

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
    /// What carried a hello, and what it says.
    clients: BTreeSet<(&'static str, String)>,
    servers: BTreeSet<(&'static str, String)>,
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
        let carrier = match tls.carrier {
            Carrier::Tcp => "tcp",
            Carrier::Dtls => "dtls",
            Carrier::Quic => "quic",
        };
        for hello in &tls.client_hellos {
            let ends = ends(hello.from.unwrap_or(Direction::Up));
            self.clients.insert((carrier, format!("{ends} {}", client(hello, tls.carrier))));
        }
        for hello in &tls.server_hellos {
            let from = hello.from.unwrap_or(Direction::Down);
            self.servers.insert((carrier, format!("{} {}", ends(from), server(hello))));
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
