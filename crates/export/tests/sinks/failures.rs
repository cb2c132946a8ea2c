//! What goes wrong is told as it is, and leaves nothing half-written under a name somebody trusts.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use flowloom_export::{Destination, Format, Settings, Sink, SinkError, TableInfo, open};

use crate::tables;

const FILES: [Format; 6] =
    [Format::Parquet, Format::Arrow, Format::Csv, Format::Json, Format::JsonLines, Format::Table];

#[test]
fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("not/there/flows.out");
    for format in FILES {
        let message = refused(format, &path);
        let start = format!("cannot create {}: No such file or directory", path.display());
        assert!(message.starts_with(&start), "{message}");
        assert!(message.ends_with("; hint: create its directory first"), "{message}");
    }
}

#[test]
fn a_directory_is_not_written_over() {
    let directory = tempfile::tempdir().unwrap();
    for format in FILES {
        let message = refused(format, directory.path());
        assert!(message.contains("is a directory; hint: name a file in it"), "{message}");
    }
}

#[test]
fn a_file_in_place_of_a_directory_is_no_place() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let message = refused(Format::Csv, &directory.path().join("file/flows.csv"));
    assert!(message.contains("not a directory"), "{message}");
}

#[test]
fn a_full_disk_is_said_at_the_latest_when_closing() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let table = tables::every_type();
    for format in FILES {
        let run = || {
            let destination = Destination::File("/dev/full".into());
            let mut sink = open(format, destination, &table, &Settings::default())?;
            sink.write(tables::every_value(&table, 0, 100))?;
            sink.close(&[])
        };
        let error = run().unwrap_err();
        assert!(matches!(error, SinkError::Write { .. }), "{error:?}");
        let message = error.to_string();
        assert!(message.starts_with("cannot write to /dev/full: No space left"), "{message}");
        assert!(message.contains("; hint: free some space"), "{message}");
    }
}

#[test]
fn a_sink_that_is_dropped_leaves_what_was_there_before() {
    let table = tables::every_type();
    for format in FILES {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flows.out");
        drop(begun(format, &path, &table));
        assert_eq!(names(directory.path()), [""; 0]);

        fs::write(&path, "older").unwrap();
        let sink = begun(format, &path, &table);
        assert_eq!(fs::read(&path).unwrap(), b"older", "not before it is closed");
        drop(sink);
        assert_eq!(fs::read(&path).unwrap(), b"older");
        begun(format, &path, &table).close(&[]).unwrap();
        assert_ne!(fs::read(&path).unwrap(), b"older");
        assert_eq!(names(directory.path()), ["flows.out"]);
    }
}

#[test]
fn an_interrupted_run_says_so_in_the_name() {
    let directory = tempfile::tempdir().unwrap();
    let table = tables::every_type();
    let cases = [
        ("flows.csv", "flows.partial.csv"),
        ("flows.tar.csv", "flows.tar.partial.csv"),
        ("flows.csv.gz", "flows.partial.csv.gz"),
        ("flows.gz", "flows.partial.gz"),
        ("flows", "flows.partial"),
    ];
    for (name, partial) in cases {
        let sink = begun(Format::Csv, &directory.path().join(name), &table);
        let stats = sink.close_partial(&[]).unwrap();
        assert_eq!(stats.path.unwrap(), directory.path().join(partial));
        assert_eq!(names(directory.path()), [partial]);
        fs::remove_file(directory.path().join(partial)).unwrap();
    }
    // What there is of it is whole.
    let path = directory.path().join("flows.json");
    let stats = begun(Format::Json, &path, &table).close_partial(&[]).unwrap();
    let text = fs::read_to_string(stats.path.unwrap()).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows.len(), 10);
}

#[cfg(unix)]
#[test]
fn a_file_has_the_permissions_any_program_would_give_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flows.csv");
    begun(Format::Csv, &path, &tables::every_type()).close(&[]).unwrap();
    let usual = directory.path().join("usual");
    fs::write(&usual, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&usual));
    // One that is replaced keeps those that it has.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    begun(Format::Csv, &path, &tables::every_type()).close(&[]).unwrap();
    assert_eq!(mode(&path) & 0o777, 0o600);
}

#[test]
fn a_name_may_be_as_long_as_names_can_be() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a".repeat(251) + ".csv", "€".repeat(83) + ".csv"] {
        let path = directory.path().join(&name);
        begun(Format::Csv, &path, &tables::every_type()).close(&[]).unwrap();
        assert_eq!(names(directory.path()), [name]);
        fs::remove_file(path).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_one() {
    let directory = tempfile::tempdir().unwrap();
    let (link, target) = (directory.path().join("link.csv"), directory.path().join("target.csv"));
    fs::write(&target, "older").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    begun(Format::Csv, &link, &tables::every_type()).close(&[]).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(fs::read(&target).unwrap(), b"older");
    // To what is not there yet, too.
    for to in [target.clone(), "target.csv".into()] {
        fs::remove_file(&target).unwrap();
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(to, &link).unwrap();
        begun(Format::Csv, &link, &tables::every_type()).close(&[]).unwrap();
        assert_eq!(names(directory.path()), ["link.csv", "target.csv"]);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

/// The reader of a pipe goes away after a line, as `head -1` does.
#[test]
fn a_reader_that_leaves_is_told_from_a_failure() {
    for format in FILES {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "failures::writes_for_ever", "--nocapture"])
            .env("FLOWLOOM_TEST_FORMAT", format.name())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(READER_GONE), "{}", format.name());
    }
}

/// The other side of it: no test of its own.
#[test]
#[ignore = "run by the test above, in a process of its own"]
fn writes_for_ever() {
    let Some(format) = std::env::var("FLOWLOOM_TEST_FORMAT").ok() else { return };
    let format: Format = format.parse().unwrap();
    let table = tables::every_type();
    let mut settings = Settings::default();
    settings.parquet.group_rows_max = 1_000;
    let run = || {
        let mut sink = open(format, Destination::Stdout, &table, &settings)?;
        for _ in 0..1_000 {
            sink.write(tables::every_value(&table, 0, 1_000))?;
        }
        sink.close(&[])
    };
    let code = match run() {
        Err(SinkError::ReaderGone) => READER_GONE,
        _ => 1,
    };
    std::process::exit(code);
}

#[test]
fn batches_that_do_not_fit_are_refused() {
    let table = tables::every_type();
    for format in [Format::Parquet, Format::Arrow, Format::Null] {
        let directory = tempfile::tempdir().unwrap();
        let mut sink = begun(format, &directory.path().join("flows"), &table);
        let mut short = tables::every_value(&table, 0, 3);
        short.columns.pop();
        assert!(matches!(sink.write(short), Err(SinkError::Batch { .. })));
        let mut ragged = tables::every_value(&table, 0, 3);
        ragged.columns[4] = tables::every_value(&table, 0, 2).columns.swap_remove(4);
        assert!(matches!(sink.write(ragged), Err(SinkError::Batch { .. })));
    }
}

fn begun(format: Format, path: &Path, table: &TableInfo) -> Box<dyn Sink> {
    let mut sink = open(format, path.to_owned().into(), table, &Settings::default()).unwrap();
    sink.write(tables::every_value(table, 0, 10)).unwrap();
    sink
}

fn refused(format: Format, path: &Path) -> String {
    let table = tables::every_type();
    match open(format, path.to_owned().into(), &table, &Settings::default()) {
        Err(error @ SinkError::Create { .. }) => error.to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("{} was opened", path.display()),
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

const READER_GONE: i32 = 42;
