//! The repository works anywhere: it names no machine's paths and no mirrors.

use super::Finding;
use crate::repo::Repo;

/// Paths of one machine. Split, so that this file does not name them.
const PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Settings that send a build to a mirror.
const MIRRORS: &[&str] = &[
    concat!("GOPR", "OXY="),
    concat!("<mir", "ror>"),
    concat!("<reposit", "ories>"),
    concat!("replace-wi", "th"),
    concat!("CARGO_REGIS", "TRIES_"),
];

/// The registry of every crate of the lock file.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Finds paths and registries of a machine.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &repo.files {
        for (number, line) in file.text.lines().enumerate() {
            let mut report = |what: String| found.push(Finding::at(&file.path, number + 1, what));
            for path in PATHS.iter().filter(|path| stands_alone(line, path)) {
                report(format!("{path} is a path of one machine"));
            }
            for mirror in MIRRORS.iter().filter(|mirror| line.contains(**mirror)) {
                report(format!("{mirror} names a registry"));
            }
            if let Some(source) =
                line.strip_prefix("source = ").filter(|_| file.path.ends_with("Cargo.lock"))
                && source.trim_matches('"') != REGISTRY
            {
                report(format!("{source} is not the public registry"));
            }
        }
    }
    found
}

/// Returns true if `path` is in the line as the start of an absolute path.
fn stands_alone(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|front| front.chars().next_back());
        !before
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '/' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::check;

    fn places(path: &str, text: &str) -> Vec<String> {
        check(&files(&[(path, text)])).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn machine_paths_are_found() {
        let text = format!("see\n`{}main`", concat!("/wo", "rk/"));
        assert_eq!(places("README.md", &text), ["README.md:2"]);
        assert_eq!(places("a.sh", concat!("cd /ro", "ot/x")), ["a.sh:1"]);
    }

    #[test]
    fn parts_of_other_paths_are_free() {
        assert_eq!(places("README.md", concat!("https://example.org/api/wo", "rk/")), [""; 0]);
    }

    #[test]
    fn mirrors_are_found() {
        assert_eq!(places("run", concat!("export GOPR", "OXY=https://example.org")), ["run:1"]);
        assert_eq!(
            places("Cargo.lock", "source = \"registry+https://example.org/index\""),
            ["Cargo.lock:1"]
        );
        let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        assert_eq!(places("Cargo.lock", public), [""; 0]);
    }
}
