//! The place that the crates of Dubhe come from.

use std::fmt::Write as _;
use std::path::{self, PathBuf};

/// The repository of the README, until there is a release.
pub(super) const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The place that cargo takes the crates from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A git repository.
    Git(String),
    /// A clone of it, by its absolute path.
    Path(PathBuf),
    /// The registry of crates, with the version that is asked for.
    Version(String),
}

impl Source {
    /// Reads what the options say; a version goes before a path, and that before git.
    ///
    /// # Errors
    /// When cargo would not understand it, or the folder is no clone.
    pub(super) fn of(
        git: String,
        path: Option<PathBuf>,
        version: Option<String>,
    ) -> Result<Self, String> {
        match (version, path) {
            (Some(version), _) if is_version(&version) => Ok(Self::Version(version)),
            (Some(version), _) => Err(format!("--version {version:?} is no version, such as 0.1")),
            (None, Some(path)) => {
                let path = path::absolute(&path)
                    .map_err(|error| format!("--path {}: {error}", path.display()))?;
                if !path.join("crates/dubhe/Cargo.toml").is_file() {
                    let path = path.display();
                    return Err(format!("--path {path} is no clone of {REPOSITORY}"));
                }
                if path.to_str().is_none() {
                    return Err(format!("--path {} is not in UTF-8", path.display()));
                }
                Ok(Self::Path(path))
            }
            (None, None) if git.contains("://") => Ok(Self::Git(git)),
            (None, None) => Err(format!(
                "--git {git:?} is no URL as cargo has it: https://HOST/PATH or ssh://git@HOST/PATH"
            )),
        }
    }

    /// Returns the keys of the dependency on a package.
    pub(super) fn dependency(&self, package: &str) -> String {
        match self {
            Self::Git(url) => format!("git = {}", quoted(url)),
            Self::Path(path) => {
                let folder = package.strip_prefix("dubhe-").unwrap_or(package);
                let path = path.join("crates").join(folder);
                format!("path = {}", quoted(&path.to_string_lossy()))
            }
            Self::Version(version) => format!("version = {}", quoted(version)),
        }
    }
}

/// The text as a string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                // A string takes all that is written to it.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out + "\""
}

/// Returns true for a version, whole or in part, that cargo takes with or without an operator.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix(['^', '~', '=']).unwrap_or(text);
    let (numbers, pre) = text.split_once('-').map_or((text, None), |(n, pre)| (n, Some(pre)));
    let parts: Vec<&str> = numbers.split('.').collect();
    let is_number = |part: &&str| part.parse::<u64>().is_ok_and(|n| n.to_string() == **part);
    let is_pre = |pre: &str| {
        parts.len() == 3
            && pre.split('.').all(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    };
    parts.len() <= 3 && parts.iter().all(is_number) && pre.is_none_or(is_pre)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(git: &str, path: Option<&str>, version: Option<&str>) -> Result<Source, String> {
        Source::of(git.to_owned(), path.map(PathBuf::from), version.map(str::to_owned))
    }

    #[test]
    fn the_repository_is_that_of_the_readme() {
        let readme = include_str!("../../../README.md");
        assert!(readme.contains(&format!("dubhe = {{ git = \"{REPOSITORY}\" }}")));
    }

    #[test]
    fn each_source_has_its_key() {
        let git = of(REPOSITORY, None, None).unwrap();
        assert_eq!(git.dependency("dubhe"), format!("git = \"{REPOSITORY}\""));
        let version = of(REPOSITORY, None, Some("0.1")).unwrap();
        assert_eq!(version.dependency("dubhe-build"), "version = \"0.1\"");
        let path = Source::Path("/a \"b\"\\\u{1}".into());
        assert_eq!(path.dependency("dubhe-build"), r#"path = "/a \"b\"\\\u0001/crates/build""#);

        let clone = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        assert!(matches!(of(REPOSITORY, Some(clone), None), Ok(Source::Path(_))));
        let error = of(REPOSITORY, Some("/"), None).unwrap_err();
        assert!(error.contains("no clone"), "{error}");
        assert!(of("git@host:dubhe", None, None).is_err());
    }

    #[test]
    fn versions_are_those_of_cargo() {
        for version in ["0", "0.1", "1.2.3", "=1.2.3", "^1", "1.2.3-rc.1"] {
            assert!(is_version(version), "{version}");
        }
        for wrong in ["", "v1", "1.", "01", "1.2.3.4", "1-rc", "1.2.3-", "1.2.3-a b", "*", "1 2"] {
            assert!(!is_version(wrong), "{wrong}");
        }
    }
}
