//! Zeek's logs: against those that Zeek itself wrote, and read strictly for every capture.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use crate::common::{Found, check_differences, corpus, flows, upstream};

/// A log as its header describes it.
struct Log {
    path: String,
    fields: Vec<String>,
    types: Vec<String>,
    rows: Vec<BTreeMap<String, String>>,
}

#[test]
fn records_are_those_of_zeek() {
    let directory = tempfile::tempdir().unwrap();
    let mut found = Found::new();
    let (mut logs, mut rows, mut values) = (0, 0, 0);
    for (name, capture, file) in upstream() {
        let file_name = file.file_name().unwrap().to_string_lossy().into_owned();
        let Some((theirs, path)) = upstream_log(&file, &file_name) else { continue };
        if OF_OTHER_CAPTURES.iter().any(|other| file_name.ends_with(other)) {
            continue;
        }
        let out = directory.path().join(logs.to_string());
        flows(&capture, &["--format", "zeek", "-o", &out.to_string_lossy()]);
        let own = Log::read(&fs::read_to_string(out.join(format!("{path}.log"))).unwrap());
        (logs, rows) = (logs + 1, rows + theirs.rows.len());
        let mut waiting = own.rows;
        for row in &theirs.rows {
            let Some(best) = best_match(row, &waiting) else {
                found.insert((name.clone(), format!("{path} row"), key(row).join(" ")));
                continue;
            };
            let own = waiting.remove(best);
            for (field, value) in row {
                let Some(own) = own.get(field).filter(|_| !UNCOMPARED.contains(&&**field)) else {
                    continue;
                };
                values += 1;
                if own != value {
                    let values = format!("zeek {value}, ours {own}");
                    found.insert((name.clone(), format!("{path} {field}"), values));
                }
            }
        }
    }
    println!("compared {values} values in {rows} records of {logs} logs");
    if logs > 0 {
        assert!(values > 25_000, "{values}");
        check_differences("conn ", &found_of(&found, "conn "));
        for log in ["dns ", "http ", "ssl ", "x509 ", "dhcp ", "ssh "] {
            check_differences(log, &found_of(&found, log));
        }
    }
}

fn found_of(found: &Found, log: &str) -> Found {
    found.iter().filter(|(_, what, _)| what.starts_with(log)).cloned().collect()
}

/// The log in a file of the corpus, if it is one of ours.
fn upstream_log(file: &Path, name: &str) -> Option<(Log, String)> {
    let text = fs::read_to_string(file).ok()?;
    let mut log = Log::read(&text);
    // Some are cut to a few fields, whose names are in the first line.
    let path = if log.path.is_empty() {
        let (_, rest) = name.split_once("__")?;
        let (path, _) = rest.rsplit("__").next()?.split_once(".log")?;
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let fields = lines.next()?.split('\t').collect::<Vec<_>>();
        log.rows = lines.map(|line| row(fields.iter().copied(), line)).collect();
        path.to_owned()
    } else {
        log.path.clone()
    };
    LOGS.contains(&&*path).then_some((log, path))
}

/// The record of ours with the same key that has most values in common.
fn best_match(row: &BTreeMap<String, String>, own: &[BTreeMap<String, String>]) -> Option<usize> {
    let has_key = |candidate: &BTreeMap<String, String>| {
        KEYS.iter().all(|field| match (row.get(*field), candidate.get(*field)) {
            (Some(theirs), Some(own)) => theirs == own,
            _ => true,
        })
    };
    let same = |candidate: &BTreeMap<String, String>| {
        row.iter().filter(|(field, value)| candidate.get(*field) == Some(value)).count()
    };
    let candidates = own.iter().enumerate().filter(|(_, candidate)| has_key(candidate));
    // Of equally good ones the first.
    candidates.rev().max_by_key(|(_, candidate)| same(candidate)).map(|(at, _)| at)
}

fn key(row: &BTreeMap<String, String>) -> Vec<&str> {
    KEYS.iter().filter_map(|field| row.get(*field).map(String::as_str)).collect()
}

#[test]
fn every_log_of_the_corpus_is_as_its_header_says() {
    let directory = tempfile::tempdir().unwrap();
    let mut counts = BTreeMap::<String, usize>::new();
    let captures = corpus();
    for (name, capture) in &captures {
        let out = directory.path().join("logs");
        let force = ["--format", "zeek", "--force", "-o", &*out.to_string_lossy()];
        flows(capture, &force);
        let mut uids = BTreeSet::new();
        for path in LOGS {
            let bytes = fs::read(out.join(format!("{path}.log"))).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let is_plain = |c: char| !c.is_control() || c == '\t' || c == '\n';
            assert!(text.ends_with('\n') && text.chars().all(is_plain), "{name}: {path}");
            let log = Log::read(&text);
            assert_eq!(log.path, *path);
            assert_eq!(log.fields.len(), log.types.len());
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            for line in lines {
                assert_eq!(line.split('\t').count(), log.fields.len(), "{name}: {line}");
            }
            for row in &log.rows {
                for (field, kind) in log.fields.iter().zip(&log.types) {
                    let value = &row[field];
                    assert!(is_of_type(value, kind), "{name}: {path} {field} {kind}: {value}");
                }
                let uid = row.get("uid").or(row.get("uids"));
                match (uid, *path) {
                    (Some(uid), "conn") => assert!(uids.insert(uid.clone()), "{name}: {uid} twice"),
                    (Some(uid), _) => assert!(uids.contains(uid), "{name}: {uid} is of no flow"),
                    (None, _) => {}
                }
            }
            *counts.entry((*path).to_owned()).or_default() += log.rows.len();
        }
    }
    println!("{} captures: {counts:?}", captures.len());
    if !captures.is_empty() {
        // Few of these captures have SSH.
        let least = |log: &str| if log == "ssh" { 10 } else { 50 };
        assert!(LOGS.iter().all(|log| counts[*log] > least(log)), "{counts:?}");
    }
}

fn is_of_type(value: &str, kind: &str) -> bool {
    if value == "-" {
        return true;
    }
    let of_items =
        |kind: &str| value == "(empty)" || value.split(',').all(|item| is_of_type(item, kind));
    let inside = |outer: &str| kind.strip_prefix(outer)?.strip_suffix(']');
    if let Some(kind) = inside("vector[").or(inside("set[")) {
        return of_items(kind);
    }
    match kind {
        "time" | "interval" => {
            let digits = value.strip_prefix('-').unwrap_or(value);
            let parts = digits.split_once('.');
            parts.is_some_and(|(whole, part)| whole.parse::<u64>().is_ok() && part.len() == 6)
        }
        "count" => value.parse::<u64>().is_ok(),
        "port" => value.parse::<u16>().is_ok(),
        "addr" => value.parse::<IpAddr>().is_ok(),
        "bool" => value == "T" || value == "F",
        "string" | "enum" => !value.is_empty(),
        _ => false,
    }
}

impl Log {
    fn read(text: &str) -> Self {
        let mut log =
            Self { path: String::new(), fields: Vec::new(), types: Vec::new(), rows: Vec::new() };
        for line in text.lines() {
            let (head, rest) = line.split_once('\t').unwrap_or((line, ""));
            let names = || rest.split('\t').map(str::to_owned).collect();
            match head {
                "#path" => rest.clone_into(&mut log.path),
                "#fields" => log.fields = names(),
                "#types" => log.types = names(),
                _ if line.starts_with('#') || log.fields.is_empty() => {}
                _ => log.rows.push(row(log.fields.iter().map(String::as_str), line)),
            }
        }
        log
    }
}

fn row<'a>(fields: impl Iterator<Item = &'a str>, line: &str) -> BTreeMap<String, String> {
    fields.map(str::to_owned).zip(line.split('\t').map(str::to_owned)).collect()
}

const LOGS: &[&str] = &["conn", "dns", "http", "ssl", "x509", "dhcp", "ssh"];
/// Times are blanked in most of the files; identifiers are each program's own.
const UNCOMPARED: &[&str] = &["ts", "uid", "uids"];
const KEYS: &[&str] = &[
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "proto",
    "ip_proto",
    "trans_id",
    "trans_depth",
    "query",
    "fingerprint",
    "client_addr",
];
/// Logs of a test of Zeek's that reads three captures, of which the corpus has the third.
const OF_OTHER_CAPTURES: &[&str] = &["mac-logging__conn1.log", "mac-logging__conn2.log"];
