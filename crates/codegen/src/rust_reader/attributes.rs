//! Attributes: `#[java(..)]`, `#[interface(..)]`, derives and documentation.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Result, Token};

/// The options of `#[java(..)]` that say something of Java.
#[derive(Debug, Default)]
pub(super) struct JavaOptions {
    pub(super) class: Option<String>,
    pub(super) name: Option<String>,
    /// `type = "java.util.Collection"` of a parameter.
    pub(super) declared: Option<String>,
    flags: Vec<String>,
}

impl JavaOptions {
    pub(super) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("java")) {
            attribute.parse_nested_meta(|meta| {
                let key = meta.path.get_ident().map(Ident::unraw).map(|key| key.to_string());
                let key = key.unwrap_or_default();
                if !meta.input.peek(Token![=]) {
                    options.flags.push(key);
                    return Ok(());
                }
                let value: Lit = meta.value()?.parse()?;
                if let Lit::Str(value) = value {
                    match key.as_str() {
                        "class" => options.class = Some(value.value()),
                        "name" => options.name = Some(value.value()),
                        "type" => options.declared = Some(value.value()),
                        _ => {}
                    }
                }
                Ok(())
            })?;
        }
        Ok(options)
    }

    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }
}

/// The arguments of `#[interface("org.example.Users", version = "1.0.0", group = "shop")]`.
#[derive(Debug, Default)]
pub(super) struct InterfaceArguments {
    pub(super) name: String,
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
}

impl InterfaceArguments {
    pub(super) fn read(tokens: &TokenStream) -> Result<Self> {
        let parse = |input: ParseStream<'_>| {
            let mut arguments = Self { name: input.parse::<LitStr>()?.value(), ..Self::default() };
            while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
                let key = Ident::parse_any(input)?;
                input.parse::<Token![=]>()?;
                let value =
                    Some(input.parse::<LitStr>()?.value()).filter(|value| !value.is_empty());
                match key.to_string().as_str() {
                    "group" => arguments.group = value,
                    "version" => arguments.version = value,
                    _ => {}
                }
            }
            Ok(arguments)
        };
        parse.parse2(tokens.clone())
    }
}

/// The segments of a path, as names.
pub(super) fn segments(path: &Path) -> Vec<String> {
    let names = path.segments.iter().map(|segment| segment.ident.unraw().to_string());
    path.leading_colon.iter().map(|_| String::new()).chain(names).collect()
}

/// The paths of all derives, those behind `cfg_attr` among them.
pub(super) fn derives(attributes: &[Attribute]) -> Vec<Path> {
    fn of(meta: &Meta, paths: &mut Vec<Path>) {
        let Meta::List(list) = meta else { return };
        if list.path.is_ident("derive") {
            let parse = Punctuated::<Path, Token![,]>::parse_terminated;
            paths.extend(parse.parse2(list.tokens.clone()).into_iter().flatten());
        } else if list.path.is_ident("cfg_attr") {
            let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
            for meta in parse.parse2(list.tokens.clone()).into_iter().flatten().skip(1) {
                of(&meta, paths);
            }
        }
    }
    let mut paths = Vec::new();
    for attribute in attributes {
        of(&attribute.meta, &mut paths);
    }
    paths
}

/// Returns true for `#[cfg(test)]`.
pub(super) fn is_of_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// The value of `#[path = ".."]`.
pub(super) fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| text(attribute, "path"))
}

pub(super) fn is_deprecated(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("deprecated"))
}

/// The documentation, as Markdown.
pub(super) fn doc(attributes: &[Attribute]) -> Option<String> {
    let mut lines = Vec::new();
    for text in attributes.iter().filter_map(|attribute| text(attribute, "doc")) {
        let is_block = text.contains('\n');
        for line in text.lines() {
            let line = line.trim_end();
            let stripped = match line.trim_start().strip_prefix('*') {
                Some(rest) if is_block => rest,
                _ => line,
            };
            lines.push(stripped.strip_prefix(' ').unwrap_or(stripped).to_owned());
        }
        if text.is_empty() {
            lines.push(String::new());
        }
    }
    let text = lines.join("\n");
    let text = text.trim_matches('\n').trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The text of `#[name = "text"]`.
fn text(attribute: &Attribute, name: &str) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident(name) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
