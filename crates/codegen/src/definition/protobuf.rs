//! Types of protobuf in a definition: their Java classes are no descriptions of what travels.
//!
//! Dubbo Java 3 describes messages by the fields of their `.proto` file, so that they look like any class; other releases by
//! those that generated classes have.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Described, Document};
use super::names::parse;

/// The `proxy` of a service that is generated from a `.proto` file.
const STUB: &str = "nativestub";
/// The package of the runtime.
const RUNTIME: &str = "com.google.protobuf.";
/// The fields that classes of messages have in Java (protobuf-java `GeneratedMessage`).
const OF_MESSAGES: [&str; 5] =
    ["bitField0_", "memoizedHashCode", "memoizedIsInitialized", "memoizedSize", "unknownFields"];
/// The constant that enums of proto3 end with in Java.
const UNRECOGNIZED: &str = "UNRECOGNIZED";

/// The note on a service, without its beginning.
pub(super) const INSTEAD: &str = "protobuf, which travel as their .proto file says and not by their Java classes; generate the \
                                  service from that file: `dubhe gen orders.proto`";

/// Returns `true` for a service that is generated from a `.proto` file.
pub(super) fn is_stub(document: &Document) -> bool {
    document.proxy.as_deref() == Some(STUB)
}

/// The described types that are messages or enums of protobuf, or hold some.
pub(super) fn types(described: &BTreeMap<String, Described>) -> BTreeSet<String> {
    let is_one = |(name, of): &(&String, &Described)| {
        name.starts_with(RUNTIME)
            || OF_MESSAGES.iter().any(|field| of.properties.contains_key(*field))
            || (of.enums.len() > 1 && of.enums.last().is_some_and(|last| last == UNRECOGNIZED))
    };
    let mut found: BTreeSet<String> =
        described.iter().filter(is_one).map(|(name, _)| name.clone()).collect();
    let mut holders: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (name, of) in described {
        for ty in of.properties.values() {
            for class in classes(ty) {
                holders.entry(class).or_default().push(name);
            }
        }
    }
    let mut open: Vec<String> = found.iter().cloned().collect();
    open.extend(holders.keys().filter(|name| name.starts_with(RUNTIME)).cloned());
    while let Some(name) = open.pop() {
        for holder in holders.get(&name).into_iter().flatten() {
            if found.insert((*holder).clone()) {
                open.push((*holder).clone());
            }
        }
    }
    found
}

/// Returns `true` if a type is one of those, or has one as an argument.
pub(super) fn is_among(types: &BTreeSet<String>, ty: &str) -> bool {
    classes(ty).iter().any(|name| name.starts_with(RUNTIME) || types.contains(name))
}

/// The classes that a type names, as the definition writes them.
fn classes(ty: &str) -> Vec<String> {
    let mut found = Vec::new();
    let parsed = parse(ty);
    if let Ok(ty) = &parsed {
        ty.classes(&mut found);
    }
    found.into_iter().map(str::to_owned).collect()
}
