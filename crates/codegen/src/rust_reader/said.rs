//! Declarations of Java in the documentation of generated Rust.
//!
//! Several types of Java have one in Rust (`Collection` and `List` are a `Vec`), and nothing in Rust has the `throws`
//! clause. `RustWriter` leaves both in the documentation: a line ``Java: `Collection<Order> find(long id)`.``, and
//! those below `# Errors`.

use crate::jdk;
use crate::model::{Parameter, Primitive, Stream, Type};

/// Beginning of the line of a declaration, behind the documentation of Java.
const DECLARATION: &str = "Java: `";

/// A type with the simple names of its classes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    name: String,
    arguments: Vec<Said>,
    /// The number of `[]`.
    arrays: usize,
}

/// The declaration of a method.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SaidMethod {
    result: Said,
    parameters: Vec<Said>,
}

/// The line of the declaration, and those behind it.
fn declaration(doc: &str) -> Option<(&str, &str)> {
    let begins = |at: &usize| {
        doc.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with('\n'))
    };
    let start = doc.rmatch_indices(DECLARATION).map(|(at, _)| at).find(begins)?;
    let rest = doc.get(start + DECLARATION.len()..)?;
    let (line, more) = rest.split_once('\n').unwrap_or((rest, ""));
    Some((line.strip_suffix("`.")?, more))
}

/// Returns `true` if the declaration of an enum is that of an interface: ``Java: `interface org.example.Event`.``
pub(super) fn is_interface(doc: &str) -> bool {
    declaration(doc).is_some_and(|(line, _)| line.starts_with("interface "))
}

/// Reads the declaration of a method, without the observers of streams.
pub(super) fn method(doc: &str, stream: Stream) -> Option<SaidMethod> {
    let (line, _) = declaration(doc)?;
    let mut text = line;
    let result = ty(&mut text)?;
    let (name, list) = text.strip_suffix(')')?.split_once('(')?;
    name.strip_prefix(' ').filter(|name| !name.is_empty())?;
    let mut text = list;
    let mut parameters = Vec::new();
    while !text.is_empty() {
        parameters.push(ty(&mut text)?);
        // The name.
        text = text.split_once(", ").map_or("", |(_, rest)| rest);
    }
    match stream {
        Stream::No => Some(SaidMethod { result, parameters }),
        Stream::Server => {
            let result = observed(parameters.pop()?)?;
            Some(SaidMethod { result, parameters })
        }
        Stream::Both => {
            let (requests, replies) = (observed(result)?, observed(parameters.pop()?)?);
            Some(SaidMethod { result: replies, parameters: vec![requests] })
        }
    }
}

/// The exceptions of a method: their simple names, or their whole ones where no type in Rust stands for them, and
/// the paths in Rust of those for which one does.
pub(super) fn throws(doc: &str) -> Vec<(String, Option<Vec<String>>)> {
    let Some((_, more)) = declaration(doc) else { return Vec::new() };
    let lines = more.lines().filter_map(|line| line.strip_prefix("- `"));
    let read = lines.filter_map(|line| {
        let (name, rest) = line.split_once('`')?;
        let path = rest
            .split_once("](")
            .and_then(|(_, rest)| rest.split_once("::from_status)"))
            .map(|(path, _)| path.split("::").map(str::to_owned).collect());
        Some((name.to_owned(), path))
    });
    read.collect()
}

/// Reads the type of a field from its declaration, or from the text of a field that has no documentation in Java.
pub(super) fn field(doc: &str, known: &Type) -> Option<Type> {
    let alone = || doc.strip_prefix('`')?.strip_suffix("`.").filter(|text| !text.contains('\n'));
    let mut text = declaration(doc).map(|(line, _)| line).or_else(alone)?;
    let said = ty(&mut text)?;
    // What is left is the name.
    let is_name = text.starts_with(' ') && !text.trim_start().contains(' ');
    is_name.then(|| refined(known, &said))
}

impl SaidMethod {
    /// The result as it is declared.
    pub(super) fn result(&self, ty: &Type) -> Type {
        refined(ty, &self.result)
    }

    /// The parameters as they are declared. The type by which the method is found stays.
    pub(super) fn parameters(&self, parameters: &mut [Parameter]) {
        if parameters.len() != self.parameters.len() {
            return;
        }
        for (parameter, said) in parameters.iter_mut().zip(&self.parameters) {
            let ty = refined(&parameter.ty, said);
            let found = std::mem::replace(&mut parameter.ty, ty);
            if found.in_descriptor() != parameter.ty.in_descriptor() && !is_rust(&found) {
                parameter.erasure = Some(found);
            }
        }
    }
}

/// Returns `true` for a type that is known by its path in Rust alone.
fn is_rust(ty: &Type) -> bool {
    match ty {
        Type::Class { name, .. } => !crate::names::is_class(name),
        Type::Array(of) | Type::Nullable(of) => is_rust(of),
        Type::Void | Type::Primitive(_) | Type::Variable(_) => false,
    }
}

/// The type that is declared: of one in Rust, whose classes have their whole names where they are the same.
fn refined(ty: &Type, said: &Said) -> Type {
    if let Some(arrays) = said.arrays.checked_sub(1) {
        let element = Said { arrays, ..said.clone() };
        let of = match ty {
            Type::Array(of) => refined(of, &element),
            _ => refined(&Type::object(), &element),
        };
        return Type::Array(Box::new(of));
    }
    if let Some(primitive) = primitive(&said.name) {
        return primitive;
    }
    let (name, arguments): (&str, &[Type]) = match ty {
        Type::Variable(_) => return ty.clone(),
        Type::Class { name, arguments } => (name, arguments),
        _ => ("", &[]),
    };
    let is_same = simple(name) == said.name;
    let name = if is_same { name } else { jdk::of_simple(&said.name).unwrap_or(&said.name) };
    let fits = arguments.len() == said.arguments.len();
    let object = Type::object();
    let arguments = said.arguments.iter().enumerate().map(|(at, said)| {
        let known = arguments.get(at).filter(|_| fits);
        refined(known.unwrap_or(&object), said)
    });
    Type::Class { name: name.to_owned(), arguments: arguments.collect() }
}

/// The name in Java's source, without its package.
fn simple(java: &str) -> String {
    java.rsplit('.').next().unwrap_or(java).replace('$', ".")
}

fn primitive(name: &str) -> Option<Type> {
    use Primitive::{Boolean, Byte, Char, Double, Float, Int, Long, Short};
    if name == "void" {
        return Some(Type::Void);
    }
    let all = [Boolean, Byte, Short, Char, Int, Long, Float, Double];
    all.into_iter().find(|of| of.name() == name).map(Type::Primitive)
}

/// `T` of `StreamObserver<T>`.
fn observed(said: Said) -> Option<Said> {
    said.arguments.into_iter().next().filter(|_| said.name == "StreamObserver")
}

/// Reads a type at the beginning of a text, which goes on behind it.
fn ty(text: &mut &str) -> Option<Said> {
    while let Some(rest) = text.strip_prefix("@Nullable ") {
        *text = rest;
    }
    let end = text.find(['<', '>', ',', '[', '(', ')', ' ']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    let mut arguments = Vec::new();
    if let Some(list) = rest.strip_prefix('<') {
        rest = list;
        loop {
            arguments.push(ty(&mut rest)?);
            match rest.strip_prefix(", ") {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('>')?;
    }
    let mut arrays = 0;
    while let Some(more) = rest.strip_prefix("[]") {
        (rest, arrays) = (more, arrays + 1);
    }
    *text = rest;
    Some(Said { name: name.to_owned(), arguments, arrays })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(class: &str, of: Type) -> Type {
        Type::Class { name: class.to_owned(), arguments: vec![of] }
    }

    #[test]
    fn a_declaration_says_what_rust_does_not() {
        let doc = "All of them.\nJava: `int old()`.\n\nJava: `Collection<Order.Line> all(Number of, long[] \
                   ids)`.\n\n# Errors\n- `Gone`: [`Gone::from_status`](super::Gone::from_status) finds it\n- \
                   `java.io.IOException`, which [`Throwable::of`](dubhe::java::Throwable::of) finds";
        let said = method(doc, Stream::No).unwrap();
        let line = Type::class("org.example.Order$Line");
        assert_eq!(
            said.result(&list("java.util.List", line.clone())),
            list("java.util.Collection", line)
        );
        let ids = Type::Array(Box::new(Type::Primitive(Primitive::Long)));
        let mut parameters = [("of", Type::object()), ("ids", ids.clone())]
            .map(|(name, ty)| Parameter::new(name, ty, crate::model::Nullness::Unknown));
        said.parameters(&mut parameters);
        assert_eq!(parameters[0].ty, Type::class("java.lang.Number"));
        assert_eq!(parameters[0].declared(), &Type::object());
        assert_eq!((&parameters[1].ty, &parameters[1].erasure), (&ids, &None));
        let path = ["super", "Gone"].map(str::to_owned).to_vec();
        assert_eq!(
            throws(doc),
            [("Gone".to_owned(), Some(path)), ("java.io.IOException".to_owned(), None)]
        );
    }

    #[test]
    fn observers_are_no_parameters() {
        let server = "Java: `void list(String of, StreamObserver<Order> replies)`.";
        let said = method(server, Stream::Server).unwrap();
        assert_eq!((said.result.name.as_str(), said.parameters.len()), ("Order", 1));
        let both = "Java: `StreamObserver<Long> sum(StreamObserver<Order> replies)`.";
        let said = method(both, Stream::Both).unwrap();
        assert_eq!((&*said.result.name, &*said.parameters[0].name), ("Order", "Long"));
        assert_eq!(method(both, Stream::No).unwrap().result.name, "StreamObserver");
        assert_eq!(method(server.trim_end_matches("`."), Stream::No), None);
    }

    #[test]
    fn text_that_is_no_declaration_says_nothing() {
        for doc in [
            "",
            "Java: `",
            "Java: `x`.",
            "Java: `a<b c()`.",
            "see Java: `int a()`.",
            "Java: `a[(é)`.",
        ] {
            assert_eq!(method(doc, Stream::No), None, "{doc}");
        }
    }
}
