//! Schemas as items.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::graph::{back_edges, circles};
use super::items::{Item, ItemKind, Told, Ty, Variant};
use super::names::{Names, type_name};
use super::object::{has_fields, is_deprecated, text};
use crate::Note;

const SCHEMAS: &str = "#/components/schemas/";

/// The most parents of a schema that are looked at for one that stands for all alternatives.
const MAX_PARENTS: usize = 8;

/// The aliases and lists that are looked through for a struct.
const MAX_ALIASES: usize = 64;
/// The properties of all forms of an enum that are looked at, where the enum is a form of another one.
const MAX_KNOWN: usize = 1_000;

/// Items that are made of a document so far.
pub(super) struct Build<'a> {
    pub(super) root: &'a Value,
    pub(super) names: Names,
    pub(super) fields: usize,
    /// The parts of objects that were looked at, of all of them.
    pub(super) parts: usize,
    notes: Vec<Note>,
    items: BTreeMap<String, Item>,
    /// The schemas of the document by their keys.
    components: BTreeMap<&'a str, Component<'a>>,
    /// The keys of schemas that are all of another one, by the key of that.
    children: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

struct Component<'a> {
    name: String,
    schema: &'a Value,
    may_be_null: bool,
}

impl<'a> Build<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        let mut build = Self {
            root,
            names: Names::of_types(),
            fields: 0,
            parts: 0,
            notes: Vec::new(),
            items: BTreeMap::new(),
            components: BTreeMap::new(),
            children: BTreeMap::new(),
        };
        let schemas =
            root.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
        // Numbers behind names must not depend on the order of the document.
        let schemas: BTreeMap<&str, &Value> =
            schemas.map(|(key, schema)| (key.as_str(), schema)).collect();
        for (key, schema) in schemas {
            let name = build.type_name(key, &format!("components.schemas.{key}"));
            let may_be_null = kinds(schema).1;
            build.components.insert(key, Component { name, schema, may_be_null });
        }
        let mut children: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (key, component) in &build.components {
            for parent in build.parents(component.schema) {
                children.entry(parent).or_default().insert(key);
            }
        }
        build.children = children;
        build
    }

    pub(super) fn note(&mut self, at: &str, text: impl Into<String>) {
        self.notes.push(Note { at: at.to_owned(), text: text.into() });
    }

    /// `true` if there is a type so far.
    pub(super) fn has_items(&self) -> bool {
        !self.items.is_empty()
    }

    /// Takes the name of a type.
    pub(super) fn type_name(&mut self, of: &str, at: &str) -> String {
        let wanted = type_name(of, "Type");
        let (name, clashes) = self.names.take(&wanted);
        if clashes {
            let whose = if Names::is_of_rust(&wanted) { "Rust itself" } else { "another type" };
            self.note(at, format!("{whose} has its name: it is called {name}"));
        }
        name
    }

    /// The schema that a reference names, with its key.
    pub(super) fn component_of(&self, reference: &str) -> Option<(&'a str, &'a Value)> {
        let key = unescaped(reference.strip_prefix(SCHEMAS)?);
        let (key, component) = self.components.get_key_value(key.as_str())?;
        Some((*key, component.schema))
    }

    /// Follows a reference to what is no schema, such as a parameter.
    pub(super) fn resolved(&self, value: &'a Value) -> Option<&'a Value> {
        let mut value = value;
        for _ in 0..8 {
            let Some(reference) = value.get("$ref") else { return Some(value) };
            value = self.root.pointer(reference.as_str()?.strip_prefix('#')?)?;
        }
        None
    }

    /// Makes the items of all schemas of the document.
    pub(super) fn components(&mut self) {
        let schemas: Vec<_> =
            self.components.iter().map(|(key, of)| (*key, of.name.clone(), of.schema)).collect();
        for (key, name, schema) in schemas {
            let at = format!("components.schemas.{key}");
            let kind = if let Some(tag) = tag_of(schema).filter(|_| self.is_parent(key)) {
                self.of_children(key, tag, schema)
            } else if is_text_enum(schema) {
                self.constants(schema, &at)
            } else if let Some(alternatives) = alternatives(schema).filter(|of| of.len() > 1) {
                self.union(schema, &alternatives, &name, &at)
            } else if has_fields(schema) {
                self.object(schema, &name, &at)
            } else {
                ItemKind::Alias(self.ty(schema, &format!("{name} item"), &at).0)
            };
            self.insert(name, schema, kind);
        }
    }

    /// `true` if a schema has no alternatives of its own and others are all of it.
    fn is_parent(&self, key: &str) -> bool {
        let component = self.components.get(key);
        let plain = component
            .is_some_and(|of| tag_of(of.schema).is_some() && alternatives(of.schema).is_none());
        plain && self.children.contains_key(key)
    }

    fn insert(&mut self, name: String, schema: &Value, kind: ItemKind) {
        let doc = text(schema, "description");
        self.items.insert(name, Item { doc, deprecated: is_deprecated(schema), kind });
    }

    /// The type of a schema, and `true` if it may be null. `hint` names what has no name of its own.
    pub(super) fn ty(&mut self, schema: &'a Value, hint: &str, at: &str) -> (Ty, bool) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, at);
        }
        let (kind, is_null) = kinds(schema);
        if let Some(found) = alternatives(schema) {
            let with_null = found.len() < all_alternatives(schema).map_or(0, <[Value]>::len);
            let (ty, also) = match &found[..] {
                [] => (Ty::Any, false),
                [one] => self.ty(one, hint, at),
                _ => (self.alternatives(schema, &found, hint, at), false),
            };
            return (ty, is_null || with_null || also);
        }
        if let Some([one]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
            && !has_fields(schema)
        {
            let (ty, also) = self.ty(one, hint, at);
            return (ty, is_null || also);
        }
        let ty = match kind {
            Some(_) | None if is_text_enum(schema) => {
                let name = self.type_name(hint, at);
                let kind = self.constants(schema, at);
                self.insert(name.clone(), schema, kind);
                Ty::Named(name)
            }
            Some("object") | None if has_fields(schema) => {
                let name = self.type_name(hint, at);
                let kind = self.object(schema, &name, at);
                self.insert(name.clone(), schema, kind);
                Ty::Named(name)
            }
            Some("object") => match schema.get("additionalProperties") {
                Some(of @ Value::Object(_)) => {
                    let (ty, is_null) = self.ty(of, &format!("{hint} value"), at);
                    Ty::Map(Box::new(if is_null { ty.optional() } else { ty }))
                }
                _ => Ty::Map(Box::new(Ty::Any)),
            },
            Some("array") => match schema.get("items") {
                Some(of) => {
                    let (ty, is_null) = self.ty(of, &format!("{hint} item"), at);
                    Ty::List(Box::new(if is_null { ty.optional() } else { ty }))
                }
                None => Ty::List(Box::new(Ty::Any)),
            },
            Some("string") => Ty::Text,
            Some("boolean") => Ty::Bool,
            Some("integer") => match schema.get("format").and_then(Value::as_str) {
                Some("int32") => Ty::I32,
                _ => Ty::I64,
            },
            Some("number") => match schema.get("format").and_then(Value::as_str) {
                Some("float") => Ty::F32,
                _ => Ty::F64,
            },
            Some("null") => return (Ty::Any, true),
            Some(_) => {
                self.note(
                    at,
                    "any JSON value: the schema has several types, or one that OpenAPI has not",
                );
                Ty::Any
            }
            None => Ty::Any,
        };
        (ty, is_null)
    }

    fn reference(&mut self, reference: &str, at: &str) -> (Ty, bool) {
        let found = self.component_of(reference).and_then(|(key, _)| self.components.get(key));
        match found {
            Some(component) => (Ty::Named(component.name.clone()), component.may_be_null),
            None => {
                let text = format!(
                    "any JSON value: `{reference}` is no schema of this document; put it below components/schemas"
                );
                self.note(at, text);
                (Ty::Any, false)
            }
        }
    }

    fn constants(&mut self, schema: &Value, at: &str) -> ItemKind {
        let mut names = Names::default();
        // What no constant stands for.
        names.take("Other");
        let mut constants = Vec::new();
        let mut seen = BTreeSet::new();
        let values = schema
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .chain(schema.get("const"));
        for wire in values.filter_map(Value::as_str) {
            if seen.insert(wire) {
                let (name, clashes) = names.take(&type_name(wire, "Value"));
                if clashes {
                    self.note(
                        &format!("{at}.{wire}"),
                        format!("another constant has its name in Rust: it is called {name}"),
                    );
                }
                constants.push((name, wire.to_owned()));
            }
        }
        ItemKind::Enum(constants)
    }

    /// The keys of the schemas that one is all of.
    fn parents(&self, schema: &'a Value) -> impl Iterator<Item = &'a str> {
        let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|of| self.component_of(of.get("$ref")?.as_str()?)).map(|(key, _)| key)
    }

    /// The type of several alternatives: a parent that all others extend, or an item of its own.
    fn alternatives(&mut self, schema: &'a Value, found: &[&'a Value], hint: &str, at: &str) -> Ty {
        if let Some(parent) = self.common_parent(found) {
            return Ty::Named(parent.name.clone());
        }
        let name = self.type_name(hint, at);
        let kind = self.union(schema, found, &name, at);
        self.insert(name.clone(), schema, kind);
        Ty::Named(name)
    }

    /// The parent that stands for all alternatives: the first of them, or one that it is all of.
    fn common_parent(&self, found: &[&'a Value]) -> Option<&Component<'a>> {
        let key = |of: &&'a Value| self.component_of(of.get("$ref")?.as_str()?);
        let keys = found.iter().map(key).collect::<Option<Vec<_>>>()?;
        let (first, schema) = *keys.first()?;
        let mut candidates = std::iter::once(first).chain(self.parents(schema)).take(MAX_PARENTS);
        let parent = candidates.find(|parent| {
            let children = self.children.get(parent);
            let is_below = |(key, _): &(&str, &Value)| {
                key == parent || children.is_some_and(|children| children.contains(key))
            };
            self.is_parent(parent) && keys.iter().all(is_below)
        });
        self.components.get(parent?)
    }

    fn union(&mut self, schema: &'a Value, found: &[&'a Value], name: &str, at: &str) -> ItemKind {
        let (tag, mapping) = (tag_of(schema), mapping(schema));
        let mut names = Names::default();
        names.take("Other");
        let mut variants = Vec::new();
        for (i, alternative) in found.iter().enumerate() {
            let key = alternative
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|of| self.component_of(of));
            let (ty, _) = self.ty(alternative, &format!("{name} {}", i + 1), at);
            let called = match (&key, &ty) {
                (Some((key, _)), _) => type_name(key, "Type"),
                (None, Ty::Named(name)) => name.clone(),
                (None, Ty::Bool) => "Bool".to_owned(),
                (None, Ty::I32 | Ty::I64 | Ty::F32 | Ty::F64) => "Number".to_owned(),
                (None, Ty::Text) => "Text".to_owned(),
                (None, Ty::List(_)) => "List".to_owned(),
                (None, Ty::Map(_)) => "Map".to_owned(),
                (None, _) => "Any".to_owned(),
            };
            let tags = key.map(|(key, _)| tags(&mapping, key)).unwrap_or_default();
            variants.push(Variant { name: names.take(&called).0, tags, ty, told: Told::Read(0) });
        }
        let tag = tag.filter(|_| variants.iter().all(|of| !of.tags.is_empty()));
        ItemKind::Union { tag: tag.map(str::to_owned), variants }
    }

    fn of_children(&mut self, key: &str, tag: &str, schema: &Value) -> ItemKind {
        let mut names = Names::default();
        names.take("Other");
        let mapping = mapping(schema);
        if mapping.is_empty() {
            let text = format!(
                "the document does not say the values of `{tag}`: they are taken for the names of the schemas, in any case; set \
                 the field where they differ"
            );
            self.note(&format!("components.schemas.{key}"), text);
        }
        let children = self.children.get(key).cloned().unwrap_or_default();
        let variants = children.into_iter().filter_map(|child| {
            let component = self.components.get(child)?;
            let name = names.take(&component.name).0;
            Some(Variant {
                name,
                tags: tags(&mapping, child),
                ty: Ty::Named(component.name.clone()),
                told: Told::Read(0),
            })
        });
        ItemKind::Union { tag: Some(tag.to_owned()), variants: variants.collect() }
    }

    /// Returns the items, in which what holds itself is in a box, and the notes.
    pub(super) fn finish(mut self) -> (BTreeMap<String, Item>, Vec<Note>) {
        self.end_aliases();
        self.end_unions();
        self.tell_forms();
        let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, item) in &mut self.items {
            let held = item.kind.types().filter_map(|ty| ty.held().map(str::to_owned)).collect();
            edges.insert(name.clone(), held);
        }
        let circle = circles(&edges);
        for (name, item) in &mut self.items {
            if matches!(item.kind, ItemKind::Alias(_)) {
                continue;
            }
            for ty in item.kind.types() {
                let holds_itself = ty
                    .held()
                    .is_some_and(|held| held == name || circle.get(held) == circle.get(name));
                if holds_itself {
                    *ty = std::mem::replace(ty, Ty::Any).boxed();
                }
            }
        }
        (self.items, self.notes)
    }

    /// Finds what tells the forms without a tag from each other.
    fn tell_forms(&mut self) {
        let mut told = Vec::new();
        for (name, item) in &self.items {
            if let ItemKind::Union { tag: None, variants } = &item.kind {
                told.push((name.clone(), variants.iter().map(|of| self.told(&of.ty)).collect()));
            }
        }
        let told: Vec<(String, Vec<Told>)> = told;
        for (name, told) in told {
            if let Some(ItemKind::Union { variants, .. }) =
                self.items.get_mut(&name).map(|of| &mut of.kind)
            {
                variants.iter_mut().zip(told).for_each(|(of, told)| of.told = told);
            }
        }
    }

    fn told(&self, ty: &Ty) -> Told {
        let (mut ty, mut lists, mut may_be_null) = (ty, 0, false);
        for _ in 0..MAX_ALIASES {
            ty = match ty {
                Ty::List(of) => {
                    lists += 1;
                    of
                }
                Ty::Option(of) => {
                    may_be_null = true;
                    of
                }
                Ty::Boxed(of) => of,
                Ty::Named(name) => match self.items.get(name).map(|of| &of.kind) {
                    Some(ItemKind::Alias(of)) => of,
                    Some(ItemKind::Struct { rest, .. }) => {
                        return Told::Properties(name.clone(), rest.is_some());
                    }
                    Some(ItemKind::Enum(_) | ItemKind::Union { .. })
                        if lists < 2 && !may_be_null =>
                    {
                        let (properties, takes_others) = self.known(name);
                        let name = name.clone();
                        return Told::Enum { name, is_list: lists > 0, properties, takes_others };
                    }
                    _ => break,
                },
                _ => break,
            };
        }
        Told::Read(match ty {
            Ty::I32 => 0,
            Ty::I64 => 1,
            Ty::F64 => 2,
            Ty::F32 => 3,
            // An enum may know it.
            Ty::Text => 1,
            // Whatever is beside it may keep more than that it is there.
            Ty::Map(_) => 4,
            Ty::Any => 5,
            _ => 0,
        })
    }

    /// The properties that the forms of an enum have, those of enums among them too, and `true` if one of them takes others.
    fn known(&self, name: &str) -> (Vec<String>, bool) {
        let (mut found, mut takes_others) = (BTreeSet::new(), false);
        let (mut open, mut seen) = (vec![name], BTreeSet::new());
        while let Some(name) = open.pop() {
            if !seen.insert(name) || found.len() > MAX_KNOWN {
                continue;
            }
            match self.items.get(name).map(|of| &of.kind) {
                Some(ItemKind::Struct { fields, rest }) => {
                    found.extend(fields.iter().map(|of| of.wire.clone()));
                    takes_others |= rest.is_some();
                }
                Some(ItemKind::Union { tag, variants }) => {
                    found.extend(tag.clone());
                    for of in variants {
                        match of.ty.element() {
                            Some(name) => open.push(name),
                            None => takes_others = true,
                        }
                    }
                }
                Some(ItemKind::Alias(of)) => match of.element() {
                    Some(name) => open.push(name),
                    None => takes_others = true,
                },
                Some(ItemKind::Enum(_)) | None => {}
            }
        }
        (found.into_iter().collect(), takes_others)
    }

    /// Makes any JSON value of names for types that lead to themselves without a type between.
    fn end_aliases(&mut self) {
        let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, item) in &self.items {
            if let ItemKind::Alias(ty) = &item.kind {
                let mut named = BTreeSet::new();
                ty.named(&mut named);
                let is_alias = |name: &String| {
                    matches!(self.items.get(name), Some(Item { kind: ItemKind::Alias(_), .. }))
                };
                edges.insert(name.clone(), named.into_iter().filter(is_alias).collect());
            }
        }
        let circle = circles(&edges);
        for (name, targets) in &edges {
            if targets.iter().any(|target| circle.get(target) == circle.get(name))
                && let Some(item) = self.items.get_mut(name)
            {
                item.kind = ItemKind::Alias(Ty::Any);
                let text = "any JSON value: the schema is nothing but itself".to_owned();
                self.notes.push(Note { at: format!("components.schemas ({name})"), text });
            }
        }
    }

    /// Takes out the alternatives that lead back to their own schema without a type between: a reader that tries them reads
    /// the same value again, without end. They add no value to those of the other alternatives.
    fn end_unions(&mut self) {
        let aliased = self.aliased();
        let target = |of: &Variant| {
            let held = of.ty.held()?;
            let name = aliased.get(held).map_or(held, String::as_str);
            matches!(self.items.get(name)?.kind, ItemKind::Union { .. }).then(|| name.to_owned())
        };
        let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, item) in &self.items {
            if let ItemKind::Union { variants, .. } = &item.kind {
                edges.insert(name.clone(), variants.iter().filter_map(target).collect());
            }
        }
        for (name, targets) in back_edges(&edges) {
            let Some(Item { kind, .. }) = self.items.get_mut(&name) else { continue };
            let ItemKind::Union { variants, .. } = kind else { continue };
            variants.retain(|of| {
                let held = of.ty.held();
                let held = held.map(|held| aliased.get(held).map_or(held, String::as_str));
                !held.is_some_and(|held| targets.contains(held))
            });
            let text = if variants.is_empty() {
                *kind = ItemKind::Alias(Ty::Any);
                "any JSON value: the schema is nothing but itself".to_owned()
            } else {
                let targets: Vec<_> = targets.iter().map(String::as_str).collect();
                format!(
                    "the alternative {} is left out: it leads back to the schema itself; what it alone has is `Other`",
                    targets.join(", ")
                )
            };
            self.notes.push(Note { at: format!("components.schemas ({name})"), text });
        }
    }

    /// The items that names stand for which are no items of their own.
    fn aliased(&self) -> BTreeMap<String, String> {
        let next = |name: &str| match &self.items.get(name)?.kind {
            ItemKind::Alias(ty) => ty.held(),
            _ => None,
        };
        let mut aliased: BTreeMap<&str, &str> = BTreeMap::new();
        for name in self.items.keys() {
            let (mut end, mut passed) = (name.as_str(), Vec::new());
            while let Some(target) = next(end) {
                passed.push(end);
                end = aliased.get(target).copied().unwrap_or(target);
            }
            aliased.extend(passed.into_iter().map(|of| (of, end)));
        }
        aliased.into_iter().map(|(name, end)| (name.to_owned(), end.to_owned())).collect()
    }
}

impl ItemKind {
    /// The types that it holds.
    fn types(&mut self) -> Box<dyn Iterator<Item = &mut Ty> + '_> {
        match self {
            Self::Struct { fields, rest } => {
                Box::new(fields.iter_mut().map(|of| &mut of.ty).chain(rest))
            }
            Self::Union { variants, .. } => Box::new(variants.iter_mut().map(|of| &mut of.ty)),
            Self::Alias(ty) => Box::new(std::iter::once(ty)),
            Self::Enum(_) => Box::new(std::iter::empty()),
        }
    }
}

/// The one type of a schema, and `true` if it may be null. Several types are one that OpenAPI has not.
pub(super) fn kinds(schema: &Value) -> (Option<&str>, bool) {
    let mut is_null = schema.get("nullable").and_then(Value::as_bool).unwrap_or(false);
    let values = schema.get("enum").and_then(Value::as_array);
    is_null |= values.is_some_and(|values| values.contains(&Value::Null));
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(Value::Array(kinds)) => {
            is_null |= kinds.iter().any(|kind| kind == "null");
            match kinds
                .iter()
                .filter_map(Value::as_str)
                .filter(|kind| *kind != "null")
                .collect::<Vec<_>>()[..]
            {
                [] => Some("null"),
                [one] => Some(one),
                _ => Some("several"),
            }
        }
        _ => None,
    };
    (kind, is_null)
}

fn all_alternatives(schema: &Value) -> Option<&[Value]> {
    let list = |name: &str| schema.get(name).and_then(Value::as_array).filter(|of| !of.is_empty());
    list("oneOf").or_else(|| list("anyOf")).map(Vec::as_slice)
}

/// Alternatives of a schema, without null.
fn alternatives(schema: &Value) -> Option<Vec<&Value>> {
    let is_null = |of: &&Value| kinds(of).0 == Some("null");
    all_alternatives(schema).map(|all| all.iter().filter(|of| !is_null(of)).collect())
}

fn is_text_enum(schema: &Value) -> bool {
    let values = schema.get("enum").and_then(Value::as_array);
    let is_text = |value: &Value| value.is_string() || value.is_null();
    let listed = values.is_some_and(|of| of.iter().all(is_text) && of.iter().any(Value::is_string));
    listed || schema.get("const").is_some_and(Value::is_string)
}

fn tag_of(schema: &Value) -> Option<&str> {
    schema
        .pointer("/discriminator/propertyName")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
}

/// The values of the tag by the keys of schemas, where the document says them.
fn mapping(schema: &Value) -> BTreeMap<String, Vec<String>> {
    let mapping =
        schema.pointer("/discriminator/mapping").and_then(Value::as_object).into_iter().flatten();
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (tag, target) in mapping.filter_map(|(tag, target)| Some((tag, target.as_str()?))) {
        let key = target.strip_prefix(SCHEMAS).map_or_else(|| target.to_owned(), unescaped);
        tags.entry(key).or_default().push(tag.clone());
    }
    tags
}

/// The values of the tag for a schema; its key where the document says none.
fn tags(mapping: &BTreeMap<String, Vec<String>>, key: &str) -> Vec<String> {
    mapping.get(key).cloned().unwrap_or_else(|| vec![key.to_owned()])
}

/// A part of a JSON pointer in a URI.
fn unescaped(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        let hex =
            |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        if let (b'%', [high, low, behind @ ..]) = (first, behind)
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            bytes.push(high * 16 + low);
            rest = behind;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}
