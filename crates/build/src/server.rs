//! The server: serves an implementation of the trait.

use proc_macro2::TokenStream;
use quote::quote;

use crate::service::{Items, Method, Service};

/// The code of a service; `descriptors` is the expression of its descriptors.
pub(crate) fn expand(service: &Service, descriptors: Option<&TokenStream>) -> TokenStream {
    let Items { service: item, server, .. } = &service.items;
    let summary = format!("Serves an implementation of [`{item}`] as `{}`.", service.name);
    let (key, methods) = service.table();
    let arms = service.methods.iter().enumerate().map(|(index, method)| {
        let run = run(item, method);
        quote!(#index => #run,)
    });
    let implementation = service.isolate(&quote! {
        #[allow(dead_code, reason = "few programs are both ends of a service")]
        impl<T: self::#item> #server<T> {
            /// Serves `service`.
            pub fn new(service: T) -> Self {
                Self(::std::sync::Arc::new(service))
            }
        }

        impl<T: self::#item> ::core::convert::From<::std::sync::Arc<T>> for #server<T> {
            fn from(service: ::std::sync::Arc<T>) -> Self {
                Self(service)
            }
        }

        impl<T> ::core::clone::Clone for #server<T> {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        impl<T> ::core::fmt::Debug for #server<T> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(::core::stringify!(#server))
            }
        }

        impl<T: self::#item> __dubhe::server::Service for #server<T> {
            fn key(&self) -> __dubhe::core::ServiceKey {
                #key
            }

            fn methods(&self) -> ::std::vec::Vec<::std::sync::Arc<__dubhe::core::Method>> {
                ::core::convert::Into::into(#methods)
            }

            fn call(&self, method: usize, call: __dubhe::core::Call) -> __dubhe::core::Invoking {
                match method {
                    #(#arms)*
                    _ => __dubhe::server::stub::unsupported(&call, "there is no such method"),
                }
            }

            fn descriptors(&self) -> ::core::option::Option<&'static [u8]> {
                ::core::option::Option::Some(#descriptors)
            }
        }
    });
    quote! {
        #[doc = #summary]
        #[allow(dead_code, reason = "few programs are both ends of a service")]
        pub struct #server<T>(::std::sync::Arc<T>);

        #implementation
    }
}

/// The expression that decodes the request, runs the handler and encodes what it returns.
fn run(item: &proc_macro2::Ident, method: &Method) -> TokenStream {
    let Method { ident, shape, .. } = method;
    let glue = shape.glue();
    let outcome = quote!(<T as self::#item>::#ident(&__service, __request).await);
    let handler = if shape.many_out {
        quote! {
            move |__request, __replies: __dubhe::server::stub::ReplySender| async move {
                __replies.respond(#outcome?).await
            }
        }
    } else {
        quote!(move |__request| async move { #outcome })
    };
    quote! {
        {
            let __service = ::core::clone::Clone::clone(&self.0);
            __dubhe::server::stub::message::#glue(call, #handler)
        }
    }
}
