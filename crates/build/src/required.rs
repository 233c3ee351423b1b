//! The required fields of messages, which are looked for before one is decoded.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::{Label, Type};
use quote::{format_ident, quote};
use syn::Fields;

use crate::parsed::{Message, Prost, find, raw};
use crate::schema::{Schema, by_number, held};

/// The function of `MessageShape` that tells the required fields of a message, if there are some.
pub(crate) fn function(message: &Message<'_>, schema: &Schema<'_>) -> Option<TokenStream> {
    let name = format!(".{}", message.name);
    let descriptor = schema.message(&name).filter(|_| schema.requires(&name))?;
    let own = descriptor.field.iter().filter(|field| field.label() == Label::Required);
    let own = own.map(|field| {
        let (number, name) = (number(field), field.name());
        quote!((#number, #name))
    });
    let holds = |field: &&FieldDescriptorProto| {
        matches!(field.r#type(), Type::Message | Type::Group)
            && schema.requires(held(descriptor, field))
    };
    let (mut within, mut oneofs) = (Vec::new(), HashSet::new());
    for item in &message.item.fields {
        let (Some(ident), Some(prost)) = (item.ident.as_ref(), Prost::of(&item.attrs)) else {
            continue;
        };
        let path = &message.path;
        if let Some(oneof) = prost.value("oneof") {
            let names: Vec<_> = oneof.split("::").map(raw).collect();
            let variants = find(&names, message.siblings).into_iter().flat_map(|e| &e.variants);
            for variant in variants.filter(|variant| matches!(variant.fields, Fields::Unnamed(_))) {
                let tag = Prost::of(&variant.attrs).and_then(|prost| prost.tag());
                let field = tag.and_then(|tag| by_number(descriptor, tag)).filter(holds);
                let Some(field) = field else { continue };
                let (number, name, module) = (number(field), field.name(), &message.module);
                let variant = &variant.ident;
                oneofs.insert(field.oneof_index());
                within.push(quote! {
                    __shape::required::one_of(#number, #name, #(#module::)*#(#names::)*#variant)
                });
            }
        } else if let Some(field) =
            prost.tag().and_then(|tag| by_number(descriptor, tag)).filter(holds)
        {
            let kind = match () {
                () if prost.has("map") => "map",
                () if prost.has("repeated") => "many",
                () if prost.has("optional") => "one",
                () => "required",
            };
            let (kind, number, name) = (format_ident!("{kind}"), number(field), field.name());
            within.push(quote!(__shape::required::#kind(#number, #name, |m: &#path| &m.#ident)));
        }
    }
    let in_oneofs = descriptor.field.iter().filter(|field| {
        field.oneof_index.is_some_and(|index| oneofs.contains(&index)) && !field.proto3_optional()
    });
    let in_oneofs = in_oneofs.map(|field| {
        let (number, oneof) = (number(field), field.oneof_index());
        quote!((#number, #oneof))
    });
    Some(quote! {
        fn required() -> ::core::option::Option<&'static __shape::required::Required> {
            static REQUIRED: __shape::required::Required = __shape::required::Required {
                fields: &[#(#own),*],
                within: &[#(#within),*],
                oneofs: &[#(#in_oneofs),*],
            };
            ::core::option::Option::Some(&REQUIRED)
        }
    })
}

fn number(field: &FieldDescriptorProto) -> u32 {
    field.number().unsigned_abs()
}
