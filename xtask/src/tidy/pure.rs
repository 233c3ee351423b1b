//! The vocabulary and the codecs do no I/O and need no runtime.

use super::Finding;
use crate::repo::Repo;
use crate::source;

const FOLDERS: &[&str] = &["crates/core", "crates/codec/"];

/// Crates that bring a runtime or I/O; a `*` ends a prefix.
const CRATES: &[&str] = &[
    "tokio",
    "tokio-*",
    "async-std",
    "async-io",
    "async-net",
    "smol",
    "monoio",
    "glommio",
    "mio",
    "polling",
    "socket2",
    "hyper",
    "hyper-*",
    "h2",
    "tonic",
    "tonic-*",
    "axum",
    "axum-*",
    "reqwest",
    "quinn",
    "rustls",
    "tokio-rustls",
    "native-tls",
    "openssl",
];

/// Names of the standard library that do I/O or start threads.
const NAMES: &[&str] = &[
    "std::fs",
    "std::process",
    "std::thread::spawn",
    "std::thread::sleep",
    "std::thread::Builder",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "SystemTime::now",
    "Instant::now",
];

/// Finds I/O and runtimes in the crates of [`FOLDERS`].
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let inside = |path: &str| FOLDERS.iter().any(|folder| path.starts_with(folder));
    let mut found = Vec::new();
    for package in repo.packages.iter().filter(|package| inside(&package.folder)) {
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.dev) {
            if CRATES.iter().any(|name| matches(name, &dependency.name)) {
                let manifest = format!("{}/Cargo.toml", package.folder);
                found.push(Finding::new(
                    &manifest,
                    format!("{} does I/O or needs a runtime", dependency.name),
                ));
            }
        }
    }
    let sources = repo.rust().filter(|file| {
        inside(&file.path) && !source::is_test(&file.path) && !file.path.contains("/examples/")
    });
    for file in sources {
        let code = source::code(&file.text);
        for name in NAMES {
            found.extend(source::word_offsets(&code, name).map(|at| {
                let what = format!("{name} has no place here: take it as an argument");
                Finding::at(&file.path, source::line_of(&code, at), what)
            }));
        }
    }
    found
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::{files, package, packages};
    use super::check;

    #[test]
    fn a_runtime_is_found_by_its_crate() {
        let house = vec![
            package("dubhe-core", "crates/core", &["bytes", "tokio-util", "dev:tokio"]),
            package("dubhe-net", "crates/net", &["tokio"]),
        ];
        let found = check(&packages(house));
        assert_eq!(
            found,
            [Finding::new("crates/core/Cargo.toml", "tokio-util does I/O or needs a runtime")]
        );
    }

    #[test]
    fn io_is_found_by_its_name() {
        let repo = files(&[
            (
                "crates/codec/json/src/lib.rs",
                "\nfn f() { std::fs::read(\"x\"); }\n#[cfg(test)] mod t { use std::fs; }",
            ),
            ("crates/net/src/lib.rs", "use std::net::TcpStream;"),
        ]);
        let places: Vec<String> = check(&repo).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/codec/json/src/lib.rs:2"]);
    }
}
