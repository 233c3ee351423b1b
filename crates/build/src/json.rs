//! The JSON forms of messages: a table of their fields over `dubhe_protobuf::json`.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use proc_macro2::{Ident, TokenStream};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto};
use quote::{format_ident, quote};
use syn::Fields;

use crate::parsed::{Message, Prost, find, is_box, raw};
use crate::schema::{Schema, by_number, entry_value};
use crate::unknown;
use crate::well_known::comes_with_the_crate;

/// The implementations of a package.
pub(crate) struct Package<'a> {
    schema: &'a Schema<'a>,
    /// The paths of the messages that hold the extensions of others, by the full names of these.
    extensions: HashMap<String, TokenStream>,
    /// The tables of the enums, by their full names.
    enums: Vec<String>,
    /// The other packages whose messages fields have, and how to reach their types.
    used: BTreeSet<&'a str>,
    uses: Vec<TokenStream>,
    types: Vec<TokenStream>,
}

/// A field, from where the values are to how they are written.
struct Field {
    /// The name of the file, and that of JSON.
    name: String,
    json_name: String,
    required: bool,
    read: TokenStream,
    write: TokenStream,
}

/// The rest of an implementation, besides the fields of the message.
struct Other {
    find: TokenStream,
    read: TokenStream,
    write: TokenStream,
}

impl Default for Other {
    fn default() -> Self {
        Self {
            find: quote!(::core::option::Option::None),
            read: quote!(::core::result::Result::Ok(())),
            write: quote!(::core::result::Result::Ok(())),
        }
    }
}

impl Other {
    /// Finds, reads and writes the fields of `extensions` among the unknown ones, with indices from
    /// `own` on.
    fn of_extensions(&mut self, extensions: &TokenStream, unknown: &Ident, own: usize) {
        let own = u32::try_from(own).unwrap_or(u32::MAX);
        self.find = quote!(<#extensions as __json::Object>::find(name).map(|index| index + #own));
        self.read = quote! {
            __json::read_extension::<#extensions>(json, index - #own, &mut self.#unknown)
        };
        self.write = quote!(__json::write_extensions::<#extensions>(out, &self.#unknown));
    }
}

impl<'a> Package<'a> {
    pub(crate) fn new(schema: &'a Schema<'a>, messages: &[Message<'_>]) -> Self {
        let path = |name: &String| messages.iter().find(|message| message.name == *name);
        let extensions = schema.extensions.iter();
        let extensions =
            extensions.filter_map(|(of, name)| Some((of.clone(), path(name)?.path.clone())));
        Self {
            schema,
            extensions: extensions.collect(),
            enums: Vec::new(),
            used: BTreeSet::new(),
            uses: Vec::new(),
            types: Vec::new(),
        }
    }

    /// The implementation for a message.
    pub(crate) fn implementation(&mut self, message: &Message<'_>) -> TokenStream {
        let (path, name) = (&message.path, &message.name);
        let holds_extensions = self.schema.holds_extensions(name);
        if !holds_extensions {
            self.types.push(quote!(__json::Type::of::<#path>(#name)));
        }
        let Some((package, descriptor)) = self.schema.messages.get(&format!(".{name}")).copied()
        else {
            let text = format!("no descriptor of the message {name:?}");
            return quote!(::core::compile_error!(#text););
        };
        let mut fields = Vec::new();
        let mut writes = Vec::new();
        for item in &message.item.fields {
            let (Some(ident), Some(prost)) = (item.ident.as_ref(), Prost::of(&item.attrs)) else {
                continue;
            };
            if let Some(oneof) = prost.value("oneof") {
                let variants = self.one_of(package, descriptor, message, ident, &oneof);
                let arms = variants.iter().map(|variant| &variant.write);
                writes.push(quote! {
                    match &self.#ident {
                        #(#arms)*
                        ::core::option::Option::None => {}
                    }
                });
                fields.extend(variants);
            } else if let Some(field) = prost.tag().and_then(|tag| by_number(descriptor, tag)) {
                let field = self.field(package, descriptor, message, ident, &prost, field);
                writes.push(field.write.clone());
                fields.push(field);
            }
        }
        let finds = fields.iter().zip(0_u32..).map(|(field, index)| {
            let Field { name, json_name, .. } = field;
            let names = if name == json_name || holds_extensions {
                quote!(#json_name)
            } else {
                quote!(#json_name | #name)
            };
            quote!(#names => ::core::option::Option::Some(#index),)
        });
        let reads = fields.iter().zip(0_u32..).map(|(field, index)| {
            let read = &field.read;
            quote!(#index => #read,)
        });
        let required = fields.iter().zip(0_u32..).filter(|(field, _)| field.required);
        let required: Vec<_> = required
            .map(|(field, index)| {
                let name = &field.name;
                quote!((#index, #name))
            })
            .collect();
        let required = (!required.is_empty()).then(|| {
            quote! {
                fn required() -> &'static [(u32, &'static str)] {
                    &[#(#required),*]
                }
            }
        });
        let mut other = Other::default();
        if let Some(extensions) = self.extensions.get(name) {
            other.of_extensions(extensions, &unknown::field_name(message.item), fields.len());
        }
        let Other { find, read, write } = other;
        let lifetimes = quote!('_);
        quote! {
            impl __json::Object for #path {
                fn types() -> &'static __json::Types {
                    &TYPES
                }

                #required

                fn find(name: &str) -> ::core::option::Option<u32> {
                    match name {
                        #(#finds)*
                        _ => #find,
                    }
                }

                fn read_field(
                    &mut self,
                    index: u32,
                    json: &mut __json::Reader<#lifetimes>,
                ) -> ::core::result::Result<(), __json::Error> {
                    match index {
                        #(#reads)*
                        _ => #read,
                    }
                }

                fn write_fields(
                    &self,
                    out: &mut __json::Writer<#lifetimes>,
                ) -> ::core::result::Result<(), __json::Error> {
                    #(#writes)*
                    #write
                }
            }

            impl __dubhe::protobuf::serde::Serialize for #path {
                fn serialize<S: __dubhe::protobuf::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    __json::serialize(self, serializer)
                }
            }

            impl<'de> __dubhe::protobuf::serde::Deserialize<'de> for #path {
                fn deserialize<D: __dubhe::protobuf::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    __json::deserialize(deserializer)
                }
            }
        }
    }

    /// The tables that the implementations refer to.
    pub(crate) fn tables(&self) -> TokenStream {
        let Self { types, uses, .. } = self;
        let enums = self.enums.iter().zip(0_usize..).map(|(name, index)| {
            let ident = enum_ident(index);
            let values = self.schema.enums.get(name).into_iter().flat_map(|item| &item.value);
            let entries = values.map(|value| {
                let (name, number) = (value.name(), value.number());
                quote!((#name, #number))
            });
            quote!(static #ident: &[(&str, i32)] = &[#(#entries),*];)
        });
        quote! {
            static TYPES: __json::Types = __json::Types {
                messages: &[#(#types),*],
                uses: &[#(#uses),*],
            };
            #(#enums)*
        }
    }

    /// A field of a message that is of no oneof.
    fn field(
        &mut self,
        package: &'a str,
        message: &'a DescriptorProto,
        at: &Message<'_>,
        ident: &Ident,
        prost: &Prost,
        field: &'a FieldDescriptorProto,
    ) -> Field {
        let boxed = prost.has("boxed");
        let entry = prost.value("map").and_then(|_| entry_value(message, field));
        let codec = self.codec(entry.unwrap_or(field), boxed);
        let method = match () {
            () if prost.has("map") => "map",
            () if prost.has("repeated") => "list",
            () if prost.has("optional") => "some",
            () if prost.has("required") => "required",
            () => "set",
        };
        if let Some(other) = self.other_package(package, entry.unwrap_or(field)).filter(|_| !boxed)
        {
            let path = &at.path;
            self.used.insert(other);
            self.uses.push(quote!(__json::uses(|m: &#path| &m.#ident)));
        }
        let write = format_ident!(
            "{}",
            match method {
                "required" => "always",
                "set" => "implicit",
                method => method,
            }
        );
        let (key, method) = (key(field), format_ident!("{method}"));
        Field {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            required: prost.has("required"),
            read: quote!(json.#method(#codec, &mut self.#ident)),
            write: quote!(out.#write(#key, #codec, &self.#ident)?;),
        }
    }

    /// The fields of a oneof; what writes each is an arm of a `match`.
    fn one_of(
        &mut self,
        package: &'a str,
        message: &'a DescriptorProto,
        at: &Message<'_>,
        ident: &Ident,
        oneof: &str,
    ) -> Vec<Field> {
        let names: Vec<Ident> = oneof.split("::").map(raw).collect();
        let Some(found) = find(&names, at.siblings) else { return Vec::new() };
        let module = &at.module;
        let mut fields = Vec::new();
        for variant in &found.variants {
            let prost = Prost::of(&variant.attrs);
            let Some((prost, field)) = prost
                .and_then(|prost| Some((prost.tag()?, prost)))
                .and_then(|(tag, prost)| Some((prost, by_number(message, tag)?)))
            else {
                continue;
            };
            let held = match &variant.fields {
                Fields::Unnamed(fields) => fields.unnamed.first(),
                _ => None,
            };
            let boxed = prost.has("boxed") || held.is_some_and(|held| is_box(&held.ty));
            let codec = self.codec(field, boxed);
            let name = &variant.ident;
            let path = quote!(#(#module::)*#(#names::)*#name);
            if let Some(other) = self.other_package(package, field).filter(|_| !boxed) {
                self.used.insert(other);
                self.uses.push(quote!(__json::uses_one_of(#path)));
            }
            let key = key(field);
            fields.push(Field {
                name: field.name().to_owned(),
                json_name: field.json_name().to_owned(),
                required: false,
                read: quote!(json.one_of(#codec, &mut self.#ident, #path)),
                write: quote! {
                    ::core::option::Option::Some(#path(value)) => out.always(#key, #codec, value)?,
                },
            });
        }
        fields
    }

    /// The codec of the values of a field.
    fn codec(&mut self, field: &FieldDescriptorProto, boxed: bool) -> TokenStream {
        match (field.r#type(), field.type_name()) {
            (Type::Enum, ".google.protobuf.NullValue") => quote!(__json::Null),
            (Type::Enum, name) => {
                let known = self.enums.iter().position(|known| known == name);
                let index = known.unwrap_or_else(|| {
                    self.enums.push(name.to_owned());
                    self.enums.len() - 1
                });
                let ident = enum_ident(index);
                quote!(__json::Enum(#ident))
            }
            _ if boxed => quote!(__json::Boxed),
            _ => quote!(__json::Plain),
        }
    }

    /// The package of the message that a field holds, if it is another one that is not known yet.
    fn other_package(&self, own: &str, field: &FieldDescriptorProto) -> Option<&'a str> {
        if field.r#type() != Type::Message {
            return None;
        }
        let (package, _) = self.schema.messages.get(field.type_name())?;
        let known = comes_with_the_crate(field.type_name());
        (*package != own && !known && !self.used.contains(package)).then_some(package)
    }
}

fn enum_ident(index: usize) -> Ident {
    format_ident!("ENUM_{index}")
}

/// The key of a field as it stands in the text.
fn key(field: &FieldDescriptorProto) -> String {
    let mut key = String::from('"');
    for character in field.json_name().chars() {
        match character {
            '"' | '\\' => key.extend(['\\', character]),
            character if u32::from(character) < 0x20 => {
                // Writing to a text never fails.
                let _ = write!(key, "\\u{:04x}", u32::from(character));
            }
            character => key.push(character),
        }
    }
    key.push_str("\":");
    key
}
