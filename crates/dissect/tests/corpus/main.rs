//! Every field of every frame of the corpus, held against tshark's.
//!
//! tshark is asked once per capture for all fields that it has of ours. What differs must be in
//! `differences.tsv`, with the reason. `FLOWLOOM_CAPTURE=part-of-a-name` compares only some captures,
//! and shows all that differs.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests fail, and say what they did")]

mod differences;
mod ours;
mod stacks;
mod tshark;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use differences::Differences;
use flowloom_dissect::LAYERS;
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
        assert!(both * 2 > *ours, "{name} is found where tshark finds none");
    }
    let never: Vec<_> =
        oracle.fields.iter().filter(|field| !total.equal.contains_key(**field)).collect();
    eprintln!("fields of ours that are nowhere in the corpus: {never:?}");
    if !is_all {
        for Difference { capture, frame, field, ours, theirs } in &total.different {
            eprintln!("{capture} {frame} {field}: {ours:?}, tshark {theirs:?}");
        }
    }
    let wrong = Differences::read().wrong(&total.different, is_all);
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
}

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
    for (at, (our, their)) in ours.into_iter().zip(theirs).enumerate() {
        comparison.frame(name, at + 1, our, their, oracle);
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
    ) {
        self.frames += 1;
        let has_all = stacks(&mut our, &mut their, &mut self.applications);
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
/// Fields of application messages are compared in the frames in which both have the layer: where a
/// message over TCP completes, and what a port stands for, are matters of opinion. How often both
/// have it is counted.
fn stacks(
    our: &mut Values,
    their: &mut Values,
    counts: &mut BTreeMap<&'static str, [u64; 3]>,
) -> bool {
    let stack = their.get(STACK).and_then(|stack| stack.first()).cloned().unwrap_or_default();
    let is_known = |name: &str| LAYERS.iter().any(|layer| layer.name == name);
    let is_shown = |name: &&str| !matches!(*name, "ethertype" | "raw" | "frame" | "");
    let has_all = stack.split(':').filter(is_shown).all(is_known);
    let mut known: Vec<_> = stack.split(':').map(str::to_owned).collect();
    let own = our.get(STACK).cloned().unwrap_or_default();
    for application in APPLICATIONS {
        let has = |stack: &[String]| stack.iter().any(|name| name == application);
        let (ours, theirs) = (has(&own), has(&known));
        match (ours, theirs) {
            (true, true) => counts.entry(application).or_default()[0] += 1,
            (false, true) => counts.entry(application).or_default()[1] += 1,
            (true, false) => counts.entry(application).or_default()[2] += 1,
            (false, false) => {}
        }
        if ours != theirs {
            let prefix = LAYERS.iter().find(|layer| layer.name == application).unwrap().prefix;
            for values in [&mut *their, &mut *our] {
                values.retain(|field, _| field.split('.').next() != Some(prefix));
            }
        }
    }
    let own = our.entry(STACK).or_default();
    let is_layer = |name: &str| {
        is_known(name)
            && !APPLICATIONS.contains(&name)
            && !matches!(name, "data" | "_ws.malformed" | "frame")
    };
    for stack in [own, &mut known] {
        stack.retain(|name| is_layer(name));
        stack.dedup();
    }
    their.insert(STACK, known);
    has_all
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
/// Layers whose fields are compared where both have the layer.
const APPLICATIONS: [&str; 13] = [
    "dns", "mdns", "llmnr", "dhcp", "dhcpv6", "ntp", "quic", "tls", "dtls", "http", "http2",
    "ssdp", "ssh",
];
