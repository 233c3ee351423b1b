//! The options that say of members what the source does not.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;

use syn::Ident;

use super::RustWriter;
use crate::model::{Api, Class, Kind, Note, Nullness, Type};
use crate::names::{camel, is_taken};
use crate::pattern::matches;

/// The classes above one that are followed, so that a circle ends.
const MAX_SUPERCLASSES: usize = 64;

/// An option of a method of a trait that no interface of Java says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodOption {
    /// A provider is given the `Context` of the call, with its attachments: `ctx: &Context`, which the client's
    /// method lacks.
    Context,
    /// The callbacks among its arguments end with it: Dubbo's `callback="false"`.
    EndCallbacks,
    /// The caller does not wait, and never learns of errors: Dubbo's `return="false"`.
    Oneway,
}

/// Reads `context`, `end_callbacks` or `oneway`; the error says so.
impl FromStr for MethodOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "context" => Ok(Self::Context),
            "end_callbacks" => Ok(Self::EndCallbacks),
            "oneway" => Ok(Self::Oneway),
            _ => Err(format!("{text:?} is none of context, end_callbacks and oneway")),
        }
    }
}

impl RustWriter {
    /// Returns `true` if the options say so of the method at `place`.
    pub(super) fn has(&self, place: &str, option: MethodOption) -> bool {
        self.methods.iter().any(|(pattern, of)| *of == option && matches(pattern, place))
    }

    /// Returns what is wrong with the Rust that the options name: a name that is no identifier, a type that is no path.
    pub fn wrong_option(&self) -> Option<String> {
        let wrong = |java: &String, rust: &String, what: &str| {
            Some(format!("{java}={rust}: {rust:?} is {what}"))
        };
        let name =
            self.renames.iter().find_map(|(java, rust)| match syn::parse_str::<Ident>(rust) {
                Ok(_) => None,
                Err(_) => {
                    wrong(java, rust, "no name in Rust, or a keyword: take another, such as `kind`")
                }
            });
        name.or_else(|| {
            self.types.iter().find_map(|(java, rust)| match syn::parse_str::<syn::Type>(rust) {
                Ok(syn::Type::Path(path)) if path.qself.is_none() => None,
                _ => wrong(java, rust, "no path of a type in Rust, such as `crate::money::Money`"),
            })
        })
    }

    /// Returns what is wrong with the names that the options give the types of `api`: one that means another type or a crate in
    /// the code that is written.
    pub fn wrong_rename(&self, api: &Api) -> Option<String> {
        let root = self.krate.as_deref().and_then(|path| path.split("::").next());
        let (java, rust) = self.renames.iter().find(|(java, rust)| {
            let is_taken = is_taken(rust) || root == Some(rust.as_str());
            is_taken && api.types.contains_key(*java)
        })?;
        Some(format!(
            "{java}={rust}: {rust:?} means something else in generated code, which would not compile: take another, such as \
             `My{}`",
            camel(rust)
        ))
    }

    /// Adds notes on names and types of what is not there.
    pub(super) fn unmatched(&self, api: &Api, notes: &mut Vec<Note>) {
        if self.renames.is_empty() && self.types.is_empty() {
            return;
        }
        let (mut members, mut types) = (BTreeSet::new(), BTreeSet::new());
        for (java, declared) in &api.types {
            types.insert(java.clone());
            match &declared.kind {
                Kind::Service(of) => {
                    for method in &of.methods {
                        let place = format!("{java}.{}", method.name);
                        let of = method.parameters.iter().map(|of| format!("{place}.{}", of.name));
                        types.extend(of);
                        types.extend(method.throws.iter().cloned());
                        name_classes(&method.result, &mut types);
                        method.parameters.iter().for_each(|of| name_classes(&of.ty, &mut types));
                        members.insert(place);
                    }
                }
                Kind::Class(of) => {
                    types.extend(of.subclasses.iter().cloned());
                    of.fields.iter().for_each(|field| name_classes(&field.ty, &mut types));
                    members.extend(fields(api, of).map(|field| format!("{java}.{field}")));
                }
                Kind::Enum(of) => {
                    members.extend(of.constants.iter().map(|of| format!("{java}.{}", of.name)));
                }
            }
        }
        let is_open = |java: &&String| !members.contains(*java) && !types.contains(*java);
        let text = "no class or member that an option is for has such a name; write org.example.Order for a class, \
                    org.example.Orders.find for a method, org.example.Order.id for a field";
        let note = |at: &String| Note { at: at.clone(), text: text.to_owned() };
        let renames = self
            .renames
            .keys()
            .filter(|java| !members.contains(*java) && !api.types.contains_key(*java));
        notes.extend(renames.map(note));
        notes.extend(self.types.keys().filter(is_open).map(note));
    }

    /// The types with the null of their members as the options have it, and notes on options of nothing.
    pub(super) fn told<'a>(&self, api: Cow<'a, Api>, notes: &mut Vec<Note>) -> Cow<'a, Api> {
        let patterns = || self.nullable.iter().chain(&self.non_null);
        let mut open: BTreeSet<&String> =
            patterns().chain(self.methods.iter().map(|(pattern, _)| pattern)).collect();
        if open.is_empty() && self.exact.is_empty() {
            return api;
        }
        let mut api = api.into_owned();
        for (java, declared) in &mut api.types {
            match &mut declared.kind {
                Kind::Service(of) => {
                    for method in &mut of.methods {
                        let place = format!("{java}.{}", method.name);
                        self.tell(&place, &mut method.result_null, &mut open);
                        open.retain(|pattern| {
                            !self.methods.iter().any(|(of, _)| of == *pattern)
                                || !matches(pattern, &place)
                        });
                        for parameter in &mut method.parameters {
                            let place = format!("{place}.{}", parameter.name);
                            self.tell(&place, &mut parameter.null, &mut open);
                        }
                    }
                }
                Kind::Class(of) => {
                    for field in &mut of.fields {
                        self.tell(&format!("{java}.{}", field.name), &mut field.null, &mut open);
                    }
                }
                Kind::Enum(_) => {}
            }
        }
        let is_class = |of: &Kind| matches!(of, Kind::Class(_));
        let none = |pattern: &&String| {
            !api.types.iter().any(|(name, of)| is_class(&of.kind) && matches(pattern, name))
        };
        notes.extend(self.exact.iter().filter(none).map(|pattern| Note {
            at: pattern.clone(),
            text: "no class has such a name; write org.example.Order".to_owned(),
        }));
        let text = "no member that an option is for has such a name; write org.example.Orders.find for a method, \
                    org.example.Orders.find.id for its parameter, org.example.Order.id for a field";
        let note = |at: &String| Note { at: at.clone(), text: text.to_owned() };
        notes.extend(open.into_iter().map(note));
        Cow::Owned(api)
    }

    /// Replaces what the source says of null at a place.
    fn tell<'a>(&'a self, place: &str, null: &mut Nullness, open: &mut BTreeSet<&'a String>) {
        for (patterns, said) in
            [(&self.non_null, Nullness::NonNull), (&self.nullable, Nullness::Nullable)]
        {
            for pattern in patterns.iter().filter(|pattern| matches(pattern, place)) {
                *null = said;
                open.remove(pattern);
            }
        }
    }
}

fn name_classes(ty: &Type, types: &mut BTreeSet<String>) {
    let mut found = Vec::new();
    ty.classes(&mut found);
    types.extend(found.into_iter().map(str::to_owned));
}

/// The names of the fields of a class and of those above it, which it may repeat in Rust.
fn fields<'a>(api: &'a Api, class: &'a Class) -> impl Iterator<Item = &'a str> {
    let above = |class: &&'a Class| match &class.superclass {
        Some(Type::Class { name, .. }) => match api.types.get(name).map(|of| &of.kind) {
            Some(Kind::Class(above)) => Some(above),
            _ => None,
        },
        _ => None,
    };
    let classes = std::iter::successors(Some(class), above).take(MAX_SUPERCLASSES);
    classes.flat_map(|class| class.fields.iter().map(|field| &*field.name))
}
