//! Summaries of documentation begin with a noun or a verb.

use super::Finding;
use crate::repo::Repo;

/// Words that are neither a noun nor a verb, by their kind.
#[rustfmt::skip]
const WRONG: &[&str] = &[
    // Conjunctions and words that begin a clause.
    "Although", "And", "As", "Because", "But", "How", "If", "Nor", "Or", "So", "Than", "That",
    "Though", "Unless", "What", "When", "Where", "Whether", "Which", "While", "Who", "Whom",
    "Whose", "Why",
    // Prepositions.
    "About", "Above", "Across", "After", "Against", "Along", "Among", "Around", "At", "Before",
    "Behind", "Below", "Beneath", "Beside", "Besides", "Between", "Beyond", "By", "Despite", "Down",
    "During", "Except", "For", "From", "In", "Inside", "Into", "Like", "Near", "Of", "Off", "On",
    "Onto", "Out", "Outside", "Over", "Past", "Per", "Since", "Through", "Throughout", "To",
    "Toward", "Towards", "Under", "Unlike", "Until", "Up", "Upon", "Via", "With", "Within",
    "Without",
    // Adverbs.
    "Again", "Almost", "Already", "Also", "Always", "Else", "Elsewhere", "Ever", "Here", "Just",
    "Maybe", "Never", "Not", "Now", "Often", "Once", "Only", "Perhaps", "Rather", "Seldom",
    "Sometimes", "Soon", "Still", "Then", "There", "Together", "Too", "Yet",
    // Pronouns, which name nothing.
    "Anybody", "Anyone", "Anything", "Everybody", "Everyone", "Everything", "He", "Her",
    "His", "I", "It", "Its", "Nobody", "None", "Nothing", "One", "Others", "Our", "Ours", "She",
    "Somebody", "Someone", "Something", "Their", "Theirs", "They", "Those", "Us", "We", "You",
    "Your",
    // Modal verbs.
    "Can", "Could", "May", "Might", "Must", "Shall", "Should", "Would",
];

/// Adjectives and participles, other than those in "ed", that say something of a subject.
#[rustfmt::skip]
const PREDICATES: &[&str] = &[
    "Absent", "Alone", "Built", "Current", "Done", "Empty", "False", "Free", "Gone", "Held", "Kept",
    "Known", "Longer", "Lost", "Made", "Ready", "Relative", "Sent", "Sure", "Taken", "Thrown",
    "Told", "True", "Weak", "Written",
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
        let rest = summary.get(end..).unwrap_or_default();
        if WRONG.contains(&first) || is_without_subject(first, rest) {
            let what = format!("a summary begins with {first:?}; begin with a noun or a verb");
            found.push(Finding::at(path, number + 1, what));
        }
    }
    found
}

/// Returns `true` for an adjective or participle with no noun behind it, such as "Ready when" or
/// "Closed by the peer".
fn is_without_subject(first: &str, rest: &str) -> bool {
    let is_participle = first.ends_with("ed") && !first.ends_with("eed");
    if !is_participle && !PREDICATES.contains(&first) {
        return false;
    }
    if rest.is_empty() || rest.starts_with(['.', ',', ';', ':']) {
        return true;
    }
    let next = rest.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    WRONG.iter().any(|word| word.eq_ignore_ascii_case(next))
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
    fn beginnings_that_are_no_noun_and_no_verb_are_found() {
        let wrong = [
            "Although it waits.",
            "By the number of arguments.",
            "Not now.",
            "Its name.",
            "Must be polled.",
            "Connected.",
            "Closed by the peer.",
            "Ready when the peer is.",
            "Empty, for all.",
        ];
        for summary in wrong {
            let text = format!("/// {summary}\nstruct A;\n");
            assert_eq!(check(&files(&[("a/src/lib.rs", &text)])).len(), 1, "{summary}");
        }
    }

    #[test]
    fn right_beginnings_are_free() {
        let text = "//! The state.\n\n/// Returns what is there.\n/// Whether or not.\n/// Ones.\n";
        assert_eq!(check(&files(&[("a/src/lib.rs", text)])), []);
        let right =
            ["Typed values.", "Empty sets of names.", "Known names.", "Speed, in bytes.", "Feed."];
        for summary in right {
            let text = format!("/// {summary}\nstruct A;\n");
            assert_eq!(check(&files(&[("a/src/lib.rs", &text)])), [], "{summary}");
        }
    }
}
