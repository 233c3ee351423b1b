//! Items as Rust source.

use std::collections::{BTreeMap, BTreeSet};

use dubhe_comments::{clean, escaped, plain_lines};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use serde_json::Value;

use crate::formatted::{QUIET, UNFORMATTED, head, spaced};

use super::items::{
    Body, Client, Field, Item, ItemKind, Media, Operation, Parameter, Place, Segment, Told, Ty,
    Variant,
};

/// Functions that the methods of the clients call.
const CALL: &str = include_str!("call.txt");

/// Functions that read one of several forms.
const FORMS: &str = include_str!("forms.txt");

/// Writes a file.
pub(super) fn write(
    root: &Value,
    source: &str,
    items: &BTreeMap<String, Item>,
    clients: &[Client],
) -> String {
    let info = |name: &str| {
        root.pointer(&format!("/info/{name}")).and_then(Value::as_str).unwrap_or_default()
    };
    let title = clean(&format!("{} {}", info("title"), info("version")));
    let title = plain_lines(&format!("{}: its types and clients.", title.trim()));
    let title = title.join("\n//! ");
    let header = format!("{}//! {title}\n{UNFORMATTED}\n{QUIET}\n", head(place(source)));
    let told = properties(items);
    let forms = if items.values().any(is_untold) { FORMS } else { "" };
    let items = items.iter().map(|(name, item)| write_item(name, item));
    let clients = clients.iter().map(client);
    let file = quote!(#(#items)* #told #(#clients)*).to_string();
    // The functions at the end use `Value` alone.
    let uses = [
        ("BTreeMap", "use std::collections::BTreeMap;"),
        ("Deserialize", "use serde::{Deserialize, Serialize};"),
    ];
    let uses: String =
        uses.iter().filter(|(name, _)| file.contains(name)).map(|(_, line)| *line).collect();
    let text = format!("{uses} use serde_json::Value; {file} {forms} {CALL}");
    match syn::parse_file(&text) {
        Ok(file) => header + &spaced(&prettyplease::unparse(&file)),
        // Every name is an identifier and every text a literal, so this is a fault of the writer: rustc says where.
        Err(_) => header + &text,
    }
}

/// The name of a file, which is the same wherever the program runs, or a URL.
fn place(source: &str) -> &str {
    if source.contains("://") {
        return source;
    }
    source.rsplit(['/', '\\']).next().unwrap_or(source)
}

/// A text on one line that is safe in a comment.
fn plain(text: &str) -> String {
    escaped(clean(text).trim())
}

fn docs(doc: Option<&str>, deprecated: bool) -> TokenStream {
    documented(&doc.map(plain_lines).unwrap_or_default(), deprecated)
}

fn documented(lines: &[String], deprecated: bool) -> TokenStream {
    let lines = lines.iter();
    let lines = lines.map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    let deprecated = deprecated.then(|| quote!(#[deprecated]));
    quote!(#(#[doc = #lines])* #deprecated)
}

fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(name) => Ident::new_raw(name, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}

fn ty(of: &Ty) -> TokenStream {
    match of {
        Ty::Unit => quote!(()),
        Ty::Bool => quote!(bool),
        Ty::I32 => quote!(i32),
        Ty::I64 => quote!(i64),
        Ty::F32 => quote!(f32),
        Ty::F64 => quote!(f64),
        Ty::Text => quote!(String),
        Ty::Bytes => quote!(Vec<u8>),
        Ty::Any => quote!(Value),
        Ty::List(of) => {
            let of = ty(of);
            quote!(Vec<#of>)
        }
        Ty::Map(of) => {
            let of = ty(of);
            quote!(BTreeMap<String, #of>)
        }
        Ty::Named(name) => {
            let name = ident(name);
            quote!(#name)
        }
        Ty::Option(of) => {
            let of = ty(of);
            quote!(Option<#of>)
        }
        Ty::Boxed(of) => {
            let of = ty(of);
            quote!(Box<#of>)
        }
    }
}

/// The type of an argument.
fn argument(of: &Ty) -> TokenStream {
    match of {
        Ty::Bool | Ty::I32 | Ty::I64 | Ty::F32 | Ty::F64 => ty(of),
        Ty::Text => quote!(&str),
        Ty::List(of) => {
            let of = ty(of);
            quote!(&[#of])
        }
        Ty::Option(of) => {
            let of = argument(of);
            quote!(Option<#of>)
        }
        _ => {
            let of = ty(of);
            quote!(&#of)
        }
    }
}

fn write_item(name: &str, item: &Item) -> TokenStream {
    let docs = docs(item.doc.as_deref(), item.deprecated);
    let name = ident(name);
    match &item.kind {
        ItemKind::Alias(of) => {
            let of = ty(of);
            quote!(#docs pub type #name = #of;)
        }
        ItemKind::Struct { fields, rest } => {
            let rest = rest.as_ref().map(|of| {
                let of = ty(of);
                let name = rest_name(fields);
                quote! {
                    /// The other entries of the object.
                    #[serde(flatten)]
                    pub #name: BTreeMap<String, #of>,
                }
            });
            let is_simple = |of: &Field| !matches!(of.ty, Ty::Named(_) | Ty::Boxed(_));
            let default = fields.iter().all(is_simple).then(|| quote!(Default,));
            let fields = fields.iter().map(field);
            quote! {
                #docs
                #[derive(Clone, Debug, #default PartialEq, Serialize, Deserialize)]
                pub struct #name { #(#fields)* #rest }
            }
        }
        ItemKind::Enum(constants) => {
            let constants = constants.iter().map(|(name, wire)| {
                let rename = (name != wire).then(|| quote!(#[serde(rename = #wire)]));
                let doc = format!(" `{}`.", plain(wire).replace('`', "'"));
                let name = ident(name);
                quote!(#[doc = #doc] #rename #name,)
            });
            quote! {
                #docs
                #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
                pub enum #name {
                    #(#constants)*
                    /// A constant that the document has not.
                    #[serde(untagged)]
                    Other(String),
                }
            }
        }
        ItemKind::Union { tag: None, variants } => forms(&docs, &name, variants),
        ItemKind::Union { tag: Some(tag), variants } => union(&docs, &name, tag, variants),
    }
}

/// The field of the entries that have no field, beside those that have.
fn rest_name(fields: &[Field]) -> Ident {
    let names = ["other", "other_entries", "entries_without_field"];
    let free = names.into_iter().find(|name| !fields.iter().any(|of| of.name == *name));
    ident(free.unwrap_or("entries_without_a_field_of_their_own"))
}

fn field(of: &Field) -> TokenStream {
    let docs = docs(of.doc.as_deref(), of.deprecated);
    let Field { name, wire, .. } = of;
    let rename =
        (name.strip_prefix("r#").unwrap_or(name) != wire).then(|| quote!(#[serde(rename = #wire)]));
    let lacks =
        of.may_lack.then(|| quote!(#[serde(default, skip_serializing_if = "Option::is_none")]));
    let (name, ty) = (ident(name), ty(&of.ty));
    quote!(#docs #rename #lacks pub #name: #ty,)
}

fn variant(of: &Variant) -> TokenStream {
    let (name, ty) = (ident(&of.name), ty(&of.ty));
    let doc = match of.tags.first() {
        Some(tag) => format!(" `{}`.", plain(tag).replace('`', "'")),
        None => " One of the forms.".to_owned(),
    };
    quote!(#[doc = #doc] #name(#ty),)
}

/// Returns `true` for an enum of forms without a tag.
fn is_untold(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Union { tag: None, .. })
}

/// The properties of the structs that forms without a tag are told by.
fn properties(items: &BTreeMap<String, Item>) -> TokenStream {
    let mut structs = BTreeSet::new();
    for item in items.values().filter(|item| is_untold(item)) {
        if let ItemKind::Union { variants, .. } = &item.kind {
            structs.extend(variants.iter().filter_map(|of| match &of.told {
                Told::Properties(name, _) => Some(name),
                Told::Enum { .. } | Told::Read(_) => None,
            }));
        }
    }
    let all = structs.into_iter().filter_map(|name| match &items.get(name)?.kind {
        ItemKind::Struct { fields, .. } => {
            let (name, wires) = (ident(name), fields.iter().map(|of| &of.wire));
            Some(quote!(impl #name { const PROPERTIES: &'static [&'static str] = &[#(#wires),*]; }))
        }
        _ => None,
    });
    quote!(#(#all)*)
}

/// An enum without a tag: the variant that knows most of a value.
fn forms(docs: &TokenStream, name: &Ident, variants: &[Variant]) -> TokenStream {
    let list = variants.iter().map(variant);
    let mut order: Vec<&Variant> = variants.iter().collect();
    order.sort_by_key(|of| match of.told {
        Told::Properties(..) | Told::Enum { .. } => 0,
        Told::Read(rank) => rank,
    });
    let forms = order.into_iter().map(|of| {
        let name = ident(&of.name);
        let read = quote!(serde_json::from_value(value));
        let (properties, takes_others, read) = match &of.told {
            Told::Properties(known, takes_others) => {
                let known = ident(known);
                (quote!(#known::PROPERTIES), *takes_others, read)
            }
            Told::Enum { name, is_list, properties, takes_others } => {
                let (name, of) = (ident(name), (ty(&of.ty), matches!(of.ty, Ty::Boxed(_))));
                let read = match (is_list, of) {
                    (true, (of, _)) => quote!(own_form(value, |all: &#of| {
                        !all.is_empty() && all.iter().all(|of| matches!(of, #name::Other(_)))
                    })),
                    (false, (of, true)) => {
                        quote!(own_form(value, |of: &#of| matches!(&**of, #name::Other(_))))
                    }
                    (false, (of, false)) => {
                        quote!(own_form(value, |of: &#of| matches!(of, #name::Other(_))))
                    }
                };
                (quote!(&[#(#properties),*]), *takes_others, read)
            }
            Told::Read(_) => (quote!(&[]), true, read),
        };
        quote!((#properties, #takes_others, |value| #read.map(Self::#name)))
    });
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(untagged, from = "Value")]
        pub enum #name {
            #(#list)*
            /// Another value than these.
            Other(Value),
        }

        impl From<Value> for #name {
            /// Chooses the form that knows most properties of the value.
            fn from(value: Value) -> Self {
                best_form(&value, &[#(#forms),*]).unwrap_or(Self::Other(value))
            }
        }
    }
}

/// An enum whose tag says the variant. Each variant has the tag among its own fields, or it is added.
fn union(docs: &TokenStream, name: &Ident, tag: &str, variants: &[Variant]) -> TokenStream {
    let list = variants.iter().map(variant);
    let writes = variants.iter().map(|of| {
        let (name, tag) = (ident(&of.name), of.tags.first());
        quote!(Self::#name(of) => (#tag, serde_json::to_value(of)))
    });
    let reads = variants.iter().map(|of| {
        let (name, tags) = (ident(&of.name), &of.tags);
        quote! {
            if [#(#tags),*].iter().any(|tag| tag.eq_ignore_ascii_case(&name)) {
                return serde_json::from_value(value).map(Self::#name).map_err(serde::de::Error::custom);
            }
        }
    });
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #(#list)*
            /// An object whose tag the document has not.
            Other(Value),
        }

        impl Serialize for #name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let (tag, value) = match self {
                    #(#writes,)*
                    Self::Other(of) => return of.serialize(serializer),
                };
                let mut value = value.map_err(serde::ser::Error::custom)?;
                if let Value::Object(fields) = &mut value {
                    fields.entry(#tag).or_insert_with(|| tag.into());
                }
                value.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for #name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                let name = value.get(#tag).and_then(Value::as_str).unwrap_or_default().to_owned();
                #(#reads)*
                Ok(Self::Other(value))
            }
        }
    }
}

fn client(of: &Client) -> TokenStream {
    let docs = docs(of.doc.as_deref(), false);
    let docs = if docs.is_empty() { quote!(#[doc = " Operations over HTTP."]) } else { docs };
    let name = ident(&of.name);
    let operations = of.operations.iter().map(operation);
    quote! {
        #docs
        #[derive(Clone, Debug)]
        pub struct #name(dubhe::http::HttpClient);

        impl #name {
            /// Calls over `client`, which is cheap to clone.
            pub fn new(client: dubhe::http::HttpClient) -> Self {
                Self(client)
            }

            #(#operations)*
        }
    }
}

fn operation(of: &Operation) -> TokenStream {
    let label = &of.label;
    // A block that the description leaves open ends with it.
    let mut doc = of.doc.as_deref().map(plain_lines).unwrap_or_default();
    if !doc.is_empty() {
        doc.push(String::new());
    }
    doc.push(format!("`{}`", label.replace('`', "'")));
    let described = of.parameters.iter().filter_map(|of| Some((of, of.doc.as_deref()?)));
    let described: Vec<_> =
        described.map(|(of, doc)| format!("- `{}`: {}", of.name, plain(doc))).collect();
    if !described.is_empty() {
        doc.push(String::new());
        doc.extend(described);
    }
    doc.extend(
        [
            "",
            "# Errors",
            "When no instance answered, or one with a status that is no success: the source is its",
        ]
        .map(str::to_owned),
    );
    let (docs, deprecated) = (documented(&doc, false), documented(&[], of.deprecated));
    let docs = quote!(#docs #[doc = " [`Refusal`](dubhe::http::Refusal)."] #deprecated);
    let name = ident(&of.name);
    let arguments = of.parameters.iter().map(|of| (&of.name, &of.ty, of.required));
    let arguments = arguments.chain(of.body.iter().map(|of| (&of.name, &of.ty, of.required)));
    let arguments: Vec<_> = arguments
        .map(|(name, ty, required)| {
            let (name, ty) =
                (ident(name), argument(&if required { ty.clone() } else { ty.clone().optional() }));
            quote!(#name: #ty)
        })
        .collect();
    let many = (arguments.len() > 6)
        .then(|| quote!(#[allow(clippy::too_many_arguments, reason = "as the document has it")]));
    let method = ident(&of.verb);
    let path = of.path.iter().map(|segment| match segment {
        Segment::Text(text) => quote!(call.text(#text);),
        Segment::Parameter(wire) => of
            .parameters
            .iter()
            .find(|of| of.place == Place::Path && of.wire == *wire)
            .map_or_else(TokenStream::new, |of| {
                let name = ident(&of.name);
                quote!(call.path(#wire, &#name)?;)
            }),
    });
    let others = of.parameters.iter().map(parameter);
    let body = of.body.iter().map(write_body);
    let (result, read) = (ty(&of.result), read(of));
    let accept = &of.accept;
    quote! {
        #docs
        #many
        pub async fn #name(&self, #(#arguments),*) -> Result<#result, dubhe::Status> {
            let mut call = Call::new(http::Method::#method, #label);
            #(#path)*
            #(#others)*
            #(#body)*
            call.send(&self.0, #accept, #read).await
        }
    }
}

fn parameter(of: &Parameter) -> TokenStream {
    let (name, wire) = (ident(&of.name), &of.wire);
    match of.place {
        Place::Path => TokenStream::new(),
        Place::Query(each) => quote!(call.query(#wire, &#name, #each)?;),
        Place::Header => quote!(call.header(#wire, &#name)?;),
    }
}

fn write_body(of: &Body) -> TokenStream {
    let (name, media) = (ident(&of.name), &of.content_type);
    let write = match of.media {
        Media::Plain => quote!(call.plain(#name, #media);),
        _ => quote!(call.json(&#name, #media)?;),
    };
    if of.required { write } else { quote!(if let Some(#name) = #name { #write }) }
}

/// The function that reads the result.
fn read(of: &Operation) -> TokenStream {
    let (inner, is_optional) = match &of.result {
        Ty::Option(inner) => (&**inner, true),
        other => (other, false),
    };
    let name = match (of.reads, inner) {
        (Media::Json, Ty::Text) => "json_text",
        (Media::Json, _) => "json",
        (Media::Plain, _) => "plain",
        (Media::Bytes, _) => "bytes",
        (Media::Nothing, _) => "nothing",
    };
    let name = if is_optional { ident(&format!("{name}_or_nothing")) } else { ident(name) };
    quote!(#name)
}
