//! No code outside the tests stops the process. Clippy holds the same line for
//! what it compiles; this one also reads what a `cfg` leaves out.

use super::Finding;
use crate::repo::Repo;
use crate::source;

const CALLS: &[&str] =
    &[".unwrap()", ".unwrap_err()", ".expect(\"", ".expect(&format!", ".expect_err(\""];
const MACROS: &[&str] = &["panic!", "todo!", "unimplemented!"];

/// A crate of test tools fails tests by panicking.
const TEST_TOOLS: &str = "crates/testkit/";

/// Finds calls that panic, outside tests.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    let shipped = |path: &str| !source::is_test(path) && !path.starts_with(TEST_TOOLS);
    for file in repo.rust().filter(|file| shipped(&file.path)) {
        let code = source::code(&file.text);
        let calls = CALLS.iter().flat_map(|call| code.match_indices(call));
        let macros = MACROS.iter().flat_map(|name| {
            let bare = name.trim_end_matches('!');
            code.match_indices(name).filter(|(at, _)| source::is_word_at(&code, *at, bare))
        });
        let mut hits: Vec<(usize, &str)> = calls.chain(macros).collect();
        hits.sort_unstable();
        found.extend(hits.into_iter().map(|(at, name)| {
            let what = format!("{} can stop the process", name.trim_start_matches('.'));
            Finding::at(&file.path, source::line_of(&code, at), what)
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::check;

    fn places(path: &str, text: &str) -> Vec<String> {
        check(&files(&[(path, text)])).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn panicking_calls_are_found() {
        let text = "fn f() {\n a.unwrap();\n b.expect(\"b\");\n panic!();\n todo!()\n}";
        assert_eq!(
            places("a/src/lib.rs", text),
            ["a/src/lib.rs:2", "a/src/lib.rs:3", "a/src/lib.rs:4", "a/src/lib.rs:5"]
        );
    }

    #[test]
    fn tests_comments_and_other_names_are_free() {
        let text = "/// a.unwrap()\nfn f() { a.unwrap_or(0); p.expect(b'x')?; dont_panic!(); \"panic!\" }\n#[cfg(test)]\nmod tests { fn g() { a.unwrap(); } }";
        assert_eq!(places("a/src/lib.rs", text), [""; 0]);
        assert_eq!(places("a/tests/b.rs", "fn f() { a.unwrap() }"), [""; 0]);
        assert_eq!(places("crates/testkit/src/lib.rs", "fn f() { panic!() }"), [""; 0]);
    }
}
