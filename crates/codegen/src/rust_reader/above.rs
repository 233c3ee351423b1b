//! The superclass of each class that enums hold, and the enums that are interfaces.
//!
//! Java has one class above another, and any number of interfaces. An enum is an abstract class as long as all that it holds
//! can extend it, and an interface otherwise. Nothing depends on the order in which enums are declared, unless two hold the same.

use std::collections::{BTreeMap, BTreeSet};

use super::classes::EXCEPTION;
use crate::Api;
use crate::model::{Class, Kind, Type};

/// The classes above one that are followed, so that a circle ends.
const MAX_SUPERCLASSES: usize = 64;

/// An enum of classes.
pub(super) struct Family {
    pub(super) name: String,
    /// The classes of its variants, without its own.
    pub(super) held: Vec<Held>,
    /// Type parameters.
    pub(super) parameters: Vec<String>,
    /// `true` if it holds the class that it is called after.
    pub(super) is_concrete: bool,
}

/// A class that a variant holds.
pub(super) struct Held {
    pub(super) class: String,
    pub(super) arguments: Vec<Type>,
    /// The place of the variant.
    pub(super) at: String,
}

/// Fills in superclasses and interfaces. Returns the classes directly below each class.
pub(super) fn extend(api: &mut Api, families: &[Family]) -> BTreeMap<String, Vec<String>> {
    let mut interfaces: BTreeSet<usize> = (0..families.len())
        .filter(|at| families.get(*at).is_some_and(|of| says(api, of)))
        .collect();
    let whole = whole(families);
    insert(api, families, &whole);
    // Each round has an interface more.
    let above = loop {
        let above = Above::of(api, families, &interfaces, &whole);
        let wrong: Vec<usize> = (0..families.len())
            .filter(|at| !interfaces.contains(at))
            .filter(|at| {
                families.get(*at).is_some_and(|of| may_be_interface(api, of) && above.lacks(of))
            })
            .collect();
        let never = wrong.iter().copied().filter(|at| {
            families.get(*at).zip(whole.get(*at)).is_some_and(|(of, whole)| above.never(of, whole))
        });
        let never: Vec<usize> = never.collect();
        // The one that holds the most is the least like a class; without it others may be right.
        let most = wrong.iter().copied().max_by_key(|at| size(&whole, *at));
        match most {
            None => break above.chosen,
            Some(most) if never.is_empty() => drop(interfaces.insert(most)),
            Some(_) => interfaces.extend(never),
        }
    };
    let mut below: BTreeMap<String, Vec<String>> =
        families.iter().map(|of| (of.name.clone(), Vec::new())).collect();
    for (class, at) in &above {
        let Some(of) = families.get(*at) else { continue };
        set_superclass(api, class, of);
        below.entry(of.name.clone()).or_default().push(class.clone());
    }
    for (at, of) in families.iter().enumerate() {
        let names: BTreeSet<String> = of.held.iter().map(|held| held.class.clone()).collect();
        if interfaces.contains(&at) {
            // Those below another one are below the interface as well.
            let direct = names
                .iter()
                .filter(|below| superclass(api, below).is_none_or(|above| !names.contains(&above)));
            let direct: Vec<String> = direct.cloned().collect();
            if let Some(class) = class_mut(api, &of.name) {
                (class.is_interface, class.superclass, class.subclasses) = (true, None, direct);
            }
            continue;
        }
        for held in &of.held {
            if is_below(&held.class, &of.name, |name| superclass(api, name)) {
                // Its fields may be repeated, though its superclass was said.
                let below = below.entry(of.name.clone()).or_default();
                if superclass(api, &held.class).as_ref() == Some(&of.name)
                    && !below.contains(&held.class)
                {
                    below.push(held.class.clone());
                }
            } else if let Some(known) = superclass(api, &held.class) {
                let text = format!(
                    "{} extends {known} in Java, and cannot extend {} as well: remove the variant, or let {known} extend {} by \
                     a variant of its own",
                    held.class, of.name, of.name
                );
                api.note(held.at.clone(), text);
            }
        }
    }
    below
}

/// Puts abstract exceptions between those that they hold and the one that all of these flatten: an exception is no interface, and
/// the enum of an abstract one has no fields with which it could say what it extends.
fn insert(api: &mut Api, families: &[Family], whole: &[BTreeSet<&str>]) {
    let mut order: Vec<usize> = (0..families.len()).collect();
    // Of two, the one that holds less is below.
    order.sort_by_key(|at| size(whole, *at));
    let mut inserted: BTreeMap<&str, &BTreeSet<&str>> = BTreeMap::new();
    for (of, whole) in order.into_iter().filter_map(|at| families.get(at).zip(whole.get(at))) {
        let kind = api.types.get(&of.name).map(|of| &of.kind);
        let is_exception = matches!(kind, Some(Kind::Class(class)) if class.is_exception);
        if !is_exception || of.is_concrete || !of.parameters.is_empty() {
            continue;
        }
        let (mut tops, mut above) = (BTreeSet::new(), BTreeSet::new());
        for held in &of.held {
            let mut top = held.class.clone();
            while let Some(name) = superclass(api, &top)
                .filter(|name| inserted.get(&**name).is_some_and(|inner| inner.is_subset(whole)))
            {
                top = name;
            }
            above.insert(superclass(api, &top));
            tops.insert(top);
        }
        let above: Vec<String> = above.into_iter().flatten().collect();
        let [above] = &*above else { continue };
        let is_between = above != EXCEPTION
            && !inserted.contains_key(&**above)
            && !whole.contains(&**above)
            && !is_below(above, &of.name, |name| superclass(api, name));
        if !is_between {
            continue;
        }
        let extends = |name: &str| Some(Type::class(name));
        if let Some(class) = class_mut(api, &of.name) {
            class.superclass = extends(above);
        }
        for top in &tops {
            if let Some(class) = class_mut(api, top) {
                class.superclass = extends(&of.name);
            }
        }
        inserted.insert(&of.name, whole);
    }
}

/// Returns `true` if the documentation of an enum says that it is an interface.
fn says(api: &Api, of: &Family) -> bool {
    may_be_interface(api, of)
        && matches!(api.types.get(&of.name).map(|of| &of.kind), Some(Kind::Class(class)) if class.is_interface)
}

fn may_be_interface(api: &Api, of: &Family) -> bool {
    let class = api.types.get(&of.name).map(|of| &of.kind);
    let is_plain = matches!(class, Some(Kind::Class(class)) if !class.is_exception);
    is_plain && !of.is_concrete && of.parameters.is_empty()
}

/// The classes above others.
struct Above {
    /// The superclasses that structs flatten.
    said: BTreeMap<String, String>,
    /// The family of which a class is.
    chosen: BTreeMap<String, usize>,
    names: Vec<String>,
}

impl Above {
    fn of(
        api: &Api,
        families: &[Family],
        interfaces: &BTreeSet<usize>,
        whole: &[BTreeSet<&str>],
    ) -> Self {
        let said = api.types.keys().filter_map(|name| {
            let above = superclass(api, name).filter(|above| above != EXCEPTION)?;
            Some((name.clone(), above))
        });
        let names = families.iter().map(|of| of.name.clone()).collect();
        let mut all = Self { said: said.collect(), chosen: BTreeMap::new(), names };
        let mut claims: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (at, of) in families.iter().enumerate().filter(|(at, _)| !interfaces.contains(at)) {
            for held in &of.held {
                claims.entry(&held.class).or_default().insert(at);
            }
        }
        // Of two abstract classes above one class, one extends the other.
        let mut between = Vec::new();
        for claimed in claims.values().filter(|claimed| claimed.len() > 1) {
            let mut claimed: Vec<usize> = claimed.iter().copied().collect();
            claimed.sort_by_key(|at| size(whole, *at));
            for pair in claimed.windows(2) {
                let [lower, upper] = *pair else { continue };
                let (Some(of), Some(to)) = (families.get(lower), families.get(upper)) else {
                    continue;
                };
                let fits = whole
                    .get(lower)
                    .zip(whole.get(upper))
                    .is_some_and(|(lower, upper)| lower.is_subset(upper));
                if fits && !of.is_concrete && of.parameters.is_empty() && to.parameters.is_empty() {
                    between.push((&*of.name, upper));
                }
            }
        }
        for (name, upper) in between {
            claims.entry(name).or_default().insert(upper);
        }
        for (class, claimed) in claims {
            if all.said.contains_key(class) {
                continue;
            }
            let mut claimed: Vec<usize> = claimed.into_iter().collect();
            claimed.sort_by_key(|at| size(whole, *at));
            // No class is above itself.
            let found = claimed.into_iter().find(|at| {
                all.names
                    .get(*at)
                    .is_some_and(|above| above != class && !all.is_below(above, class))
            });
            if let Some(at) = found {
                all.chosen.insert(class.to_owned(), at);
            }
        }
        all
    }

    /// Returns `true` if a class of the family is not below it.
    fn lacks(&self, of: &Family) -> bool {
        of.held.iter().any(|held| !self.is_below(&held.class, &of.name))
    }

    /// Returns `true` if a class of the family has superclasses that can never lead to it.
    fn never(&self, of: &Family, whole: &BTreeSet<&str>) -> bool {
        of.held.iter().any(|held| {
            let said =
                || std::iter::successors(self.said.get(&held.class), |at| self.said.get(*at));
            let mut said = said().take(MAX_SUPERCLASSES);
            self.said.contains_key(&held.class)
                && said.all(|above| *above != of.name && !whole.contains(&**above))
        })
    }

    fn is_below(&self, class: &str, above: &str) -> bool {
        is_below(class, above, |name| {
            let chosen = || self.chosen.get(name).and_then(|at| self.names.get(*at));
            self.said.get(name).or_else(chosen).cloned()
        })
    }
}

/// The order of families, the lowest first.
fn size(whole: &[BTreeSet<&str>], at: usize) -> (usize, usize) {
    (whole.get(at).map_or(0, BTreeSet::len), at)
}

/// All classes that each family holds, those of the families that it holds among them.
fn whole(families: &[Family]) -> Vec<BTreeSet<&str>> {
    let by_name: BTreeMap<&str, &Family> = families.iter().map(|of| (&*of.name, of)).collect();
    let all = families.iter().map(|of| {
        let (mut found, mut open) = (BTreeSet::new(), vec![of]);
        while let Some(of) = open.pop() {
            for held in &of.held {
                if found.insert(&*held.class) {
                    open.extend(by_name.get(&*held.class).copied());
                }
            }
        }
        found
    });
    all.collect()
}

fn superclass(api: &Api, name: &str) -> Option<String> {
    match api.types.get(name).map(|declared| &declared.kind) {
        Some(Kind::Class(Class { superclass: Some(Type::Class { name, .. }), .. })) => {
            Some(name.clone())
        }
        _ => None,
    }
}

/// Returns `true` if a class is below another.
fn is_below(class: &str, above: &str, superclass: impl Fn(&str) -> Option<String>) -> bool {
    let (mut name, mut seen) = (class.to_owned(), BTreeSet::new());
    while seen.insert(name.clone()) {
        match superclass(&name) {
            Some(parent) if parent == above => return true,
            Some(parent) => name = parent,
            None => return false,
        }
    }
    false
}

/// Sets the superclass of a class, with the type arguments that the variant has.
fn set_superclass(api: &mut Api, name: &str, of: &Family) {
    let Some(class) = class_mut(api, name) else { return };
    let arguments = of.held.iter().find(|held| held.class == name).map(|held| &*held.arguments);
    let arguments = of.parameters.iter().map(|parameter| {
        let at = arguments
            .unwrap_or_default()
            .iter()
            .position(|argument| matches!(argument, Type::Variable(own) if own == parameter));
        let own = at.and_then(|at| class.parameters.get(at));
        own.map_or_else(Type::object, |own| Type::Variable(own.clone()))
    });
    class.superclass = Some(Type::Class { name: of.name.clone(), arguments: arguments.collect() });
}

pub(super) fn class_mut<'a>(api: &'a mut Api, name: &str) -> Option<&'a mut Class> {
    match &mut api.types.get_mut(name)?.kind {
        Kind::Class(class) => Some(class),
        _ => None,
    }
}
