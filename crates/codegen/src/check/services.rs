//! Changes of an interface.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::{Effect, Sides};
use super::flow::Flow;
use super::{Changes, What, both, short};
use crate::model::{Method, Nullness, Service, Stream, Type};

const OTHER_METHOD: &str =
    "a method is found by its name and the types of its parameters, and this one is not found";
const NO_METHOD_LEFT: &str = "new providers have no such method, and calls of it fail";
const NO_METHOD: &str = "they have no such method, and calls of it fail";

/// Adds the changes of an interface.
pub(super) fn compare(name: &str, old: &Service, new: &Service, changes: &mut Changes<'_>) {
    let keys = [
        (What::GroupChanged, "group", &old.group, &new.group),
        (What::VersionChanged, "version", &old.version, &new.version),
    ];
    for (what, word, old, new) in keys.into_iter().filter(|(_, _, old, new)| old != new) {
        let effect = match (old, new) {
            (Some(_), Some(_)) => Effect::incompatible(format!(
                "a service is found by its interface, group and version: no provider has the other {word}"
            )),
            _ => Effect::conditional(format!(
                "no provider is found unless the {word} is set where the service is referred to or exported"
            )),
        };
        let [old, new] = [old, new].map(|key| key.as_deref().unwrap_or("none"));
        changes.found.add(
            name,
            None,
            what,
            format!("the {word} changed from {old} to {new}"),
            Sides::both(effect),
        );
    }
    let (olds, news) = (by_signature(old), by_signature(new));
    let unmatched = |these: &BTreeMap<_, &Method>, others: &BTreeMap<_, _>| {
        let mut names: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for (key, method) in these {
            if !others.contains_key(key) {
                let of = (signature(method), full_signature(method));
                names.entry(method.name.clone()).or_default().push(of);
            }
        }
        names
    };
    let mut gone = unmatched(&olds, &news);
    let mut come = unmatched(&news, &olds);
    let names: BTreeSet<String> =
        gone.keys().filter(|name| come.contains_key(*name)).cloned().collect();
    for method in names {
        if let (Some([(old, full)]), Some([(new, other)])) =
            (gone.get(&method).map(Vec::as_slice), come.get(&method).map(Vec::as_slice))
        {
            let text = if old == new {
                format!("the parameters changed from {full} to {other}")
            } else {
                format!("the parameters changed to {new}")
            };
            let sides = Sides::both(Effect::incompatible(OTHER_METHOD));
            changes.found.add(name, Some(old.clone()), What::ParametersChanged, text, sides);
            gone.remove(&method);
            come.remove(&method);
        }
    }
    for (signature, _) in gone.into_values().flatten() {
        let sides =
            Sides { consumers: Effect::incompatible(NO_METHOD_LEFT), providers: Effect::none() };
        changes.found.add(name, Some(signature), What::MethodRemoved, "the method is gone", sides);
    }
    for (signature, _) in come.into_values().flatten() {
        let sides = Sides { consumers: Effect::none(), providers: Effect::incompatible(NO_METHOD) };
        changes.found.add(name, Some(signature), What::MethodAdded, "the method is new", sides);
    }
    for (key, old) in &olds {
        if let Some(new) = news.get(key) {
            compare_methods(name, old, new, changes);
        }
    }
}

/// Methods by what finds them on the wire: their names and the types of their parameters without arguments.
fn by_signature(service: &Service) -> BTreeMap<(String, Vec<String>), &Method> {
    let key = |method: &Method| {
        let types = method.parameters.iter().map(|of| of.declared().erased()).collect();
        (method.name.clone(), types)
    };
    service.methods.iter().map(|method| (key(method), method)).collect()
}

fn signature(method: &Method) -> String {
    let types: Vec<_> = method.parameters.iter().map(|of| short(&of.ty)).collect();
    format!("{}({})", method.name, types.join(", "))
}

/// The same with the packages of all classes.
fn full_signature(method: &Method) -> String {
    let types: Vec<_> = method.parameters.iter().map(|of| of.declared().to_string()).collect();
    format!("{}({})", method.name, types.join(", "))
}

fn compare_methods(name: &str, old: &Method, new: &Method, changes: &mut Changes<'_>) {
    let at = Some(signature(old));
    for (i, (old, new)) in old.parameters.iter().zip(&new.parameters).enumerate() {
        if old.ty != new.ty {
            let (before, after) = both(&old.ty, &new.ty);
            let text = format!("the type of parameter {} changed from {before} to {after}", i + 1);
            let sides = alone(changes, Flow::REQUESTS, &old.ty, &new.ty);
            changes.found.add(name, at.clone(), What::ParameterTypeChanged, text, sides);
        }
        if old.null != new.null {
            let text = format!("parameter {} {}", i + 1, null_text(old.null, new.null));
            let is_null = |null| null == Nullness::Nullable;
            let sides = null_sides(Flow::REQUESTS, is_null(old.null), is_null(new.null));
            changes.found.add(name, at.clone(), What::ParameterNullnessChanged, text, sides);
        }
        let is_unnamed = |name: &str| {
            name.strip_prefix("arg").is_some_and(|number| number.parse::<u16>().is_ok())
        };
        if old.name != new.name && !is_unnamed(&old.name) && !is_unnamed(&new.name) {
            let text =
                format!("parameter {} is called {} and no longer {}", i + 1, new.name, old.name);
            changes.found.add(
                name,
                at.clone(),
                What::ParameterRenamed,
                text,
                Sides::both(Effect::fine("names of parameters do not travel")),
            );
        }
    }
    if old.result != new.result {
        let (before, after) = both(&old.result, &new.result);
        let text = format!("the result type changed from {before} to {after}");
        let sides = alone(changes, Flow::REPLIES, &old.result, &new.result);
        changes.found.add(name, at.clone(), What::ResultTypeChanged, text, sides);
    }
    if old.result_null != new.result_null {
        let text = format!("the result {}", null_text(old.result_null, new.result_null));
        let is_null = |null| null != Nullness::NonNull;
        let sides = null_sides(Flow::REPLIES, is_null(old.result_null), is_null(new.result_null));
        changes.found.add(name, at.clone(), What::ResultNullnessChanged, text, sides);
    }
    compare_throws(name, at.clone(), old, new, changes);
    if old.stream != new.stream {
        let word = |stream| match stream {
            Stream::No => "no stream",
            Stream::Server => "a stream of replies",
            Stream::Both => "streams of requests and replies",
        };
        let text = format!("it has {} and no longer {}", word(new.stream), word(old.stream));
        let effect =
            Effect::incompatible("the other side sends or expects its messages in another way");
        changes.found.add(name, at, What::StreamChanged, text, Sides::both(effect));
    }
}

fn compare_throws(
    name: &str,
    at: Option<String>,
    old: &Method,
    new: &Method,
    changes: &mut Changes<'_>,
) {
    let set = |method: &Method| method.throws.iter().cloned().collect::<BTreeSet<_>>();
    let (olds, news) = (set(old), set(new));
    for class in news.difference(&olds) {
        let consumers = Effect::conditional(
            "they fail with another error where the exception is thrown, if they have no class for it",
        );
        let sides = Sides { consumers, providers: Effect::none() };
        changes.found.add(
            name,
            at.clone(),
            What::ThrowsChanged,
            format!("it throws {class}"),
            sides,
        );
    }
    for class in olds.difference(&news) {
        let reason = "they may throw it, and new consumers do not expect it";
        let sides = Sides { consumers: Effect::none(), providers: Effect::conditional(reason) };
        changes.found.add(
            name,
            at.clone(),
            What::ThrowsChanged,
            format!("it no longer throws {class}"),
            sides,
        );
    }
}

/// The sides of the type of an argument or result that became another.
fn alone(changes: &Changes<'_>, flow: Flow, old: &Type, new: &Type) -> Sides {
    let (forward, backward) = (changes.reading.alone(old, new), changes.reading.alone(new, old));
    Sides::along(flow, &forward, &backward)
}

/// The sides of the type of a field that became another.
pub(super) fn travel(changes: &Changes<'_>, flow: Flow, old: &Type, new: &Type) -> Sides {
    let (forward, backward) = (changes.reading.effect(old, new), changes.reading.effect(new, old));
    Sides::along(flow, &forward, &backward)
}

pub(super) fn null_text(old: Nullness, new: Nullness) -> &'static str {
    match (old, new) {
        (_, Nullness::Nullable) => "may be null",
        (_, Nullness::NonNull) => "is never null",
        (_, Nullness::Unknown) => "has no annotation about null any more",
    }
}

/// The sides of something that may be null on one side and not on the other.
pub(super) fn null_sides(flow: Flow, old_may: bool, new_may: bool) -> Sides {
    let effect = |written: bool, read: bool| {
        if written && !read {
            Effect::conditional("null is refused by the reader, or not expected")
        } else {
            Effect::none()
        }
    };
    Sides::along(flow, &effect(old_may, new_may), &effect(new_may, old_may))
}
