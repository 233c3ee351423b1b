//! The options of the whole type: its Java class and the path of the codec.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{DeriveInput, Error, Path, Result, parse_quote};

use crate::attr::{JavaOptions, check_class};

/// A type that stands for a Java class.
pub(crate) struct Container<'a> {
    pub(crate) input: &'a DeriveInput,
    /// The Java class.
    pub(crate) class: String,
    krate: Path,
}

impl<'a> Container<'a> {
    pub(crate) fn read(input: &'a DeriveInput) -> Result<Self> {
        let options = JavaOptions::read(&input.attrs, "a type", &["class", "crate"], &[])?;
        let class = options.class.ok_or_else(|| {
            Error::new(
                Span::call_site(),
                format!(
                    "which Java class is `{0}`? say it: #[java(class = \"org.example.{0}\")]",
                    input.ident
                ),
            )
        })?;
        check_class(&class)?;
        let krate = options.krate.unwrap_or_else(|| parse_quote!(::dubhe::__private::hessian2));
        Ok(Self { input, class: class.value, krate })
    }

    /// Puts generated items into a scope of their own, where `__hessian2` is the codec.
    pub(crate) fn isolate(&self, items: &TokenStream) -> TokenStream {
        let krate = &self.krate;
        quote! {
            #[doc(hidden)]
            #[allow(unused_qualifications, clippy::absolute_paths)]
            const _: () = {
                use #krate as __hessian2;
                #items
            };
        }
    }

    /// The implementation of `JavaType`, with an expression for the parts of the type; `types` are
    /// those of the definition.
    pub(crate) fn java_type(&self, parts: &TokenStream) -> TokenStream {
        let ident = &self.input.ident;
        let (generics, arguments, clause) = self.input.generics.split_for_impl();
        let class = &self.class;
        let descriptor = format!("L{};", class.replace('.', "/"));
        quote! {
            impl #generics __hessian2::JavaType for #ident #arguments #clause {
                fn descriptor() -> ::std::borrow::Cow<'static, str> {
                    ::std::borrow::Cow::Borrowed(#descriptor)
                }

                fn class_name() -> ::std::borrow::Cow<'static, str> {
                    ::std::borrow::Cow::Borrowed(#class)
                }

                fn parts(
                    types: &mut __hessian2::derive::TypeDefinitions,
                ) -> __hessian2::derive::TypeDefinition {
                    #parts
                }
            }
        }
    }
}
