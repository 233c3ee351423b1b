//! `derive(JavaException)`: a class with the fields of `Throwable`, and the ways to and from a
//! status; or such a class with its subclasses.

mod subclasses;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Result};

use crate::java::{Container, EXCEPTION, Object, Role, Variants, expand_object};

/// Expands `derive(JavaException)`.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let container = Container::read(input)?;
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a Java exception has no parameters"));
    }
    let data = match &input.data {
        Data::Struct(data) => data,
        Data::Enum(data) => {
            return subclasses::expand(&container, &Variants::read(&container, data)?);
        }
        Data::Union(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                "a Java exception is a struct, with `#[java(message)] message: String` and its \
                 fields, or an enum of such",
            ));
        }
    };
    let object = Object::read(&container, data, &EXCEPTION, true)?;
    let codec = expand_object(&container, &object);
    let error = error(&container, &object);
    let status = status(&container);
    Ok(container.isolate(&quote! { #codec #error #status }))
}

fn error(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let ident = &container.input.ident;
    let class = &container.class;
    let thrown = thrown(object);
    quote! {
        impl #ident {
            /// The class of the exception in Java.
            pub const CLASS: &'static str = #class;

            /// The exception that `status` carries, when it is of this class.
            ///
            /// `None` also when the fields are not those of this type.
            pub fn from_status(
                status: &__hessian2::derive::Status,
            ) -> ::std::option::Option<Self> {
                __hessian2::derive::exception_of(status, Self::CLASS)
            }
        }

        impl __hessian2::derive::Thrown for #ident {
            #thrown
        }

        impl ::std::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let message = __hessian2::derive::Thrown::text(self);
                f.write_str(message.unwrap_or(Self::CLASS))
            }
        }

        impl ::std::error::Error for #ident {
            fn source(&self) -> ::std::option::Option<&(dyn ::std::error::Error + 'static)> {
                __hessian2::derive::Thrown::cause(self)
            }
        }
    }
}

/// The message and the cause, which may be those of the superclass.
fn thrown(object: &Object<'_>) -> TokenStream {
    let (text, cause) = if let Some(parent) = object.of_role(Role::Parent) {
        let (field, span) = (parent.ident, parent.ty.span());
        (
            quote_spanned!(span=> __hessian2::derive::Thrown::text(&self.#field)),
            quote_spanned!(span=> __hessian2::derive::Thrown::cause(&self.#field)),
        )
    } else {
        let none = || quote!(::std::option::Option::None);
        let text = object.of_role(Role::Message).map_or_else(none, |field| {
            let field = field.ident;
            quote!(__hessian2::derive::Message::text(&self.#field))
        });
        let cause = object.of_role(Role::Cause).map_or_else(none, |field| {
            let (field, span) = (field.ident, field.ty.span());
            let cause =
                quote_spanned!(span=> |cause| cause as &(dyn ::std::error::Error + 'static));
            quote!(self.#field.as_ref().map(#cause))
        });
        (text, cause)
    };
    quote! {
        fn text(&self) -> ::std::option::Option<&str> {
            #text
        }

        fn cause(&self) -> ::std::option::Option<&(dyn ::std::error::Error + 'static)> {
            #cause
        }
    }
}

fn status(container: &Container<'_>) -> TokenStream {
    let ident = &container.input.ident;
    quote! {
        impl ::std::convert::From<#ident> for __hessian2::derive::Status {
            fn from(exception: #ident) -> Self {
                let message = ::std::string::ToString::to_string(&exception);
                __hessian2::derive::status_of(exception, #ident::CLASS, message)
            }
        }
    }
}
