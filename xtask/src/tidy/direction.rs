//! The allowed dependencies between crates: along the call path, and never back.

use super::Finding;
use crate::repo::{Package, Repo};
use crate::source;

/// Folders under `crates/` and the folders their crates may use. A `/*` stands
/// for everything below. Dependencies of tests and examples are free.
const RULES: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("text", &[]),
    ("comments", &[]),
    ("macros", &[]),
    ("build", &["codegen", "comments"]),
    ("codegen", &["comments"]),
    ("codec/*", &["core", "text", "macros"]),
    ("net", &["core"]),
    ("filter", &["core"]),
    ("cluster", &["core"]),
    ("config", &["core"]),
    ("rules", &["core", "config"]),
    ("script", &["core", "config", "net", "rules"]),
    ("observe", &["core"]),
    ("registry/*", &["core", "registry", "codec/*", "net", "protocol/triple"]),
    ("registry", &["core", "config", "net"]),
    ("xds", &["core", "codec/*", "net", "protocol/triple"]),
    ("protocol/*", &["core", "codec/*", "net", "macros"]),
    (
        "client",
        &[
            "core",
            "macros",
            "codec/*",
            "net",
            "filter",
            "cluster",
            "registry",
            "registry/*",
            "xds",
            "protocol/*",
            "config",
            "rules",
            "observe",
        ],
    ),
    (
        "server",
        &[
            "core",
            "macros",
            "codec/*",
            "net",
            "filter",
            "cluster",
            "registry",
            "registry/*",
            "xds",
            "protocol/*",
            "config",
            "rules",
            "observe",
        ],
    ),
    (
        "testkit",
        &[
            "core",
            "macros",
            "codec/*",
            "net",
            "filter",
            "cluster",
            "registry",
            "registry/*",
            "xds",
            "protocol/*",
            "client",
            "server",
        ],
    ),
    ("dubhe", &["*"]),
];

/// The crate that only programs, tests and examples use.
const FACADE: &str = "dubhe";

fn covers(pattern: &str, folder: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => folder.starts_with(prefix),
        None => pattern == folder,
    }
}

/// The folder of a library, relative to `crates/`.
fn room(package: &Package) -> Option<&str> {
    package.folder.strip_prefix("crates/")
}

/// The libraries of this project that a package depends on outside its tests, with their rooms.
fn ours<'a>(repo: &'a Repo, package: &'a Package) -> impl Iterator<Item = &'a str> {
    package.dependencies.iter().filter(|dependency| !dependency.dev).filter_map(|dependency| {
        repo.packages.iter().find(|other| other.name == dependency.name).and_then(room)
    })
}

fn manifest(package: &Package) -> String {
    format!("{}/Cargo.toml", package.folder)
}

/// Every dependency between our crates follows [`RULES`].
pub(super) fn direction(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in &repo.packages {
        let Some(room) = room(package) else { continue };
        let Some((_, allowed)) = RULES.iter().find(|(rule, _)| covers(rule, room)) else {
            let what =
                "no rule says what this crate may use; add one to xtask/src/tidy/direction.rs";
            found.push(Finding::new(&manifest(package), what));
            continue;
        };
        for used in ours(repo, package) {
            if !allowed.iter().any(|pattern| covers(pattern, used)) {
                found.push(Finding::new(
                    &manifest(package),
                    format!("{room} must not depend on {used}"),
                ));
            }
        }
    }
    found
}

/// No library depends on the facade.
pub(super) fn facade(repo: &Repo) -> Vec<Finding> {
    repo.packages
        .iter()
        .filter(|package| room(package).is_some() && ours(repo, package).any(|used| used == FACADE))
        .map(|package| {
            let what = format!("only programs, tests and examples may depend on {FACADE}");
            Finding::new(&manifest(package), what)
        })
        .collect()
}

/// `cluster` names no protocol crate, in its manifest or its sources.
pub(super) fn cluster(repo: &Repo) -> Vec<Finding> {
    let protocols: Vec<&Package> = repo
        .packages
        .iter()
        .filter(|package| room(package).is_some_and(|room| room.starts_with("protocol/")))
        .collect();
    let mut found = Vec::new();
    for package in repo.packages.iter().filter(|package| room(package) == Some("cluster")) {
        for protocol in &protocols {
            let what = format!("cluster must not name the protocol crate {}", protocol.name);
            if package.dependencies.iter().any(|dependency| dependency.name == protocol.name) {
                found.push(Finding::new(&manifest(package), what.clone()));
            }
            let path = protocol.name.replace('-', "_");
            for file in repo.rust().filter(|file| file.path.starts_with("crates/cluster/")) {
                let code = source::code(&file.text);
                found.extend(
                    source::word_offsets(&code, &path).map(|at| {
                        Finding::at(&file.path, source::line_of(&code, at), what.clone())
                    }),
                );
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::{files, package, packages};
    use super::{cluster, direction, facade};

    #[test]
    fn a_crate_below_must_not_use_one_above() {
        let mut house = vec![
            package("dubhe-core", "crates/core", &[]),
            package("dubhe-net", "crates/net", &["dubhe-core", "tokio"]),
            package("dubhe-dubbo", "crates/protocol/dubbo", &["dubhe-net", "dev:dubhe-server"]),
            package("dubhe-server", "crates/server", &["dubhe-dubbo"]),
        ];
        assert_eq!(direction(&packages(house.clone())), []);
        house.push(package("dubhe-filter", "crates/filter", &["dubhe-server"]));
        assert_eq!(
            direction(&packages(house)),
            [Finding::new("crates/filter/Cargo.toml", "filter must not depend on server")]
        );
    }

    #[test]
    fn a_new_room_needs_a_rule() {
        let found = direction(&packages(vec![package("dubhe-attic", "crates/attic", &[])]));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn libraries_must_not_use_the_facade() {
        let mut house = vec![
            package("dubhe", "crates/dubhe", &[]),
            package("dubhe-cli", "cli", &["dubhe"]),
            package("dubhe-client", "crates/client", &["dev:dubhe"]),
        ];
        assert_eq!(facade(&packages(house.clone())), []);
        house.push(package("dubhe-testkit", "crates/testkit", &["dubhe"]));
        assert_eq!(facade(&packages(house)).len(), 1);
    }

    #[test]
    fn cluster_must_not_name_a_protocol() {
        let mut repo =
            files(&[("crates/cluster/src/lib.rs", "// dubhe_dubbo\n\nuse dubhe_dubbo::Frame;\n")]);
        repo.packages = vec![
            package("dubhe-dubbo", "crates/protocol/dubbo", &[]),
            package("dubhe-cluster", "crates/cluster", &["dev:dubhe-dubbo"]),
        ];
        let places: Vec<String> = cluster(&repo).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/cluster/Cargo.toml", "crates/cluster/src/lib.rs:3"]);
    }
}
