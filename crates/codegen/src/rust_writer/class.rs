//! Classes: structs, enums of subclasses, tuple structs over a `Value`.

use super::file::File;
use super::member::{class, derive, document, head, members};
use super::rust::{Mapped, Rust, Uncarried};
use super::shape::{Struct, elements, parent_type, subclass_type};
use super::text::{clean, doc_lines, fits, literal};
use super::{Writing, family, layout, note_widened, short};
use crate::jdk::{self, Shape};
use crate::model::{Api, Field, Kind, Note, Type};
use crate::names::{Scope, camel, java_of_snake, snake};

/// The fields of an exception that are those of `Throwable`.
const PARTS: [&str; 4] = ["message", "cause", "stack", "suppressed"];

/// Writes a struct.
pub(super) fn object(
    writing: &Writing<'_>,
    file: &mut File<'_>,
    java: &str,
    of: &Struct,
    notes: &mut Vec<Note>,
) {
    let derives = writing.derives(java);
    let list: Vec<&str> = [
        ("Clone", true),
        ("Debug", true),
        ("Default", derives.default),
        ("PartialEq", true),
        ("Eq", derives.eq),
        ("Hash", derives.hash),
    ]
    .into_iter()
    .filter(|(_, has)| *has)
    .map(|(name, _)| name)
    .collect();
    let name_of_derive = if of.exception { "JavaException" } else { "Java" };
    head(writing, file, java, name_of_derive, &list.join(", "));
    let name = writing.name(java);
    let generics = generics(writing, java);
    let start = file.text.as_str().len();
    file.text.line(0, &format!("pub struct {name}{generics} {{"));
    let open = file.text.as_str().len();
    let parent = of.parent.as_ref().and_then(|parent| parent_type(writing.mapper, parent));
    fields(writing, file, java, of, parent.as_ref(), notes);
    if file.text.as_str().len() == open {
        file.text.truncate(start);
        file.text.line(0, &format!("pub struct {name}{generics} {{}}"));
    } else {
        file.text.line(0, "}");
    }
}

fn fields(
    writing: &Writing<'_>,
    file: &mut File<'_>,
    java: &str,
    of: &Struct,
    parent: Option<&Rust>,
    notes: &mut Vec<Note>,
) {
    let mut taken: Vec<String> = Vec::new();
    let parent = parent.and_then(|parent| match parent {
        Rust::User(name, _) => Some((parent, snake(writing.name(name)))),
        _ => None,
    });
    if let Some((parent, name)) = &parent {
        taken.push(name.clone());
        file.text.line(4, "/// The superclass.");
        file.text.line(4, "#[java(flatten)]");
        let ty = file.rust(parent);
        field(file, name, &ty);
    } else if of.exception {
        taken.extend(PARTS.map(str::to_owned));
        let throwable = file.item("java::Throwable");
        let element = file.item("java::StackTraceElement");
        for (part, doc, ty) in [
            ("message", "The text that `getMessage` gives.", "Option<String>".to_owned()),
            ("cause", "The throwable that caused it.", format!("Option<Box<{throwable}>>")),
            (
                "stack",
                "The place where it was made, the innermost call first.",
                format!("Vec<{element}>"),
            ),
            (
                "suppressed",
                "The throwables that were left behind for it, such as those of `close`.",
                format!("Vec<{throwable}>"),
            ),
        ] {
            file.text.line(4, &format!("/// {doc}"));
            file.text.line(4, &format!("#[java({part})]"));
            field(file, part, &ty);
        }
    }
    if of.exception && parent.is_some() {
        // Fields of these names are asked for their role.
        taken.extend(PARTS.map(str::to_owned));
    }
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    let all: Vec<&str> = of.fields.iter().map(|of| &*of.name).collect();
    let names = members(writing, java, &all, &taken, snake, java_of_snake, notes);
    for (at, (one, name)) in of.fields.iter().zip(names).enumerate() {
        let place = format!("{java}.{}", one.name);
        let nullable = writing.mapper.writer.unannotated.fields;
        match writing.mapper.member(&place, &one.ty, one.null, nullable) {
            Ok(mapped) => {
                note_widened(notes, &place, &mapped.widened);
                let boxed = writing.shapes.boxed.contains(&(java.to_owned(), at));
                own(writing.mapper.api, file, one, &name, (mapped, boxed));
            }
            Err(Uncarried(why)) => {
                let text = format!(
                    "the field `{} {}` is left out: {why}",
                    short(writing.mapper.api, &one.ty),
                    one.name
                );
                file.text.comment(4, &text);
                notes.push(Note { at: place, text });
            }
        }
    }
}

/// Writes a field of the class itself.
fn own(api: &Api, file: &mut File<'_>, of: &Field, name: &str, (mapped, boxed): (Mapped, bool)) {
    let declared = format!("`{} {}`.", clean(&short(api, &of.ty)), clean(&of.name));
    let doc = match of.doc.as_deref().map(doc_lines) {
        Some(mut lines) if !lines.is_empty() => {
            // The last declaration counts: documentation of Java may look like one.
            let looks = lines.iter().any(|line| line.trim_start().starts_with("Java: `"))
                || lines.len() == 1 && lines.iter().any(|line| line.trim_start().starts_with('`'));
            if looks || !is_said(api, &of.ty, &mapped) {
                lines.extend([String::new(), format!("Java: {declared}")]);
            }
            lines
        }
        _ => vec![declared],
    };
    file.text.doc(4, &doc);
    if of.deprecated {
        file.text.line(4, "#[deprecated]");
    }
    if java_of_snake(name) != of.name {
        file.text.attribute(4, "java", &[format!("name = {}", literal(&of.name))]);
    }
    let rust = match mapped.rust {
        Rust::Option(of) if boxed => Rust::Option(Box::new(Rust::Boxed(of))),
        rust if boxed => Rust::Boxed(Box::new(rust)),
        rust => rust,
    };
    let ty = file.rust(&rust);
    field(file, name, &ty);
}

/// Returns `true` if the Rust type is that of no other type of Java.
fn is_said(api: &Api, ty: &Type, mapped: &Mapped) -> bool {
    let mut classes = Vec::new();
    ty.classes(&mut classes);
    mapped.rust.declares() == ty.in_descriptor()
        && mapped.widened.is_empty()
        && !is_raw(api, ty)
        && classes.iter().all(|name| {
            !api.unknown.contains(*name) && jdk::carried(name).is_none_or(|carried| carried.own)
        })
}

/// Returns `true` where a class has no type arguments, and Rust's type has.
fn is_raw(api: &Api, ty: &Type) -> bool {
    match ty {
        Type::Class { name, arguments } if arguments.is_empty() => {
            match api.types.get(name).map(|of| &of.kind) {
                Some(Kind::Class(of)) => !of.parameters.is_empty(),
                _ => jdk::carried(name).is_some_and(|of| {
                    matches!(of.rust, Shape::List | Shape::Set | Shape::Elements | Shape::Map)
                }),
            }
        }
        Type::Class { arguments, .. } => arguments.iter().any(|of| is_raw(api, of)),
        Type::Array(of) | Type::Nullable(of) => is_raw(api, of),
        Type::Void | Type::Primitive(_) | Type::Variable(_) => false,
    }
}

fn field(file: &mut File<'_>, name: &str, ty: &str) {
    let one = format!("pub {name}: {ty},");
    if fits(&format!("    {one}")) {
        file.text.line(4, &one);
    } else if fits(&format!("        {ty},")) {
        file.text.line(4, &format!("pub {name}:"));
        file.text.line(8, &format!("{ty},"));
    } else {
        file.text.line(4, "#[rustfmt::skip]");
        file.text.line(4, &one);
    }
}

/// Writes an abstract class: an enum of the classes below it.
pub(super) fn subclasses(
    writing: &Writing<'_>,
    file: &mut File<'_>,
    java: &str,
    below: &[String],
    notes: &mut Vec<Note>,
) {
    let class = family::class(java);
    let Some(declared) = writing.mapper.api.types.get(class) else { return };
    let Kind::Class(of) = &declared.kind else { return };
    if family::is_key(java) {
        let (own, name) = (writing.name(class), writing.name(java));
        let more = if of.is_exception {
            format!("[`{own}`] or an exception below it, as a `catch` has it.")
        } else {
            format!(
                "[`{own}`] or a class below it: what Java declares as `{}`.",
                layout::simple(class)
            )
        };
        document(writing, file, class, &[String::new(), more]);
        variants(writing, file, class, name, below, of.is_exception);
        return;
    }
    if !of.parameters.is_empty() {
        notes.push(Note {
            at: java.to_owned(),
            text: "an enum of subclasses has no type parameters, so those of its subclasses are Values"
                .to_owned(),
        });
    }
    document(writing, file, java, &[]);
    variants(writing, file, java, writing.name(java), below, of.is_exception);
}

fn variants(
    writing: &Writing<'_>,
    file: &mut File<'_>,
    java: &str,
    name: &str,
    below: &[String],
    exception: bool,
) {
    let macro_name = if exception { "JavaException" } else { "Java" };
    let known = below.iter().filter_map(|below| subclass_type(writing.mapper, below));
    let derives =
        known.map(|of| writing.mapper.derives(&of)).fold(super::Derives::ALL, super::Derives::and);
    let mut list = String::from("Clone, Debug, PartialEq");
    if derives.eq {
        list.push_str(", Eq");
    }
    if derives.hash && derives.eq {
        list.push_str(", Hash");
    }
    derive(file, macro_name, &list);
    class(writing, file, java);
    file.text.line(0, &format!("pub enum {name} {{"));
    let mut scope = Scope::default();
    for below in below {
        let Some(rust) = subclass_type(writing.mapper, below) else { continue };
        let own = match &rust {
            Rust::Custom(path, _) => camel(path.rsplit("::").next().unwrap_or_default()),
            _ => writing.name(below).to_owned(),
        };
        let short = own.strip_prefix(name).filter(|rest| rest.starts_with(char::is_uppercase));
        let variant = scope.take_one(&camel(short.unwrap_or(&own)));
        let ty = file.rust(&rust);
        file.text.line(4, &format!("/// `{}`.", layout::simple(below)));
        let one = format!("{variant}({ty}),");
        if !fits(&format!("    {one}")) {
            file.text.line(4, "#[rustfmt::skip]");
        }
        file.text.line(4, &one);
    }
    file.text.line(0, "}");
}

/// Writes a class that extends a collection or map: a tuple struct over its elements or entries.
pub(super) fn collection(
    writing: &Writing<'_>,
    file: &mut File<'_>,
    java: &str,
    of: &Type,
    notes: &mut Vec<Note>,
) {
    let Ok(mapped) = elements(writing.mapper, of) else { return };
    note_widened(notes, java, &mapped.widened);
    let derives = writing.derives(java);
    let more = match (derives.eq, derives.hash) {
        (true, true) => ", Eq, Hash",
        (true, false) => ", Eq",
        (false, _) => "",
    };
    head(writing, file, java, "Java", &format!("Clone, Debug, Default, PartialEq{more}"));
    let (name, generics) = (writing.name(java), generics(writing, java));
    let ty = file.rust(&mapped.rust);
    file.text.line(0, &format!("pub struct {name}{generics}("));
    file.text.line(4, &format!("/// `{} this`.", clean(&short(writing.mapper.api, of))));
    let one = format!("pub {ty},");
    if !fits(&format!("    {one}")) {
        file.text.line(4, "#[rustfmt::skip]");
    }
    file.text.line(4, &one);
    file.text.line(0, ");");
}

/// The type parameters of a struct.
fn generics(writing: &Writing<'_>, java: &str) -> String {
    let parameters = match writing.mapper.api.types.get(java).map(|of| &of.kind) {
        Some(Kind::Class(class)) => writing.mapper.kept(java, &class.parameters),
        _ => Vec::new(),
    };
    let parameters: Vec<String> = parameters.into_iter().map(|of| camel(of)).collect();
    if parameters.is_empty() { String::new() } else { format!("<{}>", parameters.join(", ")) }
}

/// Writes a class of which nothing is known, or whose objects hold each other in circles.
pub(super) fn opaque(writing: &Writing<'_>, file: &mut File<'_>, java: &str) {
    head(writing, file, java, "Java", "Clone, Debug, Default, PartialEq");
    let value = file.item("Value");
    file.text.line(0, &format!("pub struct {}(pub {value});", writing.name(java)));
}
