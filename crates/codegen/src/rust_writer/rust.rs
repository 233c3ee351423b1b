//! The Rust types of Java's.

use std::collections::{BTreeMap, BTreeSet};

use super::family;
use super::{OVERRIDE_VALUE, RustWriter};
use crate::jdk::{self, Named, Shape};
use crate::model::{Api, Kind, Nullness, Primitive, Type};

/// A Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rust {
    Unit,
    Scalar(Primitive),
    String,
    /// `Vec<u8>`.
    Bytes,
    Value,
    Named(Named, &'static str),
    /// A type that is written, with its type arguments.
    User(String, Vec<Rust>),
    /// A type that the options name, for this class; for a member without one.
    Custom(String, String),
    /// A type parameter.
    Parameter(String),
    Option(Box<Rust>),
    Boxed(Box<Rust>),
    List(Box<Rust>),
    Array(Box<Rust>),
    Set(Box<Rust>),
    Map(Box<Rust>, Box<Rust>),
    /// A callback of this service.
    Callback(String),
}

/// The derives that a type can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Derives {
    pub(super) eq: bool,
    pub(super) hash: bool,
    pub(super) default: bool,
}

impl Derives {
    pub(super) const ALL: Self = Self { eq: true, hash: true, default: true };

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            eq: self.eq && other.eq,
            hash: self.hash && other.hash,
            default: self.default && other.default,
        }
    }
}

/// The reason why a type cannot be carried, and what to do.
#[derive(Clone, Debug)]
pub(super) struct Uncarried(pub(super) String);

/// The form of the objects of primitive types.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Objects {
    /// `Integer` is `i32`.
    Plain,
    /// `Integer` is `Option<i32>`.
    Nullable,
}

/// Turns types into Rust.
pub(super) struct Mapper<'a> {
    pub(super) api: &'a Api,
    pub(super) writer: &'a RustWriter,
    /// The derives of the types that are written.
    pub(super) derives: BTreeMap<String, Derives>,
    /// The classes whose values are of them or of one below them.
    pub(super) families: BTreeSet<String>,
    /// The use of type parameters by the fields of each class.
    pub(super) used: BTreeMap<String, Vec<bool>>,
}

/// A type, and what is to be said of it.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub(super) rust: Rust,
    /// Notes on what is widened.
    pub(super) widened: Vec<String>,
}

impl<'a> Mapper<'a> {
    /// A mapper that knows nothing yet of the types that are written, to ask which can be carried.
    pub(super) fn of(api: &'a Api, writer: &'a RustWriter) -> Self {
        let (derives, families, used) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { api, writer, derives, families, used }
    }
}

impl Mapper<'_> {
    /// The type of the member at `place`: a field, result or parameter. The options may name it.
    pub(super) fn member(
        &self,
        place: &str,
        ty: &Type,
        null: Nullness,
        nullable: bool,
    ) -> Result<Mapped, Uncarried> {
        let rust = match self.writer.types.get(place) {
            None => return self.map(ty, null, nullable),
            Some(path) if path == OVERRIDE_VALUE => Rust::Value,
            Some(path) => Rust::Custom(path.clone(), String::new()),
        };
        Ok(Mapped { rust, widened: Vec::new() })
    }

    /// The type of a field, result or parameter, of which `nullable` says if it is an `Option`
    /// where the source does not.
    pub(super) fn map(
        &self,
        ty: &Type,
        null: Nullness,
        nullable: bool,
    ) -> Result<Mapped, Uncarried> {
        let mut widened = Vec::new();
        let objects = if null == Nullness::NonNull { Objects::Plain } else { Objects::Nullable };
        let rust = self.plain(ty, objects, &mut widened)?;
        let optional = match null {
            Nullness::Nullable => true,
            Nullness::NonNull => false,
            Nullness::Unknown => nullable,
        };
        let primitive = matches!(ty, Type::Primitive(_) | Type::Void);
        let rust = match rust {
            Rust::Option(_) | Rust::Value | Rust::Unit | Rust::Callback(_) => rust,
            rust if optional && !primitive => Rust::Option(Box::new(rust)),
            rust => rust,
        };
        Ok(Mapped { rust, widened })
    }

    /// The type of one message of a stream, an object that is never null.
    pub(super) fn message(&self, ty: &Type) -> Result<Mapped, Uncarried> {
        let mut widened = Vec::new();
        let rust = self.plain(ty, Objects::Plain, &mut widened)?;
        Ok(Mapped { rust, widened })
    }

    /// The type of a parameter: a service is a callback there.
    pub(super) fn parameter(
        &self,
        place: &str,
        ty: &Type,
        null: Nullness,
        nullable: bool,
    ) -> Result<Mapped, Uncarried> {
        if let Type::Class { name, .. } = ty
            && !self.writer.types.contains_key(name)
            && matches!(self.api.types.get(name).map(|of| &of.kind), Some(Kind::Service(_)))
        {
            return Ok(Mapped { rust: Rust::Callback(name.clone()), widened: Vec::new() });
        }
        self.member(place, ty, null, nullable)
    }

    fn plain(
        &self,
        ty: &Type,
        objects: Objects,
        widened: &mut Vec<String>,
    ) -> Result<Rust, Uncarried> {
        Ok(match ty {
            Type::Void => Rust::Unit,
            Type::Primitive(of) => Rust::Scalar(*of),
            Type::Variable(name) => Rust::Parameter(name.clone()),
            Type::Array(of) if **of == Type::Primitive(Primitive::Byte) => Rust::Bytes,
            Type::Array(of) => {
                let element = self.plain(of, Objects::Nullable, widened)?;
                // Arrays of Java begin with nulls.
                let element = match element {
                    Rust::String => Rust::Option(Box::new(element)),
                    // As a field of the parameter is one.
                    Rust::Parameter(_) if self.writer.unannotated.fields => {
                        Rust::Option(Box::new(element))
                    }
                    element => element,
                };
                Rust::Array(Box::new(element))
            }
            Type::Nullable(of) => match self.plain(of, Objects::Nullable, widened)? {
                of @ (Rust::Option(_) | Rust::Value | Rust::Unit) => of,
                of => Rust::Option(Box::new(of)),
            },
            Type::Class { name, arguments } => self.class(name, arguments, objects, widened)?,
        })
    }

    fn class(
        &self,
        name: &str,
        arguments: &[Type],
        objects: Objects,
        widened: &mut Vec<String>,
    ) -> Result<Rust, Uncarried> {
        match self.writer.types.get(name) {
            Some(path) if path == OVERRIDE_VALUE && self.api.types.contains_key(name) => {
                return Ok(Rust::User(name.to_owned(), Vec::new()));
            }
            Some(path) if path == OVERRIDE_VALUE => return Ok(Rust::Value),
            Some(path) => return Ok(Rust::Custom(path.clone(), name.to_owned())),
            None => {}
        }
        if self.api.unknown.contains(name) {
            return Ok(Rust::Value);
        }
        if let Some(declared) = self.api.types.get(name) {
            return match &declared.kind {
                Kind::Service(_) => Err(Uncarried(format!(
                    "{name} is an interface with methods, which is carried as a parameter of its own alone"
                ))),
                Kind::Enum(_) => Ok(Rust::User(name.to_owned(), Vec::new())),
                Kind::Class(class) if class.is_abstract => {
                    Ok(Rust::User(name.to_owned(), Vec::new()))
                }
                Kind::Class(_) if self.families.contains(name) => {
                    Ok(Rust::User(family::key(name), Vec::new()))
                }
                Kind::Class(class) => {
                    let mut all = Vec::new();
                    // Fields and elements of arrays are an `Option` of the parameter, unless the options have none.
                    let is_told = self.writer.unannotated.fields;
                    let objects = if is_told { Objects::Plain } else { Objects::Nullable };
                    for at in 0..class.parameters.len() {
                        all.push(match arguments.get(at) {
                            Some(argument) => self.plain(argument, objects, widened)?,
                            None => Rust::Value,
                        });
                    }
                    Ok(Rust::User(name.to_owned(), all))
                }
            };
        }
        if let Some(remedy) = jdk::uncarried(name) {
            return Err(Uncarried(format!("Hessian cannot carry {name}: {remedy}")));
        }
        let shape = match jdk::carried(name) {
            Some(carried) => carried.rust,
            None if jdk::is_exception(name) => Shape::Named(THROWABLE),
            None => {
                widened.push(if jdk::is_jdk(name) {
                    format!("no Rust type stands for {name}, so it is a Value")
                } else {
                    format!(
                        "{name} is not among what was read, so it is a Value; read its jar as well, or name \
                         a Rust type for it"
                    )
                });
                Shape::Value
            }
        };
        let argument = |at: usize, widened: &mut Vec<String>| match arguments.get(at) {
            Some(argument) => self.plain(argument, Objects::Plain, widened).map(|of| match of {
                Rust::Unit => Rust::Value,
                of => of,
            }),
            None => Ok(Rust::Value),
        };
        Ok(match shape {
            Shape::Boxed(of) if objects == Objects::Nullable => {
                Rust::Option(Box::new(Rust::Scalar(of)))
            }
            Shape::Boxed(of) => Rust::Scalar(of),
            Shape::String => Rust::String,
            Shape::Value => Rust::Value,
            Shape::Void => Rust::Unit,
            Shape::Named(named) => {
                let own = jdk::of_rust(named.path.rsplit("::").next().unwrap_or_default());
                Rust::Named(named, own.map_or("java.lang.Object", |own| own.java))
            }
            Shape::List | Shape::Elements => Rust::List(Box::new(argument(0, widened)?)),
            Shape::Set => {
                let element = argument(0, widened)?;
                if self.is_key(&element) {
                    Rust::Set(Box::new(element))
                } else {
                    widened.push(format!(
                        "the elements of a {name} have no Eq and Hash in Rust, so it is a Vec, whose elements \
                         Java makes a {name} of"
                    ));
                    Rust::List(Box::new(element))
                }
            }
            Shape::Map => {
                let (key, value) = (argument(0, widened)?, argument(1, widened)?);
                if self.is_key(&key) {
                    Rust::Map(Box::new(key), Box::new(value))
                } else {
                    widened.push(format!(
                        "the keys of a {name} have no Eq and Hash in Rust, so it is a Value: a \
                         dubhe::value::Map, whose entries are pairs in their order"
                    ));
                    Rust::Value
                }
            }
        })
    }

    /// The derives that a type with a field of this one can have.
    pub(super) fn derives(&self, rust: &Rust) -> Derives {
        let all = Derives::ALL;
        match rust {
            Rust::Unit | Rust::String | Rust::Bytes => all,
            Rust::Scalar(Primitive::Float | Primitive::Double) => {
                Derives { eq: false, hash: false, default: true }
            }
            Rust::Scalar(_) => all,
            Rust::Value => Derives { eq: false, hash: false, default: true },
            Rust::Named(named, _) => {
                Derives { eq: named.hash, hash: named.hash, default: named.default }
            }
            Rust::User(name, arguments) => {
                let own = self.derives.get(name).copied().unwrap_or(all);
                arguments.iter().fold(own, |known, argument| known.and(self.derives(argument)))
            }
            Rust::Custom(..) | Rust::Callback(_) => {
                Derives { eq: false, hash: false, default: false }
            }
            // The derives ask the same of the parameter.
            Rust::Parameter(_) => all,
            Rust::Option(of) => Derives { default: true, ..self.derives(of) },
            Rust::Boxed(of) => self.derives(of),
            Rust::List(of) | Rust::Array(of) => Derives { default: true, ..self.derives(of) },
            Rust::Set(of) => Derives { default: true, hash: false, ..self.derives(of) },
            Rust::Map(key, value) => Derives {
                default: true,
                hash: false,
                eq: self.derives(key).eq && self.derives(value).eq,
            },
        }
    }

    /// Returns `true` if a `HashMap` with such keys can be read.
    fn is_key(&self, rust: &Rust) -> bool {
        let mut parameters = Vec::new();
        self.parameters(rust, &mut parameters);
        // The codec asks nothing of a parameter.
        parameters.is_empty() && self.derives(rust).hash
    }

    /// The type arguments of a class that its Rust type has.
    pub(super) fn kept<'r, T>(&self, class: &str, arguments: &'r [T]) -> Vec<&'r T> {
        let used = self.used.get(class);
        let is_used = |at: usize| used.is_none_or(|used| used.get(at).copied().unwrap_or(false));
        arguments.iter().enumerate().filter(|(at, _)| is_used(*at)).map(|(_, of)| of).collect()
    }

    /// The type parameters that a Rust type names.
    pub(super) fn parameters(&self, rust: &Rust, found: &mut Vec<String>) {
        match rust {
            Rust::Parameter(name) => found.push(name.clone()),
            Rust::User(class, arguments) => {
                for argument in self.kept(class, arguments) {
                    self.parameters(argument, found);
                }
            }
            Rust::Option(of)
            | Rust::Boxed(of)
            | Rust::List(of)
            | Rust::Array(of)
            | Rust::Set(of) => self.parameters(of, found),
            Rust::Map(key, value) => {
                self.parameters(key, found);
                self.parameters(value, found);
            }
            _ => {}
        }
    }
}

/// A type parameter among the names of classes.
pub(super) fn parameter_key(name: &str) -> String {
    format!("<{name}>")
}

/// Returns `true` for such a key.
pub(super) fn is_parameter_key(key: &str) -> bool {
    key.starts_with('<')
}

const THROWABLE: Named = Named { path: "java::Throwable", default: true, hash: false, copy: false };

impl Rust {
    /// The type itself, where the class or one below it may be.
    pub(super) fn exactly(self) -> Self {
        match self {
            Self::User(name, arguments) => Self::User(family::class(&name).to_owned(), arguments),
            other => other,
        }
    }

    /// Returns `true` for what the derive takes for a primitive or a class of `java.lang`, which Java writes last.
    pub(super) fn is_simple(&self) -> bool {
        match self {
            Self::Scalar(_) | Self::String => true,
            Self::Option(of) | Self::Boxed(of) => of.is_simple(),
            _ => false,
        }
    }

    /// The types that it names, of those that are written.
    pub(super) fn users(&self, found: &mut Vec<String>) {
        match self {
            Rust::User(name, arguments) => {
                found.push(name.clone());
                for argument in arguments {
                    argument.users(found);
                }
            }
            Rust::Option(of)
            | Rust::Boxed(of)
            | Rust::List(of)
            | Rust::Array(of)
            | Rust::Set(of) => of.users(found),
            Rust::Map(key, value) => {
                key.users(found);
                value.users(found);
            }
            _ => {}
        }
    }

    /// The class that the type declares, as Java's sources write it.
    pub(super) fn declares(&self) -> String {
        let boxed = |of: &Rust| match of {
            Rust::Scalar(of) => match of {
                Primitive::Boolean => "java.lang.Boolean",
                Primitive::Byte => "java.lang.Byte",
                Primitive::Short => "java.lang.Short",
                Primitive::Char => "java.lang.Character",
                Primitive::Int => "java.lang.Integer",
                Primitive::Long => "java.lang.Long",
                Primitive::Float => "java.lang.Float",
                Primitive::Double => "java.lang.Double",
            }
            .to_owned(),
            of => of.declares(),
        };
        match self {
            Rust::Unit => "void".into(),
            Rust::Scalar(of) => of.name().into(),
            Rust::String => "java.lang.String".into(),
            Rust::Bytes => "byte[]".into(),
            Rust::Value | Rust::Parameter(_) => "java.lang.Object".into(),
            Rust::Named(_, java) => (*java).into(),
            Rust::User(java, _) | Rust::Custom(_, java) | Rust::Callback(java) => {
                family::class(java).to_owned()
            }
            Rust::Option(of) => boxed(of),
            Rust::Boxed(of) => of.declares(),
            Rust::List(_) => "java.util.List".into(),
            Rust::Array(of) => of.declares() + "[]",
            Rust::Set(_) => "java.util.Set".into(),
            Rust::Map(..) => "java.util.Map".into(),
        }
    }
}
