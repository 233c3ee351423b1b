//! No circles between the modules of a crate: each can be read with those below it alone.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::repo::Repo;
use crate::source;

/// Circles that stay, each for a reason that a reviewer accepted: the folder of the crate, the modules
/// sorted, and why.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[
    (
        "crates/core",
        &["end", "payload", "status"],
        "types that contain each other: an error holds a Java exception, which is a payload, and the \
         watches of its end; both report errors",
    ),
    (
        "crates/server",
        &["announce", "exported", "services", "table"],
        "one table of services and its entries, which announce themselves",
    ),
    ("crates/server", &["builtin", "server"], "the server exports the services that describe it"),
    ("crates/server", &["isolation", "service"], "a service may run on a runtime of its own"),
    ("crates/net", &["io", "tls"], "TLS is a stream over a stream, and dialling ends in either"),
    (
        "crates/protocol/dubbo",
        &["exchange", "options"],
        "options hold those of the exchange, which is built from all options",
    ),
    (
        "crates/build",
        &["client", "server", "service"],
        "the two halves of a generated service, and what they share",
    ),
];

/// The modules that each module of a crate names, with the place of the first mention.
type Graph = BTreeMap<String, BTreeMap<String, (String, usize)>>;

/// Finds circles between the top-level modules of each crate, outside tests.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, Graph> = BTreeMap::new();
    for file in repo.rust().filter(|file| !source::is_test(&file.path)) {
        let Some((folder, inside)) = file.path.split_once("/src/") else { continue };
        let module = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        if matches!(module, "lib" | "main" | "bin") {
            continue;
        }
        let names = crates.entry(folder).or_default().entry(module.to_owned()).or_default();
        for (name, line) in named(&file.text) {
            names.entry(name).or_insert_with(|| (file.path.clone(), line));
        }
    }
    let mut found = Vec::new();
    let mut needed = BTreeSet::new();
    for (folder, graph) in &crates {
        for circle in circles(graph) {
            let exception = EXCEPTIONS
                .iter()
                .position(|(at, modules, _)| at == folder && circle.iter().eq(modules.iter()));
            match exception {
                Some(exception) => drop(needed.insert(exception)),
                None => found.extend(report(graph, &circle)),
            }
        }
    }
    for (at, (folder, modules, why)) in EXCEPTIONS.iter().enumerate() {
        if crates.contains_key(folder) && !needed.contains(&at) {
            let modules = modules.join(", ");
            found.push(Finding::new(
                folder,
                format!("{modules} need no exception ({why}) any more"),
            ));
        }
    }
    found
}

/// A finding for the first module of a circle, at the place where it names another one.
fn report(graph: &Graph, circle: &[&str]) -> Option<Finding> {
    let (first, names) = graph.get_key_value(*circle.first()?)?;
    let (name, (path, line)) = names.iter().find(|(name, _)| circle.contains(&name.as_str()))?;
    let all = circle.join(", ");
    let what =
        format!("{first} names {name}, in a circle of {all}: move what they share below them");
    Some(Finding::at(path, *line, what))
}

/// The modules that a text names from the root of its crate, as `crate::x` or within `crate::{..}`,
/// and the lines.
fn named(text: &str) -> Vec<(String, usize)> {
    let code = source::code(text);
    let mut found = Vec::new();
    for at in source::word_offsets(&code, "crate") {
        let rest = code.get(at + "crate".len()..).unwrap_or_default();
        let Some(rest) = rest.trim_start().strip_prefix("::") else { continue };
        let line = source::line_of(&code, at);
        for name in heads(rest.trim_start()) {
            found.push((name, line));
        }
    }
    found
}

/// The first names of a path, of which a list in braces has several.
fn heads(path: &str) -> Vec<String> {
    let word = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let Some(list) = path.strip_prefix('{') else { return vec![word(path)] };
    let (mut depth, mut begin, mut names) = (0_usize, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(word(list.get(begin..at).unwrap_or_default()));
                begin = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// The circles of a graph: the sets of modules that reach each other, sorted.
fn circles(graph: &Graph) -> Vec<Vec<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|module| (module.as_str(), reach(graph, module))).collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|all| all.contains(to));
    let mut circles = BTreeSet::new();
    for module in reached.keys() {
        let circle: Vec<&str> = reached
            .keys()
            .copied()
            .filter(|other| reaches(module, other) && reaches(other, module))
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// The modules that `from` reaches.
fn reach<'a>(graph: &'a Graph, from: &str) -> BTreeSet<&'a str> {
    let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(module) = left.pop() {
        for name in graph.get(module).into_iter().flat_map(BTreeMap::keys) {
            if graph.contains_key(name) && seen.insert(name.as_str()) {
                left.push(name);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::{EXCEPTIONS, check, named};

    fn found(modules: &[(&str, &str)]) -> Vec<(String, String)> {
        let paths: Vec<_> =
            modules.iter().map(|(path, text)| (format!("x/src/{path}"), *text)).collect();
        let paths: Vec<_> = paths.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        check(&files(&paths)).into_iter().map(|finding| (finding.place, finding.what)).collect()
    }

    #[test]
    fn circles_of_any_length_are_found_once() {
        let text = |names: &str| names.to_owned();
        let (b, c, a) =
            (text("\nuse crate::b::B;"), text("use crate::{d, c::{C}};"), "crate::a::f()");
        let circle =
            [("a.rs", &*b), ("b/mod.rs", &*c), ("c/deep.rs", a), ("d.rs", "use crate::a::A;")];
        let circle = found(&circle);
        assert_eq!(circle.len(), 1);
        assert_eq!(circle[0].0, "x/src/a.rs:2");
        assert!(circle[0].1.starts_with("a names b, in a circle of a, b, c, d:"), "{circle:?}");
    }

    #[test]
    fn layers_roots_own_modules_and_tests_are_free() {
        let layers = [
            ("lib.rs", "pub use crate::a::A;"),
            ("a/mod.rs", "use crate::b::B; use crate::a::x::X; use crate::Result;"),
            (
                "b.rs",
                "/// [`crate::a::A`]\nuse crate::c;\n#[cfg(test)]\nmod tests { use crate::a::A; }",
            ),
            ("c/tests.rs", "use crate::a::A;"),
            ("c/mod.rs", ""),
        ];
        assert_eq!(found(&layers), []);
    }

    #[test]
    fn all_names_of_a_list_are_seen() {
        let names: Vec<_> =
            named("use crate::{a, b::{c, d}, e::F};\npub(crate) fn f() { crate::g::h() }")
                .into_iter()
                .collect();
        let expected = [("a", 1), ("b", 1), ("e", 1), ("g", 2)];
        assert_eq!(names, expected.map(|(name, line)| (name.to_owned(), line)));
    }

    #[test]
    fn an_exception_holds_for_its_circle_while_it_is_needed() {
        let (folder, modules, _) = EXCEPTIONS[5];
        let [one, two] = modules else { panic!("a circle of two") };
        let (first, second) = (format!("{folder}/src/{one}.rs"), format!("{folder}/src/{two}.rs"));
        let (uses, back) = (format!("use crate::{two}::X;"), format!("use crate::{one}::X;"));
        assert_eq!(check(&files(&[(&*first, &*uses), (&*second, &*back)])), []);
        assert_eq!(check(&files(&[(&*first, &*uses), (&*second, "")])).len(), 1);
    }
}
