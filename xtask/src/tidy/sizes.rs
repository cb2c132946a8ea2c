//! Small units: files open with what they are for, and neither they nor their functions grow too long.
//!
//! Functions are found by their indentation, which rustfmt guarantees.

use std::ffi::OsStr;
use std::path::Path;

use super::File;

/// `exceptions` holds lines of `path lines` and `path::function lines`: what may be longer, and how long.
pub(super) fn check(files: &[File], exceptions: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let exceptions: Vec<Exception> = exceptions.lines().filter_map(Exception::parse).collect();
    let mut needed = vec![false; exceptions.len()];
    for file in
        files.iter().filter(|file| Path::new(&file.path).extension() == Some(OsStr::new("rs")))
    {
        if !file.text.starts_with("//!") {
            findings.push(format!("{}:1: does not open with `//!` and what it is for", file.path));
        }
        for unit in units(file) {
            let excepted = exceptions.iter().position(|exception| exception.name == unit.name);
            let limit = excepted.map_or(unit.limit, |at| exceptions[at].lines);
            if let Some(at) = excepted {
                needed[at] |= unit.lines > unit.limit;
            }
            if unit.lines > limit {
                let Unit { name, line, lines, .. } = unit;
                findings
                    .push(format!("{}:{line}: {name} has {lines} lines, limit {limit}", file.path));
            }
        }
    }
    for (exception, _) in exceptions.iter().zip(needed).filter(|(_, needed)| !needed) {
        let name = exception.name;
        findings.push(format!("{}: {name} needs no exception any more", super::EXCEPTIONS));
    }
    findings
}

struct Exception<'a> {
    name: &'a str,
    lines: usize,
}

impl<'a> Exception<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, lines) = line.split_once(' ')?;
        (!name.starts_with('#')).then_some(Self { name, lines: lines.trim().parse().unwrap_or(0) })
    }
}

/// A file or a function.
struct Unit {
    name: String,
    line: usize,
    lines: usize,
    limit: usize,
}

fn units(file: &File) -> Vec<Unit> {
    if file.path.ends_with("/tests.rs") || file.path.contains("/tests/") {
        return Vec::new();
    }
    let lines = without_tests(&file.text);
    let mut units =
        vec![Unit { name: file.path.clone(), line: 1, lines: lines.len(), limit: FILE_LINES_MAX }];
    for (at, line) in lines.iter().enumerate() {
        if let Some(function) = function_name(line) {
            let name = format!("{}::{function}", file.path);
            let lines = function_lines(&lines[at..]);
            units.push(Unit { name, line: at + 1, lines, limit: FUNCTION_LINES_MAX });
        }
    }
    units
}

/// The lines above the test module at the foot.
fn without_tests(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests"));
    lines.truncate(tests.unwrap_or(lines.len()));
    lines
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let is_qualifier = |word: &str| {
        matches!(word, "const" | "async" | "unsafe" | "extern" | "\"C\"") || word.starts_with("pub")
    };
    let name = &after[..after.find(['(', '<'])?];
    // A macro's `fn $name` has no name of its own, nor lines that rustfmt has seen.
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && before.split_whitespace().all(is_qualifier)).then_some(name)
}

/// How many lines the function that begins at the front of `lines` takes.
fn function_lines(lines: &[&str]) -> usize {
    let Some(first) = lines.first().filter(|first| !first.ends_with(['}', ';'])) else { return 1 };
    let indent = first.len() - first.trim_start().len();
    let ends = |line: &&str| {
        let dedented = line.get(indent..).filter(|_| line[..indent].trim().is_empty());
        dedented.is_some_and(|text| text == "}" || text.starts_with(')') && text.ends_with(';'))
    };
    lines.iter().skip(1).position(ends).map_or(lines.len(), |at| at + 2)
}

const FILE_LINES_MAX: usize = 700;
const FUNCTION_LINES_MAX: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> Vec<File> {
        vec![File { path: path.to_owned(), text }]
    }

    fn long_function() -> String {
        format!(
            "//! Doc.\nimpl A {{\n    pub fn long(\n    ) {{\n{}    }}\n}}\n",
            "        x();\n".repeat(69)
        )
    }

    #[test]
    fn a_file_without_opening_is_found() {
        let findings = check(&file("a.rs", "use b;\n".to_owned()), "");
        assert_eq!(findings, ["a.rs:1: does not open with `//!` and what it is for"]);
    }

    #[test]
    fn the_limit_of_a_file_leaves_its_tests_out() {
        let code = format!("//! Doc.\n{}", "x\n".repeat(699));
        assert!(
            check(&file("a.rs", format!("{code}#[cfg(test)]\nmod tests {{\n}}\n")), "").is_empty()
        );
        let findings = check(&file("a.rs", format!("{code}x\n")), "");
        assert_eq!(findings, ["a.rs:1: a.rs has 701 lines, limit 700"]);
        assert!(check(&file("a/tests.rs", format!("{code}x\n")), "").is_empty());
    }

    #[test]
    fn a_long_function_is_found_by_its_name() {
        let findings = check(&file("a.rs", long_function()), "");
        assert_eq!(findings, ["a.rs:3: a.rs::long has 72 lines, limit 70"]);
    }

    #[test]
    fn an_exception_holds_up_to_its_number() {
        let text = long_function();
        assert!(check(&file("a.rs", text.clone()), "# Why.\na.rs::long 72\n").is_empty());
        assert_eq!(check(&file("a.rs", text), "a.rs::long 71\n").len(), 1);
    }

    #[test]
    fn an_exception_nobody_needs_is_found() {
        let text = "//! Doc.\nfn short() {\n}\n".to_owned();
        for name in ["a.rs::short", "a.rs::gone", "gone.rs"] {
            let findings = check(&file("a.rs", text.clone()), &format!("{name} 80\n"));
            let expected = format!("xtask/tidy-exceptions.txt: {name} needs no exception any more");
            assert_eq!(findings, [expected]);
        }
    }

    #[test]
    fn functions_end_where_they_end() {
        for (text, lines) in [
            ("fn a() {}", 1),
            ("    fn a();", 1),
            ("fn a() {\n    if b {\n    }\n}\nfn c() {", 4),
            ("    fn a(\n        b: C,\n    ) -> D;\n    fn e();", 3),
            ("fn a<T>() -> T\nwhere\n    T: B,\n{\n    c()\n}\n", 6),
        ] {
            assert_eq!(function_lines(&text.lines().collect::<Vec<_>>()), lines, "{text}");
        }
    }

    #[test]
    fn names_of_functions_are_read() {
        for (line, name) in [
            ("fn a() {", Some("a")),
            ("    pub(crate) const fn b<T>(", Some("b")),
            ("pub async unsafe fn c(", Some("c")),
            ("// The fn d() is", None),
            ("        pub fn $e(&self) {", None),
        ] {
            assert_eq!(function_name(line), name, "{line}");
        }
    }
}
