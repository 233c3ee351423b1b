//! The choice of the interfaces that become services.

use std::collections::BTreeSet;

use crate::classfile::signature::{self, Argument, JavaType};
use crate::model::Note;
use crate::pattern::matches;

use super::jdk;
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
            let is_sent = !pattern.contains('*')
                || !class.is_library && class.is_public() && travels(table, name, class);
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
        .filter(|(name, class)| {
            let is_generic = !class.signature().0.parameters.is_empty();
            !is_generic && has_methods(table, name, class)
        })
        .map(|(name, _)| name)
        .collect();
    let mut sent = BTreeSet::new();
    for name in &candidates {
        sent.extend(table.get(name).map(mentioned).unwrap_or_default());
    }
    let is_data = |name: &str| {
        let below = table.descendants(name);
        let objects = below.iter().filter(|(_, class)| !class.is_interface());
        objects.clone().any(|(name, class)| travels(table, name, class))
            || (objects.count() > 0 && sent.contains(name))
    };
    candidates.into_iter().filter(|name| !is_data(name)).map(str::to_owned).collect()
}

fn is_interface(class: &Loaded) -> bool {
    let flags = class.file.flags;
    flags.is_interface() && !flags.is_annotation() && !flags.is_synthetic() && !flags.is_module()
}

fn is_candidate(class: &Loaded) -> bool {
    is_interface(class) && class.is_public() && !class.file.attributes.is_local
}

/// Returns `true` for an interface that has, or inherits, an abstract method, and is none of a message.
fn has_methods(table: &Table, name: &str, class: &Loaded) -> bool {
    let own = |class: &Loaded| {
        class.file.methods.iter().any(|of| of.flags.is_abstract() && is_called(of))
    };
    let above = table.ancestors(name);
    !above.iter().any(|name| jdk::is_message(name))
        && (own(class) || above.iter().filter_map(|name| table.get(name)).any(own))
}

/// Returns `true` for a class whose objects are made to be sent.
fn travels(table: &Table, name: &str, class: &Loaded) -> bool {
    class.is_enum()
        || class.file.attributes.record.is_some()
        || table.is_exception(name)
        || table.ancestors(name).contains("java.io.Serializable")
}

/// The classes that the methods of an interface take within other types, return, or take as they are.
fn mentioned(class: &Loaded) -> Vec<String> {
    let mut names = Vec::new();
    for method in class.file.methods.iter().filter(|method| is_called(method)) {
        let text = method.attributes.signature.as_ref().unwrap_or(&method.descriptor);
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
