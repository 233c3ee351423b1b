//! Changes of messages and services of `.proto` files, by their descriptors.

mod defined;
mod enums;
mod fields;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use dubhe_codegen::check::{Change, Compatibility, Effect, What};
use prost::Message as _;
use prost_types::FileDescriptorSet;

use defined::Defined;

/// Returns what changed from one set of descriptors to another; nothing if one of them is none.
pub(super) fn differences(old: &[u8], new: &[u8]) -> Vec<Change> {
    let (Ok(old), Ok(new)) = (FileDescriptorSet::decode(old), FileDescriptorSet::decode(new))
    else {
        return Vec::new();
    };
    let (mut old, new) = (Defined::of(old), Defined::of(new));
    let mut changes = Changes::default();
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
    changes.0.sort();
    changes.0
}

/// The pairs of two maps, of which one side may lack.
fn both<'a, K: Ord, V>(
    old: &'a BTreeMap<K, V>,
    new: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let names: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    names.into_iter().map(|name| (name, old.get(name), new.get(name)))
}

#[derive(Default)]
struct Changes(Vec<Change>);

/// The verdicts on both sides: consumers of the old one, providers of the old one.
type Sides = (Effect, Effect);

fn fine() -> Effect {
    Effect::default()
}

fn effect(compatibility: Compatibility, reason: &str) -> Effect {
    Effect { compatibility, reason: reason.to_owned() }
}

fn compatible(reason: &str) -> Sides {
    (effect(Compatibility::Compatible, reason), fine())
}

fn conditional(reason: &str) -> Sides {
    let effect = effect(Compatibility::Conditional, reason);
    (effect.clone(), effect)
}

fn incompatible(reason: &str) -> Sides {
    let effect = effect(Compatibility::Incompatible, reason);
    (effect.clone(), effect)
}

impl Changes {
    fn add(&mut self, ty: &str, member: Option<&str>, what: What, text: String, sides: Sides) {
        let (consumers, providers) = sides;
        let (ty, member) = (ty.to_owned(), member.map(str::to_owned));
        self.0.push(Change { ty, member, what, text, consumers, providers });
    }

    fn renamed(&mut self, before: &str, after: &str, old: &Defined) {
        let (what, sides) = if old.services.contains_key(before) {
            let reason = "a service is found by its full name, and calls of the other name fail";
            (("service", What::ServiceRenamed), incompatible(reason))
        } else {
            let reason = "names of types travel in `google.protobuf.Any` alone";
            let kind = if old.enums.contains_key(before) { "enum" } else { "message" };
            ((kind, What::ClassRenamed), compatible(reason))
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
