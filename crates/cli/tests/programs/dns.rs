//! dig asks dnsmasq.

use serde_json::{Value, json};

use crate::lab::{Lab, Row, after, assert_row};

#[test]
fn dig_and_dnsmasq() {
    let Some(mut lab) = Lab::new("DNS", &["dig", "dnsmasq"]) else { return };
    for port in [53, 5300] {
        let settings = lab.write(&format!("dnsmasq-{port}"), &format!("port={port}\n{ZONE}"));
        lab.serve(port, &["dnsmasq", "--no-daemon", "--pid-file=", "-C", &settings]);
    }
    let ask = |port: &str, question: &[&str]| {
        let server = ["dig", "@127.0.0.1", "-p", port, "+tries=1", "+time=5"];
        lab.told(&[&server, question].concat())
    };
    let questions = QUESTIONS.map(|line| line.split(' ').collect::<Vec<_>>());
    let known = questions.each_ref().map(|question| ask("53", question));
    // Content tells, not the port.
    let unknown = questions.each_ref().map(|question| ask("5300", question));
    let recorded = lab.recorded();
    for (port, reports) in [(53, known), (5300, unknown)] {
        let flows = recorded.flows(port);
        assert_eq!(flows.len(), reports.len(), "one socket for each question");
        for ((report, question), flow) in reports.iter().zip(&questions).zip(flows) {
            let messages = recorded.events("dns", flow);
            let [query, response] = messages[..] else { panic!("{report}: {messages:?}") };
            compare(report, question, flow, query, response);
        }
    }
}

#[track_caller]
fn compare(report: &str, question: &[&str], flow: &Row, query: &Row, response: &Row) {
    let is_tcp = question.contains(&"+tcp");
    assert_eq!(after(report, "SERVER:").ends_with("(TCP)"), is_tcp, "{report}");
    let transport = if is_tcp { "tcp" } else { "udp" };
    let number = |label| after(report, label).split([',', ' ']).next().unwrap().parse::<u64>();
    let (id, rcode) = (number("id: ").unwrap(), after(report, "status: ").split(',').next());
    let flags = after(report, "flags: ").split(';').next().unwrap().split(' ').collect::<Vec<_>>();
    let is_set = |flag| flags.contains(&flag);
    let answers = section(report, "ANSWER");
    let texts =
        answers.iter().map(|answer| (answer[3].as_str(), answer[4].as_str())).collect::<Vec<_>>();
    let expected = json!({
        "id": id, "transport": transport, "is_response": true, "is_whole": true, "opcode": "QUERY",
        "app": "dns", "rcode": rcode, "length": number("rcvd: ").unwrap(),
        "aa": is_set("aa"), "tc": is_set("tc"), "rd": is_set("rd"), "ra": is_set("ra"),
        "ad": is_set("ad"), "cd": is_set("cd"),
        "qname": question[0], "qtype": question[1], "qclass": "IN",
        "question_count": number("QUERY: ").unwrap(), "answer_count": number("ANSWER: ").unwrap(),
        "authority_count": number("AUTHORITY: ").unwrap(),
        "additional_count": number("ADDITIONAL: ").unwrap(),
        "answers": texts.iter().map(|(kind, text)| answer(kind, text)).collect::<Vec<_>>(),
        "ttl": answers.iter().map(|answer| answer[1].parse().unwrap()).collect::<Vec<u64>>(),
        "edns_udp_size": report.contains("udp: ").then(|| number("udp: ").unwrap()),
    });
    assert_row(response, &expected, report);
    let expected = json!({
        "id": id, "transport": transport, "is_response": false, "rcode": null, "answer_count": 0,
        "qname": question[0], "qtype": question[1], "latency": null,
        "rd": !question.contains(&"+norecurse"), "edns_dnssec_ok": option(question, "+dnssec"),
        "edns_client_subnet": question.iter().find_map(|word| word.strip_prefix("+subnet=")),
    });
    assert_row(query, &expected, report);
    let expected = json!({
        "dns_query": question[0], "dns_query_type": question[1], "dns_id": id,
        "dns_rcode": rcode, "dns_query_count": 1, "dns_response_count": 1, "dns_answered_count": 1,
        "dns_error_count": u8::from(rcode != Some("NOERROR")), "application": "dns",
    });
    assert_row(flow, &expected, report);
    // dig takes the time that its event loop keeps, which can lag.
    let milliseconds = number("Query time: ").unwrap() as f64;
    let latency = flow["dns_latency"].as_f64().unwrap() * 1000.0;
    assert!(latency > 0.0 && latency < milliseconds + CLOCK_LAG, "{latency} ms: {report}");
}

/// The fields of the records in a section: name, TTL, class, type, text.
fn section(report: &str, name: &str) -> Vec<Vec<String>> {
    let title = format!(";; {name} SECTION:");
    let lines = report.lines().skip_while(|line| **line != title).skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let fields = |line: &str| {
        let mut rest = line;
        let mut fields = Vec::new();
        for _ in 0..4 {
            let (field, after) = rest.split_once(char::is_whitespace).unwrap();
            fields.push(field.to_owned());
            rest = after.trim_start();
        }
        fields.push(rest.to_owned());
        fields
    };
    lines.map(fields).collect()
}

/// An answer as a row has it: names without the dot at their end, strings joined.
fn answer(kind: &str, text: &str) -> String {
    let text = text.trim_end_matches('.').trim_matches('"').replace("\" \"", "");
    format!("{kind} {text}")
}

fn option(question: &[&str], option: &str) -> Value {
    if question.contains(&"+noedns") { Value::Null } else { json!(question.contains(&option)) }
}

/// Milliseconds.
const CLOCK_LAG: f64 = 100.0;

const QUESTIONS: [&str; 16] = [
    "v4.lab.test A",
    "v4.lab.test AAAA",
    "alias.lab.test A",
    "many.lab.test A",
    "lab.test TXT",
    "lab.test TXT +tcp",
    "lab.test MX",
    "lab.test MX +tcp +noedns",
    "_sip._udp.lab.test SRV",
    "1.2.0.192.in-addr.arpa PTR",
    "none.lab.test A",
    "none.lab.test A +tcp",
    "elsewhere.test A +norecurse",
    "v4.lab.test A +dnssec +subnet=198.51.100.0/24",
    "long.lab.test TXT +noedns +ignore",
    "long.lab.test TXT +tcp",
];

const ZONE: &str = r#"
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
local=/lab.test/
host-record=v4.lab.test,192.0.2.1,2001:db8::1
host-record=many.lab.test,192.0.2.2
host-record=many.lab.test,192.0.2.3
cname=alias.lab.test,v4.lab.test,300
txt-record=lab.test,"v=spf1 -all","a second one"
txt-record=long.lab.test,"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789","0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789","0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789","0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789","0123456789 0123456789 0123456789 0123456789 0123456789"
mx-host=lab.test,mail.lab.test,10
srv-host=_sip._udp.lab.test,sip.lab.test,5060,1,2
ptr-record=1.2.0.192.in-addr.arpa,v4.lab.test
"#;
