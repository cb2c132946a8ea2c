//! Every target on stable: random bytes, and samples with bytes changed, taken out and put in.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, iter};

use flowloom_fuzz::seeds::{own_seeds, seeds};
use flowloom_fuzz::{TARGETS, Target};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), flowloom_fuzz::$name);
        })*

        #[test]
        fn no_target_is_left_out() {
            assert!(TARGETS.iter().map(|(name, _)| *name).eq([$(stringify!($name)),*]));
        }
    };
}

targets!(
    pcap,
    pcapng,
    snoop,
    compressed,
    decode,
    headers,
    payload,
    defrag,
    dissect,
    sequence,
    stream,
    filter,
    quic,
    dns,
    dhcp,
    declared,
    yaml_loader,
    ssh,
    starttls,
    tls,
    http,
    openvpn,
    http2,
    icmp,
    x509
);

fn run(name: &str, target: Target) {
    runner(0)
        .run(&prop::collection::vec(any::<u8>(), 0..400), |bytes| {
            target(&bytes);
            Ok(())
        })
        .unwrap();
    let samples = samples(name);
    for sample in &samples {
        target(sample);
    }
    if samples.is_empty() {
        return;
    }
    let started = Instant::now();
    let mut rounds = 0;
    let mutated = (prop::sample::select(samples), prop::collection::vec(change(), 1..6));
    while started.elapsed() < TIME {
        // A runner runs its cases once.
        runner(rounds)
            .run(&mutated, |(mut bytes, changes)| {
                changes.iter().for_each(|change| change.apply(&mut bytes));
                target(&bytes);
                Ok(())
            })
            .unwrap();
        rounds += 1;
    }
    println!("{name}: {} damaged samples", rounds * CASES);
}

fn samples(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let captures = paths.iter().filter(|path| {
        path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng")
    });
    let from_captures = captures.flat_map(|path| seeds(name, &fs::read(path).unwrap()));
    // The reader of small blocks is slow on purpose.
    own_seeds(name)
        .into_iter()
        .chain(from_captures.map(|mut seed| {
            seed.truncate(4 << 10);
            seed
        }))
        .collect()
}

/// A change of some bytes at a place, given as a fraction of the whole.
#[derive(Clone, Debug)]
struct Change {
    place: prop::sample::Index,
    take_out: usize,
    put_in: Vec<u8>,
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = self.place.index(bytes.len() + 1);
        let end = (place + self.take_out).min(bytes.len());
        bytes.splice(place..end, self.put_in.iter().copied());
    }
}

fn change() -> impl Strategy<Value = Change> {
    let edges = prop::sample::select(vec![0, 1, 0x7f, 0x80, 0xff]);
    let byte = prop_oneof![edges, any::<u8>()];
    (any::<prop::sample::Index>(), 0_usize..5, prop::collection::vec(byte, 0..5))
        .prop_map(|(place, take_out, put_in)| Change { place, take_out, put_in })
}

/// One for some cases: the same inputs for the same round.
fn runner(round: u32) -> TestRunner {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let seed: Vec<u8> = iter::repeat_n(round.to_le_bytes(), 8).flatten().collect();
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

/// Inputs of a round.
const CASES: u32 = 500;

/// For the damaged samples of one target.
const TIME: Duration = Duration::from_secs(2);
