//! The code of a class: writing, reading, its type.
//!
//! A class is written as four runs of fields, in hessian-lite's order: the compound fields of the
//! superclass, its own, the simple fields of the superclass, its own. The generated code counts
//! the index of a field through these runs.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Index, parse_quote};

use super::field::Field;
use super::generics::{bounded, reading};
use super::{Container, Object, Role};

/// One field of the wire, in the order of writing.
struct Part<'a> {
    java: &'a str,
    /// The statement that writes it.
    write: TokenStream,
    /// The expression that reads it, and the slot that keeps it; a part without is skipped.
    read: Option<(usize, TokenStream)>,
}

/// Generates all implementations of a class.
pub(crate) fn expand(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let java_type = container.java_type();
    let (write, read) = (write(container, object), read(container, object));
    quote! { #java_type #write #read }
}

fn parts<'a>(object: &'a Object<'_>, simple: bool) -> Vec<Part<'a>> {
    let throwable = if object.throwable { throwable_parts(object, simple) } else { Vec::new() };
    let own = object.own(simple).map(|field| Part {
        java: &field.java,
        write: {
            let (ident, span) = (field.ident, field.ty.span());
            quote_spanned!(span=> __hessian2::Encode::encode(&self.#ident, e)?;)
        },
        read: Some((object.slot_of(field), read_own(field))),
    });
    throwable.into_iter().chain(own).collect()
}

fn read_own(field: &Field<'_>) -> TokenStream {
    let span = field.ty.span();
    if field.default {
        quote_spanned!(span=> __hessian2::derive::decode_or_default(d)?)
    } else {
        quote_spanned!(span=> __hessian2::Decode::decode(d)?)
    }
}

/// The fields that `Throwable` adds, in Java 17's order.
fn throwable_parts<'a>(object: &'a Object<'_>, simple: bool) -> Vec<Part<'a>> {
    let part = |java, role, write: fn(TokenStream) -> TokenStream, without, read| {
        let field = object.of_role(role);
        let write = field.map_or(without, |field| {
            let ident = field.ident;
            write(quote!(self.#ident))
        });
        Part { java, write, read: field.map(|field| (object.slot_of(field), read)) }
    };
    if simple {
        return vec![part(
            "detailMessage",
            Role::Message,
            |field| quote!(__hessian2::Encode::encode(&#field, e)?;),
            quote!(e.write_null();),
            quote!(__hessian2::derive::decode_or_default(d)?),
        )];
    }
    vec![
        Part {
            java: "suppressedExceptions",
            write: quote!(__hessian2::derive::encode_no_suppressed(e)?;),
            read: None,
        },
        part(
            "stackTrace",
            Role::Stack,
            |field| quote!(__hessian2::derive::encode_stack(&#field, e)?;),
            quote!(__hessian2::derive::encode_no_stack(e)?;),
            quote!(__hessian2::derive::decode_or_default(d)?),
        ),
        part(
            "cause",
            Role::Cause,
            |field| quote!(__hessian2::derive::encode_cause(#field.as_ref(), number, e)?;),
            quote!(e.write_reference(number);),
            quote!(__hessian2::derive::decode_cause(d)?),
        ),
    ]
}

fn write(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let ident = &container.input.ident;
    let bound = parse_quote!(__hessian2::Encode);
    let generics = bounded(&container.input.generics, &bound);
    let (generics, arguments, clause) = generics.split_for_impl();
    let class = &container.class;
    let (compound, simple) = (parts(object, false), parts(object, true));
    let (compound_names, simple_names) = (names(&compound), names(&simple));
    let (compound_writes, simple_writes) =
        (compound.iter().map(|p| &p.write), simple.iter().map(|p| &p.write));
    let parent = object.of_role(Role::Parent);
    let [parent_compound, parent_simple] = match parent {
        Some(Field { ident, ty, .. }) => [
            quote!(<#ty as __hessian2::derive::Fields>::encode_compound(&self.#ident, number, e)?;),
            quote!(<#ty as __hessian2::derive::Fields>::encode_simple(&self.#ident, number, e)?;),
        ],
        None => [TokenStream::new(), TokenStream::new()],
    };
    let consts = match parent {
        // A static has one address, by which encoder and decoder know the class fastest.
        None => quote! {
            const CLASS: &'static __hessian2::Class = {
                static CLASS: __hessian2::Class =
                    __hessian2::Class::new(#class, &[#(#compound_names,)* #(#simple_names),*]);
                &CLASS
            };
            const COMPOUND: &'static __hessian2::derive::Names =
                &__hessian2::derive::Names::join(&[&[#(#compound_names),*]]);
            const SIMPLE: &'static __hessian2::derive::Names =
                &__hessian2::derive::Names::join(&[&[#(#simple_names),*]]);
        },
        Some(Field { ty, .. }) => quote! {
            const CLASS: &'static __hessian2::Class =
                &__hessian2::Class::new(#class, Self::ALL.as_slice());
            const COMPOUND: &'static __hessian2::derive::Names = &__hessian2::derive::Names::join(&[
                <#ty as __hessian2::derive::Fields>::COMPOUND.as_slice(),
                &[#(#compound_names),*],
            ]);
            const SIMPLE: &'static __hessian2::derive::Names = &__hessian2::derive::Names::join(&[
                <#ty as __hessian2::derive::Fields>::SIMPLE.as_slice(),
                &[#(#simple_names),*],
            ]);
        },
    };
    quote! {
        impl #generics __hessian2::derive::Fields for #ident #arguments #clause {
            #consts

            #[inline]
            #[allow(unused_variables)]
            fn encode_compound(
                &self,
                number: usize,
                e: &mut __hessian2::Encoder,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                #parent_compound
                #(#compound_writes)*
                ::std::result::Result::Ok(())
            }

            #[inline]
            #[allow(unused_variables)]
            fn encode_simple(
                &self,
                number: usize,
                e: &mut __hessian2::Encoder,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                #parent_simple
                #(#simple_writes)*
                ::std::result::Result::Ok(())
            }
        }

        impl #generics __hessian2::Encode for #ident #arguments #clause {
            fn encode(
                &self,
                e: &mut __hessian2::Encoder,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                __hessian2::derive::encode_object(self, e)
            }
        }
    }
}

fn names<'a>(parts: &'a [Part<'_>]) -> Vec<&'a str> {
    parts.iter().map(|p| p.java).collect()
}

/// The arms of a `match` on the index within one run.
fn arms(parts: &[Part<'_>]) -> TokenStream {
    let arms = parts.iter().enumerate().map(|(index, part)| match &part.read {
        Some((slot, read)) => {
            let slot = Index::from(*slot);
            quote!(#index => slots.#slot = ::std::option::Option::Some(#read),)
        }
        None => quote!(#index => d.skip_value()?,),
    });
    quote!(#(#arms)* _ => d.skip_value()?,)
}

fn read(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let ident = &container.input.ident;
    let encodes = bounded(&container.input.generics, &parse_quote!(__hessian2::Encode));
    let generics = reading(&encodes, &parse_quote!(__hessian2::Decode<'de>));
    let (generics, _, clause) = generics.split_for_impl();
    let (_, arguments, _) = container.input.generics.split_for_impl();

    let (compound, simple) = (parts(object, false), parts(object, true));
    let (compound_len, compound_arms, simple_arms) =
        (compound.len(), arms(&compound), arms(&simple));
    let read_field = match object.of_role(Role::Parent) {
        None => {
            let all: Vec<_> = compound.into_iter().chain(simple).collect();
            let arms = arms(&all);
            quote!(match index { #arms })
        }
        Some(parent @ Field { ty, .. }) => {
            let slot = Index::from(object.slot_of(parent));
            quote! {
                let parents_compound = <#ty as __hessian2::derive::Fields>::COMPOUND.len();
                let parents_simple = <#ty as __hessian2::derive::Fields>::SIMPLE.len();
                let own_end = parents_compound + #compound_len;
                if index < parents_compound {
                    return <#ty as __hessian2::derive::ReadFields<'de>>::read_field(
                        &mut slots.#slot, index, d,
                    );
                }
                if index < own_end {
                    match index - parents_compound { #compound_arms }
                    return ::std::result::Result::Ok(());
                }
                if index < own_end + parents_simple {
                    return <#ty as __hessian2::derive::ReadFields<'de>>::read_field(
                        &mut slots.#slot, index - #compound_len, d,
                    );
                }
                match index - own_end - parents_simple { #simple_arms }
            }
        }
    };
    let slots = object.slots().map(|field| slot_type(field));
    let empty = object.slots().map(|field| match (field.role, field.ty) {
        (Role::Parent, ty) => quote!(<#ty as __hessian2::derive::ReadFields<'de>>::slots()),
        _ => quote!(::std::option::Option::None),
    });
    let build = object.fields.iter().map(|field| {
        let ident = field.ident;
        let value = build_field(container, object, field);
        quote!(#ident: #value)
    });
    quote! {
        impl #generics __hessian2::derive::ReadFields<'de> for #ident #arguments #clause {
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
                d: &mut __hessian2::Decoder<'de>,
            ) -> ::std::result::Result<(), __hessian2::Error> {
                #read_field
                ::std::result::Result::Ok(())
            }

            #[inline]
            #[allow(unused_variables)]
            fn build(slots: Self::Slots) -> ::std::result::Result<Self, __hessian2::Error> {
                ::std::result::Result::Ok(Self { #(#build),* })
            }
        }

        impl #generics __hessian2::Decode<'de> for #ident #arguments #clause {
            fn decode(
                d: &mut __hessian2::Decoder<'de>,
            ) -> ::std::result::Result<Self, __hessian2::Error> {
                __hessian2::derive::decode_object(d)
            }
        }
    }
}

fn slot_type(field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    match field.role {
        Role::Parent => quote!(<#ty as __hessian2::derive::ReadFields<'de>>::Slots),
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
            quote_spanned!(span=> <#ty as __hessian2::derive::ReadFields<'de>>::build(slots.#slot)?)
        }
        Role::Own if !field.default => {
            quote_spanned!(span=> __hessian2::derive::present(slots.#slot, #class, #name)?)
        }
        _ => quote_spanned!(span=> ::std::option::Option::unwrap_or_default(slots.#slot)),
    }
}
