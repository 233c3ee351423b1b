//! The model as text that looks like Java.

use std::fmt::Write;

use dubhe_codegen::model::{Api, Declared, Kind, Method, Nullness, Stream};

/// Writes a type.
pub(crate) fn declared(of: &Declared) -> String {
    let mut text = String::new();
    if of.deprecated {
        text.push_str("@Deprecated ");
    }
    match &of.kind {
        Kind::Service(service) => {
            let _ = writeln!(text, "service {}", of.name);
            for of in &service.methods {
                let _ = writeln!(text, "  {}", method(of));
            }
        }
        Kind::Enum(all) => {
            let names: Vec<String> = all
                .constants
                .iter()
                .map(|of| format!("{}{}", if of.deprecated { "@Deprecated " } else { "" }, of.name))
                .collect();
            let _ = writeln!(text, "enum {}: {}", of.name, names.join(", "));
        }
        Kind::Class(class) => {
            let what = if class.is_exception { "exception" } else { "class" };
            let is_abstract = if class.is_abstract { "abstract " } else { "" };
            let _ = write!(text, "{is_abstract}{what} {}", of.name);
            if !class.parameters.is_empty() {
                let _ = write!(text, "<{}>", class.parameters.join(", "));
            }
            if let Some(superclass) = &class.superclass {
                let _ = write!(text, " extends {superclass}");
            }
            if !class.subclasses.is_empty() {
                let _ = write!(text, " above {}", class.subclasses.join(", "));
            }
            text.push('\n');
            for field in &class.fields {
                let deprecated = if field.deprecated { "@Deprecated " } else { "" };
                let _ =
                    writeln!(text, "  {deprecated}{}{} {}", field.ty, null(field.null), field.name);
            }
        }
    }
    text
}

/// Writes a method.
pub(crate) fn method(of: &Method) -> String {
    let parameters: Vec<String> = of
        .parameters
        .iter()
        .map(|of| {
            let erasure = of.erasure.as_ref().map(|of| format!(" as {of}")).unwrap_or_default();
            format!("{}{} {}{erasure}", of.ty, null(of.null), of.name)
        })
        .collect();
    let deprecated = if of.deprecated { "@Deprecated " } else { "" };
    let stream = match of.stream {
        Stream::No => "",
        Stream::Server => "stream ",
        Stream::Both => "both ",
    };
    let throws = if of.throws.is_empty() {
        String::new()
    } else {
        format!(" throws {}", of.throws.join(", "))
    };
    let (result, null) = (&of.result, null(of.result_null));
    format!("{deprecated}{stream}{result}{null} {}({}){throws}", of.name, parameters.join(", "))
}

fn null(of: Nullness) -> &'static str {
    match of {
        Nullness::Unknown => "",
        Nullness::Nullable => "?",
        Nullness::NonNull => "!",
    }
}

/// Writes all types and notes.
pub(crate) fn api(of: &Api) -> String {
    let mut text: String = of.types.values().map(declared).collect();
    for note in &of.notes {
        let _ = writeln!(text, "! {note}");
    }
    text
}
