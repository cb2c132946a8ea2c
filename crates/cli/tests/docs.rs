//! The documentation, run: every `console` block of the pages below, in order, in a directory that
//! has a copy of the samples. Each command must succeed, and print what the page says it prints;
//! `...` in a page stands for anything.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail, and say what they did")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command of a page, and what it prints by the page.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    line: usize,
    command: String,
    output: String,
}

#[test]
fn the_readme_is_true() {
    check("README.md");
}

#[test]
fn the_chinese_readme_is_true() {
    check("README_CN.md");
}

#[test]
fn the_guide_is_true() {
    check("docs/guide.md");
}

#[test]
fn the_readmes_run_the_same_commands() {
    let commands = |page: &str| {
        let examples = examples(&read(page)).into_iter();
        examples.map(|example| example.command).collect::<Vec<_>>()
    };
    assert_eq!(commands("README.md"), commands("README_CN.md"));
}

#[test]
fn examples_are_found_and_outputs_compared() {
    let page = "text\n```console\n$ flowloom a\none\n$ flowloom b\n```\n```sh\n$ flowloom c\n```\n";
    let example = |line, command: &str, output: &str| Example {
        line,
        command: command.into(),
        output: output.into(),
    };
    assert_eq!(examples(page), [example(3, "flowloom a", "one\n"), example(5, "flowloom b", "")]);
    for said in ["one\n...\nfour\n", "one\n...\n", "...\none\n...e...\nfour\n...\n"] {
        assert!(is_as_said("one\ntwo\nthree\nfour\n", said), "{said}");
    }
    for said in ["two\n...", "one\ntwo\n", "...three\n", "one...two...two...", "...five..."] {
        assert!(!is_as_said("one\ntwo\nthree\nfour\n", said), "{said}");
    }
}

/// Runs the examples of a page.
fn check(page: &str) {
    let directory = tempfile::tempdir().unwrap();
    copy_samples(&directory.path().join("samples"));
    let examples = examples(&read(page));
    assert!(examples.iter().any(|example| example.command.starts_with("flowloom ")), "{page}");
    for Example { line, command, output } in &examples {
        let run = Command::new("sh")
            // One stream, as on a terminal: what is said after the output comes after it.
            .args(["-c", &format!("exec 2>&1\n{command}")])
            .current_dir(directory.path())
            .env("PATH", path_with_flowloom())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        assert!(run.status.success(), "{page}:{line}: {command}: {}\n{printed}", run.status);
        let is_true = output.is_empty() || is_as_said(&printed, output);
        assert!(is_true, "{page}:{line}: {command}\nprints\n{printed}\nand not\n{output}");
    }
    println!("{} examples of {page} run", examples.len());
}

/// The commands of the `console` blocks of a page.
fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut in_console = false;
    for (at, text) in page.lines().enumerate() {
        if let Some(info) = text.strip_prefix("```") {
            in_console = !in_console && info == "console";
        } else if !in_console {
            // Only blocks of that kind are run.
        } else if let Some(command) = text.strip_prefix("$ ") {
            let command = command.to_owned();
            examples.push(Example { line: at + 1, command, output: String::new() });
        } else {
            let example = examples.last_mut().expect("a block begins with a command");
            example.output += text;
            example.output.push('\n');
        }
    }
    examples
}

/// Whether a text is as said, where `...` stands for anything.
fn is_as_said(text: &str, said: &str) -> bool {
    // A line of its own stands for lines, or for none.
    let said = format!("\n{said}").replace("\n...\n", "\n...");
    let text = format!("\n{text}");
    let mut pieces = said.split("...").collect::<Vec<_>>();
    let last = pieces.pop().unwrap_or_default();
    let Some((first, between)) = pieces.split_first() else { return text == last };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for piece in between {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

fn read(page: &str) -> String {
    let path = root().join(page);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn copy_samples(to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(root().join("samples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng") {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// Where commands are looked for: beside the binary that is tested, first of all.
fn path_with_flowloom() -> String {
    let directory = Path::new(env!("CARGO_BIN_EXE_flowloom")).parent().unwrap();
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap_or_default())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
