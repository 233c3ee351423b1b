//! The integration tests of a package are one program: each more is linked once more.

use super::Finding;
use crate::repo::Repo;

/// Programs beside the one, each for a reason that a reviewer accepted.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("crates/registry/zookeeper/tests/zookeeper/main.rs", STARTS_SERVERS),
    ("crates/registry/etcd/tests/etcd/main.rs", STARTS_SERVERS),
    ("crates/registry/nacos/tests/nacos/main.rs", STARTS_SERVERS),
    ("crates/registry/kubernetes/tests/kubernetes/main.rs", STARTS_SERVERS),
    (
        "crates/cluster/tests/memory/main.rs",
        "counts what is allocated, to which other tests would add",
    ),
];

const STARTS_SERVERS: &str = "starts real servers, which `cargo test` alone does not";

/// Finds integration tests beside `tests/it/main.rs`.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    beside(repo, EXCEPTIONS)
}

fn beside(repo: &Repo, exceptions: &[(&str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in &repo.packages {
        let one = format!("{}/tests/it/main.rs", package.folder);
        for path in package.tests.iter().filter(|path| **path != one) {
            if !exceptions.iter().any(|(exception, _)| exception == path) {
                found.push(Finding::new(path, format!("make it a module of {one}")));
            }
        }
    }
    for (path, why) in exceptions {
        let is_there = |package: &crate::repo::Package| package.tests.iter().any(|own| own == path);
        if !repo.packages.iter().any(is_there) {
            found.push(Finding::new(path, format!("needs no exception ({why}) any more")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::{package, packages};
    use super::beside;
    use crate::repo::Repo;

    fn tests(tests: &[&str]) -> Repo {
        let mut net = package("dubhe-net", "crates/net", &[]);
        net.tests = tests.iter().map(|path| (*path).to_owned()).collect();
        packages(vec![package("dubhe-core", "crates/core", &[]), net])
    }

    #[test]
    fn a_second_program_is_found() {
        let one = tests(&["crates/net/tests/it/main.rs"]);
        assert_eq!(beside(&one, &[]), []);
        let paths = ["crates/net/tests/a.rs", "crates/net/tests/b/main.rs"];
        let more = tests(&["crates/net/tests/it/main.rs", paths[0], paths[1]]);
        let what = "make it a module of crates/net/tests/it/main.rs";
        assert_eq!(beside(&more, &[]), paths.map(|path| Finding::new(path, what)));
    }

    #[test]
    fn an_exception_must_be_needed() {
        let exceptions = [("crates/net/tests/real/main.rs", "needs a server")];
        let both = tests(&["crates/net/tests/it/main.rs", "crates/net/tests/real/main.rs"]);
        assert_eq!(beside(&both, &exceptions), []);
        let what = "needs no exception (needs a server) any more";
        let stale = [Finding::new("crates/net/tests/real/main.rs", what)];
        assert_eq!(beside(&tests(&["crates/net/tests/it/main.rs"]), &exceptions), stale);
    }
}
