//! The code of a class: writing, reading, its type.
//!
//! A class is written as four runs of fields, in hessian-lite's order: the compound fields of the
//! superclass, its own, the simple fields of the superclass, its own. The generated code counts
//! the index of a field through these runs.

mod read;
mod wire_field;
mod write;

use proc_macro2::TokenStream;
use quote::quote;

use super::{Container, Object};

/// Generates all implementations of a class.
pub(crate) fn expand(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let java_type = container.java_type();
    let write = write::expand(container, object);
    let read = read::expand(container, object);
    quote! { #java_type #write #read }
}
