//! What is held against the facts of other programs, and the one list of what differs.
//!
//! The list is `reviewed.tsv`: kind, capture, `missed` (told, and not found) or `beyond` (found, and
//! not told), how many, who errs (`we`, `they`, or `neither`: another question is answered), a part
//! of the text of each, and the reason. A difference that is not listed fails, and so does a line
//! that is no longer true.

use std::collections::{BTreeMap, BTreeSet};

/// Facts of some kinds, and what was found of them.
pub(crate) struct Review {
    kinds: Vec<Kind>,
    counts: BTreeMap<(Kind, String), Counts>,
    differences: Vec<Difference>,
}

/// As `tls.client_hello`; facts that are not tshark's begin with the name of the program.
pub(crate) type Kind = &'static str;

#[derive(Clone, Copy, Default)]
struct Counts {
    facts: u64,
    missed: u64,
    beyond: u64,
}

struct Difference {
    kind: Kind,
    capture: String,
    side: &'static str,
    what: String,
}

/// A line of the list.
struct Reviewed {
    kind: &'static str,
    capture: &'static str,
    side: &'static str,
    count: u64,
    errs: &'static str,
    part: &'static str,
    reason: &'static str,
}

impl Review {
    /// A review of these kinds, and of no others.
    pub(crate) fn of(kinds: &[Kind]) -> Self {
        assert!(kinds.iter().all(|kind| is_known(kind)), "{kinds:?} are not all known");
        Self { kinds: kinds.to_vec(), counts: BTreeMap::new(), differences: Vec::new() }
    }

    /// Counts a fact that was found.
    pub(crate) fn found(&mut self, kind: Kind, capture: &str) {
        self.counts(kind, capture).facts += 1;
    }

    /// Counts a fact that was not found.
    pub(crate) fn missed(&mut self, kind: Kind, capture: &str, what: String) {
        let counts = self.counts(kind, capture);
        counts.facts += 1;
        counts.missed += 1;
        self.differs(kind, capture, MISSED, what);
    }

    /// Counts a fact.
    pub(crate) fn note(
        &mut self,
        kind: Kind,
        capture: &str,
        is_found: bool,
        what: impl FnOnce() -> String,
    ) {
        if is_found {
            self.found(kind, capture);
        } else {
            self.missed(kind, capture, what());
        }
    }

    /// Counts what was found and is no fact.
    pub(crate) fn beyond(&mut self, kind: Kind, capture: &str, what: String) {
        self.counts(kind, capture).beyond += 1;
        self.differs(kind, capture, BEYOND, what);
    }

    /// Compares facts with what was found, each as often as it occurs.
    pub(crate) fn compare(
        &mut self,
        kind: Kind,
        capture: &str,
        facts: impl IntoIterator<Item = String>,
        found: impl IntoIterator<Item = String>,
    ) {
        let mut found: Vec<String> = found.into_iter().collect();
        for fact in facts {
            if let Some(at) = found.iter().position(|row| *row == fact) {
                found.swap_remove(at);
                self.found(kind, capture);
            } else {
                self.missed(kind, capture, fact);
            }
        }
        for row in found {
            self.beyond(kind, capture, row);
        }
    }

    /// Prints what was found by kind and capture, and fails where that is not what the list says, or
    /// where we miss more than 1 % of what tshark finds.
    pub(crate) fn judge(self) {
        self.print();
        if self.counts.is_empty() {
            return;
        }
        let lines = list().filter(|line| self.kinds.contains(&line.kind)).collect::<Vec<_>>();
        let mut seen = vec![0; lines.len()];
        let mut new = Vec::new();
        for difference in &self.differences {
            match lines.iter().position(|line| line.is_of(difference)) {
                Some(at) => seen[at] += 1,
                None => new.push(difference.text()),
            }
        }
        assert!(new.is_empty(), "{} not on the list:\n{}", new.len(), new.join("\n"));
        for (line, seen) in lines.iter().zip(seen) {
            let Reviewed { kind, capture, side, count, part, .. } = line;
            assert!(seen == *count, "{kind} {capture} {side} {part}: {seen}, listed are {count}");
        }
        for kind in self.kinds.iter().filter(|kind| KINDS.contains(kind)) {
            let ours = |line: &&Reviewed| {
                (line.kind, line.side, line.errs) == (kind, MISSED, "we")
                    && !is_fuzzed(line.capture)
            };
            let missed = lines.iter().filter(ours).map(|line| line.count).sum::<u64>();
            let of_kind = self.counts.iter().filter(|((of, _), _)| of == kind);
            let facts = of_kind.map(|(_, counts)| counts.facts).sum::<u64>();
            assert!(missed * 100 <= facts, "{kind}: {missed} of {facts} are missing");
        }
    }

    fn print(&self) {
        let row = |kind: Kind, of: &str, Counts { facts, missed, beyond }: Counts| {
            println!("{kind:20} {facts:6} {:6} {missed:6} {beyond:6} {of}", facts - missed);
        };
        println!("{:20} {:>6} {:>6} {:>6} {:>6}", "kind", "facts", "found", "missed", "beyond");
        let mut sums = BTreeMap::<(Kind, &str), Counts>::new();
        for ((kind, capture), counts) in &self.counts {
            row(kind, capture, *counts);
            let of = if is_fuzzed(capture) { "ALL THAT ARE FUZZED" } else { "ALL" };
            let sum = sums.entry((kind, of)).or_default();
            sum.facts += counts.facts;
            sum.missed += counts.missed;
            sum.beyond += counts.beyond;
        }
        for ((kind, of), sum) in sums {
            row(kind, of, sum);
        }
    }

    fn counts(&mut self, kind: Kind, capture: &str) -> &mut Counts {
        assert!(self.kinds.contains(&kind), "{kind} is not of this review");
        self.counts.entry((kind, capture.to_owned())).or_default()
    }

    fn differs(&mut self, kind: Kind, capture: &str, side: &'static str, what: String) {
        self.differences.push(Difference { kind, capture: capture.to_owned(), side, what });
    }
}

impl Difference {
    fn text(&self) -> String {
        let Self { kind, capture, side, what } = self;
        format!("{kind}\t{capture}\t{side}\t1\t?\t{what}")
    }
}

impl Reviewed {
    fn is_of(&self, found: &Difference) -> bool {
        (self.kind, self.capture, self.side) == (found.kind, found.capture.as_str(), found.side)
            && found.what.contains(self.part)
    }
}

/// Whether a fuzzer made a capture: those are scored apart.
pub(crate) fn is_fuzzed(capture: &str) -> bool {
    capture.contains("fuzz")
}

fn is_known(kind: &str) -> bool {
    KINDS.iter().chain(UPSTREAM).chain(JA4_PLUS).any(|known| *known == kind)
}

fn list() -> impl Iterator<Item = Reviewed> {
    let lines = include_str!("reviewed.tsv").lines();
    lines.filter(|line| !line.starts_with('#')).map(|line| {
        let cells = line.split('\t').collect::<Vec<_>>();
        let [kind, capture, side, count, errs, part, reason] = cells[..] else {
            panic!("cells: {line}")
        };
        let count = count.parse().unwrap();
        Reviewed { kind, capture, side, count, errs, part, reason }
    })
}

#[test]
fn each_line_of_the_list_can_be_judged() {
    let mut seen = BTreeSet::new();
    for Reviewed { kind, capture, side, count, errs, part, reason } in list() {
        let place = format!("{kind} {capture} {side} {part}");
        assert!(is_known(kind), "{place}: no such kind");
        assert!([MISSED, BEYOND].contains(&side), "{place}: which side");
        assert!(["we", "they", "neither"].contains(&errs), "{place}: who errs");
        assert!(count > 0 && !reason.is_empty(), "{place}: how many, and why");
        assert!(seen.insert(place), "twice: {kind} {capture} {side} {part}");
    }
}

const MISSED: &str = "missed";
const BEYOND: &str = "beyond";

/// What is held against tshark.
const KINDS: &[Kind] = &[
    "application",
    "dhcp",
    "dhcpv6",
    "dns",
    "http.request",
    "http.response",
    "http2.headers",
    "quic.long",
    "ssdp",
    "ssh.banner",
    "tls.alert",
    "tls.cert",
    "tls.client_hello",
    "tls.server_hello",
];

/// What is held against the expectations of other projects.
pub(crate) const UPSTREAM: &[Kind] = &[
    "arkime.agent",
    "arkime.answer",
    "arkime.hassh",
    "arkime.hassh_server",
    "arkime.host",
    "arkime.issuer_cn",
    "arkime.ja3",
    "arkime.ja3s",
    "arkime.ja4",
    "arkime.method",
    "arkime.query",
    "arkime.san",
    "arkime.serial",
    "arkime.ssh",
    "arkime.status",
    "arkime.subject_cn",
    "arkime.transaction",
    "arkime.type",
    "arkime.url",
    "ja4.hassh",
    "ja4.hassh_server",
    "ja4.issuer_cn",
    "ja4.ja4",
    "ja4.sni",
    "ja4.ssh",
    "ja4.subject_cn",
    "ndpi.agent",
    "ndpi.host",
    "ndpi.ja3",
    "ndpi.ja3s",
    "ndpi.ja4_ciphers",
    "ndpi.status",
    "ndpi.url",
    "pcapplusplus.ja3",
    "pcapplusplus.ja3s",
    "suricata.agent",
    "suricata.host",
    "suricata.method",
    "suricata.query",
    "suricata.sni",
    "suricata.software",
    "suricata.status",
    "suricata.uri",
    "zeek.agent",
    "zeek.alpn",
    "zeek.answer",
    "zeek.certificate",
    "zeek.dcid",
    "zeek.host",
    "zeek.host_key",
    "zeek.mac",
    "zeek.method",
    "zeek.query",
    "zeek.scid",
    "zeek.serial",
    "zeek.sni",
    "zeek.ssh",
    "zeek.status",
    "zeek.type",
];

/// Of those, what only the feature `ja4plus` has.
pub(crate) const JA4_PLUS: &[Kind] =
    &["ja4.ja4h", "ja4.ja4s", "ja4.ja4ssh", "ja4.ja4t", "ja4.ja4ts", "ja4.ja4x"];
