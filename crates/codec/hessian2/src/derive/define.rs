//! The definitions of types that may have no counterpart in Java: fields of a type parameter, and
//! results, which only need a codec.

use std::marker::PhantomData;

use dubhe_core::definition::TypeDefinitions;

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
