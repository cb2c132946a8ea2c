//! HTTP beside what tshark says of the captures of the corpus.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::common::{Flow, corpus, facts, flows};
use crate::review::Review;
use flowloom_protocols::http::{Exchange, Http};
use flowloom_protocols::{Transport, Want, Wants, WireText};

/// Every request and response that tshark found is found, with the same fields and between the same
/// endpoints. Where tshark is blank, anything is right.
#[test]
fn messages_are_those_of_tshark() {
    let wants = Wants::of(&[Want::Application, Want::Http, Want::HttpMessages]);
    let mut review = Review::of(&[REQUEST, RESPONSE, HEADERS, SSDP]);
    for (name, capture, expected) in corpus() {
        let Some(flows) = flows(&capture, wants) else { continue };
        let wanted = Wanted::of(&expected).0;
        let mut missing = Wanted(wanted.clone());
        for flow in &flows {
            for message in flow.findings().http.iter().flat_map(|http| messages(http, flow)) {
                if !missing.strike(&message) {
                    review.beyond(message.kind, &name, message.text());
                }
            }
        }
        for fact in wanted {
            match missing.0.iter().position(|missing| *missing == fact) {
                Some(at) => review.missed(fact.kind, &name, missing.0.swap_remove(at).text()),
                None => review.found(fact.kind, &name),
            }
        }
    }
    review.judge();
}

/// What is compared of a message. Where tshark says nothing, anything is right.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    kind: &'static str,
    ends: Option<[(IpAddr, u16); 2]>,
    frame: Option<u64>,
    /// Method, host, target, agent; or status, content type, server.
    fields: Vec<String>,
}

impl Message {
    fn text(&self) -> String {
        let ends = self.ends.map(|[(a, ap), (b, bp)]| format!("{a} {ap} {b} {bp}"));
        let frame = self.frame.map(|frame| format!("frame {frame}"));
        format!("{} {} {:?}", ends.unwrap_or_default(), frame.unwrap_or_default(), self.fields)
    }
}

struct Wanted(Vec<Message>);

impl Wanted {
    fn of(path: &std::path::Path) -> Self {
        let mut ends = HashMap::new();
        for row in facts(path, "conv").iter().filter(|row| row[0] == "tcp") {
            let end = |at: usize| Some((row[at].parse().ok()?, row[at + 1].parse().ok()?));
            if let (Some(a), Some(b)) = (end(2), end(4)) {
                ends.insert(row[1].clone(), sorted([a, b]));
            }
        }
        let mut all = Vec::new();
        let mut add = |kind, row: &[String], columns: &[usize]| {
            let is_ssdp = row[1] == "ssdp";
            let cells: Vec<Vec<&str>> = columns
                .iter()
                .map(|at| row.get(*at).map_or("", String::as_str).split('|').collect())
                .collect();
            for nth in 0..cells[0].len() {
                let aligned = |cell: &Vec<&str>| {
                    let same = cell.len() == cells[0].len();
                    if same { cell[nth].to_owned() } else { String::new() }
                };
                let fields: Vec<_> = cells.iter().map(aligned).collect();
                if fields.iter().any(|field| !field.is_empty()) {
                    let frame = is_ssdp.then(|| row[0].parse().unwrap());
                    let ends = ends.get(&row[1]).copied();
                    all.push(Message { kind, ends, frame, fields });
                }
            }
        };
        for row in facts(path, "http.request") {
            add(if row[1] == "ssdp" { SSDP } else { REQUEST }, &row, &[2, 3, 4, 5]);
        }
        for row in facts(path, "http.response") {
            add(if row[1] == "ssdp" { SSDP } else { RESPONSE }, &row, &[2, 3, 4]);
        }
        for row in facts(path, "http2.headers") {
            if row[3].is_empty() {
                add(HEADERS, &row, &[6]);
            } else {
                add(HEADERS, &row, &[3, 4, 5]);
            }
        }
        Self(all)
    }

    fn strike(&mut self, found: &Message) -> bool {
        let fits = |wanted: &Message| {
            let same = |(wanted, found): (&String, &String)| {
                wanted.is_empty() || wanted == found || wanted.contains('\u{fffd}')
            };
            wanted.kind == found.kind
                && wanted.ends.is_none_or(|ends| Some(ends) == found.ends)
                && wanted.frame.is_none_or(|frame| Some(frame) == found.frame)
                && wanted.fields.iter().zip(&found.fields).all(same)
        };
        let at = self.0.iter().position(fits);
        at.is_some_and(|at| {
            self.0.remove(at);
            true
        })
    }
}

fn messages(http: &Http, flow: &Flow) -> Vec<Message> {
    let is_ssdp = flow.transport == Transport::Udp;
    http.exchanges.iter().flat_map(|exchange| both(exchange, flow, is_ssdp)).collect()
}

fn both(exchange: &Exchange, flow: &Flow, is_ssdp: bool) -> Vec<Message> {
    let text = |text: &Option<WireText>| {
        text.as_ref().map_or(String::new(), |text| text.as_str().to_owned())
    };
    let ends = Some(sorted(flow.ends));
    let mut all = Vec::new();
    let mut add = |kind, is_two: bool, frame, fields| {
        let kind = match (is_ssdp, is_two) {
            (true, _) => SSDP,
            (_, true) => HEADERS,
            _ => kind,
        };
        all.push(Message { kind, ends, frame: Some(frame), fields });
    };
    if let Some(found) = &exchange.request {
        let mut fields = vec![text(&found.method), text(&found.host), text(&found.target)];
        fields.push(text(&found.user_agent));
        add(REQUEST, found.version.as_str() == "2", found.stamp.frame, fields);
    }
    for status in &exchange.interim {
        add(RESPONSE, false, 0, vec![status.to_string()]);
    }
    if let Some(found) = &exchange.response {
        let status = found.status.map_or(String::new(), |status| status.to_string());
        let fields = vec![status, text(&found.content_type), text(&found.server)];
        add(RESPONSE, found.version.as_str() == "2", found.stamp.frame, fields);
    }
    all
}

fn sorted(mut ends: [(IpAddr, u16); 2]) -> [(IpAddr, u16); 2] {
    ends.sort_unstable();
    ends
}

const REQUEST: &str = "http.request";
const RESPONSE: &str = "http.response";
const SSDP: &str = "ssdp";
const HEADERS: &str = "http2.headers";
