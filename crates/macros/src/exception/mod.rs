//! `derive(JavaException)`: a class with the fields of `Throwable`, and the ways to and from a
//! status.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Result};

use crate::java::{Container, EXCEPTION, Object, Role, expand_object};

/// Expands `derive(JavaException)`.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let container = Container::read(input)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "a Java exception is a struct; write `#[java(message)] message: String` and its fields",
        ));
    };
    let object = Object::read(&container, data, &EXCEPTION, true)?;
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a Java exception has no parameters"));
    }
    let codec = expand_object(&container, &object);
    let error = error(&container, &object);
    let status = status(&container);
    Ok(container.isolate(&quote! { #codec #error #status }))
}

fn error(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let ident = &container.input.ident;
    let class = &container.class;
    let message = match object.of_role(Role::Message) {
        Some(field) => {
            let field = field.ident;
            quote!(__hessian2::derive::Message::text(&self.#field))
        }
        None => quote!(::std::option::Option::None),
    };
    let source = object.of_role(Role::Cause).map(|field| {
        let (field, span) = (field.ident, field.ty.span());
        let cause = quote_spanned!(span=> |cause| cause as &(dyn ::std::error::Error + 'static));
        quote! {
            fn source(&self) -> ::std::option::Option<&(dyn ::std::error::Error + 'static)> {
                self.#field.as_ref().map(#cause)
            }
        }
    });
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

        impl ::std::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let message: ::std::option::Option<&str> = #message;
                f.write_str(message.unwrap_or(Self::CLASS))
            }
        }

        impl ::std::error::Error for #ident {
            #source
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
