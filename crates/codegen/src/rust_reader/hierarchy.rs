//! Enums of one class a variant: superclasses and their subclasses.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Fields, Item, ItemEnum, Type as Rust};

use super::attributes::JavaOptions;
use super::classes::{EXCEPTION, superclass};
use super::scope::ItemId;
use super::types::{Problem, Site, Types};
use crate::Api;
use crate::collection;
use crate::model::{self, Field, Kind, Nullness, Type};

/// Adds the classes of enums, and connects all classes with those below them.
pub(super) fn connect(types: &Types<'_>, api: &mut Api) {
    let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut found, mut elsewhere) = (Vec::new(), Vec::new());
    for (id, item) in types.program.items() {
        let Item::Enum(item) = item else { continue };
        let Some(declared) = superclass(types, id, item).filter(|_| holds_classes(item)) else {
            continue;
        };
        let name = declared.name.clone();
        let held = members(types, id, item, api);
        // A variant of the class itself: the enum is that class with those below it.
        let is_concrete = held.iter().any(|held| held.class == name);
        if !is_concrete && !api.types.contains_key(&name) {
            api.types.insert(name.clone(), declared);
        }
        found.push((name, held, item));
    }
    // Once all are there: a superclass may be held by another one.
    for (name, held, item) in found {
        let mut family = Vec::new();
        for held in held.into_iter().filter(|held| held.class != name) {
            if !api.types.contains_key(&held.class) {
                elsewhere.push((name.clone(), held.class.clone()));
            }
            // A class that extends a collection is below an interface.
            if types.is_generated && is_collection(api, &held.class) {
                elsewhere.push((name.clone(), held.class.clone()));
            } else if extend(api, &held, &name, item) {
                family.push(held.class);
            }
        }
        families.insert(name, family);
    }
    let mut done = BTreeSet::new();
    for name in families.keys() {
        lift(api, name, &families, &mut done);
    }
    connect_back(api);
    // Nothing is known of them but that they are there, or below an interface.
    for (above, below) in elsewhere.into_iter().filter(|_| types.is_generated) {
        if let Some(class) = class_mut(api, &above).filter(|of| !of.subclasses.contains(&below)) {
            class.subclasses.push(below);
            class.subclasses.sort();
        }
    }
}

/// A class that a variant holds.
struct Held {
    class: String,
    arguments: Vec<Type>,
    at: String,
}

fn holds_classes(item: &ItemEnum) -> bool {
    item.variants.iter().any(|variant| {
        let is_other = JavaOptions::read(&variant.attrs).is_ok_and(|options| options.has("other"));
        !is_other && matches!(variant.fields, Fields::Unnamed(_))
    })
}

fn members<'a>(types: &Types<'a>, id: ItemId, item: &'a ItemEnum, api: &mut Api) -> Vec<Held> {
    let site = Site::with_parameters(id.module, &item.generics);
    let mut held = Vec::new();
    for variant in &item.variants {
        if JavaOptions::read(&variant.attrs).is_ok_and(|options| options.has("other")) {
            continue;
        }
        let at = types.at(id.module, variant);
        let what = match &variant.fields {
            Fields::Unnamed(fields) => fields.unnamed.first().map(|field| &field.ty),
            _ => None,
        };
        let mapped = what.map(|ty: &Rust| types.java(ty, &site).map(|mapped| mapped.ty));
        match mapped {
            Some(Ok(Type::Class { name, arguments }))
                if types.is_generated || api.types.contains_key(&name) || is_own(types, &name) =>
            {
                held.push(Held { class: name, arguments, at });
            }
            Some(Err(Problem { at, text })) => {
                api.note(at, format!("`{}::{}` is left out: {text}", item.ident, variant.ident));
            }
            _ => api.note(
                at,
                format!(
                    "`{}::{}` is left out: a variant holds one class of these sources",
                    item.ident, variant.ident
                ),
            ),
        }
    }
    held
}

/// Returns true for the class of some type of the sources.
fn is_own(types: &Types<'_>, name: &str) -> bool {
    types.classes.values().any(|class| class.name == name)
}

/// Makes `name` the superclass of what a variant holds, unless it has another one.
fn extend(api: &mut Api, held: &Held, name: &str, item: &ItemEnum) -> bool {
    let parameters: Vec<String> =
        item.generics.type_params().map(|own| own.ident.to_string()).collect();
    let Some(class) = class_mut(api, &held.class) else { return true };
    let of = Type::Class {
        name: name.to_owned(),
        arguments: parameters
            .iter()
            .map(|parameter| {
                let at = held.arguments.iter().position(
                    |argument| matches!(argument, Type::Variable(own) if own == parameter),
                );
                let own = at.and_then(|at| class.parameters.get(at));
                own.map_or_else(Type::object, |own| Type::Variable(own.clone()))
            })
            .collect(),
    };
    let known = class.superclass.clone().filter(|known| *known != Type::class(EXCEPTION));
    match known {
        None => class.superclass = Some(of),
        // Further up, perhaps: its own superclass is nearer.
        Some(Type::Class { name: known, .. }) if known != name && !is_below(api, &known, name) => {
            let text = format!(
                "{} has the superclass {known} already, and is no subclass of {name} in Java",
                held.class
            );
            api.note(held.at.clone(), text);
            return false;
        }
        Some(_) => {}
    }
    true
}

fn is_collection(api: &Api, name: &str) -> bool {
    match api.types.get(name).map(|declared| &declared.kind) {
        Some(Kind::Class(class)) => collection::of(api, class).is_some(),
        _ => false,
    }
}

/// Returns true if `name` is a class below `above`.
fn is_below(api: &Api, name: &str, above: &str) -> bool {
    let (mut name, mut seen) = (name.to_owned(), BTreeSet::new());
    while seen.insert(name.clone()) {
        let Some(Kind::Class(class)) = api.types.get(&name).map(|declared| &declared.kind) else {
            return false;
        };
        let Some(Type::Class { name: parent, .. }) = &class.superclass else { return false };
        if parent == above {
            return true;
        }
        name.clone_from(parent);
    }
    false
}

fn class_mut<'a>(api: &'a mut Api, name: &str) -> Option<&'a mut model::Class> {
    match &mut api.types.get_mut(name)?.kind {
        Kind::Class(class) => Some(class),
        _ => None,
    }
}

/// Moves the fields with which all subclasses begin into the superclass, which has none of its own in Rust; and takes
/// those of a superclass that has them from subclasses that repeat them.
fn lift(
    api: &mut Api,
    name: &str,
    families: &BTreeMap<String, Vec<String>>,
    done: &mut BTreeSet<String>,
) {
    if !done.insert(name.to_owned()) {
        return;
    }
    let Some(family) = families.get(name) else { return };
    for below in family {
        lift(api, below, families, done);
    }
    let fields = |api: &mut Api, name: &str| {
        class_mut(api, name).map(|class| class.fields.clone()).unwrap_or_default()
    };
    // Of those that extend it directly: others repeat nothing.
    let direct: Vec<&String> = family
        .iter()
        .filter(|below| {
            class_mut(api, below).is_some_and(|class| {
                matches!(&class.superclass, Some(Type::Class { name: above, .. }) if above == name)
            })
        })
        .collect();
    let Some(own) = class_mut(api, name) else { return };
    let common = if own.is_abstract && own.parameters.is_empty() {
        let mut all = direct.iter().map(|below| fields(api, below));
        let first = all.next().unwrap_or_default();
        let common = all.fold(first, |common, fields| begin(&common, &fields));
        if direct.len() > 1 { common } else { Vec::new() }
    } else {
        own.fields.clone()
    };
    for below in direct {
        let is_repeated = begin(&common, &fields(api, below)).len() == common.len();
        if let Some(class) = class_mut(api, below).filter(|_| is_repeated) {
            class.fields.drain(..common.len());
        }
    }
    if let Some(own) = class_mut(api, name) {
        own.fields = common;
    }
}

/// The fields with which both begin.
fn begin(a: &[Field], b: &[Field]) -> Vec<Field> {
    let is_nullable = |field: &Field| field.null == Nullness::Nullable;
    let same = |(a, b): &(&Field, &Field)| {
        a.name == b.name && a.ty == b.ty && is_nullable(a) == is_nullable(b)
    };
    a.iter().zip(b).take_while(same).map(|(a, _)| a.clone()).collect()
}

/// Fills the lists of subclasses.
fn connect_back(api: &mut Api) {
    let mut below: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, declared) in &api.types {
        if let Kind::Class(model::Class {
            superclass: Some(Type::Class { name: above, .. }), ..
        }) = &declared.kind
        {
            below.entry(above.clone()).or_default().insert(name.clone());
        }
    }
    for (above, names) in below {
        if let Some(class) = class_mut(api, &above) {
            class.subclasses = names.into_iter().collect();
        }
    }
}
