//! The trait itself: methods return futures that can be sent between threads, and
//! implementations write them as `async fn`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, ReturnType, Type, parse_quote};

use super::Interface;
use super::method::Method;
use super::signature::Output;
use crate::attr::JAVA;

pub(super) fn expand(interface: &Interface<'_>) -> TokenStream {
    let item = interface.item;
    let (attributes, vis, ident) = (&item.attrs, &item.vis, &item.ident);
    let supertraits = item.supertraits.iter();
    let methods = interface.methods.iter().map(declare);
    quote! {
        #(#attributes)*
        #vis trait #ident: #(#supertraits +)* ::std::marker::Send + ::std::marker::Sync + 'static {
            #(#methods)*
        }
    }
}

fn declare(method: &Method<'_>) -> TokenStream {
    let attributes = method.attributes();
    let mut signature = method.item.sig.clone();
    signature.asyncness = None;
    for input in &mut signature.inputs {
        if let FnArg::Typed(typed) = input {
            typed.attrs.retain(|attribute| !attribute.path().is_ident(JAVA));
        }
    }
    if let ReturnType::Type(_, output) = &mut signature.output {
        if matches!(method.output, Output::Stream { .. }) {
            send_stream(output);
        }
        let future: Type = parse_quote!(
            impl ::std::future::Future<Output = #output> + ::std::marker::Send
        );
        **output = future;
    }
    match &method.item.default {
        Some(body) => quote!(#(#attributes)* #signature { async move #body }),
        None => quote!(#(#attributes)* #signature;),
    }
}

/// Adds `Send` to the stream in `Result<impl Stream<..>, E>`.
fn send_stream(output: &mut Type) {
    struct Streams;

    impl syn::visit_mut::VisitMut for Streams {
        fn visit_type_impl_trait_mut(&mut self, stream: &mut syn::TypeImplTrait) {
            stream.bounds.push(parse_quote!(::std::marker::Send));
        }
    }

    syn::visit_mut::VisitMut::visit_type_mut(&mut Streams, output);
}
