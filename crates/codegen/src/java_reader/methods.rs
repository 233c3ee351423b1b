//! Interfaces as services.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::classfile::signature::{self, Argument, ClassType, JavaType, MethodSignature};
use crate::classfile::{Member, Part};
use crate::model::{Method, Nullness, Parameter, Primitive, Service, Stream, Type};

use super::build::Build;
use super::declare::{simple_name, thrown};
use super::jdk;
use super::nullness::{self, Defaults};
use super::table::{LOST, Loaded};
use super::types::{Place, Scope, agrees, erased, erases_to, weight};

/// A parameter as the class file has it.
struct Raw {
    /// The place among all parameters; none for what an observer takes.
    at: Option<usize>,
    generic: JavaType,
    plain: JavaType,
}

/// The name and erased types that tell two methods apart.
type Key = (String, Vec<String>);

impl Build<'_> {
    pub(super) fn service(&mut self, name: &str, class: &Loaded) -> Service {
        let mut service = Service::default();
        let mut scope = Scope::default();
        let parameters = class.signature().0.parameters;
        if !parameters.is_empty() {
            self.note(
                name,
                "it has type parameters, which are replaced by their bounds; declare an interface that \
                 extends it with types in their place",
            );
            self.add_bounds(&parameters, &mut scope, name);
        }
        let mut keys: BTreeMap<Key, usize> = BTreeMap::new();
        let mut seen = BTreeSet::from([name.to_owned()]);
        let mut next = VecDeque::from([(name.to_owned(), scope)]);
        while let Some((interface, scope)) = next.pop_front() {
            let Some(class) = self.table.get(&interface) else {
                self.above(name, &interface);
                continue;
            };
            for member in class.file.methods.iter().filter(|member| is_called(member)) {
                if self.is_full() {
                    return service;
                }
                let Some((key, method)) = self.method(name, &interface, member, &scope) else {
                    continue;
                };
                match keys.get(&key) {
                    // One that is declared again without a comment has that of the first.
                    Some(at) => {
                        if let Some(known) = service.methods.get_mut(*at) {
                            known.doc = known.doc.take().or(method.doc);
                        }
                    }
                    None => {
                        keys.insert(key, service.methods.len());
                        service.methods.push(method);
                    }
                }
            }
            let (signature, error) = class.signature();
            if let Some(error) = error {
                self.note(&interface, format!("{error}; it is read without type arguments"));
            }
            for parent in
                signature.parents.iter().filter(|parent| parent.name != "java.lang.Object")
            {
                if seen.insert(parent.name.clone()) {
                    let scope = self.scope_of_parent(parent, &scope, name);
                    next.push_back((parent.name.clone(), scope));
                }
            }
        }
        self.check_names(name, service.methods.iter().map(|of| of.name.as_str()));
        service
    }

    /// Notes that the methods of an interface above are not known.
    fn above(&mut self, name: &str, interface: &str) {
        let is_mark = matches!(
            interface,
            "java.io.Serializable"
                | "java.lang.Cloneable"
                | "java.rmi.Remote"
                | "java.io.Externalizable"
        );
        if is_mark {
            return;
        }
        let text = if jdk::is_jdk(interface) {
            format!("it extends {interface} of the JDK, whose methods are left out")
        } else {
            let (why, remedy) = self.table.lacks(interface);
            format!(
                "it extends {interface}, which {why}, so the methods of that are left out; {remedy}"
            )
        };
        self.note(name, text);
    }

    fn method(
        &mut self,
        service: &str,
        interface: &str,
        member: &Member,
        scope: &Scope,
    ) -> Option<(Key, Method)> {
        let at = format!("{service}.{}", member.name);
        let plain = match signature::method(&member.descriptor) {
            Ok(plain) => plain,
            Err(error) => {
                self.note(&at, format!("{error}; the method is left out"));
                return None;
            }
        };
        let generic = self.generic(&at, member, &plain);
        let message = generic.parameters.iter().chain([&generic.result]);
        if let Some(message) = message.into_iter().find_map(|of| self.message_in(of)) {
            let text = format!(
                "it has the type {message} of protobuf, which travels as its .proto file says; the method is left out: \
                 generate the service from that file, `dubhe gen orders.proto`"
            );
            self.of_messages.insert(service.to_owned());
            self.note(&at, text);
            return None;
        }
        let mut own = Scope::default();
        let scope = if generic.type_parameters.is_empty() {
            scope
        } else {
            self.spend(scope.weight());
            own.clone_from(scope);
            self.add_bounds(&generic.type_parameters, &mut own, &at);
            &own
        };

        let both = generic.parameters.into_iter().zip(plain.parameters.iter().cloned()).enumerate();
        let mut raw: Vec<Raw> =
            both.map(|(at, (generic, plain))| Raw { at: Some(at), generic, plain }).collect();
        let mut result = generic.result;
        let is_suspend =
            raw.last().is_some_and(|last| named(&last.plain) == Some(jdk::CONTINUATION));
        if is_suspend && let Some(last) = raw.pop() {
            result = argument(&last.generic);
            self.note(
                &at,
                "it is a suspend function of Kotlin, read without its continuation; Dubbo Java calls it with \
                 one, so give the service a method that returns a CompletableFuture",
            );
        }
        let stream = self.stream(&at, &mut raw, &mut result)?;
        let is_future = named(&result).is_some_and(jdk::is_future);
        if is_future {
            result = argument(&result);
        }
        let mut defaults = Defaults::of(self.table, interface);
        defaults.add(&member.attributes);
        let mut ty = self.convert(&result, scope, Place::Within, &at);
        if stream == Stream::No {
            nullness::mark(&mut ty, member, Part::Type, is_future);
        }
        let result = match &ty {
            Type::Class { name, .. } if name == "java.lang.Void" || name == "kotlin.Unit" => {
                Type::Void
            }
            _ => ty,
        };
        let result_null = if is_suspend || stream != Stream::No {
            Nullness::Unknown
        } else {
            nullness::result(member, is_future, defaults.results, &result)
        };
        let simple: Vec<String> =
            plain.parameters.iter().map(|of| simple_name(&erased(of))).collect();
        let docs = self.sources.get(interface).and_then(|doc| doc.method(&member.name, &simple));
        let docs = docs.unwrap_or_default();
        let names = names(member, &plain);
        let mut parameters = Vec::new();
        for of in raw {
            let place = if stream == Stream::No { Place::Parameter } else { Place::Within };
            let mut ty = self.convert(&of.generic, scope, place, &at);
            let descriptor = erased(&of.plain);
            let Some(at) = of.at else {
                let (name, null) = ("requests".to_owned(), Nullness::Unknown);
                parameters.push(Parameter::new(name, ty, null));
                continue;
            };
            let name = names.get(at).cloned().flatten();
            if let Ok(at) = u8::try_from(at) {
                nullness::mark(&mut ty, member, Part::Parameter(at), false);
            }
            parameters.push(Parameter {
                name: name
                    .or_else(|| docs.parameters.get(at).cloned())
                    .unwrap_or_else(|| format!("arg{at}")),
                null: nullness::parameter(member, at, defaults.parameters, &ty),
                erasure: Some(descriptor).filter(|of| !erases_to(&ty, of)),
                ty,
            });
        }
        let mut throws = Vec::new();
        for name in thrown(member) {
            if self.throws(&name) {
                throws.push(name);
            }
        }
        let names = parameters.iter().map(|of| 64 + of.name.len() + weight(&of.ty));
        let whole = 128 + member.name.len() + weight(&result) + names.sum::<usize>();
        if !self.charge(whole, service, "methods") {
            return None;
        }
        let erasures = parameters.iter().map(|of| of.ty.erased()).collect();
        let method = Method {
            name: member.name.to_string(),
            parameters,
            result,
            result_null,
            stream,
            throws,
            doc: docs.doc,
            deprecated: member.attributes.deprecated,
        };
        Some(((method.name.clone(), erasures), method))
    }

    /// The type of protobuf in a type, if there is one.
    fn message_in<'t>(&self, of: &'t JavaType) -> Option<&'t str> {
        match of {
            JavaType::Array(of) => self.message_in(of),
            JavaType::Class(of) if self.is_message(&of.name) => Some(&of.name),
            JavaType::Class(of) => of.arguments.iter().find_map(|argument| match argument {
                Argument::Exact(of) | Argument::Extends(of) | Argument::Super(of) => {
                    self.message_in(of)
                }
                Argument::Any => None,
            }),
            JavaType::Void | JavaType::Primitive(_) | JavaType::Variable(_) => None,
        }
    }

    /// The generic signature, or the descriptor if there is none or it is wrong.
    fn generic(&mut self, at: &str, member: &Member, plain: &MethodSignature) -> MethodSignature {
        match member.attributes.signature.as_deref().map(signature::method) {
            Some(Ok(generic)) => {
                let is_same = generic.parameters.len() == plain.parameters.len()
                    && agrees(&generic.result, &plain.result)
                    && generic.parameters.iter().zip(&plain.parameters).all(|(a, b)| agrees(a, b));
                if is_same {
                    return generic;
                }
                self.note(
                    at,
                    "its generic signature is of another method, as obfuscators leave it; it is read \
                     without type arguments",
                );
            }
            Some(Err(error)) => {
                self.note(at, format!("{error}; it is read without type arguments"));
            }
            None if member.attributes.lost_signature => {
                self.note(at, format!("{LOST}; it is read without type arguments"));
            }
            None => {}
        }
        plain.clone()
    }

    /// Takes the observers of a stream, as Dubbo takes methods that have them; none, with a note, for
    /// others.
    fn stream(&mut self, at: &str, raw: &mut Vec<Raw>, result: &mut JavaType) -> Option<Stream> {
        let is_observer = |of: &JavaType| named(of).is_some_and(jdk::is_observer);
        let observers = raw.iter().filter(|of| is_observer(&of.generic)).count();
        if observers == 0 && !is_observer(result) {
            return Some(Stream::No);
        }
        let last_is_one = raw.last().is_some_and(|of| is_observer(&of.generic));
        if observers == 1 && last_is_one && raw.len() <= 2 && *result == JavaType::Void {
            *result = raw.pop().map_or(JavaType::Void, |of| argument(&of.generic));
            return Some(Stream::Server);
        }
        if observers == 1 && raw.len() == 1 && is_observer(result) {
            // What is sent is what the returned observer takes.
            let reply = raw.pop().map_or(JavaType::Void, |of| argument(&of.generic));
            let generic = argument(result);
            raw.push(Raw { at: None, plain: generic.clone(), generic });
            *result = reply;
            return Some(Stream::Both);
        }
        self.note(
            at,
            "it has observers of streams in another way than Dubbo takes, `void m(A, StreamObserver<T>)` or \
             `StreamObserver<T> m(StreamObserver<R>)`; the method is left out",
        );
        None
    }
}

/// Returns `true` for a method that can be called through a service.
pub(super) fn is_called(method: &Member) -> bool {
    let flags = method.flags;
    let is_other =
        flags.is_static() || flags.is_private() || flags.is_synthetic() || flags.is_bridge();
    !is_other
        && !method.name.starts_with('<')
        && !jdk::is_of_object(&method.name, &method.descriptor)
}

/// The name of a class or interface.
fn named(of: &JavaType) -> Option<&str> {
    match of {
        JavaType::Class(of) => Some(&of.name),
        _ => None,
    }
}

/// The first type argument, and `Object` where there is none.
fn argument(of: &JavaType) -> JavaType {
    let argument = match of {
        JavaType::Class(of) => of.arguments.first(),
        _ => None,
    };
    match argument {
        // `StreamObserver<? super T>` takes `T`.
        Some(Argument::Exact(of) | Argument::Extends(of) | Argument::Super(of)) => of.clone(),
        Some(Argument::Any) | None => {
            JavaType::Class(ClassType { name: "java.lang.Object".into(), arguments: Vec::new() })
        }
    }
}

/// The names of parameters in the class file.
fn names(method: &Member, plain: &MethodSignature) -> Vec<Option<String>> {
    let declared = &method.attributes.parameter_names;
    if declared.len() == plain.parameters.len() {
        let name =
            |name: &std::sync::Arc<str>| Some(name.to_string()).filter(|name| !name.is_empty());
        return declared.iter().map(|of| of.as_ref().and_then(name)).collect();
    }
    // The place of `this` is 0, and `long` and `double` take two places.
    let mut place = 1_u16;
    let mut names = Vec::new();
    for of in &plain.parameters {
        let variable = method.attributes.variables.iter().find(|(at, _)| u16::from(*at) == place);
        names.push(variable.map(|(_, name)| name.to_string()));
        let wide = matches!(of, JavaType::Primitive(Primitive::Long | Primitive::Double));
        place = place.saturating_add(if wide { 2 } else { 1 });
    }
    names
}
