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

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// A struct with so many fields of two types.
    fn wide(lists: usize, numbers: usize) -> Result<TokenStream> {
        let mut text = "#[java(class = \"a.Wide\")] struct Wide {".to_owned();
        for (ty, count) in [("Vec<i32>", lists), ("i32", numbers)] {
            for at in 0..count {
                write!(text, "{}_{at}: {ty},", ty[..1].to_lowercase()).unwrap();
            }
        }
        derive(&syn::parse_str(&(text + "}")).unwrap())
    }

    #[test]
    fn more_fields_than_names_are_joined_are_refused() {
        assert!(wide(256, 256).is_ok());
        for (lists, numbers) in [(257, 0), (0, 257)] {
            let error = wide(lists, numbers).unwrap_err().to_string();
            assert!(error.starts_with("a class has at most 256 fields of one kind"), "{error}");
        }
    }
}
