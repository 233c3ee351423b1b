//! Summaries of documentation begin with a noun or a verb.

use super::Finding;
use crate::repo::Repo;

/// Words that begin a clause and not a summary.
const WRONG: &[&str] = &[
    "And", "As", "But", "How", "It", "Nor", "So", "That", "They", "Those", "Told", "What", "When",
    "Where", "Whether", "Which", "Who", "Whom", "Whose", "Why",
];

/// Folders of packages with summaries that begin otherwise. An entry goes when its package has none
/// left; none comes.
const UNCONVERTED: &[&str] = &["crates/dubhe", "crates/server"];

/// Finds first lines of doc comments that begin with a wrong word.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    judge(repo, UNCONVERTED)
}

fn judge(repo: &Repo, unconverted: &[&str]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut left = Vec::new();
    for file in repo.rust() {
        let wrong = wrong(&file.path, &file.text);
        match unconverted.iter().find(|folder| **folder == package(&file.path)) {
            Some(folder) if !wrong.is_empty() => left.push(folder),
            _ => found.extend(wrong),
        }
    }
    for folder in unconverted.iter().filter(|folder| !left.contains(folder)) {
        found
            .push(Finding::new(folder, "has no wrong summary left: remove it from the exceptions"));
    }
    found
}

fn wrong(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut before = None;
    for (number, line) in text.lines().enumerate() {
        let mark = ["///", "//!"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        let begins = mark != before;
        before = mark;
        let Some(mark) = mark.filter(|_| begins) else { continue };
        let summary = line.trim_start().trim_start_matches(mark).trim_start();
        let end = summary.find(|c: char| !c.is_alphabetic()).unwrap_or(summary.len());
        let first = summary.get(..end).unwrap_or_default();
        if WRONG.contains(&first) {
            let what = format!("a summary begins with {first:?}; begin with a noun or a verb");
            found.push(Finding::at(path, number + 1, what));
        }
    }
    found
}

/// The folder of the package that a file belongs to.
fn package(path: &str) -> &str {
    let inside = ["src", "tests", "benches", "examples", "fuzz_targets", "build.rs"];
    let mut end = 0;
    for part in path.split('/') {
        if end > 0 && inside.contains(&part) {
            return path.get(..end - 1).unwrap_or_default();
        }
        end += part.len() + 1;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::files;
    use super::{judge, package};

    #[test]
    fn wrong_beginnings_are_found() {
        let text = "//! How it is.\n\n/// Whether it is\n/// What it is.\npub fn f() {}\n\
                    \x20   /// Those that are.\n/// Whatever.\n// What\n//// Who\n";
        let places: Vec<_> = judge(&files(&[("a/src/lib.rs", text)]), &[])
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(places, ["a/src/lib.rs:1", "a/src/lib.rs:3", "a/src/lib.rs:6"]);
    }

    #[test]
    fn right_beginnings_are_free() {
        let text = "//! The state.\n\n/// Returns what is there.\n/// Whether or not.\n";
        assert_eq!(judge(&files(&[("a/src/lib.rs", text)]), &[]), []);
    }

    #[test]
    fn an_exception_holds_for_its_package_while_it_is_needed() {
        let repo = files(&[("a/src/x.rs", "/// Who.\n"), ("a/b/src/x.rs", "/// Who.\n")]);
        assert_eq!(judge(&repo, &["a", "a/b"]), []);
        assert_eq!(judge(&repo, &["a"]).len(), 1);
        let what = "has no wrong summary left: remove it from the exceptions";
        assert_eq!(judge(&repo, &["a", "a/b", "c"]), [Finding::new("c", what)]);
    }

    #[test]
    fn files_belong_to_packages() {
        for (path, folder) in [
            ("crates/registry/zookeeper/tests/it/main.rs", "crates/registry/zookeeper"),
            ("tests/interop/src/main.rs", "tests/interop"),
            ("benches/src/bin/calls/main.rs", "benches"),
            ("fuzz/fuzz_targets/a.rs", "fuzz"),
            ("cli/build.rs", "cli"),
        ] {
            assert_eq!(package(path), folder);
        }
    }
}
