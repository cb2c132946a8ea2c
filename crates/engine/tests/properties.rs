//! What must hold for every capture: the way it is read has no say in what comes out.
//!
//! Over the project's samples, over captures made at random, and over the corpus where it is.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it cannot read, and says what it compared"
)]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "common/account.rs"]
mod account;
#[path = "common/captures.rs"]
mod captures;
#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "common/packets.rs"]
mod packets;
#[path = "properties/random.rs"]
mod random;
#[path = "properties/reading.rs"]
mod reading;
#[path = "properties/slots.rs"]
mod slots;

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;

use captures::Frames;
use common::{corpus, rows};
use flowloom_engine::{Config, Filter, Format, Registry, catalogue, flow_words};
use reading::{Given, outputs, read};
use serde_json::{Map, Value};

#[test]
fn threads_and_blocks_change_nothing() {
    let captures = captures_at_hand();
    for path in &captures {
        for format in formats(path) {
            let expected = read(path, |config| config.output.format = *format).bytes;
            for (threads, block_frames, block_bytes) in
                [(1, 7, 1 << 20), (1, 1, 1), (2, 7, 1 << 20), (8, 16, 1 << 20), (8, 1024, 3_000)]
            {
                let found = read(path, |config| {
                    config.output.format = *format;
                    config.threads = threads.try_into().unwrap();
                    config.capture.block_frames = block_frames;
                    config.capture.block_bytes = block_bytes;
                });
                let how = (threads, block_frames, block_bytes);
                assert!(found.bytes == expected, "{path:?} as {format:?}, {how:?}");
            }
        }
    }
    println!("{} captures", captures.len());
}

#[test]
fn compression_and_pipes_change_nothing() {
    let mut compared = 0;
    for path in captures_at_hand() {
        let plain = read(&path, |_| {}).summary.captures.iter().all(|c| c.compression.is_none());
        if !plain {
            continue;
        }
        compared += 1;
        let bytes = fs::read(&path).unwrap();
        for format in formats(&path) {
            let settings = |config: &mut Config| config.output.format = *format;
            let [file, others @ ..] = outputs(&bytes, &Given::ALL, settings);
            for (given, other) in Given::ALL[1..].iter().zip(&others) {
                assert!(*other == file, "{path:?} as {format:?}: {given:?} and file differ");
            }
        }
    }
    println!("{compared} captures");
}

#[test]
fn pcap_and_pcapng_give_the_same_rows() {
    let mut compared = 0;
    for path in captures_at_hand() {
        let Some(frames) = Frames::read(&path) else { continue };
        // Where frames are stored is another matter in another format.
        let portable = |config: &mut Config| config.without = vec!["frame_offsets".into()];
        let original = read(&path, portable);
        if original.summary.captures[0].has_losses() {
            continue;
        }
        for bytes in [frames.pcap(), frames.pcapng()] {
            let [made] = outputs(&bytes, &[Given::File], portable);
            assert!(made == original.bytes, "{path:?}");
        }
        compared += 1;
    }
    println!("{compared} captures");
    assert!(compared >= 7);
}

#[test]
fn a_cut_capture_gives_what_its_whole_frames_give() {
    let mut cuts = 0;
    for (path, step) in [("dhcp.pcap", 1), ("any-sll2.pcap", 37), ("fragments.pcap", 811)] {
        let bytes = fs::read(sample(path)).unwrap();
        let frames = Frames::read(&sample(path)).unwrap();
        let mut end = PCAP_HEADER;
        let mut ends = vec![end];
        ends.extend(frames.frames.iter().map(|frame| {
            end += PCAP_RECORD_HEADER + frame.bytes.len();
            end
        }));
        assert_eq!(end, bytes.len());
        let mut expected = None;
        for cut in (0..bytes.len()).step_by(step) {
            let whole = ends.partition_point(|end| *end <= cut).saturating_sub(1);
            let mut part = frames.clone();
            part.frames.truncate(whole);
            let expected = match &expected {
                Some((frames, rows)) if *frames == whole => rows,
                _ => {
                    let [rows] = outputs(&part.pcap(), &[Given::File], |_| {});
                    &expected.insert((whole, rows)).1
                }
            };
            let [found] = outputs(&bytes[..cut], &[Given::File], |_| {});
            assert!(found == *expected, "{path} cut at {cut}: {whole} frames remain");
            cuts += 1;
        }
    }
    println!("{cuts} cuts");
}

#[test]
fn fragments_may_come_in_any_order() {
    let mut captures = vec![sample("fragments.pcap")];
    captures
        .extend(corpus().into_iter().flatten().map(|(_, path)| path).filter(|path| is_small(path)));
    let (mut compared, mut moved) = (0, 0);
    for path in captures {
        let Some(frames) = Frames::read(&path) else { continue };
        if !slots::has_plain_fragments(&frames) {
            continue;
        }
        let [expected] = outputs(&frames.pcap(), &[Given::File], slots::indifferent);
        for seed in 1..=5 {
            let mut permuted = frames.clone();
            moved += slots::permute_fragments(&mut permuted, seed);
            let [found] = outputs(&permuted.pcap(), &[Given::File], slots::indifferent);
            assert_eq!(sorted(&found), sorted(&expected), "{path:?}, seed {seed}");
        }
        compared += 1;
    }
    println!("{compared} captures, {moved} fragments moved");
    assert!(moved > 50);
}

#[test]
fn a_directory_gives_what_its_files_give() {
    let mut one_by_one = Vec::new();
    for path in samples() {
        one_by_one.extend(read(&path, |_| {}).bytes);
    }
    for threads in [1, 2, 3, 8] {
        let at_once = read(&samples_directory(), |config| {
            config.threads = threads.try_into().unwrap();
            for (input, path) in config.inputs.iter_mut().zip(samples()) {
                assert_eq!(input.name, path.file_name().unwrap().to_string_lossy());
                input.name = reading::NAME.into();
            }
        });
        assert!(at_once.bytes == one_by_one, "{threads} threads");
        assert_eq!(at_once.summary.captures.len(), samples().len());
    }
}

#[test]
fn columns_that_are_named_are_those_of_all_sets_in_their_order() {
    let names = catalogue().into_iter().map(|column| column.name.into_owned()).collect::<Vec<_>>();
    for path in samples() {
        let all = rows_of(&read(&path, |_| {}).bytes);
        for step in [1, 7, 31, 97] {
            // Backwards, and from here and there.
            let named =
                names.iter().skip(step / 2).step_by(step).rev().cloned().collect::<Vec<_>>();
            let read_as = |format: Format| {
                let run = read(&path, |config| {
                    config.features = Config::new(Vec::new()).features;
                    config.columns.clone_from(&named);
                    config.output.format = format;
                });
                run.bytes
            };
            let csv = read_as(Format::Csv);
            let header = str::from_utf8(&csv).unwrap().lines().next().unwrap();
            assert!(header.split(',').eq(&named), "{path:?}: {header}");
            let rows = rows_of(&read_as(Format::JsonLines));
            assert_eq!(rows.len(), all.len());
            for (row, whole) in rows.iter().zip(&all) {
                assert_eq!(row.len(), named.len());
                assert!(row.iter().all(|(name, value)| whole[name] == *value), "{path:?}: {row:?}");
            }
        }
    }
}

#[test]
fn a_word_is_what_its_column_says_whatever_the_sets() {
    let path = sample("browsing.pcapng");
    let all = rows_of(&read(&path, |_| {}).bytes);
    let words = flow_words(&Registry::default());
    let (mut asked, mut with_values) = (0, 0);
    for column in catalogue() {
        let word = words.iter().find(|word| word.name.replace('.', "_") == column.name);
        let Some(word) = word else { continue };
        // Floats of JSON lose their last bit on the way here.
        let alike = |own: &Value, value: &Value| match (own.is_f64(), own.as_f64(), value.as_f64())
        {
            (true, Some(own), Some(value)) => (own - value).abs() <= value.abs() * 1e-12,
            _ => own == value,
        };
        let is = |row: &Map<String, Value>, value: &Value| match &row[&*column.name] {
            Value::Array(items) => items.iter().any(|item| alike(item, value)),
            own => alike(own, value),
        };
        let mut values = all.iter().flat_map(|row| match &row[&*column.name] {
            Value::Array(items) => items.as_slice(),
            value => slice::from_ref(value),
        });
        asked += 1;
        let Some(value) = values.find(|value| !value.is_null()) else { continue };
        let expected = all.iter().filter(|row| is(row, value)).count() as u64;
        let name = &word.name;
        let filter = match value.as_f64().filter(|_| value.is_f64()) {
            Some(value) => {
                let slack = value.abs() * 1e-12;
                format!("{name} >= {:?} and {name} <= {:?}", value - slack, value + slack)
            }
            None => format!("{name} = {value}"),
        };
        let run = read(&path, |config| {
            config.features = vec!["core".into()];
            config.filter = Some(Filter::parse_with(&filter, &words).unwrap());
        });
        assert_eq!(run.summary.rows, expected, "{filter}");
        with_values += 1;
    }
    println!("{asked} words, {with_values} with values");
    assert!(with_values > 250);
}

#[test]
fn words_with_known_texts_have_no_others() {
    let words = flow_words(&Registry::default());
    let known = words.iter().filter(|word| !word.texts.is_empty()).collect::<Vec<_>>();
    let columns = ["application", "application_by", "applications", "end_reason", "initiator_by"];
    let columns = [&columns[..], &["tcp_state"]].concat();
    assert_eq!(known.len(), columns.len());
    let (mut values, mut captures) = (0, 0);
    for path in captures_at_hand() {
        let run = read(&path, |config| {
            config.features = Config::new(Vec::new()).features;
            config.columns = columns.iter().map(ToString::to_string).collect();
        });
        for (row, name) in
            rows_of(&run.bytes).iter().flat_map(|row| columns.iter().map(move |name| (row, name)))
        {
            let word = name.replace("application_", "application.");
            let word = known.iter().find(|known| known.name == word).unwrap();
            let texts = row[*name].as_array().map_or(slice::from_ref(&row[*name]), Vec::as_slice);
            for text in texts.iter().filter_map(Value::as_str) {
                assert!(word.texts.iter().any(|known| known == text), "{path:?}: {name} {text}");
                values += 1;
            }
        }
        captures += 1;
    }
    println!("{values} values in {captures} captures");
    assert!(values > 0);
}

#[test]
fn a_filter_that_takes_all_packets_changes_nothing() {
    let (mut compared, mut apart) = (0, 0);
    for path in captures_at_hand() {
        let all = read(&path, |_| {});
        let filtered =
            read(&path, |config| config.filter = Some(Filter::parse("ip or ip6").unwrap()));
        // `ip` looks at the outermost header: VLANs and tunnels without IP outside are others.
        if filtered.summary.total.frames_ip != all.summary.total.frames_ip {
            apart += 1;
            continue;
        }
        assert!(filtered.bytes == all.bytes, "{path:?}");
        compared += 1;
    }
    println!("{compared} captures equal, {apart} with IP inside something else");
    assert!(compared >= 4);
}

#[test]
fn a_filter_on_packets_leaves_the_life_of_other_flows_alone() {
    for name in ["browsing.pcapng", "loss.pcap"] {
        for (text, protocol) in [("tcp", 6), ("udp", 17)] {
            let filter = Some(Filter::parse(text).unwrap());
            let (filtered, _) = rows(&sample(name), |config| config.filter = filter);
            let (all, _) = rows(&sample(name), |_| {});
            let wanted = all.iter().filter(|row| row.number("protocol") == protocol);
            let wanted = wanted.map(|row| &row.0).collect::<Vec<_>>();
            assert_eq!(filtered.iter().map(|row| &row.0).collect::<Vec<_>>(), wanted);
        }
    }
}

/// The lines of JSON Lines in order of their text.
/// The rows of JSON Lines.
fn rows_of(lines: &[u8]) -> Vec<Map<String, Value>> {
    let lines = str::from_utf8(lines).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sorted(lines: &[u8]) -> Vec<&str> {
    let mut lines = std::str::from_utf8(lines).unwrap().lines().collect::<Vec<_>>();
    lines.sort_unstable();
    lines
}

/// The samples, and what of the corpus does not take long.
fn captures_at_hand() -> Vec<PathBuf> {
    let corpus = corpus().into_iter().flatten().map(|(_, path)| path);
    samples().into_iter().chain(corpus.filter(|path| is_small(path))).collect()
}

/// The corpus in full is for runs that are given more time.
fn is_small(path: &Path) -> bool {
    std::env::var_os("FLOWLOOM_FULL").is_some() || fs::metadata(path).unwrap().len() <= 40_000
}

/// Tables differ by their rows alone: the formats are tried on the samples.
fn formats(path: &Path) -> &'static [Format] {
    if path.starts_with(samples_directory()) { &FORMATS } else { &FORMATS[..1] }
}

fn samples() -> Vec<PathBuf> {
    let files = fs::read_dir(samples_directory()).unwrap().map(|entry| entry.unwrap().path());
    let is_capture = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng")
    };
    let mut captures = files.filter(is_capture).collect::<Vec<_>>();
    captures.sort();
    captures
}

fn sample(name: &str) -> PathBuf {
    samples_directory().join(name)
}

fn samples_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

const FORMATS: [Format; 3] = [Format::JsonLines, Format::Parquet, Format::Arrow];
const PCAP_HEADER: usize = 24;
const PCAP_RECORD_HEADER: usize = 16;
