//! What is written is read again as it was, by our reader, in every format and setting.

use flowloom_schema::{LinkType, Timestamp};
use proptest::prelude::*;

use super::{CaptureWriter, Encoder, Record, Scope, WriteError, WriteFormat, WriteSettings};
use crate::clock::Clock;
use crate::testing::{
    MICROS, Seen, Writer, block, enhanced, frame, interface, open, pcap, pcap_header, pcap_record,
    pcapng, read, read_whole, sample, section, snoop,
};
use crate::{Block, Facts, FrameOptions, Interface, Limits, Resolution, Source, Span};

const PCAP: WriteSettings =
    WriteSettings { format: WriteFormat::Pcap, resolution: None, scope: Scope::Whole };
const PCAPNG: WriteSettings = WriteSettings { format: WriteFormat::Pcapng, ..PCAP };

/// A capture, written again in blocks of some frames.
fn rewrite(
    bytes: &[u8],
    settings: WriteSettings,
    block_frames: usize,
) -> Result<Vec<u8>, WriteError> {
    let mut source = open(bytes, Limits { block_frames, ..Limits::default() }).unwrap();
    let mut writer = CaptureWriter::new(Vec::new(), settings);
    let mut block = Block::default();
    while source.read(&mut block).unwrap() {
        for at in 0..block.frames.len() {
            writer.write(source.facts(), &block.record(at).unwrap())?;
        }
    }
    writer.finish(source.facts())
}

fn rewritten(bytes: &[u8], settings: WriteSettings) -> Vec<u8> {
    rewrite(bytes, settings, 512).unwrap()
}

/// What is said of each frame besides its bytes: flags and comments.
fn said(bytes: &[u8]) -> Vec<(Option<u32>, Vec<Vec<u8>>)> {
    let mut source = open(bytes, Limits::default()).unwrap();
    let mut block = Block::default();
    let mut said = Vec::new();
    while source.read(&mut block).unwrap() {
        for at in 0..block.frames.len() {
            let options = block.options(at);
            said.push((options.flags(), options.comments().map(<[u8]>::to_vec).collect()));
        }
    }
    said
}

/// A capture with all that we know to write, and as we write it, in either byte order.
fn full(big: bool) -> Vec<u8> {
    let options = || Writer::new(big);
    let of_section = options()
        .option(2, b"a machine")
        .option(3, b"an OS")
        .option(4, b"a program")
        .option(1, b"of the section")
        .option(0, &[]);
    let speed = options().u64(1_000_000_000).bytes;
    let eth0 = options()
        .option(9, &[9])
        .option(11, b"\0tcp")
        .option(2, b"eth0")
        .option(3, b"the first")
        .option(12, b"an OS")
        .option(1, b"of eth0")
        .option(8, &speed)
        .option(0, &[]);
    let unused = options().option(0, &[]);
    let number = |number: u32| options().u32(number).bytes;
    let of_frame = options()
        .option(1, b"first")
        .option(2, &number(0x0000_0002))
        .option(4, &options().u64(7).bytes)
        .option(6, &number(3))
        .option(1, b"second")
        .option(2988, &[&number(32_473)[..], b"whatever"].concat())
        .option(0, &[]);
    let names = options().option(1, b"\xc0\x00\x02\x01example.org\0").option(0, &[]);
    let secrets = options().u32(0x544c_534b).u32(5).padded(b"keys\n");
    // The upper half of a time comes first.
    let time = |nanos: u64| options().u32((nanos >> 32) as u32).u32(nanos as u32).bytes;
    let at = 1_700_000_001_000_000_007;
    let statistics = options().u32(0).u32((at >> 32) as u32).u32(at as u32);
    let statistics = statistics
        .option(2, &time(1_700_000_000_000_000_001))
        .option(3, &time(at - 2))
        .option(4, &options().u64(9).bytes)
        .option(5, &options().u64(1).bytes)
        .option(1, b"at the end");
    [
        section(big, &of_section.bytes),
        interface(big, 1, 65_535, &eth0.bytes),
        interface(big, 101, 0, &unused.bytes),
        block(big, 10, &secrets.bytes),
        block(big, 4, &names.bytes),
        enhanced(big, 0, 1_700_000_000_123_456_789, 70, b"abcde", &of_frame.bytes),
        enhanced(big, 1, 1_700_000_000_123_457, 3, b"xyz", &[]),
        enhanced(big, 0, 1_700_000_000_123_456_788, 4, b"back", &[]),
        block(big, 5, &statistics.option(0, &[]).bytes),
    ]
    .concat()
}

#[test]
fn frames_come_back() {
    let frames = sample(200);
    for bytes in [pcap(&frames), pcapng(&frames), snoop(4, &frames)] {
        for settings in [PCAP, PCAPNG] {
            for block_frames in [1, 7, 512] {
                let written = rewrite(&bytes, settings, block_frames).unwrap();
                assert_eq!(read_whole(&written), frames);
            }
        }
    }
}

#[test]
fn a_capture_comes_back_byte_for_byte() {
    let pcapng = full(false);
    assert_eq!(rewritten(&pcapng, PCAPNG), pcapng);
    assert_eq!(rewritten(&full(true), PCAPNG), pcapng, "numbers are turned around");
    let nanos = pcap(&sample(30));
    assert_eq!(rewritten(&nanos, PCAP), nanos);
    let micros = pcap_header(false, MICROS, (2, 4), 113);
    let micros = [micros, pcap_record(false, (u32::MAX, 999_999), 9, b"abc")].concat();
    assert_eq!(rewritten(&micros, PCAP), micros);
    assert_eq!(rewritten(&rewritten(&micros, PCAPNG), PCAP), micros);
}

#[test]
fn times_that_we_cannot_say_are_written_as_they_were_read() {
    let options = |resolution: u8| Writer::new(false).option(9, &[resolution]).option(0, &[]).bytes;
    let bytes = [
        section(false, &[]),
        interface(false, 1, 0, &[]),
        interface(false, 1, 0, &options(12)),
        interface(false, 1, 0, &options(0xbf)),
        // In the year 586,524; of a picosecond; of 2^-63 s.
        enhanced(false, 0, u64::MAX - 1, 4, b"far!", &[]),
        enhanced(false, 1, 1_234_567_890_123_456_789, 4, b"fine", &[]),
        enhanced(false, 2, 0x1234_5678_9abc_def1, 4, b"more", &[]),
        enhanced(false, 0, 5, 4, b"last", &[]),
    ]
    .concat();
    let again = rewrite(&bytes, PCAPNG, 1).unwrap();
    let options_end = interface(false, 1, 0, &Writer::new(false).option(0, &[]).bytes);
    let expected = [section(false, &[]), options_end, bytes[28 + 20..].to_vec()].concat();
    assert_eq!(again, expected);
}

#[test]
fn sections_stay_sections() {
    let nanoseconds = Writer::new(true).option(9, &[9]).bytes;
    let bytes = [
        section(false, &Writer::new(false).option(4, b"one").bytes),
        interface(false, 1, 0, &[]),
        enhanced(false, 0, 5, 4, b"aaaa", &[]),
        section(false, &Writer::new(false).option(4, b"two, which is empty").bytes),
        section(true, &Writer::new(true).option(4, b"three").bytes),
        interface(true, 101, 0, &[]),
        interface(true, 228, 0, &nanoseconds),
        enhanced(true, 1, 6, 4, b"bbbb", &[]),
        interface(true, 101, 0, &[]),
        enhanced(true, 2, 7, 4, b"cccc", &[]),
        section(false, &[]),
        interface(false, 147, 0, &[]),
    ]
    .concat();
    let (frames, facts) = read(&bytes);
    for settings in [PCAPNG, WriteSettings { scope: Scope::Part, ..PCAPNG }] {
        let (again, facts_again) = read(&rewrite(&bytes, settings, 1).unwrap());
        assert_eq!(again, frames);
        let placeless = |facts: &Facts| {
            let interfaces = facts.interfaces.iter().cloned();
            let place = Span::default();
            interfaces
                .map(|own| Interface { section_at: place, at: place, ..own })
                .collect::<Vec<_>>()
        };
        assert_eq!(placeless(&facts_again), placeless(&facts));
        assert_eq!(facts_again.sections, facts.sections);
    }
}

#[test]
fn few_says_only_what_frames_need() {
    let few = WriteSettings { scope: Scope::Few, ..PCAPNG };
    let (_, whole) = read(&full(false));
    let mut source = open(&full(false), Limits::default()).unwrap();
    let mut read_block = Block::default();
    assert!(source.read(&mut read_block).unwrap());
    let mut encoder = Encoder::new(few);
    let mut bytes = Vec::new();
    encoder.frame(source.facts(), &read_block.record(1).unwrap(), &mut bytes).unwrap();
    encoder.finish(source.facts(), &mut bytes).unwrap();
    let (frames, facts) = read(&bytes);
    assert_eq!((frames.len(), facts.interfaces.len()), (1, 1));
    assert_eq!(facts.interfaces[0].link, whole.interfaces[1].link);
    assert!(facts.names.is_empty() && facts.secrets.is_empty());
    assert_eq!(facts.sections, whole.sections);
    // The second interface is described when its first frame comes, into the same file.
    encoder.frame(source.facts(), &read_block.record(0).unwrap(), &mut bytes).unwrap();
    let (frames, facts) = read(&bytes);
    assert_eq!(frames.iter().map(|frame| frame.interface).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(facts.interfaces[1].name.as_deref(), Some("eth0"));
}

#[test]
fn an_encoder_goes_on_where_it_was() {
    let frames = sample(50);
    for settings in [PCAP, PCAPNG] {
        let mut source = open(&pcapng(&frames), Limits::default()).unwrap();
        let mut block = Block::default();
        assert!(source.read(&mut block).unwrap());
        let mut encoder = Encoder::new(settings);
        let mut file = Vec::new();
        for at in 0..frames.len() {
            // As if the file was closed after every frame.
            let mut appended = Vec::new();
            encoder.frame(source.facts(), &block.record(at).unwrap(), &mut appended).unwrap();
            file.extend(appended);
            assert_eq!(read_whole(&file), frames[..=at]);
        }
    }
}

#[test]
fn comments_and_flags_stay_with_their_frames() {
    let bytes = full(true);
    let expected = said(&bytes);
    assert_eq!(expected[0], (Some(2), vec![b"first".to_vec(), b"second".to_vec()]));
    assert_eq!(expected[1..], [(None, vec![]), (None, vec![])]);
    assert_eq!(said(&rewrite(&bytes, PCAPNG, 1).unwrap()), expected);

    let mut source = open(&bytes, Limits::default()).unwrap();
    let mut block = Block::default();
    assert!(source.read(&mut block).unwrap());
    let mut writer = CaptureWriter::new(Vec::new(), PCAPNG);
    let record = block.record(0).unwrap();
    let quiet = Record { options: record.options.without_texts(), ..record };
    let with_one_more = Record { comment: Some("third"), ..record };
    let only = Record { options: FrameOptions::default(), comment: Some("only"), ..record };
    for record in [quiet, with_one_more, only] {
        writer.write(source.facts(), &record).unwrap();
    }
    let written = said(&writer.finish(source.facts()).unwrap());
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    assert_eq!(
        written,
        [
            (Some(2), vec![]),
            (Some(2), texts(&["first", "second", "third"])),
            (None, texts(&["only"]))
        ]
    );
}

#[test]
fn a_text_longer_than_an_option_is_cut() {
    let facts = facts_of(&[Interface { link: LinkType::ETHERNET, ..Interface::default() }]);
    let long = "x".repeat(100_000);
    let record = Record { comment: Some(&long), ..record(0, 0, b"a") };
    let mut writer = CaptureWriter::new(Vec::new(), PCAPNG);
    writer.write(&facts, &record).unwrap();
    let said = said(&writer.finish(&facts).unwrap());
    assert_eq!(said[0].1[0].len(), 65_535);
}

#[test]
fn captures_without_frames_have_their_headers() {
    for bytes in [pcap(&[]), pcapng(&[]), full(false)[..28].to_vec()] {
        for settings in [PCAP, PCAPNG, WriteSettings { scope: Scope::Few, ..PCAPNG }] {
            let (frames, facts) = read(&rewrite(&bytes, settings, 1).unwrap_or_default());
            assert!(frames.is_empty() && facts.damage.is_none());
        }
    }
}

fn facts_of(interfaces: &[Interface]) -> Facts {
    Facts { interfaces: interfaces.to_vec(), ..Facts::default() }
}

fn record(time: i64, interface: u16, data: &[u8]) -> Record<'_> {
    let options = FrameOptions::default();
    let original = data.len() as u32;
    Record { time: Timestamp(time), ticks: None, original, data, interface, options, comment: None }
}

/// Why frames of these times and interfaces cannot be written, if so.
fn refusal(settings: WriteSettings, facts: &Facts, frames: &[(i64, u16)]) -> Option<WriteError> {
    let mut encoder = Encoder::new(settings);
    let mut out = Vec::new();
    for &(time, interface) in frames {
        let before = out.clone();
        if let Err(error) = encoder.frame(facts, &record(time, interface, b"x"), &mut out) {
            assert_eq!(out, before, "nothing of what cannot be written is there");
            return Some(error);
        }
    }
    None
}

#[test]
fn what_pcap_cannot_say_is_refused() {
    let ethernet = Interface { link: LinkType::ETHERNET, ..Interface::default() };
    let raw = Interface { link: LinkType::RAW, ..Interface::default() };
    let named = Interface { name: Some("eth1".into()), ..ethernet.clone() };
    let nanos = Interface { resolution: Resolution::NANOSECONDS, ..ethernet.clone() };
    let facts = facts_of(&[ethernet.clone(), raw, named, nanos, ethernet]);
    assert!(refusal(PCAP, &facts, &[(0, 0), (1_000, 4), (2_000, 3)]).is_none());
    let refused = |frames: &[(i64, u16)]| refusal(PCAP, &facts, frames).unwrap();
    assert!(matches!(refused(&[(0, 0), (0, 1)]), WriteError::Links(..)));
    let error = refused(&[(0, 0), (0, 2)]);
    assert!(matches!(error, WriteError::Interfaces(..)));
    assert!(error.to_string().contains("hint: write pcapng"), "{error}");
    assert!(matches!(refused(&[(0, 0), (1, 3)]), WriteError::Resolution));
    assert!(matches!(refused(&[(-1, 0)]), WriteError::Time(_)));
    assert!(matches!(refused(&[(1_i64 << 62, 0)]), WriteError::Time(_)));
    assert!(matches!(refused(&[(0, 9)]), WriteError::NoInterface(9)));
    let micros = WriteSettings { resolution: Some(Resolution::MICROSECONDS), ..PCAP };
    assert!(refusal(micros, &facts, &[(1_999, 3)]).is_none());
}

/// In the header of a pcap, beside the link type; in pcapng, an option.
#[test]
fn lengths_of_check_sequences_are_kept() {
    for (told, bits) in [(0x2400_0000_u32, Some(32)), (0x1400_0000, Some(16)), (0, None)] {
        let pcap =
            [pcap_header(false, MICROS, (2, 4), told | 1), pcap_record(false, (1, 2), 4, b"abcd")];
        let pcap = pcap.concat();
        let (_, facts) = read(&pcap);
        assert_eq!(facts.interfaces[0].link, LinkType::ETHERNET);
        let pcapng = rewritten(&pcap, PCAPNG);
        let (_, facts) = read(&pcapng);
        let option = facts.interfaces[0].options.iter().find(|option| option.code == 13);
        assert_eq!(option.map(|option| option.value.clone()), bits.map(|bits| vec![bits]));
        for source in [&pcap, &pcapng] {
            let again = rewritten(source, PCAP);
            assert_eq!(again[20..24], (told | 1).to_le_bytes(), "{told:x}");
        }
    }
}

#[test]
fn what_no_format_can_say_is_refused() {
    let unknown = Interface { link: LinkType(0x8001), ..Interface::default() };
    let facts = facts_of(&[unknown, Interface::default()]);
    for settings in [PCAP, PCAPNG] {
        assert!(matches!(refusal(settings, &facts, &[(0, 0)]), Some(WriteError::Link(_))));
    }
    assert!(matches!(refusal(PCAPNG, &facts, &[(0, 1), (-1, 1)]), Some(WriteError::Time(_))));
    assert!(matches!(refusal(PCAPNG, &facts, &[(0, 7)]), Some(WriteError::NoInterface(7))));
}

#[test]
fn many_interfaces_are_described_when_they_are_needed() {
    let count = 2_000_u16;
    let interfaces =
        (0..count).map(|i| interface(false, i % 200, u32::from(i), &[])).collect::<Vec<_>>();
    let frames = (0..count).rev().map(|i| {
        let data = i.to_le_bytes();
        enhanced(false, u32::from(i), 1, 2, &data, &[])
    });
    let frames = frames.collect::<Vec<_>>().concat();
    let bytes = [section(false, &[]), interfaces.concat(), frames].concat();
    let (expected, facts) = read(&bytes);
    for scope in [Scope::Whole, Scope::Few] {
        let (seen, again) = read(&rewrite(&bytes, WriteSettings { scope, ..PCAPNG }, 100).unwrap());
        for (seen, expected) in seen.iter().zip(&expected) {
            assert_eq!(seen.data, expected.data);
            let [of_seen, of_expected] = [(&again, seen), (&facts, expected)]
                .map(|(facts, frame)| facts.interfaces[usize::from(frame.interface)].snap_len);
            assert_eq!(of_seen, of_expected);
        }
        assert_eq!(seen.len(), expected.len());
    }
}

proptest! {
    /// Ticks and times are each other's inverse, as far as a clock's ticks are no longer than ours.
    #[test]
    fn every_clock_writes_what_it_reads(
        resolution: u8,
        offset in -4_000_000_000_i64..4_000_000_000,
        ticks: u64,
    ) {
        let clock = Clock::new(Resolution(resolution), offset);
        let time = clock.time(ticks);
        if time.0 != i64::MAX && time.0 != i64::MIN {
            let again = clock.ticks(time).map(|ticks| clock.time(ticks));
            prop_assert_eq!(again, Some(time));
        }
    }

    /// Any frames, of any resolution, come back from either format, or are refused.
    #[test]
    fn any_frames_come_back(
        times in prop::collection::vec((0..1_i64 << 61, 0..300_usize, 0..70_000_u32), 0..20),
        classic: bool,
    ) {
        let data = [0xa5; 300];
        let nanos = Interface {
            link: LinkType::ETHERNET,
            resolution: Resolution::NANOSECONDS,
            ..Interface::default()
        };
        let facts = facts_of(&[nanos]);
        let mut writer = CaptureWriter::new(Vec::new(), if classic { PCAP } else { PCAPNG });
        let mut frames: Vec<Seen> = Vec::new();
        for (time, len, original) in times {
            let record = Record { original, ..record(time, 0, &data[..len]) };
            match writer.write(&facts, &record) {
                Ok(()) => frames.push(frame(time, original, &data[..len])),
                Err(error) => {
                    prop_assert!(classic && matches!(error, WriteError::Time(_)));
                    prop_assert!(time >= 1_000_000_000 << 32);
                }
            }
        }
        prop_assert_eq!(read_whole(&writer.finish(&facts).unwrap()), frames);
    }
}
