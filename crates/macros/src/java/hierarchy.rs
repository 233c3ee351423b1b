//! A superclass and its subclasses: the class that arrives decides the variant.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Result, parse_quote};

use super::Container;
use super::generics::{bounded, reading};
use super::variant::Variants;

pub(crate) fn expand(container: &Container<'_>, variants: &Variants<'_>) -> Result<TokenStream> {
    if let Some(name) = variants.known.iter().find_map(|v| v.name.as_ref()) {
        return Err(Error::new(
            name.span,
            "a subclass is known by the class of the type that the variant holds; give the class \
             there",
        ));
    }
    let ident = &container.input.ident;
    let class = &container.class;
    // The fields of the superclass are not known, only those of subclasses.
    let java_type = container.java_type(&quote! {
        let _ = types;
        ::std::default::Default::default()
    });
    let idents = variants.known.iter().chain(&variants.other).map(|v| v.ident);
    let encodes = bounded(&container.input.generics, &parse_quote!(__hessian2::Encode));
    let decodes = reading(
        &bounded(&container.input.generics, &parse_quote!(__hessian2::JavaType)),
        &parse_quote!(__hessian2::Decode<'__de>),
    );
    let (_, arguments, _) = container.input.generics.split_for_impl();
    let (encode_generics, _, encode_clause) = encodes.split_for_impl();
    let (decode_generics, _, decode_clause) = decodes.split_for_impl();

    let known = variants.known.iter().enumerate();
    let choices = known.clone().map(|(index, variant)| {
        let ty = variant.ty;
        quote!(if name == <#ty as __hessian2::JavaType>::class_name() { return #index; })
    });
    let arms = known.map(|(index, variant)| {
        let variant = variant.ident;
        quote!(#index => __hessian2::Decode::decode(d).map(Self::#variant),)
    });
    let rest = match &variants.other {
        Some(other) => {
            let other = other.ident;
            quote!(_ => __hessian2::Decode::decode(d).map(Self::#other),)
        }
        None => quote! {
            _ => ::std::result::Result::Err(__hessian2::derive::unexpected_class(#class, d)),
        },
    };
    Ok(quote! {
        #java_type

        impl #encode_generics __hessian2::Encode for #ident #arguments #encode_clause {
            fn encode(
                &self,
                e: &mut __hessian2::Encoder,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                match self {
                    #(Self::#idents(subclass) => __hessian2::Encode::encode(subclass, e),)*
                }
            }
        }

        impl #decode_generics __hessian2::Decode<'__de> for #ident #arguments #decode_clause {
            fn decode(
                d: &mut __hessian2::Decoder<'__de>,
            ) -> ::std::result::Result<Self, __hessian2::Error> {
                let choose = |name: &str| {
                    #(#choices)*
                    usize::MAX
                };
                match d.peek_type()?.map_or(usize::MAX, choose) {
                    #(#arms)*
                    #rest
                }
            }
        }
    })
}
