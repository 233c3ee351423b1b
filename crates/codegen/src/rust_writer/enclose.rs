//! Fields that are boxed, since their types hold each other.

use super::graph::{Graph, components};
use super::rust::{Mapper, is_parameter_key};
use super::shape::{Shapes, What, field_type, numbers, parent_type, parts};
use crate::model::Type;

/// Steps through types that hold each other: beyond, all their fields that may be boxed are.
const MAX_STEPS: usize = 50_000_000;

/// A part of a type: the number of the field, if it is one of the class itself, and the types that it holds.
struct Held {
    field: Option<usize>,
    targets: Vec<usize>,
}

/// Boxes the first field, in the order of names, of each circle of types that hold each other.
pub(super) fn enclose(mapper: &Mapper<'_>, shapes: &mut Shapes, all: &[(String, What)]) {
    let mut held = held(mapper, shapes, all);
    let flat = |own: &Vec<Held>| own.iter().flat_map(|of| of.targets.iter().copied()).collect();
    let graph: Graph = held.iter().map(flat).collect();
    let groups = components(&graph);
    let mut back: Graph = vec![Vec::new(); all.len()];
    for (from, targets) in graph.iter().enumerate() {
        for to in targets.iter().filter(|to| groups.are_together(from, **to)) {
            if let Some(back) = back.get_mut(*to) {
                back.push(from);
            }
        }
    }
    let mut steps = vec![0_usize; groups.groups.len()];
    for (at, (name, what)) in all.iter().enumerate() {
        let is_struct = matches!(what, What::Struct(_));
        if !is_struct || !groups.is_circle(&graph, at) {
            continue;
        }
        let mut none = 0;
        let steps = groups.of.get(at).and_then(|of| steps.get_mut(*of)).unwrap_or(&mut none);
        let leads_here = leads_to(at, &back, &held, steps);
        for own in held.get_mut(at).into_iter().flatten() {
            let Some(field) = own.field else { continue };
            let is_in_circle = |to: &usize| match &leads_here {
                Some(leads) => leads.get(*to).copied().unwrap_or(false),
                None => groups.are_together(at, *to),
            };
            if own.targets.iter().any(is_in_circle) {
                shapes.boxed.insert((name.clone(), field));
                own.targets.clear();
            }
        }
    }
}

/// Boxes what generic classes hold of their type arguments, where a class below one leads back to itself through such an
/// argument: `Leaf extends Node<Leaf>` has no field that could be boxed. Returns `true` if some were.
pub(super) fn enclose_arguments(
    mapper: &Mapper<'_>,
    shapes: &mut Shapes,
    all: &[(String, What)],
) -> bool {
    let numbers = numbers(all);
    let held = held(mapper, shapes, all);
    let graph: Graph = held
        .iter()
        .map(|own| own.iter().filter(|of| of.field.is_none()))
        .map(|own| own.flat_map(|of| of.targets.iter().copied()).collect())
        .collect();
    let groups = components(&graph);
    let before = shapes.boxed.len();
    for (at, (_, what)) in all.iter().enumerate() {
        let mut next = match what {
            What::Struct(of) if groups.is_circle(&graph, at) => of.parent.as_ref(),
            _ => None,
        };
        while let Some(Type::Class { name, arguments }) = next
            && !arguments.is_empty()
            && let Some((_, What::Struct(above))) = numbers.get(&**name).and_then(|at| all.get(*at))
        {
            for (at, field) in above.fields.iter().enumerate() {
                let mut found = Vec::new();
                if let Some(rust) = field_type(mapper, name, field) {
                    shapes.held(&rust, &mut found);
                }
                if found.iter().any(|of| is_parameter_key(of)) {
                    shapes.boxed.insert((name.clone(), at));
                }
            }
            next = above.parent.as_ref();
        }
    }
    shapes.boxed.len() > before
}

/// Lists what each type holds, field by field; the others are without a number.
fn held(mapper: &Mapper<'_>, shapes: &Shapes, all: &[(String, What)]) -> Vec<Vec<Held>> {
    let numbers = numbers(all);
    let targets = |rust: &_| {
        let mut found = Vec::new();
        shapes.held(rust, &mut found);
        found.iter().filter_map(|name| numbers.get(&**name).copied()).collect()
    };
    let held = all.iter().map(|(name, what)| {
        let mut own = Vec::new();
        if let What::Struct(of) = what {
            for (at, field) in of.fields.iter().enumerate() {
                let is_boxed = shapes.boxed.contains(&(name.clone(), at));
                if let Some(rust) = field_type(mapper, name, field).filter(|_| !is_boxed) {
                    own.push(Held { field: Some(at), targets: targets(&rust) });
                }
            }
            for parent in of.parent.iter().filter_map(|parent| parent_type(mapper, parent)) {
                own.push(Held { field: None, targets: targets(&parent) });
            }
        } else {
            let parts = parts(mapper, name, what);
            own.extend(parts.iter().map(|part| Held { field: None, targets: targets(part) }));
        }
        own
    });
    held.collect()
}

/// The types that lead to one through what is not boxed, itself among them; `None` once that took too many steps.
fn leads_to(at: usize, back: &Graph, held: &[Vec<Held>], steps: &mut usize) -> Option<Vec<bool>> {
    if *steps > MAX_STEPS {
        return None;
    }
    let mut leads = vec![false; back.len()];
    let mut open = vec![at];
    while let Some(to) = open.pop() {
        for from in back.get(to).into_iter().flatten() {
            let own = held.get(*from).map(Vec::as_slice).unwrap_or_default();
            *steps = steps.saturating_add(own.len() + 1);
            let holds = own.iter().any(|of| of.targets.contains(&to));
            if let Some(is @ false) = leads.get_mut(*from).filter(|_| holds) {
                *is = true;
                open.push(*from);
            }
        }
    }
    if let Some(is) = leads.get_mut(at) {
        *is = true;
    }
    (*steps <= MAX_STEPS).then_some(leads)
}
