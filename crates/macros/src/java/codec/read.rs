//! The generated code that reads.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Index, parse_quote};

use super::wire_field::{WireField, wire_fields};
use crate::java::field::Field;
use crate::java::generics::{bounded, reading};
use crate::java::{Container, Object, Role};

pub(super) fn expand(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let ident = &container.input.ident;
    let encodes = bounded(&container.input.generics, &parse_quote!(__hessian2::Encode));
    let generics = reading(&encodes, &parse_quote!(__hessian2::Decode<'__de>));
    let (generics, _, clause) = generics.split_for_impl();
    let (_, arguments, _) = container.input.generics.split_for_impl();

    let (compound, simple) = (wire_fields(object, false), wire_fields(object, true));
    let (compound_len, compound_arms, simple_arms) =
        (compound.len(), arms(&compound), arms(&simple));
    let (read_field, read_in_order) = match object.of_role(Role::Parent) {
        None => {
            let all: Vec<_> = compound.into_iter().chain(simple).collect();
            let arms = arms(&all);
            (quote!(match index { #arms }), read_in_order(object, &all))
        }
        Some(parent @ Field { ty, .. }) => {
            let slot = Index::from(object.slot_of(parent));
            let read_field = quote! {
                let parents_compound = <#ty as __hessian2::derive::Fields>::COMPOUND.len();
                let parents_simple = <#ty as __hessian2::derive::Fields>::SIMPLE.len();
                let own_end = parents_compound + #compound_len;
                if index < parents_compound {
                    return <#ty as __hessian2::derive::ReadFields<'__de>>::read_field(
                        &mut slots.#slot, index, d,
                    );
                }
                if index < own_end {
                    match index - parents_compound { #compound_arms }
                    return ::std::result::Result::Ok(());
                }
                if index < own_end + parents_simple {
                    return <#ty as __hessian2::derive::ReadFields<'__de>>::read_field(
                        &mut slots.#slot, index - #compound_len, d,
                    );
                }
                match index - own_end - parents_simple { #simple_arms }
            };
            (read_field, TokenStream::new())
        }
    };
    let slots = object.slots().map(|field| slot_type(field));
    let empty = object.slots().map(|field| match (field.role, field.ty) {
        (Role::Parent, ty) => quote!(<#ty as __hessian2::derive::ReadFields<'__de>>::slots()),
        _ => quote!(::std::option::Option::None),
    });
    let build = object.fields.iter().map(|field| {
        let ident = field.ident;
        let value = build_field(container, object, field);
        quote!(#ident: #value)
    });
    quote! {
        impl #generics __hessian2::derive::ReadFields<'__de> for #ident #arguments #clause {
            type Slots = (#(#slots,)*);

            #[inline]
            fn slots() -> Self::Slots {
                (#(#empty,)*)
            }

            #[inline]
            #[allow(unused_variables)]
            fn read_field(
                slots: &mut Self::Slots,
                index: usize,
                d: &mut __hessian2::Decoder<'__de>,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                #read_field
                ::std::result::Result::Ok(())
            }

            #read_in_order

            #[inline]
            #[allow(unused_variables)]
            fn build(slots: Self::Slots) -> ::std::result::Result<Self, __hessian2::Error> {
                ::std::result::Result::Ok(Self { #(#build),* })
            }
        }

        impl #generics __hessian2::Decode<'__de> for #ident #arguments #clause {
            fn decode(
                d: &mut __hessian2::Decoder<'__de>,
            ) -> ::std::result::Result<Self, __hessian2::Error> {
                __hessian2::derive::decode_object(d)
            }
        }
    }
}

fn slot_type(field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    match field.role {
        Role::Parent => quote!(<#ty as __hessian2::derive::ReadFields<'__de>>::Slots),
        _ => quote!(::std::option::Option<#ty>),
    }
}

fn build_field(container: &Container<'_>, object: &Object<'_>, field: &Field<'_>) -> TokenStream {
    let (ty, span) = (field.ty, field.ty.span());
    let slot = Index::from(object.slot_of(field));
    let (class, name) = (&container.class, &field.java);
    match field.role {
        Role::Skip => quote_spanned!(span=> ::std::default::Default::default()),
        Role::Parent => {
            quote_spanned!(span=> <#ty as __hessian2::derive::ReadFields<'__de>>::build(slots.#slot)?)
        }
        Role::Own if !field.default => {
            quote_spanned!(span=> __hessian2::derive::present(slots.#slot, #class, #name)?)
        }
        _ => quote_spanned!(span=> ::std::option::Option::unwrap_or_default(slots.#slot)),
    }
}

/// Straight-line code for all fields of a class without a superclass.
fn read_in_order(object: &Object<'_>, fields: &[WireField<'_>]) -> TokenStream {
    let reads = fields.iter().map(|field| match &field.read {
        Some((slot, read)) => {
            let value = format_ident!("value_{slot}");
            quote!(let #value = #read;)
        }
        None => quote!(d.skip_value()?;),
    });
    let fields = object.fields.iter().map(|field| {
        let (ident, ty) = (field.ident, field.ty);
        match field.role {
            Role::Skip => quote!(#ident: <#ty as ::std::default::Default>::default()),
            _ => {
                let value = format_ident!("value_{}", object.slot_of(field));
                quote!(#ident: #value)
            }
        }
    });
    quote! {
        #[inline]
        fn read_in_order(
            d: &mut __hessian2::Decoder<'__de>,
        ) -> ::std::result::Result<Self, __hessian2::Error> {
            #(#reads)*
            ::std::result::Result::Ok(Self { #(#fields),* })
        }
    }
}

/// The arms of a `match` on the index within one run.
fn arms(fields: &[WireField<'_>]) -> TokenStream {
    let arms = fields.iter().enumerate().map(|(index, field)| match &field.read {
        Some((slot, read)) => {
            let slot = Index::from(*slot);
            quote!(#index => slots.#slot = ::std::option::Option::Some(#read),)
        }
        None => quote!(#index => d.skip_value()?,),
    });
    quote!(#(#arms)* _ => d.skip_value()?,)
}
