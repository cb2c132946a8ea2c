//! Header blocks of RFC 7541, and broken ones.

use proptest::prelude::*;

use super::{Broken, Decoder, ENTRY_OVERHEAD, SIZE_MAX, integer};
use crate::Cursor;
use crate::http::two::tests::unhex;

type Fields = Vec<(String, String)>;

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<(Fields, bool), Broken> {
    let mut fields = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let is_whole =
        decoder.decode(block, &mut |name, value| fields.push((text(name), text(value))))?;
    Ok((fields, is_whole))
}

fn check(decoder: &mut Decoder, hex: &str, wanted: &[(&str, &str)], size: usize) {
    let (fields, is_whole) = decode(decoder, &unhex(hex)).unwrap();
    let fields: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!((&fields[..], is_whole), (wanted, true));
    assert_eq!(decoder.size, size);
}

#[test]
fn integers_are_those_of_appendix_c_1() {
    let read = |bytes: &[u8], bits| integer(&mut Cursor::new(bytes), bits);
    assert_eq!(read(&[0b1110_1010], 5), Some(10));
    assert_eq!(read(&[0b0001_1111, 0b1001_1010, 0b0000_1010], 5), Some(1337));
    assert_eq!(read(&[42], 7), Some(42));
    assert_eq!(read(&[0x1f, 0x80, 0x80, 0x80, 0x80, 0], 5), None, "too long");
    assert_eq!(read(&[0x1f, 0xff, 0xff, 0xff, 0x7f], 5), Some((1 << 28) - 1 + 31));
    assert_eq!(read(&[0x1f], 5), None);
    assert_eq!(read(&[], 5), None);
}

#[test]
fn single_fields_are_those_of_appendix_c_2() {
    let custom = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    check(&mut Decoder::default(), custom, &[("custom-key", "custom-header")], 55);
    check(
        &mut Decoder::default(),
        "040c 2f73 616d 706c 652f 7061 7468",
        &[(":path", "/sample/path")],
        0,
    );
    let never = "1008 7061 7373 776f 7264 0673 6563 7265 74";
    check(&mut Decoder::default(), never, &[("password", "secret")], 0);
    check(&mut Decoder::default(), "82", &[(":method", "GET")], 0);
}

#[test]
fn requests_are_those_of_appendices_c_3_and_c_4() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let huffman = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    let host = (":authority", "www.example.com");
    let first = [(":method", "GET"), (":scheme", "http"), (":path", "/"), host];
    let second = [&first[..], &[("cache-control", "no-cache")]].concat();
    let third = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        host,
        ("custom-key", "custom-value"),
    ];
    for blocks in [plain, huffman] {
        let mut decoder = Decoder::default();
        check(&mut decoder, blocks[0], &first, 57);
        check(&mut decoder, blocks[1], &second, 110);
        check(&mut decoder, blocks[2], &third, 164);
    }
}

#[test]
fn responses_are_those_of_appendices_c_5_and_c_6() {
    let plain = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
         2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
         6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
         54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
         5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
         3d31",
    ];
    let huffman = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
         77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
         9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    let control = ("cache-control", "private");
    let date = ("date", "Mon, 21 Oct 2013 20:13:21 GMT");
    let location = ("location", "https://www.example.com");
    let cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    for blocks in [plain, huffman] {
        // So small that entries are evicted.
        let mut decoder = Decoder { size_max: 256, ..Decoder::default() };
        check(&mut decoder, blocks[0], &[(":status", "302"), control, date, location], 222);
        check(&mut decoder, blocks[1], &[(":status", "307"), control, date, location], 222);
        let third = [
            (":status", "200"),
            control,
            ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
            location,
            ("content-encoding", "gzip"),
            ("set-cookie", cookie),
        ];
        check(&mut decoder, blocks[2], &third, 215);
    }
}

#[test]
fn updates_of_the_size_evict_and_are_bounded() {
    let mut decoder = Decoder::default();
    check(&mut decoder, "4001 6101 62", &[("a", "b")], 34);
    check(&mut decoder, "20", &[], 0);
    assert_eq!(decode(&mut decoder, &[0xbe]), Err(Broken), "it is not there any more");
    check(&mut decoder, "3fffffff3f", &[], 0);
    assert_eq!(decoder.size_max, SIZE_MAX);
    // An entry larger than the table empties it.
    check(&mut decoder, "3f03 4001 6101 62", &[("a", "b")], 34);
    check(&mut decoder, "4002 6161 0162", &[("aa", "b")], 0);
}

#[test]
fn what_was_said_before_the_capture_is_unknown_and_no_error() {
    let mut decoder = Decoder::default();
    decoder.forget();
    let (fields, is_whole) =
        decode(&mut decoder, &unhex("82 be 4001 6101 62 be bf 7f00 0163")).unwrap();
    let known = [(":method", "GET"), ("a", "b"), ("a", "b")];
    assert!(fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).eq(known));
    assert!(!is_whole);
}

#[test]
fn truncated_and_broken_blocks_end_without_harm() {
    let whole = unhex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff40 0161 0162");
    for len in 0..whole.len() {
        let _ = decode(&mut Decoder::default(), &whole[..len]);
    }
    for broken in ["80", "be", "ff808080808000", "4001", "418c", "0081ff", "417fffffff7f"] {
        assert_eq!(decode(&mut Decoder::default(), &unhex(broken)), Err(Broken), "{broken}");
    }
}

#[test]
fn small_blocks_do_not_make_large_lists() {
    let mut decoder = Decoder::default();
    let large = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'x'; 4_000]].concat();
    assert_eq!(decode(&mut decoder, &large).unwrap().0[0].1.len(), 4_000);
    let (fields, is_whole) = decode(&mut decoder, &vec![0xbe; 100_000]).unwrap();
    assert!(fields.len() < 100 && !is_whole);
    // Each entry takes its name from the one before it, which is evicted for it.
    decode(&mut decoder, &[0x7e, 0].repeat(100_000)).unwrap();
    assert!(decoder.size <= decoder.size_max);
}

proptest! {
    #[test]
    fn any_bytes_leave_a_table_within_its_size(blocks: Vec<Vec<u8>>, is_late: bool) {
        let mut decoder = Decoder::default();
        if is_late {
            decoder.forget();
        }
        for block in blocks {
            let _ = decode(&mut decoder, &block);
            prop_assert!(decoder.size <= decoder.size_max);
            let sizes: usize = decoder.entries.iter().map(super::Entry::size).sum();
            prop_assert_eq!(sizes, decoder.size);
            prop_assert!(decoder.entries.len() * ENTRY_OVERHEAD <= SIZE_MAX);
        }
    }
}
