//! Reader of what generated Rust says of its OpenAPI document.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Delimiter;
use quote::ToTokens as _;
use syn::punctuated::Punctuated;

use super::types;
pub(super) use crate::openapi::Ty;
use crate::rust_reader;

/// The deepest nesting of types, and of aliases of aliases.
pub(super) const DEPTH: usize = 64;

/// The operations and schemas of a document, as far as Rust tells them.
///
/// Types are those of the generator. The rest is not: generated code has no place for what a document says besides, somebody
/// may have changed it, and code of before was written in other ways.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) operations: Vec<Operation>,
    pub(super) schemas: BTreeMap<String, Schema>,
}

#[derive(Debug)]
pub(super) struct Operation {
    /// Name in Rust, such as `OrdersClient.find`.
    pub(super) name: String,
    pub(super) verb: String,
    pub(super) path: String,
    /// The parameters, with the body as one that is named so.
    pub(super) parameters: Vec<Parameter>,
    pub(super) result: Ty,
    /// The media types that are taken, as `Accept` has them.
    pub(super) accept: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    /// `path`, `query`, `header` or `body`.
    pub(super) place: &'static str,
    pub(super) name: String,
    pub(super) ty: Ty,
    pub(super) required: bool,
    /// The manner in which it is written: lists in a query, the media type of a body.
    pub(super) manner: String,
}

#[derive(Debug)]
pub(super) enum Schema {
    Object {
        fields: BTreeMap<String, Field>,
        /// The type of entries that are no fields.
        rest: Option<Ty>,
    },
    Enum(BTreeSet<String>),
    Union {
        tag: Option<String>,
        /// The types by the values of the tag; without one by themselves.
        variants: BTreeMap<String, Ty>,
    },
    Alias(Ty),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The type without the `Option` of what may be missing.
    pub(super) ty: Ty,
    pub(super) presence: Presence,
}

/// The states of a property that has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    /// A property that is there, but may be null.
    Nullable,
    /// Missing or null.
    Optional,
}

/// Reads a type that the generator writes; a box changes nothing of what travels.
fn read_ty(of: &syn::Type, left: usize) -> Option<Ty> {
    let left = left.checked_sub(1)?;
    match of {
        syn::Type::Tuple(of) if of.elems.is_empty() => Some(Ty::Unit),
        syn::Type::Reference(of) => match &*of.elem {
            syn::Type::Slice(of) => Some(Ty::List(Box::new(read_ty(&of.elem, left)?))),
            other => read_ty(other, left),
        },
        syn::Type::Path(of) => {
            let last = of.path.segments.last()?;
            let mut arguments = Vec::new();
            if let syn::PathArguments::AngleBracketed(of) = &last.arguments {
                for argument in &of.args {
                    let syn::GenericArgument::Type(of) = argument else { return None };
                    arguments.push(of);
                }
            }
            let name = plain(&last.ident);
            Some(match (name.as_str(), &arguments[..]) {
                ("bool", []) => Ty::Bool,
                ("i32", []) => Ty::I32,
                ("i64", []) => Ty::I64,
                ("f32", []) => Ty::F32,
                ("f64", []) => Ty::F64,
                ("String" | "str", []) => Ty::Text,
                ("Value", []) => Ty::Any,
                ("Vec", [of]) if is_byte(of) => Ty::Bytes,
                ("Vec", [of]) => Ty::List(Box::new(read_ty(of, left)?)),
                ("BTreeMap", [_, of]) => Ty::Map(Box::new(read_ty(of, left)?)),
                ("Option", [of]) => Ty::Option(Box::new(read_ty(of, left)?)),
                ("Box", [of]) => read_ty(of, left)?,
                (_, []) => Ty::Named(name),
                _ => return None,
            })
        }
        _ => None,
    }
}

fn is_byte(of: &syn::Type) -> bool {
    matches!(of, syn::Type::Path(of) if of.path.is_ident("u8"))
}

fn plain(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

/// The tokens of a source without its comments.
pub(super) fn code(text: &str) -> Option<String> {
    /// Walks a tree of tokens, whose depth the reader bounds.
    fn add(tokens: proc_macro2::TokenStream, code: &mut String) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let is_doc = |next: Option<&proc_macro2::TokenTree>| match next {
                Some(proc_macro2::TokenTree::Group(of)) => {
                    of.stream().into_iter().next().is_some_and(|first| first.to_string() == "doc")
                }
                _ => false,
            };
            match token {
                proc_macro2::TokenTree::Punct(of) if of.as_char() == '#' => {
                    if tokens.peek().is_some_and(|next| next.to_string() == "!") {
                        let bang = tokens.next();
                        if is_doc(tokens.peek()) {
                            tokens.next();
                            continue;
                        }
                        code.push('#');
                        code.extend(bang.map(|of| of.to_string()));
                    } else if is_doc(tokens.peek()) {
                        tokens.next();
                    } else {
                        code.push('#');
                    }
                }
                proc_macro2::TokenTree::Group(of) => {
                    code.push_str(match of.delimiter() {
                        Delimiter::Parenthesis => "(",
                        Delimiter::Brace => "{",
                        Delimiter::Bracket => "[",
                        Delimiter::None => " ",
                    });
                    add(of.stream(), code);
                    code.push(')');
                }
                other => {
                    code.push_str(&other.to_string());
                    code.push(' ');
                }
            }
        }
    }
    rust_reader::of_file(text, |file| {
        let mut code = String::new();
        add(file.into_token_stream(), &mut code);
        Some(code)
    })
}

impl Document {
    /// Reads a source, `None` if it is no Rust or not as the generator writes it.
    pub(super) fn read(text: &str) -> Option<Self> {
        rust_reader::of_file(text, Self::of)
    }

    fn of(file: syn::File) -> Option<Self> {
        let mut document = Self::default();
        let mut tagged = BTreeMap::new();
        for item in file.items {
            match item {
                syn::Item::Struct(of) if is_public(&of.vis) => {
                    if let syn::Fields::Named(fields) = &of.fields {
                        document.schemas.insert(plain(&of.ident), object(fields)?);
                    }
                }
                syn::Item::Type(of) if is_public(&of.vis) => {
                    let ty = read_ty(&of.ty, DEPTH)?;
                    document.schemas.insert(plain(&of.ident), Schema::Alias(ty));
                }
                syn::Item::Enum(of) if is_public(&of.vis) => {
                    document.schemas.insert(plain(&of.ident), enumeration(&of)?);
                }
                syn::Item::Impl(of) => {
                    let syn::Type::Path(own) = &*of.self_ty else { continue };
                    let Some(name) = own.path.segments.last().map(|of| plain(&of.ident)) else {
                        continue;
                    };
                    let of_trait = of.trait_.as_ref().and_then(|(path, _)| path.segments.last());
                    match of_trait.map(|of| of.ident.to_string()).as_deref() {
                        None => document.client(&name, &of),
                        Some("Deserialize") => drop(tagged.insert(name, tags(&of))),
                        Some(_) => {}
                    }
                }
                _ => {}
            }
        }
        for (name, (own, by_variant)) in tagged {
            if let Some(Schema::Union { tag, variants }) = document.schemas.get_mut(&name) {
                *tag = own;
                let known = std::mem::take(variants);
                for (variant, tags) in by_variant {
                    let ty = known.get(&variant)?;
                    variants.extend(tags.into_iter().map(|tag| (tag, ty.clone())));
                }
            }
        }
        // Without a tag nothing but its type tells a variant.
        for schema in document.schemas.values_mut() {
            if let Schema::Union { tag: None, variants } = schema {
                let types = std::mem::take(variants).into_values();
                variants.extend(types.map(|ty| (types::spelled(&ty), ty)));
            }
        }
        Some(document)
    }

    /// Reads the operations of a client; `impl` blocks of others have no requests.
    fn client(&mut self, client: &str, of: &syn::ItemImpl) {
        for item in &of.items {
            let syn::ImplItem::Fn(method) = item else { continue };
            if method.sig.asyncness.is_none() || !is_public(&method.vis) {
                continue;
            }
            let name = format!("{client}.{}", plain(&method.sig.ident));
            self.operations.extend(operation(name, method));
        }
    }
}

fn is_public(of: &syn::Visibility) -> bool {
    matches!(of, syn::Visibility::Public(_))
}

/// The tag that `Deserialize` looks for, and the values of each variant.
fn tags(of: &syn::ItemImpl) -> (Option<String>, Vec<(String, Vec<String>)>) {
    let (mut tag, mut variants) = (None, Vec::new());
    let statements = of.items.iter().flat_map(|of| match of {
        syn::ImplItem::Fn(of) => &of.block.stmts[..],
        _ => &[],
    });
    for statement in statements {
        match statement {
            // let name = value.get("kind")..
            syn::Stmt::Local(of) => {
                let found = of.init.as_ref().map(|of| texts(of.expr.to_token_stream()));
                tag = tag.or(found.and_then(|of| of.into_iter().next()));
            }
            // if ["Cat"].iter().any(..) { .. Self::Cat .. }
            syn::Stmt::Expr(syn::Expr::If(of), _) => {
                let then = of.then_branch.to_token_stream().to_string();
                let variant = then.split("Self :: ").nth(1).map(|behind| {
                    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
                    behind.chars().take_while(|c| is_of_name(*c)).collect::<String>()
                });
                variants.extend(variant.map(|variant| (variant, texts(of.cond.to_token_stream()))));
            }
            _ => {}
        }
    }
    (tag, variants)
}

/// The texts among tokens.
fn texts(tokens: proc_macro2::TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![tokens.into_iter()];
    while let Some(tokens) = open.last_mut() {
        match tokens.next() {
            None => drop(open.pop()),
            Some(proc_macro2::TokenTree::Group(of)) => open.push(of.stream().into_iter()),
            Some(proc_macro2::TokenTree::Literal(of)) => {
                if let Ok(of) = syn::parse_str::<syn::LitStr>(&of.to_string()) {
                    found.push(of.value());
                }
            }
            Some(_) => {}
        }
    }
    found
}

/// Reads `#[serde(..)]`: a name, and words.
fn serde(attributes: &[syn::Attribute]) -> (Option<String>, BTreeSet<String>) {
    let (mut rename, mut words) = (None, BTreeSet::new());
    for attribute in attributes.iter().filter(|of| of.path().is_ident("serde")) {
        let parser = Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
        for meta in attribute.parse_args_with(parser).into_iter().flatten() {
            if let (Some(name), syn::Meta::NameValue(of)) = (meta.path().get_ident(), &meta)
                && name == "rename"
                && let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &of.value
            {
                rename = Some(text.value());
            }
            words.extend(meta.path().get_ident().map(ToString::to_string));
        }
    }
    (rename, words)
}

fn object(of: &syn::FieldsNamed) -> Option<Schema> {
    let (mut fields, mut rest) = (BTreeMap::new(), None);
    for field in &of.named {
        let (rename, words) = serde(&field.attrs);
        let ty = read_ty(&field.ty, DEPTH)?;
        if words.contains("flatten") {
            let Ty::Map(of) = ty else { return None };
            rest = Some(*of);
            continue;
        }
        let name = rename.or_else(|| field.ident.as_ref().map(plain))?;
        let (ty, presence) = match ty {
            Ty::Option(of) if words.contains("default") => (*of, Presence::Optional),
            Ty::Option(of) => (*of, Presence::Nullable),
            ty => (ty, Presence::Required),
        };
        fields.insert(name, Field { ty, presence });
    }
    Some(Schema::Object { fields, rest })
}

fn enumeration(of: &syn::ItemEnum) -> Option<Schema> {
    let is_of_texts = of.variants.iter().any(|of| {
        of.ident == "Other" && matches!(&of.fields, syn::Fields::Unnamed(of) if is_text(of))
    });
    if is_of_texts && of.variants.iter().filter(|of| !of.fields.is_empty()).count() == 1 {
        let constants = of.variants.iter().filter(|of| of.fields.is_empty());
        let name = |of: &syn::Variant| serde(&of.attrs).0.unwrap_or_else(|| plain(&of.ident));
        return Some(Schema::Enum(constants.map(name).collect()));
    }
    let mut variants = BTreeMap::new();
    for variant in &of.variants {
        let syn::Fields::Unnamed(fields) = &variant.fields else { return None };
        let ty = read_ty(&fields.unnamed.first()?.ty, DEPTH)?;
        if variant.ident == "Other" && ty == Ty::Any {
            continue;
        }
        variants.insert(plain(&variant.ident), ty);
    }
    Some(Schema::Union { tag: None, variants })
}

fn is_text(of: &syn::FieldsUnnamed) -> bool {
    of.unnamed.first().is_some_and(|of| read_ty(&of.ty, DEPTH) == Some(Ty::Text))
}

/// Reads a method of a client: its requests, of which there is one. `None` for one that makes none.
fn operation(name: String, method: &syn::ImplItemFn) -> Option<Operation> {
    // A type that somebody put there is known by its text.
    let own = |of: &syn::Type| Ty::Named(of.to_token_stream().to_string());
    let mut types: BTreeMap<String, Ty> = BTreeMap::new();
    for input in &method.sig.inputs {
        let syn::FnArg::Typed(of) = input else { continue };
        let syn::Pat::Ident(ident) = &*of.pat else { return None };
        types.insert(plain(&ident.ident), read_ty(&of.ty, DEPTH).unwrap_or_else(|| own(&of.ty)));
    }
    let syn::ReturnType::Type(_, result) = &method.sig.output else { return None };
    let syn::Type::Path(result) = &**result else { return None };
    let Some(syn::PathArguments::AngleBracketed(arguments)) =
        result.path.segments.last().map(|of| &of.arguments)
    else {
        return None;
    };
    let Some(syn::GenericArgument::Type(result)) = arguments.args.first() else {
        return None;
    };
    let mut calls = Calls { types, label: None, parameters: Vec::new(), accept: String::new() };
    method.block.stmts.iter().for_each(|of| calls.statement(of));
    let (verb, path) = calls.label.as_deref().and_then(|label| label.split_once(' '))?;
    Some(Operation {
        name,
        verb: verb.to_owned(),
        path: path.to_owned(),
        parameters: calls.parameters,
        result: read_ty(result, DEPTH).unwrap_or_else(|| own(result)),
        accept: calls.accept,
    })
}

/// The calls in the body of a method.
struct Calls {
    types: BTreeMap<String, Ty>,
    label: Option<String>,
    parameters: Vec<Parameter>,
    accept: String,
}

impl Calls {
    fn statement(&mut self, of: &syn::Stmt) {
        match of {
            syn::Stmt::Local(of) => {
                let call = of.init.as_ref().map(|init| &*init.expr);
                if let Some(syn::Expr::Call(call)) = call
                    && call.func.to_token_stream().to_string() == "Call :: new"
                    && let Some(label) = call.args.get(1).and_then(text)
                {
                    self.label = Some(label);
                }
            }
            syn::Stmt::Expr(of, _) => self.expression(of),
            _ => {}
        }
    }

    fn expression(&mut self, of: &syn::Expr) {
        match of {
            syn::Expr::Try(of) => self.expression(&of.expr),
            syn::Expr::Await(of) => self.expression(&of.base),
            syn::Expr::If(of) => of.then_branch.stmts.iter().for_each(|of| self.statement(of)),
            syn::Expr::MethodCall(of) => self.call(of),
            _ => {}
        }
    }

    fn call(&mut self, of: &syn::ExprMethodCall) {
        let method = of.method.to_string();
        let (place, value, name) = match method.as_str() {
            "send" => {
                self.accept = of.args.get(1).and_then(text).unwrap_or_default();
                return;
            }
            "path" => ("path", of.args.get(1), of.args.first().and_then(text)),
            "query" => ("query", of.args.get(1), of.args.first().and_then(text)),
            "header" => ("header", of.args.get(1), of.args.first().and_then(text)),
            "json" | "plain" => ("body", of.args.first(), Some(String::new())),
            _ => return,
        };
        let value = value.map(|of| match of {
            syn::Expr::Reference(of) => &*of.expr,
            other => other,
        });
        let (Some(name), Some(syn::Expr::Path(value))) = (name, value) else { return };
        let Some(ty) = value.path.get_ident().and_then(|of| self.types.get(&plain(of))) else {
            return;
        };
        let (ty, required) = match ty.clone() {
            Ty::Option(of) => (*of, false),
            other => (other, true),
        };
        let manner = match method.as_str() {
            "query" => of.args.get(2).map(|of| of.to_token_stream().to_string()),
            // Code of before names no media type.
            "json" => of.args.get(1).and_then(text).or_else(|| Some("application/json".to_owned())),
            "plain" => of
                .args
                .get(1)
                .and_then(text)
                .or_else(|| Some("text/plain; charset=utf-8".to_owned())),
            _ => None,
        };
        let manner = manner.unwrap_or_default();
        self.parameters.push(Parameter { place, name, ty, required, manner });
    }
}

fn text(of: &syn::Expr) -> Option<String> {
    match of {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
