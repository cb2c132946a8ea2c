//! Protocols that a user declares: their messages are layers with fields where they are.
#![expect(clippy::unwrap_used, reason = "tests fail, and say what they did")]

use flowloom_dissect::{Depth, Dissection, Dissector, Field, FrameInput, KnownLayers, summary};
use flowloom_protocols::declared::Library;
use flowloom_schema::{LinkType, Timestamp};

#[test]
fn the_example_of_the_guide_is_a_layer() {
    let guide = include_str!("../../../docs/protocols.md");
    let (_, rest) = guide.split_once("```yaml\n").unwrap();
    let (definition, _) = rest.split_once("\n```").unwrap();
    let (_, rest) = guide.split_once("The message `").unwrap();
    let (message, _) = rest.split_once('`').unwrap();
    let message: Vec<_> =
        message.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    let frame = datagram(4_000, &message);
    let known = known(definition);
    let dissection = dissected(&known, &frame);
    let names: Vec<_> = dissection.protocols().collect();
    assert_eq!(names, ["frame", "ip", "udp", "pump"]);
    let fields = [
        ("pump.version", "1", 2, 1),
        ("pump.kind", "1", 2, 1),
        ("pump.length", "19", 3, 2),
        ("pump.serial", "0000002a", 5, 4),
        ("pump.title", "A", 10, 1),
        ("pump.readings", "1", 11, 1),
        ("pump.pressure", "10000", 13, 2),
        ("pump.readings", "2", 15, 1),
        ("pump.celsius", "-5", 17, 1),
    ];
    let told: Vec<_> =
        dissection.fields_of(3).iter().map(|f| told(f, &dissection, &frame)).collect();
    assert_eq!(told, fields.map(|(name, value, at, len)| (name, value.to_owned(), 28 + at, len)));
    let span = dissection.layers()[3];
    assert_eq!((span.start, span.len), (28, 19));
    assert!(known.find_field("pump.celsius").is_some_and(|field| field.doc == "Temperature."));
    let mut line = String::new();
    summary(&dissection, &frame, &mut line);
    assert_eq!(line, "192.0.2.1:40000 > 192.0.2.2:4000 pump version 1 kind 1 length 19 title A");
}

#[test]
fn parts_are_groups_and_names_are_those_that_are_given() {
    let known = known(
        "name: list\ntshark: my-list\nrouting: {udp: [4000]}\nfields:\n\
         \x20 - {name: bits, tshark: my.bits, type: bitfield, group_size: 1, fields: [{name: high, bits: 4}, {name: _low, bits: 4}]}\n\
         \x20 - {name: items, type: repeat, sub_protocol: item}\n\
         parts:\n  - name: item\n    fields:\n\
         \x20     - {name: key, type: until, delimiter: \"=\", format: string}\n\
         \x20     - {name: value, tshark: my.value, type: until, delimiter: \";\", format: string}\n",
    );
    let frame = datagram(4_000, b"\x5aa= 1;bb=22;c");
    let dissection = dissected(&known, &frame);
    let told: Vec<_> =
        dissection.fields_of(3).iter().map(|f| (told(f, &dissection, &frame), f.depth)).collect();
    let wanted = [
        ("my.bits", "90", 0, 1, 0),
        ("my-list.high", "5", 0, 1, 1),
        ("my-list.items", "", 1, 5, 0),
        ("my-list.items.key", "a", 1, 1, 1),
        ("my.value", "1", 4, 1, 1),
        ("my-list.items", "", 6, 6, 0),
        ("my-list.items.key", "bb", 6, 2, 1),
        ("my.value", "22", 9, 2, 1),
    ];
    let wanted =
        wanted.map(|(name, value, at, len, depth)| ((name, value.to_owned(), 28 + at, len), depth));
    assert_eq!(told, wanted);
    assert!(known.find_layer("my-list").is_some() && known.find_layer("list").is_none());
}

/// A sender report with a block, a source description and a goodbye (RFC 3550, section 6.1).
#[test]
fn parts_of_a_compound_are_found_behind_what_is_not_declared() {
    let report = [&[0x81, 200, 0, 12][..], &[1; 48]].concat();
    let description = [&[0x81, 202, 0, 3][..], &[2; 12]].concat();
    let goodbye = [0x81, 203, 0, 1, 3, 3, 3, 3];
    let frame = datagram(5_005, &[&report[..], &description, &goodbye].concat());
    let dissection = dissected(KnownLayers::shipped(), &frame);
    let parts = dissection.protocols().filter(|name| *name == "rtcp").count();
    assert_eq!(parts, 3, "{:?}", dissection.protocols().collect::<Vec<_>>());
}

#[test]
fn records_of_old_dtls_are_known_where_they_fill_a_datagram() {
    let record =
        |len: u8| [&[22, 1, 0, 0, 1, 0, 0, 0, 0, 0, 7, 0, len][..], &vec![9; len.into()]].concat();
    let two = [record(3), record(5)].concat();
    for (payload, layers) in [(record(20), 1), (two.clone(), 1), ([&two[..], &[7]].concat(), 0)] {
        let frame = datagram(40_001, &payload);
        let dissection = dissected(KnownLayers::shipped(), &frame);
        let found = dissection.protocols().filter(|name| *name == "dtls").count();
        assert_eq!(found, layers, "{payload:?}");
    }
}

#[test]
fn what_is_declared_again_is_the_same_field() {
    let definition =
        "name: again\nrouting: {udp: []}\nfields: [{name: a, type: rest, format: hex}]\n";
    let [one, other] =
        [known(definition), known(definition)].map(|known| known.find_field("again.a").unwrap());
    assert!(std::ptr::eq(one, other));
}

fn known(definition: &str) -> KnownLayers {
    KnownLayers::with(&Library::parse(&[("test.yaml", definition)]).unwrap())
}

fn dissected(known: &KnownLayers, frame: &[u8]) -> Dissection {
    let mut dissector =
        Dissector::new(flowloom_wire::Options::default(), Depth::default(), known.clone());
    let mut dissection = Dissection::default();
    let input = FrameInput {
        number: 1,
        time: Timestamp(0),
        since: None,
        link: LinkType::RAW,
        interface: 0,
        original: frame.len() as u32,
        bytes: frame,
    };
    dissector.dissect(&input, &mut dissection);
    dissection
}

/// Name, value, first byte, bytes.
fn told(field: &Field, dissection: &Dissection, frame: &[u8]) -> (&'static str, String, u32, u32) {
    let mut value = String::new();
    field.write(dissection, frame, &mut value);
    (field.info.name, value, field.start, field.len)
}

fn datagram(port: u16, payload: &[u8]) -> Vec<u8> {
    let len = 8 + payload.len() as u16;
    let mut ip = vec![0x45, 0];
    ip.extend((20 + len).to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    ip.extend(40_000_u16.to_be_bytes());
    ip.extend(port.to_be_bytes());
    ip.extend(len.to_be_bytes());
    ip.extend([0, 0]);
    ip.extend(payload);
    ip
}
