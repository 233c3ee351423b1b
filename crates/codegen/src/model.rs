//! The model of Java types that every reader makes and every writer takes.
//!
//! Names of classes are binary names as in `Class.getName`: packages are joined by `.`, nested classes by `$`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

/// The types that were read, and what was noticed on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Api {
    /// The types, by binary name.
    pub types: BTreeMap<String, Declared>,
    /// The binary names of classes that types name though nothing of them is known, as the notes say: their values are read as
    /// any objects.
    pub unknown: BTreeSet<String>,
    /// Notes on what could not be carried over as it is, in the order of reading.
    pub notes: Vec<Note>,
    /// Places, as the notes have them, of what the sources have and could not be read: a class file that is damaged, a
    /// definition that no provider tells. What is missing in `types` may be in it, and so is not gone.
    pub unread: BTreeSet<String>,
}

/// A type of Java that somebody declared: no type of the JDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The binary name, such as `org.example.Order$Line`.
    pub name: String,
    /// The place where it was read, for the comment of what is written: `orders-api-1.2.jar`, `etcd://…`.
    pub source: String,
    /// The text of its documentation without the marks of a comment, as Markdown.
    pub doc: Option<String>,
    /// `true` if it has `@Deprecated`.
    pub deprecated: bool,
    /// The kind, with its parts.
    pub kind: Kind,
}

/// The kinds of declared types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An interface with the methods of a service.
    Service(Service),
    /// A class whose objects travel, an exception among them.
    Class(Class),
    /// An enum.
    Enum(Enum),
}

/// The methods of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The methods, with those of the interfaces above, whose type parameters are replaced.
    pub methods: Vec<Method>,
    /// The group and version that a provider has, where the source knows them.
    pub group: Option<String>,
    /// See `group`.
    pub version: Option<String>,
}

/// A method of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// The name in Java.
    pub name: String,
    /// The parameters, without the observer of a stream.
    pub parameters: Vec<Parameter>,
    /// The type of the result; `CompletableFuture<T>` is `T`.
    pub result: Type,
    /// The nullness of the result.
    pub result_null: Nullness,
    /// The direction of streams.
    pub stream: Stream,
    /// The binary names of the exceptions of its `throws` clause, those of the JDK included.
    pub throws: Vec<String>,
    /// The text of its documentation, as Markdown.
    pub doc: Option<String>,
    /// `true` if it has `@Deprecated`.
    pub deprecated: bool,
}

/// The directions in which a method streams, over Triple.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    /// A request and a reply.
    #[default]
    No,
    /// `void m(A a, StreamObserver<T> out)`: `result` is `T`, and the observer is no parameter.
    Server,
    /// `StreamObserver<T> m(StreamObserver<R> out)`: the one parameter is `T`, `result` is `R`. In Java
    /// nothing says if one `R` is sent or many.
    Both,
}

/// A parameter of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name in Java, or `arg0` and so on where the source has none.
    pub name: String,
    /// The type.
    pub ty: Type,
    /// The type that Java's descriptor of the method has, where that is not the erasure of `ty`: `Object` for the
    /// `T` of a `Base<T>` that an interface extends, or a class that was not found. It is on the wire.
    pub erasure: Option<Type>,
    /// The nullness.
    pub null: Nullness,
}

/// The fields of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Class {
    /// The names of its type parameters.
    pub parameters: Vec<String>,
    /// The class above it, unless that is `Object`. The root of exceptions of the JDK is named, and the collection or map
    /// of the JDK that the class is, be it an interface.
    pub superclass: Option<Type>,
    /// The fields of its own that travel, in the order of the source: neither static nor transient.
    pub fields: Vec<Field>,
    /// `true` for an abstract class, and for an interface that classes implement: no object is of exactly this class.
    pub is_abstract: bool,
    /// `true` for an interface that classes implement; it is abstract as well.
    pub is_interface: bool,
    /// The binary names of the classes of this `Api` that extend or implement it directly, sorted.
    pub subclasses: Vec<String>,
    /// `true` if it extends `Throwable`.
    pub is_exception: bool,
}

/// A field of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name in Java.
    pub name: String,
    /// The type.
    pub ty: Type,
    /// The nullness.
    pub null: Nullness,
    /// The text of its documentation, as Markdown.
    pub doc: Option<String>,
    /// `true` if it has `@Deprecated`.
    pub deprecated: bool,
}

/// The constants of an enum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enum {
    /// The constants in the order of the source.
    pub constants: Vec<Constant>,
}

/// A constant of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// The name.
    pub name: String,
    /// The text of its documentation, as Markdown.
    pub doc: Option<String>,
    /// `true` if it has `@Deprecated`.
    pub deprecated: bool,
}

/// The word of the source on null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Nullness {
    /// No word, as in most of Java.
    #[default]
    Unknown,
    /// Null may be there.
    Nullable,
    /// Null is never there.
    NonNull,
}

/// A type as Java's sources write it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// The result of a method that returns nothing.
    Void,
    /// A primitive type.
    Primitive(Primitive),
    /// A class, interface or enum with its type arguments; raw ones have none.
    Class {
        /// The binary name.
        name: String,
        /// A wildcard is its upper bound, `Object` where there is none.
        arguments: Vec<Type>,
    },
    /// An array of that type.
    Array(Box<Type>),
    /// A type argument, or the element of an array, of which the source says that it may be null.
    Nullable(Box<Type>),
    /// A type parameter of the class around it. Those of methods are replaced by their bounds.
    Variable(String),
}

/// A primitive type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Primitive {
    /// `boolean`.
    Boolean,
    /// `byte`.
    Byte,
    /// `short`.
    Short,
    /// `char`.
    Char,
    /// `int`.
    Int,
    /// `long`.
    Long,
    /// `float`.
    Float,
    /// `double`.
    Double,
}

/// A line for the person who generates: what could not be carried over, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The place: a file, class, method or field, such as `org.example.Orders.find`.
    pub at: String,
    /// The text: what it is, what was done, and what to do.
    pub text: String,
}

impl Parameter {
    /// A parameter whose descriptor has the erasure of its type.
    pub fn new(name: impl Into<String>, ty: Type, null: Nullness) -> Self {
        Self { name: name.into(), ty, erasure: None, null }
    }

    /// The type that the descriptor of the method has.
    pub fn declared(&self) -> &Type {
        self.erasure.as_ref().unwrap_or(&self.ty)
    }
}

impl Type {
    /// A class without type arguments.
    pub fn class(name: impl Into<String>) -> Self {
        Self::Class { name: name.into(), arguments: Vec::new() }
    }

    /// `java.lang.Object`.
    pub fn object() -> Self {
        Self::class("java.lang.Object")
    }
}

impl Type {
    /// The type with its parameters replaced; those that a raw type lacks are `Object`.
    pub(crate) fn substitute(&self, parameters: &[String], arguments: &[Self]) -> Self {
        match self {
            Self::Variable(name) => {
                let at = parameters.iter().position(|parameter| parameter == name);
                at.and_then(|at| arguments.get(at)).cloned().unwrap_or_else(Self::object)
            }
            Self::Array(of) => Self::Array(Box::new(of.substitute(parameters, arguments))),
            Self::Nullable(of) => Self::Nullable(Box::new(of.substitute(parameters, arguments))),
            Self::Class { name, arguments: own } => Self::Class {
                name: name.clone(),
                arguments: own.iter().map(|of| of.substitute(parameters, arguments)).collect(),
            },
            Self::Void | Self::Primitive(_) => self.clone(),
        }
    }

    /// The type without type arguments, as Java tells overloads apart.
    pub(crate) fn erased(&self) -> String {
        match self {
            Self::Class { name, .. } => name.clone(),
            Self::Array(of) => of.erased() + "[]",
            Self::Nullable(of) => of.erased(),
            Self::Void | Self::Primitive(_) | Self::Variable(_) => self.to_string(),
        }
    }

    /// The type that a descriptor has: without type arguments, and a type parameter as `Object`.
    pub(crate) fn in_descriptor(&self) -> String {
        match self {
            Self::Array(of) => of.in_descriptor() + "[]",
            Self::Nullable(of) => of.in_descriptor(),
            Self::Variable(_) => "java.lang.Object".to_owned(),
            other => other.erased(),
        }
    }

    /// Adds the names of the classes in it, those of its arguments too.
    pub(crate) fn classes<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::Class { name, arguments } => {
                found.push(name);
                for argument in arguments {
                    argument.classes(found);
                }
            }
            Self::Array(of) | Self::Nullable(of) => of.classes(found),
            Self::Void | Self::Primitive(_) | Self::Variable(_) => {}
        }
    }
}

impl Primitive {
    /// The keyword.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Byte => "byte",
            Self::Short => "short",
            Self::Char => "char",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
        }
    }
}

/// Prints the type as Java's sources have it, with binary names: `java.util.List<org.example.User>[]`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Primitive(of) => f.write_str(of.name()),
            Self::Variable(name) => f.write_str(name),
            Self::Array(of) => write!(f, "{of}[]"),
            Self::Nullable(of) => write!(f, "@Nullable {of}"),
            Self::Class { name, arguments } => {
                f.write_str(name)?;
                let mut before = "<";
                for argument in arguments {
                    write!(f, "{before}{argument}")?;
                    before = ", ";
                }
                f.write_str(if arguments.is_empty() { "" } else { ">" })
            }
        }
    }
}

/// Prints `at: text` on one line: names of others may have control characters, which are escaped.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, &self.at)?;
        f.write_str(": ")?;
        write_line(f, &self.text)
    }
}

/// Writes a text without what would end the line, or turn its direction on a terminal.
pub(crate) fn write_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    // Each character that is another one in a comment.
    let is_plain = |c: char| dubhe_comments::clean(c.encode_utf8(&mut [0; 4])).starts_with(c);
    for c in text.chars() {
        if is_plain(c) {
            f.write_char(c)?;
        } else {
            write!(f, "{}", c.escape_default())?;
        }
    }
    Ok(())
}

impl Api {
    /// Adds a note.
    pub fn note(&mut self, at: impl Into<String>, text: impl Into<String>) {
        self.notes.push(Note { at: at.into(), text: text.into() });
    }

    /// Adds the types and notes of `other`. A type that is already there stays, with a note if they differ.
    pub fn merge(&mut self, other: Self) {
        self.unknown.retain(|name| !other.types.contains_key(name));
        let unknown = other.unknown.into_iter().filter(|name| !self.types.contains_key(name));
        self.unknown.extend(unknown.collect::<Vec<_>>());
        for (name, declared) in other.types {
            match self.types.get(&name) {
                Some(known) if known.kind != declared.kind => {
                    let text = format!(
                        "{} has another form of it, which is left out; the one of {} is used",
                        declared.source, known.source
                    );
                    self.note(name, text);
                }
                Some(_) => {}
                None => {
                    self.types.insert(name, declared);
                }
            }
        }
        self.notes.extend(other.notes);
        self.unread.extend(other.unread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_one_line() {
        let note = Note { at: "a\nb".into(), text: "c\u{1b}[2J\u{202e}é".into() };
        assert_eq!(note.to_string(), "a\\nb: c\\u{1b}[2J\\u{202e}é");
    }

    #[test]
    fn types_print_as_java_writes_them() {
        let users = Type::Class {
            name: "java.util.Map".into(),
            arguments: vec![
                Type::class("java.lang.String"),
                Type::Array(Box::new(Type::Primitive(Primitive::Int))),
            ],
        };
        let array = Type::Array(Box::new(users));
        assert_eq!(array.to_string(), "java.util.Map<java.lang.String, int[]>[]");
        assert_eq!(Type::Void.to_string(), "void");
    }
}
