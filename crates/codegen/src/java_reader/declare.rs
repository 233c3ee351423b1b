//! Classes and enums.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::classfile::signature::{self, JavaType, binary_name};
use crate::classfile::{Member, Part};
use crate::model::{Class, Constant, Enum, Field, Type};

use super::build::Build;
use super::jdk;
use super::nullness::{self, Defaults};
use super::table::{LOST, Loaded};
use super::types::{Place, Scope, agrees, weight};

/// The classes above one that are followed, so that a circle ends.
const SUPERCLASSES: usize = 1_024;

impl Build<'_> {
    pub(super) fn constants(&mut self, name: &str, class: &Loaded) -> Enum {
        let doc = self.sources.get(name);
        let mut constants = Vec::new();
        for field in class.file.fields.iter().filter(|field| field.flags.is_enum()) {
            let constant = Constant {
                name: field.name.to_string(),
                doc: doc.and_then(|doc| doc.field(&field.name)),
                deprecated: field.attributes.deprecated,
            };
            if !self.charge(64 + constant.name.len(), name, "constants") {
                break;
            }
            constants.push(constant);
        }
        self.check_names(name, constants.iter().map(|of| of.name.as_str()));
        Enum { constants }
    }

    pub(super) fn class(&mut self, name: &str, class: &Loaded) -> Class {
        let (signature, error) = class.signature();
        if let Some(error) = error {
            self.note(name, format!("{error}; it is read without type parameters"));
        }
        let mut scope = self.scope_around(name, class);
        for parameter in &signature.parameters {
            let variable = Type::Variable(parameter.name.clone());
            scope.variables.insert(parameter.name.clone(), variable);
        }
        let mut of = Class {
            parameters: signature.parameters.iter().map(|of| of.name.clone()).collect(),
            is_abstract: class.file.flags.is_abstract(),
            is_interface: class.is_interface(),
            is_exception: class.kin.is_exception,
            ..Class::default()
        };
        if !class.is_interface() {
            let generic = signature.parents.first().filter(|_| class.file.superclass.is_some());
            of.superclass = generic.and_then(|parent| {
                let parent = JavaType::Class(parent.clone());
                self.superclass(name, of.is_exception, &parent, &scope)
            });
        }
        if class.kin.is_collection {
            self.collection(name, class, &mut of, &scope);
            return of;
        }
        let defaults = Defaults::of(self.table, name);
        let getters = Getters::of(class);
        for field in &class.file.fields {
            if field.flags.is_static() || field.flags.is_transient() {
                continue;
            }
            let at = format!("{name}.{}", field.name);
            if field.flags.is_synthetic() {
                if field.name.starts_with("this$") {
                    let text = "it is the outer object of an inner class, which is left out and null in \
                                Java; make the class static there";
                    self.note(at, text);
                }
                continue;
            }
            let Some(mut ty) = self.field_type(&at, field, &scope) else { continue };
            let getter = getters.find(field);
            for member in std::iter::once(field).chain(getter) {
                nullness::mark(&mut ty, member, Part::Type, false);
            }
            let field = Field {
                name: field.name.to_string(),
                null: nullness::field(field, getter, defaults.fields, &ty),
                doc: self.sources.get(name).and_then(|doc| doc.field(&field.name)),
                deprecated: field.attributes.deprecated,
                ty,
            };
            if !self.charge(64 + field.name.len() + weight(&field.ty), name, "fields") {
                break;
            }
            of.fields.push(field);
        }
        self.check_names(name, of.fields.iter().map(|of| of.name.as_str()));
        let simple = name.rsplit(['.', '$']).next();
        self.check_names(name, simple.into_iter().filter(|name| !is_number(name)));
        of
    }

    /// Makes a class one that extends a collection or map: it has no fields of its own.
    fn collection(&mut self, name: &str, class: &Loaded, of: &mut Class, scope: &Scope) {
        let travels = |field: &&Member| {
            !field.flags.is_static() && !field.flags.is_transient() && !field.flags.is_synthetic()
        };
        let lost: Vec<&str> =
            class.file.fields.iter().filter(travels).map(|of| &*of.name).collect();
        if !lost.is_empty() {
            let text = format!(
                "Hessian writes the elements or entries of a collection or map alone, so its own fields are left out, here as \
                 in Java: {}; declare a class that has such a collection as a field where they are needed",
                lost.join(", ")
            );
            self.note(name, text);
        }
        if !self.extends_collection(class) {
            of.superclass = self.collection_above(class, scope, name);
        }
    }

    /// Returns `true` if the superclasses lead to a collection or map of the JDK.
    fn extends_collection(&self, class: &Loaded) -> bool {
        let above = |of: &Option<String>| of.as_deref().and_then(|of| self.table.get(of));
        let superclass = |of: &Loaded| of.file.superclass.as_deref().map(binary_name);
        let mut next = superclass(class);
        for _ in 0..SUPERCLASSES {
            if next.as_deref().is_some_and(|name| crate::jdk::collection(name).is_some()) {
                return true;
            }
            next = above(&next).and_then(superclass);
        }
        false
    }

    /// The collection or map of the JDK that the interfaces of a class lead to; a map before others, as in Hessian.
    fn collection_above(&mut self, class: &Loaded, scope: &Scope, at: &str) -> Option<Type> {
        let mut seen = BTreeSet::new();
        let mut open = VecDeque::from([(class.signature().0.parents, scope.clone())]);
        let mut found: Option<Type> = None;
        while let Some((parents, scope)) = open.pop_front() {
            for parent in parents {
                match crate::jdk::collection(&parent.name) {
                    Some(shape) if found.is_none() || shape == crate::jdk::Shape::Map => {
                        let ty = self.convert(&JavaType::Class(parent), &scope, Place::Within, at);
                        found = Some(ty);
                    }
                    Some(_) => {}
                    None => {
                        let Some(above) = self.table.get(&parent.name) else { continue };
                        if above.kin.is_collection && seen.insert(parent.name.clone()) {
                            let within = self.scope_of_parent(&parent, &scope, at);
                            open.push_back((above.signature().0.parents, within));
                        }
                    }
                }
            }
        }
        found
    }

    /// The type parameters of the classes around an inner class, which stand for their bounds.
    fn scope_around(&mut self, name: &str, class: &Loaded) -> Scope {
        let mut scope = Scope::default();
        let is_inner = class.file.fields.iter().any(|field| field.name.starts_with("this$"));
        if let Some((around, _)) = name.rsplit_once('$').filter(|_| is_inner)
            && let Some(outer) = self.table.get(around)
        {
            let parameters = outer.signature().0.parameters;
            self.add_bounds(&parameters, &mut scope, name);
        }
        scope
    }

    fn superclass(
        &mut self,
        name: &str,
        is_exception: bool,
        parent: &JavaType,
        scope: &Scope,
    ) -> Option<Type> {
        let JavaType::Class(class) = parent else { return None };
        if matches!(class.name.as_str(), "java.lang.Object" | "java.lang.Record" | "java.lang.Enum")
        {
            return None;
        }
        if self.table.get(name).is_some_and(|of| of.kin.is_above_itself) {
            self.note(name, "its superclasses lead in a circle, so it is read without one");
            return None;
        }
        if jdk::is_jdk(&class.name) {
            if !is_exception && crate::jdk::collection(&class.name).is_none() {
                let text = format!(
                    "it extends {} of the JDK, whose own parts are neither read nor written; declare a field of that type \
                     in its place",
                    class.name
                );
                self.note(name, text);
            }
            return Some(self.convert(parent, scope, Place::Within, name));
        }
        if self.table.get(&class.name).is_none() {
            let instead = if is_exception { "java.lang.Exception" } else { "Object" };
            let (why, remedy) = self.table.lacks(&class.name);
            let text = format!(
                "its superclass {} {why}: it is read as a subclass of {instead}, without the fields it inherits; {remedy}",
                class.name
            );
            self.note(name, text);
            return is_exception.then(|| Type::class("java.lang.Exception"));
        }
        self.reach_superclass(&class.name);
        let arguments = class.arguments.iter().map(|argument| match argument {
            signature::Argument::Exact(of) | signature::Argument::Extends(of) => {
                self.convert(of, scope, Place::Within, name)
            }
            _ => Type::object(),
        });
        let arguments = arguments.collect();
        Some(Type::Class { name: class.name.clone(), arguments })
    }

    fn field_type(&mut self, at: &str, field: &Member, scope: &Scope) -> Option<Type> {
        let plain = match signature::field(&field.descriptor) {
            Ok(plain) => plain,
            Err(error) => {
                self.note(at, format!("{error}; it is left out"));
                return None;
            }
        };
        let generic = match field.attributes.signature.as_deref().map(signature::field) {
            Some(Ok(generic)) if agrees(&generic, &plain) => generic,
            Some(Ok(_)) => {
                let text = "its generic signature is of another field, as obfuscators leave it; it is read without type \
                            arguments";
                self.note(at, text);
                plain
            }
            Some(Err(error)) => {
                self.note(at, format!("{error}; it is read without type arguments"));
                plain
            }
            None => {
                if field.attributes.lost_signature {
                    self.note(at, format!("{LOST}; it is read without type arguments"));
                }
                plain
            }
        };
        Some(self.convert(&generic, scope, Place::Within, at))
    }
}

/// The methods of a class without parameters, by their names and results.
struct Getters<'a> {
    methods: BTreeMap<(&'a str, &'a str), (usize, &'a Member)>,
    is_record: bool,
}

impl<'a> Getters<'a> {
    fn of(class: &'a Loaded) -> Self {
        let mut methods = BTreeMap::new();
        for (at, method) in class.file.methods.iter().enumerate() {
            if let Some(result) = method.descriptor.strip_prefix("()") {
                methods.entry((&*method.name, result)).or_insert((at, method));
            }
        }
        Self { methods, is_record: class.file.attributes.is_record }
    }

    /// The first method that returns a field: `getName`, `isName`, or `name` of a record.
    fn find(&self, field: &Member) -> Option<&'a Member> {
        let mut chars = field.name.chars();
        let upper: String =
            chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
        let own = self.is_record.then(|| field.name.to_string());
        let names = [format!("get{upper}"), format!("is{upper}")].into_iter().chain(own);
        let found =
            names.filter_map(|name| self.methods.get(&(&*name, &*field.descriptor)).copied());
        found.min_by_key(|(at, _)| *at).map(|(_, method)| method)
    }
}

/// Returns `true` for the name of a class within a method: `1`, `1Local`.
fn is_number(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns the name that people write for a type of a descriptor: `Map`, `int[]`.
pub(super) fn simple_name(of: &Type) -> String {
    match of {
        Type::Class { name, .. } => name.rsplit(['.', '$']).next().unwrap_or(name).to_owned(),
        Type::Array(of) => simple_name(of) + "[]",
        Type::Nullable(of) => simple_name(of),
        other => other.to_string(),
    }
}

/// Returns the binary names of the exceptions of a `throws` clause.
pub(super) fn thrown(method: &Member) -> Vec<String> {
    method.attributes.exceptions.iter().map(|name| binary_name(name)).collect()
}
