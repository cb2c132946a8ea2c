//! The arrows between crates point one way, heavy dependencies stay where they belong, and each
//! dependency says what it is for.
//!
//! Dependencies of tests alone are free: they do not reach the product.

use super::File;

pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for File { path, text } in files {
        if let Some(name) = crate_name(path) {
            findings.extend(check_crate(path, name, text));
        }
        if path == "Cargo.toml" {
            findings.extend(check_purposes(text));
        }
    }
    findings
}

/// `crates/NAME/Cargo.toml` and `python/Cargo.toml` build the product; other manifests may depend on all.
fn crate_name(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    folder.strip_prefix("crates/").or((folder == "python").then_some(folder))
}

fn check_crate(path: &str, name: &str, text: &str) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
        return vec![format!("{path}: {name} has no line in the table of arrows")];
    };
    let mut findings = Vec::new();
    for (line, dependency) in dependencies(text) {
        if let Some(ours) = dependency.strip_prefix("flowloom-")
            && !allowed.contains(&ours)
        {
            findings.push(format!("{path}:{line}: {name} may not depend on {ours}"));
        }
        for (family, owners) in HEAVY {
            let is_member = dependency.split('-').next() == Some(family);
            if is_member && !owners.contains(&name) {
                let owners = owners.join(" and ");
                findings.push(format!("{path}:{line}: only {owners} may depend on {dependency}"));
            }
        }
    }
    findings
}

/// The names in all dependency tables but those of tests, with their line numbers.
fn dependencies(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_table = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            in_table = table.ends_with("dependencies") && !table.ends_with("dev-dependencies");
            return None;
        }
        let name = dependency_name(line).filter(|_| in_table)?;
        Some((at + 1, name))
    })
}

fn dependency_name(line: &str) -> Option<&str> {
    let end = line.find(['.', ' ', '='])?;
    line.starts_with(|first: char| first.is_ascii_alphanumeric()).then(|| &line[..end])
}

/// One comment may stand above a family, such as `serde` and `serde_json`; our own crates need none.
fn check_purposes(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut explained = None;
    let start = text.lines().position(|line| line == "[workspace.dependencies]");
    let lines = text.lines().enumerate().skip(start.map_or(usize::MAX, |at| at + 1));
    for (at, line) in lines.take_while(|(_, line)| !line.starts_with('[')) {
        if line.starts_with("# ") {
            explained = Some("");
        } else if let Some(name) = dependency_name(line) {
            let family = name.split(['-', '_']).next().unwrap_or(name);
            if explained.is_none_or(|before| !before.is_empty() && before != family)
                && !name.starts_with("flowloom-")
            {
                findings.push(format!("Cargo.toml:{}: {name} does not say what it is for", at + 1));
            }
            explained = explained.map(|_| family);
        } else {
            explained = None;
        }
    }
    findings
}

/// Which of our crates each may depend on; by folder.
const ARROWS: &[(&str, &[&str])] = &[
    ("schema", &[]),
    ("capture", &["schema"]),
    ("wire", &["schema"]),
    ("filter", &["schema", "wire"]),
    ("flow", &["schema", "wire"]),
    ("protocols", &["schema", "flow", "wire"]),
    ("dissect", &["flow", "protocols", "schema", "wire"]),
    ("features", &["schema", "flow", "protocols", "wire"]),
    ("export", &["schema"]),
    ("logs", &["export", "schema"]),
    (
        "engine",
        &[
            "capture",
            "dissect",
            "export",
            "features",
            "filter",
            "flow",
            "logs",
            "protocols",
            "schema",
            "wire",
        ],
    ),
    ("cli", &["engine", "export", "schema"]),
    ("python", &["engine", "export", "schema"]),
];

/// Families of crates that are heavy to build, and the crates that carry them for all.
const HEAVY: &[(&str, &[&str])] = &[
    ("arrow", &["export", "python"]),
    ("parquet", &["export"]),
    ("tokio", &["monitor"]),
    ("axum", &["monitor"]),
    ("pyo3", &["python"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(path: &str, text: &str) -> Vec<String> {
        check(&[File { path: path.to_owned(), text: text.to_owned() }])
    }

    #[test]
    fn an_arrow_that_points_back_is_found() {
        let text = "[package]\nname = \"x\"\n\n[dependencies]\nflowloom-schema.workspace = true\nflowloom-flow = { path = \"../flow\" }\n";
        assert_eq!(
            check_one("crates/wire/Cargo.toml", text),
            ["crates/wire/Cargo.toml:6: wire may not depend on flow"]
        );
        assert!(check_one("crates/features/Cargo.toml", text).is_empty());
        assert!(check_one("xtask/Cargo.toml", text).is_empty());
    }

    #[test]
    fn tests_may_depend_on_anything() {
        let text =
            "[dev-dependencies]\nflowloom-flow.workspace = true\narrow-array.workspace = true\n";
        assert!(check_one("crates/wire/Cargo.toml", text).is_empty());
    }

    #[test]
    fn heavy_crates_stay_where_they_belong() {
        let text = "[target.'cfg(unix)'.dependencies]\narrow-array.workspace = true\n";
        assert_eq!(
            check_one("crates/engine/Cargo.toml", text),
            ["crates/engine/Cargo.toml:2: only export and python may depend on arrow-array"]
        );
        assert!(check_one("crates/export/Cargo.toml", text).is_empty());
    }

    #[test]
    fn a_new_crate_needs_a_line_in_the_table() {
        assert_eq!(
            check_one("crates/extra/Cargo.toml", ""),
            ["crates/extra/Cargo.toml: extra has no line in the table of arrows"]
        );
    }

    #[test]
    fn dependencies_say_what_they_are_for() {
        let head = "[workspace.dependencies]\nflowloom-wire = { path = \"crates/wire\" }\n";
        let good = format!(
            "{head}\n# JSON.\nserde = \"1\"\nserde_json = \"1\"\n[profile.dev]\ndebug = 1\n"
        );
        assert!(check_one("Cargo.toml", &good).is_empty());
        let bare = format!("{head}sha1 = \"1\"\n");
        assert_eq!(
            check_one("Cargo.toml", &bare),
            ["Cargo.toml:3: sha1 does not say what it is for"]
        );
        let stranger = format!("{head}# JSON.\nserde = \"1\"\nsha1 = \"1\"\n");
        assert_eq!(
            check_one("Cargo.toml", &stranger),
            ["Cargo.toml:5: sha1 does not say what it is for"]
        );
    }
}
