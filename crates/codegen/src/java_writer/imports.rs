//! Names of classes as a file says them: with an import where that is clear.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::names::{outermost, package, path, simple};
use crate::model::Type;

/// Classes of `java.lang`, which need no import and which other classes of these names would hide.
const LANG: &str = "java.lang";

/// Generic classes of the JDK that may stand without type arguments, with their number.
const GENERIC: &[(&str, usize)] = &[
    ("java.lang.Class", 1),
    ("java.lang.Comparable", 1),
    ("java.lang.Iterable", 1),
    ("java.util.ArrayList", 1),
    ("java.util.Collection", 1),
    ("java.util.Deque", 1),
    ("java.util.HashMap", 2),
    ("java.util.HashSet", 1),
    ("java.util.Iterator", 1),
    ("java.util.LinkedHashMap", 2),
    ("java.util.LinkedList", 1),
    ("java.util.List", 1),
    ("java.util.Map", 2),
    ("java.util.Optional", 1),
    ("java.util.Queue", 1),
    ("java.util.Set", 1),
    ("java.util.SortedMap", 2),
    ("java.util.SortedSet", 1),
    ("java.util.TreeMap", 2),
    ("java.util.TreeSet", 1),
];

/// The imports of one file.
pub(super) struct Imports<'a> {
    context: &'a Context<'a>,
    /// The outermost class of the file.
    outer: String,
    /// Simple names that mean something here, with the class that they mean.
    taken: BTreeMap<String, String>,
    imported: BTreeSet<String>,
    /// `true` once a deprecated class was named.
    pub(super) names_deprecated: bool,
}

impl<'a> Imports<'a> {
    pub(super) fn new(context: &'a Context<'a>, outer: &str) -> Self {
        let mut taken = BTreeMap::new();
        let nested = |name: &str| outermost(name) == outer;
        for name in context.api.types.keys() {
            // Those of this file, and of its package.
            if nested(name) || (package(name) == package(outer) && !name.contains('$')) {
                let known = taken.entry(simple(name).to_owned()).or_insert_with(|| name.clone());
                if nested(name) {
                    known.clone_from(name);
                }
            }
            if let Some(class) = context.class(name).filter(|_| nested(name)) {
                taken.extend(class.parameters.iter().map(|own| (own.clone(), String::new())));
            }
        }
        let outer = outer.to_owned();
        taken.insert(simple(&outer).to_owned(), outer.clone());
        Self { context, outer, taken, imported: BTreeSet::new(), names_deprecated: false }
    }

    /// The class as it is said in this file.
    pub(super) fn class(&mut self, name: &str) -> String {
        let is_deprecated = self.context.is_deprecated(name) && outermost(name) != self.outer;
        self.names_deprecated |= is_deprecated;
        let top = outermost(name);
        let said = simple(top);
        let is_ours = self.taken.get(said).map(|known| known == top);
        match is_ours {
            Some(true) => return path(name),
            // An import of a deprecated class is a warning that nothing suppresses in Java 8.
            None if package(top) == LANG || !is_deprecated && !package(top).is_empty() => {}
            _ => return name.replace('$', "."),
        }
        self.taken.insert(said.to_owned(), top.to_owned());
        if package(top) != LANG {
            self.imported.insert(top.to_owned());
        }
        path(name)
    }

    /// Returns `true` if the simple name of a class means another one here.
    pub(super) fn hides(&self, name: &str) -> bool {
        self.taken.get(simple(name)).is_some_and(|known| known != name)
    }

    /// An annotation of `java.lang`.
    pub(super) fn annotation(&mut self, name: &str) -> String {
        format!("@{}", self.class(&format!("{LANG}.{name}")))
    }

    /// The type as it is said in this file.
    pub(super) fn ty(&mut self, ty: &Type) -> String {
        match ty {
            Type::Void => "void".to_owned(),
            Type::Primitive(of) => of.name().to_owned(),
            Type::Variable(name) => name.clone(),
            Type::Array(of) => format!("{}[]", self.ty(of)),
            // Java has no annotation of its own for it.
            Type::Nullable(of) => self.ty(of),
            Type::Class { name, arguments } => {
                let said = self.class(name);
                let arguments: Vec<String> = if arguments.is_empty() {
                    vec!["?".to_owned(); self.arity(name)]
                } else {
                    arguments.iter().map(|argument| self.ty(argument)).collect()
                };
                if arguments.is_empty() {
                    said
                } else {
                    format!("{said}<{}>", arguments.join(", "))
                }
            }
        }
    }

    /// The number of type parameters of a class.
    fn arity(&self, name: &str) -> usize {
        let generic = GENERIC.iter().find(|(own, _)| *own == name).map(|(_, arity)| *arity);
        generic.or_else(|| self.context.class(name).map(|own| own.parameters.len())).unwrap_or(0)
    }

    /// The lines of the imports, with an empty one behind them if there are any.
    pub(super) fn lines(&self) -> String {
        let lines: String = self.imported.iter().map(|name| format!("import {name};\n")).collect();
        if lines.is_empty() { lines } else { lines + "\n" }
    }
}
