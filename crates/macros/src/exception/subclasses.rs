//! An exception with its subclasses: an enum of variants that hold one exception each.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Result};

use crate::java::{Container, Variants, expand_hierarchy};

pub(super) fn expand(container: &Container<'_>, variants: &Variants<'_>) -> Result<TokenStream> {
    if let Some(unit) = variants.known.iter().find(|variant| variant.ty.is_none()) {
        return Err(Error::new_spanned(
            unit.ident,
            format!(
                "each variant of an exception holds one class: write `{0}({0})`, and put its fields \
                 into a struct with #[derive(JavaException)]",
                unit.ident
            ),
        ));
    }
    let codec = expand_hierarchy(container, variants)?;
    let (caught, error) = (from_status(container, variants), error(container, variants));
    Ok(container.isolate(&quote! { #codec #caught #error }))
}

fn from_status(container: &Container<'_>, variants: &Variants<'_>) -> TokenStream {
    let (ident, class) = (&container.input.ident, &container.class);
    let known = variants.known.iter().map(|variant| {
        let (variant, ty) = (variant.ident, variant.ty);
        quote! {
            if *class == *<#ty as __hessian2::JavaType>::class_name() {
                return __hessian2::derive::exception_of(status, class).map(Self::#variant);
            }
        }
    });
    let other = match &variants.other {
        Some(other) => {
            let other = other.ident;
            quote!(__hessian2::derive::exception_of(status, class).map(Self::#other))
        }
        None => quote!(::std::option::Option::None),
    };
    quote! {
        impl #ident {
            /// The class of the exception in Java, of which the others are subclasses.
            pub const CLASS: &'static str = #class;

            /// The exception that `status` carries, when it is of one of these classes.
            ///
            /// `None` also when the fields are not those of its type.
            pub fn from_status(
                status: &__hessian2::derive::Status,
            ) -> ::std::option::Option<Self> {
                let class = status.java()?.class();
                #(#known)*
                #other
            }
        }
    }
}

fn error(container: &Container<'_>, variants: &Variants<'_>) -> TokenStream {
    let ident = &container.input.ident;
    let all = || {
        variants
            .known
            .iter()
            .chain(&variants.other)
            .map(|variant| (variant.ident, variant.ty.span()))
    };
    let display = all().map(|(variant, span)| {
        quote_spanned!(span=> Self::#variant(exception) => ::std::fmt::Display::fmt(exception, f),)
    });
    let source = all().map(|(variant, span)| {
        quote_spanned!(span=> Self::#variant(exception) => ::std::error::Error::source(exception),)
    });
    let status = all().map(|(variant, span)| {
        quote_spanned!(span=> #ident::#variant(exception) => ::std::convert::Into::into(exception),)
    });
    quote! {
        impl ::std::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self { #(#display)* }
            }
        }

        impl ::std::error::Error for #ident {
            fn source(&self) -> ::std::option::Option<&(dyn ::std::error::Error + 'static)> {
                match self { #(#source)* }
            }
        }

        impl ::std::convert::From<#ident> for __hessian2::derive::Status {
            fn from(exception: #ident) -> Self {
                match exception { #(#status)* }
            }
        }
    }
}
