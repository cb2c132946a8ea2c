//! `flowloom rerun`: the same table again, from what its file says.

use std::fs;

use crate::common::{flowloom, run, sample, text};

#[test]
fn a_table_is_made_again_byte_for_byte() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let captures = [sample("browsing.pcapng"), sample("loss.pcap"), sample("tunnels.pcap")];
    let captures = captures.map(|path| path.display().to_string());
    let settings: [&[&str]; 5] = [
        &[],
        &["--features", "core,sequences,statistics,tls", "--signed", "--sequence-max", "9"],
        &["--filter", "tcp and not port 22", "--population", "payload", "--order", "start"],
        &["--no-split", "--key-ignore", "vlan,vni", "--client", "192.0.2.0/24", "--count", "200"],
        &["--label-path", "{scene}.pcap", "--tcp-idle", "50ms", "--without", "vni,community_id"],
    ];
    for (number, settings) in settings.into_iter().enumerate() {
        for ending in ["parquet", "arrow"] {
            let (first, again) = (path(&format!("{number}.{ending}")), path("again.parquet"));
            let again = again.replace("parquet", ending);
            let mut arguments = vec!["flows", "-o", &first];
            arguments.extend(settings);
            arguments.extend(captures.iter().map(String::as_str));
            run(&mut flowloom(&arguments));
            run(&mut flowloom(&["rerun", &first, "-o", &again, "--threads", "1"]));
            assert_eq!(fs::read(&first).unwrap(), fs::read(&again).unwrap(), "{settings:?}");
        }
    }
    // Of one capture, and as text.
    let (all, one) = (path("0.parquet"), path("one.jsonl"));
    run(&mut flowloom(&["rerun", &all, &captures[1], "-o", &one]));
    assert_eq!(fs::read_to_string(one).unwrap().lines().count(), 5);
}

#[test]
fn captures_that_are_others_by_now_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("d");
    fs::create_dir(&below).unwrap();
    fs::copy(sample("loss.pcap"), below.join("a.pcap")).unwrap();
    let here =
        |arguments: &[&str]| flowloom(arguments).current_dir(directory.path()).output().unwrap();
    assert_eq!(here(&["flows", "d", "-o", "t.parquet"]).status.code(), Some(0));
    let missing = here(&["rerun", "t.parquet", "-o", "u.parquet"]);
    assert_eq!(missing.status.code(), Some(2));
    let said = text(&missing.stderr);
    assert!(said.contains("a.pcap") && said.contains("rerun t.parquet CAPTURE"), "{said}");
    assert_eq!(here(&["rerun", "t.parquet", "d", "-o", "u.parquet"]).status.code(), Some(0));
    let written =
        ["t.parquet", "u.parquet"].map(|name| fs::read(directory.path().join(name)).unwrap());
    assert_eq!(written[0], written[1]);
    // Another capture of that name.
    fs::copy(sample("tunnels.pcap"), directory.path().join("a.pcap")).unwrap();
    let other = here(&["rerun", "t.parquet", "-o", "v.parquet"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stderr).contains("a.pcap is not what the table was made of"));
}

#[test]
fn a_rerun_that_reads_nothing_could_not_run() {
    let directory = tempfile::tempdir().unwrap();
    let here =
        |arguments: &[&str]| flowloom(arguments).current_dir(directory.path()).output().unwrap();
    let capture = directory.path().join("a.pcap");
    fs::copy(sample("loss.pcap"), &capture).unwrap();
    assert_eq!(here(&["flows", "a.pcap", "-o", "t.parquet"]).status.code(), Some(0));
    fs::write(&capture, "").unwrap();
    let nothing = here(&["rerun", "t.parquet", "-o", "u.parquet"]);
    assert_eq!(nothing.status.code(), Some(2), "{}", text(&nothing.stderr));
    assert!(text(&nothing.stderr).contains("a.pcap is empty"));
}

#[test]
fn what_no_table_keeps_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (key, table, again) = (path("key"), path("t.parquet"), path("again.parquet"));
    fs::write(&key, [7; 32]).unwrap();
    let capture = sample("dhcp.pcap").display().to_string();
    run(&mut flowloom(&["flows", &capture, "--anonymize", &key, "-o", &table]));
    let refused = flowloom(&["rerun", &table, "-o", &again]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("need the key of addresses"), "{refused:?}");
    run(&mut flowloom(&["rerun", &table, "-o", &again, "--anonymize", &key]));
    assert_eq!(fs::read(&table).unwrap(), fs::read(&again).unwrap());
    // Files that say nothing of how they were made.
    for name in [&capture, &path("no such file")] {
        let refused = flowloom(&["rerun", name, "-o", &again]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(text(&refused.stderr).contains("cannot read the table"), "{refused:?}");
    }
}

#[test]
fn rows_that_are_no_flows_are_not_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let capture = sample("dhcp.pcap").display().to_string();
    run(&mut flowloom(&["flows", &capture, "--events", "dhcp", "-o", &path("d")]));
    run(&mut flowloom(&["traces", &capture, "-o", &path("t.parquet")]));
    for (table, rows) in [("d/dhcp.parquet", "events"), ("t.parquet", "traces")] {
        let refused = flowloom(&["rerun", &path(table), "-o", &path("u")]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let said = text(&refused.stderr);
        assert!(said.contains(&format!("are {rows}: give a table of flows")), "{said}");
    }
    run(&mut flowloom(&["rerun", &path("d/flows.parquet"), "-o", &path("u.parquet")]));
}
