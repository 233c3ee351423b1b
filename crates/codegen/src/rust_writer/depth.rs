//! The levels of types within types, which a compiler of Rust follows no further than the `recursion_limit` of a crate.
//!
//! Whoever asks if a value may go to another thread, or how it is dropped, follows all that is in it: a struct takes
//! one level, an `Option` one more, a `Vec` three, a `HashMap` five.

use std::collections::BTreeMap;

use super::graph::components;
use super::rust::{Mapper, Rust};
use super::shape::{Shapes, What, field_type, numbers, parent_type, parts};
use crate::model::Note;

/// The limit of a crate that says none.
const DEFAULT: usize = 128;
/// The levels that are left for futures and types around those that are written.
const AROUND: usize = 48;
/// The levels of a type argument within a generic class, which holds it in some collection.
const WITHIN_GENERIC: usize = 8;

/// A type that is named, and the levels to it.
type Step = (usize, usize);

/// The limit that the crate needs for these types, with a note; `None` if the default will do.
pub(super) fn limit(
    mapper: &Mapper<'_>,
    shapes: &Shapes,
    all: &[(String, What)],
) -> Option<(usize, Note)> {
    let numbers = numbers(all);
    let steps: Vec<Vec<Step>> =
        all.iter().map(|(name, what)| steps(mapper, shapes, &numbers, (name, what))).collect();
    let graph = steps.iter().map(|own| own.iter().map(|(to, _)| *to).collect()).collect();
    let groups = components(&graph);
    // Of those that lead to each other, the way may go through all of them.
    let mut levels = vec![0_usize; groups.groups.len()];
    for (at, group) in groups.groups.iter().enumerate() {
        let (mut within, mut behind) = (0_usize, 0_usize);
        for node in group {
            let mut longest = 0;
            for (to, cost) in steps.get(*node).into_iter().flatten() {
                let of = groups.of.get(*to).copied().unwrap_or(at);
                if of == at {
                    longest = longest.max(*cost);
                } else {
                    let below = levels.get(of).copied().unwrap_or(0);
                    behind = behind.max(cost.saturating_add(below));
                }
            }
            within = within.saturating_add(longest);
        }
        if let Some(levels) = levels.get_mut(at) {
            *levels = within.saturating_add(behind).max(1);
        }
    }
    let deepest = levels.iter().enumerate().max_by_key(|(at, levels)| (**levels, usize::MAX - at));
    let (at, deepest) = deepest.filter(|(_, levels)| **levels + AROUND > DEFAULT)?;
    let first = groups.groups.get(at)?.iter().min()?;
    let limit = deepest.saturating_add(AROUND).next_power_of_two();
    let text = format!(
        "its fields lead through more types than Rust's compiler follows by default: write `#![recursion_limit = \"{limit}\"]` \
         at the top of the root of your crate, src/main.rs or src/lib.rs"
    );
    all.get(*first).map(|(name, _)| {
        let at = super::family::class(name).to_owned();
        (limit, Note { at, text })
    })
}

/// The types that one names, each with the levels of the way to it.
fn steps(
    mapper: &Mapper<'_>,
    shapes: &Shapes,
    numbers: &BTreeMap<&str, usize>,
    (name, what): (&str, &What),
) -> Vec<Step> {
    let mut found = BTreeMap::new();
    let mut add = |rust: &Rust, levels: usize| {
        walk(rust, levels, &mut |name, levels| {
            if let Some(at) = numbers.get(name) {
                let known = found.entry(*at).or_default();
                *known = levels.max(*known);
            }
        });
    };
    match what {
        What::Struct(of) => {
            for (at, field) in of.fields.iter().enumerate() {
                let is_boxed = shapes.boxed.contains(&(name.to_owned(), at));
                let levels = if is_boxed { BOX } else { 0 };
                if let Some(rust) = field_type(mapper, name, field) {
                    add(&rust, 1 + levels);
                }
            }
            let parent = of.parent.iter().filter_map(|parent| parent_type(mapper, parent));
            parent.for_each(|rust| add(&rust, 1));
        }
        _ => parts(mapper, name, what).iter().for_each(|rust| add(rust, 1)),
    }
    found.into_iter().collect()
}

const BOX: usize = 4;

/// Calls `found` with each type that is written, and the levels to it.
fn walk(rust: &Rust, levels: usize, found: &mut impl FnMut(&str, usize)) {
    match rust {
        Rust::User(name, arguments) => {
            found(name, levels);
            for of in arguments {
                walk(of, levels + WITHIN_GENERIC, found);
            }
        }
        Rust::Option(of) => walk(of, levels + 1, found),
        Rust::Boxed(of) => walk(of, levels + BOX, found),
        Rust::List(of) => walk(of, levels + 3, found),
        Rust::Array(of) => walk(of, levels + 4, found),
        Rust::Set(of) => walk(of, levels + 6, found),
        Rust::Map(key, value) => {
            walk(key, levels + 5, found);
            walk(value, levels + 5, found);
        }
        _ => {}
    }
}
