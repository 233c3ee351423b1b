//! Manifests of cargo, as far as commands look into them.

use std::path::Path;

use dubhe_codegen::input;
use dubhe_codegen::pattern::matches;
use toml::{Table, Value};

/// The `Cargo.toml` of a folder.
pub(crate) struct Manifest(Table);

impl Manifest {
    /// Reads the manifest of a folder; `None` if it has none, or one that is no TOML, which cargo says better.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        input::text(folder.join("Cargo.toml"), input::MAX_TEXT).ok()?.parse().map(Self).ok()
    }

    /// Returns `true` if it is of a package, and not of a workspace alone.
    pub(crate) fn is_package(&self) -> bool {
        self.0.contains_key("package")
    }

    /// Returns `true` if it is the root of a workspace.
    pub(crate) fn is_workspace(&self) -> bool {
        self.0.contains_key("workspace")
    }

    /// Returns `true` if the code of the package can use a package: one of its dependencies has that name, or is that package
    /// under another one. `workspace` is the manifest that it inherits from.
    pub(crate) fn depends_on(&self, name: &str, workspace: Option<&Self>) -> bool {
        let of_target = self.table("target").into_iter().flat_map(|of| of.values());
        let of_target = of_target.filter_map(|of| of.get("dependencies")?.as_table());
        let inherited = workspace
            .and_then(|of| of.table("workspace"))
            .and_then(|of| of.get("dependencies")?.as_table());
        let is_it = |(key, of): (&String, &Value)| {
            let is_inherited = of.get("workspace").and_then(Value::as_bool) == Some(true);
            let of = if is_inherited { inherited.and_then(|all| all.get(key)) } else { Some(of) };
            let package = of.and_then(|of| of.get("package")?.as_str());
            key == name || package == Some(name)
        };
        self.table("dependencies").into_iter().chain(of_target).flatten().any(is_it)
    }

    /// Returns `true` if a workspace says of a package that it is a member or is none, by its path below the workspace.
    pub(crate) fn knows(&self, package: &str) -> bool {
        self.paths("members").any(|pattern| is_path(pattern, package))
            || self.paths("exclude").any(|above| {
                let rest = package.strip_prefix(plain(above));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }

    /// The texts of a list of the workspace.
    fn paths(&self, key: &str) -> impl Iterator<Item = &str> {
        let list = self.table("workspace").and_then(|of| of.get(key)?.as_array());
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    fn table(&self, key: &str) -> Option<&Table> {
        self.0.get(key)?.as_table()
    }
}

/// The manifest of the workspace that a folder is in, or is the root of.
pub(crate) fn workspace(folder: &Path) -> Option<(&Path, Manifest)> {
    let all = folder.ancestors().filter_map(|folder| Some((folder, Manifest::of(folder)?)));
    all.into_iter().find(|(_, manifest)| manifest.is_workspace())
}

/// Returns `true` for a path that a pattern of cargo means, where `*` stands for one part or for letters of it.
fn is_path(pattern: &str, path: &str) -> bool {
    let pattern = plain(pattern);
    let (patterns, parts) = (pattern.split('/'), path.split('/'));
    pattern.matches('/').count() == path.matches('/').count()
        && patterns.zip(parts).all(|(pattern, part)| matches(pattern, part))
}

/// A path without what says nothing.
fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        Manifest(text.parse().unwrap())
    }

    #[test]
    fn dependencies_are_found_however_they_are_written() {
        for text in [
            "[dependencies]\nhttp = \"1\"",
            "[dependencies]\n\"http\" = { version = \"1\" }",
            "[dependencies]\nhttp.workspace = true",
            "dependencies.http.version = \"1\"",
            "dependencies = { http = '1' } # all",
            "[ dependencies . 'http' ]\nversion = \"1\"",
            "[target.'cfg(unix)'.dependencies]\nhttp = \"1\"",
            "[target.\"cfg(any(unix, windows))\".dependencies.http]\nversion = \"1\"",
            "[dependencies]\nh = { package = \"http\", version = \"1\" }",
            "[dependencies.h]\nversion = \"1\"\npackage = 'http'",
        ] {
            assert!(manifest(text).depends_on("http", None), "{text}");
        }
        for text in [
            "",
            "[dev-dependencies]\nhttp = \"1\"",
            "[dev-dependencies.http]\nversion = \"1\"",
            "[build-dependencies]\nhttp = \"1\"",
            "[workspace.dependencies]\nhttp = \"1\"",
            "[target.'cfg(unix)'.dev-dependencies]\nhttp = \"1\"",
            "[features]\nhttp = []",
            "[dependencies]\nhttpx = \"1\"",
            "[dependencies]\n# http = \"1\"",
            "[package]\ndescription = \"\"\"\n[dependencies]\nhttp = 1\n\"\"\"",
        ] {
            assert!(!manifest(text).depends_on("http", None), "{text}");
        }
    }

    #[test]
    fn a_workspace_says_which_package_is_inherited() {
        let of = manifest("[dependencies]\nh = { workspace = true }\nj.workspace = true");
        let root = manifest("workspace.dependencies.h = { package = 'http', version = '1' }");
        assert!(of.depends_on("http", Some(&root)));
        assert!(!of.depends_on("http", None) && !of.depends_on("json", Some(&root)));
    }

    #[test]
    fn packages_and_workspaces_are_told_by_their_tables() {
        for (text, of) in [
            ("[package]\nname = \"x\"", (true, false)),
            ("[ package ] # ours\nname = \"x\"", (true, false)),
            ("package.name = 'x'\n[workspace]", (true, true)),
            ("workspace = { members = [] }", (false, true)),
            ("[workspace.package]\nedition = \"2024\"", (false, true)),
            ("[features]\nworkspace = []", (false, false)),
        ] {
            let found = manifest(text);
            assert_eq!((found.is_package(), found.is_workspace()), of, "{text}");
        }
    }
}
