//! Changes of messages and services of `.proto` files, by their descriptors.

mod defined;
mod enums;
mod fields;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use prost_types::FileDescriptorSet;

use super::effect::Sides;
use super::found::Found;
use super::{Change, What};
use defined::Defined;

/// Returns what changed from one encoded `FileDescriptorSet` to another, sorted; nothing if one of them is none.
///
/// ```
/// use dubhe_codegen::check;
///
/// // A file `a.proto` with `message A {}`, and one without.
/// let old = b"\x0a\x0e\x0a\x07a.proto\x22\x03\x0a\x01A";
/// let new = b"\x0a\x09\x0a\x07a.proto";
/// let changes = check::protobuf_differences(old, new);
/// assert!(changes[0].to_string().starts_with("A: the message is gone: compatible: "));
/// ```
pub fn protobuf_differences(old: &[u8], new: &[u8]) -> Vec<Change> {
    let (Ok(old), Ok(new)) = (FileDescriptorSet::decode(old), FileDescriptorSet::decode(new))
    else {
        return Vec::new();
    };
    let (mut old, new) = (Defined::of(old), Defined::of(new));
    let mut changes = Found::default();
    let renamed = defined::renamed(&old, &new);
    for (before, after) in &renamed {
        changes.renamed(before, after, &old);
    }
    // From here on the old ones have the names of the new ones.
    old.rename(&renamed);
    for (name, before, after) in both(&old.services, &new.services) {
        changes.service(name, before, after);
    }
    for (name, before, after) in both(&old.messages, &new.messages) {
        changes.message(name, before, after, (&old, &new));
    }
    for (name, before, after) in both(&old.enums, &new.enums) {
        changes.enumeration(name, before, after);
    }
    changes.sorted()
}

/// The pairs of two maps, of which one side may lack.
fn both<'a, K: Ord, V>(
    old: &'a BTreeMap<K, V>,
    new: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let names: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    names.into_iter().map(|name| (name, old.get(name), new.get(name)))
}

impl Found {
    fn renamed(&mut self, before: &str, after: &str, old: &Defined) {
        let (what, sides) = if old.services.contains_key(before) {
            let reason = "a service is found by its full name, and calls of the other name fail";
            (("service", What::ServiceRenamed), Sides::incompatible(reason))
        } else {
            let reason = "names of types travel in `google.protobuf.Any` alone";
            let kind = if old.enums.contains_key(before) { "enum" } else { "message" };
            ((kind, What::ClassRenamed), Sides::fine(reason))
        };
        let (kind, what) = what;
        self.add(before, None, what, format!("the {kind} is called {after} now"), sides);
    }
}

/// A name without the dot before.
fn plain(name: &str) -> &str {
    name.strip_prefix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests;
