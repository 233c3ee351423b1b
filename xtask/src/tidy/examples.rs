//! An example on the page of each macro, trait and struct of the facade.

use super::Finding;
use super::exports::{Exported, Use, uses};
use crate::repo::{File, Repo};
use crate::source::{self, identifier, word_offsets};

const FACADE: &str = "crates/dubhe/src/";
/// The crate of this name and those with this prefix are ours.
const OURS: &str = "dubhe";

/// Items of other projects, whose own docs have examples or which are no macro, trait or struct, and
/// macros whose example needs what a build script has made.
const OTHERS: &[&str] = &[
    "dubhe_filter::layer::Layer",
    "dubhe_filter::layer::Service",
    "dubhe_hessian2::include_java",
    "dubhe_protobuf::include_proto",
    "dubhe_protobuf::types::NullValue",
    "dubhe_protobuf::types::value",
    "dubhe_triple::http::Service",
];

/// Finds items of the facade without an example, at the item or at the facade's own `pub use` of it.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let index = Index::of(repo);
    let mut found = Vec::new();
    let facade = index.files.iter().filter(|file| file.path.starts_with(FACADE));
    for file in facade {
        // The prelude repeats names, and what generated code refers to is hidden.
        let hidden = ["prelude", "__private"].map(|module| inline(&file.code, module));
        let is_hidden = |at| hidden.iter().flatten().any(|range| range.contains(&at));
        for used in uses(&file.code).into_iter().filter(|used| !is_hidden(used.at)) {
            let docs = docs(file, used.at);
            if has_example(docs) || docs.contains("#[doc(hidden)]") || is_of_facade(file, &used) {
                continue;
            }
            let line = source::line_of(&file.code, used.at);
            for name in &used.names {
                let shown = format!("{}::{}", name.path.join("::"), name.name);
                if OTHERS.contains(&shown.as_str()) {
                    continue;
                }
                let what = index.name(file, name, DEPTH);
                found.extend(
                    what.map(|what| Finding::at(&file.path, line, format!("{shown}: {what}"))),
                );
            }
        }
        found.extend(own(file));
    }
    found
}

/// The steps of a name through `pub use`, so that circles end.
const DEPTH: u8 = 8;

/// Returns `true` for `pub use app::App`: an item of the facade, which [`own`] finds.
fn is_of_facade(file: &Source, used: &Use) -> bool {
    used.names.iter().all(|name| {
        name.path.first().is_some_and(|first| {
            word_offsets(&file.code, first)
                .any(|at| file.code.get(..at).is_some_and(|before| before.ends_with("mod ")))
        })
    })
}

/// Items that the facade itself defines.
fn own(file: &Source) -> Vec<Finding> {
    let places = ["pub struct ", "pub trait ", "macro_rules! "];
    let all = places.iter().flat_map(|kind| file.code.match_indices(kind));
    all.filter(|&(at, kind)| {
        let exported = kind != "macro_rules! " || docs(file, at).contains("#[macro_export]");
        exported && !has_example(docs(file, at))
    })
    .map(|(at, kind)| {
        let name = identifier(file.code.get(at + kind.len()..).unwrap_or_default());
        let line = source::line_of(&file.code, at);
        Finding::at(&file.path, line, format!("{name} has no example"))
    })
    .collect()
}

/// A file and its code.
struct Source {
    path: String,
    text: String,
    code: String,
}

struct Index {
    files: Vec<Source>,
    /// The crates of ours, as code names them, and their folders.
    crates: Vec<(String, String)>,
}

impl Index {
    fn of(repo: &Repo) -> Self {
        let source = |file: &File| {
            let (path, text) = (file.path.clone(), file.text.clone());
            Source { path, code: source::code(&text), text }
        };
        let in_crates = repo.rust().filter(|file| file.path.starts_with("crates/"));
        let named = |name: &str| name.replace('-', "_");
        let crates = repo
            .packages
            .iter()
            .map(|package| (named(&package.name), format!("{}/src/", package.folder)));
        Self {
            files: in_crates.filter(|file| !source::is_test(&file.path)).map(source).collect(),
            crates: crates.collect(),
        }
    }

    /// Returns the fault of the item that `name` stands for in `file`, if it has one.
    fn name(&self, file: &Source, name: &Exported, depth: u8) -> Option<String> {
        let Some(module) = self.module(file, &name.path) else {
            return Some("comes from another project, and its `pub use` has no example".to_owned());
        };
        self.item(module, &name.name, depth)
    }

    /// Returns the fault of the item `name` of a module.
    fn item(&self, module: &Source, name: &str, depth: u8) -> Option<String> {
        match definition(module, name) {
            Definition::Free => return None,
            Definition::At(at) if has_example(docs(module, at)) => return None,
            Definition::At(at) => {
                let line = source::line_of(&module.code, at);
                return Some(format!("has no example at {}:{line}", module.path));
            }
            Definition::None => {}
        }
        let Some(depth) = depth.checked_sub(1) else {
            return Some("is not found: `pub use` leads in a circle".to_owned());
        };
        let all = uses(&module.code);
        let of_name = all.iter().flat_map(|used| &used.names).filter(|used| used.alias == name);
        // There are several where each is of another target.
        let faults: Vec<_> = of_name.map(|used| self.name(module, used, depth)).collect();
        if let Some(fault) = faults.iter().find(|fault| fault.is_none()).or(faults.first()) {
            return fault.clone();
        }
        // A whole module: all that it exports.
        let inner = self.module(module, &["self".to_owned(), name.to_owned()]);
        let Some(inner) = inner.filter(|inner| inner.path != module.path) else {
            return Some(format!("is not found in {}", module.path));
        };
        let used = uses(&inner.code);
        used.iter().flat_map(|used| &used.names).find_map(|name| {
            let what = self.name(inner, name, depth)?;
            Some(format!("{} {what}", name.name))
        })
    }

    /// The file of the module that `path` stands for in `file`; `None` outside our crates.
    fn module(&self, file: &Source, path: &[String]) -> Option<&Source> {
        let (_, root) = self.crates.iter().find(|(_, folder)| file.path.starts_with(folder))?;
        let (first, rest) = path.split_first()?;
        let mut folder = match first.as_str() {
            "crate" => root.clone(),
            "self" => children(&file.path),
            name => match self.crates.iter().find(|(of, _)| of == name) {
                Some((_, folder)) => folder.clone(),
                None if name.starts_with(OURS) => return None,
                None => format!("{}{name}/", children(&file.path)),
            },
        };
        for part in rest {
            folder = format!("{folder}{part}/");
        }
        let files = [
            format!("{folder}mod.rs"),
            format!("{folder}lib.rs"),
            format!("{}.rs", folder.trim_end_matches('/')),
        ];
        self.files.iter().find(|file| files.contains(&file.path))
    }
}

/// The folder of the modules in a file.
fn children(path: &str) -> String {
    let folder = path.strip_suffix("mod.rs").or_else(|| path.strip_suffix("lib.rs"));
    folder.map_or_else(|| format!("{}/", path.trim_end_matches(".rs")), str::to_owned)
}

enum Definition {
    /// No item of that name.
    None,
    /// An item that needs no example of its own: a function, an enum, an alias, a constant.
    Free,
    At(usize),
}

/// Looks for the definition of `name`.
fn definition(module: &Source, name: &str) -> Definition {
    let derive = format!("#[proc_macro_derive({name}");
    if let Some(at) = module.code.find(&derive) {
        return Definition::At(at);
    }
    for at in word_offsets(&module.code, name) {
        let before = module.code.get(..at).unwrap_or_default();
        let line = before.get(before.rfind('\n').map_or(0, |end| end + 1)..).unwrap_or_default();
        let start = at - line.len();
        match line.trim() {
            "pub struct" | "pub trait" | "macro_rules!" => return Definition::At(start),
            "pub fn" if docs(module, start).contains("#[proc_macro_attribute]") => {
                return Definition::At(start);
            }
            "pub fn" | "pub async fn" | "pub const fn" | "pub enum" | "pub type" | "pub const" => {
                return Definition::Free;
            }
            // In the call of a macro that makes types, with the docs of each or of all.
            "" if is_made(module, at + name.len()) => {
                let own = has_example(docs(module, start));
                return match module.code.find("pub struct $name").filter(|_| !own) {
                    Some(all) => Definition::At(all),
                    None if module.code.contains("pub enum $name") => Definition::Free,
                    None => Definition::At(start),
                };
            }
            _ => {}
        }
    }
    Definition::None
}

/// Returns `true` for `Name("org.example.Name"` and `Name "text"`.
fn is_made(module: &Source, end: usize) -> bool {
    let rest = module.code.get(end..).unwrap_or_default();
    rest.starts_with("(\"") || rest.starts_with(" \"")
}

/// The text of docs and attributes in front of the line of `at`.
fn docs(file: &Source, at: usize) -> &str {
    let end = file.text.get(..at).and_then(|before| before.rfind('\n')).unwrap_or(0);
    let mut start = end;
    while let Some(before) = file.text.get(..start) {
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let text = before.get(line..).unwrap_or_default().trim();
        let ends_another = !text.starts_with("//") && text.ends_with([';', '}', '{']);
        if text.is_empty() || ends_another {
            break;
        }
        start = line.saturating_sub(1);
        if line == 0 {
            break;
        }
    }
    file.text.get(start..end).unwrap_or_default()
}

/// Returns `true` for docs with a block of Rust.
fn has_example(docs: &str) -> bool {
    const RUST: [&str; 5] = ["", "rust", "no_run", "should_panic", "compile_fail"];
    let lines = docs.lines().filter_map(|line| line.trim().strip_prefix("///"));
    let mut fences = lines.filter_map(|line| line.trim().strip_prefix("```"));
    fences.next().is_some_and(|first| {
        // Every other fence opens a block.
        RUST.contains(&first) || fences.skip(1).step_by(2).any(|fence| RUST.contains(&fence))
    })
}

/// The bytes of the module `name` in `code`, if it stands there in braces.
fn inline(code: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let start = code.find(&format!("pub mod {name} {{"))?;
    let end = code.get(start..)?.find("\n}")?;
    Some(start..start + end)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{files, package};
    use super::check;
    use crate::repo::Repo;

    fn repo(facade: &str, lib: &str, inner: &str) -> Repo {
        let mut repo = files(&[
            ("crates/dubhe/src/lib.rs", facade),
            ("crates/core/src/lib.rs", lib),
            ("crates/core/src/inner.rs", inner),
        ]);
        repo.packages =
            vec![package("dubhe", "crates/dubhe", &[]), package("dubhe-core", "crates/core", &[])];
        repo
    }

    fn places(repo: &Repo) -> Vec<String> {
        check(repo).into_iter().map(|found| format!("{} {}", found.place, found.what)).collect()
    }

    const EXAMPLE: &str = "/// A thing.\n///\n/// ```\n/// f();\n/// ```\n#[derive(Debug)]\n";

    #[test]
    fn an_item_without_an_example_is_found_where_it_is_defined() {
        let facade =
            "pub use dubhe_core::{A, B as C};\npub mod x {\n    pub use dubhe_core::inner::D;\n}\n";
        let lib = "mod inner;\npub use inner::{A, B};\n";
        let inner = format!(
            "{EXAMPLE}pub struct A;\n\n/// Text.\n///\n/// ```text\n/// a\n/// ```\npub struct B;\n\n/// D.\npub trait D {{}}\n"
        );
        let found = places(&repo(facade, lib, &inner));
        let line = |n: usize, name: &str, at: usize| {
            let start = format!("crates/dubhe/src/lib.rs:{n} dubhe_core::{name}");
            format!("{start}: has no example at crates/core/src/inner.rs:{at}")
        };
        assert_eq!(found, [line(1, "B", 14), line(3, "inner::D", 17)]);
    }

    #[test]
    fn enums_functions_and_what_has_an_example_at_its_use_are_free() {
        let facade = format!(
            "pub use dubhe_core::{{E, f}};\n{EXAMPLE}pub use other::Z;\n\npub mod prelude {{\n    pub use crate::E;\n}}\n"
        );
        let lib = "pub enum E {}\npub fn f() {}\n";
        assert_eq!(places(&repo(&facade, lib, "")), [""; 0]);
        let strange = places(&repo("pub use dubhe_core::Z;\n", lib, ""));
        assert_eq!(strange.len(), 1, "{strange:?}");
        let strange = places(&repo("pub use other::Z;\n", lib, ""));
        assert_eq!(strange.len(), 1, "{strange:?}");
    }

    #[test]
    fn modules_macros_and_items_of_the_facade_are_looked_at() {
        let facade = "mod app;\npub use dubhe_core::inner;\npub use app::App;\n/// An app.\npub struct App;\n\n\
                      /// Args.\n#[macro_export]\nmacro_rules! args { () => {} }\n";
        let inner = "mod made;\npub use made::M;\n";
        let mut repo = repo(facade, "pub mod inner;\n", inner);
        let made = "record! {\n    /// M.\n    M(\"org.example.M\")\n}\n";
        repo.files.extend(files(&[("crates/core/src/inner/made.rs", made)]).files);
        let found = places(&repo);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].ends_with("inner: M has no example at crates/core/src/inner/made.rs:3"));
        assert!(found[1].ends_with("App has no example"), "{found:?}");
        assert!(found[2].ends_with("args has no example"), "{found:?}");
    }
}
