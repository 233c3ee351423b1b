//! Enums of one class a variant: superclasses and their subclasses.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Fields, Item, ItemEnum, Type as Rust};

use super::above::{self, Family, Held, class_mut};
use super::attributes::JavaOptions;
use super::classes::superclass;
use super::scope::ItemId;
use super::types::{Problem, Site, Types};
use crate::Api;
use crate::model::{self, Field, Kind, Nullness, Type};

/// Adds the classes of enums, and connects all classes with those below them.
pub(super) fn connect(types: &Types<'_>, api: &mut Api) {
    let mut families = Vec::new();
    for (id, item) in types.program.items() {
        let Item::Enum(item) = item else { continue };
        let Some(declared) = superclass(types, id, item).filter(|_| holds_classes(item)) else {
            continue;
        };
        let name = declared.name.clone();
        let mut held = members(types, id, item, api);
        // A variant of the class itself: the enum is that class with those below it.
        let is_concrete = held.iter().any(|held| held.class == name);
        if !is_concrete && !api.types.contains_key(&name) {
            api.types.insert(name.clone(), declared);
        }
        held.retain(|held| held.class != name);
        let parameters = item.generics.type_params().map(|own| own.ident.to_string()).collect();
        families.push(Family { name, held, parameters, is_concrete });
    }
    // Once all are there: a superclass may be held by another one.
    if types.is_generated {
        list(api, &families);
    } else {
        let below = above::extend(api, &families);
        let mut done = BTreeSet::new();
        for name in below.keys() {
            lift(api, name, &below, &mut done);
        }
    }
    connect_back(api);
}

/// Takes what generated enums hold as it is. Which of several enums is the superclass of a class, and which of its fields
/// are declared above it, is neither on the wire nor in that code: a guess would change with the next subclass.
fn list(api: &mut Api, families: &[Family]) {
    for Family { name, held, .. } in families {
        let names: BTreeSet<&str> = held.iter().map(|held| &*held.class).collect();
        // Those below another one are listed there.
        let is_direct = |below: &&str| match api.types.get(*below).map(|of| &of.kind) {
            Some(Kind::Class(model::Class {
                superclass: Some(Type::Class { name: above, .. }),
                ..
            })) => !names.contains(&**above),
            _ => true,
        };
        let direct = names.iter().copied().filter(is_direct).map(str::to_owned).collect();
        if let Some(class) = class_mut(api, name) {
            class.subclasses = direct;
        }
    }
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
            let listed = std::mem::take(&mut class.subclasses);
            class.subclasses =
                names.into_iter().chain(listed).collect::<BTreeSet<_>>().into_iter().collect();
        }
    }
}
