//! Tests the repository itself: each check holds one rule of the repository.

mod circles;
mod clock;
mod direction;
mod docs;
mod examples;
mod exports;
mod facade;
mod features;
mod globals;
mod links;
mod logs;
mod manifest;
mod panics;
mod private;
mod pure;
mod size;
mod summaries;
mod test_programs;
mod traits;
mod unsafety;

use crate::Result;
use crate::repo::Repo;
use crate::tally::Tally;

/// A place where a check found what it forbids.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// `file:line`, or the file alone.
    place: String,
    what: String,
}

impl Finding {
    fn new(path: &str, what: impl Into<String>) -> Self {
        Self { place: path.to_owned(), what: what.into() }
    }

    fn at(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { place: format!("{path}:{line}"), what: what.into() }
    }
}

/// A named invariant.
type Check = (&'static str, fn(&Repo) -> Vec<Finding>);

const CHECKS: &[Check] = &[
    ("dependency-direction", direction::direction),
    ("facade-on-top", direction::facade),
    ("facade-is-curated", facade::check),
    ("facade-has-examples", examples::check),
    ("cluster-names-no-protocol", direction::cluster),
    ("core-is-pure", pure::check),
    ("no-circles", circles::check),
    ("one-clock", clock::check),
    ("file-size", size::source),
    ("tracked-file-size", size::tracked),
    ("crate-docs", docs::crates),
    ("architecture-names-every-crate", docs::architecture),
    ("doc-summaries", summaries::check),
    ("links", links::pages),
    ("links-in-docs", links::docs),
    ("logs-page", logs::check),
    ("traits-have-implementors", traits::implementors),
    ("one-test-program", test_programs::check),
    ("no-globals", globals::check),
    ("no-panics", panics::check),
    ("unsafe-in-one-crate", unsafety::check),
    ("package-names", manifest::names),
    ("licence", manifest::licence),
    ("lints", manifest::lints),
    ("features-of-dependencies", features::check),
    ("users-get-no-test-features", manifest::features),
    ("nothing-private", private::check),
];

/// Runs every check, or the one that is named.
pub(crate) fn run(name: Option<&str>, tally: &mut Tally) -> Result<()> {
    let repo = Repo::read()?;
    let chosen: Vec<&Check> =
        CHECKS.iter().filter(|(check, _)| name.is_none_or(|name| name == *check)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = CHECKS.iter().map(|(check, _)| *check).collect();
        return Err(format!("no check has that name; there are {}", known.join(", ")).into());
    }
    for (check, find) in chosen {
        let found = find(&repo);
        for finding in &found {
            println!("  {}: {}", finding.place, finding.what);
        }
        match found.first() {
            None => tally.pass(&format!("tidy/{check}")),
            Some(first) => {
                let rest = match found.len() {
                    1 => String::new(),
                    n => format!(" (and {} more)", n - 1),
                };
                tally.fail(
                    &format!("tidy/{check}"),
                    &format!("{}: {}{rest}", first.place, first.what),
                );
            }
        }
    }
    Ok(())
}

/// Samples for the tests of the checks.
#[cfg(test)]
mod sample {
    use crate::repo::{Dependency, File, Package, Repo};

    /// A repository with these files.
    pub(super) fn files(files: &[(&str, &str)]) -> Repo {
        let files = files
            .iter()
            .map(|(path, text)| File {
                path: (*path).to_owned(),
                bytes: text.len() as u64,
                text: (*text).to_owned(),
            })
            .collect();
        Repo { files, packages: Vec::new() }
    }

    /// A package with these dependencies; a name with a `dev:` in front is one
    /// of the tests, and features follow behind a `+` each.
    pub(super) fn package(name: &str, folder: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            license: Some("Apache-2.0".to_owned()),
            published: true,
            dependencies: dependencies
                .iter()
                .map(|text| {
                    let (name, features) = text.split_once('+').unwrap_or((text, ""));
                    let features = features.split('+').filter(|feature| !feature.is_empty());
                    Dependency {
                        name: name.trim_start_matches("dev:").to_owned(),
                        dev: name.starts_with("dev:"),
                        features: features.map(str::to_owned).collect(),
                    }
                })
                .collect(),
            roots: vec![format!("{folder}/src/lib.rs")],
            tests: Vec::new(),
        }
    }

    /// A repository with these packages.
    pub(super) fn packages(packages: Vec<Package>) -> Repo {
        Repo { files: Vec::new(), packages }
    }
}
