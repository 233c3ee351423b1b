//! The workspace that a new package would be in.

use std::path::{Path, PathBuf};

use dubhe_codegen::pattern::matches;

/// The manifest of the workspace around a package, if it names the package neither among its members nor among what it
/// excludes, and the path of the package as it would.
pub(super) fn lacks(package: &Path) -> Option<(PathBuf, String)> {
    let around = package.ancestors().skip(1);
    let (folder, text) = around
        .filter_map(|folder| {
            Some((folder, std::fs::read_to_string(folder.join("Cargo.toml")).ok()?))
        })
        .find(|(_, text)| text.lines().any(|line| line.trim_start().starts_with("[workspace")))?;
    let inside = package.strip_prefix(folder).ok()?.to_string_lossy().replace('\\', "/");
    let is_member = paths(&text, "members").iter().any(|pattern| is_path(pattern, &inside));
    let is_excluded = paths(&text, "exclude").iter().any(|above| {
        let rest = inside.strip_prefix(above.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    (!is_member && !is_excluded).then(|| (folder.join("Cargo.toml"), inside))
}

/// Returns `true` for a path that a pattern of cargo means, where `*` stands for one part or for letters of it.
fn is_path(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let (patterns, parts) = (pattern.split('/'), path.split('/'));
    pattern.matches('/').count() == path.matches('/').count()
        && patterns.zip(parts).all(|(pattern, part)| matches(pattern, part))
}

/// The texts of a list of the table `workspace`.
fn paths(manifest: &str, key: &str) -> Vec<String> {
    let mut lines = manifest.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut list = String::new();
    if lines.by_ref().any(|line| line == "[workspace]") {
        let lines: Vec<&str> = lines.take_while(|line| !line.starts_with('[')).collect();
        let is_of_key = |line: &&str| {
            line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        let from = lines.iter().position(is_of_key).unwrap_or(lines.len());
        for line in lines.iter().skip(from) {
            list.push_str(line);
            if line.contains(']') {
                break;
            }
        }
    }
    let inside = list.split_once('[').map_or("", |(_, rest)| rest);
    let inside = inside.split(']').next().unwrap_or_default();
    inside.split(['"', '\'']).skip(1).step_by(2).map(str::to_owned).collect()
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
