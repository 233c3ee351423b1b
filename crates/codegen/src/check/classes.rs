//! Changes of classes and enums.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::{Effect, Sides};
use super::services::{null_sides, null_text, travel};
use super::types::{MAX_SUPERCLASSES, Reading, extends};
use super::{Changes, What, both, short};
use crate::Api;
use crate::model::{Class, Enum, Field, Kind, Nullness, Type};

const DROPPED: &str =
    "the field is dropped where it is not known, and lost if the object is sent back";
const UNKNOWN_CONSTANT: &str = "a message with a constant that the reader does not know is refused";
const UNKNOWN_CLASS: &str =
    "a message with an object of a class that the reader does not know is refused";

pub(super) fn added(name: &str, kind: &Kind, changes: &mut Changes<'_>) {
    if matches!(kind, Kind::Service(_)) {
        let providers =
            Effect::incompatible("they have no such service, and new consumers find no provider");
        let sides = Sides { consumers: Effect::none(), providers };
        changes.add(name, None, What::ServiceAdded, "the interface is new", sides);
    } else {
        let text = format!("the {} is new", word(kind));
        changes.add(name, None, What::ClassAdded, text, Sides::default());
    }
}

pub(super) fn removed(name: &str, kind: &Kind, changes: &mut Changes<'_>) {
    if matches!(kind, Kind::Service(_)) {
        let consumers = Effect::incompatible("they find no provider any more");
        let sides = Sides { consumers, providers: Effect::none() };
        changes.add(name, None, What::ServiceRemoved, "the interface is gone", sides);
    } else {
        let text = format!("the {} is gone", word(kind));
        let forward = Effect::conditional(UNKNOWN_CLASS);
        let sides = Sides::along(changes.flows.get(name), &forward, &Effect::none());
        changes.add(name, None, What::ClassRemoved, text, sides);
    }
}

pub(super) fn compare_kinds(name: &str, old: &Kind, new: &Kind, changes: &mut Changes<'_>) {
    let text =
        format!("it was {} {} and is {} {}", article(old), word(old), article(new), word(new));
    let effect = Effect::incompatible("its values travel in another form");
    changes.add(name, None, What::KindChanged, text, Sides::both(effect));
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
        changes.add(
            name,
            Some((*constant).clone()),
            What::ConstantAdded,
            "the constant is new",
            sides,
        );
    }
    for constant in known.difference(&wanted) {
        let sides = Sides::along(flow, &unknown, &Effect::none());
        changes.add(
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
        changes.add(
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
        changes.add(name, None, What::AbstractChanged, text, sides);
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
        changes.add(name, None, What::TypeParametersChanged, text, Sides::both(effect));
    }
    compare_subclasses(name, old, new, changes);
    compare_fields(name, old, new, changes);
}

fn compare_superclasses(name: &str, old: &Class, new: &Class, changes: &mut Changes<'_>) {
    let print = |of: &Option<Type>| of.as_ref().map_or_else(|| "Object".to_owned(), short);
    let text =
        format!("it extends {} and no longer {}", print(&new.superclass), print(&old.superclass));
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
    let forward = missed(&old.superclass, before, after);
    let backward = missed(&new.superclass, after, before);
    let sides = Sides::along(changes.flows.get(name), &forward, &backward);
    changes.add(name, None, What::SuperclassChanged, text, sides);
}

fn compare_subclasses(name: &str, old: &Class, new: &Class, changes: &mut Changes<'_>) {
    let flow = changes.flows.get(name);
    let unknown = Effect::conditional(UNKNOWN_CLASS);
    for class in new.subclasses.iter().filter(|class| !old.subclasses.contains(class)) {
        let sides = Sides::along(flow, &Effect::none(), &unknown);
        changes.add(name, None, What::SubclassAdded, format!("it has the subclass {class}"), sides);
    }
    for class in old.subclasses.iter().filter(|class| !new.subclasses.contains(class)) {
        let sides = Sides::along(flow, &unknown, &Effect::none());
        changes.add(
            name,
            None,
            What::SubclassRemoved,
            format!("it no longer has the subclass {class}"),
            sides,
        );
    }
}

fn compare_fields(name: &str, old: &Class, new: &Class, changes: &mut Changes<'_>) {
    let flow = changes.flows.get(name);
    let own = |class: &Class| -> BTreeMap<String, Field> {
        class.fields.iter().map(|field| (field.name.clone(), field.clone())).collect()
    };
    let (olds, news) = (own(old), own(new));
    let (above_old, above_new) =
        (inherited(old, changes.reading.old), inherited(new, changes.reading.new));
    let names: BTreeSet<&String> = olds.keys().chain(news.keys()).collect();
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
                    changes.add(name, at.clone(), What::FieldMoved, text, Sides::both(effect));
                }
                if old.ty != new.ty {
                    let (before, after) = both(&old.ty, &new.ty);
                    let text = format!("the type changed from {before} to {after}");
                    let sides = travel(changes, flow, &old.ty, &new.ty);
                    changes.add(name, at.clone(), What::FieldTypeChanged, text, sides);
                }
                if old.null != new.null {
                    let text = format!("the field {}", null_text(old.null, new.null));
                    let may = |field: &Field| field.null != Nullness::NonNull;
                    let sides = null_sides(flow, may(old), may(new));
                    changes.add(name, at, What::FieldNullnessChanged, text, sides);
                }
            }
            (None, Some(new)) => {
                let sides = Sides::along(flow, &lacking(new), &Effect::fine(DROPPED));
                let text = format!("the field is new: {}", short(&new.ty));
                changes.add(name, at, What::FieldAdded, text, sides);
            }
            (Some(old), None) => {
                let sides = Sides::along(flow, &Effect::fine(DROPPED), &lacking(old));
                let text = format!("the field is gone: {}", short(&old.ty));
                changes.add(name, at, What::FieldRemoved, text, sides);
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
    let mut superclass = class.superclass.as_ref();
    for _ in 0..MAX_SUPERCLASSES {
        let Some(Type::Class { name, .. }) = superclass else { break };
        let Some(Kind::Class(above)) = api.types.get(name).map(|declared| &declared.kind) else {
            break;
        };
        for field in &above.fields {
            fields.entry(field.name.clone()).or_insert_with(|| field.clone());
        }
        superclass = above.superclass.as_ref();
    }
    fields
}
