//! Names from hostile values, templates, and names that come again.

use flowloom_schema::{Batch, DataType, Series};

use super::{Names, Row, Template, safe, seconds};

fn name(template: &str, value: &str) -> String {
    let mut series = Series::new(DataType::Text);
    series.push_text(value);
    let batch = Batch { columns: vec![series], rows: 1 };
    let names = ["server_name".to_owned()];
    Template::parse(template).unwrap().name(Row { names: &names, batch: &batch, at: 0 })
}

#[test]
fn hostile_values_stay_in_the_directory() {
    let cases = [
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("..", "__"),
        (".", "_"),
        ("", "_"),
        ("/", "_"),
        (".bashrc", "_bashrc"),
        ("a\0b\nc\u{1b}[2Jd", "a_b_c__2Jd"),
        ("C:\\windows", "C._windows"),
        ("caf\u{e9}\u{202e}.com", "caf__.com"),
        ("-rf", "_rf"),
        ("a.", "a_"),
        ("fe80::1", "fe80..1"),
    ];
    for (value, expected) in cases {
        assert_eq!(name("{server_name}", value), expected, "{value:?}");
    }
    let long = "x".repeat(100_000);
    assert_eq!(name("{server_name}", &long).len(), 80);
    let many = "{server_name}".repeat(10);
    assert_eq!(name(&many, &long).len(), 200);
    assert_eq!(
        name("{server_name}/{server_name}", "..\u{2f}.."),
        "__.._.._/__.._.._".replace("__.._.._", &name("{server_name}", "../.."))
    );
}

#[test]
fn any_value_is_a_name_of_one_file() {
    for c in (0..0x300).filter_map(char::from_u32) {
        for value in [format!("{c}"), format!("{c}{c}"), format!("a{c}"), format!("{c}a{c}")] {
            let name = name("{server_name}", &value);
            let path = std::path::Path::new(&name);
            assert_eq!(path.components().count(), 1, "{value:?}");
            assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(name.as_str()));
            assert!(!name.starts_with(['.', '-']) && safe(&name) == name, "{value:?} {name:?}");
        }
    }
}

#[test]
fn templates_name_files_below_the_directory() {
    assert_eq!(name("by/{server_name}/x", "a/b"), "by/a_b/x");
    for text in
        ["", "/a", "a/", "a//b", "../{capture}", "a/../b", "a/./b", "{a", "a}", "a\\b", "a\n"]
    {
        assert!(Template::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn names_that_come_again_are_numbered() {
    let mut names = Names::default();
    let given = ["a", "a", "a-2", "A", "a", "b"].map(|name| names.unique(name, "pcap"));
    assert_eq!(given, ["a.pcap", "a-2.pcap", "a-2-2.pcap", "A-3.pcap", "a-4.pcap", "b.pcap"]);
}

#[test]
fn times_have_the_digits_they_need() {
    let cases = [
        (1_495_033_512_456_789_000, "1495033512.456789"),
        (1_495_033_512_000_000_001, "1495033512.000000001"),
        (1_495_033_512_000_000_000, "1495033512.0"),
        (-1, "-0.000000001"),
        (-4_500_000_000, "-4.5"),
    ];
    for (nanos, text) in cases {
        assert_eq!(seconds(nanos), text);
    }
}
