//! The repository as the tasks see it: files, packages, dependencies.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

use crate::Result;
use crate::process::output;

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// `cargo` with these arguments, in the root.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(root());
    command
}

/// The folder in which cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Returns true if a program is on `PATH`.
pub(crate) fn has_program(name: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// A file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// The path, relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// The text, empty unless the file is UTF-8.
    pub(crate) text: String,
}

impl File {
    /// Returns true if the name ends in `.` and `extension`.
    pub(crate) fn is_kind(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }
}

/// A package of the workspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The folder, relative to the root; empty for the root itself.
    pub(crate) folder: String,
    pub(crate) license: Option<String>,
    /// `true` unless it is for this repository alone.
    pub(crate) published: bool,
    pub(crate) dependencies: Vec<Dependency>,
    /// Root source files of libraries, binaries and examples.
    pub(crate) roots: Vec<String>,
    /// Root source files of integration tests.
    pub(crate) tests: Vec<String>,
}

/// A line of a package's `[dependencies]`.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `true` in `[dev-dependencies]`: used by tests and examples alone.
    pub(crate) dev: bool,
    /// The features that it is used with, besides its default ones.
    pub(crate) features: Vec<String>,
}

/// The files and packages that `tidy` looks at.
#[derive(Debug, Default)]
pub(crate) struct Repo {
    pub(crate) files: Vec<File>,
    pub(crate) packages: Vec<Package>,
}

impl Repo {
    /// Reads every file that git tracks, or would on the next `add`.
    pub(crate) fn read() -> Result<Self> {
        let root = root();
        let listed = output(
            Command::new("git")
                .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
                .current_dir(&root),
        )?;
        let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();

        let mut files = Vec::new();
        for path in paths {
            // A file that was deleted but not yet committed is listed too.
            let Ok(content) = fs::read(root.join(path)) else { continue };
            let bytes = u64::try_from(content.len())?;
            let text = String::from_utf8(content).unwrap_or_default();
            files.push(File { path: path.to_owned(), bytes, text });
        }
        Ok(Self { files, packages: packages(&root)? })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Rust files that people write.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files
            .iter()
            .filter(|file| file.is_kind("rs") && !file.text.starts_with("// @generated"))
    }
}

fn packages(root: &Path) -> Result<Vec<Package>> {
    let metadata = metadata(root)?;
    Ok(list(&metadata, "packages").map(|package| package_of(package, root)).collect())
}

/// The names of the features of a package.
pub(crate) fn features(name: &str) -> Result<Vec<String>> {
    let metadata = metadata(&root())?;
    let mut packages = list(&metadata, "packages");
    let package = packages.find(|package| text(package, "name") == name);
    let features = package.and_then(|package| package.get("features")?.as_object());
    let features = features.ok_or_else(|| format!("there is no package {name}"))?;
    Ok(features.keys().cloned().collect())
}

fn metadata(root: &Path) -> Result<Value> {
    let json = output(
        Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(root),
    )?;
    let metadata = serde_json::from_str(&json)
        .map_err(|error| format!("cannot read the answer of cargo metadata: {error}"))?;
    Ok(metadata)
}

fn package_of(package: &Value, root: &Path) -> Package {
    let relative = |path: &str| {
        let path = Path::new(path);
        path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
    };
    let manifest = relative(text(package, "manifest_path"));
    let sources = |kinds: &[&str]| {
        list(package, "targets")
            .filter(|target| {
                list(target, "kind").filter_map(Value::as_str).any(|kind| kinds.contains(&kind))
            })
            .map(|target| relative(text(target, "src_path")))
            .collect()
    };
    Package {
        name: text(package, "name").to_owned(),
        folder: manifest.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned(),
        license: package.get("license").and_then(Value::as_str).map(str::to_owned),
        // An empty list of registries is `publish = false`.
        published: package.get("publish").is_none_or(Value::is_null),
        dependencies: list(package, "dependencies")
            .map(|dependency| Dependency {
                name: text(dependency, "name").to_owned(),
                dev: text(dependency, "kind") == "dev",
                features: strings(dependency, "features"),
            })
            .collect(),
        roots: sources(&["lib", "rlib", "cdylib", "staticlib", "proc-macro", "bin", "example"]),
        tests: sources(&["test"]),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    list(value, key).filter_map(Value::as_str).map(str::to_owned).collect()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::{Repo, package_of};

    #[test]
    fn metadata_becomes_a_package() {
        let metadata = json!({
            "name": "dubhe-net", "manifest_path": "/r/crates/net/Cargo.toml", "license": "Apache-2.0",
            "publish": null,
            "dependencies": [
                {"name": "tokio", "kind": null, "features": ["rt"]},
                {"name": "proptest", "kind": "dev"},
            ],
            "targets": [
                {"kind": ["lib"], "src_path": "/r/crates/net/src/lib.rs"},
                {"kind": ["test"], "src_path": "/r/crates/net/tests/it/main.rs"},
                {"kind": ["example"], "src_path": "/r/crates/net/examples/b.rs"},
            ],
        });
        let package = package_of(&metadata, Path::new("/r"));
        assert_eq!(package.folder, "crates/net");
        assert_eq!(package.license.as_deref(), Some("Apache-2.0"));
        let dev: Vec<_> = package.dependencies.iter().map(|d| (d.name.as_str(), d.dev)).collect();
        assert_eq!(dev, [("tokio", false), ("proptest", true)]);
        assert_eq!(package.dependencies[0].features, ["rt"]);
        assert!(package.published);
        assert_eq!(package.roots, ["crates/net/src/lib.rs", "crates/net/examples/b.rs"]);
        assert_eq!(package.tests, ["crates/net/tests/it/main.rs"]);
    }

    #[test]
    fn the_repository_reads_itself() {
        let repo = Repo::read().unwrap();
        assert!(repo.packages.iter().any(|package| package.name == "xtask"));
        assert!(
            repo.file("xtask/src/repo.rs").unwrap().text.contains("the_repository_reads_itself")
        );
        assert!(repo.rust().all(|file| file.is_kind("rs")));
    }
}
