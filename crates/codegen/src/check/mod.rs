//! Differences between two [`Api`]s, and what they mean for the processes that were built before.
//!
//! A fleet is never replaced at once, so each [`Change`] is judged from both sides: does a consumer that was built from
//! the old [`Api`] work against a provider of the new one, and does a provider of the old one serve consumers of the new
//! one. The rules are those of Hessian and of Dubbo, as Java and as Dubhe read; `docs/user/gen-check.md` lists them with
//! their reasons.
//!
//! A change in a class counts in the direction in which the class travels: what only results hold never reaches a provider.
//!
//! Not compared, since nothing of it is on the wire: documentation, deprecation, where something was read, and the order of
//! fields and methods; nor names of parameters where a side has none but `arg0`, `arg1` and so on.

mod classes;
mod effect;
mod flow;
mod found;
mod openapi;
mod protobuf;
mod services;
#[cfg(test)]
mod tests;
mod text;
mod types;

use std::fmt;

pub use effect::{Compatibility, Effect};
pub use openapi::{is_same_code, openapi_differences};
pub use protobuf::protobuf_differences;
pub use text::text_difference;

use crate::Api;
use crate::model::{Kind, Type, write_line};
use effect::Sides;
use flow::Flows;
use found::Found;
use types::Reading;

/// A difference between two [`Api`]s.
///
/// Prints as a line in the terms of Java, and serializes with its fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Change {
    /// The binary name of the interface, class or enum; of an operation over HTTP its verb and path; of a text the file and
    /// line.
    #[serde(rename = "type")]
    pub ty: String,
    /// The method with its parameters (of the old one where both have it), the field or the constant; of an operation over
    /// HTTP the parameter with its place, such as `query size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Kind of the change.
    pub what: What,
    /// The same in words, with the types before and after.
    pub text: String,
    /// Effect on consumers that were built from the old [`Api`], at providers of the new one.
    pub consumers: Effect,
    /// Effect on providers that were built from the old [`Api`], with consumers of the new one.
    pub providers: Effect,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// An interface is new.
    ServiceAdded,
    /// An interface is gone.
    ServiceRemoved,
    /// A service of a `.proto` file has another full name.
    ServiceRenamed,
    /// The group of an interface changed.
    GroupChanged,
    /// The version of an interface changed.
    VersionChanged,
    /// A method is new, which may be an overload.
    MethodAdded,
    /// A method is gone, or an overload.
    MethodRemoved,
    /// An operation over HTTP has another name, which does not travel.
    MethodRenamed,
    /// An operation over HTTP has another verb or path.
    AddressChanged,
    /// A parameter of an operation over HTTP is new.
    ParameterAdded,
    /// A parameter of an operation over HTTP is gone.
    ParameterRemoved,
    /// A parameter of an operation over HTTP is in another place, such as a header.
    ParameterMoved,
    /// A method has other parameters: to Dubbo it is another method.
    ParametersChanged,
    /// A parameter has other type arguments.
    ParameterTypeChanged,
    /// A parameter may be null where it might not, or the other way.
    ParameterNullnessChanged,
    /// A parameter has another name.
    ParameterRenamed,
    /// A method returns another type.
    ResultTypeChanged,
    /// A result may be null where it might not, or the other way.
    ResultNullnessChanged,
    /// A method declares other exceptions.
    ThrowsChanged,
    /// A method streams in another way.
    StreamChanged,
    /// A class or enum is new.
    ClassAdded,
    /// A class or enum is gone.
    ClassRemoved,
    /// A message or enum of a `.proto` file has another full name.
    ClassRenamed,
    /// A class became an enum, an interface or an exception, or the other way.
    KindChanged,
    /// A class extends another class.
    SuperclassChanged,
    /// A class became abstract, or is no longer.
    AbstractChanged,
    /// A class has a subclass more.
    SubclassAdded,
    /// A class has a subclass less.
    SubclassRemoved,
    /// A class has other type parameters.
    TypeParametersChanged,
    /// A field is new.
    FieldAdded,
    /// A field is gone.
    FieldRemoved,
    /// A field moved between a class and a class above it.
    FieldMoved,
    /// A field or value of a `.proto` file has another number.
    NumberChanged,
    /// A field of a `.proto` file has another name.
    FieldRenamed,
    /// A field has another type.
    FieldTypeChanged,
    /// A field may be null where it might not, or the other way.
    FieldNullnessChanged,
    /// A constant is new.
    ConstantAdded,
    /// A constant is gone.
    ConstantRemoved,
    /// A value of an enum of a `.proto` file has another name.
    ConstantRenamed,
    /// The constants have another order.
    ConstantOrderChanged,
    /// A text that is not compared as types is another one.
    TextChanged,
}

impl Change {
    fn new(
        ty: impl Into<String>,
        member: Option<String>,
        what: What,
        text: impl Into<String>,
        sides: Sides,
    ) -> Self {
        let Sides { consumers, providers } = sides;
        Self { ty: ty.into(), member, what, text: text.into(), consumers, providers }
    }

    /// The worse of the two sides.
    pub fn compatibility(&self) -> Compatibility {
        self.consumers.compatibility.max(self.providers.compatibility)
    }

    /// The class or method that it is about, such as `org.example.Orders.find(long)`.
    pub fn at(&self) -> String {
        match &self.member {
            // A verb and a path.
            Some(member) if self.ty.contains(' ') => format!("{} {member}", self.ty),
            Some(member) => format!("{}.{member}", self.ty),
            None => self.ty.clone(),
        }
    }
}

/// Prints `org.example.Orders.find(long): the result type changed from Order to OrderView: incompatible: ..`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, &self.at())?;
        f.write_str(": ")?;
        write_line(f, &self.text)?;
        write!(f, ": {}", self.compatibility())?;
        let sides = [("consumers", &self.consumers), ("providers", &self.providers)];
        if self.consumers == self.providers && !self.consumers.reason.is_empty() {
            return write!(
                f,
                ": consumers and providers of the old one: {}",
                self.consumers.reason
            );
        }
        let mut before = ": ";
        for (side, effect) in sides.into_iter().filter(|(_, effect)| !effect.reason.is_empty()) {
            if effect.compatibility == Compatibility::Compatible
                && self.compatibility() != Compatibility::Compatible
            {
                continue;
            }
            write!(f, "{before}{side} of the old one: {}", effect.reason)?;
            before = "; ";
        }
        Ok(())
    }
}

/// Returns what changed from `old` to `new`, sorted by types and members.
///
/// ```
/// use dubhe_codegen::{check, definition};
///
/// let read = |fields: &str| {
///     let json = format!(
///         r#"{{"canonicalName": "org.example.Users", "methods": [
///             {{"name": "find", "parameterTypes": ["long"], "returnType": "org.example.User"}}
///         ], "types": [{{"type": "org.example.User", "properties": {{{fields}}}}}]}}"#
///     );
///     definition::read(&json, "example")
/// };
/// let old = read(r#""id": "int""#)?;
/// let new = read(r#""id": "long", "name": "java.lang.String""#)?;
/// let changes = check::differences(&old, &new);
/// assert_eq!(changes.len(), 2);
/// assert!(changes[0].to_string().starts_with("org.example.User.id: the type changed from int to long: conditional"));
/// assert_eq!(changes[1].compatibility(), check::Compatibility::Compatible);
/// # Ok::<(), dubhe_codegen::definition::DefinitionError>(())
/// ```
pub fn differences(old: &Api, new: &Api) -> Vec<Change> {
    let mut changes = Changes {
        found: Found::default(),
        flows: Flows::of(old, new),
        reading: Reading { old, new },
    };
    let mut names: Vec<&String> = old.types.keys().chain(new.types.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        match (old.types.get(name), new.types.get(name)) {
            (Some(old), Some(new)) => match (&old.kind, &new.kind) {
                (Kind::Service(old), Kind::Service(new)) => {
                    services::compare(name, old, new, &mut changes);
                }
                (Kind::Class(old), Kind::Class(new)) => {
                    classes::compare(name, old, new, &mut changes);
                }
                (Kind::Enum(old), Kind::Enum(new)) => {
                    classes::compare_enums(name, old, new, &mut changes);
                }
                (old, new) => classes::compare_kinds(name, old, new, &mut changes),
            },
            (Some(old), None) => classes::removed(name, &old.kind, &mut changes),
            (None, Some(new)) => classes::added(name, &new.kind, &mut changes),
            (None, None) => {}
        }
    }
    changes.found.sorted()
}

/// Changes that are found, and the means to judge them.
struct Changes<'a> {
    found: Found,
    flows: Flows,
    reading: Reading<'a>,
}

/// Two types for a sentence: without packages where that tells them apart.
fn both(old: &Type, new: &Type) -> (String, String) {
    let names = (short(old), short(new));
    if names.0 == names.1 { (old.to_string(), new.to_string()) } else { names }
}

/// A type without the packages of its classes.
fn short(ty: &Type) -> String {
    match ty {
        Type::Class { name, arguments } => {
            let simple = name.rsplit('.').next().unwrap_or(name).to_owned();
            if arguments.is_empty() {
                return simple;
            }
            let arguments: Vec<_> = arguments.iter().map(short).collect();
            format!("{simple}<{}>", arguments.join(", "))
        }
        Type::Array(of) => short(of) + "[]",
        Type::Nullable(of) => short(of),
        Type::Void | Type::Primitive(_) | Type::Variable(_) => ty.to_string(),
    }
}
