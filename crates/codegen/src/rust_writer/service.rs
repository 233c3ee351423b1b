//! Services: traits.

use std::collections::BTreeMap;

use super::file::File;
use super::member::document;
use super::rust::{Rust, Uncarried};
use super::shape::What;
use super::text::{Text, clean, doc_lines, fits, literal};
use super::{MethodOption, Writing, family, layout, note_widened, short};
use crate::jdk::{self, Shape};
use crate::model::{Api, Kind, Method, Note, Primitive, Service, Stream, Type};
use crate::names::{Scope, is_class, java_of_snake, snake};

/// The most arguments that a method has.
const MAX_ARGUMENTS: usize = 16;

/// The methods that a client has of its own.
const OWN_METHODS: [&str; 4] = ["new", "over", "with", "client"];

/// Writes a trait.
pub(super) fn write(writing: &Writing<'_>, file: &mut File<'_>, java: &str, notes: &mut Vec<Note>) {
    let Some(Kind::Service(of)) = writing.mapper.api.types.get(java).map(|of| &of.kind) else {
        return;
    };
    document(writing, file, java, &[]);
    let mut arguments = vec![literal(java)];
    let path = writing.mapper.writer.krate.as_ref().map(|_| file.facade("__private"));
    for (name, value) in [("version", &of.version), ("group", &of.group), ("crate", &path)] {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            arguments.push(format!("{name} = {}", literal(value)));
        }
    }
    let interface = file.facade("interface");
    file.text.attribute(0, &interface, &arguments);
    let name = writing.name(java);
    if of.methods.is_empty() {
        file.text.line(0, &format!("pub trait {name} {{}}"));
        return;
    }
    file.text.line(0, &format!("pub trait {name} {{"));
    let names = names(writing, java, of, notes);
    let streams = of.methods.iter().any(|method| method.stream != Stream::No);
    for (at, (method, name)) in of.methods.iter().zip(names).enumerate() {
        if at > 0 {
            file.text.line(0, "");
        }
        let place = format!("{java}.{}", method.name);
        let mut widened = Vec::new();
        match signature(writing, file, (&place, method), streams, &mut widened) {
            Ok(signature) => {
                note_widened(notes, &place, &widened);
                declare(writing, file, (&place, method), &name, &signature);
            }
            Err(Uncarried(why)) => {
                let text = format!(
                    "the method `{}` is left out: {why}",
                    spelled(writing.mapper.api, method)
                );
                file.text.comment(4, &text);
                notes.push(Note { at: place, text });
            }
        }
    }
    file.text.line(0, "}");
}

/// The method as Java's source has it.
fn spelled(api: &Api, method: &Method) -> String {
    let short = |ty: &Type| short(api, ty);
    let mut parameters: Vec<String> = method
        .parameters
        .iter()
        .map(|parameter| format!("{} {}", short(&parameter.ty), parameter.name))
        .collect();
    let observer = |of: &Type| format!("StreamObserver<{}>", short(of));
    let result = match method.stream {
        Stream::No => short(&method.result),
        Stream::Server => {
            parameters.push(format!("{} replies", observer(&method.result)));
            "void".to_owned()
        }
        Stream::Both => {
            let requests = method.parameters.first().map(|parameter| observer(&parameter.ty));
            parameters = vec![format!("{} replies", observer(&method.result))];
            requests.unwrap_or_default()
        }
    };
    clean(&format!("{result} {}({})", method.name, parameters.join(", ")))
}

/// The names of the methods in Rust.
fn names(writing: &Writing<'_>, java: &str, of: &Service, notes: &mut Vec<Note>) -> Vec<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for method in &of.methods {
        *count.entry(&method.name).or_default() += 1;
    }
    let mut order = Vec::new();
    for (at, method) in of.methods.iter().enumerate() {
        let overloaded = count.get(&*method.name).is_some_and(|count| *count > 1);
        let renamed = writing.renamed(java, &method.name);
        let mut name = renamed.map_or_else(|| snake(&method.name), str::to_owned);
        if overloaded && !method.parameters.is_empty() {
            let types = method.parameters.iter().map(|parameter| word(&parameter.ty));
            let bare = name.trim_start_matches("r#");
            name = format!("{bare}_{}", types.collect::<Vec<_>>().join("_"));
        }
        if OWN_METHODS.contains(&&*name) {
            name.push('_');
        }
        let types: Vec<_> = method.parameters.iter().map(|of| of.ty.to_string()).collect();
        let exact = java_of_snake(&name) == method.name;
        order.push((renamed.is_none(), !exact, &method.name, types, name, at));
    }
    order.sort();
    let mut scope = Scope::of(OWN_METHODS);
    let mut names = vec![String::new(); of.methods.len()];
    for (.., method, types, wanted, at) in order {
        let name = scope.take_one(&wanted);
        if name != wanted {
            notes.push(Note {
                at: format!("{java}.{method}({})", types.join(", ")),
                text: format!(
                    "{wanted} is another method, so it is called {name}; a rename gives it another name"
                ),
            });
        }
        if let Some(slot) = names.get_mut(at) {
            *slot = name;
        }
    }
    names
}

/// The word for a type in the name of an overload.
fn word(ty: &Type) -> String {
    let word = match ty {
        Type::Void => "void".to_owned(),
        Type::Primitive(of) => of.name().to_owned(),
        Type::Variable(_) => "object".to_owned(),
        Type::Array(of) => word(of) + "_array",
        Type::Nullable(of) => word(of),
        Type::Class { name, .. } => match jdk::carried(name).map(|carried| carried.rust) {
            Some(Shape::Boxed(Primitive::Int)) => "boxed_int".to_owned(),
            Some(Shape::Boxed(Primitive::Char)) => "boxed_char".to_owned(),
            Some(Shape::Boxed(of)) => format!("boxed_{}", of.name()),
            _ => {
                let simple = layout::simple(name);
                snake(simple.rsplit('.').next().unwrap_or_default())
            }
        },
    };
    word.trim_start_matches("r#").to_owned()
}

/// The type, of whose parameters a trait has none.
fn concrete(ty: &Type) -> Type {
    ty.substitute(&[], &[])
}

/// A method in Rust.
struct Signature {
    /// Each parameter with its declared type in Java, if that is another one than the Rust type's.
    parameters: Vec<(Option<String>, String)>,
    output: String,
}

fn signature(
    writing: &Writing<'_>,
    file: &mut File<'_>,
    (place, method): (&str, &Method),
    streams: bool,
    widened: &mut Vec<String>,
) -> Result<Signature, Uncarried> {
    let mapper = writing.mapper;
    if method.parameters.len() > MAX_ARGUMENTS {
        return Err(Uncarried(format!(
            "it has more than {MAX_ARGUMENTS} parameters; declare a class of them"
        )));
    }
    // All types first, so that nothing is imported for a method that is left out.
    let result = match method.stream {
        Stream::No => {
            let nullable = writing.mapper.writer.unannotated.results;
            mapper.member(place, &concrete(&method.result), method.result_null, nullable)?
        }
        Stream::Server | Stream::Both => mapper.message(&concrete(&method.result))?,
    };
    widened.extend(result.widened);
    let mut mapped = Vec::new();
    match (method.stream, &*method.parameters) {
        (Stream::Both, [requests]) => {
            let message = mapper.message(&concrete(&requests.ty))?;
            widened.extend(message.widened);
            mapped.push((None, message.rust));
        }
        (Stream::Both, _) => {
            return Err(Uncarried(
                "a method that takes a stream has no other parameter; send the others in its first message"
                    .to_owned(),
            ));
        }
        (_, parameters) => {
            for parameter in parameters {
                let nullable = writing.mapper.writer.unannotated.parameters;
                let place = format!("{place}.{}", parameter.name);
                let ty = concrete(&parameter.ty);
                let of = mapper.parameter(&place, &ty, parameter.null, nullable)?;
                if matches!(of.rust, Rust::Callback(_)) && streams {
                    return Err(Uncarried(
                        "callbacks need the dubbo protocol and streams of the same interface need Triple; put \
                         the methods of one kind into an interface of their own"
                            .to_owned(),
                    ));
                }
                let declared = parameter.declared().in_descriptor();
                if !is_class(declared.trim_end_matches("[]")) {
                    return Err(Uncarried(format!(
                        "the name of {} is none of Java's source; read a jar that is not obfuscated",
                        clean(&declared)
                    )));
                }
                let declared = (declared != of.rust.declares()).then_some(declared);
                widened.extend(of.widened);
                mapped.push((declared, of.rust));
            }
        }
    }
    let mut scope = Scope::default();
    let mut parameters = Vec::new();
    if mapper.writer.has(place, MethodOption::Context) {
        let context = file.item("Context");
        parameters.push((None, format!("{}: &{context}", scope.take_one("ctx"))));
    }
    for (parameter, (declared, rust)) in method.parameters.iter().zip(mapped) {
        let name = scope.take_one(&snake(&parameter.name));
        let mut ty = file.rust(&rust);
        if method.stream == Stream::Both {
            ty = format!("{}<{ty}>", file.item("Streaming"));
        }
        parameters.push((declared, format!("{name}: {ty}")));
    }
    let status = file.item("Status");
    let value = file.rust(&result.rust);
    let output = match method.stream {
        Stream::No => format!("Result<{value}, {status}>"),
        Stream::Server | Stream::Both => {
            let stream = file.item("Stream");
            format!("Result<impl {stream}<Item = Result<{value}, {status}>>, {status}>")
        }
    };
    Ok(Signature { parameters, output })
}

fn declare(
    writing: &Writing<'_>,
    file: &mut File<'_>,
    (place, method): (&str, &Method),
    name: &str,
    signature: &Signature,
) {
    let mut lines = method.doc.as_deref().map(doc_lines).unwrap_or_default();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(format!("Java: `{}`.", spelled(writing.mapper.api, method)));
    if !method.throws.is_empty() {
        lines.extend([String::new(), "# Errors".to_owned()]);
        lines.extend(method.throws.iter().map(|thrown| error(writing, file, thrown)));
    }
    file.text.doc(4, &lines);
    if method.deprecated {
        file.text.line(4, "#[deprecated]");
    }
    let mut options = Vec::new();
    if java_of_snake(name) != method.name {
        options.push(format!("name = {}", literal(&method.name)));
    }
    for (option, text) in
        [(MethodOption::EndCallbacks, "end_callbacks"), (MethodOption::Oneway, "oneway")]
    {
        if writing.mapper.writer.has(place, option) {
            options.push(text.to_owned());
        }
    }
    if !options.is_empty() {
        file.text.attribute(4, "java", &options);
    }
    let Signature { parameters, output } = signature;
    let attribute = |declared: &str| format!("#[java(type = {})]", literal(declared));
    let mut one = format!("async fn {name}(&self");
    for (declared, parameter) in parameters {
        one.push_str(", ");
        if let Some(declared) = declared {
            one.push_str(&attribute(declared));
            one.push(' ');
        }
        one.push_str(parameter);
    }
    let end = format!(") -> {output};");
    one.push_str(&end);
    if fits(&format!("    {one}")) {
        // Rustfmt wants a column more behind the type, and breaks such a line differently in each edition.
        if !fits(&format!("     {one}")) {
            file.text.line(4, "#[rustfmt::skip]");
        }
        file.text.line(4, &one);
        return;
    }
    let mut broken = Text::default();
    broken.line(4, &format!("async fn {name}("));
    broken.line(8, "&self,");
    for (declared, parameter) in parameters {
        let attribute = declared.as_deref().map(attribute);
        match attribute {
            Some(attribute) => {
                let one = format!("{attribute} {parameter},");
                if fits(&format!("        {one}")) {
                    broken.line(8, &one);
                } else {
                    broken.line(8, &attribute);
                    broken.line(8, &format!("{parameter},"));
                }
            }
            None => broken.line(8, &format!("{parameter},")),
        }
    }
    broken.line(4, &end);
    if broken.as_str().lines().all(fits) {
        file.text.append(&broken);
    } else {
        file.text.line(4, "#[rustfmt::skip]");
        file.text.line(4, &one);
    }
}

/// The line for an exception that a method throws.
fn error(writing: &Writing<'_>, file: &File<'_>, thrown: &str) -> String {
    let simple = layout::simple(thrown);
    let throwable = file.facade("java::Throwable::of");
    let any = match writing.shapes.of.get(thrown) {
        Some(What::Struct(of)) if of.exception => {
            writing.shapes.of.contains_key(&family::key(thrown))
        }
        Some(What::Subclasses(_)) => false,
        _ => {
            return format!(
                "- `{thrown}`, which [`Throwable::of`]({throwable}) finds in the status"
            );
        }
    };
    let key = if any { family::key(thrown) } else { thrown.to_owned() };
    let path = file.path(&key, str::to_owned);
    let name = path.rsplit("::").next().unwrap_or_default();
    format!("- `{simple}`: [`{name}::from_status`]({path}::from_status) finds it in the status")
}
