//! Lines and records as Suricata has them.

use super::{COMMON, RECORDS, put, put_fields, tls};
use crate::Subject;
use crate::row::testing::Table;
use crate::value::Value;

#[test]
fn dots_in_names_make_objects() {
    let fields = [
        ("a", Value::Int(1)),
        ("b.c", Value::Bool(true)),
        ("b.d.e", Value::texts(["\u{1b}\"é"])),
        ("b.d.f", Value::List(vec![Value::Object(vec![("x", Value::Real(0.5))])])),
        ("bc", "b".into()),
    ];
    let mut out = String::new();
    put_fields(&fields, 0, &mut out);
    let text = r#"{"a":1,"b":{"c":true,"d":{"e":["\u001b\"é"],"f":[{"x":0.5}]}},"bc":"b"}"#;
    assert_eq!(out, text);
}

#[test]
fn times_have_microseconds_and_a_zone() {
    let mut out = String::new();
    put(&Value::Time(1_259_098_029_534_255_999), &mut out);
    assert_eq!(out, "\"2009-11-24T21:27:09.534255+0000\"");
}

/// Those of an object must follow one another, or it would be there twice.
#[test]
fn fields_of_an_object_are_together_and_have_one_name() {
    for record in RECORDS {
        let names = COMMON.iter().chain(record.fields).map(|field| field.name).collect::<Vec<_>>();
        for depth in 1..4 {
            let object = |name: &&str| {
                let steps = name.split('.').collect::<Vec<_>>();
                steps.get(..depth).map(|steps| steps.join("."))
            };
            let mut objects = names.iter().filter_map(object).collect::<Vec<_>>();
            objects.dedup();
            let len = objects.len();
            objects.sort();
            objects.dedup();
            assert_eq!(objects.len(), len, "{}: {names:?}", record.event);
        }
    }
}

#[test]
fn names_are_turned_back_as_certificates_have_them() {
    let cases = [
        ("CN=www.example.com,O=Example\\, Inc.,C=US", "C=US, O=Example, Inc., CN=www.example.com"),
        ("emailAddress=a@b.example,CN=x", "CN=x, Email=a@b.example"),
        ("CN=a\\\\b\\+c", "CN=a\\b+c"),
        ("", ""),
    ];
    for (subject, shown) in cases {
        let mut certificates = Table::new(&["subject"]);
        certificates.push([subject.into()]);
        let rows = certificates.rows();
        let subject = Subject { flow: rows[0], events: &rows, number: 0 };
        assert_eq!(tls::name(&subject, "subject"), shown.into());
    }
}
