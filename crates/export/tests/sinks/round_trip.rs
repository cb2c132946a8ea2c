//! What is written reads back.

use std::fs;

use crate::tables;

use flowloom_export::{Format, Settings, open};

#[test]
fn smoke() {
    let dir = tempfile::tempdir().unwrap();
    let table = tables::every_type();
    for format in Format::ALL {
        let path = dir.path().join(format!("t.{}", format.name()));
        let mut sink = open(format, path.clone().into(), &table, &Settings::default()).unwrap();
        sink.write(tables::every_value(&table, 0, 30)).unwrap();
        println!("{:?}", sink.close(&tables::account()).unwrap());
        if !format.is_binary() && format != Format::Null {
            println!("{}", fs::read_to_string(path).unwrap());
        }
    }
}
