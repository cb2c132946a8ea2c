//! Conversations in a toy protocol: every step of a parser, every way to be cut, lost and late.

mod toy;

use std::fmt::Write;
use std::sync::Arc;

use flowloom_flow::{Direction, Overlap};
use flowloom_wire::tcp_flags::{FIN, RST, SYN};
use proptest::prelude::*;

use self::toy::Log;
use super::reader::LOOKS_MAX;
use super::{Conversation, Payload, Shared};
use crate::{Ends, FoundBy, Limits, Stamp, Transport, Wants};

/// A conversation and what its parsers noted.
struct Play {
    conversation: Conversation,
    shared: Shared,
    ports: [u16; 2],
    transport: Transport,
    next: [u32; 2],
    frame: u64,
    log: Log,
}

const UP: Direction = Direction::Up;
const DOWN: Direction = Direction::Down;

impl Play {
    fn new(transport: Transport, ports: [u16; 2], limits: Limits) -> Self {
        let log = Log::default();
        let shared = Shared::new(Arc::new(toy::registry(&log)), Wants::ALL, limits, 1);
        let conversation = Conversation::default();
        Self { conversation, shared, ports, transport, next: [1_000; 2], frame: 0, log }
    }

    fn tcp() -> Self {
        Self::new(Transport::Tcp, [50_000, 50_001], Limits::default())
    }

    fn udp() -> Self {
        Self::new(Transport::Udp, [50_000, 50_001], Limits::default())
    }

    /// Takes in what is said at a place from the next byte on.
    fn at(&mut self, direction: Direction, ahead: u32, text: &str, flags: u8) {
        self.frame += 1;
        let payload = Payload {
            transport: self.transport,
            direction,
            seq: self.next[direction.index()].wrapping_add(ahead),
            tcp_flags: flags,
            len: text.len() as u32,
            bytes: text.as_bytes(),
            stamp: Stamp { frame: self.frame, time: 0 },
            ends: Ends { ports: self.ports, ..Ends::default() },
        };
        self.conversation.packet(&payload, &mut self.shared);
        assert_eq!(self.shared.bytes, self.conversation.held);
    }

    fn say(&mut self, direction: Direction, text: &str) -> &mut Self {
        self.at(direction, 0, text, 0);
        self.next[direction.index()] += text.len() as u32;
        self
    }

    fn up(&mut self, text: &str) -> &mut Self {
        self.say(UP, text)
    }

    fn down(&mut self, text: &str) -> &mut Self {
        self.say(DOWN, text)
    }

    /// So many bytes that were never captured.
    fn lose(&mut self, direction: Direction, len: u32) -> &mut Self {
        self.next[direction.index()] += len;
        self
    }

    /// Ends the flow; all that parsers noted, and the protocols.
    fn end(&mut self) -> (String, String) {
        self.conversation.end(Ends { ports: self.ports, ..Ends::default() }, &mut self.shared);
        assert!(self.conversation.is_over());
        assert_eq!(self.shared.bytes, 0);
        let mut applications = String::new();
        for application in &self.conversation.findings().applications {
            let by = if application.by == FoundBy::Port { " by port" } else { "" };
            let _ = write!(applications, "{}{by};", application.protocol.name());
        }
        (self.noted(), applications)
    }

    fn noted(&self) -> String {
        self.log.lock().unwrap().join(" ")
    }
}

fn silence() -> Payload<'static> {
    Payload {
        transport: Transport::Tcp,
        direction: UP,
        seq: 0,
        tcp_flags: 0,
        len: 0,
        bytes: &[],
        stamp: Stamp::default(),
        ends: Ends::default(),
    }
}

#[test]
fn messages_are_read_whole_however_they_come() {
    let mut play = Play::tcp();
    play.up("ONE.m003abcm004d").down("m001x").up("e").up("fgm002hi");
    assert_eq!(play.noted(), "one>ONE.@1-1 one>abc one<x one>defg one>hi");
    let noted = play.noted();
    assert_eq!(play.end(), (noted + " one>end  one<end ", "one;".into()));
    // Of the same bytes one at a time, the first to be recognised and read.
    let mut play = Play::tcp();
    for byte in ["O", "N", "E", ".", "m", "0", "0", "2", "a", "b", "m", "9"] {
        play.up(byte);
    }
    assert_eq!(play.noted(), "one>ONE.@1-4 one>ab");
    assert_eq!(play.end().0, "one>ONE.@1-4 one>ab one>end m9 one<end ");
}

#[test]
fn stamps_are_those_of_the_packets_that_brought_the_bytes() {
    let mut play = Play::tcp();
    play.up("ONE.\"a").up("b").up(".\"c.\"").up("d.m0").up("00\"e.");
    let lines = "one>\"ab.@1-3 one>\"c.@3-3 one>\"d.@3-4 one> one>\"e.@5-5";
    assert!(play.noted().replace(" one>+", "").ends_with(lines), "{}", play.noted());
}

#[test]
fn bytes_are_passed_over_captured_or_not() {
    let mut play = Play::tcp();
    play.up("ONE.p010abc").up("defghijm001k").up("p009abc").lose(UP, 6).up("m001l");
    assert_eq!(play.end().0, "one>ONE.@1-1 one>k one>l one>end  one<end ");
    // More is lost than is passed over.
    let mut play = Play::tcp();
    play.up("ONE.p004ab").lose(UP, 5).up("m001l");
    assert_eq!(play.end().0, "one>ONE.@1-1 one>-3 one>l one>end  one<end ");
    assert_eq!(play.shared.counts().bytes_lost, 3);
}

#[test]
fn a_direction_stops_and_the_other_goes_on() {
    for last in ["s", "0", "x", "n"] {
        let mut play = Play::tcp();
        play.up("ONE.").up(&format!("{last}m001a")).up("m001b").down("m001c").down("s");
        assert!(play.conversation.is_over());
        assert_eq!(play.noted(), "one>ONE.@1-1 one<c one>end  one<end ", "{last}");
        play.down("m001d");
        assert_eq!(play.end(), (play.noted(), "one;".into()));
        assert_eq!(play.shared.counts().messages_too_long, u64::from(last == "n"));
    }
}

#[test]
fn nothing_is_held_of_a_direction_that_nobody_reads() {
    let mut play = Play::tcp();
    play.up("ONE.s").lose(UP, 10).up("m001a").up("m001b");
    assert_eq!(play.shared.bytes, 0);
    // Its place is kept for another protocol.
    play.down("b").up("m001c");
    assert_eq!(play.noted(), "one>ONE.@1-1 two>c");
}

#[test]
fn what_is_lost_takes_what_waits_before_it_along() {
    let mut play = Play::tcp();
    play.up("ONE.m005ab").lose(UP, 4).up("m001c").down("m001d");
    // One bears it; the hole is given up at the end.
    assert_eq!(play.noted(), "one>ONE.@1-1 one<d");
    assert_eq!(play.end().0, "one>ONE.@1-1 one<d one>-4 one>c one>end  one<end ");
    let mut play = Play::tcp();
    play.down("TWO.").up("m00").lose(UP, 4).up("m001c").down("m001d");
    assert_eq!(play.end().0, "two<TWO.@1-1 two<d two>-4 two>end  two<end ");
}

#[test]
fn bytes_lost_while_a_protocol_is_looked_for_let_it_be_looked_for_again() {
    let mut play = Play::tcp();
    play.up("ON").lose(UP, 7).up("ONE.m001a");
    assert_eq!(play.end(), ("one>ONE.@2-2 one>a one>end  one<end ".into(), "one;".into()));
    // The beginning itself.
    let mut play = Play::tcp();
    play.conversation = Conversation::begun([Some(990), None], &play.shared.limits);
    play.up("ONE.");
    assert_eq!(play.noted(), "");
    assert_eq!(play.end().1, "one;");
    // What is of no known protocol stays so; the other side may still be.
    let mut play = Play::tcp();
    play.up("m00").lose(UP, 7).up("ONE.").down("TWO.");
    assert_eq!(play.end().0, "two<TWO.@3-3 two>-7 two>end  two<end ");
}

#[test]
fn the_parser_sees_what_the_other_side_said_before_it_was_found() {
    let mut play = Play::tcp();
    play.up("m001").up("am0").down("TWO.").up("01b");
    assert_eq!(play.noted(), "two>a two<TWO.@3-3 two>b");
    // As far as it was kept.
    let limits = Limits { probe_bytes_max: 10, ..Limits::default() };
    for (count, seen) in [(9, "two>zzzzz two<TWO.@2-2"), (10, "two>-10 two<TWO.@2-2")] {
        let mut play = Play::new(Transport::Tcp, [9, 9], limits);
        play.up(&"m005zzzzzm"[..count]).down("TWO.");
        assert_eq!(play.noted(), seen);
    }
    let mut play = Play::new(Transport::Tcp, [9, 9], limits);
    play.up("m005zz").up("zzzm").down("TWO.");
    assert_eq!(play.noted(), "two>-10 two<TWO.@3-3");
}

#[test]
fn a_message_may_begin_with_a_packet_behind_much_that_is_unknown() {
    let limits = Limits { probe_bytes_max: 10, ..Limits::default() };
    // So many packets are looked at, each for itself, and only what is certain is believed.
    for (count, applications) in [(0, "one;"), (LOOKS_MAX - 1, "one;"), (LOOKS_MAX, "one by port;")]
    {
        let mut play = Play::new(Transport::Tcp, [9, 1], limits);
        play.up(&"z".repeat(10));
        for _ in 0..count {
            play.up("ONE?");
        }
        play.up("ONE.m001a").up("m001b");
        let is_found = count < LOOKS_MAX;
        let frame = count + 2;
        let found = format!("one>ONE.@{frame}-{frame} one>a one>b one>end  one<end ");
        let expected = if is_found { found } else { String::new() };
        assert_eq!(play.end(), (expected, applications.to_owned()), "{count}");
    }
    // Nothing waits meanwhile, and a parser that the other side is known by goes on behind it.
    let mut play = Play::new(Transport::Tcp, [9, 9], limits);
    play.up(&"z".repeat(6)).up(&"z".repeat(6)).up("zzz");
    assert_eq!(play.shared.bytes, 0);
    play.down("ONE.").up("m001a");
    assert_eq!(play.noted(), "one>-15 one<ONE.@4-4 one>a");
}

#[test]
fn protocols_are_found_by_content_first_and_port_second() {
    let cases: &[(&str, [u16; 2], &str)] = &[
        ("ONE.", [9, 9], "one;"),
        ("ONE.", [9, 2], "one;"),
        ("ONE?", [9, 1], "one;"),
        ("ONE?", [1, 9], "one;"),
        ("ONE?", [9, 9], ""),
        ("ONE?", [9, 2], "two by port;"),
        ("zzzz", [2, 1], "one by port;"),
        ("zzzz", [2, 9], "two by port;"),
        ("ON", [9, 1], "one by port;"),
        ("MUTE.", [9, 9], "mute;"),
        ("", [9, 1], ""),
    ];
    for transport in [Transport::Tcp, Transport::Udp] {
        for (text, ports, expected) in cases {
            let mut play = Play::new(transport, *ports, Limits::default());
            assert_eq!(play.up(text).end().1, *expected, "{transport:?} {text} {ports:?}");
        }
    }
    // Both sides say what nobody knows: that is enough.
    let mut play = Play::new(Transport::Tcp, [9, 1], Limits::default());
    play.up("zzz").down("ONX.");
    assert!(play.conversation.is_over());
    assert_eq!(play.end().1, "one by port;");
    // Too long undecided.
    let mut play =
        Play::new(Transport::Tcp, [9, 1], Limits { probe_bytes_max: 9, ..Limits::default() });
    play.up("ONE~~").up("~~").up("~~").up(".").down("TWO.");
    assert_eq!(play.end(), ("two>-10 two<TWO.@5-5 two>end  two<end ".into(), "two;".into()));
    // Nothing of the protocol is wanted.
    let mut play = Play::tcp();
    play.up("MUTE.");
    assert!(play.conversation.is_over());
}

#[test]
fn payload_that_was_cut_to_nothing_still_has_ports() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let mut play = Play::new(transport, [9, 1], Limits::default());
        let ends = Ends { ports: [9, 1], ..Ends::default() };
        let payload = Payload { transport, len: 9, ends, ..silence() };
        play.conversation.packet(&payload, &mut play.shared);
        assert_eq!(play.end().1, "one by port;");
    }
}

#[test]
fn a_connection_becomes_another_protocols() {
    // A known one, in both directions, with what waits of the other.
    let mut play = Play::tcp();
    play.up("ONE.m00").down("m001abm001c").up("2de");
    assert_eq!(play.noted(), "one>ONE.@1-1 one<a two<c two>de");
    // The other side had more than one message waiting, and one of them turns it again.
    let mut play = Play::tcp();
    play.up("zzz").down("ONE.").up("b");
    assert_eq!(play.noted(), "one<ONE.@2-2");
    // One to be found.
    let mut play = Play::tcp();
    play.up("ONE.").down("fTW").down("O.m001a").up("m001b");
    assert_eq!(play.noted(), "one>ONE.@1-1 two<TWO.@2-3 two<a two>b");
    assert_eq!(play.end().1, "one;two;");
    // One of which nothing is wanted.
    let mut play = Play::tcp();
    play.up("ONE.fMUTE.");
    assert!(play.conversation.is_over());
    // More bytes are done with than there are.
    let mut play = Play::tcp();
    play.up("ONE.gab").up("cdem001f");
    assert_eq!(play.noted(), "one>ONE.@1-1 two>f");
}

#[test]
fn a_connection_that_turns_for_ever_is_given_up() {
    for text in ["ONE.r", "ONE.fONE.fONE.fONE.fONE.fONE.fONE.fONE.fONE.fONE.fONE."] {
        let mut play = Play::tcp();
        play.up(text);
        assert!(play.conversation.is_over());
    }
    // Both directions in turns, each of which waited for the other.
    let mut play = Play::tcp();
    play.up("m001").down(&"b".repeat(20)).up("ab").up("ONE.");
    play.end();
}

#[test]
fn fin_ends_a_direction_once() {
    let mut play = Play::tcp();
    play.at(UP, 0, "ONE.m003a", FIN);
    assert_eq!(play.noted(), "one>ONE.@1-1 one>end m003a");
    play.at(UP, 0, "ONE.m003a", FIN);
    play.up("").down("m001b");
    assert!(!play.conversation.is_over());
    play.at(DOWN, 0, "m00", FIN);
    assert!(play.conversation.is_over());
    assert_eq!(play.end().0, "one>ONE.@1-1 one>end m003a one<b one<end m00");
    // Not before what comes late, and not before the other side has said what it is.
    let mut play = Play::tcp();
    play.up("zz");
    play.at(UP, 2, "m001a", FIN);
    play.at(UP, 0, "zz", 0);
    play.down("TWO.");
    assert_eq!(play.end().0, "two<TWO.@4-4 two>end  two<end ");
}

#[test]
fn a_reset_brings_no_bytes() {
    let mut play = Play::tcp();
    play.up("ONE.");
    play.at(UP, 0, "no such port", RST);
    play.up("m001a");
    assert_eq!(play.noted(), "one>ONE.@1-1 one>a");
}

#[test]
fn segments_come_in_any_order_with_payload_in_the_syn() {
    let mut play = Play::tcp();
    play.next[0] = u32::MAX - 3;
    play.at(UP, 5, "m001b", 0);
    assert_eq!(play.noted(), "");
    let mut play = Play::tcp();
    play.next[0] = u32::MAX - 3;
    play.at(UP, 0, "ON", SYN);
    play.at(UP, 5, "m001b", 0);
    play.at(UP, 3, "E.", 0);
    assert_eq!(play.noted(), "one>ONE.@1-3 one>b");
}

#[test]
fn the_policy_for_overlaps_is_that_of_the_limits() {
    for (overlap, seen) in [(Overlap::First, "one>a"), (Overlap::Last, "one>b")] {
        let mut play = Play::new(Transport::Tcp, [9, 9], Limits { overlap, ..Limits::default() });
        play.at(UP, u32::MAX, "", SYN);
        play.at(UP, 4, "m001a", 0);
        play.at(UP, 4, "m001b", 0);
        play.up("ONE.");
        assert_eq!(play.noted(), format!("one>ONE.@4-4 {seen}"), "{overlap:?}");
    }
}

#[test]
fn a_message_too_long_gives_its_direction_up() {
    let limits = Limits { message_bytes_max: 100, ..Limits::default() };
    let mut play = Play::new(Transport::Tcp, [9, 9], limits);
    play.up("ONE.m096a").down("m097").up(&"a".repeat(95));
    assert_eq!(play.shared.counts().messages_too_long, 1);
    assert_eq!(play.noted(), format!("one>ONE.@1-1 one>{}", "a".repeat(96)));
    // A line without an end, too.
    let mut play = Play::new(Transport::Tcp, [9, 9], limits);
    play.up("ONE.\"");
    for _ in 0..200 {
        play.up("a");
    }
    assert_eq!((play.shared.counts().messages_too_long, play.shared.bytes), (1, 0));
}

#[test]
fn who_holds_bytes_while_memory_is_short_is_given_up() {
    let limits = Limits { conversation_bytes_max: 1_000, ..Limits::default() };
    let mut play = Play::new(Transport::Tcp, [9, 9], limits);
    play.up("ONE.m001a");
    let mut hog = Play::new(Transport::Tcp, [9, 9], limits);
    std::mem::swap(&mut hog.shared, &mut play.shared);
    let text = format!("ONE.m999{}", "h".repeat(900));
    let payload = |bytes, seq| Payload { bytes, seq, len: <[u8]>::len(bytes) as u32, ..silence() };
    hog.conversation.packet(&payload(text.as_bytes(), 0), &mut hog.shared);
    assert!(hog.shared.is_short(0) && !hog.conversation.is_over());
    // Little is held, and too much by all: its parser is told that it is over.
    let mut other = Conversation::default();
    other.packet(&payload(&text.as_bytes()[..100], 0), &mut hog.shared);
    assert_eq!((other.is_over(), hog.shared.counts().starved), (true, 1));
    assert!(play.noted().ends_with(" one<end "));
    // Who holds nothing goes on.
    std::mem::swap(&mut hog.shared, &mut play.shared);
    let held = play.shared.bytes;
    play.shared.bytes_max = held - 1;
    play.conversation.packet(&payload(b"m001c", 1_009), &mut play.shared);
    assert!(!play.conversation.is_over() && play.noted().ends_with("one>c"));
    assert_eq!(play.shared.bytes, held);
}

#[test]
fn protocols_take_turns_on_datagrams() {
    let mut play = Play::udp();
    play.up("ONE.a").down("ONE.b").up("TWO.c").down("zz").down("ONE.d").up("");
    assert_eq!(play.noted(), "one>ONE.a/5 one<ONE.b/5 two>TWO.c/5 one<ONE.d/5");
    let (noted, applications) = play.end();
    assert!(noted.ends_with("one>end two>end"));
    assert_eq!(applications, "one;two;");
}

#[test]
fn a_flow_of_datagrams_is_over_when_its_parsers_are() {
    let mut play = Play::udp();
    play.up("TWO.").up("ONE.s").up("ONE.");
    assert!(!play.conversation.is_over(), "the other one wants more");
    play.up("TWO.s");
    assert!(play.conversation.is_over());
    assert_eq!(play.end().0, "two>TWO./4 one>ONE.s/5 one>end two>TWO.s/5 two>end");
    let mut play = Play::udp();
    play.up("MUTE.");
    assert!(!play.conversation.is_over(), "another protocol may follow");
    for _ in 0..7 {
        play.up("MUTE.");
    }
    assert!(play.conversation.is_over());
}

#[test]
fn datagrams_that_nobody_knows_are_given_up() {
    for (first, count) in [("zzz", 8), ("ONE.", 65)] {
        let mut play = Play::new(Transport::Udp, [9, 1], Limits::default());
        play.up(first);
        for _ in 1..count {
            assert!(!play.conversation.is_over(), "{first}");
            play.up("zzz");
        }
        assert!(play.conversation.is_over(), "{first}");
    }
}

#[test]
fn many_small_messages_and_long_lines_are_linear_work() {
    // Many messages behind one that was waited for.
    let mut play = Play::tcp();
    play.up("ONE.m996");
    let body = "m000".repeat(40_000);
    for part in body.as_bytes().chunks(1_399) {
        play.up(str::from_utf8(part).unwrap());
    }
    assert_eq!(play.log.lock().unwrap().len(), 2 + (160_000 - 996) / 4);
    // A line that comes byte by byte is looked at so often that each byte is seen 16 times.
    let mut play = Play::tcp();
    play.up("ONE.\"");
    for _ in 0..60_000 {
        play.up("a");
    }
    let reads = play.noted().matches('+').count();
    assert!((1_000..6_000).contains(&reads), "{reads}");
    // It is read all the same, at the latest at the end.
    play.up(".");
    play.end();
    let lines = play.noted().matches("aa.@").count();
    assert_eq!(lines, 1);
}

proptest! {
    /// However two sides' bytes are cut into packets, parsers note the same of each direction.
    #[test]
    fn cuts_do_not_matter(
        up in message(), down in message(),
        cuts in prop::collection::vec((any::<bool>(), 1_usize..12), 0..80),
    ) {
        let texts = [format!("ONE.{up}"), down];
        let mut whole = Play::tcp();
        whole.up(&texts[0]).down(&texts[1]).end();
        let mut parts = Play::tcp();
        let mut rest = [&texts[0][..], &texts[1][..]];
        for (is_down, len) in cuts {
            let rest = &mut rest[usize::from(is_down)];
            let (part, after) = rest.split_at(len.min(rest.len()));
            parts.say(if is_down { DOWN } else { UP }, part);
            *rest = after;
        }
        parts.up(rest[0]).down(rest[1]).end();
        for arrow in ['>', '<'] {
            let of = |play: &Play| {
                let log = play.log.lock().unwrap();
                let own = log.iter().filter(|note| note.as_bytes()[3] == arrow as u8);
                let lines = own.filter(|note| !note.ends_with('+'));
                lines.map(|note| note.split('@').next().unwrap().to_owned()).collect::<Vec<_>>()
            };
            prop_assert_eq!(of(&whole), of(&parts));
        }
    }

    /// Whatever is said, lost, and repeated, memory is accounted for and no more than allowed.
    #[test]
    fn any_conversation_is_bounded(
        steps in prop::collection::vec(
            (any::<bool>(), 0_u32..30, "[mpbfgrs0n\"TWOE.z01~]{0,12}", 0_u8..4), 0..60,
        ),
        begin in prop::sample::select(vec!["ONE.", "TWO.", "ONE~", ""]),
    ) {
        let limits = Limits {
            stream_bytes_max: 600,
            message_bytes_max: 100,
            probe_bytes_max: 20,
            ..Limits::default()
        };
        let mut play = Play::new(Transport::Tcp, [9, 9], limits);
        play.up(begin);
        for (is_down, ahead, text, flags) in steps {
            let direction = if is_down { DOWN } else { UP };
            play.at(direction, ahead / 10, &text, flags & FIN);
            if flags & 2 == 0 {
                play.next[direction.index()] += text.len() as u32;
            }
            prop_assert!(play.shared.bytes <= 2 * (600 + 10 * 1024));
        }
        play.end();
    }
}

/// Messages, lines and bytes to be passed over.
fn message() -> impl Strategy<Value = String> {
    let body = "[a-z]{0,20}".prop_map(|body| format!("m{:03}{body}", body.len()));
    let pass = "[a-z]{0,20}".prop_map(|body| format!("p{:03}{body}", body.len()));
    let line = "[a-z]{0,20}".prop_map(|body| format!("\"{body}."));
    prop::collection::vec(prop_oneof![body, pass, line], 0..12).prop_map(|parts| parts.concat())
}
