//! The form of each type: a struct, an enum, a trait.

use std::collections::{BTreeMap, BTreeSet};

use super::depth;
use super::enclose::{enclose, enclose_arguments};
use super::family;
use super::graph::{Graph, components};
use super::rust::{Derives, Mapped, Mapper, Rust, Uncarried, parameter_key};
use super::superclass::circles;
use super::{OVERRIDE_VALUE, RustWriter, layout};
use crate::collection;
use crate::jdk::Shape;
use crate::model::{Api, Field, Kind, Note, Nullness, Type};

/// Fields of abstract classes that those below them repeat, and classes that enums of those above them name, of all types
/// together.
const MAX_REPEATED: usize = 250_000;
/// Classes that are looked at for those below each abstract class and each exception.
pub(super) const MAX_LOOKS: usize = 10_000_000;
pub(super) const TOO_MUCH: &str = "what it inherits, or the classes below it, are too many together with those of other types, so it is \
                        a struct over a Value; name fewer interfaces";

/// The form of a type.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A trait.
    Service,
    /// A struct.
    Struct(Struct),
    /// An enum of the concrete classes below an abstract one, by their binary names; or of a class and those below it, under
    /// a [key](family::key) of its own.
    Subclasses(Vec<String>),
    /// A tuple struct over the elements or entries of a collection or map of the JDK.
    Collection(Type),
    /// An enum of constants.
    Constants,
    /// A tuple struct over a `Value`.
    Opaque,
}

/// The fields of a class.
#[derive(Clone, Debug)]
pub(super) struct Struct {
    /// The superclass that has a struct.
    pub(super) parent: Option<Type>,
    /// The fields of its own, after those of the abstract classes between it and `parent`.
    pub(super) fields: Vec<Field>,
    pub(super) exception: bool,
}

/// The forms of all types. Those for which the options name a type are not there.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    pub(super) of: BTreeMap<String, What>,
    /// The type parameters of each class that are held without a pointer.
    pub(super) holds: BTreeMap<String, Vec<bool>>,
    /// Fields that are boxed, as otherwise their type would be infinitely large.
    pub(super) boxed: BTreeSet<(String, usize)>,
    pub(super) notes: Vec<Note>,
    /// See [`MAX_REPEATED`].
    repeated: usize,
    /// See [`MAX_LOOKS`].
    pub(super) looks: usize,
}

impl Shapes {
    pub(super) fn new(api: &Api, writer: &RustWriter) -> Self {
        let mut shapes = Self::default();
        let circles = circles(api);
        let mapper = Mapper::of(api, writer);
        let of_types = family::of_types(api);
        for (name, declared) in &api.types {
            let what = match (writer.types.get(name), &declared.kind) {
                (Some(path), _) if path != OVERRIDE_VALUE => continue,
                (Some(_), _) => What::Opaque,
                (None, Kind::Service(_)) => What::Service,
                (None, Kind::Enum(of)) if of.constants.is_empty() => {
                    shapes.note(name, "an enum without constants is a struct over a Value");
                    What::Opaque
                }
                (None, Kind::Enum(_)) => What::Constants,
                (None, Kind::Class(class)) if class.is_abstract => {
                    let below = shapes.below(api, name);
                    let why = match &below {
                        None => TOO_MUCH,
                        Some(_) => {
                            "no class below it was read, so it is a struct over a Value; read the jar that has them \
                             as well"
                        }
                    };
                    match below.filter(|below| !below.is_empty()) {
                        Some(below) => What::Subclasses(below),
                        None => {
                            shapes.note(name, why);
                            What::Opaque
                        }
                    }
                }
                (None, Kind::Class(class)) => match collection::of(api, class) {
                    Some(of) => shapes.collection(&mapper, name, of),
                    None => shapes.object((&mapper, &circles), name, class),
                },
            };
            let is_declared = of_types.contains(&**name);
            if matches!(what, What::Struct(_)) && family::may_be(&declared.kind, is_declared) {
                shapes.family(api, writer, name);
            }
            shapes.of.insert(name.clone(), what);
        }
        shapes
    }

    /// The form of a class that extends a collection or map of the JDK.
    fn collection(&mut self, mapper: &Mapper<'_>, name: &str, of: Type) -> What {
        match elements(mapper, &of) {
            Err(Uncarried(why)) => {
                self.note(name, format!("it is a struct over a Value: {why}"));
                What::Opaque
            }
            Ok(_) => What::Collection(of),
        }
    }

    /// The types that are within one of this type, without a pointer between.
    pub(super) fn held(&self, rust: &Rust, found: &mut Vec<String>) {
        match rust {
            Rust::Option(of) => self.held(of, found),
            Rust::User(name, arguments) => {
                found.push(name.clone());
                let holds = self.holds.get(name);
                for (at, argument) in arguments.iter().enumerate() {
                    if holds.is_some_and(|holds| holds.get(at).copied().unwrap_or(false)) {
                        self.held(argument, found);
                    }
                }
            }
            Rust::Parameter(name) => found.push(parameter_key(name)),
            _ => {}
        }
    }

    pub(super) fn note(&mut self, at: &str, text: impl Into<String>) {
        self.notes.push(Note { at: at.to_owned(), text: text.into() });
    }
}

impl Shapes {
    /// Adds the enum of a class and of those below it.
    fn family(&mut self, api: &Api, writer: &RustWriter, name: &str) {
        let is_exception = matches!(api.types.get(name).map(|of| &of.kind), Some(Kind::Class(of)) if of.is_exception);
        if !is_exception && writer.is_exact(name) {
            return;
        }
        let Some(mut below) = self.below(api, name) else {
            let text = "the classes below it are too many together with those of other types, so objects of them are read as \
                        this class, without what they have besides; name fewer interfaces";
            self.note(name, text);
            return;
        };
        if below.is_empty() {
            return;
        }
        if !is_exception {
            let simple = layout::simple(name);
            let text = format!(
                "{} in its place, so where it is declared an enum of all stands; `--exact {name}` has the struct {simple} \
                 there, if no object of a class below it is sent",
                match &*below {
                    [one] => format!("an object of {} may be", layout::simple(one)),
                    [one, _] => format!(
                        "objects of {} and another class below it may be",
                        layout::simple(one)
                    ),
                    [one, others @ ..] => format!(
                        "objects of {} and {} other classes below it may be",
                        layout::simple(one),
                        others.len()
                    ),
                    [] => String::new(),
                }
            );
            self.note(name, text);
        }
        below.push(name.to_owned());
        self.of.insert(family::key(name), What::Subclasses(below));
    }

    /// The classes below a class that have objects, without itself, sorted; `None` if all together are too many.
    fn below(&mut self, api: &Api, name: &str) -> Option<Vec<String>> {
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::from([name]));
        let mut open = vec![name];
        while let Some(at) = open.pop() {
            self.looks += 1;
            if self.looks > MAX_LOOKS {
                return None;
            }
            let Some(Kind::Class(class)) = api.types.get(at).map(|of| &of.kind) else { continue };
            for below in &class.subclasses {
                let Some((key, declared)) = api.types.get_key_value(below) else { continue };
                let Kind::Class(class) = &declared.kind else { continue };
                if !seen.insert(key) {
                    continue;
                }
                if !class.is_abstract {
                    found.insert(below.clone());
                }
                open.push(key);
            }
        }
        self.repeat(found.len()).then(|| found.into_iter().collect())
    }

    /// Counts fields and classes that are written once more; `false`, and they are not, if they are too many.
    pub(super) fn repeat(&mut self, count: usize) -> bool {
        let repeated = self.repeated.saturating_add(count);
        let fits = repeated <= MAX_REPEATED;
        if fits {
            self.repeated = repeated;
        }
        fits
    }
}

/// Finds what can be derived, which type parameters are used, and which fields are boxed. Returns the `recursion_limit` that
/// a crate needs for all, if it needs one.
pub(super) fn solve(mapper: &mut Mapper<'_>, shapes: &mut Shapes) -> Option<usize> {
    let all: Vec<(String, What)> =
        shapes.of.iter().map(|(name, what)| (name.clone(), what.clone())).collect();
    // What a type consists of comes before it, so that few rounds are needed.
    let mut left: Vec<Option<(String, What)>> = all.iter().cloned().map(Some).collect();
    let order = components(&named(mapper, &all)).groups;
    let order = order.iter().flatten().filter_map(|at| left.get_mut(*at).and_then(Option::take));
    let order: Vec<(String, What)> = order.collect();
    let start = |what: &What| match what {
        What::Opaque => Derives { eq: false, hash: false, default: true },
        What::Struct(of) => Derives { eq: !of.exception, hash: !of.exception, default: false },
        _ => Derives { eq: true, hash: true, default: false },
    };
    mapper.derives = all.iter().map(|(name, what)| (name.clone(), start(what))).collect();
    // Eq and Hash are lost by and by.
    until_stable(mapper, &order, |mapper, name, what| {
        let known = mapper.derives.get(name).copied().unwrap_or(Derives::ALL);
        let parts = parts(mapper, name, what);
        let found = parts.iter().fold(known, |of, part| {
            let part = mapper.derives(part);
            Derives { eq: of.eq && part.eq, hash: of.hash && part.hash, ..of }
        });
        replace(&mut mapper.derives, name, Derives { hash: found.hash && found.eq, ..found })
    });
    // Default is won by and by: a class that holds itself has none.
    until_stable(mapper, &order, |mapper, name, what| {
        if !matches!(what, What::Struct(_) | What::Collection(_)) {
            return false;
        }
        let known = mapper.derives.get(name).copied().unwrap_or(Derives::ALL);
        let default = parts(mapper, name, what).iter().all(|part| mapper.derives(part).default);
        replace(&mut mapper.derives, name, Derives { default, ..known })
    });
    mapper.used = all
        .iter()
        .map(|(name, _)| (name.clone(), vec![false; names(mapper, name).len()]))
        .collect();
    until_stable(mapper, &order, |mapper, name, what| {
        let mut found = Vec::new();
        for part in parts(mapper, name, what) {
            mapper.parameters(&part, &mut found);
        }
        let used = names(mapper, name).iter().map(|parameter| found.contains(parameter)).collect();
        replace(&mut mapper.used, name, used)
    });
    hold(mapper, shapes, &order);
    while enclose_arguments(mapper, shapes, &all) {
        hold(mapper, shapes, &order);
    }
    enclose(mapper, shapes, &all);
    note_circles(mapper, shapes, &all);
    let (limit, note) = depth::limit(mapper, shapes, &all)?;
    shapes.notes.push(note);
    Some(limit)
}

/// The numbers of types by their names.
pub(super) fn numbers(all: &[(String, What)]) -> BTreeMap<&str, usize> {
    all.iter().enumerate().map(|(at, (name, _))| (&**name, at)).collect()
}

/// The types that each one names.
fn named(mapper: &Mapper<'_>, all: &[(String, What)]) -> Graph {
    let numbers = numbers(all);
    let named = all.iter().map(|(name, what)| {
        let mut found = Vec::new();
        for part in parts(mapper, name, what) {
            part.users(&mut found);
        }
        let found = found.iter().filter_map(|name| numbers.get(&**name).copied());
        let found: BTreeSet<usize> = found.collect();
        found.into_iter().collect()
    });
    named.collect()
}

/// Notes the classes whose objects may hold each other in circles.
fn note_circles(mapper: &Mapper<'_>, shapes: &mut Shapes, all: &[(String, What)]) {
    let graph = named(mapper, all);
    let groups = components(&graph);
    for (at, (name, what)) in all.iter().enumerate() {
        if matches!(what, What::Struct(_) | What::Collection(_)) && groups.is_circle(&graph, at) {
            shapes.note(
                name,
                "its objects may hold each other; where they form circles, as nodes that know their parents do, \
                 choose `value` as the Rust type of the class",
            );
        }
    }
}

fn until_stable(
    mapper: &mut Mapper<'_>,
    all: &[(String, What)],
    step: impl Fn(&mut Mapper<'_>, &str, &What) -> bool,
) {
    while all.iter().fold(false, |changed, (name, what)| step(mapper, name, what) || changed) {}
}

fn replace<T: PartialEq>(map: &mut BTreeMap<String, T>, name: &str, value: T) -> bool {
    if map.get(name) == Some(&value) {
        return false;
    }
    map.insert(name.to_owned(), value);
    true
}

/// The type parameters of a class.
fn names(mapper: &Mapper<'_>, name: &str) -> Vec<String> {
    match mapper.api.types.get(name).map(|of| &of.kind) {
        Some(Kind::Class(class)) => class.parameters.clone(),
        _ => Vec::new(),
    }
}

/// The type of a field of a class; `None` if it cannot be carried.
pub(super) fn field_type(mapper: &Mapper<'_>, java: &str, field: &Field) -> Option<Rust> {
    let nullable = mapper.writer.unannotated.fields;
    let place = format!("{java}.{}", field.name);
    mapper.member(&place, &field.ty, field.null, nullable).ok().map(|mapped| mapped.rust)
}

/// The type of the superclass.
pub(super) fn parent_type(mapper: &Mapper<'_>, parent: &Type) -> Option<Rust> {
    mapper.map(parent, Nullness::NonNull, false).ok().map(|mapped| mapped.rust.exactly())
}

/// The type of a subclass, with any objects in place of its parameters.
pub(super) fn subclass_type(mapper: &Mapper<'_>, name: &str) -> Option<Rust> {
    let mapped = mapper.map(&Type::class(name), Nullness::NonNull, false).ok();
    mapped.map(|mapped| mapped.rust.exactly())
}

/// The types that a type consists of.
pub(super) fn parts(mapper: &Mapper<'_>, java: &str, what: &What) -> Vec<Rust> {
    match what {
        What::Struct(of) => {
            let fields = of.fields.iter().filter_map(|field| field_type(mapper, java, field));
            let parent = of.parent.iter().filter_map(|parent| parent_type(mapper, parent));
            fields.chain(parent).collect()
        }
        What::Subclasses(below) => {
            below.iter().filter_map(|name| subclass_type(mapper, name)).collect()
        }
        What::Collection(of) => elements(mapper, of).into_iter().map(|of| of.rust).collect(),
        What::Service | What::Constants | What::Opaque => Vec::new(),
    }
}

/// The type of the elements or entries of a collection or map of the JDK.
pub(super) fn elements(mapper: &Mapper<'_>, of: &Type) -> Result<Mapped, Uncarried> {
    let (name, arguments) = match of {
        Type::Class { name, arguments } => (&**name, arguments.clone()),
        _ => ("", Vec::new()),
    };
    let class = match crate::jdk::collection(name) {
        Some(Shape::Set) => "java.util.Set",
        Some(Shape::Map) => "java.util.Map",
        _ => "java.util.List",
    };
    let of = Type::Class { name: class.to_owned(), arguments };
    mapper.map(&of, Nullness::NonNull, false)
}

/// The types that a type consists of, but for those that are boxed.
fn unboxed(mapper: &Mapper<'_>, shapes: &Shapes, java: &str, what: &What) -> Vec<Rust> {
    let What::Struct(of) = what else { return parts(mapper, java, what) };
    let fields = of.fields.iter().enumerate();
    let fields = fields.filter(|(at, _)| !shapes.boxed.contains(&(java.to_owned(), *at)));
    let fields = fields.filter_map(|(_, field)| field_type(mapper, java, field));
    fields.chain(of.parent.iter().filter_map(|of| parent_type(mapper, of))).collect()
}

/// Finds which type parameters are held without a pointer.
fn hold(mapper: &Mapper<'_>, shapes: &mut Shapes, all: &[(String, What)]) {
    shapes.holds = all
        .iter()
        .map(|(name, _)| (name.clone(), vec![false; names(mapper, name).len()]))
        .collect();
    loop {
        let mut changed = false;
        for (name, what) in all {
            let mut found = Vec::new();
            for part in unboxed(mapper, shapes, name, what) {
                shapes.held(&part, &mut found);
            }
            let holds =
                names(mapper, name).iter().map(|of| found.contains(&parameter_key(of))).collect();
            changed |= replace(&mut shapes.holds, name, holds);
        }
        if !changed {
            return;
        }
    }
}
