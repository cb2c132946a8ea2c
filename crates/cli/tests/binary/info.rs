//! `flowloom info` against capinfos and tshark.

#[path = "../../../engine/tests/common/differences.rs"]
mod differences;
#[path = "../../../capture/tests/corpus/raw.rs"]
mod raw;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use differences::Difference;
use serde_json::{Value, json};

use crate::common::{Row, flowloom, parse_lines, records, run, sample, text, write};

/// What is in captures; the exit code is that of losses if there are any.
fn info(captures: &[String]) -> Vec<Row> {
    let output = flowloom(&["info", "--json", "--quiet"]).args(captures).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
    parse_lines(&output.stdout)
}

fn corpus() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let Ok(manifest) = fs::read_to_string(root.join("MANIFEST.tsv")) else {
        println!("skipped: there is no corpus at ../shared/corpus");
        return None;
    };
    let names = manifest.lines().skip(1).filter_map(|line| line.split('\t').next());
    Some(names.map(|name| root.join(name)).collect())
}

/// What capinfos says of captures, by its columns.
fn capinfos(captures: &[String]) -> Option<Vec<BTreeMap<String, String>>> {
    let mut command = Command::new("capinfos");
    let Ok(output) = command.args(["-M", "-T"]).args(captures).env("TZ", "UTC").output() else {
        println!("skipped: there is no capinfos");
        return None;
    };
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = table.lines().map(|line| line.split('\t').map(String::from));
    let titles = lines.next().unwrap().collect::<Vec<_>>();
    // A comment can go on over several lines.
    let lines =
        lines.filter(|line| line.clone().next().is_some_and(|name| captures.contains(&name)));
    Some(lines.map(|line| titles.iter().cloned().zip(line).collect()).collect())
}

#[test]
fn captures_are_as_capinfos_says() {
    let Some(corpus) = corpus() else { return };
    let captures = corpus.iter().map(|path| path.to_str().unwrap().into()).collect::<Vec<_>>();
    let Some(expected) = capinfos(&captures) else { return };
    let own = info(&captures);
    let own = own.iter().map(|info| (info["capture"].as_str().unwrap(), info));
    let own = own.collect::<BTreeMap<_, _>>();
    let mut compared = 0;
    let mut different = Vec::new();
    for theirs in &expected {
        let name = theirs["File name"].as_str();
        compared += 1;
        let path = Path::new(name);
        for (what, ours) in said_as_capinfos(own[name], theirs) {
            if !agrees(what, &ours, theirs, path) {
                different.push(Difference {
                    capture: name.rsplit("corpus/").next().unwrap().to_string(),
                    what: format!("capinfos {what}"),
                    values: format!("ours {ours}, capinfos {}", theirs[what]),
                });
            }
        }
    }
    println!("{compared} captures compared with capinfos");
    assert!(compared > 200);
    differences::check(&["capinfos"], &different);
}

/// Whether a value is that of capinfos, or one that capinfos has no way to say.
fn agrees(what: &str, ours: &str, theirs: &BTreeMap<String, String>, path: &Path) -> bool {
    let packets = theirs["Number of packets"].parse::<f64>().unwrap_or(0.0);
    // capinfos does not count the four bytes before the cells of SunATM.
    let uncounted = if is_sun_atm(path) { 4.0 } else { 0.0 };
    let (own, other) = (ours.parse::<f64>(), theirs[what].parse::<f64>());
    match (what, own, other) {
        ("Data size (bytes)", _, Ok(other)) => ours == (other + uncounted * packets).to_string(),
        ("Average packet size (bytes)", _, Ok(other)) => {
            ours == format!("{:.2}", other + uncounted)
        }
        // Nanoseconds over years are more digits than a float of seconds has.
        ("Capture duration (seconds)", Ok(own), Ok(other))
            if (own - other).abs() <= other * f64::EPSILON =>
        {
            true
        }
        _ if TIMES.contains(&what) && has_untold_times(theirs, path) => true,
        _ => ours == theirs[what],
    }
}

/// Whether a capture has times that capinfos does not know (simple packet blocks and custom blocks
/// have none), that are after the year 9999, or whose microseconds are more than a second. What is
/// read of those is compared in the tests of the reader.
fn has_untold_times(theirs: &BTreeMap<String, String>, path: &Path) -> bool {
    let without_time = |(kind, _): &(u32, u32)| matches!(kind, 3 | 0xbad | 0x4000_0bad);
    let is_late = |what: &str| theirs[what].split('-').next().is_some_and(|year| year.len() > 4);
    let is_pcapng = path.extension().is_some_and(|extension| extension == "pcapng");
    if theirs["Start time"] == "n/a" {
        return is_pcapng && raw::blocks(path).iter().any(without_time);
    }
    let is_long = |record: &[u32; 4]| record[1] >= 1_000_000;
    is_late("Start time") || is_little_pcap(path) && raw::records(path).iter().any(is_long)
}

fn is_sun_atm(path: &Path) -> bool {
    is_little_pcap(path) && fs::read(path).unwrap()[20..24] == [123, 0, 0, 0]
}

fn is_little_pcap(path: &Path) -> bool {
    fs::read(path).unwrap().starts_with(&[0xd4, 0xc3, 0xb2, 0xa1])
}

const TIMES: [&str; 4] =
    ["Capture duration (seconds)", "Start time", "End time", "Strict time order"];

/// Our numbers, in the words of capinfos; times with as many digits as it gives. Rates are not
/// compared, because it computes them from times that are rounded to floats.
fn said_as_capinfos(info: &Row, theirs: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    let digits = |what: &str| theirs[what].rsplit_once('.').map_or(0, |(_, digits)| digits.len());
    let time = |name: &str, what: &str| match info[name].as_str() {
        Some(time) => time[..20 + digits(what)].replace('T', " ").trim_end_matches('.').to_string(),
        None => "n/a".into(),
    };
    let duration = match info["duration"].as_f64() {
        Some(duration) => format!("{duration:.0$}", digits("Capture duration (seconds)")),
        None => "n/a".into(),
    };
    let mean = info["frame_bytes_mean"].as_f64().unwrap_or(0.0);
    let in_order = if info["in_time_order"] == true { "True" } else { "False" };
    vec![
        ("Number of packets", info["frames"].to_string()),
        ("File size (bytes)", info["size"].to_string()),
        ("Data size (bytes)", info["wire_bytes"].to_string()),
        ("Capture duration (seconds)", duration),
        ("Start time", time("first_time", "Start time")),
        ("End time", time("last_time", "End time")),
        ("Average packet size (bytes)", format!("{mean:.2}")),
        ("SHA256", info["sha256"].as_str().unwrap().into()),
        ("Strict time order", in_order.into()),
    ]
}

#[test]
fn protocols_and_talkers_are_as_tshark_says() {
    let capture = sample("browsing.pcapng");
    let fields = ["frame.protocols", "frame.len", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst"];
    let fields = fields.iter().flat_map(|field| ["-e", *field]);
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&capture).args(["-n", "-T", "fields"]).args(fields);
    let Ok(output) = command.output() else { return println!("skipped: there is no tshark") };
    let mut levels = BTreeMap::<String, (u64, u64)>::new();
    let mut endpoints = BTreeMap::<String, [u64; 3]>::new();
    for line in text(&output.stdout).lines() {
        let fields = line.split('\t').collect::<Vec<_>>();
        let bytes = fields[1].parse::<u64>().unwrap();
        let layers = fields[0].split(':').filter_map(own_name).collect::<Vec<_>>();
        for depth in 1..=layers.len() {
            let level = levels.entry(layers[..depth].join("/")).or_default();
            *level = (level.0 + 1, level.1 + bytes);
        }
        for (i, sent) in [(2, bytes), (3, 0), (4, bytes), (5, 0)] {
            if !fields[i].is_empty() {
                let endpoint = endpoints.entry(fields[i].into()).or_default();
                *endpoint = [endpoint[0] + 1, endpoint[1] + bytes, endpoint[2] + sent];
            }
        }
    }
    let arguments = ["info", "--json", "--top", "1000", capture.to_str().unwrap()];
    let info = parse_lines(&run(&mut flowloom(&arguments)).stdout).remove(0);
    let own = info["hierarchy"].as_array().unwrap().iter().map(|level| {
        let path = level["path"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let numbers = (level["frames"].as_u64().unwrap(), level["bytes"].as_u64().unwrap());
        (path.collect::<Vec<_>>().join("/"), numbers)
    });
    assert_eq!(own.collect::<BTreeMap<_, _>>(), levels);
    let own = info["endpoints"].as_array().unwrap().iter().map(|endpoint| {
        let numbers =
            ["packets", "bytes", "bytes_sent"].map(|name| endpoint[name].as_u64().unwrap());
        (endpoint["address"].as_str().unwrap().to_string(), numbers)
    });
    assert_eq!(own.collect::<BTreeMap<_, _>>(), endpoints);
    println!("{} levels and {} addresses compared", levels.len(), endpoints.len());
}

/// Our name of a header that tshark names; none for what is above the transport headers.
fn own_name(name: &str) -> Option<&str> {
    match name {
        "eth" => Some("ethernet"),
        "ipv6" => Some("ip6"),
        "icmpv6" => Some("icmp6"),
        "ipv6.hopopts" => Some("ip6-hopbyhop"),
        "ip" | "tcp" | "udp" | "icmp" | "arp" => Some(name),
        _ => None,
    }
}

#[test]
fn the_exit_code_says_what_was_lost() {
    let directory = tempfile::tempdir().unwrap();
    let (header, mut parts) = records("dhcp.pcap");
    let whole = write(&directory.path().join("whole.pcap"), &header, &parts);
    parts.last_mut().unwrap().pop();
    let cut = write(&directory.path().join("cut.pcap"), &header, &parts);
    for (captures, code) in [
        (vec![whole.as_str()], 0),
        (vec![cut.as_str()], 1),
        (vec![whole.as_str(), "no/such"], 1),
        (vec!["no/such"], 2),
    ] {
        let output = flowloom(&["info"]).args(&captures).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{captures:?}");
    }
    for options in [&[][..], &["--json"]] {
        let output = flowloom(&["info", &cut]).args(options).output().unwrap();
        for said in [text(&output.stdout), text(&output.stderr)] {
            assert!(said.contains("damage") && said.contains("frame 43"), "{options:?}: {said}");
        }
    }
}

#[test]
fn a_capture_from_a_pipe_has_no_size_and_no_hash() {
    let capture = sample("dhcp.pcap");
    let from_file = info(&[capture.to_str().unwrap().into()]).remove(0);
    let stdin = Stdio::from(fs::File::open(&capture).unwrap());
    let mut piped = flowloom(&["info", "--json", "-"]);
    let mut from_pipe = parse_lines(&run(piped.stdin(stdin)).stdout).remove(0);
    assert_eq!((&from_pipe["size"], &from_pipe["sha256"]), (&Value::Null, &Value::Null));
    for name in ["capture", "size", "sha256"] {
        from_pipe[name] = from_file[name].clone();
    }
    assert_eq!(from_pipe, from_file);
}

#[test]
fn what_a_capture_says_of_itself_is_shown_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("told.pcapng");
    fs::write(&path, pcapng("\u{1b}[2Jtitle\u{9b}\u{202e}", "eth\u{7}0")).unwrap();
    let page = run(&mut flowloom(&["info", path.to_str().unwrap()])).stdout;
    let page = text(&page);
    assert!(
        page.contains("\\u{1b}[2Jtitle\\u{9b}\\u{202e}") && page.contains("eth\\u{7}0"),
        "{page}"
    );
    let harmful = ['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}'];
    assert!(!page.contains(harmful));
    let json = run(&mut flowloom(&["info", "--json", path.to_str().unwrap()])).stdout;
    assert!(!text(&json).contains(harmful));
    assert!(page.contains("dropped") && page.contains("1,234"), "{page}");
    let info = info(&[path.to_str().unwrap().into()]).remove(0);
    assert_eq!(info["comments"], json!([{"frame": null, "text": "\u{1b}[2Jtitle\u{9b}\u{202e}"}]));
    assert_eq!(info["interfaces"][0]["reported_dropped"], 1234);
    assert_eq!(info["secrets"], 1);
    assert_eq!(info["frames"], 0);
    assert_eq!(info["first_time"], Value::Null);
}

/// A pcapng file without frames: a section with a comment, an interface with a name, 1234 frames
/// that it dropped, a secret.
fn pcapng(comment: &str, interface: &str) -> Vec<u8> {
    let option = |code: u16, value: &[u8]| {
        let padding = vec![0; value.len().wrapping_neg() % 4];
        [&code.to_le_bytes(), &(value.len() as u16).to_le_bytes(), value, &padding].concat()
    };
    let block = |kind: u32, body: &[u8]| {
        let length = (12 + body.len() as u32).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &length].concat()
    };
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let section = block(0x0a0d_0d0a, &[section, option(1, comment.as_bytes())].concat());
    let interface = [vec![1, 0, 0, 0, 0, 0, 0, 0], option(2, interface.as_bytes())].concat();
    let statistics = [vec![0; 12], option(5, &1234_u64.to_le_bytes())].concat();
    let secret = [&0x544c_534b_u32.to_le_bytes()[..], &4_u32.to_le_bytes(), b"key\n"].concat();
    [section, block(1, &interface), block(5, &statistics), block(10, &secret)].concat()
}
