//! Time comes from one clock.

use super::Finding;
use crate::repo::Repo;
use crate::source;

/// The one file that asks the system for the time.
const CLOCK: &str = "crates/net/src/time.rs";
/// Crates whose sleeps are decisions: they have an injected clock.
const DECIDING: &[&str] =
    &["crates/core/", "crates/cluster/", "crates/client/", "crates/filter/", "crates/registry/"];

/// Crates in which a duration that may be an option is added to the present by `after`.
const SATURATING: &[&str] = &[
    "crates/client/",
    "crates/cluster/",
    "crates/net/",
    "crates/protocol/",
    "crates/registry/",
    "crates/server/",
];

/// Finds what asks the system for the time, or sleeps by tokio's where a clock is injected.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    let inside = |path: &str| path.starts_with("crates/") && path.contains("/src/");
    for file in repo.rust().filter(|f| inside(&f.path) && !source::is_test(&f.path)) {
        let code = source::code(&file.text);
        let mut find = |name: &str, what: &str| {
            found.extend(source::word_offsets(&code, name).map(|at| {
                Finding::at(&file.path, source::line_of(&code, at), format!("{name}: {what}"))
            }));
        };
        if file.path != CLOCK {
            find("Instant::now", "take `now`, or ask dubhe_net::time");
            find("SystemTime::now", "ask the clock");
        }
        if DECIDING.iter().any(|folder| file.path.starts_with(folder)) {
            find("tokio::time", "sleep by the injected clock");
        }
        if SATURATING.iter().any(|folder| file.path.starts_with(folder)) {
            let adds = |at: &usize| adds_variable(code.get(at + "now".len()..).unwrap_or_default());
            let sums = source::word_offsets(&code, "now").filter(adds);
            found.extend(sums.map(|at| {
                let text = "a sum may overflow: take dubhe_core::time::after";
                Finding::at(&file.path, source::line_of(&code, at), text)
            }));
        }
    }
    found
}

/// Returns `true` if what follows `now` adds something else than a constant to it.
fn adds_variable(rest: &str) -> bool {
    let sum = rest.strip_prefix("()").unwrap_or(rest).trim_start().strip_prefix('+');
    sum.is_some_and(|sum| {
        let sum = sum.trim_start();
        !sum.starts_with("Duration::")
            && !sum.starts_with(|c: char| c == '=' || c.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::check;

    #[test]
    fn other_clocks_are_found() {
        let now = "fn f() { let _ = Instant::now(); }";
        let sleep = "fn f() { tokio::time::sleep(x); }\n#[cfg(test)] mod t { fn f() { SystemTime::now(); } }";
        let repo = files(&[
            ("crates/net/src/time.rs", now),
            ("crates/net/src/io/tcp.rs", sleep),
            ("crates/net/tests/it/pool.rs", now),
            ("crates/dubbo/src/lib.rs", now),
            ("crates/cluster/src/lib.rs", sleep),
            ("benches/src/lib.rs", now),
        ]);
        let places: Vec<String> = check(&repo).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/dubbo/src/lib.rs:1", "crates/cluster/src/lib.rs:1"]);
    }

    #[test]
    fn options_that_are_added_to_the_present_are_found() {
        let sums = "fn f() {\n now + PAUSE;\n now() + Duration::from_secs(1);\n now() + self.wait;\n \
                    now\n + wait;\n}";
        let repo = files(&[("crates/net/src/a.rs", sums), ("crates/build/src/a.rs", sums)]);
        let places: Vec<String> = check(&repo).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/net/src/a.rs:4", "crates/net/src/a.rs:5"]);
    }
}
