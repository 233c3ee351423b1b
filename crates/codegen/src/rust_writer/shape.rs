//! The form of each type: a struct, an enum, a trait.

use std::collections::{BTreeMap, BTreeSet};

use super::rust::{Derives, Mapper, Rust, parameter_key};
use super::{OVERRIDE_VALUE, RustWriter};
use crate::model::{Api, Class, Field, Kind, Note, Nullness, Type};

/// The form of a type.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A trait.
    Service,
    /// A struct.
    Struct(Struct),
    /// An enum of the concrete classes below an abstract one, by their binary names.
    Subclasses(Vec<String>),
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
    /// The concrete classes below it, if it is an exception.
    pub(super) subclasses: Vec<String>,
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
}

impl Shapes {
    pub(super) fn new(api: &Api, writer: &RustWriter) -> Self {
        let mut shapes = Self::default();
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
                    let below = concrete_below(api, name);
                    if below.is_empty() {
                        shapes.note(
                            name,
                            "no class below it was read, so it is a struct over a Value; read the jar that has \
                             them as well",
                        );
                        What::Opaque
                    } else {
                        What::Subclasses(below)
                    }
                }
                (None, Kind::Class(class)) => shapes.object(api, writer, name, class),
            };
            shapes.of.insert(name.clone(), what);
        }
        shapes
    }

    /// The types that are within one of this type, without a pointer between.
    fn held(&self, rust: &Rust, found: &mut Vec<String>) {
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

    fn note(&mut self, at: &str, text: impl Into<String>) {
        self.notes.push(Note { at: at.to_owned(), text: text.into() });
    }

    fn object(&mut self, api: &Api, writer: &RustWriter, name: &str, class: &Class) -> What {
        let own: Vec<Type> = class.parameters.iter().cloned().map(Type::Variable).collect();
        let known = |ty: &Type| finite(&substitute(ty, &class.parameters, &own), name, &own);
        let fields = class.fields.iter().map(|of| Field { ty: known(&of.ty), ..of.clone() });
        let mut levels: Vec<Vec<Field>> = vec![fields.collect()];
        let mut next = class.superclass.as_ref().map(known);
        let mut seen = BTreeSet::from([name]);
        let mut parent = None;
        let mut exception = class.is_exception;
        while let Some(Type::Class { name: above, arguments }) = next.take() {
            let Some((key, declared)) = api.types.get_key_value(&above) else {
                if !crate::jdk::is_jdk(&above) {
                    self.note(
                        name,
                        format!(
                            "its superclass {above} is not among what was read, so the fields of it are \
                             missing; read its jar as well"
                        ),
                    );
                }
                break;
            };
            let Kind::Class(of) = &declared.kind else { break };
            if !seen.insert(key) || below_itself(api, key) {
                self.note(name, format!("{above} is above itself, so its fields are left out"));
                break;
            }
            exception |= of.is_exception;
            if !of.is_abstract && !writer.types.contains_key(key) {
                parent = Some(Type::Class { name: above, arguments });
                break;
            }
            let replace = |ty: &Type| substitute(ty, &of.parameters, &arguments);
            let fields =
                of.fields.iter().map(|field| Field { ty: replace(&field.ty), ..field.clone() });
            levels.push(fields.collect());
            next = of.superclass.as_ref().map(replace);
        }
        let mut fields: Vec<Field> = Vec::new();
        for level in levels.iter().rev() {
            for field in level {
                if let Some(at) = fields.iter().position(|known| known.name == field.name) {
                    fields.remove(at);
                    self.note(
                        &format!("{name}.{}", field.name),
                        "it hides a field of an abstract class above, whose value is neither read nor written",
                    );
                }
                fields.push(field.clone());
            }
        }
        let subclasses = if exception { concrete_below(api, name) } else { Vec::new() };
        What::Struct(Struct { parent, fields, exception, subclasses })
    }
}

/// Returns `true` if the classes above a class are a circle.
fn below_itself(api: &Api, name: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut at = name;
    while seen.insert(at) {
        let Some(Kind::Class(class)) = api.types.get(at).map(|of| &of.kind) else { return false };
        let Some(Type::Class { name, .. }) = &class.superclass else { return false };
        at = name;
    }
    true
}

/// The classes below a class that have objects, without itself, sorted.
fn concrete_below(api: &Api, name: &str) -> Vec<String> {
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::from([name]));
    let mut open = vec![name];
    while let Some(at) = open.pop() {
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
    found.into_iter().collect()
}

/// The type with any objects in place of the arguments of a class within itself that grow with each level,
/// such as `List<T>` in `class Nest<T> { Nest<List<T>> inner; }`.
fn finite(ty: &Type, class: &str, own: &[Type]) -> Type {
    match ty {
        Type::Class { name, arguments } => {
            let grows = name == class && arguments != own && arguments.iter().any(has_variable);
            let each = arguments.iter().map(|of| finite(of, class, own));
            let arguments = if grows { vec![Type::object(); own.len()] } else { each.collect() };
            Type::Class { name: name.clone(), arguments }
        }
        Type::Array(of) => Type::Array(Box::new(finite(of, class, own))),
        Type::Nullable(of) => Type::Nullable(Box::new(finite(of, class, own))),
        other => other.clone(),
    }
}

fn has_variable(ty: &Type) -> bool {
    match ty {
        Type::Variable(_) => true,
        Type::Array(of) | Type::Nullable(of) => has_variable(of),
        Type::Class { arguments, .. } => arguments.iter().any(has_variable),
        Type::Void | Type::Primitive(_) => false,
    }
}

/// The type with its parameters replaced; those that a raw type lacks are `Object`.
pub(super) fn substitute(ty: &Type, parameters: &[String], arguments: &[Type]) -> Type {
    match ty {
        Type::Variable(name) => {
            let at = parameters.iter().position(|parameter| parameter == name);
            at.and_then(|at| arguments.get(at)).cloned().unwrap_or_else(Type::object)
        }
        Type::Array(of) => Type::Array(Box::new(substitute(of, parameters, arguments))),
        Type::Nullable(of) => Type::Nullable(Box::new(substitute(of, parameters, arguments))),
        Type::Class { name, arguments: own } => Type::Class {
            name: name.clone(),
            arguments: own.iter().map(|of| substitute(of, parameters, arguments)).collect(),
        },
        Type::Void | Type::Primitive(_) => ty.clone(),
    }
}

/// Finds what can be derived, which type parameters are used, and which fields are boxed.
pub(super) fn solve(mapper: &mut Mapper<'_>, shapes: &mut Shapes) {
    let all: Vec<(String, What)> =
        shapes.of.iter().map(|(name, what)| (name.clone(), what.clone())).collect();
    let start = |what: &What| match what {
        What::Opaque => Derives { eq: false, hash: false, default: true },
        What::Struct(of) => Derives { eq: !of.exception, hash: !of.exception, default: false },
        _ => Derives { eq: true, hash: true, default: false },
    };
    mapper.derives = all.iter().map(|(name, what)| (name.clone(), start(what))).collect();
    // Eq and Hash are lost by and by.
    until_stable(mapper, &all, |mapper, name, what| {
        let known = mapper.derives.get(name).copied().unwrap_or(Derives::ALL);
        let parts = parts(mapper, name, what);
        let found = parts.iter().fold(known, |of, part| {
            let part = mapper.derives(part);
            Derives { eq: of.eq && part.eq, hash: of.hash && part.hash, ..of }
        });
        replace(&mut mapper.derives, name, Derives { hash: found.hash && found.eq, ..found })
    });
    // Default is won by and by: a class that holds itself has none.
    until_stable(mapper, &all, |mapper, name, what| {
        let What::Struct(_) = what else { return false };
        let known = mapper.derives.get(name).copied().unwrap_or(Derives::ALL);
        let default = parts(mapper, name, what).iter().all(|part| mapper.derives(part).default);
        replace(&mut mapper.derives, name, Derives { default, ..known })
    });
    mapper.used = all
        .iter()
        .map(|(name, _)| (name.clone(), vec![false; names(mapper, name).len()]))
        .collect();
    until_stable(mapper, &all, |mapper, name, what| {
        let mut found = Vec::new();
        for part in parts(mapper, name, what) {
            mapper.parameters(&part, &mut found);
        }
        let used = names(mapper, name).iter().map(|parameter| found.contains(parameter)).collect();
        replace(&mut mapper.used, name, used)
    });
    hold(mapper, shapes, &all);
    enclose(mapper, shapes, &all);
    circles(mapper, shapes, &all);
}

/// Notes the classes whose objects may hold each other in circles.
fn circles(mapper: &Mapper<'_>, shapes: &mut Shapes, all: &[(String, What)]) {
    let named: BTreeMap<&str, Vec<String>> = all
        .iter()
        .map(|(name, what)| {
            let mut found = Vec::new();
            for part in parts(mapper, name, what) {
                part.users(&mut found);
            }
            (&**name, found)
        })
        .collect();
    for (name, what) in all {
        let below = named.get(&**name).into_iter().flatten();
        let circle = below.into_iter().any(|below| {
            reaches(below, name, |at| named.get(at).into_iter().flatten().map(|of| &**of).collect())
        });
        if circle && matches!(what, What::Struct(_)) {
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
fn field_type(mapper: &Mapper<'_>, java: &str, field: &Field) -> Option<Rust> {
    let nullable = mapper.writer.unannotated.fields;
    let place = format!("{java}.{}", field.name);
    mapper.member(&place, &field.ty, field.null, nullable).ok().map(|mapped| mapped.rust)
}

/// The type of the superclass.
pub(super) fn parent_type(mapper: &Mapper<'_>, parent: &Type) -> Option<Rust> {
    mapper.map(parent, Nullness::NonNull, false).ok().map(|mapped| mapped.rust)
}

/// The type of a subclass, with any objects in place of its parameters.
pub(super) fn subclass_type(mapper: &Mapper<'_>, name: &str) -> Option<Rust> {
    mapper.map(&Type::class(name), Nullness::NonNull, false).ok().map(|mapped| mapped.rust)
}

/// The types that a type consists of.
fn parts(mapper: &Mapper<'_>, java: &str, what: &What) -> Vec<Rust> {
    match what {
        What::Struct(of) => {
            let fields = of.fields.iter().filter_map(|field| field_type(mapper, java, field));
            let parent = of.parent.iter().filter_map(|parent| parent_type(mapper, parent));
            fields.chain(parent).collect()
        }
        What::Subclasses(below) => {
            below.iter().filter_map(|name| subclass_type(mapper, name)).collect()
        }
        What::Service | What::Constants | What::Opaque => Vec::new(),
    }
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
            for part in parts(mapper, name, what) {
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

/// The number of a field, if it is one of the class itself, and the types that it holds.
type Held = (Option<usize>, Vec<String>);

/// Boxes the first field, in the order of names, of each circle of types that hold each other.
fn enclose(mapper: &Mapper<'_>, shapes: &mut Shapes, all: &[(String, What)]) {
    let held = |rust: &Rust, shapes: &Shapes| {
        let mut found = Vec::new();
        shapes.held(rust, &mut found);
        found
    };
    // What a type holds, field by field; the others are without a number.
    let mut holds: BTreeMap<&str, Vec<Held>> = BTreeMap::new();
    for (name, what) in all {
        let mut own = Vec::new();
        if let What::Struct(of) = what {
            for (at, field) in of.fields.iter().enumerate() {
                if let Some(rust) = field_type(mapper, name, field) {
                    own.push((Some(at), held(&rust, shapes)));
                }
            }
            for parent in of.parent.iter().filter_map(|parent| parent_type(mapper, parent)) {
                own.push((None, held(&parent, shapes)));
            }
        } else {
            own.extend(parts(mapper, name, what).iter().map(|part| (None, held(part, shapes))));
        }
        holds.insert(name, own);
    }
    for (name, _) in all {
        let fields = holds.get(&**name).map_or(0, Vec::len);
        for at in 0..fields {
            let Some((Some(field), targets)) = holds.get(&**name).and_then(|own| own.get(at))
            else {
                continue;
            };
            let field = *field;
            let next = |at: &str| {
                let own = holds.get(at).into_iter().flatten();
                own.flat_map(|(_, targets)| targets).map(|target| &**target).collect()
            };
            if targets.iter().any(|target| reaches(target, name, next)) {
                shapes.boxed.insert((name.clone(), field));
                if let Some((_, targets)) = holds.get_mut(&**name).and_then(|own| own.get_mut(at)) {
                    targets.clear();
                }
            }
        }
    }
}

/// Returns `true` if a type is another one or leads to it, where `next` gives those that a type names.
fn reaches<'a>(from: &'a str, to: &str, next: impl Fn(&str) -> Vec<&'a str>) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(next(at));
        }
    }
    false
}
