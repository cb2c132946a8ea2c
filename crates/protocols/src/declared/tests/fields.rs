//! Every type of field, over messages that are whole, cut, and broken.

use std::ops::Range;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::{load, read_with, reading};
use crate::declared::run::read;
use crate::declared::{Library, Take, Value};

/// A protocol `p` with these fields and nothing else.
fn with(fields: &str) -> String {
    format!("name: p\nfields:\n{fields}")
}

#[test]
fn each_format_has_its_text() {
    for (size, format, bytes, value) in [
        (2, "uint", &[1, 2][..], "258"),
        (2, "uint, endian: little", &[1, 2], "513"),
        (8, "uint", &[255; 8], "18446744073709551615"),
        (1, "int", &[0xfe], "-2"),
        (3, "int, endian: little", &[0, 0, 0x80], "-8388608"),
        (6, "mac", &[0, 1, 2, 0xaa, 0xbb, 0xcc], r#""00:01:02:aa:bb:cc""#),
        (4, "ipv4", &[192, 0, 2, 1], r#""192.0.2.1""#),
        (16, "ipv6", &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], r#""2001:db8::1""#),
        (2, "hex", &[0xab, 0x0c], r#""ab0c""#),
        (2, "bytes", &[0xab, 0x0c], r#""ab0c""#),
        (3, "ascii", b"a\xff\"", r#""a\u{fffd}\"""#),
        (4, "string", "é\0\0".as_bytes(), r#""é""#),
        (3, "string", b"a\xff\n", "\"a\u{fffd}\\n\""),
        (3, "decimal", b"042", "42"),
    ] {
        let field = format!("- {{name: f, type: fixed, size: {size}, format: {format}}}");
        let value = value.replace(r"\u{fffd}", "\u{fffd}");
        assert_eq!(read_with(&with(&field), bytes), format!("p{{\"f\":{value}}}"), "{format}");
    }
}

#[test]
fn text_that_is_no_number_is_no_field() {
    let field =
        "- {name: f, type: fixed, size: 3, format: decimal}\n- {name: g, type: rest, format: hex}";
    assert_eq!(read_with(&with(field), b"4x2\x07"), r#"p{"g":"07"}"#);
}

#[test]
fn masked_bytes_are_unmasked_with_those_of_the_protocol() {
    let field = |rest: &str| {
        let fields = "- {name: _key, type: fixed, size: 2, format: hex}\n- {name: f, type: fixed, ";
        with(&format!("{fields}{rest}}}"))
    };
    let number = field("size: 2, format: uint, xor_offset: 0");
    assert_eq!(read_with(&number, &[1, 2, 0xff, 0x02]), r#"p{"f":65024}"#);
    // With bytes of its own, and with some that are not there.
    let address = field("size: 4, format: ipv4, xor_offset: 1");
    assert_eq!(read_with(&address, &[9, 192, 1, 2, 3, 4]), r#"p{"f":"193.3.1.7"}"#);
    assert_eq!(read_with(&field("size: 2, format: uint, xor_offset: 4"), &[1, 2, 3, 4]), "p{}");
    for (rest, reason) in [
        ("size: 2, format: hex, xor_offset: 0", "`xor_offset` goes with the formats"),
        ("size: 2, format: uint, xor_offset: 4097", "`xor_offset` is 4097, not from 0 to 4096"),
    ] {
        let error = load(&field(rest)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

/// One definition with every type of field, and a message for it.
const ALL: &str = r#"
name: all
header_size_field: header
total_length_field: total
fields:
  - {name: header, type: fixed, size: 1, format: uint}
  - {name: total, type: fixed, size: 1, format: uint}
  - type: bitfield
    group_size: 2
    fields: [{name: high, bits: 3}, {name: _unused, bits: 1}, {name: low, bits: 12}]
  - {name: variable, type: varint}
  - {name: sum, type: computed, expression: -(high + low) * 2 / 4 + position}
  - {name: text, type: length_prefixed, length_size: 1, format: string}
  - {name: nested, type: length_prefixed, length_size: ber, sub_protocol: pair}
  - {name: merged, type: length_prefixed, length_size: 2, length_includes_header: true, sub_protocol: single, merge: true}
  - {name: count, type: fixed, size: 1, format: uint}
  - {name: numbers, type: counted_list, count_field: count, size: 2, format: uint}
  - {name: pairs, type: counted_list, count_field: count, item_protocol: pair}
  - {name: sized, type: fixed, size_field: count, format: hex}
  - {name: line, type: until, delimiter: "\r\n", format: ascii}
  - {name: host, type: hardcoded, parser: dns_name}
  - {name: names, type: prefixed_list, list_length_size: 1, item_length_size: 1, item_format: ascii}
  - name: kinds
    type: prefixed_list
    list_length_size: 1
    type_size: 1
    item_length_size: 1
    type_mapping: {1: {name: kind_one, format: uint}}
    item_format: hex
  - {name: options, type: length_prefixed, length_size: 1, sub_protocol: options, merge: true}
  - {name: repeats, type: length_prefixed, length_size: 1, sub_protocol: repeats, merge: true}
next_protocol: {field: [sum, high], mapping: {5: inner}, default: p2}
parts:
  - name: pair
    fields: [{name: a, type: fixed, size: 1, format: uint}, {name: b, type: fixed, size: 1, format: uint}]
  - name: single
    fields: [{name: c, type: fixed, size: 1, format: uint}]
  - name: options
    fields:
      - name: option_types
        type: tlv
        type_size: 1
        length_size: 1
        align: 2
        type_mapping: {7: {name: seven, format: uint}, 8: pair}
  - name: repeats
    fields:
      - {name: each, type: repeat, sub_protocol: single, merge: true}
  - name: inner
    fields: [{name: last, type: rest, format: string}]
  - name: p2
    fields: [{name: other, type: rest, format: string}]
"#;

fn message() -> Vec<u8> {
    let mut message = vec![0, 0, 0xa0, 0x0c, 0x81, 0x01];
    message.extend(b"\x02hi");
    message.extend([0x81, 2, 3, 4]);
    message.extend([0, 3, 9]);
    message.extend([2, 0, 1, 1, 0, 5, 6, 7, 8, 0xbe, 0xef]);
    message.extend(b"a line\r\n");
    message.extend(b"\x03www\x02ex\0");
    message.extend(b"\x05\x01x\x02yz");
    message.extend([7, 1, 2, 1, 0, 5, 1, 0xcc]);
    message.extend([9, 7, 1, 42, 0, 8, 2, 1, 2, 9]);
    message.extend([3, 1, 2, 3]);
    message[0] = message.len() as u8;
    message.extend(b"tail");
    message[1] = message.len() as u8;
    message
}

#[test]
fn every_type_of_field_is_read() {
    let mut message = message();
    let (header, total) = (message[0], message[1]);
    message.extend(b"not of this message");
    let expected = format!(
        concat!(
            r#"all{{"header":{},"total":{},"high":5,"low":12,"variable":129,"sum":-2,"#,
            r#""text":"hi","nested":{{"a":3,"b":4}},"c":9,"count":2,"numbers":[1,256],"#,
            r#""pairs":[{{"a":5,"b":6}},{{"a":7,"b":8}}],"sized":"beef","line":"a line","#,
            r#""host":"www.ex","names":["x","yz"],"kind_one":256,"kinds":["cc"],"#,
            r#""option_types":[7,8],"seven":42,"pair":{{"a":1,"b":2}}}}"#,
        ),
        header, total
    );
    let read = read_with(ALL, &message);
    assert!(read.starts_with(expected.trim_end_matches('}')), "{read}\n{expected}");
}

#[test]
fn of_a_cut_message_there_is_what_was_there() {
    let message = message();
    let library = load(ALL).unwrap();
    let (program, start) = library.all().next().unwrap().program();
    let whole = read(program, start, &message);
    for len in 0..message.len() {
        let cut = read(program, start, &message[..len]);
        assert!(cut.layers.len() <= whole.layers.len());
        let fields = &cut.layers[0].1;
        assert!(fields.len() <= whole.layers[0].1.len(), "cut at {len}");
        for (name, _) in fields.iter() {
            assert!(whole.layers[0].1.find(name).is_some(), "{name}, cut at {len}");
        }
    }
}

#[test]
fn names_lead_backwards_only() {
    let fields = "- {name: a, type: hardcoded, parser: dns_name}\n- {name: b, type: hardcoded, parser: dns_name}";
    assert_eq!(
        read_with(&with(fields), b"\x01x\x02yz\0\x01w\xc0\x02"),
        r#"p{"a":"x.yz","b":"w.yz"}"#
    );
    for endless in [&b"\xc0\x00"[..], b"\x01a\xc0\x00", b"\xc0\x05", b"\x40", b"\x05abc"] {
        assert_eq!(read_with(&with(fields), endless), "p{}", "{endless:?}");
    }
}

#[test]
fn next_protocols_are_found_by_number_then_content_then_default() {
    let definition = r#"
name: outer
fields: [{name: kind, type: fixed, size: 1, format: uint}]
next_protocol:
  field: kind
  mapping: {1: by_number}
  heuristics: [{protocol: by_content, min_length: 2, conditions: [{offset: 0, prefix_in: ["GE", "hex:ff"]}]}]
  default: by_default
parts:
  - {name: by_number, fields: [{name: x, type: rest, format: hex}]}
  - {name: by_content, fields: [{name: x, type: rest, format: hex}]}
  - {name: by_default, fields: [{name: x, type: rest, format: hex}]}
"#;
    for (message, layer) in [
        (&b"\x01GE"[..], r#"outer{"kind":1}by_number{"x":"4745"}"#),
        (b"\x02GE", r#"outer{"kind":2}by_content{"x":"4745"}"#),
        (b"\x02\xff", r#"outer{"kind":2}by_default{"x":"ff"}"#),
        (b"\x02", r#"outer{"kind":2}"#),
    ] {
        assert_eq!(read_with(definition, message), layer);
    }
}

#[test]
fn a_protocol_in_itself_ends() {
    let tunnel = "name: tunnel\nfields: []\nnext_protocol: {default: tunnel}";
    assert_eq!(reading(tunnel, &[0; 99]).layers.len(), 16);
}

#[test]
fn a_message_costs_no_more_than_is_allowed() {
    let definition = "
name: p
fields:
  - {name: n, type: fixed, size: 4, format: uint}
  - {name: nothing, type: counted_list, count_field: n, item_protocol: empty}
  - {name: all, type: repeat, sub_protocol: byte}
parts:
  - {name: empty, fields: [{name: one, type: computed, expression: 1}]}
  - {name: byte, fields: [{name: b, type: fixed, size: 1, format: uint}]}
";
    let mut message = vec![0xff; 4];
    message.extend(std::iter::repeat_n(7, 60_000));
    assert!(read_with(definition, &message).len() < 16 << 10);
    let long = with("- {name: t, type: length_prefixed, length_size: 4, format: ascii}");
    assert!(read_with(&long, &message).len() < 4_000);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        at in 0usize..80,
        byte: u8,
    ) {
        static LIBRARY: LazyLock<Library> = LazyLock::new(|| load(ALL).unwrap());
        let mut broken = message();
        let at = at % broken.len();
        broken[at] = byte;
        for protocol in LIBRARY.all() {
            let (program, start) = protocol.program();
            read(program, start, &bytes);
            read(program, start, &broken);
            for message in [&bytes, &broken] {
                let mut bounds = Bounds { len: message.len(), open: 0 };
                assert!(protocol.show(message, &mut bounds).0 <= message.len());
                assert_eq!(bounds.open, 0);
            }
        }
    }
}

/// Whether what is shown is in the message, and what begins ends.
struct Bounds {
    len: usize,
    open: usize,
}

impl Take for Bounds {
    fn layer(&mut self, _: usize, start: usize) {
        assert!(start <= self.len);
    }

    fn layer_end(&mut self, end: usize) {
        assert!(end <= self.len);
    }

    fn value(&mut self, _: &str, _: &Value, range: Range<usize>) {
        assert!(range.start <= range.end && range.end <= self.len);
    }

    fn begin_number(&mut self, _: &str, _: u64, range: Range<usize>) {
        assert!(range.start < range.end && range.end <= self.len);
        self.open += 1;
    }

    fn begin(&mut self, _: &str, start: usize) {
        assert!(start <= self.len);
        self.open += 1;
    }

    fn end(&mut self, end: usize) {
        assert!(end <= self.len);
        self.open -= 1;
    }
}
