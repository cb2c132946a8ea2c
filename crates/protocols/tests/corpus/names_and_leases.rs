//! DNS and DHCP against the facts that tshark tells of the corpus, where the corpus is there.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowloom_capture::{Block, Capture, Input, Limits as CaptureLimits, Source};
use flowloom_flow::Direction;
use flowloom_protocols::dhcp;
use flowloom_protocols::dns::{Data, Message};
use flowloom_protocols::{
    Conversation, Ends, Limits, Payload, Registry, Shared, Stamp, Transport, Want, Wants,
};
use flowloom_wire::{Address, Marks, Options, Packet, Transport as WireTransport};

/// Who speaks with whom, the lesser end first, and whether over TCP.
type Key = (Address, u16, Address, u16, bool);

/// The conversations of a capture; datagrams in fragments are left out.
fn conversations(path: &Path, wants: Wants) -> Vec<(Ends, Conversation)> {
    let mut shared = Shared::new(Arc::new(Registry::new()), wants, Limits::default(), 1);
    let mut all: Vec<(Ends, Conversation)> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    let input = Input::File(path.to_owned());
    let Ok(mut capture) = Capture::open(&input, CaptureLimits::default()) else { return all };
    let mut block = Block::default();
    let mut number = 0;
    while let Ok(true) = capture.read(&mut block) {
        for frame in &block.frames {
            number += 1;
            let (bytes, mut packet) = (block.data(frame), Packet::default());
            let options = Options::default();
            flowloom_wire::decode(
                frame.link,
                bytes,
                frame.original,
                &options,
                &mut (),
                &mut packet,
            );
            let transport = match packet.transport {
                WireTransport::Tcp => Transport::Tcp,
                WireTransport::Udp => Transport::Udp,
                _ => continue,
            };
            let is_tcp = transport == Transport::Tcp;
            if packet.marks.has(Marks::FRAGMENT) && is_tcp {
                continue;
            }
            let (src, dst) = ((packet.src, packet.src_port), (packet.dst, packet.dst_port));
            let (low, high) = if src <= dst { (src, dst) } else { (dst, src) };
            let place =
                *places.entry((low.0, low.1, high.0, high.1, is_tcp)).or_insert_with(|| {
                    let ends = Ends {
                        addresses: [packet.src, packet.dst],
                        ports: [packet.src_port, packet.dst_port],
                        ip_version: packet.ip_version,
                        flow_id: 0,
                    };
                    all.push((ends, Conversation::default()));
                    all.len() - 1
                });
            let (ends, conversation) = &mut all[place];
            let is_up = src == (ends.addresses[0], ends.ports[0]);
            let app = bytes.get(packet.app_offset as usize..).unwrap_or_default();
            let payload = Payload {
                transport,
                direction: if is_up { Direction::Up } else { Direction::Down },
                seq: packet.seq,
                tcp_flags: packet.tcp_flags,
                len: packet.app_len,
                bytes: app.get(..packet.app_len as usize).unwrap_or(app),
                stamp: Stamp { frame: number, time: frame.time.0 },
                ends: *ends,
            };
            conversation.packet(&payload, &mut shared);
        }
    }
    for (ends, conversation) in &mut all {
        conversation.end(*ends, &mut shared);
    }
    all
}

/// The corpus beside the workspace.
fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let is_there = root.join("expected").is_dir();
    if !is_there {
        eprintln!("skipped: there is no corpus at {}", root.display());
    }
    is_there.then_some(root)
}

/// Each capture with facts of a kind, and these facts, their cells apart.
fn facts(corpus: &Path, kind: &str) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut all = BTreeMap::new();
    for source in fs::read_dir(corpus.join("expected")).into_iter().flatten().flatten() {
        for file in fs::read_dir(source.path()).into_iter().flatten().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let Some(capture) = name.strip_suffix(".facts.tsv") else { continue };
            let text = fs::read_to_string(file.path()).unwrap_or_default();
            let rows: Vec<Vec<String>> = text
                .lines()
                .map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>())
                .filter(|cells| cells[0] == kind)
                .map(|cells| cells[1..].to_vec())
                .collect();
            if !rows.is_empty() {
                let source = source.file_name().to_string_lossy().into_owned();
                all.insert(format!("{source}/{capture}"), rows);
            }
        }
    }
    all
}

/// What was found of how many facts, by capture; fuzzed captures apart.
#[derive(Default)]
struct Score {
    found: [usize; 2],
    facts: [usize; 2],
    extras: usize,
}

impl Score {
    fn add(&mut self, capture: &str, found: usize, facts: usize, extras: usize) {
        let place = usize::from(capture.contains("fuzz"));
        self.found[place] += found;
        self.facts[place] += facts;
        self.extras += extras;
        if found < facts || extras > 0 {
            println!("{capture}: {found} of {facts}, {extras} beyond");
        }
    }

    fn check(&self, kind: &str) {
        let ([found, fuzzed], [facts, fuzz_facts]) = (self.found, self.facts);
        let extras = self.extras;
        println!("{kind}: {found} of {facts}, {extras} beyond; fuzzed {fuzzed} of {fuzz_facts}");
        assert!(found * 100 >= facts * 99, "{kind}: {found} of {facts}");
    }
}

/// How many facts are among what was found, and what was found beyond them.
fn compare(facts: &[Vec<String>], mut found: Vec<Vec<String>>, shown: usize) -> (usize, usize) {
    let mut hits = 0;
    let mut missed = Vec::new();
    for fact in facts {
        match found.iter().position(|row| row == fact) {
            Some(at) => {
                found.swap_remove(at);
                hits += 1;
            }
            None => missed.push(fact),
        }
    }
    for fact in missed.iter().take(shown) {
        println!("  missed {fact:?}");
    }
    for row in found.iter().take(shown) {
        println!("  beyond {row:?}");
    }
    (hits, found.len())
}

/// Differences that are shown of a capture.
const SHOWN: usize = 3;

/// A name as tshark shows it: `\DDD` as the byte, no backslashes, `<Root>`.
fn plain(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, rest) {
            (b'\\', [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..]) => {
                let value = |digit: &u8| u32::from(digit - b'0');
                bytes.push((value(a) * 100 + value(b) * 10 + value(c)) as u8);
                rest = after;
            }
            (b'\\', [escaped, after @ ..]) => {
                bytes.push(*escaped);
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    if name == "." { "<Root>".into() } else { String::from_utf8_lossy(&bytes).into_owned() }
}

fn sorted(mut list: Vec<String>) -> String {
    list.sort();
    list.join("|")
}

/// The cells of a fact: application, transport, source, destination, identifier, whether it is a
/// response, response code, question, its type, addresses, aliases, count of answers.
fn dns_row(ends: &Ends, message: &Message) -> Vec<String> {
    let ip = |side: usize| ends.addresses[side].to_ip(ends.ip_version).to_string();
    let (from, to) = (message.direction.index(), message.direction.other().index());
    let of = |kind: u16| {
        let records = message.records.iter().filter(|record| record.kind == kind);
        sorted(
            records
                .filter_map(|record| match &record.data {
                    Data::Address(address) => Some(address.to_string()),
                    Data::Name(name) => Some(plain(name)),
                    _ => None,
                })
                .collect(),
        )
    };
    let is_response = message.is_response();
    vec![
        message.app.name().into(),
        if message.transport == Transport::Tcp { "tcp" } else { "udp" }.into(),
        ip(from),
        ip(to),
        format!("{:#06x}", message.id),
        if is_response { "True" } else { "False" }.into(),
        if is_response { (message.flags & 15).to_string() } else { String::new() },
        sorted(message.questions.iter().map(|question| plain(&question.name)).collect()),
        sorted(message.questions.iter().map(|question| question.kind.to_string()).collect()),
        of(1),
        of(28),
        of(5),
        message.counts[1].to_string(),
    ]
}

/// A fact, apart where several messages ended in a frame and no lists make that ambiguous.
fn dns_facts(fact: &[String]) -> Vec<Vec<String>> {
    let mut cells = fact.to_vec();
    cells.remove(0);
    cells.remove(2);
    let messages = cells[4].split('|').count();
    let part = |cell: &str, i: usize| cell.split('|').nth(i).unwrap_or_default().to_owned();
    (0..messages)
        .map(|i| {
            let cell = |(at, cell): (usize, &String)| match at {
                _ if messages == 1 && at < 7 => cell.clone(),
                4..=8 | 12 if messages > 1 => part(cell, i),
                9..12 if messages > 1 => String::new(),
                _ => sorted(cell.split('|').map(str::to_owned).collect()),
            };
            cells.iter().enumerate().map(cell).collect()
        })
        .collect()
}

#[test]
fn dns_messages_are_those_of_the_corpus() {
    let Some(corpus) = corpus() else { return };
    let mut score = Score::default();
    for (capture, facts) in facts(&corpus, "dns") {
        let wants = Wants::of(&[Want::DnsMessages]);
        let conversations = conversations(&corpus.join(&capture), wants);
        let found = conversations.iter().flat_map(|(ends, conversation)| {
            let dns = conversation.findings().dns.as_deref();
            let messages = dns.map(|dns| dns.messages.as_slice()).unwrap_or_default();
            messages.iter().map(|message| dns_row(ends, message))
        });
        let found: Vec<_> = found.filter(|row| row[0] != "nbns").collect();
        let facts: Vec<_> = facts.iter().flat_map(|fact| dns_facts(fact)).collect();
        let (hits, extras) = compare(&facts, found, SHOWN);
        score.add(&capture, hits, facts.len(), extras);
    }
    score.check("dns");
}

/// The cells of a fact: type, transaction, hardware address, host name, vendor
/// class, requested address, given address, domain, server.
fn dhcp_row(message: &dhcp::Message) -> Vec<String> {
    let event = dhcp::DhcpEvent::of(1, message);
    let ip = |address: Option<std::net::IpAddr>| address.map(|ip| ip.to_string());
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    vec![
        message.kinds.first().map(ToString::to_string).unwrap_or_default(),
        event.transaction_id.map(|id| format!("{id:#010x}")).unwrap_or_default(),
        text(event.client_mac),
        text(event.hostname),
        text(event.vendor_class),
        ip(event.requested_address).unwrap_or_default(),
        ip(event.your_address).unwrap_or_else(|| "0.0.0.0".into()),
        text(event.domain),
        text(event.server_id),
    ]
}

/// The cells of a fact: types, transaction, the client's name, DUIDs, addresses.
fn dhcpv6_row(message: &dhcp::Message) -> Vec<String> {
    let event = dhcp::DhcpEvent::of(1, message);
    let kinds: Vec<_> = message.kinds.iter().map(ToString::to_string).collect();
    let duids = [event.client_id, event.server_id].into_iter().flatten();
    vec![
        kinds.join("|"),
        event.transaction_id.map(|id| format!("{id:#08x}")).unwrap_or_default(),
        event.fqdn.unwrap_or_default().to_owned(),
        sorted(duids.map(str::to_owned).collect()),
        sorted(event.addresses.iter().map(ToString::to_string).collect()),
    ]
}

/// Compares the messages of a version with the facts of a kind.
fn leases(kind: &str, version: u8, row: fn(&dhcp::Message) -> Vec<String>) {
    let Some(corpus) = corpus() else { return };
    let mut score = Score::default();
    for (capture, mut facts) in facts(&corpus, kind) {
        for fact in &mut facts {
            // Of captures with several sections, tshark counts frames otherwise.
            fact.remove(0);
            if version == 4 {
                // The hardware address in the client identifier is listed as well.
                let end = fact[2].find('|').unwrap_or(fact[2].len());
                fact[2].truncate(end);
            } else {
                fact[2] = fact[2].trim_end_matches('.').into();
                fact[3] = sorted(fact[3].split('|').map(str::to_owned).collect());
                fact[4] = sorted(fact[4].split('|').map(str::to_owned).collect());
            }
        }
        let wants = Wants::of(&[Want::DhcpMessages]);
        let conversations = conversations(&corpus.join(&capture), wants);
        let found = conversations.iter().flat_map(|(_, conversation)| {
            let dhcp = conversation.findings().dhcp.as_deref();
            dhcp.map(|dhcp| dhcp.messages.as_slice()).unwrap_or_default()
        });
        let found = found.filter(|message| message.version == version).map(row).collect();
        let (hits, extras) = compare(&facts, found, SHOWN);
        score.add(&capture, hits, facts.len(), extras);
    }
    score.check(kind);
}

#[test]
fn dhcp_messages_are_those_of_the_corpus() {
    leases("dhcp", 4, dhcp_row);
}

#[test]
fn dhcpv6_messages_are_those_of_the_corpus() {
    leases("dhcpv6", 6, dhcpv6_row);
}
