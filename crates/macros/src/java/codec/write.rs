//! The generated code that writes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use super::wire_field::{WireField, wire_fields};
use crate::java::field::Field;
use crate::java::generics::bounded;
use crate::java::{Container, Object, Role};

pub(super) fn expand(container: &Container<'_>, object: &Object<'_>) -> TokenStream {
    let ident = &container.input.ident;
    let bound = parse_quote!(__hessian2::Encode);
    let generics = bounded(&container.input.generics, &bound);
    let (generics, arguments, clause) = generics.split_for_impl();
    let class = &container.class;
    let (compound, simple) = (wire_fields(object, false), wire_fields(object, true));
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
            const COMPOUND: &'static __hessian2::derive::FieldNames =
                &__hessian2::derive::FieldNames::join(&[&[#(#compound_names),*]]);
            const SIMPLE: &'static __hessian2::derive::FieldNames =
                &__hessian2::derive::FieldNames::join(&[&[#(#simple_names),*]]);
        },
        Some(Field { ty, .. }) => quote! {
            const CLASS: &'static __hessian2::Class =
                &__hessian2::Class::new(#class, Self::ALL.as_slice());
            const COMPOUND: &'static __hessian2::derive::FieldNames = &__hessian2::derive::FieldNames::join(&[
                <#ty as __hessian2::derive::Fields>::COMPOUND.as_slice(),
                &[#(#compound_names),*],
            ]);
            const SIMPLE: &'static __hessian2::derive::FieldNames = &__hessian2::derive::FieldNames::join(&[
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

fn names<'a>(fields: &'a [WireField<'_>]) -> Vec<&'a str> {
    fields.iter().map(|p| p.java).collect()
}
