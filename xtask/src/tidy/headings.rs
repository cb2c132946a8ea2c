//! The English and the Chinese README have the same headings, level by level.

use super::File;

pub(super) fn check(files: &[File]) -> Vec<String> {
    let levels =
        |path: &str| files.iter().find(|file| file.path == path).map(|file| levels(&file.text));
    let (Some(english), Some(chinese)) = (levels("README.md"), levels("README_CN.md")) else {
        return Vec::new();
    };
    if english == chinese {
        return Vec::new();
    }
    let at = english.iter().zip(&chinese).take_while(|(a, b)| a == b).count() + 1;
    vec![format!(
        "README_CN.md: {} headings, README.md: {}; they part at heading {at}",
        chinese.len(),
        english.len()
    )]
}

/// The depth of each heading; a `#` in a code block is none.
fn levels(text: &str) -> Vec<usize> {
    let mut in_code = false;
    let mut levels = Vec::new();
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        let depth = line.len() - line.trim_start_matches('#').len();
        if !in_code && depth > 0 && line[depth..].starts_with(' ') {
            levels.push(depth);
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_two(english: &str, chinese: &str) -> Vec<String> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        check(&[file("README.md", english), file("README_CN.md", chinese)])
    }

    #[test]
    fn comments_in_code_are_no_headings() {
        assert!(check_two("# A\n```\n# b\n```\n## C\n", "# 甲\n## 丙\n").is_empty());
    }

    #[test]
    fn a_missing_heading_is_found() {
        assert_eq!(
            check_two("# A\n## B\n## C\n", "# 甲\n## 乙\n"),
            ["README_CN.md: 2 headings, README.md: 3; they part at heading 3"]
        );
        assert_eq!(check_two("# A\n## B\n", "# 甲\n### 乙\n").len(), 1);
    }
}
