//! Checks that every public trait has an implementor: a seam that nothing uses is a guess.

use std::collections::BTreeSet;

use super::Finding;
use crate::repo::Repo;
use crate::source::{code, identifier, line_of, word_offsets};

/// Finds public traits that no type of the workspace implements. Traits go by their names; unit
/// tests do not count, integration tests and examples do.
pub(super) fn implementors(repo: &Repo) -> Vec<Finding> {
    let files: Vec<(&str, String)> = repo
        .rust()
        .filter(|file| !file.path.ends_with("/tests.rs"))
        .map(|file| (file.path.as_str(), code(&file.text)))
        .collect();
    let implemented: BTreeSet<&str> =
        files.iter().flat_map(|(_, code)| implemented(code)).collect();
    let mut found = Vec::new();
    for (path, code) in &files {
        for at in word_offsets(code, "pub").filter(|&at| rest(code, at + 3).starts_with("trait ")) {
            let name = identifier(rest(rest(code, at + 3), "trait ".len()));
            if !name.is_empty() && !implemented.contains(name) {
                found.push(Finding::at(
                    path,
                    line_of(code, at),
                    format!("nothing implements the public trait {name}"),
                ));
            }
        }
    }
    found
}

/// The code that follows `at`, without the space in front.
fn rest(code: &str, at: usize) -> &str {
    code.get(at..).unwrap_or_default().trim_start()
}

/// The last names of the traits in `impl Trait<..> for`.
fn implemented(code: &str) -> Vec<&str> {
    let headers = word_offsets(code, "for").filter_map(|at| {
        let before = code.get(..at)?.trim_end();
        let path = without_generics(before)?;
        let start = path.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        path.get(start..)
    });
    headers.filter(|name| name.starts_with(char::is_uppercase)).collect()
}

/// `code` without the `<..>` at its end.
fn without_generics(code: &str) -> Option<&str> {
    if !code.ends_with('>') {
        return Some(code);
    }
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().rev() {
        match byte {
            // The arrow of `Fn() -> T` closes nothing.
            b'>' if at.checked_sub(1).and_then(|at| code.as_bytes().get(at)) != Some(&b'-') => {
                depth += 1;
            }
            b'<' if depth == 1 => return code.get(..at),
            b'<' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::files;
    use super::implementors;

    fn unused(user: (&str, &str)) -> Vec<Finding> {
        implementors(&files(&[("crates/core/src/seam.rs", "\npub trait Seam<T> {}\n"), user]))
    }

    #[test]
    fn a_trait_without_implementor_is_found() {
        let what = "nothing implements the public trait Seam";
        let found = [Finding::at("crates/core/src/seam.rs", 2, what)];
        for (path, text) in [
            ("a/src/a.rs", "fn f(_: &dyn Seam<u8>) where for<'a> T: Seam<&'a u8> {}"),
            ("a/src/a.rs", "impl Seamless for A {} // impl Seam for A"),
            ("a/src/a.rs", "#[cfg(test)]\nmod tests { impl Seam<u8> for A {} }"),
            ("a/src/a/tests.rs", "impl Seam<u8> for A {}"),
        ] {
            assert_eq!(unused((path, text)), found, "{text}");
        }
    }

    #[test]
    fn implementors_are_known_in_every_form() {
        for (path, text) in [
            ("a/src/a.rs", "impl Seam<u8> for A {}"),
            ("a/src/a.rs", "impl<T: Fn() -> u8> core::seam::Seam<Vec<fn() -> T>>\n    for A<T> {}"),
            ("a/src/a.rs", "quote!(impl #krate::Seam for #name {})"),
            ("a/tests/it/main.rs", "impl Seam<u8> for A {}"),
            ("examples/src/bin/a.rs", "impl Seam<u8> for A {}"),
        ] {
            assert_eq!(unused((path, text)), [], "{text}");
        }
    }

    #[test]
    fn private_traits_are_free() {
        assert_eq!(implementors(&files(&[("a.rs", "pub(crate) trait A {}\ntrait B {}")])), []);
    }
}
