//! Captures without their addresses: the same traffic, of others, and nothing left of who it was.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says where, and says what it compared"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::{corpus, rows};
use flowloom_capture::{Block, Capture, Limits, Source as _};
use flowloom_engine::{
    Anonymization, Anonymize as _, AnonymizeSummary, AnonymizeTo, CaptureLimits, CryptoPan,
    Destination, Existing, FlowSettings, Payload, Rewrite, Sequence, Target, Watch, WireOptions,
    anonymize, find_inputs, rewrite,
};
use flowloom_schema::LinkType;
use flowloom_wire::{Checksum, Layer, Layers, Packet, decode};

const KEY: [u8; 32] = *b"a key that tests and nobody has.";

fn anonymized(capture: &Path, output: &Path, payload: Payload) -> AnonymizeSummary {
    let job = Anonymization {
        inputs: find_inputs(&[capture]).unwrap(),
        target: AnonymizeTo::One(Destination::File(output.into())),
        key: CryptoPan::new(&KEY),
        payload,
        keeps_vendors: false,
        existing: Existing::Keep,
        capture: CaptureLimits::default(),
    };
    anonymize(&job, &Watch::default()).unwrap()
}

/// A frame, what it begins with, when it was and how long it was.
struct Frame {
    link: LinkType,
    time: i64,
    original: u32,
    bytes: Vec<u8>,
}

fn frames(path: &Path) -> Vec<Frame> {
    let bytes = Box::new(Cursor::new(fs::read(path).unwrap()));
    let mut frames = Vec::new();
    let Ok(mut capture) = Capture::from_reader("test", bytes, Limits::default()) else {
        return frames;
    };
    let mut block = Block::default();
    while capture.read(&mut block).unwrap() {
        frames.extend(block.frames.iter().map(|frame| Frame {
            link: frame.link,
            time: frame.time.0,
            original: frame.original,
            bytes: block.data(frame).to_vec(),
        }));
    }
    frames
}

/// The headers of a frame, and which of their checksums are right.
#[derive(Default)]
struct Told {
    headers: Vec<(Layer, usize)>,
    sums: Vec<(Layer, Checksum)>,
}

impl Layers for Told {
    fn layer(&mut self, layer: Layer, offset: usize) {
        self.headers.push((layer, offset));
    }

    fn checksum(&mut self, layer: Layer, checksum: Checksum) {
        self.sums.push((layer, checksum));
    }
}

fn told(frame: &Frame) -> (Told, Packet) {
    let (mut told, mut packet) = (Told::default(), Packet::default());
    let options = WireOptions { verify_checksums: true, ..WireOptions::default() };
    decode(frame.link, &frame.bytes, frame.original, &options, &mut told, &mut packet);
    (told, packet)
}

/// Every address in an IP or ARP header on the way down, and what was made of it.
fn addresses(old: &Frame, new: &Frame, headers: &[(Layer, usize)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    for &(layer, at) in headers {
        let places: &[(usize, usize)] = match layer {
            Layer::Ipv4 => &[(12, 4), (16, 4)],
            Layer::Ipv6 => &[(8, 16), (24, 16)],
            Layer::Arp if old.bytes.get(at..at + 6) == Some(&[0, 1, 8, 0, 6, 4]) => {
                &[(8, 6), (14, 4), (18, 6), (24, 4)]
            }
            Layer::Ethernet => &[(0, 6), (6, 6)],
            _ => &[],
        };
        for &(from, len) in places {
            let place = at + from..at + from + len;
            if let (Some(real), Some(own)) =
                (old.bytes.get(place.clone()), new.bytes.get(place.clone()))
            {
                all.push((real.to_vec(), own.to_vec()));
            }
        }
    }
    all
}

/// Whether an address belongs to nobody, so that it may stay.
fn stays(pan: &CryptoPan, address: &[u8]) -> bool {
    match *address {
        [a, b, c, d] => {
            let address = IpAddr::from([a, b, c, d]);
            pan.ip(address) == address
        }
        [first, ..] if address.len() == 6 => first & 1 != 0 || address.iter().all(|&b| b == 0),
        _ => {
            let address = IpAddr::from(<[u8; 16]>::try_from(address).unwrap());
            pan.ip(address) == address
        }
    }
}

/// Everything that is to be true of a frame and of what became of it; adds what was seen to `all`.
fn compare(
    name: &str,
    number: usize,
    old: &Frame,
    new: &Frame,
    all: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) {
    let at = format!("{name}, frame {number}");
    assert_eq!(old.original, new.original, "{at}");
    assert!(old.time == new.time || TIMES_OUT_OF_RANGE.contains(&name), "{at}");
    assert_eq!((old.link, old.bytes.len()), (new.link, new.bytes.len()), "{at}");
    let ((was, packet_was), (is, packet_is)) = (told(old), told(new));
    // A fragment's tunnel is known when its datagram is whole.
    if was.headers != is.headers {
        let common = was.headers.iter().zip(&is.headers).take_while(|(was, is)| was == is).count();
        panic!("{at}: {:?} became {:?}", &was.headers[common..], &is.headers[common..]);
    }
    for (was, is) in was.sums.iter().zip(&is.sums) {
        assert_eq!(was, is, "{at}");
    }
    assert_eq!(
        (packet_was.src_port, packet_was.dst_port, packet_was.seq, packet_was.app_len),
        (packet_is.src_port, packet_is.dst_port, packet_is.seq, packet_is.app_len),
        "{at}"
    );
    for (real, own) in addresses(old, new, &was.headers) {
        let known = all.entry(real.clone()).or_insert_with(|| own.clone());
        let is_group = real.len() == 6 && real[0] & 1 != 0;
        assert!(is_group || *known == own, "{at}: {real:?} became {known:?} and {own:?}");
    }
}

#[test]
fn the_corpus_is_as_it_was_but_for_its_addresses() {
    let (captures, searched) = check_corpus(Payload::Zero, u64::MAX);
    assert!(captures == 0 || captures > 250 && searched > 4_000);
}

#[test]
fn messages_with_other_names_have_no_address_either() {
    let (captures, searched) = check_corpus(Payload::Names, u64::MAX);
    assert!(captures == 0 || captures > 250 && searched > 4_000);
}

/// As tshark reads them, and in all bytes.
#[test]
fn names_become_others_and_equal_ones_the_same() {
    let Some(corpus) = corpus() else { return };
    let directory = tempfile::tempdir().unwrap();
    let [together, output] =
        ["together.pcapng", "out.pcapng"].map(|name| directory.path().join(name));
    put_together(&corpus, &together);
    anonymized(&together, &output, Payload::Names);
    let (Some(was), Some(is)) = (told_by_tshark(&together, NAMES), told_by_tshark(&output, NAMES))
    else {
        return println!("skipped: there is no tshark");
    };
    let (mut all, mut wrong) = (BTreeMap::new(), Vec::new());
    let (mut compared, mut missing) = (0, 0);
    for (number, (was, is)) in was.iter().zip(&is).enumerate() {
        for (field, (was, is)) in NAMES.iter().zip(was.iter().zip(is)) {
            let at = format!("frame {}, {field}: {was:?}, {is:?}", number + 1);
            // Of messages in several segments, either side may be told at another frame.
            let is_told = [was, is].iter().all(|told| !told.is_empty());
            if !is_told || was.split(';').count() != is.split(';').count() {
                missing += usize::from(!was.is_empty());
                continue;
            }
            for (real, own) in was.split(';').zip(is.split(';')) {
                let [real, own] = [real, own].map(str::to_ascii_lowercase);
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte);
                if !real.bytes().all(is_plain) || real.starts_with('<') {
                    continue;
                }
                let known = all.entry(real.clone()).or_insert_with(|| own.clone());
                if *known != own || real.len() != own.len() {
                    wrong.push(at.clone());
                }
                compared += 1;
            }
        }
    }
    println!("{compared} names compared, {} different; {missing} fields no more there", all.len());
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(30)]);
    assert!(compared > 2_500 && missing * 5 < compared, "{missing} of {compared}");
    let others = all.values().collect::<BTreeSet<_>>();
    assert!(others.len() * 1000 >= all.len() * 995, "{} of {}", others.len(), all.len());
    // What is long enough not to be there by chance.
    let labels = all.keys().flat_map(|name| name.split('.')).filter(|label| label.len() > 5);
    let is_common = |label: &&str| !label.starts_with('_') && *label != "in-addr";
    // What values of HTTP become is a name of the corpus, too.
    let is_word = |label: &&str| {
        let mut letters = label.bytes().filter(u8::is_ascii_alphabetic);
        letters.any(|letter| letter != b'x')
    };
    let labels = labels.filter(is_common).filter(is_word).collect::<BTreeSet<_>>();
    let (mut found, is_within) =
        (BTreeSet::new(), |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-');
    for frame in frames(&output) {
        for word in frame.bytes.split(|byte| !is_within(byte)) {
            let word = String::from_utf8_lossy(word).to_ascii_lowercase();
            found.extend(labels.get(word.as_str()).copied());
        }
    }
    println!("{} labels searched for", labels.len());
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn payload_that_is_kept_has_no_address_either() {
    let (captures, searched) = check_corpus(Payload::Keep, 200_000);
    assert!(captures == 0 || captures > 200 && searched > 2_000);
}

/// Checks the captures of the corpus that have at most so many bytes; how many captures those are,
/// and how many addresses were searched for.
fn check_corpus(payload: Payload, bytes_max: u64) -> (usize, usize) {
    let Some(mut corpus) = corpus() else { return (0, 0) };
    corpus.retain(|(_, path)| fs::metadata(path).unwrap().len() <= bytes_max);
    let directory = tempfile::tempdir().unwrap();
    let pan = CryptoPan::new(&KEY);
    let (mut captures, mut frames_compared, mut searched) = (0, 0, 0);
    let (mut everywhere, mut found) = (BTreeMap::new(), Vec::new());
    for (name, path) in &corpus {
        let output = directory.path().join("out");
        let summary = anonymized(path, &output, payload);
        assert_eq!(summary.captures.len(), 1);
        let (old, new) = (frames(path), frames(&output));
        assert_eq!(old.len(), new.len(), "{name}");
        let mut own = BTreeMap::new();
        for (number, (old, new)) in old.iter().zip(&new).enumerate() {
            compare(name, number + 1, old, new, &mut own);
        }
        searched += search(name, &pan, &own, &old, &new, &mut found);
        captures += 1;
        frames_compared += old.len();
        for (real, own) in own {
            let known = everywhere.entry(real.clone()).or_insert_with(|| own.clone());
            assert!(*known == own || real[0] & 1 != 0, "{name}: one mapping for all captures");
        }
        fs::remove_file(output).unwrap();
    }
    println!(
        "{captures} captures, {frames_compared} frames compared, {searched} addresses searched for"
    );
    assert!(found.is_empty(), "{} original addresses: {found:#?}", found.len());
    prefixes_are_kept(&everywhere);
    (captures, searched)
}

/// Looks for every original address in all bytes of the frames, also with its bytes turned around,
/// and as text; how many were looked for.
fn search(
    name: &str,
    pan: &CryptoPan,
    all: &BTreeMap<Vec<u8>, Vec<u8>>,
    old: &[Frame],
    new: &[Frame],
    found: &mut Vec<String>,
) -> usize {
    let real = all.keys().filter(|address| !stays(pan, address)).collect::<BTreeSet<_>>();
    let mut by_len = BTreeMap::<usize, BTreeMap<Vec<u8>, &Vec<u8>>>::new();
    for address in &real {
        let turned = address.iter().rev().copied().collect::<Vec<_>>();
        let of_len = by_len.entry(address.len()).or_default();
        of_len.insert(turned, address);
        of_len.insert((*address).clone(), address);
    }
    let texts = real.iter().filter_map(|address| text(address)).collect::<BTreeSet<_>>();
    for (number, (old, new)) in old.iter().zip(new).enumerate() {
        let is_between = |byte: &u8| !byte.is_ascii_hexdigit() && !b".:".contains(byte);
        for word in new.bytes.split(is_between) {
            let word = String::from_utf8_lossy(word);
            let at = format!("{name}, frame {}: {word} as text", number + 1);
            assert!(!texts.contains(word.trim_matches('.')), "{at}");
        }
        for (len, wanted) in &by_len {
            for (at, window) in new.bytes.windows(*len).enumerate() {
                let Some(address) = wanted.get(window) else { continue };
                // What is not as it was is ours: a checksum, or what stands for another address,
                // can look like anything.
                if old.bytes.get(at..at + len) == Some(window) {
                    let at_all = format!("{name}, frame {}: {address:?} at byte {at}", number + 1);
                    assert!(*len <= 6 && !is_address(old, at), "{at_all}");
                    let address = format!("{address:?}");
                    if !NUMBERS_LIKE_ADDRESSES.contains(&(name, address.as_str())) {
                        found.push(at_all);
                    }
                }
            }
        }
    }
    real.len()
}

fn text(address: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(address) {
        return Some(IpAddr::from(v4).to_string());
    }
    let v6 = <[u8; 16]>::try_from(address).ok()?;
    Some(IpAddr::from(v6).to_string())
}

/// Whether an IP or ARP header has an address at that byte.
fn is_address(frame: &Frame, at: usize) -> bool {
    let (told, _) = told(frame);
    told.headers.iter().any(|&(layer, header)| match layer {
        Layer::Ipv4 => at == header + 12 || at == header + 16,
        Layer::Arp => at == header + 14 || at == header + 24,
        _ => false,
    })
}

/// Any two addresses have as many first bits in common as before.
fn prefixes_are_kept(all: &BTreeMap<Vec<u8>, Vec<u8>>) {
    let mut pairs = 0_u64;
    for len in [4, 16] {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |all, &b| all << 8 | u128::from(b));
        let of_len = all.iter().filter(|(real, _)| real.len() == len);
        let of_len = of_len.map(|(real, own)| (number(real), number(own))).collect::<Vec<_>>();
        for (i, a) in of_len.iter().enumerate() {
            for b in &of_len[..i] {
                pairs += 1;
                assert_eq!((a.0 ^ b.0).leading_zeros(), (a.1 ^ b.1).leading_zeros());
            }
        }
    }
    println!("{pairs} pairs of addresses keep their common prefixes");
}

/// The flows of a capture: their addresses as the key makes them, or as they are.
fn flows(path: &Path, key: Option<&Arc<CryptoPan>>) -> Vec<String> {
    let (rows, _) = rows(path, |config| {
        config.flow = FlowSettings::default();
        config.anonymize = key.cloned();
    });
    let rows = rows.into_iter().map(|mut row| {
        row.0.remove("capture");
        serde_json::Value::Object(row.0).to_string()
    });
    rows.collect()
}

#[test]
fn flows_are_the_same_flows_of_others() {
    let Some(corpus) = corpus() else { return };
    let directory = tempfile::tempdir().unwrap();
    let key = Arc::new(CryptoPan::new(&KEY));
    let (mut compared, mut captures) = (0, 0);
    for (name, path) in &corpus {
        if TIMES_OUT_OF_RANGE.contains(&name.as_str()) {
            continue;
        }
        let output = directory.path().join("out");
        let summary = anonymized(path, &output, Payload::Zero);
        if summary.captures[0].path.is_none() {
            continue;
        }
        let (real, own) = (flows(path, Some(&key)), flows(&output, None));
        assert_eq!(real.len(), own.len(), "{name}");
        for (real, own) in real.iter().zip(&own) {
            assert_eq!(real, own, "{name}");
        }
        compared += real.len();
        captures += 1;
        fs::remove_file(output).unwrap();
    }
    println!("{compared} flows of {captures} captures compared");
    assert!(compared > 5_000);
}

/// Hellos of old clients have no extensions, and tell their ciphers all the same.
#[test]
fn fingerprints_stay_where_names_become_others() {
    let Some(corpus) = corpus() else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for (_, path) in corpus.iter().filter(|(name, _)| name.ends_with("KakaoTalk_chat.pcap")) {
        let output = directory.path().join("out");
        anonymized(path, &output, Payload::Names);
        let told = |path: &Path| {
            let (rows, _) = rows(path, |config| config.features = vec!["tls".into()]);
            rows.into_iter().map(|row| row.0["tls_ja3"].to_string()).collect::<Vec<_>>()
        };
        let (real, own) = (told(path), told(&output));
        assert_eq!(real, own);
        compared += real.iter().filter(|ja3| *ja3 != "null").count();
    }
    println!("{compared} fingerprints compared");
    assert!(compared > 5);
}

/// Of every frame of the corpus; in one capture, so that tshark begins but once.
#[test]
fn tshark_finds_no_checksum_bad_that_was_good() {
    let Some(corpus) = corpus() else { return };
    let directory = tempfile::tempdir().unwrap();
    let [together, output] =
        ["together.pcapng", "out.pcapng"].map(|name| directory.path().join(name));
    let frames = put_together(&corpus, &together);
    assert!(frames > 70_000, "{frames}");
    let Some(was) = told_by_tshark(&together, CHECKSUMS) else {
        return println!("skipped: there is no tshark");
    };
    for payload in [Payload::Zero, Payload::Names, Payload::Keep] {
        anonymized(&together, &output, payload);
        let is = told_by_tshark(&output, CHECKSUMS).unwrap();
        fs::remove_file(&output).unwrap();
        assert_eq!((was.len() as u64, is.len()), (frames, was.len()));
        let (mut good, mut lost) = (BTreeMap::<_, u64>::new(), BTreeMap::<_, u64>::new());
        for (number, (was, is)) in was.iter().zip(&is).enumerate() {
            for (field, (was, is)) in CHECKSUMS.iter().zip(was.iter().zip(is)) {
                let at = format!("{payload:?}, frame {}, {field}: {was:?}, {is:?}", number + 1);
                let [[bad_was, good_was], [bad_is, good_is]] = [was, is].map(|statuses| {
                    ["0", "1"].map(|kind| statuses.split(';').filter(|&one| one == kind).count())
                });
                assert!(bad_is <= bad_was, "{at}");
                *good.entry(*field).or_default() += good_is as u64;
                if good_is < good_was {
                    *lost.entry(*field).or_default() += (good_was - good_is) as u64;
                }
            }
        }
        println!("{payload:?}, {frames} frames, good checksums: {good:?}, no more there: {lost:?}");
        // A packet that NHRP quotes, which is no header to us.
        assert_eq!(lost, BTreeMap::from([("ip.checksum.status", 1)]));
        assert!(good.values().sum::<u64>() > 90_000 && good.len() == CHECKSUMS.len(), "{good:?}");
    }
}

/// All captures in one; how many frames they have.
fn put_together(corpus: &[(String, PathBuf)], output: &Path) -> u64 {
    let names = corpus.iter().map(|(_, path)| path.to_str().unwrap().to_owned());
    let inputs = find_inputs(&names.collect::<Vec<_>>()).unwrap();
    let target = Target::new(Destination::File(output.into()));
    let job = Rewrite { sequence: Sequence::AsNamed, ..Rewrite::new(inputs, target) };
    rewrite(&job, &Watch::default()).unwrap().frames
}

/// What tshark says of each frame, for each of some fields.
fn told_by_tshark(path: &Path, fields: &[&str]) -> Option<Vec<Vec<String>>> {
    let mut command = Command::new("tshark");
    command
        .args(["-n", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;", "-r"])
        .arg(path);
    for field in fields {
        command.args(["-e", field]);
    }
    for preference in CHECKED {
        command.args(["-o", preference]);
    }
    let output = command.output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout);
    Some(lines.lines().map(|line| line.split('\t').map(Into::into).collect()).collect())
}

#[test]
fn payload_is_cut_where_headers_end() {
    let directory = tempfile::tempdir().unwrap();
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/browsing.pcapng");
    let [zero, cut] = [Payload::Zero, Payload::Cut].map(|payload| {
        let output = directory.path().join(format!("{payload:?}"));
        anonymized(&capture, &output, payload);
        frames(&output)
    });
    assert_eq!(zero.len(), cut.len());
    let mut shorter = 0;
    for (zero, cut) in zero.iter().zip(&cut) {
        assert_eq!((zero.time, zero.original), (cut.time, cut.original));
        let (kept, rest) = zero.bytes.split_at(cut.bytes.len());
        assert_eq!(kept, cut.bytes);
        assert!(rest.iter().all(|&byte| byte == 0));
        shorter += usize::from(!rest.is_empty());
    }
    assert!(shorter > 50);
}

#[test]
fn what_pcapng_says_besides_frames_is_left_out() {
    let Some(corpus) = corpus() else { return };
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out.pcapng");
    let mut left_out = BTreeMap::<_, u64>::new();
    for (_, path) in corpus.iter().filter(|(name, _)| name.starts_with("pcapng-test-generator")) {
        let summary = anonymized(path, &output, Payload::Zero);
        for (what, count) in &summary.captures[0].left_out {
            *left_out.entry(*what).or_default() += count;
        }
        let bytes = Box::new(Cursor::new(fs::read(&output).unwrap()));
        let mut capture = Capture::from_reader("test", bytes, Limits::default()).unwrap();
        let mut block = Block::default();
        while capture.read(&mut block).unwrap() {}
        let facts = capture.facts();
        assert_eq!((facts.comments.len(), facts.names.len(), facts.secrets.len()), (0, 0, 0));
        assert!(facts.interfaces.iter().all(|one| one.name.is_none() && one.options.is_empty()));
        assert!(facts.sections.iter().all(|one| one.hardware.is_none() && one.options.is_empty()));
        fs::remove_file(&output).unwrap();
    }
    assert!(left_out["comments"] > 10 && left_out["names of hosts"] > 0, "{left_out:?}");
}

/// Lengths, flags and numbers that happen to be what an address of the same capture is.
const NUMBERS_LIKE_ADDRESSES: &[(&str, &str)] = &[
    ("arkime/arkime_synthetic.pcap", "[10, 0, 0, 4]"),
    ("mercury/unit_tests__pcaps__dns_packet.capture2.pcap", "[20, 0, 0, 1]"),
    ("mercury/unit_tests__pcaps__dns_packet.capture2.pcap", "[20, 0, 0, 2]"),
    ("ndpi/fuzz-2006-06-26-2594.pcap", "[170, 170, 170, 170]"),
    ("ndpi/fuzz-2006-06-26-2594.pcap", "[170, 170, 170, 170, 170, 170]"),
    ("ndpi/fuzz-2006-09-29-28586.pcap", "[170, 170, 170, 170]"),
    ("zeek/trunc__mpls-6in6-broken.pcap.gz", "[0, 0, 0, 0, 0, 1]"),
    ("zeek/trunc__mpls-6in6-broken.pcap.gz", "[0, 0, 0, 6, 253, 0]"),
];

/// Times beyond what 64 bits of nanoseconds can say are the last that they can: in the output, of
/// whole ticks.
const TIMES_OUT_OF_RANGE: &[&str] = &[
    "pcapplusplus/Pcap++Test__PcapExamples__file_heuristics__pcapng-example.pcapng.zst",
    "pcapplusplus/Fuzzers__RegressionTests__regression_samples__clusterfuzz-testcase-minimized-FuzzTarget-5669109772845056.pcap",
];

/// Fields with names.
const NAMES: &[&str] =
    &["dns.qry.name", "dns.cname", "dns.ns", "tls.handshake.extensions_server_name", "http.host"];

/// What tshark says of checksums: 0 is bad, 1 is good.
const CHECKSUMS: &[&str] = &[
    "ip.checksum.status",
    "tcp.checksum.status",
    "udp.checksum.status",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
    "igmp.checksum.status",
    "sctp.checksum.status",
    "dccp.checksum.status",
    "pim.cksum.status",
    "vrrp.checksum.status",
    "eigrp.checksum.status",
    "cdp.checksum.status",
    "eth.fcs.status",
    "wlan.fcs.status",
];

/// So that it looks at them.
const CHECKED: &[&str] = &[
    "ip.check_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "sctp.checksum:CRC 32c",
    "eth.check_fcs:TRUE",
    "wlan.check_checksum:TRUE",
];
