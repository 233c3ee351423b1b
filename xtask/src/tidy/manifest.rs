//! The manifests of the packages.

use super::Finding;
use crate::repo::{Package, Repo};

const LICENCE: &str = "Apache-2.0";

/// Packages whose names do not follow from their folders.
const NAMED: &[(&str, &str)] =
    &[("crates/dubhe", "dubhe"), ("xtask", "xtask"), ("benches", "dubhe-bench")];

fn manifest(package: &Package) -> String {
    if package.folder.is_empty() {
        "Cargo.toml".to_owned()
    } else {
        format!("{}/Cargo.toml", package.folder)
    }
}

/// A package is named after its folder.
pub(super) fn names(repo: &Repo) -> Vec<Finding> {
    repo.packages
        .iter()
        .filter_map(|package| {
            let named = NAMED.iter().find(|(folder, _)| *folder == package.folder);
            let last = package.folder.rsplit('/').next().unwrap_or_default();
            let name =
                named.map_or_else(|| format!("dubhe-{last}"), |(_, name)| (*name).to_owned());
            (name != package.name).then(|| {
                Finding::new(
                    &manifest(package),
                    format!("{} should be called {name}", package.name),
                )
            })
        })
        .collect()
}

/// A package has the licence of the repository, which has its text.
pub(super) fn licence(repo: &Repo) -> Vec<Finding> {
    let mut found: Vec<Finding> = repo
        .packages
        .iter()
        .filter(|package| package.license.as_deref() != Some(LICENCE))
        .map(|package| Finding::new(&manifest(package), format!("the licence must be {LICENCE}")))
        .collect();
    if !repo.file("LICENSE").is_some_and(|file| file.text.contains("Apache License")) {
        found.push(Finding::new("LICENSE", "the text of the licence is missing"));
    }
    found
}

/// A package takes the lints of the workspace.
pub(super) fn lints(repo: &Repo) -> Vec<Finding> {
    repo.packages
        .iter()
        .map(manifest)
        .filter(|path| {
            let text = repo.file(path).map(|file| file.text.as_str()).unwrap_or_default();
            let mut lines = text.lines().skip_while(|line| line.trim() != "[lints]").skip(1);
            lines.next().map(str::trim) != Some("workspace = true")
        })
        .map(|path| Finding::new(&path, "needs [lints] with workspace = true"))
        .collect()
}

/// Features that are for tests and programs: a library that names one switches it on in every program
/// that uses it. By dependency.
const NOT_FOR_USERS: &[(&str, &[&str])] = &[("tokio", &["full", "fs", "process", "test-util"])];

/// A library that is published names no feature of [`NOT_FOR_USERS`].
pub(super) fn features(repo: &Repo) -> Vec<Finding> {
    let libraries = repo
        .packages
        .iter()
        .filter(|package| package.published && package.folder.starts_with("crates/"));
    let mut found = Vec::new();
    for package in libraries {
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.dev) {
            let named = NOT_FOR_USERS.iter().find(|(name, _)| *name == dependency.name);
            let Some((name, features)) = named else { continue };
            for feature in features.iter().filter(|f| dependency.features.iter().any(|g| g == **f))
            {
                let what = format!(
                    "switches {feature} of {name} on in users' programs; put it into \
                     [dev-dependencies]"
                );
                found.push(Finding::new(&manifest(package), what));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::{files, package, packages};
    use super::{features, licence, lints, names};

    #[test]
    fn names_follow_folders() {
        let house = vec![
            package("dubhe", "crates/dubhe", &[]),
            package("dubhe-hessian2", "crates/codec/hessian2", &[]),
            package("dubhe-bench", "benches", &[]),
        ];
        assert_eq!(names(&packages(house)), []);
        let found = names(&packages(vec![package("dubhe-wire", "crates/net", &[])]));
        assert_eq!(
            found,
            [Finding::new("crates/net/Cargo.toml", "dubhe-wire should be called dubhe-net")]
        );
    }

    #[test]
    fn the_licence_is_required() {
        let mut repo = files(&[("LICENSE", "Apache License, version 2.0")]);
        repo.packages = vec![package("dubhe-net", "crates/net", &[])];
        assert_eq!(licence(&repo), []);
        repo.packages[0].license = None;
        repo.files.clear();
        let places: Vec<String> = licence(&repo).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/net/Cargo.toml", "LICENSE"]);
    }

    #[test]
    fn the_lints_are_required() {
        let mut repo = files(&[
            ("crates/net/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            ("crates/core/Cargo.toml", "[package]\n\n[lints.rust]\nunsafe_code = \"allow\"\n"),
        ]);
        repo.packages = vec![
            package("dubhe-net", "crates/net", &[]),
            package("dubhe-core", "crates/core", &[]),
        ];
        assert_eq!(
            lints(&repo),
            [Finding::new("crates/core/Cargo.toml", "needs [lints] with workspace = true")]
        );
    }

    #[test]
    fn features_for_tests_stay_with_tests() {
        let mut program = package("dubhe-load", "benches/load", &["tokio+full"]);
        program.published = false;
        let repo = packages(vec![
            package("dubhe-net", "crates/net", &["tokio+net+test-util", "dev:tokio+full"]),
            package("dubhe-core", "crates/core", &["dev:tokio+test-util", "bytes+full"]),
            program,
        ]);
        let what =
            "switches test-util of tokio on in users' programs; put it into [dev-dependencies]";
        assert_eq!(features(&repo), [Finding::new("crates/net/Cargo.toml", what)]);
    }
}
