//! Types of Rust as those of Java.

use std::collections::HashMap;
use std::rc::Rc;

use quote::ToTokens;
use syn::{GenericArgument, GenericParam, Generics, Item, PathArguments, Type as Rust};

use super::attributes::{JavaOptions, derives, segments};
use super::jdk;
use super::load::{ModuleId, Program, line_of};
use super::scope::{Found, ItemId};
use crate::model::{Nullness, Primitive, Type};

/// The longest chain of aliases and nested types that is followed.
const DEPTH: usize = 64;

/// A piece that is not understood, and where it stands.
#[derive(Debug)]
pub(super) struct Problem {
    /// `file:line`.
    pub(super) at: String,
    pub(super) text: String,
}

/// A type in Java, and what Rust says of null.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub(super) ty: Type,
    pub(super) null: Nullness,
    /// `true` for `u8`, a list of which is a `byte[]`.
    is_octet: bool,
}

impl Mapped {
    /// The same as an object.
    pub(super) fn boxed(self) -> Self {
        Self { ty: boxed(self.ty), ..self }
    }
}

/// The meaning of a type parameter.
#[derive(Clone)]
pub(super) enum Bound<'a> {
    /// A parameter of the Java class.
    Variable,
    /// An argument of an alias, as it is written at another place.
    Type(&'a Rust, Site<'a>),
}

/// The place of a type: names mean what they mean there.
#[derive(Clone)]
pub(super) struct Site<'a> {
    pub(super) module: ModuleId,
    bounds: Rc<HashMap<String, Bound<'a>>>,
    depth: usize,
}

impl<'a> Site<'a> {
    pub(super) fn new(module: ModuleId) -> Self {
        Self { module, bounds: Rc::default(), depth: 0 }
    }

    /// The same place within an item with type parameters.
    pub(super) fn with_parameters(module: ModuleId, generics: &Generics) -> Self {
        let bounds = generics.type_params().map(|own| (own.ident.to_string(), Bound::Variable));
        Self { module, bounds: Rc::new(bounds.collect()), depth: 0 }
    }

    pub(super) fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// The place within an alias whose parameters are bound to the arguments written here.
    pub(super) fn within(
        &self,
        module: ModuleId,
        generics: &Generics,
        arguments: &[&'a Rust],
    ) -> Self {
        let bounds = generics.type_params().zip(arguments).map(|(parameter, argument)| {
            (parameter.ident.to_string(), Bound::Type(argument, self.clone()))
        });
        Self { module, bounds: Rc::new(bounds.collect()), depth: self.depth + 1 }
    }

    /// Returns true behind too many aliases, such as those that lead to themselves.
    pub(super) fn is_too_deep(&self) -> bool {
        self.depth > DEPTH
    }

    pub(super) fn bound(&self, name: &str) -> Option<&Bound<'a>> {
        self.bounds.get(name)
    }
}

/// A type with `#[derive(Java)]` or `#[derive(JavaException)]`.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) is_exception: bool,
}

/// The sources with their classes.
pub(super) struct Types<'a> {
    pub(super) program: &'a Program,
    pub(super) classes: HashMap<ItemId, Class>,
    /// `true` for sources that were generated: types of elsewhere are known by their paths.
    pub(super) is_generated: bool,
    /// Types whose `JavaType` is written by hand.
    by_hand: HashMap<ItemId, Type>,
}

impl<'a> Types<'a> {
    pub(super) fn new(program: &'a Program, is_generated: bool) -> Self {
        let (classes, by_hand) = (HashMap::new(), HashMap::new());
        let mut types = Self { program, classes, is_generated, by_hand };
        for (id, item) in program.items() {
            let attributes = match item {
                Item::Struct(item) => &item.attrs,
                Item::Enum(item) => &item.attrs,
                _ => continue,
            };
            let derived = derives(attributes).into_iter().filter_map(|path| {
                let path = segments(&path);
                let last = match program.resolve(id.module, &path) {
                    Found::External(path) => path.last().cloned(),
                    _ => None,
                };
                ["Java", "JavaException"].into_iter().find(|name| last.as_deref() == Some(name))
            });
            let Some(derived) = derived.last() else { continue };
            if let Ok(JavaOptions { class: Some(name), .. }) = JavaOptions::read(attributes) {
                let is_exception = derived == "JavaException";
                types.classes.insert(id, Class { name, is_exception });
            }
        }
        types.by_hand = super::classes::by_hand(&types);
        types
    }

    pub(super) fn problem(
        &self,
        module: ModuleId,
        piece: &impl ToTokens,
        text: impl Into<String>,
    ) -> Problem {
        Problem { at: self.at(module, piece), text: text.into() }
    }

    /// The place of a piece of source, as notes have it.
    pub(super) fn at(&self, module: ModuleId, piece: &impl ToTokens) -> String {
        let file = self.program.module(module).map_or("", |module| module.file.as_str());
        format!("{file}:{}", line_of(piece))
    }

    /// The item that a path leads to.
    pub(super) fn item_at(&self, module: ModuleId, path: &syn::Path) -> Option<ItemId> {
        match self.program.resolve(module, &segments(path)) {
            Found::Item(item) => Some(item),
            Found::External(path) => self.program.elsewhere(&path),
            Found::Module(_) => None,
        }
    }

    /// The class of the type that a path leads to.
    pub(super) fn class_at(&self, module: ModuleId, path: &[String]) -> Option<String> {
        match self.program.resolve(module, path) {
            Found::Item(id) => self.classes.get(&id).map(|class| class.name.clone()),
            Found::External(_) | Found::Module(_) => None,
        }
    }

    /// A type that is no `Streaming` and no `impl Stream`.
    pub(super) fn java(&self, rust: &'a Rust, site: &Site<'a>) -> Result<Mapped, Problem> {
        if site.is_too_deep() {
            return Err(self.problem(
                site.module,
                rust,
                "aliases that lead to themselves, or types nested too deeply",
            ));
        }
        let site = site.deeper();
        let read = match rust {
            Rust::Path(path) if path.qself.is_none() => self.of_path(rust, &path.path, &site),
            Rust::Reference(reference) => self.java(&reference.elem, &site),
            Rust::Group(group) => self.java(&group.elem, &site),
            Rust::Paren(paren) => self.java(&paren.elem, &site),
            Rust::Slice(slice) => self.list(&slice.elem, &site),
            Rust::Array(array) => self.list(&array.elem, &site),
            Rust::Tuple(tuple) if tuple.elems.is_empty() => Ok(plain(Type::Void)),
            Rust::Macro(_) => Err(self.problem(
                site.module,
                rust,
                "a type that a macro writes: write the type itself",
            )),
            _ => Err(self.foreign(rust, &site)),
        };
        match read {
            Err(_) if self.is_generated => Ok(never_null(Type::class(text_of(rust)))),
            read => read,
        }
    }

    fn foreign(&self, rust: &Rust, site: &Site<'a>) -> Problem {
        let text = format!(
            "`{}` is no type of Java: take one of `dubhe::java`, or a struct or enum of these sources with \
             #[derive(Java)]",
            text_of(rust)
        );
        self.problem(site.module, rust, text)
    }

    fn of_path(
        &self,
        rust: &'a Rust,
        path: &'a syn::Path,
        site: &Site<'a>,
    ) -> Result<Mapped, Problem> {
        let arguments = arguments(path);
        if let Some(name) = path.get_ident().map(ToString::to_string)
            && let Some(bound) = site.bound(&name)
        {
            return match bound {
                Bound::Variable => Ok(never_null(Type::Variable(name))),
                Bound::Type(rust, place) => {
                    self.java(rust, &Site { depth: site.depth, ..place.clone() })
                }
            };
        }
        let found = match self.program.resolve(site.module, &segments(path)) {
            Found::External(path) => {
                if let Some(mapped) = self.of_library(rust, &path, &arguments, site) {
                    return mapped;
                }
                self.program.elsewhere(&path)
            }
            Found::Item(item) => Some(item),
            Found::Module(_) => None,
        };
        let Some(id) = found else { return Err(self.foreign(rust, site)) };
        if let Some(ty) = self.by_hand.get(&id) {
            return Ok(never_null(ty.clone()));
        }
        let item = self.program.item(id);
        if let Some(Item::Type(alias)) = item {
            return self.java(&alias.ty, &site.within(id.module, &alias.generics, &arguments));
        }
        let Some(class) = self.classes.get(&id) else {
            let text = format!(
                "`{}` stands for no Java class: add #[derive(Java)] and #[java(class = \"..\")]",
                text_of(rust)
            );
            return Err(self.problem(site.module, rust, text));
        };
        let mut parts = Vec::new();
        for argument in arguments {
            parts.push(boxed(self.java(argument, site)?.ty));
        }
        Ok(never_null(Type::Class { name: class.name.clone(), arguments: parts }))
    }

    /// A type of the standard library or of `dubhe`, if it is one that Java has.
    fn of_library(
        &self,
        rust: &'a Rust,
        path: &[String],
        arguments: &[&'a Rust],
        site: &Site<'a>,
    ) -> Option<Result<Mapped, Problem>> {
        let (first, last) = (path.first()?.as_str(), path.last()?.as_str());
        let is_alone = path.len() == 1;
        let is_std = is_alone || ["std", "core", "alloc"].contains(&first);
        let is_ours = is_alone || first == "dubhe" || first.starts_with("dubhe_");
        if is_std && let Some(mapped) = self.of_std(rust, last, arguments, site) {
            return Some(mapped);
        }
        if last == "Bytes" && (is_ours || first == "bytes") {
            return Some(Ok(never_null(bytes())));
        }
        if last == "ByteString" && (is_ours || first == "bytestring") {
            return Some(Ok(never_null(Type::class("java.lang.String"))));
        }
        if !is_ours {
            return None;
        }
        match (last, arguments) {
            ("Value", []) => Some(Ok(plain(Type::object()))),
            ("Array", [element]) => {
                let array = |of: Mapped| match of.null {
                    // What is a primitive type there is none of an object.
                    Nullness::Nullable => Type::Array(Box::new(self.part(of))),
                    _ => Type::Array(Box::new(of.ty)),
                };
                Some(self.java(element, site).map(|of| never_null(array(of))))
            }
            ("Callback", [client]) => Some(self.callback(client, site)),
            (name, []) => jdk::class_of(name).map(|class| Ok(never_null(Type::class(class)))),
            _ => None,
        }
    }

    fn of_std(
        &self,
        rust: &'a Rust,
        name: &str,
        arguments: &[&'a Rust],
        site: &Site<'a>,
    ) -> Option<Result<Mapped, Problem>> {
        if let ([], Some(primitive)) = (arguments, primitive(name)) {
            let is_octet = name == "u8";
            return Some(Ok(Mapped { is_octet, ..plain(Type::Primitive(primitive)) }));
        }
        let unsigned = ["u32", "u64", "u128", "i128", "usize", "isize"];
        if arguments.is_empty() && unsigned.contains(&name) {
            let text =
                format!("Java has no `{name}`: take `i32`, `i64` or `dubhe::java::BigInteger`");
            return Some(Err(self.problem(site.module, rust, text)));
        }
        let collection = |class: &str| {
            let mut parts = Vec::new();
            for argument in arguments {
                parts.push(self.java(argument, site)?);
            }
            Ok(self.of_collection(class, parts))
        };
        match (name, arguments) {
            ("String" | "str", []) => Some(Ok(never_null(Type::class("java.lang.String")))),
            ("Option", [inner]) => Some(self.java(inner, site).map(|of| Mapped {
                ty: boxed(of.ty),
                null: Nullness::Nullable,
                is_octet: false,
            })),
            ("Box" | "Arc" | "Rc" | "Cow", [inner]) => Some(self.java(inner, site)),
            ("Vec" | "VecDeque", [element]) => Some(self.list(element, site)),
            ("HashSet" | "BTreeSet", [_]) => Some(collection("java.util.Set")),
            ("HashMap" | "BTreeMap", [_, _]) => Some(collection("java.util.Map")),
            // With a hasher of their own.
            ("HashSet", [element, _]) => Some(
                self.java(element, site).map(|of| self.of_collection("java.util.Set", vec![of])),
            ),
            ("HashMap", [key, value, _]) => {
                let key = self.java(key, site);
                let both = key.and_then(|key| Ok(vec![key, self.java(value, site)?]));
                Some(both.map(|both| self.of_collection("java.util.Map", both)))
            }
            _ => None,
        }
    }

    fn list(&self, element: &'a Rust, site: &Site<'a>) -> Result<Mapped, Problem> {
        let of = self.java(element, site)?;
        Ok(if of.is_octet {
            never_null(bytes())
        } else {
            self.of_collection("java.util.List", vec![of])
        })
    }

    fn of_collection(&self, class: &str, parts: Vec<Mapped>) -> Mapped {
        let arguments = parts.into_iter().map(|part| self.part(part)).collect();
        never_null(Type::Class { name: class.to_owned(), arguments })
    }

    /// The type of what is in a collection. The types of generated Rust are those of Java, which says nothing of null there.
    fn part(&self, of: Mapped) -> Type {
        let may_be_null = of.null == Nullness::Nullable && !self.is_generated;
        let ty = boxed(of.ty);
        if may_be_null { Type::Nullable(Box::new(ty)) } else { ty }
    }

    /// `Callback<ListenerClient>`: the interface of the trait `Listener`.
    fn callback(&self, client: &'a Rust, site: &Site<'a>) -> Result<Mapped, Problem> {
        let found = match client {
            Rust::Path(path) => self.of_client(&path.path, site),
            _ => None,
        };
        match found {
            Some(name) => Ok(never_null(Type::class(name))),
            None => {
                let text = format!(
                    "`{}` is the client of no #[interface] trait in these sources",
                    text_of(client)
                );
                Err(self.problem(site.module, client, text))
            }
        }
    }

    fn of_client(&self, client: &syn::Path, site: &Site<'a>) -> Option<String> {
        let mut path = segments(client);
        // The macro writes the client beside the trait, so `use` of it leads there.
        if let Found::External(external) = self.program.resolve(site.module, &path) {
            path = external;
        }
        let last = path.last_mut()?;
        *last = last.strip_suffix("Client")?.to_owned();
        let id = match self.program.resolve(site.module, &path) {
            Found::Item(id) => id,
            Found::External(path) => self.program.elsewhere(&path)?,
            Found::Module(_) => return None,
        };
        match self.program.item(id)? {
            Item::Trait(item) => Some(super::services::arguments(item)?.ok()?.name),
            _ => None,
        }
    }
}

/// The type arguments of the last segment.
pub(super) fn arguments(path: &syn::Path) -> Vec<&Rust> {
    match path.segments.last().map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(list)) => list
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The name of a parameter for a number, such as `N` of `[T; N]`.
pub(super) fn constant(generics: &Generics) -> Option<&syn::Ident> {
    generics.params.iter().find_map(|parameter| match parameter {
        GenericParam::Const(parameter) => Some(&parameter.ident),
        _ => None,
    })
}

/// The source of a piece, as people write it.
pub(super) fn text_of(piece: &impl ToTokens) -> String {
    let text = piece.to_token_stream().to_string();
    let text = text.replace(" :: ", "::").replace(" < ", "<").replace(" >", ">").replace("& ", "&");
    text.replace(" ,", ",")
}

fn primitive(name: &str) -> Option<Primitive> {
    Some(match name {
        "bool" => Primitive::Boolean,
        "i8" | "u8" => Primitive::Byte,
        "i16" => Primitive::Short,
        "char" | "u16" => Primitive::Char,
        "i32" => Primitive::Int,
        "i64" => Primitive::Long,
        "f32" => Primitive::Float,
        "f64" => Primitive::Double,
        _ => return None,
    })
}

fn bytes() -> Type {
    Type::Array(Box::new(Type::Primitive(Primitive::Byte)))
}

fn plain(ty: Type) -> Mapped {
    Mapped { ty, null: Nullness::Unknown, is_octet: false }
}

fn never_null(ty: Type) -> Mapped {
    Mapped { ty, null: Nullness::NonNull, is_octet: false }
}

/// The type as an object: `int` is `Integer`.
pub(super) fn boxed(ty: Type) -> Type {
    let name = match ty {
        Type::Void => "java.lang.Void",
        Type::Primitive(primitive) => match primitive {
            Primitive::Boolean => "java.lang.Boolean",
            Primitive::Byte => "java.lang.Byte",
            Primitive::Short => "java.lang.Short",
            Primitive::Char => "java.lang.Character",
            Primitive::Int => "java.lang.Integer",
            Primitive::Long => "java.lang.Long",
            Primitive::Float => "java.lang.Float",
            Primitive::Double => "java.lang.Double",
        },
        other => return other,
    };
    Type::class(name)
}
