//! `derive(Java)`.
//!
//! `Object` is the model of a struct, `newtype` is a tuple struct of one field, `constants` and `hierarchy` are the two kinds of enum.

mod codec;
mod constants;
mod container;
mod field;
mod generics;
mod hierarchy;
mod newtype;
mod object;
mod variant;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Error, Result};

pub(crate) use codec::expand as expand_object;
pub(crate) use container::Container;
pub(crate) use field::{EXCEPTION, Role};
pub(crate) use hierarchy::expand as expand_hierarchy;
pub(crate) use object::Object;
pub(crate) use variant::Variants;

/// Expands `derive(Java)`.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let container = Container::read(input)?;
    match &input.data {
        Data::Struct(data) => {
            if let Some(ty) = newtype::read(data)? {
                return Ok(container.isolate(&newtype::expand(&container, ty)));
            }
            let object = Object::read(&container, data, &field::CLASS, false)?;
            Ok(container.isolate(&expand_object(&container, &object)))
        }
        Data::Enum(data) => variant::expand(&container, data),
        Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "a union cannot be a Java class; use a struct, or an enum of subclasses",
        )),
    }
}
