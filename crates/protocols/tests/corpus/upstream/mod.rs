//! What other projects expect of their own captures, where they speak of what we speak of: Arkime,
//! Zeek, Suricata, nDPI, `PcapPlusPlus`, and the authors of JA4.
//!
//! Whoever made them has defects of their own: `reviewed.tsv` says who errs. Only what they tell is
//! looked for; what we find beyond is held against tshark.

mod readers;
mod tables;

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use crate::common::{Flow, corpus, flows};
use crate::review::{JA4_PLUS, Kind, Review, UPSTREAM};
use flowloom_protocols::dhcp::DhcpEvent;
use flowloom_protocols::dns::Data;
use flowloom_protocols::http::Http;
use flowloom_protocols::ssh::SshColumns;
use flowloom_protocols::tls::Tls;
use flowloom_protocols::{Findings, Wants, WireText, hex};

#[test]
fn what_other_projects_expect_is_found() {
    let plus = if cfg!(feature = "ja4plus") { JA4_PLUS } else { &[] };
    let kinds = [UPSTREAM, plus].concat();
    let mut review = Review::of(&kinds);
    for (name, capture, expected) in corpus() {
        let folder = expected.to_string_lossy().replace(".facts.tsv", ".upstream");
        let told = told(Path::new(&folder));
        if told.is_empty() {
            continue;
        }
        let found = Found::of(&flows(&capture, Wants::ALL).unwrap_or_default());
        for (kind, fact) in told.into_iter().filter(|(kind, _)| kinds.contains(kind)) {
            review.note(kind, &name, found.has(&fact), || fact.text());
        }
    }
    review.judge();
}

/// The endpoints of a flow, in order.
type Ends = [(IpAddr, u16); 2];

/// Something that is said of a flow, or of a capture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    /// What it is, as `sni`.
    thing: &'static str,
    ends: Option<Ends>,
    /// In lower case: some write all so.
    value: String,
}

impl Fact {
    fn new(thing: &'static str, ends: Option<Ends>, value: &str) -> Self {
        let ends = ends.map(|mut ends| {
            ends.sort_unstable();
            ends
        });
        Self { thing, ends, value: value.to_lowercase() }
    }

    fn text(&self) -> String {
        let ends = self.ends.map(|[(a, ap), (b, bp)]| format!("{a} {ap} {b} {bp} "));
        format!("{}{}", ends.unwrap_or_default(), self.value)
    }
}

/// What the files of a folder tell, each thing once, with its kind as `arkime.sni`.
fn told(folder: &Path) -> BTreeSet<(Kind, Fact)> {
    let mut all = BTreeSet::new();
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some((program, _)) = name.split_once("__") else { continue };
        let text = String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned();
        let mut facts = Vec::new();
        match (program, name.rsplit('.').next().unwrap_or_default()) {
            ("arkime", "test") => readers::arkime(&text, &mut facts),
            ("ja4", "snap") => readers::ja4_streams(&text, &mut facts),
            ("ja4", "json") => readers::ja4_frames(&text, &mut facts),
            ("suricata-verify", "yaml") => readers::suricata(&text, &mut facts),
            ("zeek", "log") => tables::zeek(&text, &mut facts),
            ("ndpi", "out") => tables::ndpi(&text, &mut facts),
            ("pcapplusplus", "txt") => tables::pcapplusplus(&text, &mut facts),
            _ => {}
        }
        let program = program.trim_end_matches("-verify");
        for fact in facts {
            let kind = format!("{program}.{}", fact.thing);
            let known = UPSTREAM.iter().chain(JA4_PLUS).find(|known| **known == kind);
            all.insert((*known.unwrap_or_else(|| panic!("{kind} is not reviewed")), fact));
        }
    }
    all
}

/// What was found in a capture, in the words of [`Fact`].
#[derive(Default)]
struct Found {
    facts: BTreeSet<Fact>,
}

impl Found {
    fn of(flows: &[Flow]) -> Self {
        let mut found = Self::default();
        for flow in flows {
            let findings = flow.findings();
            let mut add = |thing, value: &str| {
                found.facts.insert(Fact::new(thing, Some(flow.ends), value));
                found.facts.insert(Fact::new(thing, None, value));
            };
            findings.tls.iter().for_each(|tls| of_tls(tls, &mut add));
            findings.http.iter().for_each(|http| of_http(http, &mut add));
            #[cfg(feature = "ja4plus")]
            of_headers(findings, &mut add);
            of_names(findings, &mut add);
            of_ssh(findings, &mut add);
            of_quic(findings, &mut add);
        }
        found
    }

    fn has(&self, fact: &Fact) -> bool {
        self.facts.contains(fact)
    }
}

fn text(text: Option<&WireText>) -> &str {
    text.map_or("", WireText::as_str)
}

fn of_tls(tls: &Tls, add: &mut impl FnMut(&'static str, &str)) {
    for hello in &tls.client_hellos {
        let ja4 = hello.ja4(tls.carrier);
        add("sni", text(hello.sni.as_ref()));
        add("host", text(hello.sni.as_ref()));
        add("ja3", &hello.ja3());
        add("ja4", &ja4);
        // The first part has another form in old versions of nDPI.
        add("ja4_ciphers", ja4.split('_').nth(1).unwrap_or_default());
        add("alpn", text(hello.alpn.first()));
    }
    for hello in &tls.server_hellos {
        add("ja3s", &hello.ja3s());
        #[cfg(feature = "ja4plus")]
        add("ja4s", &hello.ja4s(tls.carrier));
    }
    for certificate in &tls.certificates {
        add("certificate", &hex(&certificate.sha256));
        add("serial", hex(&certificate.serial).trim_start_matches('0'));
        add("subject_cn", text(certificate.subject_cn.as_ref()));
        add("issuer_cn", text(certificate.issuer_cn.as_ref()));
        certificate.san_dns.iter().for_each(|name| add("san", name.as_str()));
        #[cfg(feature = "ja4plus")]
        add("ja4x", &certificate.ja4x());
    }
}

fn of_http(http: &Http, add: &mut impl FnMut(&'static str, &str)) {
    for exchange in &http.exchanges {
        if let Some(request) = &exchange.request {
            let (host, target) = (text(request.host.as_ref()), text(request.target.as_ref()));
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            add("method", text(request.method.as_ref()));
            add("host", host);
            add("host", name);
            add("uri", target);
            let is_path = target.starts_with('/');
            add(
                "url",
                if is_path { format!("{host}{target}") } else { target.to_owned() }.as_str(),
            );
            add("agent", text(request.user_agent.as_ref()));
        }
        exchange.interim.iter().for_each(|status| add("status", &status.to_string()));
        if let Some(status) = exchange.response.as_ref().and_then(|response| response.status) {
            add("status", &status.to_string());
        }
    }
}

fn of_names(findings: &Findings, add: &mut impl FnMut(&'static str, &str)) {
    let plain = |name: &str| name.trim_end_matches('.').to_owned();
    for message in findings.dns.iter().flat_map(|dns| &dns.messages) {
        for question in &message.questions {
            add("query", &plain(&question.name));
            add("host", &plain(&question.name));
            // Names of NetBIOS end in their kind.
            add("host", question.name.split('<').next().unwrap_or_default());
        }
        for record in &message.records {
            add("host", &plain(&record.name));
            match &record.data {
                Data::Address(address) => add("answer", &address.to_string()),
                data => add("answer", &plain(&data.text())),
            }
        }
    }
    for message in findings.dhcp.iter().flat_map(|dhcp| &dhcp.messages) {
        let event = DhcpEvent::of(1, message);
        for name in [event.hostname, event.fqdn].into_iter().flatten() {
            add("host", name);
        }
        add("mac", event.client_mac.unwrap_or_default());
        add("type", &event.message_type.unwrap_or_default());
        add("transaction", &format!("{:x}", event.transaction_id.unwrap_or_default()));
    }
}

fn of_ssh(findings: &Findings, add: &mut impl FnMut(&'static str, &str)) {
    let ssh = SshColumns::of(Some(findings));
    for banner in [ssh.ssh_client, ssh.ssh_server].into_iter().flatten() {
        add("ssh", banner);
        // Suricata has versions and programs apart.
        add("software", banner.splitn(3, '-').nth(2).unwrap_or_default());
    }
    add("hassh", &ssh.ssh_hassh.unwrap_or_default());
    add("hassh_server", &ssh.ssh_hassh_server.unwrap_or_default());
    add("host_key", ssh.ssh_host_key_sha256.unwrap_or_default());
}

#[cfg(feature = "ja4plus")]
fn of_headers(findings: &Findings, add: &mut impl FnMut(&'static str, &str)) {
    for exchange in findings.http.iter().flat_map(|http| &http.exchanges) {
        if let Some(ja4h) = exchange.request.as_ref().and_then(|request| request.ja4h.as_ref()) {
            add("ja4h", ja4h);
        }
    }
    let Some(plus) = &findings.ja4plus else { return };
    for (thing, ja4t) in ["ja4t", "ja4ts"].into_iter().zip(&plus.syn) {
        add(thing, ja4t.as_deref().unwrap_or_default());
    }
    for ja4ssh in plus.ja4ssh().into_iter().flatten() {
        add("ja4ssh", &ja4ssh);
    }
}

fn of_quic(findings: &Findings, add: &mut impl FnMut(&'static str, &str)) {
    let Some(quic) = &findings.quic else { return };
    // Before it was carried by TLS, Google's QUIC had these itself.
    add("host", text(quic.server_name.as_ref()));
    add("agent", text(quic.user_agent.as_ref()));
    for packet in &quic.packets {
        add("dcid", &hex(&packet.dcid));
        add("scid", &hex(&packet.scid));
    }
}
