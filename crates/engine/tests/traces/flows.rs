//! A trace is its flows, put together: nothing more, nothing less.

use std::collections::BTreeMap;
use std::path::Path;

use flowloom_engine::{Config, Filter, Population};
use serde_json::Value;

use crate::common::{Row, rows};
use crate::{captures_at_hand, numbers, trace, traces};

#[test]
fn a_trace_has_what_its_flows_have() {
    let (mut compared, mut packets) = (0, 0);
    for path in captures_at_hand() {
        let (found, summary) = traces(&[&path], |_| {});
        if summary.captures[0].format.is_empty() {
            continue;
        }
        packets += compare(&path, &found[0], &|_| {});
        compared += 1;
    }
    println!("{compared} captures, {packets} packets");
    assert!(packets > 1_000);
}

#[test]
fn populations_are_those_of_flows() {
    let populations =
        [Population::NoPureAck, Population::Payload, Population::PayloadNoRetransmission];
    for name in ["browsing.pcapng", "loss.pcap", "fragments.pcap"] {
        for population in populations {
            let set = |config: &mut Config| config.flow.population = population;
            let found = trace(&sample(name), |traces| set(&mut traces.config));
            assert!(compare(&sample(name), &found, &set) > 0, "{name} {population:?}");
        }
    }
}

#[test]
fn flow_words_take_the_packets_of_the_flows_they_accept() {
    for text in ["dns", "tls or http", "tcp.syn_count = 2", "src_port > 40000", "not dns"] {
        for name in ["browsing.pcapng", "loss.pcap", "vlan-qinq.pcap"] {
            let path = sample(name);
            let words = flowloom_engine::flow_words(&flowloom_engine::Registry::new());
            let Ok(filter) = Filter::parse_with(text, &words) else { continue };
            let again = Filter::parse_with(text, &words).unwrap();
            let found = trace(&path, |traces| traces.config.filter = Some(filter));
            compare(&path, &found, &|config| {
                config.filter = Some(Filter::parse_with(text, &words).unwrap());
            });
            // The first packets are those of the whole, for any length.
            let all = numbers(&found, "frame_numbers");
            let short = trace(&path, |traces| {
                traces.config.filter = Some(again);
                traces.config.log.sequence_max = 9;
            });
            assert_eq!(numbers(&short, "frame_numbers"), all[..all.len().min(9)], "{name} {text}");
            assert_eq!(short.number("sequence_total"), all.len() as u64);
        }
    }
}

/// Packets that were compared.
fn compare(path: &Path, found: &Row, change: &dyn Fn(&mut Config)) -> usize {
    let name = path.display();
    let (flows, _) = rows(path, |config| {
        config.features = vec!["core".into(), "sequences".into()];
        change(config);
    });
    let sum = |column: &str| flows.iter().map(|flow| flow.number(column)).sum::<u64>();
    assert_eq!(found.number("flow_count"), flows.len() as u64, "{name}");
    for column in ["packet_count", "byte_count", "sequence_total"] {
        assert_eq!(found.number(column), sum(column), "{name} {column}");
    }
    if let Some(first) = flows.iter().min_by_key(|flow| flow.number("flow_id")) {
        assert_eq!(found.0["start_time"], first.0["start_time"], "{name}");
        let last = flows.iter().max_by_key(|flow| flow.number("last_frame")).unwrap();
        assert_eq!(found.0["end_time"], last.0["end_time"], "{name}");
    } else {
        assert!(found.0["start_time"].is_null() && found.0["duration"].is_null());
    }
    let frames = numbers(found, "frame_numbers");
    assert!(frames.is_sorted_by(|one, other| one < other), "{name}");
    let start = frames.first().map_or(0, |_| absolute_start(found, &flows));
    let ids = numbers(found, "flows");
    let mut apart = BTreeMap::<i64, Vec<usize>>::new();
    for (i, id) in ids.iter().enumerate() {
        apart.entry(*id).or_default().push(i);
    }
    let (mut up, mut down) = (0, 0);
    for flow in &flows {
        let own = apart.remove(&flow.0["flow_id"].as_i64().unwrap()).unwrap_or_default();
        for list in LISTS {
            let all = numbers(found, list);
            assert_eq!(all.len(), frames.len(), "{name} {list}");
            if flow.0[list].is_null() {
                assert!(own.iter().all(|i| all[*i] == 0));
                continue;
            }
            let mut theirs = numbers(flow, list);
            let mut own = own.iter().map(|i| all[*i]).collect::<Vec<_>>();
            if has_fragments(flow) {
                // Those that waited in vain are at the end of a flow, and where their frames are in a
                // trace.
                theirs.sort_unstable();
                own.sort_unstable();
            }
            match list {
                "times" => {
                    let shift = flow.time("start_time") - start;
                    let theirs = theirs.iter().map(|time| time + shift).collect::<Vec<_>>();
                    assert_eq!(own, theirs, "{name} {list}");
                }
                "directions" => {
                    let turned = |sign: i64| {
                        let mut turned = theirs.iter().map(|way| way * sign).collect::<Vec<_>>();
                        if has_fragments(flow) {
                            turned.sort_unstable();
                        }
                        turned
                    };
                    let signs = if own.is_empty() { [0; 3] } else { [1, -1, 0] };
                    let sign = signs.into_iter().find(|sign| turned(*sign) == own);
                    let sign = sign.unwrap_or_else(|| panic!("{name}: {own:?} {theirs:?}"));
                    let sent = [flow.number("up_packet_count"), flow.number("down_packet_count")];
                    match sign {
                        1 => (up, down) = (up + sent[0], down + sent[1]),
                        -1 => (up, down) = (up + sent[1], down + sent[0]),
                        _ => {}
                    }
                }
                _ => assert_eq!(own, theirs, "{name} {list}"),
            }
        }
    }
    assert!(apart.is_empty(), "{name}");
    // Flows without a counted packet have a direction, too, that nobody sees.
    assert!(found.number("up_packet_count") >= up && found.number("down_packet_count") >= down);
    if found.0["sequence_total"] == found.0["packet_count"] {
        assert_eq!(found.number("up_packet_count"), up, "{name}");
        assert_eq!(found.number("down_packet_count"), down, "{name}");
    }
    let times = numbers(found, "times");
    let gaps = times.iter().zip(times.iter().take(1).chain(&times)).map(|(now, last)| now - last);
    assert_eq!(numbers(found, "iats"), gaps.collect::<Vec<_>>(), "{name}");
    assert_eq!(found.0["sequence_truncated"], Value::Bool(false));
    frames.len()
}

fn has_fragments(flow: &Row) -> bool {
    numbers(flow, "packet_marks").iter().any(|marks| marks & 128 != 0)
}

/// The time of the first counted packet, in nanoseconds since the epoch.
fn absolute_start(found: &Row, flows: &[Row]) -> i64 {
    let id = numbers(found, "flows")[0];
    let flow = flows.iter().find(|flow| flow.0["flow_id"].as_i64() == Some(id)).unwrap();
    flow.time("start_time") + numbers(flow, "times")[0]
}

fn sample(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

const LISTS: [&str; 9] = [
    "directions",
    "times",
    "packet_lengths",
    "ip_lengths",
    "trans_lengths",
    "app_lengths",
    "tcp_flags",
    "tcp_window_sizes",
    "packet_marks",
];
