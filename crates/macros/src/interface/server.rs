//! The server: serves an implementation of the trait.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

use super::method::Method;
use super::signature::{Argument, Declared, Output, Requests};
use super::{Expansion, Interface};

pub(super) fn expand(interface: &Interface<'_>) -> Expansion {
    let (server, vis, item) = (&interface.server, &interface.item.vis, &interface.item.ident);
    let (client, callbacks) = (&interface.client, callbacks(interface));
    let definitions = interface.methods.iter().map(definition);
    let summary =
        format!("Serves an implementation of [`{item}`] as `{}`.", interface.args.interface);
    let arms = interface.methods.iter().enumerate().map(|(index, method)| {
        let run = run(item, method);
        quote!(#index => #run,)
    });
    Expansion {
        item: quote! {
            #[doc = #summary]
            #[allow(dead_code, reason = "few programs are both ends of a service")]
            #vis struct #server<T>(::std::sync::Arc<T>);
        },
        implementation: quote! {
            impl<__T: #item> #server<__T> {
                /// Serves `service`.
                pub fn new(service: __T) -> Self {
                    Self(::std::sync::Arc::new(service))
                }
            }

            impl<__T: #item> ::std::convert::From<::std::sync::Arc<__T>> for #server<__T> {
                fn from(service: ::std::sync::Arc<__T>) -> Self {
                    Self(service)
                }
            }

            impl<__T: #item> ::std::convert::From<#server<__T>>
                for __dubhe::client::Callback<#client>
            {
                fn from(service: #server<__T>) -> Self {
                    Self::of(__dubhe::server::stub::callback(service))
                }
            }

            impl<__T> ::std::clone::Clone for #server<__T> {
                fn clone(&self) -> Self {
                    Self(::std::clone::Clone::clone(&self.0))
                }
            }

            impl<__T> ::std::fmt::Debug for #server<__T> {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.write_str(::std::stringify!(#server))
                }
            }

            impl<__T: #item> __dubhe::server::Service for #server<__T> {
                fn key(&self) -> __dubhe::core::ServiceKey {
                    __service()
                }

                fn methods(&self) -> ::std::vec::Vec<::std::sync::Arc<__dubhe::core::Method>> {
                    ::std::convert::Into::into(__methods())
                }

                fn definition(
                    &self,
                ) -> ::std::option::Option<__dubhe::core::definition::ServiceDefinition> {
                    #[allow(unused_imports)]
                    use __dubhe::hessian2::derive::Undefined as _;
                    let mut all = __dubhe::core::definition::TypeDefinitions::default();
                    #[allow(unused_variables)]
                    let types = &mut all;
                    let methods = ::std::vec![#(#definitions),*];
                    ::std::option::Option::Some(
                        __dubhe::core::definition::ServiceDefinition { methods, types: all },
                    )
                }

                #callbacks

                fn call(&self, method: usize, call: __dubhe::core::Call) -> __dubhe::core::Invoking {
                    match method {
                        #(#arms)*
                        _ => __dubhe::server::stub::unsupported(&call, "there is no such method"),
                    }
                }
            }
        },
    }
}

/// The expression that defines a method; `types` are those of the definition. A stream is an argument
/// or the result in Java, of the class `StreamObserver`.
fn definition(method: &Method<'_>) -> TokenStream {
    let define = |ty: TokenStream| quote!(__dubhe::hessian2::derive::Define::<#ty>::define(types));
    let observer = quote!(types.add("org.apache.dubbo.common.stream.StreamObserver"));
    let parameters = method.arguments.iter().map(|argument| {
        let own = define(argument.owned());
        match &argument.declared {
            Some(Declared { name, .. }) => {
                quote!(__dubhe::hessian2::derive::define_as(#name, types, |types| #own))
            }
            None => own,
        }
    });
    let more = method.streams().then_some(&observer);
    let result = match (&method.requests, &method.output) {
        (Some(_), _) => observer.clone(),
        (None, Output::Stream { .. }) => define(quote!(())),
        (None, Output::Value(result)) => define(quote!(#result)),
    };
    let java = &method.java;
    quote! {
        __dubhe::core::definition::MethodDefinition {
            name: ::std::convert::From::from(#java),
            parameter_types: ::std::vec![#(#parameters,)* #more],
            return_type: #result,
        }
    }
}

/// The parameters that are callbacks, if there are any.
fn callbacks(interface: &Interface<'_>) -> Option<TokenStream> {
    let all: Vec<_> = interface
        .methods
        .iter()
        .enumerate()
        .flat_map(|(method, of)| {
            of.callbacks().map(move |(index, argument)| (method, of, index, argument))
        })
        .map(|(method, of, index, Argument { ty, .. })| {
            let action = of.callback_use();
            quote! {
                __dubhe::core::callback::CallbackParameter {
                    method: #method,
                    index: #index,
                    interface: <#ty>::interface(),
                    action: #action,
                }
            }
        })
        .collect();
    (!all.is_empty()).then(|| {
        quote! {
            fn callbacks(
                &self,
            ) -> ::std::vec::Vec<__dubhe::core::callback::CallbackParameter> {
                ::std::vec![#(#all),*]
            }
        }
    })
}

/// The expression that decodes the arguments, runs the handler and encodes what it returns.
fn run(item: &syn::Ident, method: &Method<'_>) -> TokenStream {
    let ident = method.ident;
    let (inputs, passed) = inputs(method);
    let context = if method.context { quote!(&__context,) } else { TokenStream::new() };
    let outcome = quote!(<__T as #item>::#ident(&__service, #context #passed).await);
    let received = method.callbacks().map(|(place, Argument { ident, ty, .. })| {
        quote! {
            // What was decoded is a null.
            ::std::mem::drop(#ident);
            let #ident: #ty = match __dubhe::client::callback::receive(&__context, #place) {
                ::std::result::Result::Ok(callback) => callback,
                ::std::result::Result::Err(status) => {
                    return ::std::result::Result::Err(status);
                }
            };
        }
    });
    let received = quote!(#(#received)*);
    // Then it fails with the error of the method or with that of a callback.
    let outcome = if received.is_empty() {
        outcome
    } else {
        quote! {
            ::std::result::Result::map_err(
                #outcome,
                ::std::convert::Into::<__dubhe::core::Status>::into,
            )
        }
    };
    let sent = method.located_at(method.result());
    let sent = quote_spanned!(sent=> __replies.send_all(stream).await);
    let (replies, outcome) = match &method.output {
        Output::Value(_) => (TokenStream::new(), outcome),
        Output::Stream { .. } => (
            quote!(__replies: __dubhe::server::stub::ReplySender),
            quote! {
                match #outcome {
                    ::std::result::Result::Ok(stream) => #sent,
                    ::std::result::Result::Err(error) => {
                        ::std::result::Result::Err(::std::convert::Into::into(error))
                    }
                }
            },
        ),
    };
    // The server of a one-way call runs it as any other.
    let mut glue = if method.oneway { format_ident!("unary") } else { method.shape().1 };
    let (span, checks) = (method.server_span(), method.checks());
    glue.set_span(span);
    let served = quote_spanned! {span=>
        __dubhe::server::stub::#glue(
            call,
            move |__context: ::std::sync::Arc<__dubhe::core::Context>, #inputs, #replies| {
                async move { #received #outcome }
            },
        )
    };
    quote_spanned! {ident.span()=>
        {
            #checks
            let __service = ::std::clone::Clone::clone(&self.0);
            #served
        }
    }
}

/// The input that the glue hands over, as a pattern with its type, and the form in which the
/// handler gets it.
fn inputs(method: &Method<'_>) -> (TokenStream, TokenStream) {
    if let Some(Requests { ident, item }) = &method.requests {
        return (quote!(#ident: __dubhe::core::Streaming<#item>), quote!(#ident));
    }
    let tuple = method.tuple();
    let names = method.arguments.iter().map(|a| a.ident);
    let passed = method.arguments.iter().map(Argument::pass);
    (quote!((#(#names,)*): #tuple), quote!(#(#passed),*))
}
