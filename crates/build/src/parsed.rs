//! Code that prost wrote, read again: messages with their fields and their names.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Attribute, Expr, ExprMethodCall, Ident, ImplItem, Item, ItemEnum, ItemStruct, Lit, Stmt, Type,
};

/// A message of a package.
pub(crate) struct Message<'a> {
    /// The path from the package's module.
    pub(crate) path: TokenStream,
    /// The modules that it is in.
    pub(crate) module: Vec<Ident>,
    /// The items beside it.
    pub(crate) siblings: &'a [Item],
    pub(crate) item: &'a ItemStruct,
    /// The name on the wire, `package.Outer.Inner`.
    pub(crate) name: String,
}

/// The messages of a module, and those within.
pub(crate) fn messages(items: &[Item]) -> Vec<Message<'_>> {
    let mut messages = Vec::new();
    walk(items, &mut Vec::new(), &mut messages);
    messages
}

fn walk<'a>(items: &'a [Item], module: &mut Vec<Ident>, messages: &mut Vec<Message<'a>>) {
    for item in items {
        match item {
            Item::Struct(item) if derives(&item.attrs, "Message") => {
                let ident = &item.ident;
                messages.push(Message {
                    path: quote!(#(#module::)*#ident),
                    module: module.clone(),
                    siblings: items,
                    item,
                    name: full_name(ident, items).unwrap_or_default(),
                });
            }
            Item::Mod(inner) => {
                module.push(inner.ident.clone());
                walk(content(inner.content.as_ref()), module, messages);
                module.pop();
            }
            _ => {}
        }
    }
}

fn content<T>(content: Option<&(T, Vec<Item>)>) -> &[Item] {
    content.map_or(&[], |(_, items)| items)
}

/// The text that `full_name` of a message's `prost::Name` returns.
pub(crate) fn full_name(ident: &Ident, items: &[Item]) -> Option<String> {
    let implementations = items.iter().filter_map(|item| match item {
        Item::Impl(item) => Some(item),
        _ => None,
    });
    let mut of_it = implementations.filter(|item| {
        let is_name = item.trait_.as_ref().and_then(|(path, ..)| path.segments.last());
        is_name.is_some_and(|last| last.ident == "Name")
            && matches!(&*item.self_ty, Type::Path(own) if own.path.is_ident(ident))
    });
    of_it.next()?.items.iter().find_map(|item| {
        let ImplItem::Fn(function) = item else { return None };
        let (true, [Stmt::Expr(Expr::MethodCall(ExprMethodCall { receiver, .. }), None)]) =
            (function.sig.ident == "full_name", &*function.block.stmts)
        else {
            return None;
        };
        let Expr::Lit(literal) = &**receiver else { return None };
        let Lit::Str(text) = &literal.lit else { return None };
        Some(text.value())
    })
}

/// The enum of a oneof, by the parts of its path.
pub(crate) fn find<'a>(names: &[Ident], items: &'a [Item]) -> Option<&'a ItemEnum> {
    let (first, rest) = names.split_first()?;
    items.iter().find_map(|item| match item {
        Item::Enum(found) if rest.is_empty() && found.ident == *first => Some(found),
        Item::Mod(module) if module.ident == *first => find(rest, content(module.content.as_ref())),
        _ => None,
    })
}

/// An identifier as prost writes it, which may be a raw one.
pub(crate) fn raw(text: &str) -> Ident {
    syn::parse_str(text).unwrap_or_else(|_| format_ident!("_{text}"))
}

/// Returns true for a type in a box; a message may be called `Box`.
pub(crate) fn is_box(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "Box" && !last.arguments.is_none())
}

/// Returns true if a type derives `name`, by whichever path.
pub(crate) fn derives(attrs: &[Attribute], name: &str) -> bool {
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
pub(crate) struct Prost(Vec<(String, Option<String>)>);

impl Prost {
    pub(crate) fn of(attrs: &[Attribute]) -> Option<Self> {
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

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.clone())
    }

    pub(crate) fn tag(&self) -> Option<u32> {
        self.value("tag")?.parse().ok()
    }

    /// The numbers of a field: one, or those of a oneof.
    pub(crate) fn tags(&self) -> Vec<u32> {
        let text = self.value("tag").or_else(|| self.value("tags")).unwrap_or_default();
        text.split(',').filter_map(|number| number.trim().parse().ok()).collect()
    }
}
