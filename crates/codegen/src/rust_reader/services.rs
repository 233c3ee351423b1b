//! Traits with `#[interface(..)]`: services and their methods.

use std::collections::BTreeMap;

use syn::{
    Attribute, FnArg, GenericArgument, Item, ItemTrait, Meta, Pat, PathArguments, ReturnType,
    TraitItem, TraitItemFn, Type as Rust, TypeParamBound,
};

use super::attributes::{self, InterfaceArguments, JavaOptions, segments};
use super::jdk;
use super::load::ModuleId;
use super::said;
use super::scope::Found;
use super::types::{self, Bound, Mapped, Problem, Site, Types, boxed, text_of};
use crate::Api;
use crate::model::{Declared, Kind, Method, Parameter, Primitive, Service, Stream, Type};
use crate::names::java_of_snake;

/// Adds the services of all traits. Traits of one interface are one service.
pub(super) fn read(types: &Types<'_>, api: &mut Api) {
    let mut services: BTreeMap<String, Declared> = BTreeMap::new();
    for (id, item) in types.program.items() {
        let Item::Trait(item) = item else { continue };
        if !is_interface(types, id.module, item) {
            continue;
        }
        let arguments = match arguments(item) {
            Some(Ok(arguments)) => arguments,
            Some(Err(error)) => {
                let text = format!("`{}` is left out: {error}", item.ident);
                api.note(types.at(id.module, &item.ident), text);
                continue;
            }
            None => continue,
        };
        let methods = methods(types, id.module, item, api);
        let (group, version) = (arguments.group, arguments.version);
        let file = types.program.module(id.module).map(|module| module.file.clone());
        let declared = services.entry(arguments.name.clone()).or_insert_with(|| Declared {
            name: arguments.name,
            source: file.unwrap_or_default(),
            doc: attributes::doc(&item.attrs),
            deprecated: attributes::is_deprecated(&item.attrs),
            kind: Kind::Service(Service { methods: Vec::new(), group, version }),
        });
        if let Kind::Service(service) = &mut declared.kind {
            add(&mut service.methods, methods);
        }
    }
    for (name, declared) in services {
        if let Some(known) = api.types.get(&name) {
            let text = format!("{} has a type of this class, the trait is left out", known.source);
            api.note(format!("{name} in {}", declared.source), text);
        } else {
            api.types.insert(name, declared);
        }
    }
}

/// Adds the methods that are not there yet.
fn add(methods: &mut Vec<Method>, more: Vec<Method>) {
    let types = |method: &Method| -> Vec<Type> {
        method.parameters.iter().map(|parameter| parameter.ty.clone()).collect()
    };
    for method in more {
        let is_known =
            methods.iter().any(|known| known.name == method.name && types(known) == types(&method));
        if !is_known {
            methods.push(method);
        }
    }
}

/// The attribute of the macro `interface`, under whatever name it is imported.
fn is_interface(types: &Types<'_>, module: ModuleId, item: &ItemTrait) -> bool {
    item.attrs.iter().any(|attribute| is_macro(types, module, attribute))
}

fn is_macro(types: &Types<'_>, module: ModuleId, attribute: &Attribute) -> bool {
    match types.program.resolve(module, &segments(attribute.path())) {
        Found::External(path) => path.last().is_some_and(|last| last == "interface"),
        _ => false,
    }
}

/// The arguments of the attribute of an interface.
pub(super) fn arguments(item: &ItemTrait) -> Option<syn::Result<InterfaceArguments>> {
    // Under another name it has the name of an interface first as well.
    let lists = item.attrs.iter().filter_map(|attribute| match &attribute.meta {
        Meta::List(list) => Some(list),
        _ => None,
    });
    let mut read = lists.map(|list| {
        let is_named = list.path.segments.last().is_some_and(|last| last.ident == "interface");
        (is_named, InterfaceArguments::read(&list.tokens))
    });
    read.find(|(is_named, read)| *is_named || read.is_ok()).map(|(_, read)| read)
}

fn methods<'a>(
    types: &Types<'a>,
    module: ModuleId,
    item: &'a ItemTrait,
    api: &mut Api,
) -> Vec<Method> {
    let mut methods = Vec::new();
    for member in &item.items {
        match member {
            TraitItem::Fn(function) => match method(types, module, function, api) {
                Ok(method) => methods.push(method),
                Err(Problem { at, text }) => {
                    let name = &function.sig.ident;
                    api.note(at, format!("`{}.{name}` is left out: {text}", item.ident));
                }
            },
            TraitItem::Macro(call) => {
                let name = text_of(&call.mac.path);
                let text = format!(
                    "what the macro `{name}!` writes in `{}` is left out: write the methods themselves",
                    item.ident
                );
                api.note(types.at(module, &call.mac.path), text);
            }
            _ => {}
        }
    }
    methods
}

fn method<'a>(
    types: &Types<'a>,
    module: ModuleId,
    function: &'a TraitItemFn,
    api: &mut Api,
) -> Result<Method, Problem> {
    let signature = &function.sig;
    if let Some(parameter) = signature.generics.type_params().next() {
        let text = format!(
            "a method has no type parameters such as `{}`: Java calls it by its descriptor; write the types, or `Value`",
            parameter.ident
        );
        return Err(types.problem(module, parameter, text));
    }
    let options = JavaOptions::read(&function.attrs)
        .map_err(|error| types.problem(module, &signature.ident, error.to_string()))?;
    let site = Site::new(module);
    let output = match &signature.output {
        ReturnType::Type(_, output) => output,
        ReturnType::Default => {
            return Err(types.problem(
                module,
                &signature.ident,
                "a method returns a `Result`, such as `dubhe::Result<()>`",
            ));
        }
    };
    let answer = answer(types, output, &site)?;
    let inputs: Vec<&FnArg> = signature.inputs.iter().skip(1).collect();
    let mut parameters = Vec::new();
    let mut has_requests = false;
    for input in inputs {
        let FnArg::Typed(typed) = input else { continue };
        if is_context(&typed.ty) {
            continue;
        }
        let name = match &*typed.pat {
            Pat::Ident(pattern) => java_of_snake(&pattern.ident.to_string()),
            other => {
                return Err(types.problem(
                    module,
                    other,
                    "a parameter needs a name, such as `id: i64`",
                ));
            }
        };
        let mapped = if let Some(item) = of_messages(types, module, &typed.ty) {
            has_requests = true;
            types.java(item, &site)?.boxed()
        } else {
            types.java(&typed.ty, &site)?
        };
        let ty = declared(types, module, &typed.attrs, mapped.ty)?;
        parameters.push(Parameter::new(name, ty, mapped.null));
    }
    let stream = match (has_requests, answer.streams) {
        (true, _) => Stream::Both,
        (false, true) => Stream::Server,
        (false, false) => Stream::No,
    };
    let is_observed = stream != Stream::No;
    let mut result = if is_observed { boxed(answer.value.ty) } else { answer.value.ty };
    let (doc, mut throws) = (attributes::doc(&function.attrs), answer.throws);
    if let Some(doc) = &doc {
        if types.is_generated
            && let Some(said) = said::method(doc, stream)
        {
            result = said.result(&result);
            said.parameters(&mut parameters);
        }
        for (name, path) in said::throws(doc) {
            let class = path.and_then(|path| types.class_at(module, &path)).unwrap_or(name);
            if throws.contains(&class) {
                continue;
            }
            if types.is_generated || is_throwable(types, &class) {
                throws.push(class);
            } else {
                let text = format!(
                    "`throws {class}` is left out: no type of these sources is this exception; write one with \
                     #[derive(JavaException)]"
                );
                api.note(types.at(module, &signature.ident), text);
            }
        }
    }
    Ok(Method {
        name: options.name.unwrap_or_else(|| java_of_snake(&signature.ident.to_string())),
        parameters,
        result,
        result_null: answer.value.null,
        stream,
        throws,
        doc,
        deprecated: attributes::is_deprecated(&function.attrs),
    })
}

/// Returns true for an exception that Java's sources can name: of these sources, or of the JDK.
fn is_throwable(types: &Types<'_>, class: &str) -> bool {
    class.starts_with("java.")
        || types.classes.values().any(|of| of.is_exception && of.name == class)
}

/// Returns true for `&Context`, which does not travel.
fn is_context(rust: &Rust) -> bool {
    match rust {
        Rust::Reference(reference) => match &*reference.elem {
            Rust::Path(path) => {
                path.path.segments.last().is_some_and(|last| last.ident == "Context")
            }
            _ => false,
        },
        _ => false,
    }
}

/// `T` of `Streaming<T>`.
fn of_messages<'a>(types: &Types<'_>, module: ModuleId, rust: &'a Rust) -> Option<&'a Rust> {
    let Rust::Path(path) = rust else { return None };
    match types.program.resolve(module, &segments(&path.path)) {
        Found::External(found) if found.last().is_some_and(|last| last == "Streaming") => {
            types::arguments(&path.path).first().copied()
        }
        _ => None,
    }
}

/// The type that `#[java(type = "..")]` says, with the type arguments of the Rust type if it is a collection.
fn declared(
    types: &Types<'_>,
    module: ModuleId,
    attributes: &[Attribute],
    ty: Type,
) -> Result<Type, Problem> {
    let problem = |text: String| match attributes.first() {
        Some(attribute) => types.problem(module, attribute, text),
        None => Problem { at: String::new(), text },
    };
    let options = JavaOptions::read(attributes).map_err(|error| problem(error.to_string()))?;
    let Some(said) = options.declared else { return Ok(ty) };
    let named = said.trim_end_matches("[]");
    let is_name = named.split('.').all(|part| {
        !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    });
    if !is_name {
        return Err(problem(format!(
            "{said:?} is the name of no class, such as \"java.util.Collection\""
        )));
    }
    let mut result = match primitive(named) {
        Some(primitive) => Type::Primitive(primitive),
        None => {
            let arguments = match ty {
                Type::Class { arguments, .. } if jdk::arity(named) == Some(arguments.len()) => {
                    arguments
                }
                _ => Vec::new(),
            };
            Type::Class { name: named.to_owned(), arguments }
        }
    };
    for _ in 0..(said.len() - named.len()) / 2 {
        result = Type::Array(Box::new(result));
    }
    Ok(result)
}

fn primitive(name: &str) -> Option<Primitive> {
    use Primitive::{Boolean, Byte, Char, Double, Float, Int, Long, Short};
    [Boolean, Byte, Short, Char, Int, Long, Float, Double]
        .into_iter()
        .find(|own| own.name() == name)
}

/// The result of a method.
struct Answer {
    value: Mapped,
    streams: bool,
    throws: Vec<String>,
}

/// Reads `Result<T, E>`, under whatever name.
fn answer<'a>(types: &Types<'a>, rust: &'a Rust, site: &Site<'a>) -> Result<Answer, Problem> {
    const TEXT: &str = "a method returns `Result<T, E>`, or an alias of it in these sources";
    let path = match rust {
        Rust::Path(path) if path.qself.is_none() => &path.path,
        Rust::Group(group) => return answer(types, &group.elem, site),
        _ => return Err(types.problem(site.module, rust, TEXT)),
    };
    let arguments = types::arguments(path);
    let is_result = path.segments.last().is_some_and(|last| last.ident == "Result");
    if let Some(id) = types.item_at(site.module, path)
        && let Some(Item::Type(alias)) = types.program.item(id)
    {
        let inner = site.within(id.module, &alias.generics, &arguments);
        if inner.is_too_deep() {
            return Err(types.problem(site.module, rust, "an alias that leads to itself"));
        }
        return answer(types, &alias.ty, &inner);
    }
    let external = match types.program.resolve(site.module, &segments(path)) {
        Found::External(path) => path,
        _ => Vec::new(),
    };
    if !is_result && external.last().is_none_or(|last| last != "Result") {
        return Err(types.problem(site.module, rust, TEXT));
    }
    let Some(value) = arguments.first() else {
        return Err(types.problem(site.module, rust, TEXT));
    };
    let throws = arguments.get(1).and_then(|error| thrown(types, error, site));
    let (value, site) = unbound(value, site);
    let (value, streams) = match streamed(value) {
        Some(item) => (answer(types, item, &site.deeper())?.value, true),
        None => (types.java(value, &site)?, false),
    };
    Ok(Answer { value, streams, throws: throws.into_iter().collect() })
}

/// A parameter of an alias as what it is bound to, and the place of that.
fn unbound<'a>(rust: &'a Rust, site: &Site<'a>) -> (&'a Rust, Site<'a>) {
    if let Rust::Path(path) = rust
        && let Some(name) = path.path.get_ident()
        && let Some(Bound::Type(bound, place)) = site.bound(&name.to_string())
    {
        return unbound(bound, place);
    }
    (rust, site.clone())
}

/// The class of an exception of these sources.
fn thrown<'a>(types: &Types<'a>, error: &'a Rust, site: &Site<'a>) -> Option<String> {
    let (error, site) = unbound(error, site);
    let Rust::Path(path) = error else { return None };
    let id = types.item_at(site.module, &path.path)?;
    if let Some(Item::Type(alias)) = types.program.item(id) {
        let inner = site.within(id.module, &alias.generics, &types::arguments(&path.path));
        return if inner.is_too_deep() { None } else { thrown(types, &alias.ty, &inner) };
    }
    types.classes.get(&id).filter(|class| class.is_exception).map(|class| class.name.clone())
}

/// `T` of `impl Stream<Item = T>`.
fn streamed(rust: &Rust) -> Option<&Rust> {
    let Rust::ImplTrait(opaque) = rust else { return None };
    opaque.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|last| last.ident == "Stream")?;
        let PathArguments::AngleBracketed(list) = &last.arguments else { return None };
        list.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(item) if item.ident == "Item" => Some(&item.ty),
            _ => None,
        })
    })
}
