//! The filter against tcpdump: the same verdict on every frame.
//!
//! tcpdump compiles each expression for each link type, and a machine of our own runs its program
//! on the frames, so that it is known whether a byte beyond the capture was loaded. Such frames are
//! not compared, nor those whose verdict our documented rules define differently; all others must
//! get the same verdict, and each expression must accept and reject at least one frame.
#![expect(clippy::print_stdout, reason = "the test says how much it compared")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bpf;
mod corpus;
mod expressions;
mod fixtures;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowloom_filter::Filter;
use flowloom_schema::LinkType;
use flowloom_wire::Layer;

use bpf::{Compiler, Program, Verdict};
use corpus::{Corpus, Sample};
use expressions::{EXAMPLES, Generator, PRODUCTIONS};

#[test]
fn every_frame_gets_tcpdumps_verdict() {
    let (Some(mut corpus), Some(mut compiler)) = (Corpus::read(), Compiler::new()) else {
        println!("skipped: ../shared/corpus or tcpdump is absent");
        return;
    };
    corpus.add_made(fixtures::frames());
    let groups = groups(&corpus.samples);
    for (link, _) in groups.keys() {
        compiler.prepare(*link);
    }

    let expressions = expressions(&corpus);
    assert!(expressions.len() >= 400, "{} expressions are left", expressions.len());
    let tally = Mutex::new(Tally::default());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(expression) = expressions.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = compare(expression, &corpus, &groups, &compiler);
                    tally.lock().unwrap().add(found);
                }
            });
        }
    });
    tally.into_inner().unwrap().report(expressions.len(), &corpus);
}

#[test]
fn what_tcpdump_refuses_by_link_type_is_filtered_as_in_ethernet() {
    let (Some(corpus), Some(mut compiler)) = (Corpus::read(), Compiler::new()) else {
        println!("skipped: ../shared/corpus or tcpdump is absent");
        return;
    };
    compiler.prepare(LinkType::ETHERNET);
    for (link, _) in groups(&corpus.samples).keys() {
        compiler.prepare(*link);
    }
    let refused = compiler.refused_links();
    let inside: Vec<(&Sample, Sample)> = corpus
        .samples
        .iter()
        .filter(|sample| refused.contains(&sample.link) && !sample.is_a_class_of_its_own())
        .filter_map(|sample| Some((sample, rewrapped(sample)?)))
        .collect();
    assert!(!inside.is_empty());

    let mut generator = Generator::new(&corpus);
    let mut compared = 0;
    for production in PRODUCTIONS.iter().filter(|production| production.is_above_the_link()) {
        for _ in 0..4 {
            let expression = generator.primitive(production);
            let filter = Filter::parse(&expression).unwrap_or_else(|error| panic!("{error}"));
            let program = compiler.compile(&expression, LinkType::ETHERNET, false).unwrap();
            for (sample, wrapped) in &inside {
                let theirs = match program.run(&wrapped.bytes, wrapped.original) {
                    Verdict::GaveUp | Verdict::Undefined => continue,
                    verdict => verdict == Verdict::Accept,
                };
                let ours = filter.packet().is_none_or(|packet| packet.matches(&sample.view()));
                let (capture, frame) = sample.origin;
                let name = &corpus.captures[capture];
                assert_eq!(ours, theirs, "{name}, frame {frame}: `{expression}`");
                compared += 1;
            }
        }
    }
    let links: BTreeSet<_> = inside.iter().map(|(sample, _)| sample.link.0).collect();
    println!("{compared} verdicts on {} frames of link types {links:?} compared", inside.len());
}

/// The IP packet of a frame behind an Ethernet header.
fn rewrapped(sample: &Sample) -> Option<Sample> {
    let mut spans = sample.layers.spans().iter();
    let (kind, at) = spans.find_map(|(layer, at)| match layer {
        Layer::Ipv4 => Some(([0x08, 0x00], *at)),
        Layer::Ipv6 => Some(([0x86, 0xdd], *at)),
        _ => None,
    })?;
    let packet = sample.bytes.get(at as usize..)?;
    let bytes = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &kind[..], packet].concat();
    let original = bytes.len() as u32;
    Some(Sample::new(LinkType::ETHERNET, bytes, original, sample.origin))
}

#[test]
fn what_tcpdump_parses_is_parsed_and_means_the_same() {
    let (Some(corpus), Some(mut compiler)) = (Corpus::read(), Compiler::new()) else {
        println!("skipped: ../shared/corpus or tcpdump is absent");
        return;
    };
    compiler.prepare(LinkType::ETHERNET);
    let mut generator = Generator::new(&corpus);
    let (mut taken, mut soups) = (0, 0);
    let mut tally = Tally::default();
    let is_ethernet = |sample: &&Sample| sample.link == LinkType::ETHERNET;
    let samples: Vec<&Sample> =
        corpus.samples.iter().filter(is_ethernet).step_by(SOUP_FRAMES_APART).collect();
    while taken < SOUPS_TAKEN {
        let soup = generator.soup();
        soups += 1;
        // Refused by us: of a file, tcpdump takes the netmask to be 0.
        if soup.contains("ip broadcast") {
            continue;
        }
        // What neither takes is of no interest, and asking tcpdump takes a while.
        if Filter::parse(&soup).is_ok() || soups % 8 == 0 {
            let theirs = compiler.compile(&soup, LinkType::ETHERNET, false);
            if let Ok(program) = theirs {
                taken += 1;
                tally.programs += 1;
                let ours = Filter::parse(&soup);
                let filter = ours.unwrap_or_else(|error| panic!("tcpdump takes this: {error}"));
                for sample in &samples {
                    tally.judge(&soup, &filter, sample, &program, &corpus);
                }
            }
        }
    }
    println!("{taken} of {soups} random expressions were taken by tcpdump, and by us");
    tally.report(taken, &corpus);
}

/// Frames of one link type and, where it matters, one byte order of the file.
type Groups<'c> = BTreeMap<(LinkType, bool), Vec<&'c Sample>>;

fn groups(samples: &[Sample]) -> Groups<'_> {
    let mut groups = Groups::new();
    for sample in samples {
        // Only loopback headers are in the byte order of the machine, so of the file.
        let big_endian = sample.link == LinkType::NULL && sample.bytes.starts_with(&[0, 0]);
        groups.entry((sample.link, big_endian)).or_default().push(sample);
    }
    groups
}

/// Expressions of every production, compound ones, and the manual's examples; each accepts and
/// rejects at least one frame.
fn expressions(corpus: &Corpus) -> Vec<String> {
    let mut generator = Generator::new(corpus);
    let mut kept = BTreeSet::new();
    let mut dropped = 0;
    for production in PRODUCTIONS {
        let mut of_production = 0;
        for _ in 0..4 * production.forms.split("|||").count() {
            let expression = generator.primitive(production);
            if kept.contains(&expression) {
                of_production += 1;
            } else if is_telling(&expression, corpus) {
                kept.insert(expression);
                of_production += 1;
            } else {
                dropped += 1;
            }
        }
        assert!(of_production > 0, "no expression of `{}` tells frames apart", production.name);
    }
    let simple = kept.len();
    while kept.len() < simple + COMPOUND_EXPRESSIONS {
        let expression = generator.compound(2);
        if is_telling(&expression, corpus) {
            kept.insert(expression);
        } else {
            dropped += 1;
        }
    }
    let mut expressions: Vec<String> = kept.into_iter().collect();
    let compound = expressions.len() - simple;
    println!("{simple} simple and {compound} compound expressions, {dropped} dropped");
    // Most of the manual's hosts are nobody's: these are compared all the same.
    expressions.extend(EXAMPLES.iter().map(|example| (*example).to_owned()));
    expressions
}

/// Whether the expression accepts a frame and rejects another.
fn is_telling(expression: &str, corpus: &Corpus) -> bool {
    let filter = Filter::parse(expression).unwrap_or_else(|error| panic!("{error}"));
    let Some(packet) = filter.packet() else { return false };
    let mut verdicts = corpus.samples.iter().map(|sample| packet.matches(&sample.view()));
    let Some(first) = verdicts.next() else { return false };
    verdicts.any(|verdict| verdict != first)
}

/// Both verdicts on every frame.
fn compare(expression: &str, corpus: &Corpus, groups: &Groups<'_>, compiler: &Compiler) -> Tally {
    let filter = Filter::parse(expression).unwrap_or_else(|error| panic!("{error}"));
    let mut tally = Tally::default();
    for ((link, big_endian), samples) in groups {
        if compiler.refuses(expression, *link) {
            tally.refused += 1;
            continue;
        }
        let Ok(program) = compiler.compile(expression, *link, *big_endian) else {
            tally.refused += 1;
            continue;
        };
        tally.programs += 1;
        for sample in samples {
            tally.judge(expression, &filter, sample, &program, corpus);
        }
    }
    tally
}

/// Whether tcpdump's program may have written over where the payload begins: for link types with
/// headers of varying length it keeps that in a cell of memory, which it takes for intermediate
/// results too if the expression has a comparison before the first use of the payload.
fn is_clobbered(expression: &str, link: LinkType) -> bool {
    let varying = matches!(
        link,
        LinkType::IEEE802_11
            | LinkType::IEEE802_11_PRISM
            | LinkType::IEEE802_11_RADIOTAP
            | LinkType::PPI
    );
    let joints = [" and ", " or ", "&&", "||"];
    let last_joint = joints.iter().filter_map(|joint| expression.rfind(joint)).max();
    let first_comparison = expression.find(['<', '=', '>']);
    varying && first_comparison.is_some_and(|comparison| last_joint > Some(comparison))
}

/// What was compared, and what was found.
#[derive(Default)]
struct Tally {
    programs: usize,
    refused: usize,
    captures: BTreeSet<usize>,
    compared: u64,
    accepted: u64,
    gave_up: u64,
    undefined: u64,
    of_its_own: u64,
    /// By link type and expression: how many, and one of them.
    disagreements: BTreeMap<(LinkType, String), (usize, String)>,
}

impl Tally {
    fn judge(
        &mut self,
        expression: &str,
        filter: &Filter,
        sample: &Sample,
        program: &Program,
        corpus: &Corpus,
    ) {
        let theirs = match program.run(&sample.bytes, sample.original) {
            Verdict::GaveUp => return self.gave_up += 1,
            Verdict::Undefined => return self.undefined += 1,
            verdict => verdict == Verdict::Accept,
        };
        // tcpdump adds up the lengths of authentication headers wrongly in chains.
        let chained = expression.contains("protochain") && sample.has(Layer::Ah);
        if chained || is_clobbered(expression, sample.link) || sample.is_a_class_of_its_own() {
            return self.of_its_own += 1;
        }
        let ours = filter.packet().is_none_or(|packet| packet.matches(&sample.view()));
        self.captures.insert(sample.origin.0);
        self.compared += 1;
        self.accepted += u64::from(theirs);
        if ours != theirs {
            let (capture, frame) = sample.origin;
            let name = &corpus.captures[capture];
            let link = sample.link;
            let example = format!("{name}, frame {frame}: tcpdump {theirs}, we {ours}");
            let found = self.disagreements.entry((link, expression.to_owned()));
            found.or_insert((0, example)).0 += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.programs += other.programs;
        self.refused += other.refused;
        self.captures.extend(other.captures);
        self.compared += other.compared;
        self.accepted += other.accepted;
        self.gave_up += other.gave_up;
        self.undefined += other.undefined;
        self.of_its_own += other.of_its_own;
        self.disagreements.extend(other.disagreements);
    }

    fn report(self, expressions: usize, corpus: &Corpus) {
        println!(
            "{expressions} expressions, {} programs ({} refused by tcpdump), {} captures, {} frames",
            self.programs,
            self.refused,
            self.captures.len(),
            corpus.samples.len(),
        );
        println!(
            "{} verdicts compared ({} accepted); not compared: {} loaded beyond the capture, \
             {} undefined, {} of frames with rules of their own",
            self.compared, self.accepted, self.gave_up, self.undefined, self.of_its_own,
        );
        let shown: Vec<_> = self.disagreements.iter().take(150).collect();
        assert!(shown.is_empty(), "{} disagreements: {shown:#?}", self.disagreements.len());
    }
}

/// Compound expressions that are compared.
const COMPOUND_EXPRESSIONS: usize = 120;
/// Random expressions that tcpdump takes, until which others are tried.
const SOUPS_TAKEN: usize = 400;
/// Of the frames of the corpus, each of so many is filtered with them.
const SOUP_FRAMES_APART: usize = 7;
