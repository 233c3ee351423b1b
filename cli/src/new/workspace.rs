//! The workspace that a new package would be in.

use std::path::{Path, PathBuf};

use crate::manifest;

/// The manifest of the workspace around a package, if it names the package neither among its members nor among what it
/// excludes, and the path of the package as it would.
pub(super) fn lacks(package: &Path) -> Option<(PathBuf, String)> {
    let (folder, manifest) = manifest::workspace(package.parent()?)?;
    let inside = package.strip_prefix(folder).ok()?.to_string_lossy().replace('\\', "/");
    (!manifest.knows(&inside)).then(|| (folder.join("Cargo.toml"), inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_in_members_and_excluded_folders() {
        let home = dubhe_testkit::Folder::new().unwrap();
        let manifest = home.path().join("Cargo.toml");
        std::fs::create_dir_all(home.path().join("a/b")).unwrap();
        for (text, inside, expected) in [
            ("[workspace]\nmembers = [\"a/*\"]", "a/new", false),
            ("[workspace]\nmembers = [\n  'x', # \"a/new\"\n  \"./a/new\",\n]", "a/new", false),
            ("[workspace]\nmembers = [\"*\"]", "a/new", true),
            ("[workspace]\nmembers = [\"*\"]", "new", false),
            ("[workspace]\nexclude = [\"a\"]", "a/b/new", false),
            ("[workspace]\nexclude = [\"a\"]\n[profile.dev]\nmembers = [\"ab\"]", "ab", true),
            ("workspace = { members = ['a/*'] }", "a/new", false),
            ("workspace.members = ['a/*']\nworkspace.exclude = [\n\t'./b/',\n]", "b/new", false),
            ("[ workspace ] # ours\nexclude = ['#']\nmembers = [\n'a]/*', \"new\"]", "new", false),
            ("[workspace.package]\nedition = \"2024\"", "new", true),
            ("[package]\nname = \"x\"", "new", false),
        ] {
            std::fs::write(&manifest, text).unwrap();
            let found = lacks(&home.path().join(inside));
            let all = expected.then(|| (manifest.clone(), inside.to_owned()));
            assert_eq!(found, all, "{text} {inside}");
        }
    }
}
