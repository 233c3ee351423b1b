//! `unsafe` lives in one crate, which is small enough to be reviewed as a whole.

use super::Finding;
use crate::repo::Repo;
use crate::source;

/// The crate that may hold it.
const HOME: &str = "crates/text/";

/// The words that begin it, or let it begin.
const WORDS: &[&str] = &["unsafe", "unsafe_code"];

/// Finds unsafe code, and leave to write it, everywhere else.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust().filter(|file| !file.path.starts_with(HOME)) {
        let code = source::code(&file.text);
        for word in WORDS {
            found.extend(source::word_offsets(&code, word).map(|at| {
                let what = format!("{word} belongs in {HOME} alone");
                Finding::at(&file.path, source::line_of(&code, at), what)
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::check;

    #[test]
    fn unsafe_code_is_found_outside_its_home() {
        let text = "#[allow(unsafe_code)]\nfn f() {\n    unsafe { g() }\n}\n// unsafe\n";
        let repo = files(&[("crates/net/src/lib.rs", text), ("crates/text/src/lib.rs", text)]);
        let places: Vec<String> = check(&repo).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/net/src/lib.rs:3", "crates/net/src/lib.rs:1"]);
    }

    #[test]
    fn words_that_only_contain_it_are_free() {
        let text = "/// unsafe\nfn not_unsafe() { log(\"unsafe\"); }";
        assert_eq!(check(&files(&[("crates/net/src/lib.rs", text)])), []);
    }
}
