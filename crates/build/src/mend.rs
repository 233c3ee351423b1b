//! Names in the code of pbjson that other items of a package may have too.

use std::collections::{HashMap, HashSet};

use heck::ToSnakeCase as _;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use prost_types::{DescriptorProto, FileDescriptorProto};
use quote::quote;

use crate::names::{oneof_type, oneofs, type_name};

/// The oneofs that gave way to a type of their name: their path in the package as pbjson writes it,
/// and their values.
#[derive(Default)]
pub(crate) struct OneOfs(HashMap<String, HashSet<String>>);

impl OneOfs {
    pub(crate) fn of<'a>(files: impl Iterator<Item = &'a FileDescriptorProto>) -> Self {
        let mut all = Self::default();
        files.for_each(|file| file.message_type.iter().for_each(|m| all.add("self::", m)));
        all
    }

    fn add(&mut self, scope: &str, message: &DescriptorProto) {
        let scope = format!("{scope}{}::", message.name().to_snake_case());
        for (number, oneof) in oneofs(message) {
            let name = type_name(oneof);
            if oneof_type(message, oneof) != name {
                let fields = message.field.iter().filter(|f| f.oneof_index == Some(number));
                let variants = fields.map(|field| type_name(field.name())).collect();
                self.0.insert(format!("{scope}{name}"), variants);
            }
        }
        message.nested_type.iter().for_each(|nested| self.add(&scope, nested));
    }
}

/// The code with the paths of crates and of the standard library made whole.
pub(crate) fn mend(code: TokenStream, oneofs: &OneOfs) -> TokenStream {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let ident = |at: usize| match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => String::new(),
    };
    let is = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == mark);
    let mut out = TokenStream::new();
    // The path before the token.
    let mut path = String::new();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Ident(name) = token else {
            if !is(at, ':') {
                path.clear();
            }
            out.extend([match token {
                TokenTree::Group(group) => {
                    let mended = mend(group.stream(), oneofs);
                    TokenTree::Group(Group::new(group.delimiter(), mended))
                }
                other => other.clone(),
            }]);
            continue;
        };
        let text = name.to_string();
        let within = at > 0 && is(at - 1, ':') && at > 1 && is(at - 2, ':');
        let goes_on = is(at + 1, ':') && is(at + 2, ':');
        let next = if goes_on { ident(at + 3) } else { String::new() };
        if within {
            path.push_str("::");
        } else {
            path.clear();
        }
        path.push_str(text.trim_start_matches("r#"));
        let renamed = |name: &str| Ident::new(name, Span::call_site());
        match (&*text, &*next) {
            ("gen", _) => out.extend([TokenTree::Ident(Ident::new_raw("gen", Span::call_site()))]),
            ("Self", _) if within => out.extend([TokenTree::Ident(renamed("Self_"))]),
            ("std", "fmt" | "result" | "collections" | "marker") if !within => {
                out.extend(quote!(::std));
            }
            (
                "serde",
                "Serialize" | "Serializer" | "Deserialize" | "Deserializer" | "ser" | "de",
            ) if !within => {
                out.extend(quote!(__serde));
            }
            ("pbjson", "private") if !within => out.extend(quote!(__pbjson)),
            ("Vec", _) if is(at + 1, '<') => out.extend(quote!(::std::vec::Vec)),
            ("ToString", "to_string") if !within => out.extend(quote!(::std::string::ToString)),
            ("String", _) if at > 1 && is(at - 1, '<') && ident(at - 2) == "HashMap" => {
                out.extend(quote!(::std::string::String));
            }
            _ if oneofs.0.get(&path).is_some_and(|variants| variants.contains(&next)) => {
                out.extend([TokenTree::Ident(renamed(&format!("{text}OneOf")))]);
            }
            _ => out.extend([token.clone()]),
        }
    }
    out
}
