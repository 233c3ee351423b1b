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

use super::{Container, Object, Role};

/// Generates all implementations of a class.
pub(crate) fn expand(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let java_type = container.java_type(&parts(object));
    let write = write::expand(container, object);
    let read = read::expand(container, object);
    quote! { #java_type #write #read }
}

/// The expression for the fields of the class and of its superclass.
fn parts(object: &Object<'_>) -> TokenStream {
    let parent = object.of_role(Role::Parent).map(|field| {
        let ty = field.ty;
        quote! {
            properties.extend(<#ty as __hessian2::JavaType>::parts(types).properties);
        }
    });
    let fields = object.fields.iter().filter(|field| field.role == Role::Own).map(|field| {
        let (java, ty) = (&field.java, field.ty);
        quote! {
            properties.insert(
                ::std::convert::From::from(#java),
                __hessian2::derive::Define::<#ty>::define(types),
            );
        }
    });
    quote! {
        #[allow(unused_imports)]
        use __hessian2::derive::Undefined as _;
        #[allow(unused_mut)]
        let mut parts = <__hessian2::derive::TypeDefinition as ::std::default::Default>::default();
        #[allow(unused_variables)]
        let properties = &mut parts.properties;
        #parent
        #(#fields)*
        parts
    }
}
