//! What is written agrees with what is there.

use std::collections::BTreeSet;

use super::Finding;
use crate::repo::Repo;
use crate::source::line_of;

const ARCHITECTURE: &str = "docs/architecture.md";

/// Every library, program and example begins with what it is.
pub(super) fn crates(repo: &Repo) -> Vec<Finding> {
    repo.packages
        .iter()
        .flat_map(|package| &package.roots)
        .filter(|path| {
            repo.file(path).is_none_or(|file| !file.text.trim_start().starts_with("//!"))
        })
        .map(|path| Finding::at(path, 1, "begins without crate docs (//!)"))
        .collect()
}

/// The architecture page names every package in backticks, and no other.
pub(super) fn architecture(repo: &Repo) -> Vec<Finding> {
    let Some(page) = repo.file(ARCHITECTURE) else {
        return vec![Finding::new(ARCHITECTURE, "the page is missing")];
    };
    // Packages outside the workspace: of cargo-fuzz, and of the benchmarks.
    let outside = [("fuzz", "dubhe-fuzz"), ("benches/contenders", "dubhe-contenders")];
    let outside: Vec<&str> = outside
        .into_iter()
        .filter(|(folder, _)| repo.file(&format!("{folder}/Cargo.toml")).is_some())
        .map(|(_, name)| name)
        .collect();
    let packages: BTreeSet<&str> =
        repo.packages.iter().map(|package| package.name.as_str()).collect();
    let mut named = BTreeSet::new();
    let mut found = Vec::new();
    for (number, line) in page.text.lines().enumerate() {
        for name in line.split('`').skip(1).step_by(2).filter(|name| is_package(name)) {
            named.insert(name);
            if !packages.contains(name) && !outside.contains(&name) {
                found.push(Finding::at(ARCHITECTURE, number + 1, format!("{name} does not exist")));
            }
        }
    }
    found.extend(
        packages
            .difference(&named)
            .map(|name| Finding::new(ARCHITECTURE, format!("does not name `{name}`"))),
    );
    found
}

fn is_package(name: &str) -> bool {
    let ours = name == "dubhe" || name == "xtask" || name.starts_with("dubhe-");
    ours && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Relative links of Markdown pages lead to files.
pub(super) fn links(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for page in repo.files.iter().filter(|file| file.is_kind("md")) {
        let text = without_code(&page.text);
        for (at, _) in text.match_indices("](") {
            let target = text.get(at + 2..).and_then(|rest| rest.split([')', ' ', '\n']).next());
            let Some(target) = target.and_then(|target| target.split('#').next()) else { continue };
            if target.is_empty() || target.contains(':') {
                continue; // an anchor of this page, or another site
            }
            let Some(path) = resolve(&page.path, target) else {
                found.push(Finding::at(
                    &page.path,
                    line_of(&text, at),
                    format!("{target} leaves the repository"),
                ));
                continue;
            };
            let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
            if repo.file(&path).is_none()
                && !repo.files.iter().any(|file| file.path.starts_with(&folder))
            {
                found.push(Finding::at(
                    &page.path,
                    line_of(&text, at),
                    format!("{target} does not exist"),
                ));
            }
        }
    }
    found
}

/// Code blocks emptied, line by line; they hold no links.
fn without_code(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        if !inside && !fence {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// A link of the page `from`, relative to the root.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut path: Vec<&str> =
        if link.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    path.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()?),
            name => path.push(name),
        }
    }
    Some(path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::{files, package};
    use super::{ARCHITECTURE, architecture, crates, links};

    #[test]
    fn crates_begin_with_docs() {
        let mut repo = files(&[
            ("crates/net/src/lib.rs", "//! Connections.\n"),
            ("crates/core/src/lib.rs", "mod call;\n//! Late.\n"),
        ]);
        repo.packages = vec![
            package("dubhe-net", "crates/net", &[]),
            package("dubhe-core", "crates/core", &[]),
        ];
        assert_eq!(
            crates(&repo),
            [Finding::at("crates/core/src/lib.rs", 1, "begins without crate docs (//!)")]
        );
    }

    #[test]
    fn the_architecture_page_and_the_crates_agree() {
        let mut repo = files(&[(
            ARCHITECTURE,
            "`dubhe-net` connects,\n`dubhe-attic` is old, `dubhe call X` is a command.",
        )]);
        repo.packages = vec![
            package("dubhe-net", "crates/net", &[]),
            package("dubhe-core", "crates/core", &[]),
        ];
        let found = architecture(&repo);
        assert_eq!(
            found,
            [
                Finding::at(ARCHITECTURE, 2, "dubhe-attic does not exist"),
                Finding::new(ARCHITECTURE, "does not name `dubhe-core`"),
            ]
        );
        repo.files.clear();
        assert_eq!(architecture(&repo).len(), 1);
    }

    #[test]
    fn links_lead_somewhere() {
        let page = "[a](../README.md#top) [b](gone.md)\n```\n[c](code.md)\n```\n[d](https://example.org) [e](#here) [f](pics)\n[g](../../x.md)";
        let repo = files(&[("docs/page.md", page), ("README.md", ""), ("docs/pics/a.svg", "")]);
        assert_eq!(
            links(&repo),
            [
                Finding::at("docs/page.md", 1, "gone.md does not exist"),
                Finding::at("docs/page.md", 6, "../../x.md leaves the repository"),
            ]
        );
    }
}
