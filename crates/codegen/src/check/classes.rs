//! Changes of classes and enums.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::{Effect, Sides};
use super::services::{null_sides, null_text, travel};
use super::types::{MAX_SUPERCLASSES, Reading, extends};
use super::{Changes, What, both, short};
use crate::model::{Class, Enum, Field, Kind, Nullness, Type};
use crate::{Api, collection, jdk};

const DROPPED: &str =
    "the field is dropped where it is not known, and lost if the object is sent back";
/// The classes below one that are looked at for one that is no longer below it directly.
const MAX_BELOW: usize = 1_024;
const OTHER_FORM: &str = "its values travel in another form";
const UNKNOWN_CONSTANT: &str = "a message with a constant that the reader does not know is refused";
const UNKNOWN_CLASS: &str =
    "a message with an object of a class that the reader does not know is refused";

pub(super) fn added(name: &str, kind: &Kind, changes: &mut Changes<'_>) {
    if matches!(kind, Kind::Service(_)) {
        let providers =
            Effect::incompatible("they have no such service, and new consumers find no provider");
        let sides = Sides { consumers: Effect::none(), providers };
        changes.found.add(name, None, What::ServiceAdded, "the interface is new", sides);
    } else {
        let text = format!("the {} is new", word(kind));
        changes.found.add(name, None, What::ClassAdded, text, Sides::default());
    }
}

pub(super) fn removed(name: &str, kind: &Kind, changes: &mut Changes<'_>) {
    if matches!(kind, Kind::Service(_)) {
        let consumers = Effect::incompatible("they find no provider any more");
        let sides = Sides { consumers, providers: Effect::none() };
        changes.found.add(name, None, What::ServiceRemoved, "the interface is gone", sides);
    } else {
        let text = format!("the {} is gone", word(kind));
        let forward = Effect::conditional(UNKNOWN_CLASS);
        let sides = Sides::along(changes.flows.get(name), &forward, &Effect::none());
        changes.found.add(name, None, What::ClassRemoved, text, sides);
    }
}

pub(super) fn compare_kinds(name: &str, old: &Kind, new: &Kind, changes: &mut Changes<'_>) {
    let text =
        format!("it was {} {} and is {} {}", article(old), word(old), article(new), word(new));
    let effect = Effect::incompatible(OTHER_FORM);
    changes.found.add(name, None, What::KindChanged, text, Sides::both(effect));
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Service(_) => "interface",
        Kind::Class(class) if class.is_exception => "exception",
        Kind::Class(_) => "class",
        Kind::Enum(_) => "enum",
    }
}

fn article(kind: &Kind) -> &'static str {
    if word(kind) == "class" { "a" } else { "an" }
}

pub(super) fn compare_enums(name: &str, old: &Enum, new: &Enum, changes: &mut Changes<'_>) {
    let flow = changes.flows.get(name);
    let names = |of: &Enum| of.constants.iter().map(|of| of.name.clone()).collect::<Vec<_>>();
    let (olds, news) = (names(old), names(new));
    let (known, wanted): (BTreeSet<_>, BTreeSet<_>) =
        (olds.iter().collect(), news.iter().collect());
    let unknown = Effect::conditional(UNKNOWN_CONSTANT);
    for constant in wanted.difference(&known) {
        let sides = Sides::along(flow, &Effect::none(), &unknown);
        changes.found.add(
            name,
            Some((*constant).clone()),
            What::ConstantAdded,
            "the constant is new",
            sides,
        );
    }
    for constant in known.difference(&wanted) {
        let sides = Sides::along(flow, &unknown, &Effect::none());
        changes.found.add(
            name,
            Some((*constant).clone()),
            What::ConstantRemoved,
            "the constant is gone",
            sides,
        );
    }
    let kept = |these: &[String], others: &BTreeSet<&String>| {
        these.iter().filter(|name| others.contains(name)).cloned().collect::<Vec<_>>()
    };
    if kept(&olds, &wanted) != kept(&news, &known) {
        let effect =
            Effect::fine("constants travel by their names; only JSON may have their numbers");
        changes.found.add(
            name,
            None,
            What::ConstantOrderChanged,
            "the constants have another order",
            Sides::both(effect),
        );
    }
}

pub(super) fn compare(name: &str, old: &Class, new: &Class, changes: &mut Changes<'_>) {
    if old.is_exception != new.is_exception {
        let (before, after) = (Kind::Class(old.clone()), Kind::Class(new.clone()));
        compare_kinds(name, &before, &after, changes);
    }
    if old.superclass != new.superclass {
        compare_superclasses(name, old, new, changes);
    }
    if old.is_abstract != new.is_abstract {
        let (text, forward, backward) = if new.is_abstract {
            let reason = "objects of exactly this class are refused: readers look for a subclass";
            ("it became abstract", Effect::conditional(reason), Effect::none())
        } else {
            let reason = "objects of exactly this class are refused: to the reader it is abstract";
            ("it is no longer abstract", Effect::none(), Effect::conditional(reason))
        };
        let sides = Sides::along(changes.flows.get(name), &forward, &backward);
        changes.found.add(name, None, What::AbstractChanged, text, sides);
    }
    if old.parameters != new.parameters {
        let list =
            |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let text = format!(
            "the type parameters changed from {} to {}",
            list(&old.parameters),
            list(&new.parameters)
        );
        let effect = Effect::fine("type parameters do not travel");
        changes.found.add(name, None, What::TypeParametersChanged, text, Sides::both(effect));
    }
    compare_subclasses(name, old, new, changes);
    compare_fields(name, old, new, changes);
}

fn compare_superclasses(name: &str, old: &Class, new: &Class, changes: &mut Changes<'_>) {
    let print = |of: &Option<Type>| of.as_ref().map_or_else(|| "Object".to_owned(), short);
    let (before, after) = match (&old.superclass, &new.superclass) {
        (Some(old), Some(new)) => both(old, new),
        (old, new) => (print(old), print(new)),
    };
    let text = format!("it extends {after} and no longer {before}");
    // A reader makes objects of its own class, which must be what the writer took it for.
    let missed = |above: &Option<Type>, writer: &Api, reader: &Api| match above {
        Some(Type::Class { name: above, .. })
            if writer.types.contains_key(above) && !extends(reader, name, above) =>
        {
            Effect::conditional(format!(
                "Java fails where a {above} is expected, since to the reader it is none"
            ))
        }
        _ => Effect::none(),
    };
    let Reading { old: before, new: after } = changes.reading;
    let values = |from: &Class, of: &Api, to: &Class, reader: &Api| {
        held(changes.reading, (from, of), (to, reader))
    };
    let forward = missed(&old.superclass, before, after).worse(values(old, before, new, after));
    let backward = missed(&new.superclass, after, before).worse(values(new, after, old, before));
    let sides = Sides::along(changes.flows.get(name), &forward, &backward);
    changes.found.add(name, None, What::SuperclassChanged, text, sides);
}

/// Judges what an object of a class has by its superclass: the elements or entries of a collection, or the fields that are of
/// type parameters.
fn held(reading: Reading<'_>, written: (&Class, &Api), read: (&Class, &Api)) -> Effect {
    match (elements(written), elements(read)) {
        (Some(written), Some(read)) => reading.alone(&written, &read),
        (None, None) => match (&written.0.superclass, &read.0.superclass) {
            (
                Some(written @ Type::Class { name: a, .. }),
                Some(read @ Type::Class { name: b, .. }),
            ) if a == b => reading.alone(written, read),
            _ => Effect::none(),
        },
        _ => Effect::incompatible(OTHER_FORM),
    }
}

/// The collection or map of the JDK that a class is, whose own class does not matter: objects are of the class below it.
fn elements((class, api): (&Class, &Api)) -> Option<Type> {
    let Type::Class { name, arguments } = collection::of(api, class)? else { return None };
    let name = match jdk::collection(&name)? {
        jdk::Shape::Map => "java.util.Map",
        _ => "java.util.List",
    };
    Some(Type::Class { name: name.to_owned(), arguments })
}

fn compare_subclasses(name: &str, old: &Class, new: &Class, changes: &mut Changes<'_>) {
    let flow = changes.flows.get(name);
    let unknown = Effect::conditional(UNKNOWN_CLASS);
    let Reading { old: before, new: after } = changes.reading;
    let is_new =
        |class: &&String| !old.subclasses.contains(class) && !is_further_below(before, class, name);
    for class in new.subclasses.iter().filter(is_new) {
        let sides = Sides::along(flow, &Effect::none(), &unknown);
        changes.found.add(
            name,
            None,
            What::SubclassAdded,
            format!("it has the subclass {class}"),
            sides,
        );
    }
    let is_gone =
        |class: &&String| !new.subclasses.contains(class) && !is_further_below(after, class, name);
    for class in old.subclasses.iter().filter(is_gone) {
        let sides = Sides::along(flow, &unknown, &Effect::none());
        changes.found.add(
            name,
            None,
            What::SubclassRemoved,
            format!("it no longer has the subclass {class}"),
            sides,
        );
    }
}

/// Returns `true` if a class is below another with a third one between.
fn is_further_below(api: &Api, class: &str, above: &str) -> bool {
    let below = |name: &str| match api.types.get(name).map(|declared| &declared.kind) {
        Some(Kind::Class(of)) => of.subclasses.as_slice(),
        _ => &[],
    };
    let mut open: Vec<&String> = below(above).iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(between) = open.pop().filter(|_| seen.len() < MAX_BELOW) {
        if seen.insert(between) {
            if below(between).iter().any(|name| name == class) {
                return true;
            }
            open.extend(below(between));
        }
    }
    false
}

fn compare_fields(name: &str, old: &Class, new: &Class, changes: &mut Changes<'_>) {
    let flow = changes.flows.get(name);
    let own = |class: &Class| -> BTreeMap<String, Field> {
        class.fields.iter().map(|field| (field.name.clone(), field.clone())).collect()
    };
    let (olds, news) = (own(old), own(new));
    let (above_old, above_new) =
        (inherited(old, changes.reading.old), inherited(new, changes.reading.new));
    let mut names: BTreeSet<&String> = olds.keys().chain(news.keys()).collect();
    let above = |class: &Class| class.superclass.as_ref().map(Type::erased);
    if above(old) != above(new) {
        // Told at no class above: each has fields of its own.
        let is_other = |(name, old): &(&String, &Field)| {
            above_new.get(*name).is_some_and(|new| old.ty != new.ty)
        };
        names.extend(above_old.iter().filter(is_other).map(|(name, _)| name));
    }
    for field in names {
        let at = Some(field.clone());
        let (before, after) = (olds.get(field), news.get(field));
        let moved = before.is_none() != after.is_none();
        let before = before.or_else(|| above_old.get(field));
        let after = after.or_else(|| above_new.get(field));
        match (before, after) {
            (Some(old), Some(new)) => {
                if moved {
                    let text = "the field moved between the class and a class above it";
                    let effect =
                        Effect::fine("an object travels with all its fields, by their names");
                    changes.found.add(
                        name,
                        at.clone(),
                        What::FieldMoved,
                        text,
                        Sides::both(effect),
                    );
                }
                if old.ty != new.ty {
                    let (before, after) = both(&old.ty, &new.ty);
                    let text = format!("the type changed from {before} to {after}");
                    let sides = travel(changes, flow, &old.ty, &new.ty);
                    changes.found.add(name, at.clone(), What::FieldTypeChanged, text, sides);
                }
                if old.null != new.null {
                    let text = format!("the field {}", null_text(old.null, new.null));
                    let may = |field: &Field| field.null != Nullness::NonNull;
                    let sides = null_sides(flow, may(old), may(new));
                    changes.found.add(name, at, What::FieldNullnessChanged, text, sides);
                }
            }
            (None, Some(new)) => {
                let sides = Sides::along(flow, &lacking(new), &Effect::fine(DROPPED));
                let text = format!("the field is new: {}", short(&new.ty));
                changes.found.add(name, at, What::FieldAdded, text, sides);
            }
            (Some(old), None) => {
                let sides = Sides::along(flow, &Effect::fine(DROPPED), &lacking(old));
                let text = format!("the field is gone: {}", short(&old.ty));
                changes.found.add(name, at, What::FieldRemoved, text, sides);
            }
            (None, None) => {}
        }
    }
}

/// The effect of a message that lacks a field.
fn lacking(field: &Field) -> Effect {
    match (&field.ty, field.null) {
        (Type::Primitive(_), _) => {
            Effect::fine("the field is zero or false where the writer does not know it")
        }
        (_, Nullness::NonNull) => Effect::incompatible(
            "the writer does not know the field, which is never null: Dubhe refuses the message, and Java has null in it",
        ),
        _ => Effect::fine("the field is null where the writer does not know it"),
    }
}

/// The fields of the classes above one.
fn inherited(class: &Class, api: &Api) -> BTreeMap<String, Field> {
    let mut fields = BTreeMap::new();
    let mut superclass = class.superclass.clone();
    for _ in 0..MAX_SUPERCLASSES {
        let Some(Type::Class { name, arguments }) = &superclass else { break };
        let Some(Kind::Class(above)) = api.types.get(name).map(|declared| &declared.kind) else {
            break;
        };
        let known = |ty: &Type| ty.substitute(&above.parameters, arguments);
        for field in &above.fields {
            let known = || Field { ty: known(&field.ty), ..field.clone() };
            fields.entry(field.name.clone()).or_insert_with(known);
        }
        superclass = above.superclass.as_ref().map(known);
    }
    fields
}
