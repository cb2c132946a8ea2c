//! Patterns, manifests, and what is refused.

use std::fs;
use std::path::Path;

use flowloom_capture::Input;

use super::Labels;
use super::path::PathPattern;
use crate::InputFile;

fn file(path: &str) -> InputFile {
    InputFile { input: Input::File(path.into()), name: path.into() }
}

fn of(values: &[&str]) -> Vec<Option<String>> {
    values
        .iter()
        .map(|value| Some((*value).to_string()))
        .filter(|v| v.as_deref() != Some("-"))
        .collect()
}

fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let values = PathPattern::parse(pattern).unwrap().values(Path::new(path))?;
    Some(values.into_iter().flatten().collect())
}

#[test]
fn paths_are_matched_from_their_end() {
    let cases: [(&str, &str, Option<&[&str]>); 18] = [
        ("{website}/{run}.pcap", "google/3.pcap", Some(&["google", "3"])),
        ("{website}/{run}.pcap", "data/google/3.pcap", Some(&["google", "3"])),
        ("{website}/{run}.pcap", "3.pcap", None),
        ("{website}/{run}.pcap", "google/3.pcapng", None),
        // The ending may be left out, of the compression or altogether.
        ("{website}/{run}.pcap", "google/3.pcap.gz", Some(&["google", "3"])),
        ("{website}/{run}", "google/3.pcapng.zst", Some(&["google", "3"])),
        ("{run}.pcap.gz", "3.pcap.gz", Some(&["3"])),
        ("{run}.pcap.gz", "3.pcap", None),
        ("{run}", "3", Some(&["3"])),
        // Labels stay within a component, and have something in them.
        ("{a}-{b}", "x/y-z.pcap", Some(&["y", "z"])),
        ("{a}-{b}", "-z.pcap", None),
        ("{a}-{b}", "y-.pcap", None),
        ("{site}_{run}", "my_site_3.pcap", Some(&["my_site", "3"])),
        ("run{n}/{site}", "run12/x.pcap", Some(&["12", "x"])),
        ("run{n}/{site}", "walk12/x.pcap", None),
        ("{a}/fixed/{b}", "p/fixed/q.pcap", Some(&["p", "q"])),
        ("{a}é{b}", "üéü.pcap", Some(&["ü", "ü"])),
        ("{a}.{b}", "x.pcap", None),
    ];
    for (pattern, path, expected) in cases {
        let expected =
            expected.map(|values| values.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(matched(pattern, path), expected, "{pattern} on {path}");
    }
}

#[test]
fn patterns_that_cannot_work_are_refused() {
    for (pattern, word) in [
        ("site/run.pcap", "no label"),
        ("{site/run.pcap", "`{` has no `}`"),
        ("site}/{run}.pcap", "`}` has no `{`"),
        ("{a}{b}", "between"),
        ("{Site}", "`Site`"),
        ("{}", "``"),
        ("{1st}", "`1st`"),
        ("{a}/{a}", "already"),
    ] {
        let error = Labels::find(&[], Some(pattern), None).unwrap_err().to_string();
        assert!(error.contains(word), "{pattern}: {error}");
    }
}

/// The values of labels of files, by a manifest in a file of that name.
fn by_manifest(name: &str, text: &str, files: &[&str]) -> Result<Labels, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    let files = files.iter().map(|path| file(path)).collect::<Vec<_>>();
    Labels::find(&files, None, Some(&path)).map_err(|error| error.to_string())
}

#[test]
fn manifests_name_captures_by_the_end_of_their_paths() {
    let csv = "\u{feff}path,website,note\n1.pcap,short,\nb/1.pcap,long,\"x, y\"\n./c/2.pcap,dot,n\n9.pcap,z,z\n";
    let files = ["a/1.pcap", "a/b/1.pcap", "a/c/2.pcap", "a/3.pcap", "./a/b/1.pcap"];
    let labels = by_manifest("m.csv", csv, &files).unwrap();
    assert_eq!(labels.names, ["website", "note"]);
    assert_eq!(labels.of(0), [Some("short".into()), None]);
    assert_eq!(labels.of(1), of(&["long", "x, y"]));
    assert_eq!(labels.of(2), of(&["dot", "n"]));
    assert_eq!(labels.of(3), [None, None]);
    assert_eq!(labels.of(4), of(&["long", "x, y"]));
    let report = labels.report().unwrap();
    assert_eq!(report.captures_not_in_manifest, ["a/3.pcap"]);
    assert_eq!(report.manifest_without_capture, ["9.pcap"]);
}

#[test]
fn manifests_in_json_lines_may_have_other_labels_in_each_line() {
    let json = "{\"capture\":\"a.pcap\",\"site\":\"x\",\"run\":3}\n\n{\"capture\":\"b.pcap\",\"ok\":true,\"site\":null}\n";
    let labels = by_manifest("m.jsonl", json, &["a.pcap", "b.pcap"]).unwrap();
    assert_eq!(labels.names, ["run", "site", "ok"]);
    assert_eq!(labels.of(0), [Some("3".into()), Some("x".into()), None]);
    assert_eq!(labels.of(1), [None, None, Some("true".into())]);
}

#[test]
fn manifests_are_relative_to_where_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("lists")).unwrap();
    for capture in ["x.pcap", "y.pcap"] {
        fs::write(root.join(capture), "").unwrap();
    }
    let manifest = root.join("lists/m.csv");
    fs::write(&manifest, "capture,site\n../x.pcap,one\n../y.pcap,two\n").unwrap();
    let files = ["y.pcap", "x.pcap"].map(|name| file(root.join(name).to_str().unwrap()));
    let labels = Labels::find(&files, None, Some(&manifest)).unwrap();
    assert_eq!((labels.of(0), labels.of(1)), (of(&["two"]), of(&["one"])));
}

#[test]
fn manifests_that_cannot_work_are_refused_with_their_line() {
    let long = format!("capture,site\na.pcap,{}\n", "x".repeat(1_025));
    for (name, text, words) in [
        ("m.csv", "file,site\na,b\n", "line 1: no column `capture` or `path`"),
        ("m.csv", "capture,path\na,b\n", "both"),
        ("m.csv", "capture,Site\na,b\n", "`Site`"),
        ("m.csv", "capture,site,site\na,b,c\n", "already"),
        ("m.csv", "capture,site\na,b\na,c\n", "line 3: another line"),
        ("m.csv", "capture,site\na,b\na\n", "line: 3"),
        ("m.csv", long.as_str(), "1025 bytes"),
        ("m.jsonl", "{\"capture\":1}\n", "line 1: `capture` is no text"),
        ("m.jsonl", "{}\n", "line 1: no column"),
        ("m.jsonl", "{\"path\":\"a\"}\nx\n", "line 2"),
        ("m.jsonl", "{\"path\":\"a\",\"l\":[1]}\n", "`l`"),
    ] {
        let error = by_manifest(name, text, &[]).unwrap_err();
        assert!(error.contains(words) && error.contains(name), "{text}: {error}");
    }
    let error = Labels::find(&[], None, Some(Path::new("no/such.csv"))).unwrap_err();
    assert!(error.to_string().contains("no/such.csv"));
}

#[test]
fn pieces_of_one_capture_must_not_disagree() {
    let files = ["a/x/0.pcap", "a/x/1.pcap", "odd.pcap"].map(file);
    let agree = Labels::find(&files, Some("{site}/{run}"), None).unwrap();
    let error = agree.of_all(&files).unwrap_err().to_string();
    assert!(error.contains("`run` is `0`") && error.contains("a/x/1.pcap"), "{error}");
    let agree = Labels::find(&files, Some("a/{site}/{_}"), None).unwrap_err();
    assert!(agree.to_string().contains("`_`"));
    let site = Labels::find(&files[..2], Some("{site}/0"), None).unwrap();
    assert_eq!(site.of_all(&files[..2]), Ok(of(&["x"])));
}
