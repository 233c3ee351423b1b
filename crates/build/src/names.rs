//! The names that items of `.proto` files have in Rust, and those that two of them would share.
//!
//! The rules are prost's: packages, messages with types in them, and fields are in snake case,
//! types and values of enums in upper camel case. Case and underscores are so lost, and names that
//! differ in nothing else are one name in Rust.

use std::collections::HashMap;

use heck::{ToSnakeCase, ToUpperCamelCase as _};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    MessageOptions, OneofDescriptorProto,
};

use crate::error::Error;

/// The name of a type.
pub(crate) fn type_name(name: &str) -> String {
    let camel = name.to_upper_camel_case();
    if camel == "Self" { "Self_".to_owned() } else { camel }
}

/// The name of a field.
pub(crate) fn field_name(name: &str) -> String {
    name.to_snake_case()
}

/// The module of a package, as a path without escapes of keywords.
pub(crate) fn module(package: &str) -> Vec<String> {
    package.split('.').filter(|part| !part.is_empty()).map(ToSnakeCase::to_snake_case).collect()
}

/// The oneofs that somebody wrote, with their numbers. A field with `optional` has one that nobody
/// sees.
pub(crate) fn oneofs(message: &DescriptorProto) -> impl Iterator<Item = (i32, &str)> {
    let real = |number: &i32| {
        let of = |field: &&FieldDescriptorProto| {
            field.oneof_index == Some(*number) && !field.proto3_optional()
        };
        message.field.iter().any(|field| of(&field))
    };
    let numbered = (0..).zip(message.oneof_decl.iter().map(OneofDescriptorProto::name));
    numbered.filter(move |(number, _)| real(number))
}

/// The type of a oneof, which gives way to a type of its name in the message.
pub(crate) fn oneof_type(message: &DescriptorProto, oneof: &str) -> String {
    let (name, nested) = (type_name(oneof), message.nested_type.iter().map(DescriptorProto::name));
    let mut nested = nested.chain(message.enum_type.iter().map(EnumDescriptorProto::name));
    if nested.any(|other| type_name(other) == name) { format!("{name}OneOf") } else { name }
}

/// Checks that all items of `files` have names of their own.
///
/// # Errors
/// [`Error::Clash`] names two of them that do not, [`Error::NoName`] one that cannot have any.
pub(crate) fn check(files: &[&FileDescriptorProto]) -> Result<(), Error> {
    let mut names = Names { file: "", taken: HashMap::new() };
    for file in files {
        names.file = file.name();
        let scope = Scope::of(file.package());
        for part in file.package().split('.').filter(|part| !part.is_empty()) {
            names.is_name(part, || format!("package `{}`", file.package()))?;
        }
        file.message_type.iter().try_for_each(|message| names.message(&scope, message))?;
        file.enum_type.iter().try_for_each(|one| names.enumeration(&scope, one))?;
        for service in &file.service {
            let service_name = scope.proto(service.name());
            names.is_name(service.name(), || format!("service `{service_name}`"))?;
            for method in &service.method {
                let what = || format!("method `{}` of service `{service_name}`", method.name());
                names.is_name(method.name(), what)?;
            }
        }
    }
    Ok(())
}

/// The scope of items: a package or a message.
struct Scope {
    proto: String,
    rust: Vec<String>,
}

impl Scope {
    fn of(package: &str) -> Self {
        Self { proto: package.to_owned(), rust: module(package) }
    }

    /// The full name of an item there.
    fn proto(&self, name: &str) -> String {
        if self.proto.is_empty() { name.to_owned() } else { format!("{}.{name}", self.proto) }
    }

    fn rust(&self, name: &str) -> String {
        let parts: Vec<&str> = self.rust.iter().map(String::as_str).chain([name]).collect();
        parts.join("::")
    }

    /// The scope of what is in the message of this name.
    fn message(&self, name: &str) -> Self {
        let mut rust = self.rust.clone();
        rust.push(name.to_snake_case());
        Self { proto: self.proto(name), rust }
    }
}

struct Names<'a> {
    /// The file that is read.
    file: &'a str,
    /// The items that have a name, by it.
    taken: HashMap<String, String>,
}

impl Names<'_> {
    /// Takes a name for an item.
    fn take(&mut self, rust: String, what: &str) -> Result<(), Error> {
        let second = format!("{what} ({})", self.file);
        match self.taken.insert(rust.clone(), second.clone()) {
            None => Ok(()),
            Some(first) => Err(Error::Clash { first, second, rust }),
        }
    }

    /// Checks that something of a name is left in Rust, where it may not begin with a digit.
    fn is_name(&self, name: &str, what: impl FnOnce() -> String) -> Result<(), Error> {
        match name.trim_start_matches('_').chars().next() {
            Some(first) if first.is_alphabetic() => Ok(()),
            _ => Err(Error::NoName { item: format!("{} ({})", what(), self.file) }),
        }
    }

    fn message(&mut self, scope: &Scope, message: &DescriptorProto) -> Result<(), Error> {
        let full = scope.proto(message.name());
        let rust = scope.rust(&type_name(message.name()));
        let what = format!("message `{full}`");
        self.is_name(message.name(), || what.clone())?;
        self.take(rust.clone(), &what)?;

        let inner = scope.message(message.name());
        for (_, oneof) in oneofs(message) {
            let what = format!("oneof `{oneof}` of `{full}`");
            self.is_name(oneof, || what.clone())?;
            self.take(format!("{rust}.{}", oneof.to_snake_case()), &what)?;
            self.take(inner.rust(&oneof_type(message, oneof)), &what)?;
        }
        for field in &message.field {
            self.field(message, &inner, &rust, field)?;
        }
        let written = |nested: &&DescriptorProto| !is_map_entry(nested);
        message.nested_type.iter().filter(written).try_for_each(|m| self.message(&inner, m))?;
        message.enum_type.iter().try_for_each(|one| self.enumeration(&inner, one))
    }

    /// A field, with the methods that prost makes for it.
    fn field(
        &mut self,
        message: &DescriptorProto,
        inner: &Scope,
        rust: &str,
        field: &FieldDescriptorProto,
    ) -> Result<(), Error> {
        let what = format!("field `{}` of `{}`", field.name(), inner.proto);
        self.is_name(field.name(), || what.clone())?;
        let name = field.name().to_snake_case();
        if field.oneof_index.is_some() && !field.proto3_optional() {
            let all = (0..).zip(message.oneof_decl.iter().map(OneofDescriptorProto::name));
            let own = all.into_iter().find(|(number, _)| Some(*number) == field.oneof_index);
            let oneof = own.map(|(_, oneof)| inner.rust(&oneof_type(message, oneof)));
            let variant = type_name(field.name());
            return self.take(format!("{}::{variant}", oneof.unwrap_or_default()), &what);
        }
        self.take(format!("{rust}.{name}"), &what)?;
        let entry = message.nested_type.iter().find(|nested| {
            is_map_entry(nested)
                && field.type_name() == format!(".{}.{}", inner.proto, nested.name())
        });
        let value =
            entry.and_then(|entry| entry.field.iter().find(|field| field.name() == "value"));
        let methods = match (value, field.r#type(), field.label()) {
            (Some(value), _, _) if value.r#type() == Type::Enum => {
                if syn::parse_str::<syn::Ident>(&name).is_err() {
                    let item = format!("{what} ({}), a map of enums called `{name}`,", self.file);
                    return Err(Error::NoName { item });
                }
                vec![format!("get_{name}"), format!("insert_{name}")]
            }
            (None, Type::Enum, Label::Repeated) => vec![name.clone(), format!("push_{name}")],
            (None, Type::Enum, _) => vec![name.clone(), format!("set_{name}")],
            (None, Type::Message | Type::Group, _) | (Some(_), ..) => Vec::new(),
            (None, _, Label::Optional) => vec![name],
            _ => Vec::new(),
        };
        methods.iter().try_for_each(|method| self.take(format!("{rust}::{method}()"), &what))
    }

    fn enumeration(&mut self, scope: &Scope, one: &EnumDescriptorProto) -> Result<(), Error> {
        let (name, full) = (type_name(one.name()), scope.proto(one.name()));
        let rust = scope.rust(&name);
        let what = format!("enum `{full}`");
        self.is_name(one.name(), || what.clone())?;
        self.take(rust.clone(), &what)?;
        let mut numbers = Vec::new();
        for value in &one.value {
            // Aliases have no name of their own in Rust.
            if numbers.contains(&value.number()) {
                continue;
            }
            numbers.push(value.number());
            let what = format!("value `{}` of enum `{full}`", value.name());
            self.is_name(value.name(), || what.clone())?;
            self.take(format!("{rust}::{}", variant(one.name(), value.name())), &what)?;
        }
        Ok(())
    }
}

/// The name of a value of an enum, whose own name goes from its front.
fn variant(of: &str, value: &str) -> String {
    let (of, value) = (of.to_upper_camel_case(), value.to_upper_camel_case());
    match value.strip_prefix(&of) {
        Some(rest) if rest.starts_with(char::is_uppercase) => rest.to_owned(),
        _ => value,
    }
}

/// Returns true for the message that `protoc` makes of the entries of a map.
pub(crate) fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(MessageOptions::map_entry)
}
