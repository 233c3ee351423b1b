//! Names: Java's spelling to Rust's, and names that are given once.
//!
//! The macros of `dubhe` turn Rust's spelling back into Java's. Where that would give another name,
//! the Rust source says Java's name: `#[java(name = "...")]`. [`java_of_snake`] and [`java_of_constant`] are
//! the conversions of the macros.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

/// Words that are no identifiers in the edition 2024; all but the last four may be raw.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield", "self", "super", "crate", "Self",
];

/// Keywords that cannot be raw.
const NEVER_RAW: &[&str] = &["self", "super", "crate", "Self", "_"];

/// The types, traits and variants that every module of the edition 2024 knows without an import. Code that others wrote beside
/// ours, such as that of derives, may name them so.
const PRELUDE: &[&str] = &[
    "AsMut",
    "AsRef",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "Box",
    "Clone",
    "Copy",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Future",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Vec",
];

/// Types of the language.
const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16",
    "u32", "u64", "u128", "usize",
];

/// Crates that generated code names by paths.
const CRATES: &[&str] = &["alloc", "core", "dubhe", "std"];

/// Names that mean something to the macros of `dubhe`.
const OF_MACROS: &[&str] = &["Array", "Callback", "Context", "Stream", "Streaming"];

/// Files that Windows does not let be, and those that mean something to Rust.
const NO_FILES: &[&str] = &["aux", "con", "lib", "main", "mod", "nul", "prn"];

/// A field, method or parameter: `getURL` is `get_url`, `type` is `r#type`, `self` is `self_`.
pub fn snake(java: &str) -> String {
    escape(&begin_with_letter(java.to_snake_case(), "_"))
}

/// A type or constant: `DARK_BLUE` is `DarkBlue`, `1` is `T1`, `Self` is `Self_`.
pub fn camel(java: &str) -> String {
    escape(&begin_with_letter(java.to_upper_camel_case(), "T"))
}

/// A type that Java calls so: as [`camel`], and `JavaResult` for names that Rust itself uses.
pub fn type_name(java: &str) -> String {
    let name = camel(java);
    if is_known_type(&name) { format!("Java{name}") } else { name }
}

/// Returns `true` for types that every module knows, or whose names mean something to the macros.
pub fn is_known_type(name: &str) -> bool {
    is_in_prelude(name) || OF_MACROS.contains(&name)
}

/// Returns `true` for names that every module knows without an import.
pub fn is_in_prelude(name: &str) -> bool {
    PRELUDE.contains(&name)
}

/// Returns `true` for names that no type may have, since generated code names something else so: those of [`is_known_type`], of
/// primitive types and of crates.
pub fn is_taken(name: &str) -> bool {
    is_known_type(bare(name)) || PRIMITIVES.contains(&bare(name)) || CRATES.contains(&bare(name))
}

/// Names that every module knows without an import.
pub fn prelude() -> impl Iterator<Item = &'static str> {
    PRELUDE.iter().copied()
}

/// A module, whose file is named in ASCII.
pub fn module(java: &str) -> String {
    let ascii = in_ascii(&java.to_snake_case());
    let name = begin_with_letter(ascii, "_");
    if NO_FILES.contains(&&*name) { name + "_" } else { escape(&name) }
}

/// A name that does not begin with a digit, and is one.
fn begin_with_letter(name: String, prefix: &str) -> String {
    match name.chars().next() {
        None if prefix == "_" => "unnamed".to_owned(),
        None => "Unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{prefix}{name}"),
        Some(_) => name,
    }
}

/// The name as an identifier: raw or with an underscore for a keyword, without letters that Rust does
/// not take.
fn escape(name: &str) -> String {
    if NEVER_RAW.contains(&name) {
        return format!("{name}_");
    }
    if KEYWORDS.contains(&name) {
        return format!("r#{name}");
    }
    if syn::parse_str::<syn::Ident>(name).is_ok() {
        return name.to_owned();
    }
    in_ascii(name)
}

/// The name with the numbers of letters in place of those that are not ASCII.
fn in_ascii(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c.to_string()
        } else {
            format!("u{:x}", u32::from(c))
        }
    };
    name.chars().map(letter).collect()
}

/// The name that the macros give a field or method in Java.
pub fn java_of_snake(rust: &str) -> String {
    let mut camel = String::with_capacity(rust.len());
    let mut upper = false;
    for c in rust.trim_start_matches("r#").chars() {
        match c {
            '_' => upper = !camel.is_empty(),
            c if upper => {
                camel.extend(c.to_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

/// The name that the macros give a constant in Java.
pub fn java_of_constant(rust: &str) -> String {
    let mut out = String::with_capacity(rust.len() + 4);
    let mut after_lower = false;
    let mut chars = rust.trim_start_matches("r#").chars().peekable();
    while let Some(c) = chars.next() {
        let word_follows = chars.peek().is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_lower || word_follows && !out.is_empty()) {
            out.push('_');
        }
        after_lower = !c.is_uppercase() && c != '_';
        out.extend(c.to_uppercase());
    }
    out
}

/// Returns `true` for the name of a class that the macros take.
pub fn is_class(name: &str) -> bool {
    name.split('.').all(|part| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))
    })
}

/// Names of one scope, each given once.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    taken: BTreeSet<String>,
    /// The least number of each name that may be free: all below it are taken.
    next: BTreeMap<String, usize>,
}

impl Scope {
    /// A scope in which these names are taken.
    pub fn of<'a>(taken: impl IntoIterator<Item = &'a str>) -> Self {
        let taken = taken.into_iter().map(|name| bare(name).to_owned()).collect();
        Self { taken, next: BTreeMap::new() }
    }

    /// Takes a name with those that `with` makes of it, or the first free one with a number behind it:
    /// `name_2` if it is in snake case, `Name2` otherwise.
    pub fn take(&mut self, name: &str, with: impl Fn(&str) -> Vec<String>) -> String {
        let plain = bare(name);
        if self.take_all(name, &with) {
            return name.to_owned();
        }
        let needs_none = plain.starts_with(char::is_uppercase) || plain.ends_with('_');
        let bar = if needs_none { "" } else { "_" };
        let numbered = |number: usize| format!("{plain}{bar}{number}");
        let mut number = self.next.get(plain).copied().unwrap_or(2);
        while self.taken.contains(&numbered(number)) {
            number += 1;
        }
        self.next.insert(plain.to_owned(), number);
        while !self.take_all(&numbered(number), &with) {
            number += 1;
        }
        numbered(number)
    }

    /// Takes a name with those that `with` makes of it, if all are free.
    fn take_all(&mut self, name: &str, with: impl Fn(&str) -> Vec<String>) -> bool {
        let mut all = with(name);
        all.push(name.to_owned());
        let free = all.iter().all(|name| !self.taken.contains(bare(name)));
        if free {
            self.taken.extend(all.iter().map(|name| bare(name).to_owned()));
        }
        free
    }

    /// Takes a name without others.
    pub fn take_one(&mut self, name: &str) -> String {
        self.take(name, |_| Vec::new())
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_turn_into_rusts_spelling() {
        for (java, rust) in [
            ("getURLFor", "get_url_for"),
            ("type", "r#type"),
            ("self", "self_"),
            ("1", "_1"),
            ("$", "unnamed"),
            ("größe", "größe"),
        ] {
            assert_eq!(snake(java), rust);
        }
        for (java, rust) in [
            ("DARK_BLUE", "DarkBlue"),
            ("Self", "Self_"),
            ("a", "A"),
            ("if", "If"),
            ("1", "T1"),
            ("$1", "T1"),
            ("用户", "用户"),
        ] {
            assert_eq!(camel(java), rust);
        }
        assert_eq!(type_name("Result"), "JavaResult");
        assert_eq!(module("größe"), "gruf6udfe");
        assert_eq!(module("mod"), "mod_");
        assert_eq!(module("super"), "super_");
    }

    #[test]
    fn names_in_java_are_those_of_the_macros() {
        for (rust, java) in [("get_user_by_id", "getUserById"), ("r#type", "type"), ("_a_", "a")] {
            assert_eq!(java_of_snake(rust), java);
        }
        for (rust, java) in
            [("DarkBlue", "DARK_BLUE"), ("HTTPServer", "HTTP_SERVER"), ("V2Beta", "V2_BETA")]
        {
            assert_eq!(java_of_constant(rust), java);
        }
    }

    #[test]
    fn a_name_is_given_once() {
        let mut scope = Scope::of(["a_2", "Client"]);
        assert_eq!(scope.take_one("a"), "a");
        assert_eq!(scope.take_one("a"), "a_3");
        assert_eq!(scope.take_one("r#type"), "r#type");
        assert_eq!(scope.take_one("r#type"), "type_2");
        assert_eq!(scope.take_one("self_"), "self_");
        assert_eq!(scope.take_one("self_"), "self_2");
        assert_eq!(scope.take("X", |name| vec![format!("{name}Server")]), "X");
        assert_eq!(scope.take_one("XServer"), "XServer2");
    }

    proptest! {
        #[test]
        fn every_name_is_an_identifier(java in "\\PC{0,12}") {
            for name in [snake(&java), camel(&java), type_name(&java), module(&java)] {
                prop_assert!(syn::parse_str::<syn::Ident>(&name).is_ok(), "{name}");
            }
        }
    }
}
