//! Names that Java takes, and those that it does not.

use std::collections::BTreeSet;

use crate::model::{Class, Kind, Type};
use crate::{Api, Written};

/// The reserved words of the language.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "_", "abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const",
    "continue", "default", "do", "double", "else", "enum", "extends", "false", "final", "finally",
    "float", "for", "goto", "if", "implements", "import", "instanceof", "int", "interface", "long",
    "native", "new", "null", "package", "private", "protected", "public", "return", "short", "static",
    "strictfp", "super", "switch", "synchronized", "this", "throw", "throws", "transient", "true",
    "try", "void", "volatile", "while",
];

/// The remedy for a name.
pub(super) const RENAME: &str = "; give it another name, such as with #[java(name = \"..\")]";

/// Words that name no type.
const NO_TYPES: &[&str] = &["var", "yield", "record", "sealed", "permits"];

/// The reason for which a name is none in Java, if there is one.
pub(super) fn fault(name: &str) -> Option<String> {
    if KEYWORDS.contains(&name) {
        return Some(format!("`{name}` is a keyword of Java"));
    }
    let mut chars = name.chars();
    let begins = chars.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if begins && chars.all(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    Some(format!("`{name}` is no name in Java"))
}

/// The classes that cannot be written; each is a note.
pub(super) fn refused(api: &Api, written: &mut Written) -> BTreeSet<String> {
    let mut refused = BTreeSet::new();
    let mut packages = BTreeSet::new();
    for name in api.types.keys() {
        let mut package = package(name);
        while packages.insert(package.to_owned()) {
            package = package.rsplit_once('.').map_or("", |(above, _)| above);
        }
    }
    for name in api.types.keys() {
        let simple = name.rsplit(['.', '$']).next().unwrap_or_default();
        let fault = name
            .split(['.', '$'])
            .find_map(fault)
            .or_else(|| {
                NO_TYPES.contains(&simple).then(|| format!("`{simple}` names no type in Java"))
            })
            .or_else(|| {
                let is_around = name.rsplit_once('$').is_some_and(|(around, _)| {
                    path(around).split('.').any(|around| around == simple)
                });
                is_around.then(|| format!("a class around it is called `{simple}` too"))
            })
            .or_else(|| {
                let is_package = packages.contains(&name.replace('$', "."));
                is_package.then(|| "a package is called so too".to_owned())
            })
            .or_else(|| {
                // Names of classes that stand with their packages would be members of this class.
                let begins = ["java", "org"].contains(&simple)
                    || packages.iter().any(|of| of.split('.').next() == Some(simple));
                begins.then(|| format!("it hides the packages that begin with `{simple}`"))
            })
            .or_else(|| {
                let has_none = package(name).is_empty() && packages.iter().any(|of| !of.is_empty());
                has_none
                    .then(|| "it has no package, and classes of packages cannot name it".to_owned())
            })
            .or_else(|| parameter_fault(api, name));
        if let Some(fault) = fault {
            written.note(name, format!("the class is left out: {fault}; give it another name"));
            refused.insert(name.clone());
        }
    }
    // What is nested in a class that is left out has no place.
    let nested: Vec<&String> = api
        .types
        .keys()
        .filter(|name| !refused.contains(*name) && refused.contains(outermost(name)))
        .collect();
    for name in nested {
        written.note(name, format!("the class is left out with {}", outermost(name)));
        refused.insert(name.clone());
    }
    while let Some((name, above)) = orphan(api, &refused) {
        written.note(&name, format!("the class is left out with its superclass {above}"));
        refused.insert(name);
    }
    refused
}

/// The reason for which a type parameter of a class is none in Java.
fn parameter_fault(api: &Api, name: &str) -> Option<String> {
    let Kind::Class(class) = &api.types.get(name)?.kind else { return None };
    let mut seen = BTreeSet::new();
    class.parameters.iter().find_map(|of| {
        let is_no_type = NO_TYPES.contains(&of.as_str());
        let is_twice = !seen.insert(of);
        fault(of)
            .or_else(|| is_no_type.then(|| format!("`{of}` names no type in Java")))
            .or_else(|| is_twice.then(|| "it has it twice".to_owned()))
            .map(|why| format!("its type parameter `{of}`: {why}"))
    })
}

/// A class whose superclass is left out, and that.
fn orphan(api: &Api, refused: &BTreeSet<String>) -> Option<(String, String)> {
    api.types.iter().find_map(|(name, declared)| match &declared.kind {
        Kind::Class(Class { superclass: Some(Type::Class { name: above, .. }), .. })
            if refused.contains(above) && !refused.contains(name) =>
        {
            Some((name.clone(), above.clone()))
        }
        _ => None,
    })
}

/// `org.example.Order` of `org.example.Order$Line`.
pub(super) fn outermost(name: &str) -> &str {
    name.split('$').next().unwrap_or(name)
}

/// `org.example` of `org.example.Order`.
pub(super) fn package(name: &str) -> &str {
    outermost(name).rsplit_once('.').map_or("", |(package, _)| package)
}

/// `Order.Line` of `org.example.Order$Line`.
pub(super) fn path(name: &str) -> String {
    let package = package(name);
    let inside = name.strip_prefix(package).unwrap_or(name).trim_start_matches('.');
    inside.replace('$', ".")
}

/// `Line` of `org.example.Order$Line`.
pub(super) fn simple(name: &str) -> &str {
    name.rsplit(['.', '$']).next().unwrap_or(name)
}
