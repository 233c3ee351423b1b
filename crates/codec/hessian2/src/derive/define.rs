//! The definitions of types that may have no counterpart in Java: fields of a type parameter, and
//! results, which only need a codec.

use std::marker::PhantomData;

use dubhe_core::definition::{TypeDefinition, TypeDefinitions};

use crate::JavaType;

/// Defines `T`: `Define::<T>::define` is that of [`JavaType`] where `T` has one, and else that of
/// [`Undefined`], since an inherent function goes before one of a trait.
#[derive(Debug)]
pub struct Define<T: ?Sized>(PhantomData<T>);

impl<T: JavaType + ?Sized> Define<T> {
    /// Adds the type to a definition, and returns its name.
    pub fn define(types: &mut TypeDefinitions) -> String {
        T::define(types)
    }
}

/// A type of which Java's is not known.
pub trait Undefined {
    /// Adds `java.lang.Object` to a definition, and returns its name.
    fn define(types: &mut TypeDefinitions) -> String {
        types.add("java.lang.Object")
    }
}

impl<T: ?Sized> Undefined for Define<T> {}

/// Adds the type that a parameter is declared with, in Java's source, and returns its name there. A
/// collection has the type arguments of the one that `own` adds, that of the Rust type.
pub fn define_as(
    declared: &str,
    types: &mut TypeDefinitions,
    own: impl FnOnce(&mut TypeDefinitions) -> String,
) -> String {
    let own = own(types);
    let name = declared.replace('$', ".");
    if let Some(element) = name.strip_suffix("[]") {
        let items = vec![types.add(element)];
        return types.add_with(name, |_| TypeDefinition { items, ..TypeDefinition::default() });
    }
    let Some((_, arguments)) = own.split_once('<') else { return types.add(name) };
    let items = types.iter().find(|(known, _)| *known == own);
    let items = items.map(|(_, parts)| parts.items.clone()).unwrap_or_default();
    types.add_with(format!("{name}<{arguments}"), |_| TypeDefinition {
        items,
        ..TypeDefinition::default()
    })
}
