//! Every field of the classic format, every prefix, every impossible record.

use flowloom_schema::LinkType;

use crate::testing::{
    MICROS, MODIFIED, NANOS, Writer, drain, frame, open, pcap, pcap_header, pcap_record, read,
    read_whole, read_with, sample,
};
use crate::{Format, Limits, Resolution};

#[test]
fn both_byte_orders_and_resolutions_give_the_same_frame() {
    for big in [false, true] {
        for (magic, ticks) in [(MICROS, 123_456), (NANOS, 123_456_000)] {
            let mut bytes = pcap_header(big, magic, (2, 4), 1);
            bytes.extend(pcap_record(big, (1_700_000_000, ticks), 99, b"frame"));
            let expected = frame(1_700_000_000_123_456_000, 99, b"frame");
            assert_eq!(read_whole(&bytes), [expected], "{big} {magic:x}");
        }
    }
}

#[test]
fn the_file_header_is_said_in_facts() {
    let (_, facts) = read(&pcap_header(true, NANOS, (2, 4), 113));
    assert_eq!(facts.format, Format::Pcap);
    assert_eq!(facts.damage, None);
    assert_eq!(facts.bytes_read, 24);
    let [interface] = &facts.interfaces[..] else { panic!("{:?}", facts.interfaces) };
    assert_eq!(interface.link, LinkType::LINUX_SLL);
    assert_eq!(interface.snap_len, 65_535);
    assert_eq!(interface.resolution, Resolution::NANOSECONDS);
    let (_, facts) = read(&pcap_header(true, MICROS, (2, 4), 1));
    assert_eq!(facts.interfaces[0].resolution, Resolution::MICROSECONDS);
}

#[test]
fn records_of_the_modified_format_are_eight_bytes_longer() {
    let mut bytes = pcap_header(false, MODIFIED, (2, 4), 1);
    for data in [b"one", b"two"] {
        let header = Writer::new(false).u32(5).u32(6).u32(3).u32(60).u32(2).u16(0x800);
        bytes.extend(header.raw(&[0, 0]).raw(data).bytes);
    }
    let (frames, facts) = read(&bytes);
    assert_eq!(facts.format, Format::PcapModified);
    let time = 5_000_006_000;
    assert_eq!(frames, [frame(time, 60, b"one"), frame(time, 60, b"two")]);
}

#[test]
fn the_upper_half_of_the_link_type_is_not_link_type() {
    let mut bytes = pcap_header(false, MICROS, (2, 4), 0x5400_0000 | 127);
    bytes.extend(pcap_record(false, (0, 0), 1, b"x"));
    assert_eq!(read_whole(&bytes)[0].link, LinkType::IEEE802_11_RADIOTAP);
}

#[test]
fn old_versions_may_have_the_lengths_the_other_way_round() {
    for version in [(2, 2), (2, 3)] {
        let mut bytes = pcap_header(true, MICROS, version, 1);
        let swapped = Writer::new(true).u32(0).u32(0).u32(1_000).u32(4).raw(b"swap").bytes;
        bytes.extend(swapped);
        bytes.extend(pcap_record(true, (0, 0), 1_000, b"straight"));
        let frames = read_whole(&bytes);
        assert_eq!(frames, [frame(0, 1_000, b"swap"), frame(0, 1_000, b"straight")]);
    }
}

#[test]
fn other_versions_are_told() {
    let read = |version| {
        let mut bytes = pcap_header(false, MICROS, version, 1);
        bytes.extend(pcap_record(false, (0, 0), 1, b"x"));
        let (frames, facts) = read(&bytes);
        assert_eq!(frames, [frame(0, 1, b"x")]);
        facts.warnings.into_iter().map(|warning| warning.text).collect::<Vec<_>>()
    };
    assert_eq!(read((1, 4)), ["the format has version 1.4, which is read as version 2"]);
    assert_eq!(read((2, 5)), [""; 0]);
}

#[test]
fn the_original_length_is_what_the_file_says() {
    let mut bytes = pcap_header(false, MICROS, (2, 4), 1);
    bytes.extend(pcap_record(false, (0, 0), 3, b"captured"));
    assert_eq!(read_whole(&bytes), [frame(0, 3, b"captured")]);
}

#[test]
fn times_to_the_end_of_the_format_and_ticks_beyond_a_second() {
    let mut bytes = pcap_header(false, MICROS, (2, 4), 1);
    bytes.extend(pcap_record(false, (u32::MAX, u32::MAX), 0, b""));
    bytes.extend(pcap_record(false, (0, 999_999), 0, b""));
    bytes.extend(pcap_record(false, (0, 1_000_000), 0, b""));
    let expected = i64::from(u32::MAX) * 1_000_000_000 + i64::from(u32::MAX) * 1_000;
    let (frames, facts) = read(&bytes);
    assert_eq!(frames, [expected, 999_999_000, 1_000_000_000].map(|time| frame(time, 0, b"")));
    let [warning] = &facts.warnings[..] else { panic!("{:?}", facts.warnings) };
    assert_eq!((warning.frame, warning.offset), (1, 24), "it is said once");
}

#[test]
fn every_prefix_gives_the_frames_that_are_whole_in_it() {
    let frames = sample(9);
    let bytes = pcap(&frames);
    let ends: Vec<usize> = (0..=frames.len()).map(|n| pcap(&frames[..n]).len()).collect();
    for len in 4..bytes.len() {
        let (read, facts) = read(&bytes[..len]);
        let whole = ends.iter().filter(|&&end| end <= len).count().saturating_sub(1);
        assert_eq!(read, frames[..whole], "{len} bytes");
        if ends.contains(&len) {
            assert_eq!(facts.damage, None);
        } else {
            let damage = facts.damage.unwrap();
            assert_eq!(damage.frame, whole as u64 + 1);
            let begin = if len < 24 { 0 } else { ends[whole] };
            assert_eq!(damage.offset, begin as u64);
        }
    }
    for len in 0..4 {
        assert!(open(&bytes[..len], Limits::default()).is_err(), "{len} bytes are no magic number");
    }
}

#[test]
fn a_cut_record_says_what_it_needs() {
    let bytes = pcap(&[frame(0, 4, b"ABCD"), frame(1, 4, b"EFGH")]);
    let (_, facts) = read(&bytes[..bytes.len() - 1]);
    assert_eq!(
        facts.damage.unwrap().to_string(),
        "test, frame 2 at byte 44: the input is cut: the record needs 20 bytes, 19 are left"
    );
}

#[test]
fn a_record_longer_than_any_frame_ends_the_reading() {
    let mut bytes = pcap(&sample(3));
    let offset = bytes.len();
    bytes.extend(Writer::new(false).u32(0).u32(0).u32(262_145).u32(262_145).bytes);
    bytes.extend(vec![0; 300_000]);
    let (frames, facts) = read(&bytes);
    assert_eq!(frames, sample(3));
    let damage = facts.damage.unwrap();
    assert_eq!((damage.frame, damage.offset), (4, offset as u64));
    assert_eq!(
        damage.text,
        "the record claims 262145 captured bytes, more than the 262144 a frame can have"
    );
    let limits = Limits { frame_bytes_max: 262_145, ..Limits::default() };
    assert_eq!(read_with(&bytes, limits).0[3].data.len(), 262_145);
}

#[test]
fn messages_of_d_bus_may_be_longer_than_frames() {
    let mut bytes = pcap_header(false, MICROS, (2, 4), 231);
    bytes.extend(pcap_record(false, (0, 0), 300_000, &vec![7; 300_000]));
    assert_eq!(read_whole(&bytes)[0].data.len(), 300_000);
    let limits = Limits { record_bytes_max: 299_999, ..Limits::default() };
    assert!(read_with(&bytes, limits).1.damage.is_some());
}

#[test]
fn a_claim_of_bytes_allocates_none_of_them() {
    let mut bytes = pcap_header(false, MICROS, (2, 4), 1);
    bytes.extend(Writer::new(false).u32(0).u32(0).u32(900 << 20).u32(0).bytes);
    let limits = Limits { frame_bytes_max: 1 << 30, ..Limits::default() };
    let mut capture = open(&bytes, limits).unwrap();
    let mut block = crate::Block::default();
    assert!(!crate::Source::read(&mut capture, &mut block).unwrap());
    assert!(block.bytes.capacity() <= 8 << 20, "{}", block.bytes.capacity());
    assert!(drain(&mut capture).0.is_empty());
}
