//! The choice of the interfaces that become services.

use std::collections::BTreeSet;

use crate::classfile::signature::{self, Argument, JavaType};
use crate::model::Note;
use crate::pattern::matches;

use super::methods::is_called;
use super::table::{Loaded, Table};

/// Returns the interfaces that are named, and of those that match a pattern with `*`, which stands for any
/// characters, the ones that look like services.
pub(super) fn named(table: &Table, patterns: &[String], notes: &mut Vec<Note>) -> Vec<String> {
    let mut chosen = BTreeSet::new();
    let with_star = patterns.iter().any(|pattern| pattern.contains('*'));
    let likely = if with_star { all(table, true) } else { Vec::new() };
    for pattern in patterns {
        if pattern.contains('*') {
            let found: Vec<&String> = likely.iter().filter(|name| matches(pattern, name)).collect();
            if found.is_empty() {
                let text = "no interface of the jars that looks like a service has such a name; look at the names in \
                            the jar, or give the whole name of one";
                notes.push(Note { at: pattern.clone(), text: text.into() });
            }
            chosen.extend(found.into_iter().cloned());
            continue;
        }
        let text = match table.get(pattern) {
            Some(class) if is_interface(class) => {
                chosen.insert(pattern.clone());
                continue;
            }
            Some(_) => "it is a class, and no interface; name the interface of the service",
            None => "no interface of the jars has such a name; look at the names in the jar",
        };
        notes.push(Note { at: pattern.clone(), text: text.into() });
    }
    chosen.into_iter().collect()
}

/// Returns the classes that are named, and of those that match a pattern with `*` the ones that are made to be sent.
pub(super) fn classes(table: &Table, patterns: &[String], notes: &mut Vec<Note>) -> Vec<String> {
    let mut chosen = BTreeSet::new();
    for pattern in patterns {
        let is_chosen = |name: &str, class: &Loaded| {
            let is_sent =
                !pattern.contains('*') || !class.is_library && class.is_public() && travels(class);
            is_sent && !is_interface(class) && matches(pattern, name)
        };
        let found: Vec<_> = table.iter().filter(|(name, class)| is_chosen(name, class)).collect();
        if found.is_empty() {
            let text = "no class of the jars that is made to be sent has such a name; look at the names in the jar";
            notes.push(Note { at: pattern.clone(), text: text.into() });
        }
        chosen.extend(found.into_iter().map(|(name, _)| name.to_owned()));
    }
    chosen.into_iter().collect()
}

/// Returns the public interfaces with methods that look like services: those without type parameters whose
/// implementations, if there are any, are not what is sent.
pub(super) fn all(table: &Table, with_libraries: bool) -> Vec<String> {
    let candidates: Vec<&str> = table
        .iter()
        .filter(|(_, class)| (with_libraries || !class.is_library) && is_candidate(class))
        .filter(|(_, class)| {
            let is_generic = !class.signature().0.parameters.is_empty();
            !is_generic && !class.kin.is_message && class.kin.has_methods
        })
        .map(|(name, _)| name)
        .collect();
    let mut sent = BTreeSet::new();
    for name in &candidates {
        sent.extend(table.get(name).map(mentioned).unwrap_or_default());
    }
    let is_data = |name: &str| {
        table
            .get(name)
            .is_some_and(|of| of.kin.has_sent || (of.kin.has_classes && sent.contains(name)))
    };
    candidates.into_iter().filter(|name| !is_data(name)).map(str::to_owned).collect()
}

/// Returns the interfaces that would look like services without their type parameters: nothing extends or implements them, and
/// no service names them.
pub(super) fn generic(table: &Table, services: &[String]) -> Vec<String> {
    let named: BTreeSet<String> = services
        .iter()
        .flat_map(|name| table.get(name).map(mentioned).unwrap_or_default())
        .collect();
    table
        .iter()
        .filter(|(_, class)| !class.is_library && is_candidate(class) && class.is_generic())
        .filter(|(_, class)| !class.kin.is_message && class.kin.has_methods)
        .filter(|(name, _)| table.children(name).next().is_none() && !named.contains(*name))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn is_interface(class: &Loaded) -> bool {
    let flags = class.file.flags;
    flags.is_interface() && !flags.is_annotation() && !flags.is_synthetic() && !flags.is_module()
}

fn is_candidate(class: &Loaded) -> bool {
    is_interface(class) && class.is_public() && !class.file.attributes.is_local
}

/// Returns `true` for a class whose objects are made to be sent.
fn travels(class: &Loaded) -> bool {
    class.is_enum()
        || class.file.attributes.is_record
        || class.kin.is_exception
        || class.kin.is_serializable
}

/// The classes that the methods of an interface take within other types, return, or take as they are.
fn mentioned(class: &Loaded) -> Vec<String> {
    let mut names = Vec::new();
    // Methods may share one long text.
    let mut seen = BTreeSet::new();
    for method in class.file.methods.iter().filter(|method| is_called(method)) {
        let text = method.attributes.signature.as_ref().unwrap_or(&method.descriptor);
        if !seen.insert(text.as_ptr()) {
            continue;
        }
        let Ok(signature) = signature::method(text) else { continue };
        for of in signature.parameters.iter().chain([&signature.result]) {
            add_names(of, &mut names);
        }
    }
    names
}

fn add_names(of: &JavaType, names: &mut Vec<String>) {
    match of {
        JavaType::Array(of) => add_names(of, names),
        JavaType::Class(of) => {
            names.push(of.name.clone());
            for argument in &of.arguments {
                if let Argument::Exact(of) | Argument::Extends(of) | Argument::Super(of) = argument
                {
                    add_names(of, names);
                }
            }
        }
        _ => {}
    }
}
