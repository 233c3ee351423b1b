//! The types as Rust takes them: members have names, type parameters have names of their own, and types end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::cut;
use super::graph::{Components, Graph, components};
use super::layout::Layout;
use crate::model::{Api, Class, Kind, Note, Type};
use crate::names::{Scope, camel, type_name};

/// Levels of type arguments and arrays that a type may have, and as many that the arguments of generic classes may have
/// together. A compiler of Rust gives up at 128, and needs several for each.
const LEVELS: usize = 16;

/// Replaces what Rust does not take, with a note on each.
pub(super) fn fit<'a>(api: Cow<'a, Api>, layout: &Layout, notes: &mut Vec<Note>) -> Cow<'a, Api> {
    let api = without_unnamed(api, notes);
    let api = with_own_parameters(api, layout, notes);
    that_end(api, notes)
}

fn note(notes: &mut Vec<Note>, at: &str, text: impl Into<String>) {
    notes.push(Note { at: cut(at), text: text.into() });
}

/// Leaves out members without a name.
fn without_unnamed<'a>(mut api: Cow<'a, Api>, notes: &mut Vec<Note>) -> Cow<'a, Api> {
    let is_unnamed = |kind: &Kind| match kind {
        Kind::Service(of) => of.methods.iter().any(|of| of.name.is_empty()),
        Kind::Class(of) => of.fields.iter().any(|of| of.name.is_empty()),
        Kind::Enum(of) => of.constants.iter().any(|of| of.name.is_empty()),
    };
    let found = api.types.iter().filter(|(_, of)| is_unnamed(&of.kind));
    let found: Vec<String> = found.map(|(name, _)| name.clone()).collect();
    for java in found {
        let text =
            "a member without a name is left out; read a jar that is not damaged or obfuscated";
        note(notes, &java, text);
        match api.to_mut().types.get_mut(&java).map(|of| &mut of.kind) {
            Some(Kind::Service(of)) => of.methods.retain(|of| !of.name.is_empty()),
            Some(Kind::Class(of)) => of.fields.retain(|of| !of.name.is_empty()),
            Some(Kind::Enum(of)) => of.constants.retain(|of| !of.name.is_empty()),
            None => {}
        }
    }
    api
}

/// Gives type parameters other names that are one in Rust, mean a type that every module knows, or are that of a type in the
/// same package.
fn with_own_parameters<'a>(
    mut api: Cow<'a, Api>,
    layout: &Layout,
    notes: &mut Vec<Note>,
) -> Cow<'a, Api> {
    let mut packages: BTreeMap<&[String], BTreeSet<&str>> = BTreeMap::new();
    for place in layout.places.values() {
        packages.entry(&place.package).or_default().insert(&place.name);
    }
    let mut renamed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (java, declared) in &api.types {
        let Kind::Class(Class { parameters, .. }) = &declared.kind else { continue };
        if parameters.is_empty() {
            continue;
        }
        let place = layout.places.get(java);
        let types = place.and_then(|place| packages.get(&*place.package));
        let own = own_names(parameters, types);
        for (name, own) in parameters.iter().zip(&own).filter(|(name, own)| camel(name) != **own) {
            let text = format!(
                "its type parameter {name} is called {own}, since {} has another meaning there",
                camel(name)
            );
            note(notes, java, text);
        }
        if parameters.iter().zip(&own).any(|(name, own)| camel(name) != *own) {
            renamed.insert(java.clone(), own);
        }
    }
    for (java, own) in renamed {
        let Some(Kind::Class(class)) = api.to_mut().types.get_mut(&java).map(|of| &mut of.kind)
        else {
            continue;
        };
        let before = std::mem::replace(&mut class.parameters, own);
        let mut rename = |name: &mut String| {
            let at = before.iter().position(|parameter| parameter == name);
            if let Some(own) = at.and_then(|at| class.parameters.get(at)) {
                name.clone_from(own);
            }
        };
        for field in &mut class.fields {
            variables(&mut field.ty, &mut rename);
        }
        if let Some(superclass) = &mut class.superclass {
            variables(superclass, &mut rename);
        }
    }
    api
}

/// A name for each type parameter that is that of no other, and of none of the types.
fn own_names(parameters: &[String], types: Option<&BTreeSet<&str>>) -> Vec<String> {
    let mut taken = Scope::default();
    let is_type = |name: &str| types.is_some_and(|types| types.contains(name));
    let own = parameters.iter().map(|name| {
        let wanted = type_name(name);
        // A name that is a type is taken, and nobody has it.
        std::iter::repeat_with(|| taken.take_one(&wanted)).find(|name| !is_type(name))
    });
    own.map(Option::unwrap_or_default).collect()
}

fn variables(ty: &mut Type, rename: &mut impl FnMut(&mut String)) {
    match ty {
        Type::Variable(name) => rename(name),
        Type::Array(of) | Type::Nullable(of) => variables(of, rename),
        Type::Class { arguments, .. } => {
            for of in arguments {
                variables(of, rename);
            }
        }
        Type::Void | Type::Primitive(_) => {}
    }
}

/// The type parameters of all classes by numbers, and how they are given to each other.
struct Parameters {
    /// The number of the first one of each class, and how many it has.
    first: BTreeMap<String, (usize, usize)>,
    groups: Components,
    /// The levels that the arguments of each may have.
    levels: Vec<usize>,
}

/// The levels of a type around each type parameter in it, and around what is none.
type Around = BTreeMap<Option<usize>, usize>;

/// An argument in a type: what it has around type parameters, and the parameter that it is given to.
type Given = (Around, usize);

impl Parameters {
    fn of(api: &Api) -> Self {
        let (mut first, mut count) = (BTreeMap::new(), 0);
        for (java, declared) in &api.types {
            if let Kind::Class(class) = &declared.kind
                && !class.parameters.is_empty()
            {
                first.insert(java.clone(), (count, class.parameters.len()));
                count += class.parameters.len();
            }
        }
        let none = Components { groups: Vec::new(), of: Vec::new() };
        let mut all = Self { first, groups: none, levels: vec![0; count] };
        let mut given = Vec::new();
        for (java, declared) in &api.types {
            for ty in types(&declared.kind) {
                all.around(java, &declared.kind, ty, &mut given);
            }
        }
        let mut graph: Graph = vec![Vec::new(); count];
        for (around, to) in &given {
            for from in around.keys().flatten() {
                if let Some(edges) = graph.get_mut(*from) {
                    edges.push(*to);
                }
            }
        }
        all.groups = components(&graph);
        all.deepen(&given);
        all
    }

    /// The number of a type parameter of a class.
    fn number(&self, java: &str, at: usize) -> Option<usize> {
        self.first.get(java).filter(|(_, count)| at < *count).map(|(first, _)| first + at)
    }

    /// Measures a type in a class, and adds the arguments in it.
    fn around(&self, java: &str, kind: &Kind, ty: &Type, given: &mut Vec<Given>) -> Around {
        let mut around = Around::new();
        let mut add = |within: &Around| {
            for (of, levels) in within {
                let known = around.entry(*of).or_default();
                *known = (*known).max(levels + 1);
            }
        };
        match ty {
            Type::Variable(name) => {
                let at = match kind {
                    Kind::Class(class) => class.parameters.iter().position(|of| of == name),
                    _ => None,
                };
                around.insert(at.and_then(|at| self.number(java, at)), 0);
            }
            Type::Array(of) | Type::Nullable(of) => add(&self.around(java, kind, of, given)),
            Type::Class { name, arguments } => {
                for (at, argument) in arguments.iter().enumerate() {
                    let within = self.around(java, kind, argument, given);
                    add(&within);
                    if let Some(to) = self.number(name, at) {
                        given.push((within, to));
                    }
                }
                around.entry(None).or_insert(0);
            }
            Type::Void | Type::Primitive(_) => drop(around.insert(None, 0)),
        }
        around
    }

    /// Finds how deep the arguments of each parameter may be: those that are given to it, with all that is given to them.
    fn deepen(&mut self, given: &[Given]) {
        let mut to_others: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.levels.len()];
        for (around, to) in given {
            for (from, levels) in around {
                match from {
                    Some(from) if !self.groups.are_together(*from, *to) => {
                        if let Some(edges) = to_others.get_mut(*from) {
                            edges.push((*to, *levels));
                        }
                    }
                    // What is in one group has the same arguments, or is cut.
                    Some(_) => {}
                    None => self.raise(*to, *levels),
                }
            }
        }
        let groups = std::mem::take(&mut self.groups.groups);
        // What is given to others comes behind them.
        for group in groups.iter().rev() {
            let levels = group.iter().filter_map(|at| self.levels.get(*at)).max().copied();
            for at in group {
                self.raise(*at, levels.unwrap_or(0));
                for (to, more) in to_others.get(*at).into_iter().flatten() {
                    self.raise(*to, levels.unwrap_or(0) + more);
                }
            }
        }
        self.groups.groups = groups;
    }

    /// Raises the levels of a parameter, unless they are more than there may be: such an argument is cut.
    fn raise(&mut self, at: usize, levels: usize) {
        if let Some(known) = self.levels.get_mut(at).filter(|_| levels <= LEVELS) {
            *known = (*known).max(levels);
        }
    }

    /// Returns why an argument cannot be given to a parameter.
    fn wrong(&self, around: &Around, to: usize) -> Option<&'static str> {
        let is_wrong = |is: fn(&Self, usize, usize, usize) -> bool| {
            around.iter().any(|(from, levels)| from.is_some_and(|from| is(self, from, to, *levels)))
        };
        if is_wrong(|all, from, to, levels| levels > 0 && all.groups.are_together(from, to)) {
            return Some(GROWS);
        }
        let is_deep = |all: &Self, from: usize, _, levels: usize| {
            all.levels.get(from).copied().unwrap_or(0) + levels > LEVELS
        };
        is_wrong(is_deep).then_some(DEEP)
    }
}

const GROWS: &str = "its type arguments grow each time that the class leads to itself, which Rust's compiler does not end; Values \
                     stand for them; declare the classes without such arguments to have their types";
const DEEP: &str = "its type is nested too deeply for Rust's compiler, which takes 16 levels, and 16 of the arguments of generic \
                    classes; Values stand for what is deeper; declare a class for a part of it to have its type";

/// The types of the fields of a class, or of the methods of a service, and the superclass.
fn types(kind: &Kind) -> Vec<&Type> {
    match kind {
        Kind::Service(of) => of
            .methods
            .iter()
            .flat_map(|of| of.parameters.iter().map(|of| &of.ty).chain([&of.result]))
            .collect(),
        Kind::Class(of) => of.fields.iter().map(|of| &of.ty).chain(&of.superclass).collect(),
        Kind::Enum(_) => Vec::new(),
    }
}

/// Cuts types that are too deep, or that would grow without an end.
fn that_end<'a>(mut api: Cow<'a, Api>, notes: &mut Vec<Note>) -> Cow<'a, Api> {
    let parameters = Parameters::of(&api);
    let mut wrong: Vec<String> = Vec::new();
    for (java, declared) in &api.types {
        let cutting = |ty: &Type| {
            let mut cutting = Cutting { all: &parameters, java, kind: &declared.kind, why: None };
            cutting.cut(ty, LEVELS);
            cutting.why.is_some()
        };
        if types(&declared.kind).into_iter().any(cutting) {
            wrong.push(java.clone());
        }
    }
    for java in wrong {
        let Some(declared) = api.types.get(&java) else { continue };
        let kind = declared.kind.clone();
        let mut replace = |place: String, ty: &mut Type| {
            let mut cutting = Cutting { all: &parameters, java: &java, kind: &kind, why: None };
            *ty = cutting.cut(ty, LEVELS);
            if let Some(why) = cutting.why {
                note(notes, &place, why);
            }
        };
        match api.to_mut().types.get_mut(&java).map(|of| &mut of.kind) {
            Some(Kind::Service(of)) => {
                for method in &mut of.methods {
                    let place = format!("{java}.{}", method.name);
                    replace(place.clone(), &mut method.result);
                    for parameter in &mut method.parameters {
                        let before = parameter.ty.clone();
                        replace(format!("{place}.{}", parameter.name), &mut parameter.ty);
                        // The descriptor stays.
                        if before.in_descriptor() != parameter.ty.in_descriptor() {
                            parameter.erasure.get_or_insert(before);
                        }
                    }
                }
            }
            Some(Kind::Class(of)) => {
                for field in &mut of.fields {
                    replace(format!("{java}.{}", field.name), &mut field.ty);
                }
                if let Some(superclass) = &mut of.superclass {
                    replace(java.clone(), superclass);
                }
            }
            Some(Kind::Enum(_)) | None => {}
        }
    }
    api
}

/// A type of a class that is being cut.
struct Cutting<'a> {
    all: &'a Parameters,
    java: &'a str,
    kind: &'a Kind,
    /// The reason, once something was cut.
    why: Option<&'static str>,
}

impl Cutting<'_> {
    fn cut(&mut self, ty: &Type, left: usize) -> Type {
        match ty {
            Type::Void | Type::Primitive(_) | Type::Variable(_) => ty.clone(),
            Type::Class { arguments, .. } if arguments.is_empty() => ty.clone(),
            _ if left == 0 => {
                self.why.get_or_insert(DEEP);
                Type::object()
            }
            Type::Array(of) => Type::Array(Box::new(self.cut(of, left - 1))),
            Type::Nullable(of) => Type::Nullable(Box::new(self.cut(of, left - 1))),
            Type::Class { name, arguments } => {
                let mut given = Vec::new();
                let wrong = arguments.iter().enumerate().find_map(|(at, argument)| {
                    let to = self.all.number(name, at)?;
                    let around = self.all.around(self.java, self.kind, argument, &mut given);
                    self.all.wrong(&around, to)
                });
                let arguments = match wrong {
                    Some(why) => {
                        self.why.get_or_insert(why);
                        vec![Type::object(); arguments.len()]
                    }
                    None => arguments.iter().map(|of| self.cut(of, left - 1)).collect(),
                };
                Type::Class { name: name.clone(), arguments }
            }
        }
    }
}
