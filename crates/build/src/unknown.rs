//! Messages that keep the fields that their schema does not have.
//!
//! The derive of `prost` has no place for them. So a message gets a field more, which the derive takes
//! for a oneof with a number that no field has; and what it makes of the message is not `prost::Message` but
//! a trait of the same methods, through which the implementation that is made here goes.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::parse::Parser as _;
use syn::{Attribute, Field, Fields, Item, ItemStruct, Meta, Path, Token, parse_quote};

use crate::parsed::{self, Message, Prost, derives};
use crate::schema::Schema;
use crate::service::free;

/// The number behind the last that a field may have.
const NO_NUMBER: &str = "536870912";

/// The name of the field, which gives way to those of the message.
pub(crate) fn field_name(item: &ItemStruct) -> Ident {
    let taken: HashSet<String> =
        item.fields.iter().filter_map(|field| Some(field.ident.as_ref()?.to_string())).collect();
    format_ident!("{}", free("unknown_fields".to_owned(), |name| !taken.contains(name)))
}

/// The implementation of `prost::Message` for a message.
pub(crate) fn implementation(message: &Message<'_>) -> TokenStream {
    let (path, field) = (&message.path, field_name(message.item));
    let known: Vec<u32> = message
        .item
        .fields
        .iter()
        .filter_map(|field| Prost::of(&field.attrs))
        .flat_map(|prost| prost.tags())
        .collect();
    let known = (!known.is_empty()).then(|| {
        quote! {
            #(#known)|* => __known::Message::merge_field(self, number, wire_type, from, context),
        }
    });
    quote! {
        impl __dubhe::protobuf::prost::Message for #path {
            fn encode_raw(&self, out: &mut impl __known::bytes::BufMut) {
                __known::Message::encode_raw(self, out)
            }

            fn merge_field(
                &mut self,
                number: u32,
                wire_type: __known::encoding::WireType,
                from: &mut impl __known::bytes::Buf,
                context: __known::encoding::DecodeContext,
            ) -> ::core::result::Result<(), __known::DecodeError> {
                match number {
                    #known
                    _ => __dubhe::protobuf::UnknownFields::merge(
                        &mut self.#field,
                        number,
                        wire_type,
                        from,
                        context,
                    ),
                }
            }

            #[inline]
            fn encoded_len(&self) -> usize {
                __known::Message::encoded_len(self)
            }

            fn clear(&mut self) {
                __known::Message::clear(self)
            }
        }
    }
}

/// Gives the messages in `items` their field, but for those that hold extensions: what is unknown to
/// them is in the message that they are of.
pub(crate) fn keep(items: &mut [Item], krate: &str, schema: &Schema<'_>) {
    // What is beside an item tells its name on the wire.
    let names: Vec<Option<String>> = items
        .iter()
        .map(|item| match item {
            Item::Struct(one) => parsed::full_name(&one.ident, items),
            _ => None,
        })
        .collect();
    for (item, name) in items.iter_mut().zip(names) {
        match item {
            Item::Struct(item) if derives(&item.attrs, "Message") => {
                without_copy(&mut item.attrs);
                if name.is_none_or(|name| !schema.holds_extensions(&name)) {
                    add_field(item, krate);
                }
            }
            Item::Enum(item) if derives(&item.attrs, "Oneof") => {
                let has_message = item.variants.iter().any(|variant| {
                    Prost::of(&variant.attrs)
                        .is_some_and(|prost| prost.has("message") || prost.has("group"))
                });
                if has_message {
                    without_copy(&mut item.attrs);
                }
            }
            Item::Mod(inner) => {
                if let Some((_, items)) = &mut inner.content {
                    keep(items, krate, schema);
                }
            }
            _ => {}
        }
    }
}

fn add_field(item: &mut ItemStruct, krate: &str) {
    let name = field_name(item);
    let path = format!("{krate}::protobuf::UnknownFields");
    let known = format!("{krate}::protobuf::known");
    for attr in item.attrs.iter_mut().filter(|attr| attr.path().is_ident("prost")) {
        *attr = parse_quote!(#[prost(prost_path = #known)]);
    }
    let Ok(ty) = syn::parse_str::<Path>(&path) else { return };
    let Fields::Named(fields) = &mut item.fields else { return };
    let field = Field::parse_named.parse2(quote! {
        /// The fields that the schema does not have.
        #[prost(oneof = #path, tags = #NO_NUMBER)]
        pub #name: ::core::option::Option<#ty>
    });
    fields.named.extend(field);
}

/// Takes `Copy` from what is derived: the field is not `Copy`.
fn without_copy(attrs: &mut [Attribute]) {
    for attr in attrs.iter_mut().filter(|attr| attr.path().is_ident("derive")) {
        let Meta::List(list) = &attr.meta else { continue };
        let parser = syn::punctuated::Punctuated::<Path, Token![,]>::parse_terminated;
        let Ok(derived) = parser.parse2(list.tokens.clone()) else { continue };
        let kept = derived.iter().filter(|path| !path.is_ident("Copy"));
        *attr = parse_quote!(#[derive(#(#kept),*)]);
    }
}
