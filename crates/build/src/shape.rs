//! The shapes of messages, by which their memory is charged and their required fields are looked for
//! before they are decoded.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Field, Fields, Ident, Item};

use crate::parsed::{Message, Prost, find, is_box};
use crate::required;
use crate::schema::Schema;

/// The shape of a message.
pub(crate) fn implementation(message: &Message<'_>, schema: &Schema<'_>) -> TokenStream {
    let Message { path, module, siblings, item, .. } = message;
    let fields: Vec<TokenStream> = item
        .fields
        .iter()
        .flat_map(|field| match Prost::of(&field.attrs) {
            Some(prost) => match prost.value("oneof") {
                Some(name) => one_of(&name, module, siblings),
                None => self::field(path, field, &prost).into_iter().collect(),
            },
            None => Vec::new(),
        })
        .collect();
    let shape = (!fields.is_empty()).then(|| {
        quote! {
            fn shape() -> ::core::option::Option<&'static __shape::Shape> {
                static SHAPE: __shape::Shape = __shape::Shape { fields: &[#(#fields),*] };
                ::core::option::Option::Some(&SHAPE)
            }
        }
    });
    let required = required::function(message, schema);
    quote! {
        impl __dubhe::protobuf::MessageShape for #path {
            #shape
            #required
        }
    }
}

/// The types whose numbers have a fixed width on the wire.
const FIXED: [&str; 6] = ["float", "double", "fixed32", "fixed64", "sfixed32", "sfixed64"];

/// The entry of a field, if it allocates or has such fields.
fn field(path: &TokenStream, field: &Field, prost: &Prost) -> Option<TokenStream> {
    let (ident, number) = (field.ident.as_ref()?, prost.tag()?);
    let message = prost.has("message") || prost.has("group");
    let kind = if let Some(map) = prost.value("map") {
        if map.ends_with("message") { "map_of_messages" } else { "map" }
    } else if prost.has("repeated") {
        match () {
            () if message => "many",
            () if prost.has("string") || prost.has("bytes") => "texts",
            () if FIXED.iter().any(|name| prost.has(name)) => "fixed",
            () => "varints",
        }
    } else if message {
        match () {
            () if prost.has("boxed") && prost.has("optional") => "boxed",
            () if prost.has("optional") => "one",
            () if is_box(&field.ty) => return None,
            () => "required",
        }
    } else {
        return None;
    };
    let kind = format_ident!("{kind}");
    Some(quote!(__shape::#kind(#number, |m: &#path| &m.#ident)))
}

/// The entries of the messages among the variants of a oneof, `name` in `module`.
fn one_of(name: &str, module: &[Ident], siblings: &[Item]) -> Vec<TokenStream> {
    let names: Vec<Ident> = name
        .split("::")
        .map(|part| syn::parse_str(part).unwrap_or_else(|_| format_ident!("_")))
        .collect();
    let Some(variants) = find(&names, siblings) else { return Vec::new() };
    let messages = variants.variants.iter().filter_map(|variant| {
        let prost = Prost::of(&variant.attrs)?;
        let (ident, number) = (&variant.ident, prost.tag()?);
        let Fields::Unnamed(fields) = &variant.fields else { return None };
        if !prost.has("message") && !prost.has("group") {
            return None;
        }
        let boxed = prost.has("boxed") || fields.unnamed.first().is_some_and(|f| is_box(&f.ty));
        let kind = format_ident!("{}", if boxed { "boxed_one_of" } else { "one_of" });
        Some(quote!(__shape::#kind(#number, #(#module::)*#(#names::)*#ident)))
    });
    messages.collect()
}
