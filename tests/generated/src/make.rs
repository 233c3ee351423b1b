//! Short forms for the parts of an [`Api`].

use std::collections::BTreeMap;

use dubhe_codegen::Api;
use dubhe_codegen::model::{
    Class, Constant, Declared, Enum, Field, Kind, Method, Nullness, Parameter, Primitive, Service,
    Stream, Type,
};

/// A type by its name in Java's source: `long`, `String`, `List<Integer>`, `T`, `int[]`.
pub(crate) fn ty(text: &str) -> Type {
    if let Some(element) = text.strip_suffix("[]") {
        return Type::Array(Box::new(ty(element)));
    }
    let primitive = match text {
        "void" => return Type::Void,
        "boolean" => Primitive::Boolean,
        "byte" => Primitive::Byte,
        "short" => Primitive::Short,
        "char" => Primitive::Char,
        "int" => Primitive::Int,
        "long" => Primitive::Long,
        "float" => Primitive::Float,
        "double" => Primitive::Double,
        "T" | "U" => return Type::Variable(text.to_owned()),
        _ => return class(text),
    };
    Type::Primitive(primitive)
}

fn class(text: &str) -> Type {
    let (name, arguments) = match text.split_once('<') {
        Some((name, rest)) => (name, split(rest.strip_suffix('>').unwrap_or(rest))),
        None => (text, Vec::new()),
    };
    let name = match name {
        "Object" | "String" | "Boolean" | "Byte" | "Short" | "Character" | "Integer" | "Long"
        | "Float" | "Double" | "Number" | "CharSequence" | "Iterable" | "Void" | "Class"
        | "Exception" | "Throwable" | "Runnable" => format!("java.lang.{name}"),
        "List" | "Set" | "Map" | "Collection" | "ArrayList" | "LinkedHashSet" | "TreeMap"
        | "Optional" | "Date" | "UUID" | "Locale" | "BitSet" | "Currency" | "Calendar" => {
            format!("java.util.{name}")
        }
        "BigDecimal" | "BigInteger" => format!("java.math.{name}"),
        "Instant" | "LocalDate" | "ZonedDateTime" | "Duration" => format!("java.time.{name}"),
        "Serializable" | "InputStream" => format!("java.io.{name}"),
        name if name.contains('.') => name.to_owned(),
        name if PEOPLE.contains(&name) => format!("org.example.people.{name}"),
        name => format!("org.example.shop.{name}"),
    };
    Type::Class { name, arguments: arguments.into_iter().map(ty).collect() }
}

const PEOPLE: [&str; 7] = ["User", "Employee", "Address", "Colour", "Parent", "Child", "Users"];

/// The parts between commas that are in no brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts.into_iter().map(str::trim).collect()
}

/// A type, from `shop.jar`.
pub(crate) fn declared(name: &str, kind: Kind) -> Declared {
    Declared {
        name: name.to_owned(),
        source: "shop-1.2.jar".to_owned(),
        doc: None,
        deprecated: false,
        kind,
    }
}

/// Fields of the form `int zip; String street`. `@Nullable`, `@NonNull` and `@Deprecated` may stand
/// in front.
pub(crate) fn fields(text: &str) -> Vec<Field> {
    let each = text.split(';').map(str::trim).filter(|field| !field.is_empty());
    each.map(|field| {
        let (rest, null, deprecated) = annotated(field);
        let (of, name) = rest.rsplit_once(' ').unwrap_or((rest, "unnamed"));
        Field { name: name.to_owned(), ty: ty(of), null, doc: None, deprecated }
    })
    .collect()
}

fn annotated(text: &str) -> (&str, Nullness, bool) {
    let (mut rest, mut null, mut deprecated) = (text.trim(), Nullness::Unknown, false);
    while let Some((annotation, more)) = rest.strip_prefix('@').and_then(|of| of.split_once(' ')) {
        match annotation {
            "Nullable" => null = Nullness::Nullable,
            "NonNull" => null = Nullness::NonNull,
            _ => deprecated = true,
        }
        rest = more.trim();
    }
    (rest, null, deprecated)
}

/// A class: `org.example.Page<T>`, perhaps with ` extends Base`, and its fields.
pub(crate) fn object(head: &str, text: &str) -> Declared {
    let (head, superclass) = match head.split_once(" extends ") {
        Some((head, superclass)) => (head, Some(ty(superclass))),
        None => (head, None),
    };
    let Type::Class { name, arguments } = ty(head) else {
        return declared(head, Kind::Class(Class::default()));
    };
    let parameters = arguments.iter().map(ToString::to_string).collect();
    let fields = fields(text);
    declared(&name, Kind::Class(Class { parameters, superclass, fields, ..Class::default() }))
}

/// The same, abstract.
pub(crate) fn abstract_class(head: &str, text: &str) -> Declared {
    with_class(object(head, text), |class| class.is_abstract = true)
}

/// The same as an exception.
pub(crate) fn exception(head: &str, text: &str) -> Declared {
    with_class(object(head, text), |class| class.is_exception = true)
}

/// Changes a class.
pub(crate) fn with_class(mut declared: Declared, change: impl FnOnce(&mut Class)) -> Declared {
    if let Kind::Class(class) = &mut declared.kind {
        change(class);
    }
    declared
}

/// An enum; `@Deprecated` may stand in front of a constant.
pub(crate) fn constants(name: &str, text: &str) -> Declared {
    let constants = text.split(',').map(|constant| {
        let (name, _, deprecated) = annotated(constant);
        Constant { name: name.to_owned(), doc: None, deprecated }
    });
    declared(&name_of(name), Kind::Enum(Enum { constants: constants.collect() }))
}

fn name_of(text: &str) -> String {
    match ty(text) {
        Type::Class { name, .. } => name,
        other => other.to_string(),
    }
}

/// A service, of methods `int size(List<String> names) throws NoFunds`. `server` or `both` in front say
/// that they stream.
pub(crate) fn service(name: &str, methods: &[&str]) -> Declared {
    let methods = methods.iter().map(|method| self::method(method)).collect();
    declared(&name_of(name), Kind::Service(Service { methods, ..Service::default() }))
}

fn method(text: &str) -> Method {
    let (text, throws) = text.split_once(" throws ").unwrap_or((text, ""));
    let (text, result_null, deprecated) = annotated(text);
    let (text, stream) = match text.split_once(' ') {
        Some(("server", rest)) => (rest, Stream::Server),
        Some(("both", rest)) => (rest, Stream::Both),
        _ => (text, Stream::No),
    };
    let (head, parameters) = text.split_once('(').unwrap_or((text, ")"));
    let (result, name) = head.rsplit_once(' ').unwrap_or(("void", head));
    let parameters = split(parameters.strip_suffix(')').unwrap_or(parameters));
    let parameters = parameters.into_iter().filter(|parameter| !parameter.is_empty());
    Method {
        name: name.to_owned(),
        parameters: parameters
            .map(|parameter| {
                let (rest, null, _) = annotated(parameter);
                let (of, name) = rest.rsplit_once(' ').unwrap_or((rest, "arg0"));
                Parameter::new(name, ty(of), null)
            })
            .collect(),
        result: ty(result),
        result_null,
        stream,
        throws: split(throws).into_iter().filter(|of| !of.is_empty()).map(name_of).collect(),
        doc: None,
        deprecated,
    }
}

/// Fills in the subclasses of each class.
pub(crate) fn subclasses(api: &mut Api) {
    let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, declared) in &api.types {
        if let Kind::Class(class) = &declared.kind
            && let Some(Type::Class { name: above, .. }) = &class.superclass
        {
            below.entry(above.clone()).or_default().push(name.clone());
        }
    }
    for (name, declared) in &mut api.types {
        if let (Kind::Class(class), Some(found)) = (&mut declared.kind, below.remove(name)) {
            class.subclasses = found;
        }
    }
}
