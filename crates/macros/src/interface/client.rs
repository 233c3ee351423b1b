//! The client: the methods of the trait, called elsewhere.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned as _;

use super::method::{Method, MethodOptions};
use super::signature::{Argument, Output, Requests};
use super::{Expansion, Interface};

pub(super) fn expand(interface: &Interface<'_>) -> Expansion {
    let (client, vis, item) = (&interface.client, &interface.item.vis, &interface.item.ident);
    let private = &interface.private;
    let summary = format!(
        "Calls `{}`, whoever provides it, with the methods of [`{item}`]. Cheap to clone.",
        interface.args.interface
    );
    let count = interface.methods.len();
    let calls =
        interface.methods.iter().enumerate().map(|(index, method)| call(vis, index, method));
    let options = interface.methods.iter().filter_map(options);
    let protocols = protocols(interface);
    let names: BTreeSet<_> = interface.methods.iter().map(|method| &*method.java).collect();
    let names = names.into_iter();
    Expansion {
        item: quote! {
            #[doc = #summary]
            #[allow(dead_code, reason = "few programs are both ends of a service")]
            #[derive(Clone, Debug)]
            #vis struct #client {
                client: #private::client::Client,
                options: #private::client::CallOptions,
                methods: ::std::sync::Arc<[::std::sync::Arc<#private::core::Method>; #count]>,
            }
        },
        implementation: quote! {
            #[allow(dead_code, reason = "few programs call all methods of a service")]
            impl #client {
                /// Calls through `client`.
                #vis fn new(client: __dubhe::client::Client) -> Self {
                    Self {
                        client,
                        options: __dubhe::client::CallOptions::new(),
                        methods: ::std::sync::Arc::new(__methods()),
                    }
                }

                /// The same client, whose calls have these options.
                #vis fn with(&self, options: __dubhe::client::CallOptions) -> Self {
                    Self { options, ..::std::clone::Clone::clone(self) }
                }

                /// The client that it calls through.
                #vis fn client(&self) -> &__dubhe::client::Client {
                    &self.client
                }

                #(#calls)*
            }

            impl __dubhe::client::Stub for #client {
                fn service() -> __dubhe::core::ServiceKey {
                    __service()
                }

                fn methods() -> ::std::vec::Vec<(
                    __dubhe::core::ByteString,
                    __dubhe::client::stub::ClientOptions,
                )> {
                    ::std::vec![#(#options),*]
                }

                #protocols

                fn method_names() -> &'static [&'static str] {
                    &[#(#names),*]
                }

                fn over(client: __dubhe::client::Client) -> Self {
                    Self::new(client)
                }
            }
        },
    }
}

/// Streams need Triple, callbacks the dubbo protocol.
fn protocols(interface: &Interface<'_>) -> Option<TokenStream> {
    let methods = &interface.methods;
    let protocol = if methods.iter().any(Method::streams) {
        "tri"
    } else if methods.iter().any(|method| method.callbacks().next().is_some()) {
        "dubbo"
    } else {
        return None;
    };
    Some(quote! {
        fn protocols() -> &'static [&'static str] {
            &[#protocol]
        }
    })
}

fn call(vis: &syn::Visibility, index: usize, method: &Method<'_>) -> TokenStream {
    let (docs, ident) = (method.docs(), method.ident);
    let (_, mut glue) = method.shape();
    let (inputs, body) = if let Some(Requests { ident, item }) = &method.requests {
        let stream = quote! {
            impl __dubhe::client::stub::Stream<Item = #item> + ::std::marker::Send + 'static
        };
        let mut sent = Ident::clone(ident);
        sent.set_span(ident.span().located_at(item.span()));
        (quote!(#ident: #stream), quote!(#sent))
    } else {
        let arguments = method.arguments.iter().map(|Argument { ident, ty, callback, .. }| {
            if *callback {
                quote!(#ident: impl ::std::convert::Into<#ty>)
            } else {
                quote!(#ident: #ty)
            }
        });
        let values = method.arguments.iter().map(Argument::to_owned);
        let span = method.carried_span();
        let values = quote_spanned!(span=> (#(#values,)*));
        let body = quote_spanned!(span=> __dubhe::hessian2::payload::args(#values));
        (quote!(#(#arguments),*), body)
    };
    let (callbacks, options) = callbacks(method);
    let checks = method.checks();
    // The compiler looks at requests and results at once.
    let span = if method.requests.is_some() {
        method.server_span()
    } else {
        method.located_at(method.result())
    };
    glue.set_span(span);
    let called = quote_spanned! {span=>
        __dubhe::client::stub::#glue(&self.client, &self.methods[#index], #body, #options).await
    };
    let output = match &method.output {
        Output::Value(ty) => quote!(#ty),
        Output::Stream { item } => quote!(__dubhe::core::Streaming<#item>),
    };
    quote_spanned! {ident.span()=>
        #(#docs)*
        ///
        /// # Errors
        /// Those of the service and of the way to it.
        #vis async fn #ident(
            &self,
            #inputs
        ) -> ::std::result::Result<#output, __dubhe::core::Status> {
            #checks
            #callbacks
            #called
        }
    }
}

/// The statements that pass the callbacks of a call, and its options.
fn callbacks(method: &Method<'_>) -> (TokenStream, TokenStream) {
    if method.callbacks().next().is_none() {
        return (TokenStream::new(), quote!(&self.options));
    }
    let made = method.callbacks().map(|(_, Argument { ident, ty, .. })| {
        quote!(let #ident: #ty = ::std::convert::Into::into(#ident);)
    });
    let action = method.callback_use();
    let passed = method.callbacks().map(|(place, Argument { ident, .. })| {
        quote!(__dubhe::client::Callback::pass(&#ident, #place, #action))
    });
    let statements = quote! {
        #(#made)*
        let __options = __dubhe::client::callback::options(&self.options, [#(#passed),*])?;
    };
    (statements, quote!(&__options))
}

/// The options of a method that has some.
fn options(method: &Method<'_>) -> Option<TokenStream> {
    let java = &method.java;
    let some = |value: TokenStream| quote!(::std::option::Option::Some(#value));
    let none = || quote!(::std::option::Option::None);
    let MethodOptions { timeout_ms, retries } = method.options;
    if timeout_ms.is_none() && retries.is_none() {
        return None;
    }
    let timeout_ms = timeout_ms.map_or_else(none, |ms| some(quote!(#ms)));
    let retries = retries.map_or_else(none, |n| some(quote!(#n)));
    Some(quote!(__dubhe::client::stub::options(#java, #timeout_ms, #retries)))
}
