//! Agreement of the page of the log with what is logged.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::repo::Repo;
use crate::source::{code, is_test, line_of, word_offsets};

const PAGE: &str = "docs/user/logs.md";
/// The levels that operators see, by their macros.
const LEVELS: [(&str, &str); 3] = [("error", "ERROR"), ("warn", "WARN"), ("info", "INFO")];
/// Crates that are no part of a user's process while it runs.
const ELSEWHERE: [&str; 3] = ["crates/testkit/", "crates/build/", "crates/macros/"];

/// A line that is logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    level: String,
    target: String,
    message: String,
    fields: BTreeSet<String>,
}

impl Line {
    /// The row of the page for it, but what people write of it.
    fn row(&self) -> String {
        let Self { level, target, message, fields } = self;
        let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
        format!("| {level} | `{target}` | {message} | {} |", fields.join(", "))
    }
}

/// The page lists every line at INFO and above with its target, message and fields, and no other.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let Some(page) = repo.file(PAGE) else {
        return vec![Finding::new(PAGE, "the page is missing")];
    };
    let logged = logged(repo);
    let listed: BTreeMap<Line, usize> = page
        .text
        .lines()
        .enumerate()
        .flat_map(|(number, row)| listed(row).into_iter().map(move |line| (line, number + 1)))
        .collect();
    let lacks =
        logged.iter().filter(|(line, _)| !listed.contains_key(line)).map(|(line, place)| {
            Finding::new(place, format!("logs what {PAGE} does not list: {}", line.row()))
        });
    let wrong =
        listed.iter().filter(|(line, _)| !logged.contains_key(line)).map(|(line, number)| {
            Finding::at(PAGE, *number, format!("nothing logs this: {}", line.row()))
        });
    lacks.chain(wrong).collect()
}

/// The lines that crates log, each with one of its places.
fn logged(repo: &Repo) -> BTreeMap<Line, String> {
    let mut all = BTreeMap::new();
    for package in &repo.packages {
        let source = format!("{}/src/", package.folder);
        let elsewhere = |path: &str| is_test(path) || ELSEWHERE.iter().any(|e| path.starts_with(e));
        let own = |path: &str| path.starts_with("crates/") && path.starts_with(&source);
        let target = package.name.replace('-', "_");
        for file in repo.files.iter().filter(|file| own(&file.path) && !elsewhere(&file.path)) {
            let code = code(&file.text);
            for (name, level) in LEVELS {
                for at in word_offsets(&code, name) {
                    let open = at + name.len() + 1;
                    if code.get(open - 1..=open) == Some("!(") {
                        let mut line = line(&file.text, &code, open + 1);
                        level.clone_into(&mut line.level);
                        if line.target.is_empty() {
                            line.target.clone_from(&target);
                        }
                        all.insert(line, format!("{}:{}", file.path, line_of(&code, at)));
                    }
                }
            }
        }
    }
    all
}

/// Reads the arguments of a macro, which begin at `start`.
fn line(text: &str, code: &str, start: usize) -> Line {
    let mut line = Line::default();
    for (from, to) in arguments(code, start) {
        let argument = code.get(from..to).unwrap_or_default().trim();
        let literal = || literal(text.get(from..to).unwrap_or_default());
        if argument.starts_with('"') {
            line.message = literal();
            // What follows are the arguments of its placeholders.
            break;
        } else if argument.starts_with("target:") {
            line.target = literal();
        } else if !argument.is_empty() {
            let name = argument.split_once('=').map_or(argument, |(name, _)| name);
            let name = name.trim().trim_start_matches(['%', '?']);
            line.fields.insert(name.to_owned());
        }
    }
    line
}

/// The places of the arguments of a macro, up to its closing bracket.
fn arguments(code: &str, start: usize) -> Vec<(usize, usize)> {
    let (mut depth, mut from, mut found) = (0_usize, start, Vec::new());
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => {
                found.push((from, at));
                break;
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                found.push((from, at));
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The text of the string literal in `argument`, without line breaks that are escaped.
fn literal(argument: &str) -> String {
    let inside = argument.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
    let mut parts = inside.map_or("", |(inside, _)| inside).split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start())
}

/// The lines that a row of a table lists: one for each target.
fn listed(row: &str) -> Vec<Line> {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let [_, level, targets, message, fields, ..] = *cells else { return Vec::new() };
    if !LEVELS.iter().any(|(_, known)| *known == level) {
        return Vec::new();
    }
    let named = |cell: &str| -> BTreeSet<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let (level, message, fields) = (level.to_owned(), message.to_owned(), named(fields));
    let line = Line { level, message, fields, target: String::new() };
    named(targets).into_iter().map(|target| Line { target, ..line.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::{files, package};
    use super::{PAGE, check};

    const SOURCE: &str = r#"
        use tracing::warn;
        fn f() {
            // tracing::error!("a comment");
            tracing::info!(target: "dubhe::own", %addr, tls = f(1, 2), "listening, \
                            as asked");
            warn!(refused, left = (x == 1).then(|| 2), "refused {}", why);
            tracing::debug!(refused, "for developers");
        }
        #[cfg(test)]
        mod tests { fn g() { tracing::warn!("a test"); } }
    "#;

    fn found(page: &str) -> Vec<Finding> {
        let mut repo = files(&[
            ("crates/net/src/accept.rs", SOURCE),
            ("crates/testkit/src/lib.rs", "fn f() { tracing::warn!(\"of tests\"); }"),
            (PAGE, page),
        ]);
        repo.packages = vec![package("dubhe-net", "crates/net", &[])];
        check(&repo)
    }

    #[test]
    fn the_page_and_the_source_agree() {
        let page = "\
| level | target | message | fields | |
| --- | --- | --- | --- | --- |
| INFO | `dubhe::own` | listening, as asked | `addr`, `tls` | at the start |
| WARN | `dubhe_net` | refused {} | `refused`, `left` | |
";
        assert_eq!(found(page), []);
        let other = page.replace("`tls`", "`mode`");
        let info = "| INFO | `dubhe::own` | listening, as asked | `addr`, `tls` |";
        assert_eq!(
            found(&other),
            [
                Finding::new(
                    "crates/net/src/accept.rs:5",
                    format!("logs what {PAGE} does not list: {info}")
                ),
                Finding::at(
                    PAGE,
                    3,
                    format!("nothing logs this: {}", info.replace("`tls`", "`mode`"))
                ),
            ]
        );
        let more = page.replace("`dubhe_net`", "`dubhe_net`, `dubhe_core`");
        let [finding] = &*found(&more) else { panic!("{:?}", found(&more)) };
        assert!(finding.what.contains("`dubhe_core`"), "{finding:?}");
    }
}
