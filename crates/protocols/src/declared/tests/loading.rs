//! What is refused, and in which words.

use super::load;
use crate::Protocol;
use crate::declared::{FieldKind, Library};

/// Definitions that are wrong, by what is said of them. Line 1 is the name.
const WRONG: &[(&str, u64, &str)] = &[
    ("name: [", 1, ""),
    ("name: p\nfields: []\ncolour: red", 3, "unknown field `colour`"),
    ("name: P\nfields: []", 1, "`P` is no name"),
    ("name: answer\nfields: []", 1, "the name `answer` has another meaning"),
    ("name: p", 1, "missing field `fields`"),
    ("name: p\nfields:\n  - {name: f}", 3, "the field has no `type`"),
    ("name: p\nfields:\n  - {name: f, type: fixd}", 3, "unknown variant `fixd`"),
    (
        "name: p\nfields:\n  - {name: f, type: fixed, format: uint}",
        3,
        "needs `size` or `size_field`",
    ),
    ("name: p\nfields:\n  - {name: f, type: fixed, size: 2}", 3, "the field has no `format`"),
    (
        "name: p\nfields:\n  - {name: f, type: fixed, size: 9, format: uint}",
        3,
        "`size` is 9; it is from 1 to 8 of this format",
    ),
    (
        "name: p\nfields:\n  - name: f\n    type: fixed\n    size: 5\n    format: ipv4",
        6,
        "`size` is 5; it is 4 of this format",
    ),
    (
        "name: p\nfields:\n  - name: f\n    type: fixed\n    size: 0\n    format: hex",
        5,
        "`size` is 0, not from 1 to 65535",
    ),
    (
        "name: p\nfields:\n  - {name: f, type: rest, format: hex, endian: little}",
        3,
        "`endian` goes with the formats",
    ),
    (
        "name: p\nfields:\n  - {name: f, type: rest, format: hex, bits: 3}",
        3,
        "unknown field `bits`",
    ),
    (
        "name: p\nfields:\n  - {name: f, type: rest, format: hex, group_size: 3}",
        3,
        "`group_size` does not belong to a field of type `rest`",
    ),
    (
        "name: p\nfields:\n  - {name: f g, type: rest, format: hex}",
        3,
        "`f g` is no name of a field",
    ),
    (
        "name: p\nfields:\n  - {name: position, type: rest, format: hex}",
        3,
        "the name `position` has another meaning",
    ),
    (
        "name: p\nfields:\n  - {name: f, type: varint}\n  - {name: f, type: varint}",
        4,
        "there is another field `f`",
    ),
    (
        "name: p\nfields:\n  - type: bitfield\n    group_size: 1\n    fields:\n      - {name: a, bits: 5}\n      - {name: b, bits: 4}",
        7,
        "`b` has 4 bits, and 3 are left",
    ),
    (
        "name: p\nfields:\n  - type: bitfield\n    group_size: 1\n    fields:\n      - {name: a, bits: 5}",
        6,
        "3 bits of the group are in no field",
    ),
    (
        "name: p\nfields:\n  - type: bitfield\n    group_size: 9\n    fields: []",
        4,
        "`group_size` is 9, not from 1 to 8",
    ),
    (
        "name: p\nfields:\n  - {name: a, type: varint}\n  - name: c\n    type: computed\n    expression: a + b",
        6,
        "there is no field `b` with a number",
    ),
    (
        "name: p\nfields:\n  - {name: c, type: computed, expression: 1 +}",
        3,
        "something is missing at the end",
    ),
    (
        "name: p\nfields:\n  - {name: l, type: length_prefixed, length_size: 9, format: hex}",
        3,
        "`length_size` is 9; it is from 1 to 8, `varint` or `ber`",
    ),
    (
        "name: p\nfields:\n  - {name: l, type: length_prefixed, length_size: asn, format: hex}",
        3,
        "`length_size` is asn",
    ),
    (
        "name: p\nfields:\n  - {name: l, type: length_prefixed, length_size: ber, length_includes_header: true, format: hex}",
        3,
        "needs a length of fixed size",
    ),
    (
        "name: p\nfields:\n  - {name: l, type: length_prefixed, length_size: 1, format: hex, sub_protocol: q}",
        3,
        "exclude one another",
    ),
    (
        "name: p\nfields:\n  - name: l\n    type: length_prefixed\n    length_size: 1\n    sub_protocol: nowhere",
        6,
        "there is no protocol or part `nowhere`",
    ),
    (
        "name: p\nfields:\n  - {name: l, type: counted_list, count_field: n, size: 1, format: hex}",
        3,
        "there is no field `n` with a number",
    ),
    (
        "name: p\nfields:\n  - {name: t, type: rest, format: hex}\n  - {name: l, type: counted_list, count_field: t, size: 1, format: hex}",
        4,
        "there is no field `t` with a number",
    ),
    (
        "name: p\nfields:\n  - {name: n, type: varint}\n  - {name: l, type: counted_list, count_field: n}",
        4,
        "items have either",
    ),
    (
        "name: p\nfields:\n  - {name: h, type: hardcoded, parser: nflog}",
        3,
        "there is no parser `nflog`",
    ),
    (
        "name: p\nfields:\n  - {name: u, type: until, delimiter: \"\", format: hex}",
        3,
        "there is an empty text",
    ),
    (
        "name: p\nfields:\n  - {name: u, type: until, delimiter: \"hex:0\", format: hex}",
        3,
        "`hex:0` has no pairs of digits",
    ),
    (
        "name: p\nfields:\n  - {name: l, type: prefixed_list, list_length_size: 1, item_length_size: 1}",
        3,
        "items have `type_mapping` or `item_format`",
    ),
    (
        "name: p\nfields:\n  - {name: l, type: prefixed_list, list_length_size: 1, item_length_size: 1, type_mapping: {1: p}}",
        3,
        "`type_mapping` needs `type_size`",
    ),
    (
        "name: p\nfields:\n  - name: o\n    type: tlv\n    type_size: 1\n    length_size: 1\n    type_mapping:\n      1: {name: x}",
        8,
        "either `format` or `sub_protocol`",
    ),
    (
        "name: p\nfields:\n  - name: o\n    type: tlv\n    type_size: 1\n    length_size: 1\n    type_mapping:\n      1: {format: hex}",
        8,
        "the item has no `name`",
    ),
    ("name: p\nfields: []\ntotal_length_field: len", 3, "there is no field `len` with a number"),
    ("name: p\nfields: []\nheader_size_field: len", 3, "there is no field `len` with a number"),
    (
        "name: p\nfields: []\nnext_protocol:\n  field: kind\n  mapping: {1: p}",
        4,
        "there is no field `kind` with a number",
    ),
    (
        "name: p\nfields: []\nnext_protocol:\n  default: nowhere",
        4,
        "there is no protocol or part `nowhere`",
    ),
    (
        "name: p\nfields: [{name: k, type: varint}]\nnext_protocol:\n  field: k",
        4,
        "`field` and `mapping` go together",
    ),
    (
        "name: p\nfields: []\nparts:\n  - {name: a, fields: []}\n  - {name: a, fields: []}",
        5,
        "there is another `a` in this file",
    ),
    (
        "name: p\nfields:\n  - {name: r, type: repeat, sub_protocol: p}",
        3,
        "a part has itself as a part: p > p",
    ),
    (
        "name: p\nfields:\n  - {name: r, type: repeat, sub_protocol: a}\nparts:\n  - name: a\n    fields:\n      - {name: r, type: repeat, sub_protocol: b}\n  - name: b\n    fields: []\n    next_protocol: {default: a, merge: true}",
        10,
        "a part has itself as a part: p > a > b > a",
    ),
    ("name: p\nfields: []\nprobe: [{min_length: 3}]", 3, "`probe` needs `routing`"),
    (
        "name: p\nfields: []\nrouting: {udp: [1]}\nprobe:\n  - {certain: true}",
        5,
        "without conditions, nothing is certain",
    ),
    (
        "name: p\nfields: []\nrouting: {udp: [1]}\nprobe:\n  - {min_length: 3, max_length: 2}",
        5,
        "`min_length` is more than `max_length`",
    ),
    ("name: p\nfields: []\nrouting: {udp: [70000]}", 3, ""),
    (
        "name: p\nfields: []\nrouting: {udp: [1]}\nprobe:\n  - conditions:\n      - {offset: 0}",
        6,
        "a condition has one of",
    ),
    (
        "name: p\nfields: []\nrouting: {udp: [1]}\nprobe:\n  - conditions:\n      - {offset: 0, byte_eq: 1, byte_le: 2}",
        6,
        "a condition has one of",
    ),
    (
        "name: p\nfields: []\nrouting: {udp: [1]}\nprobe:\n  - conditions:\n      - {offset: 9999, byte_eq: 1}",
        6,
        "`offset` is 9999, more than 4096",
    ),
    (
        "name: p\nfields: []\nrouting: {udp: [1]}\nprobe:\n  - conditions:\n      - {offset: 0, mask: 1, prefix_in: [a]}",
        6,
        "`mask` goes with",
    ),
    (
        "name: p\nfields: []\nrouting: {udp: [1]}\nprobe:\n  - conditions:\n      - {offset: 0, length_size: 9}",
        6,
        "`length_size` is 9, not from 1 to 8",
    ),
];

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    for (definition, line, reason) in WRONG {
        let Err(error) = load(definition) else { panic!("{definition}\nwas taken") };
        let said = error.to_string();
        assert_eq!((error.file(), error.line()), ("test.yaml", *line), "{definition}\n{said}");
        assert!(error.reason().contains(reason), "{definition}\n{said}, not {reason}");
        assert!(said.starts_with("test.yaml, line ") && !said.contains('\n'), "{said}");
    }
}

#[test]
fn files_are_bounded() {
    let long = format!("name: p\nfields: []\ndoc: {}", "x".repeat(300 << 10));
    assert!(load(&long).unwrap_err().to_string().contains("longer than 262144 bytes"));
    let fields = "  - {name: a, type: varint}\n".repeat(300);
    assert!(load(&format!("name: p\nfields:\n{fields}")).is_err());
    let mut deep =
        String::from("name: p\nfields: [{name: r, type: repeat, sub_protocol: d0}]\nparts:\n");
    for at in 0..20 {
        let next = at + 1;
        let part = format!(
            "  - {{name: d{at}, fields: [{{name: r, type: repeat, sub_protocol: d{next}}}]}}\n"
        );
        deep.push_str(&part);
    }
    deep += "  - {name: d20, fields: []}\n";
    let error = load(&deep).unwrap_err().to_string();
    assert!(error.contains("nested deeper than 12"), "{error}");
    let nested = format!("name: p\nfields: {}", "[".repeat(100_000));
    assert!(load(&nested).is_err());
}

#[test]
fn a_users_definition_wins_over_a_shipped_one() {
    let own =
        "name: ntp\ndoc: mine\nrouting: {udp: [9]}\nfields: [{name: f, type: varint, doc: it}]";
    let library = load(own).unwrap();
    let ntp = library.protocols().filter(|protocol| protocol.declared_name() == "ntp");
    let docs = ntp.map(|protocol| (protocol.doc(), protocol.is_own())).collect::<Vec<_>>();
    assert_eq!(docs, [("mine", true)]);
    assert_eq!(library.fields("ntp").unwrap()[0].name, "f");
    let twice = Library::parse(&[("a.yaml", own), ("b.yaml", own)]).unwrap_err();
    assert_eq!(twice.to_string(), "b.yaml, line 1: there is a protocol `ntp` in another file");
}

#[test]
fn fields_are_known_without_a_message() {
    let library = Library::shipped();
    let fields = |protocol: &str| {
        let fields = library.fields(protocol).unwrap();
        fields.iter().map(|field| (field.name.as_str(), field.kind)).collect::<Vec<_>>()
    };
    assert!(fields("ntp").contains(&("stratum", FieldKind::Unsigned)));
    assert!(fields("sip").contains(&("headers", FieldKind::List)));
    assert!(fields("stun").contains(&("mapped_address.port", FieldKind::Unsigned)));
    assert!(fields("mqtt").contains(&("client_id", FieldKind::Text)));
    assert!(fields("snmp").contains(&("community", FieldKind::Text)));
    assert!(fields("snmp").iter().all(|(name, _)| !name.contains('_') || !name.starts_with('_')));
    for protocol in library.all() {
        for field in protocol.fields() {
            assert!(!field.doc.is_empty(), "{}.{}", protocol.declared_name(), field.name);
        }
    }
}
