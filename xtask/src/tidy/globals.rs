//! No global mutable state: everything hangs on a value somebody owns.

use super::Finding;
use crate::repo::Repo;
use crate::source;

/// Types that make a `static` mutable.
const MUTABLE: &[&str] = &[
    "Mutex",
    "RwLock",
    "ReentrantMutex",
    "OnceLock",
    "OnceCell",
    "LazyLock",
    "LazyCell",
    "Lazy",
    "Once",
    "Cell",
    "RefCell",
    "UnsafeCell",
    "ArcSwap",
    "ArcSwapOption",
    "DashMap",
    "AtomicBool",
    "AtomicU8",
    "AtomicU16",
    "AtomicU32",
    "AtomicU64",
    "AtomicUsize",
    "AtomicI8",
    "AtomicI16",
    "AtomicI32",
    "AtomicI64",
    "AtomicIsize",
    "AtomicPtr",
];

/// Macros that declare one.
const MACROS: &[&str] =
    &["lazy_static!", "thread_local!", "task_local!", "inventory::submit!", "distributed_slice"];

/// Files that may have one, each for a reason that a reviewer accepted.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "crates/core/src/end/given_up.rs",
        "holds when a caller gave up only while what is left of its call is dropped",
    ),
    (
        "crates/core/src/inherit.rs",
        "holds what calls inherit only while a handler's future is polled",
    ),
    (
        "crates/net/src/poll_watch.rs",
        "holds the slots of a thread in watches, which own them, so that a poll finds its slot",
    ),
];

/// Finds mutable statics outside tests.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust().filter(|file| !source::is_test(&file.path)) {
        let exception = EXCEPTIONS.iter().find(|(path, _)| *path == file.path);
        match (statics(&file.path, &file.text), exception) {
            (globals, None) => found.extend(globals),
            (globals, Some((path, why))) if globals.is_empty() => {
                found.push(Finding::new(path, format!("needs no exception ({why}) any more")));
            }
            (_, Some(_)) => {}
        }
    }
    found
}

fn statics(path: &str, text: &str) -> Vec<Finding> {
    let code = source::code(text);
    let mut found = Vec::new();
    let mut report = |at: usize, what: &str| {
        let what = format!("{what}: give the state an owner");
        found.push(Finding::at(path, source::line_of(&code, at), what));
    };
    let is_lifetime = |at: usize| code.get(..at).unwrap_or_default().ends_with('\'');
    for at in source::word_offsets(&code, "static").filter(|&at| !is_lifetime(at)) {
        let rest = code.get(at + "static".len()..).unwrap_or_default();
        let declaration = rest.split([';', '=']).next().unwrap_or_default();
        if declaration.trim_start().starts_with("mut ") {
            report(at, "static mut");
        }
        for kind in
            MUTABLE.iter().filter(|kind| source::word_offsets(declaration, kind).next().is_some())
        {
            report(at, &format!("a static {kind}"));
        }
    }
    for name in MACROS {
        for (at, _) in code.match_indices(name) {
            report(at, name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::{EXCEPTIONS, check};

    fn places(text: &str) -> Vec<String> {
        check(&files(&[("a.rs", text)])).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn mutable_statics_are_found() {
        for text in [
            "static mut N: u8 = 0;",
            "pub static CACHE: std::sync::Mutex<Vec<u8>> = todo();",
            "static APP: OnceLock<\n  String> = OnceLock::new();",
            "static N: AtomicUsize = AtomicUsize::new(0);",
            "thread_local! { static X: u8 = 1; }",
            "lazy_static! { static ref X: u8 = 1; }",
        ] {
            assert_eq!(places(text), ["a.rs:1"], "{text}");
        }
    }

    #[test]
    fn an_exception_holds_for_its_file_while_it_is_needed() {
        let (path, _) = EXCEPTIONS[0];
        assert_eq!(check(&files(&[(path, "static N: AtomicU8 = AtomicU8::new(0);")])), []);
        assert_eq!(check(&files(&[(path, "fn f() {}")])).len(), 1);
    }

    #[test]
    fn constants_lifetimes_and_tests_are_free() {
        for text in [
            "static NAMES: [&str; 2] = [\"Mutex\", \"b\"];",
            "fn f(x: &'static Mutex<u8>) {}",
            "struct S { state: Mutex<u8> } // static mut",
            "#[cfg(test)] mod tests { static N: AtomicUsize = AtomicUsize::new(0); }",
        ] {
            assert_eq!(places(text), [""; 0], "{text}");
        }
    }
}
