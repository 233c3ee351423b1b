//! The two kinds of enum, told apart by their variants.

use proc_macro2::TokenStream;
use syn::{DataEnum, Error, Fields, Ident, Result, Type};

use super::{Container, constants, hierarchy};
use crate::attr::{JavaOptions, Spanned};

/// A variant.
pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    /// The type that it holds, if it holds something.
    pub(crate) ty: Option<&'a Type>,
    pub(crate) name: Option<Spanned<String>>,
}

/// The variants of an enum, the one that takes all the rest apart.
pub(crate) struct Variants<'a> {
    pub(crate) known: Vec<Variant<'a>>,
    pub(crate) other: Option<Variant<'a>>,
}

/// Expands `derive(Java)` on an enum.
pub(crate) fn expand(container: &Container<'_>, data: &DataEnum) -> Result<TokenStream> {
    let variants = Variants::read(container, data)?;
    let holding = variants.known.iter().filter(|v| v.ty.is_some()).count();
    let items = match holding {
        0 => constants::expand(container, &variants)?,
        n if n == variants.known.len() => hierarchy::expand(container, &variants)?,
        _ => {
            return Err(Error::new_spanned(
                &container.input.ident,
                "a Java enum has unit variants, a superclass has variants that hold one subclass \
                 each; this mixes both",
            ));
        }
    };
    Ok(container.isolate(&items))
}

impl<'a> Variants<'a> {
    pub(crate) fn read(container: &Container<'_>, data: &'a DataEnum) -> Result<Self> {
        let mut variants = Self { known: Vec::new(), other: None };
        for source in &data.variants {
            let options = JavaOptions::read(&source.attrs, "a variant", &["name"], &["other"])?;
            let ty = held(source)?;
            let variant = Variant { ident: &source.ident, ty, name: options.name.clone() };
            if !options.has("other") {
                variants.known.push(variant);
            } else if variants.other.is_some() {
                return Err(Error::new_spanned(source, "one variant takes all the others already"));
            } else if ty.is_none() || variant.name.is_some() {
                return Err(Error::new_spanned(
                    source,
                    "the variant for all others holds what arrived and has no name: write \
                     `Other(String)` in an enum of constants, `Other(Value)` in one of subclasses",
                ));
            } else {
                variants.other = Some(variant);
            }
        }
        if variants.known.is_empty() {
            return Err(Error::new_spanned(
                &container.input.ident,
                "an enum needs a variant: a constant of the Java enum, or a subclass",
            ));
        }
        Ok(variants)
    }
}

fn held(source: &syn::Variant) -> Result<Option<&Type>> {
    match &source.fields {
        Fields::Unit => Ok(None),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            Ok(fields.unnamed.first().map(|f| &f.ty))
        }
        fields => Err(Error::new_spanned(
            fields,
            format!(
                "a variant is a constant or holds one class: write `{0}` or `{0}({0})`, and put \
                 these fields into a struct of their own",
                source.ident
            ),
        )),
    }
}
