//! openssl connects to openssl.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::lab::{Lab, Recorded, Row, after, assert_row};

#[test]
fn openssl_and_openssl() {
    let Some(mut lab) = Lab::new("TLS", &["openssl", "date"]) else { return };
    let facts = Facts::of(&lab);
    let server = ["openssl", "s_server", "-key", &lab.path("key"), "-cert", &lab.path("cert")]
        .map(str::to_owned);
    let server = server.each_ref().map(String::as_str);
    for (port, options) in SERVERS {
        let accept = format!("127.0.0.1:{port}");
        let line = [&server[..], &["-accept", &accept], &words(options)].concat();
        lab.serve(port, &line);
    }
    let reports = CONNECTIONS.map(|(port, options)| connect(&lab, port, options, HTTP));
    compare_all(&reports, &lab.recorded(), &facts);
}

/// TLS from the middle of a connection on.
#[test]
fn openssl_and_aiosmtpd() {
    let lab = Lab::new("STARTTLS", &["openssl", "date", "python3"]);
    let Some(mut lab) = lab.and_then(|lab| lab.with_python("STARTTLS", "aiosmtpd")) else { return };
    let facts = Facts::of(&lab);
    let (key, certificate) = (lab.path("key"), lab.path("cert"));
    let server = ["python3", "-m", "aiosmtpd", "-n", "--tlskey", &key, "--tlscert", &certificate];
    for port in [25, 2525] {
        lab.serve(port, &[&server[..], &["-l", &format!("127.0.0.1:{port}")]].concat());
    }
    let reports = MAILS.map(|(port, options)| connect(&lab, port, options, SMTP));
    compare_all(&reports, &lab.recorded(), &facts);
}

/// Runs `openssl s_client`, which then sends some text.
fn connect(lab: &Lab, port: u16, options: &'static str, input: &str) -> Report {
    let options = options.replace("SESSION", &lab.path("session"));
    let options = options.replace("KEY", &lab.path("key")).replace("CERT", &lab.path("cert"));
    let secrets = lab.path("secrets");
    let client = format!(
        "printf '{input}' | openssl s_client -connect 127.0.0.1:{port} -keylogfile {secrets} {options}"
    );
    // What is added for this connection is the last line that tells of a client random.
    let text = lab.told(&["sh", "-c", &client]);
    let secrets = std::fs::read_to_string(secrets).unwrap_or_default();
    let line = secrets.lines().rfind(|line| !line.starts_with('#'));
    let random = line.and_then(|line| line.split(' ').nth(1)).map(str::to_owned);
    Report { port, options, text, random }
}

#[track_caller]
fn compare_all(reports: &[Report], recorded: &Recorded, facts: &Facts) {
    let mut flows = BTreeMap::new();
    for report in reports {
        let of_port = flows.entry(report.port).or_insert_with(|| recorded.flows(report.port));
        report.compare(of_port.remove(0), recorded, facts);
    }
    assert!(flows.values().all(Vec::is_empty), "a flow for each run of openssl");
}

/// One run of `openssl s_client`.
struct Report {
    port: u16,
    options: String,
    text: String,
    /// The client random that the log of keys has.
    random: Option<String>,
}

impl Report {
    fn compare(&self, flow: &Row, recorded: &Recorded, facts: &Facts) {
        let said = format!("{}\n{}\n{flow:?}", self.options, self.text);
        let application = match () {
            () if self.options.contains("-starttls smtp") => "smtp",
            () if self.options.contains("-dtls") => "dtls",
            () => "tls",
        };
        let expected = json!({
            "tls_sni": self.option("-servername "),
            "tls_ticket_offered": !self.is_new() && self.version() != Some("TLS 1.3".into()),
            "tls_alpn_offered": self.option("-alpn ").into_iter().flat_map(|list| list.split(',')).collect::<Vec<_>>(),
            "application": application,
        });
        assert_row(flow, &expected, &said);
        let is_refused = self.port == 4433 && self.options.contains("-tls1_3");
        assert_eq!(self.version().is_none(), is_refused, "{said}");
        assert_eq!(self.is_new(), !self.options.contains("-sess_in"), "{said}");
        let Some(version) = self.version() else {
            let alerts = flow["tls_alerts"].as_array().unwrap();
            let alert = alerts.iter().map(|alert| alert.as_str().unwrap().replace('_', " "));
            let is_said = |alert: String| self.text.contains(&format!("alert {alert}"));
            assert!(alerts.len() == 1 && alert.into_iter().all(is_said), "{said}");
            return assert_row(flow, &json!({ "tls_version": null, "tls_cipher": null }), &said);
        };
        let is_13 = version == "TLS 1.3";
        let is_certificate_clear = self.is_new() && !is_13;
        let cipher = after(&self.text, "Cipher is ");
        let expected = json!({
            "tls_version": version,
            "tls_cipher": facts.ciphers[cipher],
            "tls_group": self.group(),
            "tls_resumed": !self.is_new(),
            "tls_client_random": self.random,
            "tls_hello_retry": self.options.contains("P-256:P-384"),
            "tls_cert_sha256": is_certificate_clear.then_some([&facts.fingerprint]),
            "tls_alerts": [],
        });
        assert_row(flow, &expected, &said);
        if let Some((_, groups)) = self.text.split_once("Supported groups: ") {
            let groups = groups.lines().next().unwrap().split(':').collect::<Vec<_>>();
            assert_eq!(flow["tls_client_groups"], json!(groups), "{said}");
        }
        if !is_13 {
            self.compare_clear(flow, recorded, facts, &said);
        }
    }

    /// What TLS 1.3 encrypts.
    fn compare_clear(&self, flow: &Row, recorded: &Recorded, facts: &Facts, said: &str) {
        let chosen =
            self.text.contains("ALPN protocol: ").then(|| after(&self.text, "ALPN protocol: "));
        let ours = self.options.contains("-cert ").then_some([&facts.fingerprint]);
        let expected = json!({
            "tls_alpn": chosen,
            "tls_client_cert_sha256": ours,
        });
        assert_row(flow, &expected, said);
        if self.is_new() {
            let certificates = recorded.events("certificates", flow);
            let [certificate, ..] = certificates[..] else { panic!("no certificate: {said}") };
            assert_row(certificate, &facts.certificate, said);
        }
    }

    fn is_new(&self) -> bool {
        !self.text.contains("Reused, ")
    }

    fn version(&self) -> Option<String> {
        let name = self.text.contains("SSL-Session:").then(|| after(&self.text, "Protocol  : "));
        let name = name.or_else(|| self.text.contains("New, TLSv1.3").then_some("TLSv1.3"))?;
        Some(match name.split_once('v')? {
            (kind, "1") => format!("{kind} 1.0"),
            (kind, number) => format!("{kind} {number}"),
        })
    }

    fn group(&self) -> Value {
        if !self.text.contains("Server Temp Key: ") {
            return Value::Null;
        }
        let key = after(&self.text, "Server Temp Key: ").trim_start_matches("ECDH, ");
        let name = match key.split(',').next().unwrap() {
            "X25519" => "x25519",
            "prime256v1" => "secp256r1",
            "DH" => return Value::Null,
            other => other,
        };
        json!(name)
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.split_once(name)?.1.split(' ').next()
    }
}

/// What openssl tells of the certificate and of the names of ciphers.
struct Facts {
    fingerprint: String,
    certificate: Value,
    /// By what openssl calls them.
    ciphers: BTreeMap<String, String>,
}

impl Facts {
    fn of(lab: &Lab) -> Self {
        let (key, certificate) = (lab.path("key"), lab.path("cert"));
        let request = words("req -x509 -newkey rsa:2048 -nodes -days 3 -subj");
        let names = "subjectAltName=DNS:lab.test,DNS:www.lab.test,IP:192.0.2.7";
        let subject = "/C=DE/O=Lab, Incorporated/CN=lab.test";
        let made = ["-addext", names, "-keyout", &key, "-out", &certificate];
        lab.told(&[&["openssl"], &request[..], &[subject], &made].concat());
        let show = "-noout -fingerprint -sha256 -serial -startdate -enddate -subject -issuer -nameopt RFC2253 -text";
        let line = [&["openssl", "x509", "-in", &certificate], &words(show)[..]].concat();
        let text = lab.told(&line);
        let seconds = |label| {
            let seconds = lab.told(&["date", "-u", "+%s", "-d", after(&text, label)]);
            seconds.trim().parse::<i64>().unwrap()
        };
        let fingerprint = after(&text, "Fingerprint=").replace(':', "").to_lowercase();
        let certificate = json!({
            "sha256": fingerprint,
            "serial": after(&text, "serial=").to_lowercase(),
            "subject": after(&text, "subject="),
            "subject_cn": "lab.test",
            "issuer": after(&text, "issuer="),
            "not_before": seconds("notBefore="),
            "not_after": seconds("notAfter="),
            "san_dns": ["lab.test", "www.lab.test"],
            "san_ip": ["192.0.2.7"],
            "key_bits": after(&text, "Public-Key: (").split(' ').next().unwrap().parse::<u16>().unwrap(),
            "is_ca": text.contains("CA:TRUE"),
            "is_self_issued": true,
        });
        let list = lab.told(&["openssl", "ciphers", "-stdname", "ALL:@SECLEVEL=0"]);
        let name = |line: &str| {
            let mut words = line.split_whitespace();
            let standard = words.next()?.to_owned();
            Some((words.nth(1)?.to_owned(), standard))
        };
        Self { fingerprint, certificate, ciphers: list.lines().filter_map(name).collect() }
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// At ports with and without a meaning.
const SERVERS: [(u16, &str); 4] = [
    (443, "-www -alpn h2,http/1.1 -cipher ALL:@SECLEVEL=0"),
    (4433, "-www -tls1_2 -Verify 1 -cipher ALL:@SECLEVEL=0"),
    (4434, "-www -tls1_3 -groups P-384"),
    (4435, "-dtls1_2"),
];

const CONNECTIONS: [(u16, &str); 16] = [
    (443, "-ign_eof -tls1 -cipher ALL:@SECLEVEL=0 -servername www.lab.test -sess_out SESSION"),
    (443, "-ign_eof -tls1 -cipher ALL:@SECLEVEL=0 -servername www.lab.test -sess_in SESSION"),
    (443, "-ign_eof -tls1_1 -cipher ALL:@SECLEVEL=0 -noservername -sess_out SESSION"),
    (443, "-ign_eof -tls1_1 -cipher ALL:@SECLEVEL=0 -noservername -sess_in SESSION"),
    (443, "-ign_eof -tls1_2 -servername www.lab.test -alpn h2,x -sess_out SESSION"),
    (443, "-ign_eof -tls1_2 -servername www.lab.test -sess_in SESSION"),
    (443, "-ign_eof -tls1_2 -cipher AES128-SHA256 -noservername"),
    (443, "-ign_eof -tls1_2 -cipher DHE-RSA-CHACHA20-POLY1305 -noservername"),
    (443, "-ign_eof -tls1_2 -curves P-256 -noservername -no_ticket"),
    (443, "-ign_eof -tls1_3 -servername www.lab.test -alpn h2,x -sess_out SESSION"),
    (443, "-ign_eof -tls1_3 -servername www.lab.test -sess_in SESSION"),
    (443, "-ign_eof -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256 -noservername"),
    (4433, "-ign_eof -tls1_2 -key KEY -cert CERT -noservername"),
    (4433, "-ign_eof -tls1_3 -noservername"),
    (4434, "-ign_eof -tls1_3 -curves P-256:P-384 -noservername"),
    (4435, "-dtls1_2 -noservername -sess_out SESSION"),
];

/// The server greets first.
const MAILS: [(u16, &str); 4] = [
    (25, "-starttls smtp -tls1_2 -servername www.lab.test -sess_out SESSION"),
    (25, "-starttls smtp -tls1_2 -servername www.lab.test -sess_in SESSION"),
    (25, "-starttls smtp -tls1_3 -noservername"),
    (2525, "-starttls smtp -tls1_2 -noservername -cipher ECDHE-RSA-AES128-GCM-SHA256"),
];

const HTTP: &str = "GET / HTTP/1.0\\r\\n\\r\\n";
const SMTP: &str = "NOOP\\r\\n";
