//! The shapes of messages, by which their memory is charged before they are decoded.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Field, Fields, Ident, Item, ItemEnum, ItemStruct, Type};

use crate::error::{Error, at};

/// Appends the shapes of the messages in the file of a package at `path`.
pub(crate) fn append(path: &Path, krate: &str) -> Result<(), Error> {
    let code = std::fs::read_to_string(path).map_err(at(path))?;
    let krate: TokenStream =
        krate.parse().map_err(|_| at(path)(io::Error::other(format!("{krate} is no path"))))?;
    let file = syn::parse_file(&code).map_err(|error| at(path)(io::Error::other(error)))?;
    let shapes = implementations(&file.items, &krate);
    let mut file = OpenOptions::new().append(true).open(path).map_err(at(path))?;
    writeln!(file, "{shapes}").map_err(at(path))
}

fn implementations(items: &[Item], krate: &TokenStream) -> TokenStream {
    let mut shapes = Vec::new();
    walk(items, &mut Vec::new(), &mut shapes);
    quote! {
        #[allow(deprecated, unused_imports, unused_qualifications, clippy::all, clippy::pedantic)]
        const _: () = {
            use #krate as __dubhe;
            use __dubhe::protobuf::shape as __shape;
            #(#shapes)*
        };
    }
}

/// Adds the shapes of the messages of a module, and of those in it.
fn walk(items: &[Item], module: &mut Vec<Ident>, shapes: &mut Vec<TokenStream>) {
    for item in items {
        match item {
            Item::Struct(message) if derives(&message.attrs, "Message") => {
                shapes.push(shape(message, module, items));
            }
            Item::Mod(inner) => {
                module.push(inner.ident.clone());
                let content = inner.content.as_ref().map_or(&[][..], |(_, items)| items);
                walk(content, module, shapes);
                module.pop();
            }
            _ => {}
        }
    }
}

fn shape(message: &ItemStruct, module: &[Ident], siblings: &[Item]) -> TokenStream {
    let ident = &message.ident;
    let path = quote!(#(#module::)*#ident);
    let fields: Vec<TokenStream> = message
        .fields
        .iter()
        .flat_map(|field| match Prost::of(&field.attrs) {
            Some(prost) => match prost.value("oneof") {
                Some(name) => one_of(&name, module, siblings),
                None => self::field(&path, field, &prost).into_iter().collect(),
            },
            None => Vec::new(),
        })
        .collect();
    if fields.is_empty() {
        return quote!(impl __dubhe::protobuf::MessageShape for #path {});
    }
    quote! {
        impl __dubhe::protobuf::MessageShape for #path {
            fn shape() -> ::core::option::Option<&'static __shape::Shape> {
                static SHAPE: __shape::Shape = __shape::Shape { fields: &[#(#fields),*] };
                ::core::option::Option::Some(&SHAPE)
            }
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

fn find<'a>(names: &[Ident], items: &'a [Item]) -> Option<&'a ItemEnum> {
    let (first, rest) = names.split_first()?;
    items.iter().find_map(|item| match item {
        Item::Enum(found) if rest.is_empty() && found.ident == *first => Some(found),
        Item::Mod(module) if module.ident == *first => {
            find(rest, module.content.as_ref().map_or(&[][..], |(_, items)| items))
        }
        _ => None,
    })
}

fn is_box(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Box"))
}

/// Returns true if a type derives `name`, by whichever path.
fn derives(attrs: &[Attribute], name: &str) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("derive")).any(|attr| {
        let mut found = false;
        let parsed = attr.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|last| last.ident == name);
            Ok(())
        });
        parsed.is_ok() && found
    })
}

/// The content of `#[prost(..)]` at a field: words, and names with a text.
struct Prost(Vec<(String, Option<String>)>);

impl Prost {
    fn of(attrs: &[Attribute]) -> Option<Self> {
        let attr = attrs.iter().find(|attr| attr.path().is_ident("prost"))?;
        let mut all = Vec::new();
        let parsed = attr.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
            let value = match meta.value() {
                Ok(value) => Some(value.parse::<syn::LitStr>()?.value()),
                Err(_) => None,
            };
            all.push((name, value));
            Ok(())
        });
        parsed.is_ok().then_some(Self(all))
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    fn value(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.clone())
    }

    fn tag(&self) -> Option<u32> {
        self.value("tag")?.parse().ok()
    }
}
