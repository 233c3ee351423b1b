//! Changes of schemas.

use std::collections::{BTreeMap, BTreeSet};

use super::super::What;
use super::super::effect::{Effect, Sides};
use super::Changes;
use super::read::{Field, Presence, Schema, Ty};
use super::types::spelled;

/// Adds the changes of all schemas.
pub(super) fn compare(changes: &mut Changes<'_>) {
    let (old, new) = (changes.old, changes.new);
    let names: BTreeSet<&String> = old.schemas.keys().chain(new.schemas.keys()).collect();
    for name in names {
        let told = || Sides::both(Effect::fine("what uses it is told of there"));
        match (old.schemas.get(name), new.schemas.get(name)) {
            (None, _) => {
                changes.found.add(name, None, What::ClassAdded, "the schema is new", told());
            }
            (_, None) => {
                changes.found.add(name, None, What::ClassRemoved, "the schema is gone", told());
            }
            (Some(old), Some(new)) => schema(name, old, new, changes),
        }
    }
}

fn schema(name: &str, old: &Schema, new: &Schema, changes: &mut Changes<'_>) {
    let flow = changes.flow(name);
    match (old, new) {
        (Schema::Object { fields: a, rest: b }, Schema::Object { fields: c, rest: d }) => {
            properties(name, a, c, changes);
            if b != d {
                let said = |of: &Option<Ty>| of.as_ref().map_or("none".to_owned(), spelled);
                let text = format!(
                    "properties that have no name there changed from {} to {}",
                    said(b),
                    said(d)
                );
                let sides = match (b, d) {
                    (Some(b), Some(d)) => changes.travel(flow, b, d),
                    _ => Sides::both(Effect::fine("they are passed over where nothing takes them")),
                };
                changes.found.add(name, None, What::FieldTypeChanged, text, sides);
            }
        }
        (Schema::Enum(old), Schema::Enum(new)) => {
            let unknown = Effect::conditional(
                "a reader that does not know the value refuses it; Rust of `dubhe gen` reads it as `Other`",
            );
            for value in new.difference(old) {
                let sides = Sides::along(flow, &Effect::none(), &unknown);
                changes.found.add(
                    name,
                    Some(value.clone()),
                    What::ConstantAdded,
                    "the value is new",
                    sides,
                );
            }
            for value in old.difference(new) {
                let sides = Sides::along(flow, &unknown, &Effect::none());
                let (at, what) = (Some(value.clone()), What::ConstantRemoved);
                changes.found.add(name, at, what, "the value is gone", sides);
            }
        }
        (
            Schema::Union { tag: old_tag, variants: old },
            Schema::Union { tag: new_tag, variants: new },
        ) => {
            if old_tag == new_tag {
                variants(name, old, new, changes);
            } else {
                let said = |tag: &Option<String>| match tag {
                    Some(tag) => format!("`{tag}`"),
                    None => "none".to_owned(),
                };
                let text = format!(
                    "the property that tells the form changed from {} to {}",
                    said(old_tag),
                    said(new_tag)
                );
                let sides = Sides::both(Effect::conditional(
                    "fails where a reader looks for a property that the object lacks",
                ));
                changes.found.add(name, None, What::KindChanged, text, sides);
            }
        }
        (Schema::Alias(old), Schema::Alias(new)) if old == new => {}
        (old, new) => {
            let text = format!("it was {} and is {}", kind(old), kind(new));
            // Aliases stand for what may be the same.
            let sides = match (old, new) {
                (Schema::Alias(a), Schema::Alias(b)) => changes.travel(flow, a, b),
                (Schema::Alias(Ty::Any), _) => changes.travel(flow, &Ty::Any, &named(name)),
                (_, Schema::Alias(Ty::Any)) => changes.travel(flow, &named(name), &Ty::Any),
                (Schema::Alias(a), _) => changes.travel(flow, a, &named(name)),
                (_, Schema::Alias(b)) => changes.travel(flow, &named(name), b),
                _ => Sides::both(Effect::incompatible("its values are written in another form")),
            };
            changes.found.add(name, None, What::KindChanged, text, sides);
        }
    }
}

fn named(name: &str) -> Ty {
    Ty::Named(name.to_owned())
}

fn kind(of: &Schema) -> String {
    match of {
        Schema::Object { .. } => "an object".to_owned(),
        Schema::Enum(_) => "a string with fixed values".to_owned(),
        Schema::Union { .. } => "one of several forms".to_owned(),
        Schema::Alias(of) => spelled(of),
    }
}

fn properties(
    name: &str,
    old: &BTreeMap<String, Field>,
    new: &BTreeMap<String, Field>,
    changes: &mut Changes<'_>,
) {
    let flow = changes.flow(name);
    let missing = Effect::incompatible("an object without the required property is refused");
    let passed = Effect::fine("a reader that does not know the property passes it over");
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for property in names {
        let at = || Some(property.clone());
        match (old.get(property), new.get(property)) {
            (None, Some(new)) => {
                let lacks = new.presence != Presence::Optional;
                let forward = if lacks { missing.clone() } else { Effect::none() };
                let text = format!(
                    "the property is new: {}, {}",
                    spelled(&new.ty),
                    presence(new.presence)
                );
                let sides = Sides::along(flow, &forward, &passed);
                changes.found.add(name, at(), What::FieldAdded, text, sides);
            }
            (Some(old), None) => {
                let lacks = old.presence != Presence::Optional;
                let backward = if lacks { missing.clone() } else { Effect::none() };
                let text = format!(
                    "the property is gone: {}, {}",
                    spelled(&old.ty),
                    presence(old.presence)
                );
                let sides = Sides::along(flow, &passed, &backward);
                changes.found.add(name, at(), What::FieldRemoved, text, sides);
            }
            (Some(old), Some(new)) => {
                if old.ty != new.ty {
                    let text = format!(
                        "the type changed from {} to {}",
                        spelled(&old.ty),
                        spelled(&new.ty)
                    );
                    let sides = changes.travel(flow, &old.ty, &new.ty);
                    changes.found.add(name, at(), What::FieldTypeChanged, text, sides);
                }
                if old.presence != new.presence {
                    let text = format!(
                        "it {} and no longer {}",
                        presence(new.presence),
                        presence(old.presence)
                    );
                    let forward = lacking(old.presence, new.presence);
                    let backward = lacking(new.presence, old.presence);
                    let sides = Sides::along(flow, &forward, &backward);
                    changes.found.add(name, at(), What::FieldNullnessChanged, text, sides);
                }
            }
            (None, None) => {}
        }
    }
}

fn presence(of: Presence) -> &'static str {
    match of {
        Presence::Required => "is required",
        Presence::Nullable => "is required, and may be null",
        Presence::Optional => "may be missing",
    }
}

fn lacking(written: Presence, read: Presence) -> Effect {
    match (written, read) {
        (Presence::Optional, Presence::Required | Presence::Nullable) => {
            Effect::conditional("an object without the property is refused")
        }
        (Presence::Nullable, Presence::Required) => {
            Effect::conditional("null is refused by the reader, or not expected")
        }
        _ => Effect::none(),
    }
}

fn variants(
    name: &str,
    old: &BTreeMap<String, Ty>,
    new: &BTreeMap<String, Ty>,
    changes: &mut Changes<'_>,
) {
    let flow = changes.flow(name);
    let unknown = Effect::conditional(
        "a reader that does not know the form refuses it; Rust of `dubhe gen` reads it as `Other`",
    );
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for form in names {
        let at = Some(form.clone());
        match (old.get(form), new.get(form)) {
            (None, _) => {
                let sides = Sides::along(flow, &Effect::none(), &unknown);
                changes.found.add(name, at, What::SubclassAdded, "the form is new", sides);
            }
            (_, None) => {
                let sides = Sides::along(flow, &unknown, &Effect::none());
                changes.found.add(name, at, What::SubclassRemoved, "the form is gone", sides);
            }
            (Some(old), Some(new)) if old != new => {
                let text = format!("the type changed from {} to {}", spelled(old), spelled(new));
                let sides = changes.travel(flow, old, new);
                changes.found.add(name, at, What::FieldTypeChanged, text, sides);
            }
            _ => {}
        }
    }
}
