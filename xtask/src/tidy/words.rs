//! Words that must not be committed: places on somebody's machine, and hosts of package registries.

use super::File;

pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path != THIS_FILE) {
        for (at, line) in file.text.lines().enumerate() {
            for (word, why) in FORBIDDEN.iter().filter(|(word, _)| line.contains(word)) {
                findings.push(format!("{}:{}: `{word}`: {why}", file.path, at + 1));
            }
        }
    }
    findings
}

const THIS_FILE: &str = "xtask/src/tidy/words.rs";

const FORBIDDEN: &[(&str, &str)] = &[
    ("/work/", MACHINE),
    ("/root/", MACHINE),
    ("/home/", MACHINE),
    ("/Users/", MACHINE),
    ("/tmp/", "scratch files belong in what mktemp or tempfile gives"),
    ("index.crates.io", REGISTRY),
    ("static.crates.io", REGISTRY),
    ("registry.npmjs.org", REGISTRY),
    ("files.pythonhosted.org", REGISTRY),
    ("pypi.org/simple", REGISTRY),
    ("artifactory", REGISTRY),
];

const MACHINE: &str = "a place on one machine";
const REGISTRY: &str = "which registry serves packages is the user's setting";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_path_is_found_with_its_line() {
        let text = "fine\nsee /home/me/x\n".to_owned();
        let findings = check(&[File { path: "a.md".to_owned(), text }]);
        assert_eq!(findings, ["a.md:2: `/home/`: a place on one machine"]);
    }

    #[test]
    fn the_lock_file_of_the_public_index_passes() {
        let text =
            "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n".to_owned();
        assert!(check(&[File { path: "Cargo.lock".to_owned(), text }]).is_empty());
    }
}
