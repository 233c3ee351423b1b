//! The generics of implementations.

use syn::{Generics, Path, parse_quote};

/// The generics of an implementation for writing: every type parameter has `bound`, and a counterpart
/// in Java, which the elements of an array need.
pub(crate) fn bounded(generics: &Generics, bound: &Path) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#bound));
        parameter.bounds.push(parse_quote!(__hessian2::JavaType));
    }
    generics
}

/// The generics of an implementation for reading: a lifetime `'__de` that outlives all others, and
/// `bound` on every type parameter.
pub(crate) fn reading(generics: &Generics, bound: &Path) -> Generics {
    let mut reading = bounded(generics, bound);
    let borrowed: Vec<_> = generics.lifetimes().map(|l| l.lifetime.clone()).collect();
    reading.params.insert(0, parse_quote!('__de));
    if !borrowed.is_empty() {
        reading.make_where_clause().predicates.push(parse_quote!('__de: #(#borrowed)+*));
    }
    reading
}
