//! Agreement of the documentation with the repository.

use std::collections::BTreeSet;

use super::Finding;
use crate::repo::Repo;

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

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::{files, package};
    use super::{ARCHITECTURE, architecture, crates};

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
}
