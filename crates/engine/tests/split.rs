//! Captures split into files: nothing is lost, nothing is changed, nothing is twice.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says where, and says what it compared"
)]
#![expect(dead_code, reason = "other tests use the rest of what is shared")]

mod common;
#[path = "common/captures.rs"]
mod made;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{config, corpus, rows, shared};
use flowloom_capture::{Block, Capture, Input, Limits, Source};
use flowloom_engine::{
    Config, Extract, ExtractTo, Extracted, Filter, Grouping, Split, SplitError, SplitSummary,
    Watch, extract, index, split,
};

/// A frame with all that is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Seen {
    time: i64,
    original: u32,
    bytes: Vec<u8>,
    link: u16,
    interface: String,
    comments: Vec<String>,
}

/// The frames of a capture, in order.
fn frames(path: &Path) -> Vec<Seen> {
    let Ok(mut capture) = Capture::open(&Input::File(path.into()), Limits::default()) else {
        return Vec::new();
    };
    let mut block = Block::default();
    let mut seen = Vec::new();
    let mut interfaces = Vec::new();
    while capture.read(&mut block).unwrap() {
        for frame in &block.frames {
            interfaces.push(usize::from(frame.interface));
            seen.push(Seen {
                time: frame.time.0,
                original: frame.original,
                bytes: block.data(frame).to_vec(),
                link: frame.link.0,
                interface: String::new(),
                comments: Vec::new(),
            });
        }
    }
    let facts = capture.facts();
    for (frame, interface) in seen.iter_mut().zip(interfaces) {
        let known = &facts.interfaces[interface];
        let (name, about, os) = (&known.name, &known.description, &known.os);
        let resolution = (known.resolution, known.offset_seconds, &known.filter);
        frame.interface = format!("{name:?} {about:?} {os:?} {resolution:?}");
    }
    for comment in facts.comments.iter().filter(|comment| comment.frame > 0) {
        seen[comment.frame as usize - 1].comments.push(comment.text.clone());
    }
    seen
}

/// All files below a directory, by their names seen from it.
fn files(directory: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                waiting.push(entry);
            } else {
                let name = entry.strip_prefix(directory).unwrap().to_string_lossy().into_owned();
                found.insert(name, entry);
            }
        }
    }
    found
}

fn splitting(
    captures: &[&Path],
    directory: &Path,
    by: Grouping,
    change: impl FnOnce(&mut Config),
) -> Result<SplitSummary, SplitError> {
    let mut config = config(captures, Path::new(""));
    change(&mut config);
    let how = Split { by, name: None, directory: directory.into(), force: false };
    split(config, &how, &Watch::default())
}

/// Whether frames of a capture have no time of their own: they get that of the frame before, which
/// is another in other files.
fn is_timeless(path: &Path) -> bool {
    let mut capture = Capture::open(&Input::File(path.into()), Limits::default()).unwrap();
    while capture.read(&mut Block::default()).unwrap() {}
    capture.facts().warnings.iter().any(|warning| warning.text.contains("have no time"))
}

/// The same frames at no time.
fn without_time(frames: Vec<Seen>) -> Vec<Seen> {
    frames.into_iter().map(|frame| Seen { time: 0, ..frame }).collect()
}

/// Holds that the files have the frames of the capture, each once, and in their order.
fn same_frames(capture: &Path, files: &BTreeMap<String, PathBuf>, context: &str) {
    let is_timeless = !files.is_empty() && is_timeless(capture);
    let frames = |path: &Path| {
        let frames = frames(path);
        if is_timeless { without_time(frames) } else { frames }
    };
    let whole = frames(capture);
    let mut places: HashMap<&Seen, Vec<usize>> = HashMap::new();
    for (at, frame) in whole.iter().enumerate() {
        places.entry(frame).or_default().push(at);
    }
    let mut counts: HashMap<&Seen, usize> =
        places.iter().map(|(frame, places)| (*frame, places.len())).collect();
    let mut total = 0;
    for (name, path) in files {
        let mut next = 0;
        for frame in frames(path) {
            let Some((known, places)) = places.get_key_value(&frame) else {
                panic!("{context}: {name} has a frame that is not in the capture: {frame:?}")
            };
            let at = places.partition_point(|at| *at < next);
            let at = places.get(at);
            next = at.unwrap_or_else(|| panic!("{context}: {name} is out of order")) + 1;
            let left = counts.get_mut(known).unwrap();
            assert!(*left > 0, "{context}: {name} has a frame once more: {frame:?}");
            *left -= 1;
            total += 1;
        }
    }
    assert_eq!(total, whole.len(), "{context}: frames are missing");
}

/// Files that are of flows.
fn of_flows(files: &BTreeMap<String, PathBuf>) -> usize {
    files.keys().filter(|name| !name.starts_with("no-flow")).count()
}

#[test]
fn every_frame_of_the_corpus_is_in_one_file_as_it_was() {
    let Some(captures) = corpus() else { return };
    let (mut compared, mut made, mut total) = (0, 0, 0);
    for (name, path) in &captures {
        let whole = frames(path);
        if whole.len() > FRAMES_MAX {
            continue;
        }
        let (_, plain) = rows(path, |_| {});
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("flows");
        let summary = splitting(&[path], &target, Grouping::Flow, |_| {}).unwrap();
        if summary.run.is_empty_handed() {
            assert!(!target.exists(), "{name}");
            continue;
        }
        let found = files(&target);
        same_frames(path, &found, name);
        assert_eq!(of_flows(&found) as u64, plain.total.flow_count(), "{name}");
        assert_eq!(summary.run.total, plain.total, "{name}");
        assert_eq!(summary.frames, whole.len() as u64, "{name}");
        compared += 1;
        made += found.len();
        total += whole.len();
    }
    println!("{compared} captures, {total} frames, {made} files");
}

#[test]
fn groups_and_windows_have_all_frames_too() {
    let Some(captures) = corpus() else { return };
    let mut compared = 0;
    for (name, path) in &captures {
        let whole = frames(path);
        if whole.len() > FRAMES_MAX / 10 || whole.is_empty() {
            continue;
        }
        let columns = |names: &[&str]| {
            Grouping::Columns(names.iter().map(|name| (*name).to_owned()).collect())
        };
        for by in [
            Grouping::Key,
            Grouping::Pkt2flow,
            columns(&["application"]),
            columns(&["server_name", "protocol"]),
            Grouping::Window(1_000_000_000),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let target = directory.path().join("flows");
            splitting(&[path], &target, by.clone(), |_| {}).unwrap();
            same_frames(path, &files(&target), &format!("{name} {by:?}"));
        }
        compared += 1;
    }
    println!("{compared} captures");
}

#[test]
fn files_are_the_same_for_any_number_of_threads_and_any_way_in() {
    let capture = shared().join("corpus/seeds/multi.pcap");
    if !capture.is_file() {
        println!("skipped: there is no corpus at ../shared/corpus");
        return;
    }
    let contents = |path: &Path, by: Grouping, threads: usize, block_frames: usize| {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("flows");
        splitting(&[path], &target, by, |config| {
            config.threads = NonZeroUsize::new(threads).unwrap();
            config.capture.block_frames = block_frames;
        })
        .unwrap();
        let files = files(&target).into_iter();
        files.map(|(name, path)| (name, fs::read(path).unwrap())).collect::<BTreeMap<_, _>>()
    };
    let directory = tempfile::tempdir().unwrap();
    let compressed = directory.path().join("multi.pcap.zst");
    fs::write(&compressed, zstd::encode_all(fs::File::open(&capture).unwrap(), 1).unwrap())
        .unwrap();
    for by in [Grouping::Flow, Grouping::Columns(vec!["application".into()])] {
        let expected = contents(&capture, by.clone(), 1, 512);
        assert!(expected.len() > 5);
        for (path, threads, block_frames) in
            [(&capture, 4, 512), (&capture, 3, 7), (&compressed, 2, 512), (&compressed, 1, 100)]
        {
            let found = contents(path, by.clone(), threads, block_frames);
            assert!(found == expected, "{} {threads} {block_frames}", path.display());
        }
    }
}

/// An Ethernet frame with an empty UDP datagram.
fn udp(from: u16, to: u16) -> Vec<u8> {
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend([from.to_be_bytes(), to.to_be_bytes(), [0, 8], [0, 0]].concat());
    frame
}

/// Takes flows of an index into a directory.
fn extracted(index: &Path, flows: &[i64], target: &Path) -> Result<Extracted, SplitError> {
    let what = Extract {
        index: index.into(),
        flows: flows.to_vec(),
        filter: None,
        to: ExtractTo::Directory(target.into(), None),
        force: false,
    };
    extract(&what, &Watch::default())
}

#[test]
fn an_index_gives_the_same_files_as_splitting_all_together_and_one_by_one() {
    let Some(captures) = corpus() else { return };
    let (mut compared, mut alone) = (0, 0);
    for (name, path) in &captures {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let summary = splitting(&[path], &at("split"), Grouping::Flow, |_| {}).unwrap();
        let indexed =
            index(&config(&[path], Path::new("")), &at("index.parquet"), &Watch::default());
        let indexed = indexed.unwrap();
        if indexed.is_empty_handed() {
            continue;
        }
        assert_eq!(indexed.total, summary.run.total, "{name}");
        extracted(&at("index.parquet"), &[], &at("whole")).unwrap();
        let contents = |files: BTreeMap<String, PathBuf>| {
            let files = files.into_iter().filter(|(name, _)| !name.starts_with("no-flow"));
            files.map(|(name, path)| (name, fs::read(path).unwrap())).collect::<BTreeMap<_, _>>()
        };
        let expected = contents(files(&at("split")));
        assert!(contents(files(&at("whole"))) == expected, "{name}");
        let (rows, _) = rows(path, |_| {});
        for row in rows.iter().step_by(1 + rows.len() / 3) {
            let id = row.number("flow_id") as i64;
            let target = at(&format!("flow {id}"));
            let took = extracted(&at("index.parquet"), &[id, -5], &target).unwrap();
            assert_eq!((took.flows, took.missing), (1, vec![-5]), "{name} {id}");
            let found = contents(files(&target));
            let bytes = found.values().next().unwrap();
            assert!(found.len() == 1 && expected.values().any(|known| known == bytes), "{name}");
            alone += 1;
        }
        compared += 1;
    }
    println!("{compared} captures, {alone} flows alone");
}

#[test]
fn one_file_of_flows_is_what_its_name_says() {
    let flows = made::Frames::ethernet((0..50).map(|i| (i, udp(1_000 + i as u16, 53))));
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let (capture, made) = (flows.write(directory.path()), at("index.parquet"));
    index(&config(&[&capture], Path::new("")), &made, &Watch::default()).unwrap();
    let take = |name: &str, watch: &Watch| {
        let to = ExtractTo::File(at(name));
        let what =
            Extract { index: made.clone(), flows: vec![1, 50], filter: None, to, force: false };
        extract(&what, watch)
    };
    let error = take("two.pcapng", &Watch::default()).unwrap_err().to_string();
    assert!(error.contains("hint: end it in .pcap"), "{error}");
    assert_eq!(take("two.pcap", &Watch::default()).unwrap().path, at("two.pcap"));
    // Nothing was taken yet when it was told to stop, and that is no wrong question.
    let watch = Watch::default();
    watch.stop();
    let stopped = take("none.pcap", &watch).unwrap();
    assert_eq!((stopped.interrupted, stopped.path), (true, at("none.partial.pcap")));
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 3, "capture, index and the two flows");
}

#[test]
fn a_capture_that_has_changed_is_refused_and_one_that_has_moved_is_found() {
    let flows = made::Frames::ethernet((0..50).map(|i| (i, udp(1_000 + i as u16, 53))));
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("before")).unwrap();
    let capture = flows.write(&at("before"));
    let made = at("before").join("index.parquet");
    index(&config(&[&capture], Path::new("")), &made, &Watch::default()).unwrap();
    fs::rename(at("before"), at("after")).unwrap();
    let (moved, made) = (at("after").join("made.pcap"), at("after").join("index.parquet"));
    assert_eq!(extracted(&made, &[1, 50], &at("a")).unwrap().flows, 2);
    assert_eq!(files(&at("a")).len(), 2);
    let mut bytes = fs::read(&moved).unwrap();
    bytes[100] ^= 1;
    fs::write(&moved, &bytes).unwrap();
    let error = extracted(&made, &[1], &at("b")).unwrap_err().to_string();
    assert!(error.contains("not what it was"), "{error}");
    fs::write(&moved, &bytes[..90]).unwrap();
    let error = extracted(&made, &[1], &at("b")).unwrap_err().to_string();
    assert!(error.contains("it has 90 bytes"), "{error}");
    fs::remove_file(&moved).unwrap();
    let error = extracted(&made, &[1], &at("b")).unwrap_err().to_string();
    assert!(error.contains("is gone"), "{error}");
    let to = ExtractTo::File(at("one.pcap"));
    let what = Extract { index: made.clone(), flows: vec![99], filter: None, to, force: false };
    assert!(extract(&what, &Watch::default()).unwrap_err().to_string().contains("no flow"));
    fs::write(&made, "no index").unwrap();
    assert!(extracted(&made, &[], &at("b")).is_err());
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 2, "nothing is left of what failed");
}

#[test]
fn mergecap_puts_the_files_together_again() {
    let Some(captures) = corpus() else { return };
    let fields = "frame.time_epoch frame.len frame.cap_len frame.interface_name frame.comment \
                  frame.protocols ip.id tcp.seq_raw tcp.checksum udp.checksum";
    let told = |path: &Path| {
        let mut tshark = Command::new("tshark");
        // Nothing that depends on the frames before.
        tshark.args(["-2", "-o", "tcp.desegment_tcp_streams:FALSE"]).arg("-r").arg(path);
        tshark.args(["-o", "ip.defragment:FALSE", "-T", "fields"]);
        for field in fields.split_whitespace() {
            tshark.args(["-e", field]);
        }
        let output = tshark.output().ok()?;
        let mut lines: Vec<_> = output.stdout.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        lines.sort();
        Some(lines)
    };
    let mut compared = 0;
    for (name, path) in captures.iter().filter(|(name, _)| {
        name.starts_with("seeds/") || name.starts_with("pcapng") || name.starts_with("derived/")
    }) {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("flows");
        let summary = splitting(&[path], &target, Grouping::Key, |_| {}).unwrap();
        let found = files(&target);
        if found.is_empty() || found.len() > 300 || !summary.run.captures[0].warnings.is_empty() {
            continue;
        }
        let merged = directory.path().join("merged.pcapng");
        let mut mergecap = Command::new("mergecap");
        let Ok(status) = mergecap.arg("-w").arg(&merged).args(found.values()).status() else {
            println!("skipped: there is no mergecap");
            return;
        };
        assert!(status.success(), "{name}");
        let whole = directory.path().join("whole.pcapng");
        assert!(
            Command::new("mergecap").arg("-w").arg(&whole).arg(path).status().unwrap().code()
                != Some(127)
        );
        let Some(expected) = told(&whole) else { return };
        assert_eq!(told(&merged), Some(expected), "{name}");
        compared += 1;
    }
    println!("{compared} captures");
    assert!(compared > 5);
}

#[test]
fn flows_are_called_as_the_references_call_them() {
    let names = |capture: &str, by: Grouping| {
        let path = shared().join("corpus").join(capture);
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("flows");
        splitting(&[&path], &target, by, |_| {}).unwrap();
        files(&target).into_keys().collect::<Vec<_>>()
    };
    if !shared().join("corpus").is_dir() {
        println!("skipped: there is no corpus at ../shared/corpus");
        return;
    }
    assert_eq!(
        names("seeds/single.pcap", Grouping::Flow),
        ["192.168.226.54_8907-111.13.142.55_443-1755141753.294776.pcap"]
    );
    assert_eq!(
        names("seeds/single.pcap", Grouping::Pkt2flow),
        ["tcp_syn/192.168.226.54_8907_111.13.142.55_443_1755141753.pcap"]
    );
}

#[test]
fn a_flow_of_pkt2flow_ends_1800_seconds_after_its_first_packet_and_at_nothing_else() {
    // Silences longer than the idle timeout; the last packet but one is a nanosecond too early.
    let seconds = |seconds: i64| seconds * 1_000_000_000;
    let times =
        [0, seconds(700), seconds(1_799), seconds(1_800) - 1, seconds(1_800), seconds(3_599)];
    let made = made::Frames::ethernet(times.into_iter().map(|time| (time, udp(1_000, 2_000))));
    let directory = tempfile::tempdir().unwrap();
    let capture = made.write(directory.path());
    let target = directory.path().join("flows");
    splitting(&[&capture], &target, Grouping::Pkt2flow, |_| {}).unwrap();
    let found = files(&target);
    let sizes = found.iter().map(|(name, path)| (name.as_str(), frames(path).len()));
    assert_eq!(
        sizes.collect::<Vec<_>>(),
        [
            ("udp/10.0.0.1_1000_10.0.0.2_2000_1700000000.pcap", 4),
            ("udp/10.0.0.1_1000_10.0.0.2_2000_1700001800.pcap", 2),
        ]
    );
}

#[test]
fn no_file_of_a_flow_is_hidden() {
    let mut ip = vec![0; 12];
    ip.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64]);
    ip.extend([[0; 15].as_slice(), &[1], &[0; 15], &[2]].concat());
    ip.extend([0, 9, 0, 9, 0, 8, 0, 0]);
    let made = made::Frames::ethernet([(0, ip)]);
    let directory = tempfile::tempdir().unwrap();
    let capture = made.write(directory.path());
    for by in [Grouping::Pkt2flow, Grouping::Flow] {
        let target = directory.path().join(format!("{by:?}"));
        splitting(&[&capture], &target, by, |_| {}).unwrap();
        let (name, _) = files(&target).pop_first().unwrap();
        let file = name.rsplit('/').next().unwrap();
        assert!(file.starts_with("_.1_9"), "{name}");
    }
}

#[test]
fn filters_say_which_frames_and_flows_are_written() {
    let capture = shared().join("corpus/seeds/multi.pcap");
    if !capture.is_file() {
        println!("skipped: there is no corpus at ../shared/corpus");
        return;
    }
    for (text, has_others) in
        [("udp port 53", false), ("arp", true), ("not tcp", true), ("dns", false)]
    {
        let words = flowloom_engine::flow_words(&flowloom_engine::Registry::new());
        let filter = || Some(Filter::parse_with(text, &words).unwrap());
        let (_, plain) = rows(&capture, |config| config.filter = filter());
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("flows");
        let change = |config: &mut Config| config.filter = filter();
        let summary = splitting(&[&capture], &target, Grouping::Flow, change).unwrap();
        let found = files(&target);
        assert_eq!(of_flows(&found) as u64, plain.total.flow_count(), "{text}");
        assert_eq!(found.contains_key("no-flow.pcap"), has_others, "{text}");
        assert_eq!(summary.frames_without_flow > 0, has_others, "{text}");
    }
}

#[test]
fn a_directory_with_files_is_left_alone_unless_forced() {
    let capture = made::Frames::ethernet([(0, vec![0xff; 60])]);
    let directory = tempfile::tempdir().unwrap();
    let path = capture.write(directory.path());
    let target = directory.path().join("flows");
    fs::create_dir(&target).unwrap();
    splitting(&[&path], &target, Grouping::Flow, |_| {}).unwrap();
    assert_eq!(files(&target).into_keys().collect::<Vec<_>>(), ["no-flow.pcap"]);
    fs::write(target.join("no-flow.pcap"), "mine").unwrap();
    fs::write(target.join("other"), "mine").unwrap();
    let error = splitting(&[&path], &target, Grouping::Flow, |_| {}).unwrap_err();
    assert!(error.to_string().contains("--force"), "{error}");
    assert_eq!(fs::read_to_string(target.join("no-flow.pcap")).unwrap(), "mine");
    let how = Split { by: Grouping::Flow, name: None, directory: target.clone(), force: true };
    split(config(&[&path], Path::new("")), &how, &Watch::default()).unwrap();
    assert_eq!(fs::read(target.join("no-flow.pcap")).unwrap().len(), 24 + 16 + 60);
    assert_eq!(fs::read_to_string(target.join("other")).unwrap(), "mine");
    assert_eq!(files(&target).len(), 2, "nothing else is left behind");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn frames_that_are_in_no_file_for_want_of_memory_are_a_loss() {
    let frames = (0..200).map(|number| (number, udp(1000 + (number % 2) as u16, 53)));
    let capture = made::Frames::ethernet(frames);
    let directory = tempfile::tempdir().unwrap();
    let path = capture.write(directory.path());
    for (frames_bytes_max, is_short) in [(2 << 30, false), (0, true)] {
        let target = directory.path().join(frames_bytes_max.to_string());
        let change = |config: &mut Config| config.log.frames_bytes_max = frames_bytes_max;
        let summary = splitting(&[&path], &target, Grouping::Flow, change).unwrap();
        let missing = summary.run.total.limits_reached.get("frames_bytes").copied().unwrap_or(0);
        assert_eq!((missing > 0, summary.run.captures[0].has_losses()), (is_short, is_short));
        assert_eq!(summary.frames + missing, 200, "every frame is in a file or counted");
        let index_file = directory.path().join(format!("{frames_bytes_max}.parquet"));
        let mut config = config(&[&path], Path::new(""));
        change(&mut config);
        let indexed = index(&config, &index_file, &Watch::default()).unwrap();
        assert_eq!(indexed.captures[0].has_losses(), is_short);
    }
}

/// Frames of a capture that are held in memory at most.
const FRAMES_MAX: usize = 200_000;
