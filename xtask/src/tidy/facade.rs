//! The facade passes on items, not whole crates.

use super::Finding;
use crate::repo::Repo;
use crate::source;

const FACADE: &str = "crates/dubhe/src/";
/// The module for generated code, which is no public API.
const PRIVATE: &str = "pub mod __private {";

/// Finds crates that the facade exports whole, or by a glob.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust().filter(|file| file.path.starts_with(FACADE)) {
        let mut private = false;
        for (number, line) in source::code(&file.text).lines().enumerate() {
            match line {
                PRIVATE => private = true,
                "}" => private = false,
                _ => {}
            }
            if let Some(used) = line.trim().strip_prefix("pub use ")
                && !private
                && is_whole(used)
            {
                let what = format!("{used} exports a whole crate; name the items that users need");
                found.push(Finding::at(&file.path, number + 1, what));
            }
        }
    }
    found
}

/// Returns `true` for a crate of this workspace, or all that is in a module of one.
fn is_whole(used: &str) -> bool {
    let path = used.split([' ', ';']).next().unwrap_or_default().trim_start_matches("::");
    path.starts_with("dubhe_") && (!path.contains("::") || path.ends_with("::*"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::check;

    #[test]
    fn whole_crates_and_globs_are_found() {
        let text = "pub use dubhe_net as net;\npub use dubhe_core::end::End;\n\
                    pub mod x {\n    pub use dubhe_json;\n    pub use dubhe_core::time::*;\n}\n\
                    pub mod __private {\n    pub use dubhe_core as core;\n}\n";
        let repo = files(&[("crates/dubhe/src/lib.rs", text), ("crates/net/src/lib.rs", text)]);
        let places: Vec<String> = check(&repo).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, [1, 4, 5].map(|line| format!("crates/dubhe/src/lib.rs:{line}")));
    }
}
