//! Objects: their own properties, and those of the schemas that they are all of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::build::Build;
use super::items::{Field, ItemKind, Ty};
use super::names::{Names, value_name};

/// The most fields of all structs of a document.
pub(super) const MAX_FIELDS: usize = 50_000;

/// The most parts of objects that are looked at: `allOf` may name thousands of schemas, which do the same.
pub(super) const MAX_PARTS: usize = 500_000;

/// The parts of an object.
#[derive(Default)]
struct Parts<'a> {
    /// Properties in the order of the document; the last one of a name counts, at the place of the first.
    properties: Vec<(&'a str, &'a Value)>,
    places: BTreeMap<&'a str, usize>,
    required: BTreeSet<&'a str>,
    additional: Option<&'a Value>,
}

/// `true` if a schema is an object with named fields.
pub(super) fn has_fields(schema: &Value) -> bool {
    let filled =
        |name: &str| schema.get(name).and_then(Value::as_object).is_some_and(|of| !of.is_empty());
    filled("properties")
        || schema.get("allOf").and_then(Value::as_array).is_some_and(|of| of.len() > 1)
}

impl<'a> Build<'a> {
    /// Makes a struct of an object.
    pub(super) fn object(&mut self, schema: &'a Value, name: &str, at: &str) -> ItemKind {
        // Not even looked at: a schema may be all of thousands of others.
        let is_over = self.fields > MAX_FIELDS || self.parts > MAX_PARTS;
        let parts = if is_over { Parts::default() } else { self.parts(schema, at) };
        self.fields += parts.properties.len();
        if self.fields > MAX_FIELDS || self.parts > MAX_PARTS {
            let most = if self.fields > MAX_FIELDS {
                format!("{MAX_FIELDS} fields")
            } else {
                format!("{MAX_PARTS} parts of objects, by allOf")
            };
            self.note(at, format!("any JSON value: the document has more than {most}"));
            return ItemKind::Alias(Ty::Any);
        }
        let mut names = Names::default();
        let mut fields = Vec::new();
        for (wire, property) in parts.properties {
            let at = format!("{at}.{wire}");
            let (ty, is_null) = self.ty(property, &format!("{name} {wire}"), &at);
            let (field, clashes) = names.take(&value_name(wire, "field"));
            if clashes {
                self.note(&at, format!("another field has its name in Rust: it is called {field}"));
            }
            let one_way = |name| property.get(name).and_then(Value::as_bool).unwrap_or(false);
            let may_lack =
                !parts.required.contains(wire) || one_way("readOnly") || one_way("writeOnly");
            fields.push(Field {
                name: field,
                wire: wire.to_owned(),
                ty: if may_lack || is_null { ty.optional() } else { ty },
                may_lack,
                doc: text(property, "description"),
                deprecated: is_deprecated(property),
            });
        }
        let rest = parts.additional.map(|of| {
            let (ty, is_null) = self.ty(of, &format!("{name} value"), at);
            if is_null { ty.optional() } else { ty }
        });
        ItemKind::Struct { fields, rest }
    }

    fn parts(&mut self, schema: &'a Value, at: &str) -> Parts<'a> {
        let mut parts = Parts::default();
        let mut seen = BTreeSet::new();
        let mut open = vec![schema];
        while let Some(schema) = open.pop().filter(|_| self.parts <= MAX_PARTS) {
            self.parts += 1;
            if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
                match self.component_of(reference) {
                    Some((key, schema)) if seen.insert(key) => open.push(schema),
                    Some(_) => {}
                    None => self
                        .note(at, format!("left out: `{reference}` is no schema of this document")),
                }
                continue;
            }
            for (name, property) in
                schema.get("properties").and_then(Value::as_object).into_iter().flatten()
            {
                let place = *parts.places.entry(name).or_insert(parts.properties.len());
                match parts.properties.get_mut(place) {
                    Some(known) => known.1 = property,
                    None => parts.properties.push((name, property)),
                }
            }
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            parts.required.extend(required.filter_map(Value::as_str));
            let additional = schema.get("additionalProperties");
            // Of several parts, one that says a type says more than one that takes all.
            let is_typed = |of: &&Value| of.as_object().is_some_and(|of| !of.is_empty());
            let is_any = |of: &&Value| of.is_object() || of.as_bool() == Some(true);
            parts.additional = additional
                .filter(is_typed)
                .or(parts.additional)
                .or_else(|| additional.filter(is_any));
            let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
            open.extend(all.rev());
        }
        parts
    }
}

/// A text of a schema, unless it is empty.
pub(super) fn text(schema: &Value, name: &str) -> Option<String> {
    schema
        .get(name)
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

pub(super) fn is_deprecated(schema: &Value) -> bool {
    schema.get("deprecated").and_then(Value::as_bool).unwrap_or(false)
}
