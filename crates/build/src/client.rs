//! The client: the methods of the service, called elsewhere.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;

use crate::service::{Method, Service, free, tokens};

/// The methods that a client has of its own, or that a call would find before those of its.
const RESERVED_METHODS: [&str; 6] = ["new", "with", "client", "clone", "into", "try_into"];

pub(crate) fn expand(service: &Service) -> TokenStream {
    let client = &service.items.client;
    let private = &service.private;
    let summary = format!("Calls `{}`, whoever provides it. Cheap to clone.", service.name);
    let (key, methods) = service.table();
    let count = service.methods.len();
    let mut taken = HashSet::from(RESERVED_METHODS.map(str::to_owned));
    let calls = service.methods.iter().enumerate().map(|(index, method)| {
        let name = free(method.ident.to_string(), |name| taken.insert(name.to_owned()));
        call(index, &tokens(&name), method)
    });
    let names = service.methods.iter().map(|method| &*method.name);
    let implementation = service.isolate(&quote! {
        #[allow(dead_code, reason = "few programs call all methods of a service")]
        impl #client {
            /// Calls through `client`.
            pub fn new(client: __dubhe::client::Client) -> Self {
                Self {
                    client,
                    options: __dubhe::client::CallOptions::new(),
                    methods: ::std::sync::Arc::new(#methods),
                }
            }

            /// The same client, whose calls have these options.
            pub fn with(&self, options: __dubhe::client::CallOptions) -> Self {
                Self { options, ..::core::clone::Clone::clone(self) }
            }

            /// The client that it calls through.
            pub fn client(&self) -> &__dubhe::client::Client {
                &self.client
            }

            #(#calls)*
        }

        impl __dubhe::client::Stub for #client {
            fn service() -> __dubhe::core::ServiceKey {
                #key
            }

            fn protocols() -> &'static [&'static str] {
                &["tri", "grpc"]
            }

            fn method_names() -> &'static [&'static str] {
                &[#(#names),*]
            }

            fn over(client: __dubhe::client::Client) -> Self {
                Self::new(client)
            }
        }
    });
    quote! {
        #[doc = #summary]
        #[allow(dead_code, reason = "few programs are both ends of a service")]
        #[derive(Clone, Debug)]
        pub struct #client {
            client: #private::client::Client,
            options: #private::client::CallOptions,
            methods: ::std::sync::Arc<[::std::sync::Arc<#private::core::Method>; #count]>,
        }

        #implementation
    }
}

fn call(index: usize, ident: &TokenStream, method: &Method) -> TokenStream {
    let Method { input, output, shape, .. } = method;
    let (docs, glue) = (method.docs(), shape.glue());
    let request = if shape.many_in {
        quote!(impl __dubhe::core::message::IntoStreamingRequest<Message = #input>)
    } else {
        quote!(impl ::core::convert::Into<__dubhe::core::Request<#input>>)
    };
    let output =
        if shape.many_out { quote!(__dubhe::core::Streaming<#output>) } else { quote!(#output) };
    quote! {
        #docs
        ///
        /// # Errors
        /// Those of the service and of the way to it.
        pub async fn #ident(
            &self,
            request: #request,
        ) -> ::core::result::Result<
            __dubhe::core::Response<#output>,
            __dubhe::core::Status,
        > {
            __dubhe::client::stub::message::#glue(
                &self.client,
                &self.methods[#index],
                request,
                &self.options,
            )
            .await
        }
    }
}
