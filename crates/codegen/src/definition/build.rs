//! The types of a definition in the model.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::document::{Described, Document, Method as Written};
use super::names::{binary, is_identifier, is_jdk, is_name, parse};
use super::protobuf;
use crate::Api;
use crate::model::{
    Class, Constant, Declared, Enum, Field, Kind, Method, Nullness, Parameter, Service, Stream,
    Type,
};

const OBSERVER: &str = "org.apache.dubbo.common.stream.StreamObserver";
const FUTURES: [&str; 2] =
    ["java.util.concurrent.CompletableFuture", "java.util.concurrent.CompletionStage"];

/// The most rounds of [`Build::agree_on_arguments`].
const MAX_ROUNDS: usize = 16;

/// The fields of `java.lang.Throwable`.
const THROWABLE: [&str; 4] = ["cause", "detailMessage", "stackTrace", "suppressedExceptions"];

/// Kinds of Go that are no primitive types of Java (Go `reflect.Kind`).
const GO_KINDS: [&str; 20] = [
    "array",
    "bool",
    "chan",
    "complex128",
    "complex64",
    "float32",
    "float64",
    "func",
    "int16",
    "int32",
    "int64",
    "int8",
    "interface",
    "map",
    "ptr",
    "slice",
    "string",
    "struct",
    "uint8",
    "uint64",
];

/// Makes the types of a definition.
pub(super) fn api(document: Document, source: &str) -> Api {
    let mut build = Build { api: Api::default(), known: BTreeSet::new(), guessed: BTreeSet::new() };
    let is_stub = protobuf::is_stub(&document);
    let Document { interface, group, version, methods, mut types, unreadable, .. } = document;
    if !is_name(&interface) {
        build.api.note(interface, "left out: this is no name of an interface");
        return build.api;
    }
    if is_stub {
        build
            .api
            .note(interface, format!("left out: its messages are those of {}", protobuf::INSTEAD));
        return build.api;
    }
    let messages = protobuf::types(&types);
    types.retain(|name, _| !messages.contains(name));
    let (of_messages, methods): (Vec<_>, Vec<_>) = methods.into_iter().partition(|method| {
        let mut all = method.parameters.iter().chain([&method.result]);
        all.any(|ty| protobuf::is_among(&messages, ty))
    });
    for method in &of_messages {
        let at = format!("{interface}.{}", method.name);
        build.api.note(at, format!("left out: it has types of {}", protobuf::INSTEAD));
    }
    if methods.is_empty() && !of_messages.is_empty() {
        return build.api;
    }
    for (at, what) in unreadable {
        let at = if at.contains('.') { at } else { format!("{interface}.{at}") };
        build.api.note(at, format!("left out: {what}"));
    }
    build.known = types.keys().filter(|name| is_name(name)).cloned().collect();
    build.known.insert(interface.clone());
    for (name, described) in types {
        build.declare(&name, described, source);
    }
    let mut methods = build.methods(&interface, methods);
    build.agree_on_arguments(&mut methods);
    build.note_missing(&methods);
    let (name, _) = build.binary(&interface);
    let kind = Kind::Service(Service { methods, group, version });
    build.insert(name, kind, source);
    for name in std::mem::take(&mut build.guessed) {
        let text = "the definition has no class around it: that it is a nested class is read from the capital letter; if \
            a package has that letter, read the interface from its jar";
        build.api.note(name, text);
    }
    build.api
}

struct Build {
    api: Api,
    /// The names that the definition describes, as it writes them.
    known: BTreeSet<String>,
    /// Binary names that were guessed.
    guessed: BTreeSet<String>,
}

impl Build {
    fn insert(&mut self, name: String, kind: Kind, source: &str) {
        let source = source.to_owned();
        let declared = Declared { name: name.clone(), source, doc: None, deprecated: false, kind };
        self.api.types.insert(name, declared);
    }

    fn binary(&self, name: &str) -> (String, bool) {
        binary(name, |name| self.known.contains(name))
    }

    /// Reads a type; the error says what is wrong.
    fn ty(&mut self, text: &str) -> Result<Type, String> {
        let ty = parse(text).map_err(|what| format!("`{text}`: {what}"))?;
        Ok(self.resolved(ty))
    }

    /// Gives classes their binary names. A name without a package that is described is a class.
    fn resolved(&mut self, ty: Type) -> Type {
        match ty {
            Type::Class { name, arguments } => {
                let (name, guessed) = self.binary(&name);
                if guessed {
                    self.guessed.insert(name.clone());
                }
                let arguments = arguments.into_iter().map(|of| self.resolved(of)).collect();
                Type::Class { name, arguments }
            }
            Type::Variable(name) if self.known.contains(&name) => Type::class(name),
            Type::Array(of) => Type::Array(Box::new(self.resolved(*of))),
            Type::Nullable(of) => Type::Nullable(Box::new(self.resolved(*of))),
            Type::Void | Type::Primitive(_) | Type::Variable(_) => ty,
        }
    }

    /// Adds a class or an enum; other types are known by their names.
    fn declare(&mut self, written: &str, described: Described, source: &str) {
        let Described { properties, enums } = described;
        let parsed = parse(written);
        let is_class = match &parsed {
            Ok(Type::Class { name, arguments }) => {
                arguments.is_empty() && !is_jdk(name) && name != OBSERVER
            }
            // A variable has no parts.
            Ok(Type::Variable(_)) => !properties.is_empty() || !enums.is_empty(),
            Ok(_) => false,
            Err(what) => {
                self.api.note(written, format!("left out: {what}"));
                false
            }
        };
        if !is_class {
            // What is no class is no reason for names without a package to be classes.
            if matches!(parsed, Ok(Type::Variable(_))) {
                self.known.remove(written);
            }
            return;
        }
        let (name, guessed) = self.binary(written);
        if guessed {
            self.guessed.insert(name.clone());
        }
        let kind = if enums.is_empty() {
            Kind::Class(self.class(&name, properties))
        } else {
            Kind::Enum(self.constants(&name, enums))
        };
        self.insert(name, kind, source);
    }

    fn constants(&mut self, class: &str, names: Vec<String>) -> Enum {
        let mut constants = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            if !is_identifier(&name) {
                self.api.note(format!("{class}.{name}"), "left out: this is no name of a constant");
            } else if seen.insert(name.clone()) {
                constants.push(Constant { name, doc: None, deprecated: false });
            }
        }
        Enum { constants }
    }

    fn class(&mut self, class: &str, mut properties: BTreeMap<String, String>) -> Class {
        let is_exception = THROWABLE.iter().all(|name| properties.contains_key(*name));
        if is_exception {
            properties.retain(|name, _| !THROWABLE.contains(&&**name));
        } else if properties.is_empty() {
            let text = "the definition has no fields of it: if it is an interface or an abstract class, read it from its \
                jar or write its subclasses by hand";
            self.api.note(class, text);
        }
        let mut fields = Vec::new();
        let mut parameters = BTreeSet::new();
        for (name, ty) in properties {
            let ty = match self.ty(&ty) {
                Ok(Type::Void) => Err("a field of the type void".to_owned()),
                Ok(_) if !is_identifier(&name) => Err("this is no name of a field".to_owned()),
                other => other,
            };
            match ty {
                Ok(ty) => {
                    variables(&ty, &mut parameters);
                    fields.push(Field {
                        name,
                        ty,
                        null: Nullness::Unknown,
                        doc: None,
                        deprecated: false,
                    });
                }
                Err(what) => self.api.note(format!("{class}.{name}"), format!("left out: {what}")),
            }
        }
        if parameters.len() > 1 {
            let names: Vec<_> = parameters.iter().map(String::as_str).collect();
            let text = format!(
                "the definition does not say the order of its type parameters; they are {}, as the alphabet has them",
                names.join(", ")
            );
            self.api.note(class, text);
        }
        let superclass = is_exception.then(|| Type::class("java.lang.Throwable"));
        let parameters = parameters.into_iter().collect();
        Class { parameters, superclass, fields, is_exception, ..Class::default() }
    }

    fn methods(&mut self, interface: &str, written: Vec<Written>) -> Vec<Method> {
        let mut methods = BTreeMap::new();
        for method in written {
            let at = format!("{interface}.{}", method.name);
            let kinds = method.parameters.iter().chain([&method.result]);
            if let Some(kind) = kinds.into_iter().find(|ty| GO_KINDS.contains(&ty.as_str())) {
                let text = format!(
                    "left out: `{kind}` is a kind of Go, of which dubbo-go publishes no more; read the Java interface or the `.proto` \
                     file of the service"
                );
                self.api.note(at, text);
                continue;
            }
            match self.method(&at, method) {
                Ok(method) => {
                    // Java tells overloads apart without type arguments.
                    let types: Vec<_> = method.parameters.iter().map(|of| of.ty.erased()).collect();
                    let text = format!("{at}({})", types.join(", "));
                    let result = method.result.clone();
                    match methods.entry((method.name.clone(), types)) {
                        Entry::Vacant(entry) => {
                            entry.insert(method);
                        }
                        Entry::Occupied(known) => {
                            // A bridge of the compiler has another result than the method that it calls.
                            let known: &Method = known.get();
                            if known.result != result {
                                let what = format!(
                                    "it is there twice; the one that returns {} is used, not {result}",
                                    known.result
                                );
                                self.api.note(text, what);
                            }
                        }
                    }
                }
                Err(what) => self.api.note(at, format!("left out: {what}")),
            }
        }
        methods.into_values().collect()
    }

    fn method(&mut self, at: &str, written: Written) -> Result<Method, String> {
        if !is_identifier(&written.name) {
            return Err("this is no name of a method".to_owned());
        }
        let read = |text: &String| self.ty(text).map(of_method);
        let mut types = written.parameters.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if types.contains(&Type::Void) {
            return Err("a parameter of the type void".to_owned());
        }
        let mut result = of_method(self.ty(&written.result)?);
        let mut stream = Stream::No;
        if let Some(messages) = types.last().and_then(observed) {
            match (observed(&result), types.len()) {
                (None, _) if result == Type::Void => {
                    stream = Stream::Server;
                    types.pop();
                    result = messages;
                }
                (Some(requests), 1) => {
                    stream = Stream::Both;
                    types = vec![requests];
                    result = messages;
                }
                _ => {}
            }
        }
        if stream == Stream::No && types.iter().chain([&result]).any(|ty| observed(ty).is_some()) {
            return Err("a StreamObserver in a place where Triple has none".to_owned());
        }
        if stream != Stream::No && types.iter().chain([&result]).any(|ty| *ty == Type::object()) {
            let text = "the definition does not say of which messages its streams are: they are java.lang.Object; read the \
                interface from its jar for their classes";
            self.api.note(at, text);
        }
        if let Type::Class { name, arguments } = &mut result
            && FUTURES.contains(&&**name)
        {
            if arguments.is_empty() {
                let text = "the definition does not say of what its CompletableFuture is: the result is java.lang.Object; read the \
                    interface from its jar for its class";
                self.api.note(at, text);
            }
            result = arguments.pop().unwrap_or_else(Type::object);
        }
        let parameters = types.into_iter().enumerate();
        let parameters = parameters
            .map(|(i, ty)| Parameter::new(format!("arg{i}"), ty, Nullness::Unknown))
            .collect();
        Ok(Method {
            name: written.name,
            parameters,
            result,
            result_null: Nullness::Unknown,
            stream,
            throws: Vec::new(),
            doc: None,
            deprecated: false,
        })
    }

    /// Drops type arguments of classes whose fields name another number of variables: they say nothing. Then fewer
    /// variables may be named, so it is done again; hostile definitions end after a few rounds.
    fn agree_on_arguments(&mut self, methods: &mut [Method]) {
        for _ in 0..MAX_ROUNDS {
            let arity: BTreeMap<String, usize> =
                self.classes().map(|(name, of)| (name, of.parameters.len())).collect();
            for method in &mut *methods {
                let types =
                    method.parameters.iter_mut().map(|of| &mut of.ty).chain([&mut method.result]);
                types.for_each(|ty| trim(ty, &arity));
            }
            let mut is_stable = true;
            for (_, class) in self.classes() {
                let mut named = BTreeSet::new();
                for field in &mut class.fields {
                    trim(&mut field.ty, &arity);
                    variables(&field.ty, &mut named);
                }
                is_stable &= class.parameters.len() == named.len();
                class.parameters = named.into_iter().collect();
            }
            if is_stable {
                return;
            }
        }
    }

    fn classes(&mut self) -> impl Iterator<Item = (String, &mut Class)> {
        self.api.types.iter_mut().filter_map(|(name, declared)| match &mut declared.kind {
            Kind::Class(class) => Some((name.clone(), class)),
            _ => None,
        })
    }

    /// Notes the classes that are used and not described.
    fn note_missing(&mut self, methods: &[Method]) {
        let mut used = Vec::new();
        for method in methods {
            let types = method.parameters.iter().map(|of| &of.ty).chain([&method.result]);
            types.for_each(|ty| ty.classes(&mut used));
        }
        for declared in self.api.types.values() {
            if let Kind::Class(class) = &declared.kind {
                class.fields.iter().for_each(|field| field.ty.classes(&mut used));
            }
        }
        let is_missing = |name: &&str| !is_jdk(name) && !self.api.types.contains_key(*name);
        let missing: BTreeSet<String> =
            used.into_iter().filter(is_missing).map(str::to_owned).collect();
        for name in missing {
            self.api.note(
                name,
                "the definition names it and does not describe it: read it from its jar",
            );
        }
    }
}

/// The type of the messages of an observer; `Object` where it has no argument.
fn observed(ty: &Type) -> Option<Type> {
    match ty {
        Type::Class { name, arguments } if name == OBSERVER => {
            Some(arguments.first().cloned().unwrap_or_else(Type::object))
        }
        _ => None,
    }
}

/// A type of a method, whose variables have bounds that are not said.
fn of_method(ty: Type) -> Type {
    match ty {
        Type::Variable(_) => Type::object(),
        Type::Array(of) => Type::Array(Box::new(of_method(*of))),
        Type::Nullable(of) => Type::Nullable(Box::new(of_method(*of))),
        Type::Class { name, arguments } => {
            Type::Class { name, arguments: arguments.into_iter().map(of_method).collect() }
        }
        Type::Void | Type::Primitive(_) => ty,
    }
}

fn variables(ty: &Type, found: &mut BTreeSet<String>) {
    match ty {
        Type::Variable(name) => {
            found.insert(name.clone());
        }
        Type::Array(of) | Type::Nullable(of) => variables(of, found),
        Type::Class { arguments, .. } => arguments.iter().for_each(|of| variables(of, found)),
        Type::Void | Type::Primitive(_) => {}
    }
}

fn trim(ty: &mut Type, arity: &BTreeMap<String, usize>) {
    match ty {
        Type::Class { name, arguments } => {
            if arity.get(name).is_some_and(|count| *count != arguments.len()) {
                arguments.clear();
            }
            for argument in arguments {
                trim(argument, arity);
            }
        }
        Type::Array(of) | Type::Nullable(of) => trim(of, arity),
        Type::Void | Type::Primitive(_) | Type::Variable(_) => {}
    }
}
