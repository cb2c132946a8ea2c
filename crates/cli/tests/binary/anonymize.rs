//! `--anonymize`: no real address comes out, and what belongs together stays together.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use flowloom_engine::{Anonymize as _, CryptoPan, Mac};

use crate::common::{flowloom, records, rows, run, sample, text, without, write};

/// The columns that name machines.
const NAMING: [&str; 5] = ["src_ip", "dst_ip", "src_mac", "dst_mac", "community_id"];

fn key_file(directory: &Path, content: impl AsRef<[u8]>) -> String {
    let path = directory.join("key");
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().into()
}

#[test]
fn rows_are_as_if_the_capture_had_other_addresses() {
    let directory = tempfile::tempdir().unwrap();
    let key = key_file(directory.path(), [7; 32]);
    let anonymize = CryptoPan::read(Path::new(&key)).unwrap();
    let (header, mut frames) = records("loss.pcap");
    let real = write(&directory.path().join("real.pcap"), &header, &frames);
    for frame in &mut frames {
        let (macs, packet) = frame[16..].split_at_mut(14);
        for mac in macs[..12].as_chunks_mut().0 {
            *mac = anonymize.mac(Mac(*mac)).0;
        }
        match macs[12..] {
            [0x08, 0x00] => replace(&anonymize, &mut packet[12..20], 4),
            [0x86, 0xdd] => replace(&anonymize, &mut packet[8..40], 16),
            _ => {}
        }
    }
    let other = write(&directory.path().join("other.pcap"), &header, &frames);
    let shown = without("capture", rows(&[&real, "--anonymize", &key]));
    let other = without("capture", rows(&[&other]));
    assert!([4, 6].iter().all(|version| shown.iter().any(|row| row["ip_version"] == *version)));
    assert_eq!(shown.len(), other.len());
    for (shown, other) in shown.iter().zip(&other) {
        assert_eq!(shown, other);
    }
}

/// Replaces the addresses of so many bytes that stand side by side.
fn replace(anonymize: &CryptoPan, addresses: &mut [u8], len: usize) {
    for address in addresses.chunks_mut(len) {
        let real = match <[u8; 4]>::try_from(&*address) {
            Ok(octets) => IpAddr::from(octets),
            Err(_) => IpAddr::from(<[u8; 16]>::try_from(&*address).unwrap()),
        };
        match anonymize.ip(real) {
            IpAddr::V4(v4) => address.copy_from_slice(&v4.octets()),
            IpAddr::V6(v6) => address.copy_from_slice(&v6.octets()),
        }
    }
}

#[test]
fn only_what_names_machines_changes_and_it_changes_one_to_one() {
    let directory = tempfile::tempdir().unwrap();
    let key = key_file(directory.path(), [7; 32]);
    for name in ["browsing.pcapng", "tunnels.pcap", "dhcp.pcap", "any-sll2.pcap"] {
        let capture = sample(name);
        let capture = capture.to_str().unwrap();
        let (real, shown) = (rows(&[capture]), rows(&[capture, "--anonymize", &key]));
        assert_eq!(shown, rows(&[capture, "--anonymize", &key, "--threads", "3"]));
        assert_eq!(real.len(), shown.len());
        let mut pairs = BTreeSet::new();
        for (row, (column, (real, shown))) in real.iter().zip(&shown).flat_map(|(real, shown)| {
            real.iter().map(move |(column, value)| (real, (column, (value, &shown[column]))))
        }) {
            if NAMING.contains(&column.as_str()) && !real.is_null() {
                let names_nobody = |column: &str| is_special(row[column].as_str().unwrap());
                let may_stay = match column.as_str() {
                    "community_id" => names_nobody("src_ip") && names_nobody("dst_ip"),
                    _ => names_nobody(column),
                };
                assert!(real != shown || may_stay, "{column}: {real}");
                // Source and destination are of one kind.
                let kind = column.rsplit('_').next().unwrap();
                pairs.insert((kind, real.to_string(), shown.to_string()));
            } else {
                assert_eq!(real, shown, "{column}");
            }
        }
        let reals = pairs.iter().map(|(kind, real, _)| (kind, real)).collect::<BTreeSet<_>>();
        let showns = pairs.iter().map(|(kind, _, shown)| (kind, shown)).collect::<BTreeSet<_>>();
        assert_eq!((reals.len(), showns.len()), (pairs.len(), pairs.len()), "{name}");
    }
}

/// Whether an address is no machine's.
fn is_special(address: &str) -> bool {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            v4.octets()[0] == 0 || v4.is_loopback() || v4.is_broadcast() || v4.is_multicast()
        }
        Ok(IpAddr::V6(v6)) => v6.is_unspecified() || v6.is_loopback() || v6.is_multicast(),
        Err(_) => {
            let first = u8::from_str_radix(&address[..2], 16).unwrap_or(0);
            first & 1 != 0 || address == "00:00:00:00:00:00"
        }
    }
}

#[test]
fn community_ids_are_those_of_tshark() {
    let mut compared = 0;
    for name in ["browsing.pcapng", "dhcp.pcap", "loss.pcap", "vlan-qinq.pcap", "any-sll2.pcap"] {
        let capture = sample(name);
        let fields = ["-e", "frame.number", "-e", "communityid"];
        let mut command = Command::new("tshark");
        command.args(["-n", "--enable-protocol", "communityid", "-T", "fields"]).args(fields);
        let Ok(output) = command.arg("-r").arg(&capture).output() else {
            return println!("skipped: there is no tshark");
        };
        let ids = text(&output.stdout).lines().map(|line| line.split('\t').nth(1).unwrap());
        let ids = ids.collect::<Vec<_>>();
        for row in rows(&[capture.to_str().unwrap()]) {
            let theirs = ids[row["flow_id"].as_u64().unwrap() as usize - 1];
            assert_eq!(row["community_id"], theirs, "{name}, flow {}", row["flow_id"]);
            compared += 1;
        }
    }
    println!("{compared} community identifiers compared with tshark");
    assert!(compared > 50);
}

#[test]
fn keys_are_checked_and_kept_to_oneself() {
    let directory = tempfile::tempdir().unwrap();
    let capture = sample("dhcp.pcap");
    let capture = capture.to_str().unwrap();
    let with_key = |key: &str| {
        flowloom(&["flows", capture, "--anonymize", key, "--format", "null"]).output().unwrap()
    };
    for content in ["", "too short", &"0123456789abcdeg".repeat(4)] {
        let output = with_key(&key_file(directory.path(), content));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("64 hexadecimal digits") && !said.contains("abcdeg"), "{said}");
    }
    let output = with_key("no/such");
    assert!(text(&output.stderr).contains("cannot read the key no/such"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = key_file(directory.path(), "0123456789abcdef".repeat(4) + "\n");
        for (mode, is_warned) in [(0o600, false), (0o644, true)] {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            let mut command =
                flowloom(&["flows", capture, "--anonymize", &key, "--format", "null"]);
            let output = run(&mut command);
            assert_eq!(text(&output.stderr).contains("chmod 600"), is_warned, "{mode:o}");
        }
    }
}
