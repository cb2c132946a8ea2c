//! HTTP bodies: against `tshark --export-objects`, and in captures made here.

use std::collections::BTreeMap;
use std::process::Command;

use flowloom_engine::{View, What};
use sha2::{Digest, Sha256};

use crate::common::corpus;
use crate::taken::{Taken, taken};

/// Bodies that only one of the two has, each with its reason.
const DIFFERENT: &[(&str, &str)] = &[];

#[test]
fn bodies_are_those_that_tshark_exports() {
    if Command::new("tshark").arg("-v").output().is_err() {
        return println!("skipped: there is no tshark");
    }
    let Some(captures) = corpus() else { return };
    let (mut equal, mut with_objects, mut incomplete, mut without_message) = (0, 0, 0, 0);
    let mut different = Vec::new();
    for (name, path) in captures {
        let directory = tempfile::tempdir().unwrap();
        let status = Command::new("tshark")
            .args(["-n", "-Q", "-o", "tcp.reassemble_out_of_order:TRUE", "-r"])
            .arg(&path)
            .arg("--export-objects")
            .arg(format!("http,{}", directory.path().join("objects").display()))
            .output();
        assert!(status.is_ok());
        let mut theirs = BTreeMap::<String, i64>::new();
        let mut names = BTreeMap::new();
        for entry in std::fs::read_dir(directory.path().join("objects")).into_iter().flatten() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            if !bytes.is_empty() {
                let (hash, name) = (hex(&bytes), path.file_name().unwrap().to_owned());
                names.insert(hash.clone(), name.to_string_lossy().into_owned());
                *theirs.entry(hash).or_default() += 1;
            }
        }
        let (own, _) =
            taken(&path, View::Raw, |streams| streams.what = What::Objects { decode: true });
        with_objects += usize::from(!own.is_empty() || !theirs.is_empty());
        for file in &own {
            assert_eq!(hex(&file.bytes), file.text("sha256"), "{name}");
            let count = theirs.entry(file.text("sha256").into()).or_default();
            *count -= 1;
            equal += usize::from(*count >= 0);
            // Of a body that did not come to its end, tshark exports nothing.
            if *count < 0 && file.info["is_complete"] == false {
                incomplete += 1;
            } else if *count < 0 {
                different.push(format!("{name}: only ours: {}", shown(file)));
            }
        }
        for (hash, count) in theirs.into_iter().filter(|(_, count)| *count > 0) {
            // So it calls what comes on ports of HTTP without a message around it.
            if names[&hash].starts_with("object") {
                without_message += 1;
            } else {
                different.push(format!("{name}: only tshark's, {count} times: {}", names[&hash]));
            }
        }
    }
    println!(
        "{equal} bodies of {with_objects} captures equal, {incomplete} incomplete ones only ours, \
         {without_message} only tshark's that belong to no message, {} different",
        different.len()
    );
    let is_known = |line: &&String| !DIFFERENT.iter().any(|(known, _)| line.contains(known));
    let new = different.iter().filter(is_known).collect::<Vec<_>>();
    assert!(new.is_empty(), "{new:#?}");
    let is_gone = |known: &&str| !different.iter().any(|line| line.contains(*known));
    let gone = DIFFERENT.iter().map(|(known, _)| *known).filter(is_gone).collect::<Vec<_>>();
    assert!(gone.is_empty(), "no longer different: {gone:?}");
}

fn shown(file: &Taken) -> String {
    format!("{} {} {}", file.text("half"), file.text("url"), file.text("sha256").split_at(8).0)
}

/// The SHA-256 of bytes, as text.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
