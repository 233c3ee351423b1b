//! Types of Rust that Java lacks, refused where they are written.

use syn::{Error, GenericArgument, PathArguments, PathSegment, Result, Type};

/// The error of a callback that is part of something else, or a result.
const ALONE: &str =
    "a callback is an argument of its own, taken by value: `listener: Callback<ListenerClient>`";

/// The generic types whose parts travel as their type arguments say.
const CONTAINERS: [&str; 12] = [
    "Option",
    "Vec",
    "VecDeque",
    "Box",
    "Arc",
    "Array",
    "HashMap",
    "BTreeMap",
    "HashSet",
    "BTreeSet",
    "Cow",
    "Streaming",
];

/// Checks a type of an argument, a result or a field.
///
/// Looks at types that are part of the language alone: any other name may be a type of the user.
pub(crate) fn check(ty: &Type) -> Result<()> {
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else { return Ok(()) };
            if is_callback(ty) {
                return Err(Error::new_spanned(ty, ALONE));
            }
            match &last.arguments {
                PathArguments::None if path.path.segments.len() == 1 => {
                    remedy(&last.ident.to_string())
                        .map_or(Ok(()), |text| Err(Error::new_spanned(ty, text)))
                }
                PathArguments::AngleBracketed(arguments)
                    if CONTAINERS.iter().any(|name| last.ident == name) =>
                {
                    arguments.args.iter().try_for_each(|argument| match argument {
                        GenericArgument::Type(inner) => check(inner),
                        _ => Ok(()),
                    })
                }
                _ => Ok(()),
            }
        }
        Type::Reference(reference) => check(&reference.elem),
        Type::Group(group) => check(&group.elem),
        Type::Paren(paren) => check(&paren.elem),
        Type::Slice(slice) => check(&slice.elem),
        Type::Array(array) => check(&array.elem),
        Type::Tuple(tuple) if !tuple.elems.is_empty() => Err(Error::new_spanned(
            ty,
            "Java has no tuples: put the parts into a struct with #[derive(Java)]",
        )),
        Type::FnPtr(_) => Err(Error::new_spanned(ty, "a function cannot be sent over the network")),
        Type::Ptr(_) => Err(Error::new_spanned(
            ty,
            "a pointer cannot be sent over the network: take the value, or `&`",
        )),
        Type::TraitObject(_) => Err(Error::new_spanned(
            ty,
            "a trait object cannot be sent over the network: take `Value` for any object, or an enum \
             with #[derive(Java)] for a class with its subclasses",
        )),
        _ => Ok(()),
    }
}

/// The one type that may lack a form in Java, of `types`, if it is one.
pub(crate) fn only_doubtful<'a>(types: impl Iterator<Item = &'a Type>) -> Option<&'a Type> {
    let mut doubtful = types.filter(|ty| !is_known(ty));
    doubtful.next().filter(|_| doubtful.next().is_none())
}

/// Returns true for a type that certainly has a form in Java.
fn is_known(ty: &Type) -> bool {
    const KNOWN: [&str; 12] =
        ["bool", "char", "i8", "u8", "i16", "u16", "i32", "i64", "f32", "f64", "str", "String"];
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| match &last.arguments {
            PathArguments::None => KNOWN.iter().any(|name| last.ident == name),
            PathArguments::AngleBracketed(arguments) => {
                CONTAINERS.iter().any(|name| last.ident == name)
                    && arguments.args.iter().all(|argument| match argument {
                        GenericArgument::Type(inner) => is_known(inner),
                        _ => true,
                    })
            }
            PathArguments::Parenthesized(_) => false,
        }),
        Type::Reference(reference) => is_known(&reference.elem),
        Type::Group(group) => is_known(&group.elem),
        Type::Paren(paren) => is_known(&paren.elem),
        Type::Slice(slice) => is_known(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        _ => false,
    }
}

/// The types to take in place of a number that Java lacks.
fn remedy(name: &str) -> Option<String> {
    let (what, instead) = match name {
        "u32" => {
            ("unsigned numbers", "`i32` is its `int`, `i64` its `long`, which holds every `u32`")
        }
        "u64" => {
            ("unsigned numbers", "`i64` is its `long`, `dubhe::java::BigInteger` holds every `u64`")
        }
        "usize" | "isize" => {
            ("numbers of the size of a pointer", "`i32` is its `int`, `i64` its `long`")
        }
        "u128" | "i128" => (
            "numbers of 128 bits",
            "`i64` is its `long`, `dubhe::java::BigInteger` holds any number",
        ),
        _ => return None,
    };
    Some(format!("Java has no {what}, so `{name}` has no form there: {instead}"))
}

/// Returns true for `Callback<ListenerClient>`.
pub(crate) fn is_callback(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Callback" && first_type(last).is_some()),
        Type::Group(group) => is_callback(&group.elem),
        _ => false,
    }
}

/// The first argument of a generic type.
pub(crate) fn first_type(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
