//! Services and their methods.

use std::collections::BTreeSet;

use super::file::comment;
use super::names::{self, RENAME};
use super::types::{Message, Types};
use crate::model::{Declared, Field, Method, Nullness, Service, Stream, Type};

/// Adds a service with the methods that protocol buffers can have.
pub(super) fn write(types: &mut Types<'_>, declared: &Declared, service: &Service) {
    let (package, name) = (names::package(&declared.name), names::message(&declared.name));
    if let Err(why) = types.take(package, &name, &declared.name) {
        types.note(&declared.name, format!("the service is left out: {why}"));
        return;
    }
    let methods: BTreeSet<String> =
        service.methods.iter().map(|method| names::upper(&method.name)).collect();
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for method in &service.methods {
        let said = names::upper(&method.name);
        let before = types.before();
        let written = if !names::is_valid(&said) {
            Err(format!("`{}` is no name in a .proto file{RENAME}", method.name))
        } else if !seen.insert(said.clone()) {
            Err(format!(
                "another method is called `{said}` there, and a service has no overloads{RENAME}"
            ))
        } else {
            rpc(types, (package, &name, &methods), &said, method)
        };
        match written {
            Ok(text) => texts.push(text),
            Err(why) => {
                types.restore(&before);
                let at = format!("{}.{}", declared.name, method.name);
                types.note(at, format!("the method is left out: {why}"));
            }
        }
    }
    let mut text = comment(declared.doc.as_deref(), "");
    text += &format!("service {name} {{\n");
    if declared.deprecated {
        text += "  option deprecated = true;\n";
    }
    text += &texts.join("\n");
    text += "}\n";
    let file = types.file(package);
    file.sources.insert(declared.source.clone());
    file.services.push(text);
}

fn rpc(
    types: &mut Types<'_>,
    (package, service, methods): (&str, &str, &BTreeSet<String>),
    said: &str,
    method: &Method,
) -> Result<String, String> {
    let at = format!("{package}.{service}.{}", method.name);
    let fields: Vec<Field> =
        method.parameters.iter().map(|own| field(&own.name, &own.ty, own.null)).collect();
    let request = message(types, (package, &at), &format!("{service}{said}Request"), &fields)?;
    let response =
        if matches!(&method.result, Type::Void) || method.result == Type::class("java.lang.Void") {
            types.library(package, "Empty", "empty")
        } else {
            let result = field("result", &method.result, method.result_null);
            message(types, (package, &at), &format!("{service}{said}Response"), &[result])?
        };
    let (sends, receives) = match method.stream {
        Stream::No => ("", ""),
        Stream::Server => ("", "stream "),
        Stream::Both => ("stream ", "stream "),
    };
    let mut doc = method.doc.clone().unwrap_or_default();
    if !method.throws.is_empty() {
        let gap = if doc.is_empty() { "" } else { "\n\n" };
        doc += &format!("{gap}Throws {}.", method.throws.join(", "));
    }
    // From the root, where a method has the name of the message: protoc takes the method for it.
    let from_root = |of: String| match (methods.contains(&of), package) {
        (false, _) => of,
        (true, "") => format!(".{of}"),
        (true, package) => format!(".{package}.{of}"),
    };
    let (request, response) = (from_root(request), from_root(response));
    let mut text = comment(Some(&doc), "  ");
    text += &format!("  rpc {said}({sends}{request}) returns ({receives}{response})");
    text += if method.deprecated { " {\n    option deprecated = true;\n  }\n" } else { ";\n" };
    Ok(text)
}

fn field(name: &str, ty: &Type, null: Nullness) -> Field {
    Field { name: name.to_owned(), ty: ty.clone(), null, doc: None, deprecated: false }
}

/// The message of the one class among `fields`, or one of its own with all of them.
fn message(
    types: &mut Types<'_>,
    (package, at): (&str, &str),
    name: &str,
    fields: &[Field],
) -> Result<String, String> {
    let fields_of = |types: &mut Types<'_>| {
        let one = |field| types.field((package, at), field);
        fields.iter().map(one).collect::<Result<Vec<_>, _>>()
    };
    let made = fields_of(types)?;
    if let ([field], [one]) = (fields, made.as_slice())
        && field.null != Nullness::Nullable
        && types.is_declared(&field.ty)
        && one.label.is_empty()
    {
        return Ok(one.ty.clone());
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = made.iter().find(|field| !seen.insert(field.name.clone())) {
        return Err(format!(
            "two parameters are called `{}` there; give one of them another name",
            twice.name
        ));
    }
    types.take(package, name, &format!("a message of the method {at}"))?;
    let message = Message { doc: None, fields: made, is_choice: false };
    types.file(package).messages.insert(name.to_owned(), message);
    Ok(name.to_owned())
}
