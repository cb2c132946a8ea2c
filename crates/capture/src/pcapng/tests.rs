//! Every block of pcapng, every prefix, every impossible block, every limit.

use std::net::IpAddr;

use flowloom_schema::{LinkType, Timestamp};

use crate::testing::{
    Seen, Writer, block, enhanced, frame, interface, open, pcap, pcapng, read, read_whole,
    read_with, sample, section,
};
use crate::{Comment, Facts, Format, Limits, Name, RawOption, Resolution, Section, Statistics};

fn damage(bytes: &[u8]) -> (usize, String) {
    let (frames, facts) = read(bytes);
    (frames.len(), facts.damage.map(|damage| damage.text).unwrap_or_default())
}

/// A section with one interface and one frame, and then a block.
fn after_a_frame(then: &[u8]) -> Vec<u8> {
    let frame = enhanced(false, 0, 1, 4, b"good", &[]);
    [&section(false, &[])[..], &interface(false, 1, 0, &[]), &frame, then].concat()
}

#[test]
fn the_same_frames_as_pcap() {
    let frames = sample(50);
    assert_eq!(read_whole(&pcapng(&frames)), frames);
    assert_eq!(read_whole(&pcap(&frames)), frames);
}

#[test]
fn sections_have_their_own_byte_order_and_interfaces() {
    let nanoseconds = Writer::new(true).option(9, &[9]).bytes;
    let bytes = [
        section(false, &[]),
        interface(false, 1, 0, &[]),
        enhanced(false, 0, 5, 4, b"aaaa", &[]),
        section(true, &[]),
        interface(true, 101, 0, &[]),
        interface(true, 228, 0, &nanoseconds),
        enhanced(true, 1, 6, 4, b"bbbb", &[]),
        enhanced(true, 0, 7, 4, b"cccc", &[]),
    ]
    .concat();
    let (frames, facts) = read(&bytes);
    let seen = |time, link, interface, data: &[u8]| Seen {
        link: LinkType(link),
        interface,
        ..frame(time, 4, data)
    };
    assert_eq!(
        frames,
        [seen(5_000, 1, 0, b"aaaa"), seen(6, 228, 2, b"bbbb"), seen(7_000, 101, 1, b"cccc")]
    );
    assert_eq!(facts.format, Format::Pcapng);
    assert_eq!(facts.sections.len(), 2);
    let places: Vec<_> = facts.interfaces.iter().map(|known| (known.section, known.id)).collect();
    assert_eq!(places, [(0, 0), (1, 0), (1, 1)]);
}

#[test]
fn resolution_and_offset_of_an_interface_are_applied() {
    let cases = [
        (Writer::new(false).option(9, &[3]), 7_000_000),
        (Writer::new(false).option(9, &[0x81]), 3_500_000_000),
        (Writer::new(false).option(14, &100_i64.to_le_bytes()), 100_000_007_000),
        (Writer::new(false).option(14, &(-1_i64).to_le_bytes()), -999_993_000),
    ];
    for (options, time) in cases {
        let bytes = [
            section(false, &[]),
            interface(false, 1, 0, &options.bytes),
            enhanced(false, 0, 7, 1, b"x", &[]),
        ];
        assert_eq!(read_whole(&bytes.concat()), [frame(time, 1, b"x")]);
    }
}

#[test]
fn absurd_times_become_the_nearest_possible_which_is_said_once() {
    let seconds = Writer::new(false).option(9, &[0]).bytes;
    let bytes = [
        section(false, &[]),
        interface(false, 1, 0, &seconds),
        enhanced(false, 0, 1, 1, b"x", &[]),
        enhanced(false, 0, u64::MAX, 1, b"x", &[]),
        enhanced(false, 0, u64::MAX, 1, b"x", &[]),
    ];
    let (frames, facts) = read(&bytes.concat());
    let times = frames.iter().map(|frame| frame.time).collect::<Vec<_>>();
    assert_eq!(times, [1_000_000_000, i64::MAX, i64::MAX]);
    let warned = facts.warnings.iter().map(|warning| warning.frame).collect::<Vec<_>>();
    assert_eq!(warned, [2], "{:?}", facts.warnings);
}

#[test]
fn simple_packets_are_cut_by_the_snap_length_and_have_the_time_before() {
    let simple = |original: u32, data: &[u8]| {
        block(false, 3, &Writer::new(false).u32(original).padded(data).bytes)
    };
    let bytes = [
        section(false, &[]),
        interface(false, 1, 5, &[]),
        simple(3, b"abc"),
        enhanced(false, 0, 9, 4, b"good", &[]),
        simple(60, b"cut55"),
    ];
    let (frames, facts) = read(&bytes.concat());
    assert_eq!(frames, [frame(0, 3, b"abc"), frame(9_000, 4, b"good"), frame(9_000, 60, b"cut55")]);
    assert_eq!(facts.warnings.len(), 1, "said once: {:?}", facts.warnings);
    let unlimited = [section(false, &[]), interface(false, 1, 0, &[]), simple(6, b"abcdef")];
    assert_eq!(read_whole(&unlimited.concat()), [frame(0, 6, b"abcdef")]);
}

#[test]
fn obsolete_packets_are_frames_too() {
    for big in [false, true] {
        let body = Writer::new(big).u16(1).u16(99).u32(0).u32(3).u32(5).u32(60).padded(b"obsol");
        let bytes = [
            section(big, &[]),
            interface(big, 1, 0, &[]),
            interface(big, 1, 0, &[]),
            block(big, 2, &body.bytes),
        ];
        let expected = Seen { interface: 1, ..frame(3_000, 60, b"obsol") };
        assert_eq!(read_whole(&bytes.concat()), [expected]);
    }
}

#[test]
fn what_blocks_say_besides_frames_is_in_facts() {
    let of_section = Writer::new(true)
        .option(1, b"of the section")
        .option(2, b"a machine")
        .option(3, b"an OS\0")
        .option(4, b"a program")
        .option(0, &[]);
    let of_interface = Writer::new(true)
        .option(2, b"eth0")
        .option(3, b"the first")
        .option(11, b"\0tcp port 80")
        .option(12, b"Linux")
        .option(9, &[9])
        .option(14, &5_i64.to_be_bytes());
    let names = Writer::new(true)
        .option(1, &[&[192, 0, 2, 1][..], b"one.example\0uno.example\0"].concat())
        .option(2, &[&[0x20; 16][..], b"two.example\0"].concat())
        .option(3, b"\0\0\0\0\0\0a MAC address\0")
        .option(0, &[])
        .option(1, b"of names");
    let counts = Writer::new(true)
        .u32(0)
        .u64(0)
        .option(4, &10_u64.to_be_bytes())
        .option(5, &1_u64.to_be_bytes())
        .option(8, &9_u64.to_be_bytes());
    let secrets = Writer::new(true).u32(0x544c_534b).u32(7).padded(b"CLIENT_");
    let bytes = [
        section(true, &of_section.bytes),
        interface(true, 1, 96, &of_interface.bytes),
        block(true, 4, &names.bytes),
        block(true, 10, &secrets.bytes),
        enhanced(true, 0, 1, 1, b"x", &Writer::new(true).option(1, b"of the frame").bytes),
        block(true, 0xbad, b"\0\0\0\x2aa custom one"),
        block(true, 5, &counts.bytes),
    ];
    let (frames, facts) = read(&bytes.concat());
    assert_eq!(frames.len(), 1);
    assert_facts(&facts);
}

fn assert_facts(facts: &Facts) {
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(facts.damage, None);
    assert_eq!(facts.warnings, []);
    assert_eq!(
        facts.sections,
        [Section {
            hardware: text("a machine"),
            os: text("an OS"),
            application: text("a program"),
            options: vec![RawOption { code: 1, value: b"of the section".to_vec() }],
        }]
    );
    let [interface] = &facts.interfaces[..] else { panic!("{:?}", facts.interfaces) };
    assert_eq!(interface.name, text("eth0"));
    assert_eq!(interface.description, text("the first"));
    assert_eq!(interface.filter, text("tcp port 80"));
    assert_eq!(interface.os, text("Linux"));
    assert_eq!(interface.snap_len, 96);
    assert_eq!(interface.resolution, Resolution::NANOSECONDS);
    assert_eq!(interface.offset_seconds, 5);
    let statistics = Statistics {
        at: Timestamp(5_000_000_000),
        received: Some(10),
        dropped: Some(1),
        delivered: Some(9),
        ..<_>::default()
    };
    assert_eq!(interface.statistics, Some(statistics));
    let comment = |frame, of: &str| Comment { frame, text: of.to_owned() };
    assert_eq!(
        facts.comments,
        [comment(0, "of the section"), comment(0, "of names"), comment(1, "of the frame")]
    );
    let name = |address: IpAddr, name: &str| Name { address, name: name.to_owned() };
    let v6 = IpAddr::from([0x20; 16]);
    assert_eq!(
        facts.names,
        [
            name([192, 0, 2, 1].into(), "one.example"),
            name([192, 0, 2, 1].into(), "uno.example"),
            name(v6, "two.example")
        ]
    );
    assert_eq!(facts.secrets.len(), 1);
    assert_eq!(
        (facts.secrets[0].kind, &facts.secrets[0].bytes[..]),
        (0x544c_534b, &b"CLIENT_"[..])
    );
    assert!(!format!("{facts:?}").contains("CLIENT_"), "secrets are not printed");
    assert_eq!(facts.blocks_skipped, 1);
}

#[test]
fn every_prefix_gives_the_frames_that_are_whole_in_it() {
    let frames = sample(7);
    let bytes = pcapng(&frames);
    let ends: Vec<usize> = (0..=frames.len()).map(|n| pcapng(&frames[..n]).len()).collect();
    let section_end = section(false, &[]).len();
    for len in 4..bytes.len() {
        let (read, facts) = read(&bytes[..len]);
        let whole = ends.iter().filter(|&&end| end <= len).count().saturating_sub(1);
        assert_eq!(read, frames[..whole], "{len} bytes");
        let is_whole = ends.contains(&len) || len == section_end;
        assert_eq!(facts.damage.is_none(), is_whole, "{len} bytes: {:?}", facts.damage);
        if let Some(damage) = facts.damage {
            assert_eq!(damage.frame, whole as u64 + 1, "{len} bytes");
        }
    }
    for len in 0..4 {
        assert!(open(&bytes[..len], Limits::default()).is_err());
    }
}

#[test]
fn impossible_blocks_end_the_reading() {
    let data = Writer::new(false).u32(0).u32(0).u32(0).u32(5).u32(5).padded(b"data").bytes;
    let version = Writer::new(false).u32(0x1a2b_3c4d).u16(2).u16(0).u64(0).bytes;
    let with_len = |kind: u32, len: u32| Writer::new(false).u32(kind).u32(len).u64(0).bytes;
    let mut unequal = block(false, 7, b"body");
    unequal[12] = 20;
    let cases = [
        (
            enhanced(false, 1, 0, 0, b"", &[]),
            "the record is of interface 1, but its section has described 1",
        ),
        (block(false, 6, &data), "the record claims 5 captured bytes, but its block has 4"),
        (block(false, 6, b"shor"), "enhanced packet block of 16 bytes is too short for its fields"),
        (block(false, 2, b"shor"), "packet block of 16 bytes is too short for its fields"),
        (block(false, 3, b""), "simple packet block of 12 bytes is too short for its fields"),
        (
            block(false, 1, b"shor"),
            "interface description block of 16 bytes is too short for its fields",
        ),
        (with_len(7, 8), "block type 0x00000007 claims a length of 8"),
        (with_len(7, 15), "block type 0x00000007 is 15 bytes long at its front, 0 at its end"),
        (
            with_len(7, 0xffff_fffc),
            "block type 0x00000007 claims 4294967292 bytes, more than the 16777216 a block can have",
        ),
        (unequal, "block type 0x00000007 is 16 bytes long at its front, 20 at its end"),
        (block(false, 0x0a0d_0d0a, &version), "the section has version 2.0, not 1.0"),
        (
            block(false, 0x0a0d_0d0a, b"\x01\x02\x03\x04"),
            "the section header has byte-order magic [01, 02, 03, 04]",
        ),
    ];
    for (then, text) in cases {
        let (frames, damage) = damage(&after_a_frame(&then));
        assert_eq!(frames, 1, "{text}");
        assert_eq!(damage, text);
    }
}

#[test]
fn a_captured_length_that_cannot_be_padded_ends_the_reading() {
    let mut bytes = enhanced(false, 0, 1, 4, b"evil", &[]);
    bytes[20..24].copy_from_slice(&[0xfe, 0xff, 0xff, 0xff]);
    let text = "the record claims 4294967294 captured bytes, but its block has 4";
    assert_eq!(damage(&after_a_frame(&bytes)), (1, text.to_owned()));
}

#[test]
fn a_block_length_without_its_padding_is_understood() {
    let mut odd = enhanced(false, 0, 2, 5, b"12345", &[]);
    let len = odd.len();
    for at in [4, len - 4] {
        odd[at] -= 3;
    }
    let then = [odd, enhanced(false, 0, 3, 1, b"x", &[])].concat();
    let frames = read_whole(&after_a_frame(&then));
    assert_eq!(frames[1..], [frame(2_000, 5, b"12345"), frame(3_000, 1, b"x")]);
}

#[test]
fn an_interface_of_the_section_before_is_gone() {
    let frame = enhanced(false, 0, 0, 0, b"", &[]);
    let bytes = after_a_frame(&[section(false, &[]), frame].concat());
    assert_eq!(
        damage(&bytes),
        (1, "the record is of interface 0, but its section has described 0".to_owned())
    );
}

#[test]
fn a_frame_longer_than_any_ends_the_reading() {
    let long = enhanced(false, 0, 0, 9, b"123456789", &[]);
    let bytes = after_a_frame(&long);
    assert_eq!(read_with(&bytes, Limits { frame_bytes_max: 9, ..<_>::default() }).0.len(), 2);
    let (frames, facts) = read_with(&bytes, Limits { frame_bytes_max: 8, ..<_>::default() });
    assert_eq!(frames.len(), 1);
    assert_eq!(
        facts.damage.unwrap().text,
        "the record claims 9 captured bytes, more than the 8 a frame can have"
    );
}

#[test]
fn odd_notes_are_warnings_and_reading_goes_on() {
    let cut_option = Writer::new(false).u16(1).u16(100).raw(b"abcd").bytes;
    let cases = [
        (enhanced(false, 0, 0, 1, b"x", &cut_option), "an option is longer than its block"),
        (block(false, 4, &cut_option), "a name resolution block ends within a record"),
        (block(false, 5, b"shor"), "an interface statistics block is too short"),
        (block(false, 5, &[9; 12]), "statistics of interface 151587081, which is not described"),
        (block(false, 10, &[9; 12]), "a decryption secrets block is shorter than its secrets"),
    ];
    for (odd, text) in cases {
        let then = [odd, enhanced(false, 0, 2, 4, b"last", &[])].concat();
        let (frames, facts) = read(&after_a_frame(&then));
        assert_eq!(frames.last(), Some(&frame(2_000, 4, b"last")));
        assert_eq!(facts.damage, None);
        let [warning] = &facts.warnings[..] else { panic!("{:?}", facts.warnings) };
        assert_eq!(warning.text, text);
        assert_eq!((warning.frame, warning.offset), (2, after_a_frame(&[]).len() as u64));
    }
}

#[test]
fn interfaces_have_a_limit() {
    let bytes = after_a_frame(&interface(false, 1, 0, &[]));
    let limits = |interfaces_max| Limits { interfaces_max, ..Limits::default() };
    assert_eq!(read_with(&bytes, limits(2)).1.damage, None);
    let (frames, facts) = read_with(&bytes, limits(1));
    assert_eq!(frames.len(), 1);
    assert_eq!(facts.damage.unwrap().text, "more than 1 interfaces");
}

#[test]
fn comments_and_other_texts_have_a_limit() {
    let comment = Writer::new(false).option(1, b"0123456789").bytes;
    let frames: Vec<u8> = (0..10).flat_map(|_| enhanced(false, 0, 2, 1, b"x", &comment)).collect();
    let bytes = after_a_frame(&frames);
    // The section takes 64, each comment 74.
    let limits = Limits { notes_bytes_max: 64 + 3 * 74, ..Limits::default() };
    let (frames, facts) = read_with(&bytes, limits);
    assert_eq!(frames.len(), 11);
    assert_eq!((facts.comments.len(), facts.notes_dropped), (3, 7));
}

#[test]
fn secrets_have_a_limit() {
    let secret = block(false, 10, &Writer::new(false).u32(1).u32(8).raw(b"secret..").bytes);
    let bytes = after_a_frame(&[&secret[..], &secret, &secret].concat());
    let limits = Limits { secrets_bytes_max: 2 * 72, ..Limits::default() };
    let (_, facts) = read_with(&bytes, limits);
    assert_eq!((facts.secrets.len(), facts.secrets_dropped), (2, 1));
}

#[test]
fn warnings_have_a_limit() {
    let odd = block(false, 5, b"shor");
    let limits = Limits { warnings_max: 2, ..Limits::default() };
    let (_, facts) = read_with(&after_a_frame(&odd.repeat(5)), limits);
    assert_eq!((facts.warnings.len(), facts.warnings_dropped), (2, 3));
}
