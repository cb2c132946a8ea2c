//! Every field of snoop, every prefix, every impossible record.

use flowloom_schema::LinkType;

use crate::testing::{Writer, frame, open, read, read_whole, sample, snoop};
use crate::{Format, Limits};

#[test]
fn frames_and_facts_are_read() {
    let frames = sample(20);
    let (read, facts) = read(&snoop(4, &frames));
    assert_eq!(read, frames);
    assert_eq!(facts.format, Format::Snoop);
    assert_eq!(facts.damage, None);
    assert_eq!(facts.interfaces[0].link, LinkType::ETHERNET);
}

#[test]
fn data_links_get_the_numbers_of_the_registry_or_their_own() {
    let cases = [(0, 1), (2, 6), (4, 1), (8, 10), (18, 123), (26, 242), (1, 0x8001), (9, 0x8009)];
    for (data_link, link) in cases {
        let frames = read_whole(&snoop(data_link, &[frame(0, 1, b"x")]));
        assert_eq!(frames[0].link, LinkType(link), "data link {data_link}");
    }
}

#[test]
fn every_prefix_gives_the_frames_that_are_whole_in_it() {
    let frames = sample(6);
    let bytes = snoop(4, &frames);
    let ends: Vec<usize> = (0..=frames.len()).map(|n| snoop(4, &frames[..n]).len()).collect();
    for len in 8..bytes.len() {
        let (read, facts) = read(&bytes[..len]);
        let whole = ends.iter().filter(|&&end| end <= len).count().saturating_sub(1);
        assert_eq!(read, frames[..whole], "{len} bytes");
        assert_eq!(facts.damage.is_none(), ends.contains(&len), "{len} bytes");
    }
}

#[test]
fn impossible_records_end_the_reading() {
    let good = snoop(4, &sample(2));
    let cases = [
        // Captured, record length.
        (4, 27, "the record claims a length of 27, with 4 captured bytes in it"),
        (4, u32::MAX, "the record claims a length of 4294967295, with 4 captured bytes in it"),
        (
            300_000,
            300_024,
            "the record claims 300000 captured bytes, more than the 262144 a frame can have",
        ),
    ];
    for (captured, record_len, text) in cases {
        let record = Writer::new(true).u32(4).u32(captured).u32(record_len).u32(0).u64(0);
        let (frames, facts) = read(&[&good[..], &record.bytes, &[0; 64]].concat());
        assert_eq!(frames, sample(2));
        assert_eq!(facts.damage.unwrap().text, text);
    }
}

#[test]
fn other_versions_are_refused_by_name() {
    let bytes = Writer::new(true).raw(b"snoop\0\0\0").u32(3).u32(4).bytes;
    assert_eq!(
        open(&bytes, Limits::default()).err().unwrap().to_string(),
        "test is not a capture: it is a snoop file of version 3, and only 2 is known"
    );
}
