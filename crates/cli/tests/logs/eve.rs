//! EVE JSON: against what the tests of Suricata expect of its events, and read for every capture.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::common::{Found, check_differences, corpus, flows, upstream};

#[test]
fn events_are_those_of_suricata() {
    let (mut checks, mut values) = (0, 0);
    let mut found = Found::new();
    for (name, capture, file) in upstream() {
        if !file.ends_with("suricata-verify__test.yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let Ok(test) = serde_saphyr::from_str::<Value>(&text) else { continue };
        let events = events(&capture);
        let filters = test["checks"].as_array().into_iter().flatten().map(|check| &check["filter"]);
        for filter in filters.filter(|filter| is_for_version_8(filter)) {
            let Some(wanted) = filter["match"].as_object() else { continue };
            let mut wanted = wanted.clone();
            wanted.retain(|key, _| !OF_RULES.contains(&key.as_str()));
            let wanted = &wanted;
            // Where no kind is named, it is that of the first path.
            let path = || wanted.keys().find_map(|key| key.split_once('.')).map(|(kind, _)| kind);
            let kind = wanted.get("event_type").and_then(Value::as_str).or_else(path);
            let Some(kind) = kind.filter(|kind| KINDS.contains(kind)) else { continue };
            let count = events.iter().filter(|event| matches(event, wanted)).count() as u64;
            (checks, values) = (checks + 1, values + wanted.len());
            if Some(count) != filter["count"].as_u64() {
                let what = wanted.keys().cloned().collect::<Vec<_>>().join(",");
                let numbers = format!("{wanted:?}: suricata {}, ours {count}", filter["count"]);
                found.insert((name.clone(), format!("eve {kind} {what}"), numbers));
            }
        }
    }
    println!("{checks} checks of {values} values, of which {} differ", found.len());
    if checks > 0 {
        assert!(checks > 15, "{checks}");
        check_differences("eve ", &found);
    }
}

/// Some checks are for the formats of older or later versions.
fn is_for_version_8(filter: &Value) -> bool {
    let requires = &filter["requires"];
    let number = |key: &str| match &requires[key] {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.split('.').next().and_then(|major| major.parse().ok()),
        _ => None,
    };
    number("lt-version").is_none_or(|limit| limit > 8.0)
        && number("min-version").is_none_or(|least| least < 9.0)
}

/// Whether an event has all values: `a.b[0].c` is a path, `__len` the length of a list.
fn matches(event: &Value, wanted: &serde_json::Map<String, Value>) -> bool {
    wanted.iter().all(|(path, wanted)| {
        let mut value = event;
        for step in path.split('.') {
            let (name, place) = step.split_once('[').unwrap_or((step, ""));
            if name == "__len" {
                return value.as_array().map(|list| list.len() as u64) == wanted.as_u64();
            }
            value = &value[name];
            if let Some(place) = place.strip_suffix(']') {
                value = &value[place.parse::<usize>().unwrap()];
            }
        }
        match (value, wanted) {
            // Addresses are written in full there.
            (Value::String(own), Value::String(theirs)) if path.ends_with("_ip") => {
                own.parse::<std::net::IpAddr>().ok() == theirs.parse().ok()
            }
            _ => value == wanted,
        }
    })
}

fn events(capture: &Path) -> Vec<Value> {
    let text = flows(capture, &["--format", "eve", "-o", "-"]);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_event_of_the_corpus_is_whole() {
    let mut counts = BTreeMap::<String, usize>::new();
    let captures = corpus();
    for (name, capture) in &captures {
        let events = events(capture);
        let rows = flows(capture, &["--format", "jsonl", "-o", "-", "--features", "core"]);
        let ended = events.iter().filter(|event| event["event_type"] == "flow");
        let packets = |keys: [&str; 2], row: &Value| {
            keys.iter().map(|key| row[*key].as_u64().unwrap()).sum::<u64>()
        };
        let own = ended.map(|event| packets(["pkts_toserver", "pkts_toclient"], &event["flow"]));
        let table = rows.lines().map(|line| {
            packets(["up_packet_count", "down_packet_count"], &serde_json::from_str(line).unwrap())
        });
        assert_eq!(own.collect::<Vec<_>>(), table.collect::<Vec<_>>(), "{name}");
        for event in &events {
            let kind = event["event_type"].as_str().unwrap();
            assert!(KINDS.contains(&kind) && event[kind].is_object(), "{name}: {event}");
            let is_there = |key: &str| event.get(key).is_some_and(|value| !value.is_null());
            assert!(ALWAYS.iter().all(|key| is_there(key)), "{name}: {event}");
            let time = event["timestamp"].as_str().unwrap();
            assert!(time.len() == 31 && time.ends_with("+0000"), "{name}: {time}");
            *counts.entry(kind.to_owned()).or_default() += 1;
        }
    }
    println!("{} captures: {counts:?}", captures.len());
    if !captures.is_empty() {
        // Few of these captures have SSH.
        let least = |kind: &str| if kind == "ssh" { 10 } else { 20 };
        assert!(KINDS.iter().all(|kind| counts[*kind] > least(kind)), "{counts:?}");
    }
}

const KINDS: &[&str] = &["flow", "dns", "http", "tls", "quic", "dhcp", "ssh"];
/// What rules made of a flow; there are none here.
const OF_RULES: &[&str] = &["flow.alerted", "flow.action"];
const ALWAYS: &[&str] = &["timestamp", "flow_id", "event_type", "src_ip", "dest_ip", "proto"];
