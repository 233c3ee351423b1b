//! Summaries of documentation begin with a noun or a verb.

use super::Finding;
use crate::repo::Repo;

/// Words that begin a clause, or that name nothing.
const WRONG: &[&str] = &[
    "And",
    "Anything",
    "As",
    "But",
    "Everybody",
    "Everything",
    "How",
    "It",
    "Nobody",
    "Nor",
    "Nothing",
    "One",
    "So",
    "Somebody",
    "Someone",
    "Something",
    "That",
    "They",
    "Those",
    "Told",
    "What",
    "When",
    "Where",
    "Whether",
    "Which",
    "Who",
    "Whom",
    "Whose",
    "Why",
];

/// Finds first lines of doc comments that begin with a wrong word.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    repo.rust().flat_map(|file| wrong(&file.path, &file.text)).collect()
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

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::check;

    #[test]
    fn wrong_beginnings_are_found() {
        let text = "//! How it is.\n\n/// Whether it is\n/// What it is.\npub fn f() {}\n\
                    \x20   /// Those that are.\n/// Whatever.\n// What\n//// Who\n\n\
                    \x2f// One thing.\nstruct A;\n/// Something.\n";
        let places: Vec<_> = check(&files(&[("a/src/lib.rs", text)]))
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(places, [1, 3, 6, 11, 13].map(|line| format!("a/src/lib.rs:{line}")));
    }

    #[test]
    fn right_beginnings_are_free() {
        let text = "//! The state.\n\n/// Returns what is there.\n/// Whether or not.\n/// Ones.\n";
        assert_eq!(check(&files(&[("a/src/lib.rs", text)])), []);
    }
}
