//! Every field of every frame of the corpus, held against tshark's.
//!
//! tshark is asked once per capture for all fields that it has of ours. What differs must be in
//! `differences.tsv`, with the reason. `FLOWLOOM_CAPTURE=part-of-a-name` compares only some captures,
//! and shows all that differs.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests fail, and say what they did")]

mod differences;
mod made;
mod ours;
mod review;
mod stacks;
mod tshark;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use differences::Differences;
use flowloom_dissect::{KnownLayers, LayerInfo};
use review::Review;
use tshark::{Oracle, STACK};

#[test]
fn fields_are_those_of_tshark() {
    let captures = captures();
    let Some(oracle) = Oracle::find() else {
        eprintln!("skipped: there is no tshark");
        return;
    };
    if captures.is_empty() {
        eprintln!("skipped: there is no corpus");
        return;
    }
    let is_all = std::env::var_os("FLOWLOOM_CAPTURE").is_none();
    let total = Mutex::new(Comparison::default());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                while let Some((name, path)) = captures.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let comparison = compare(name, path, &oracle);
                    total.lock().unwrap().add(comparison);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    let fields = total.equal.len();
    eprintln!(
        "{} captures, {} frames, {} values of {fields} fields equal",
        captures.len(),
        total.frames,
        total.equal.values().sum::<u64>(),
    );
    eprintln!("in {} frames tshark knows protocols that we do not", total.unknown);
    for (name, [both, theirs, ours]) in &total.applications {
        eprintln!("{name}: {both} frames have it, {theirs} by tshark alone, {ours} by us alone");
    }
    let never: Vec<_> =
        oracle.fields.iter().filter(|field| !total.equal.contains_key(**field)).collect();
    eprintln!("fields of ours that are nowhere in the corpus: {never:?}");
    if !is_all {
        for Difference { capture, frame, field, ours, theirs } in &total.different {
            eprintln!("{capture} {frame} {field}: {ours:?}, tshark {theirs:?}");
        }
    }
    let mut wrong = Differences::read().wrong(&total.different, is_all);
    eprintln!("{} values equal in other frames", total.moved);
    let mut review = Review::read(include_str!("elsewhere.tsv"));
    for (capture, field, [theirs, ours]) in total.alone {
        review.note(&capture, field, theirs, ours);
    }
    wrong.extend(review.wrong());
    for line in &wrong {
        eprintln!("{line}");
    }
    if oracle.is_reviewed() {
        assert!(wrong.is_empty(), "{} lines of the list are wrong, or wanting", wrong.len());
    } else {
        // The list is one of another version, which has fields that others have not.
        let equal = total.equal.values().sum::<u64>() as usize;
        assert!(total.different.len() * 100 < equal, "{} values differ", total.different.len());
    }
    if !is_all {
        return;
    }
    assert!(fields >= 150, "only {fields} fields were compared");
}

/// A value of a frame that is not as tshark has it.
pub(crate) struct Difference {
    pub(crate) capture: String,
    pub(crate) frame: usize,
    pub(crate) field: &'static str,
    pub(crate) ours: Vec<String>,
    pub(crate) theirs: Vec<String>,
}

#[derive(Default)]
struct Comparison {
    frames: u64,
    /// Frames in which both have an application protocol, only tshark, and only we.
    applications: BTreeMap<&'static str, [u64; 3]>,
    /// Frames in which tshark knows protocols that we do not.
    unknown: u64,
    /// Values of each field that are equal.
    equal: BTreeMap<&'static str, u64>,
    different: Vec<Difference>,
    /// Values that are equal, in frames that only one side takes for the protocol.
    moved: u64,
    /// Capture, field, and values of layers in other frames that only tshark has, and only we.
    alone: Vec<(String, &'static str, [u64; 2])>,
}

/// By field and value, how often tshark and we have it where the other has no such layer.
type Elsewhere = BTreeMap<&'static str, BTreeMap<String, [u64; 2]>>;

impl Comparison {
    fn add(&mut self, other: Self) {
        self.frames += other.frames;
        self.unknown += other.unknown;
        for (name, counts) in other.applications {
            let own = self.applications.entry(name).or_default();
            own.iter_mut().zip(counts).for_each(|(own, count)| *own += count);
        }
        for (field, count) in other.equal {
            *self.equal.entry(field).or_default() += count;
        }
        self.different.extend(other.different);
        self.moved += other.moved;
        self.alone.extend(other.alone);
    }
}

fn compare(name: &str, path: &Path, oracle: &Oracle) -> Comparison {
    let mut comparison = Comparison::default();
    let ours = ours::values(path);
    let theirs = oracle.values(path);
    if ours.len() != theirs.len() {
        comparison.different.push(Difference {
            capture: name.to_owned(),
            frame: ours.len().min(theirs.len()) + 1,
            field: "frames",
            ours: vec![ours.len().to_string()],
            theirs: vec![theirs.len().to_string()],
        });
    }
    let mut elsewhere = Elsewhere::new();
    for (at, (our, their)) in ours.into_iter().zip(theirs).enumerate() {
        comparison.frame(name, at + 1, our, their, oracle, &mut elsewhere);
    }
    for (field, balance) in elsewhere {
        if oracle.fields.binary_search(&field).is_err() {
            continue;
        }
        let mut alone = [0, 0];
        for [theirs, ours] in balance.values() {
            let both = theirs.min(ours);
            *comparison.equal.entry(field).or_default() += both;
            comparison.moved += both;
            alone[0] += theirs - both;
            alone[1] += ours - both;
        }
        if alone != [0, 0] {
            comparison.alone.push((name.to_owned(), field, alone));
        }
    }
    comparison
}

impl Comparison {
    fn frame(
        &mut self,
        name: &str,
        frame: usize,
        mut our: Values,
        mut their: Values,
        oracle: &Oracle,
        elsewhere: &mut Elsewhere,
    ) {
        self.frames += 1;
        let has_all = stacks(&mut our, &mut their, &mut self.applications, elsewhere);
        self.unknown += u64::from(!has_all);
        let names: BTreeSet<_> = our.keys().chain(their.keys()).copied().collect();
        for field in names {
            if field.starts_with("data.") && !(has_all && their.contains_key(field)) {
                // tshark knows what it is, or has put it together with what came before.
                continue;
            }
            if field != STACK && oracle.fields.binary_search(&field).is_err() {
                continue;
            }
            let (our, their) = (our.get(field), their.get(field));
            if our == their {
                *self.equal.entry(field).or_default() += our.map_or(0, Vec::len) as u64;
                continue;
            }
            self.different.push(Difference {
                capture: name.to_owned(),
                frame,
                field,
                ours: our.cloned().unwrap_or_default(),
                theirs: their.cloned().unwrap_or_default(),
            });
        }
    }
}

/// Leaves of both stacks the protocols that we know, up to transport; whether tshark has no others.
///
/// Where a message over TCP completes, and what a port stands for, are matters of opinion: fields of
/// an application message are compared in the frames in which both have the layer. What only one side
/// has of a layer goes to `elsewhere`, to be compared over the whole capture.
fn stacks(
    our: &mut Values,
    their: &mut Values,
    counts: &mut BTreeMap<&'static str, [u64; 3]>,
    elsewhere: &mut Elsewhere,
) -> bool {
    let stack = their.get(STACK).and_then(|stack| stack.first()).cloned().unwrap_or_default();
    let layers = KnownLayers::shipped().all();
    let is_shown = |name: &&str| !matches!(*name, "ethertype" | "raw" | "frame" | "");
    // Of declared protocols we may know but the front.
    let is_whole = |name: &str| layers.iter().any(|l| l.name == name && !l.is_declared);
    let has_all = stack.split(':').filter(is_shown).all(is_whole);
    let mut known: Vec<_> = stack.split(':').map(str::to_owned).collect();
    let own = our.get(STACK).cloned().unwrap_or_default();
    let names: BTreeSet<_> = layers.iter().filter(|l| is_application(l)).map(|l| l.name).collect();
    for application in names {
        let has = |stack: &[String]| stack.iter().any(|name| name == application);
        let (ours, theirs) = (has(&own), has(&known));
        match (ours, theirs) {
            (true, true) => counts.entry(application).or_default()[0] += 1,
            (false, true) => counts.entry(application).or_default()[1] += 1,
            (true, false) => counts.entry(application).or_default()[2] += 1,
            (false, false) => {}
        }
        if ours != theirs {
            if std::env::var_os("FLOWLOOM_CAPTURE").is_some() {
                let who = if ours { "we" } else { "tshark" };
                eprintln!("{application}: {who} alone, {:?}", their.get("frame.number"));
            }
            let is_of = |field: &str| {
                layers.iter().filter(|layer| layer.name == application).any(|layer| {
                    field.split('.').next() == Some(layer.prefix)
                        || layer.fields.iter().any(|known| known.name == field)
                })
            };
            for (values, side) in [(&mut *their, 0), (&mut *our, 1)] {
                let taken = values.extract_if(.., |field, _| is_of(field));
                for (field, values) in taken {
                    let balance = elsewhere.entry(field).or_default();
                    for value in values {
                        balance.entry(value).or_default()[side] += 1;
                    }
                }
            }
        }
    }
    let own = our.entry(STACK).or_default();
    let is_layer = |name: &str| {
        let layer = layers.iter().find(|layer| layer.name == name);
        layer.is_some_and(|layer| !is_application(layer))
            && !matches!(name, "data" | "_ws.malformed" | "frame")
    };
    for stack in [own, &mut known] {
        stack.retain(|name| is_layer(name));
        stack.dedup();
    }
    their.insert(STACK, known);
    has_all
}

/// Whether a layer is an application message: a TLS record, for instance.
fn is_application(layer: &LayerInfo) -> bool {
    layer.is_declared || APPLICATIONS.contains(&layer.name)
}

/// Captures of the corpus by `source/name`.
fn captures() -> Vec<(String, PathBuf)> {
    let root = root();
    let only = std::env::var("FLOWLOOM_CAPTURE").unwrap_or_default();
    let mut found = Vec::new();
    for source in fs::read_dir(root.join("expected")).into_iter().flatten().flatten() {
        for facts in fs::read_dir(source.path()).into_iter().flatten().flatten() {
            let name = facts.file_name().to_string_lossy().into_owned();
            let Some(capture) = name.strip_suffix(".facts.tsv") else { continue };
            let source_name = source.file_name().to_string_lossy().into_owned();
            let path = root.join(&source_name).join(capture);
            let name = format!("{source_name}/{capture}");
            if path.is_file() && name.contains(&only) {
                found.push((name, path));
            }
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus")
}

/// Values by field.
pub(crate) type Values = BTreeMap<&'static str, Vec<String>>;

const PARALLEL: usize = 2;
/// Layers of application messages, those that are declared beside them.
const APPLICATIONS: [&str; 12] = [
    "dns", "mdns", "llmnr", "dhcp", "dhcpv6", "quic", "tls", "dtls", "http", "http2", "ssdp", "ssh",
];
