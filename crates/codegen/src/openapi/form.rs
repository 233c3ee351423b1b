//! Form of a document: what is read of it is of the types that OpenAPI says.
//!
//! What is missing or null is passed over: YAML writes an empty list or object so.

use serde_json::Value;

/// A value of another type than OpenAPI says.
struct Wrong {
    /// The names and numbers that lead to it, the last one first.
    place: Vec<String>,
    text: String,
}

impl Wrong {
    fn new(value: &Value, wanted: &str) -> Self {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Self { place: Vec::new(), text: format!("is {found}, and no {wanted}") }
    }

    fn below(mut self, name: impl ToString) -> Self {
        self.place.push(name.to_string());
        self
    }
}

type Checked = Result<(), Wrong>;

/// Checks a document. The error names the place and what is wrong there.
pub(super) fn check(root: &Value) -> Result<(), String> {
    document(root).map_err(|wrong| {
        let place: Vec<String> = wrong.place.into_iter().rev().collect();
        format!("`{}` {}", place.join("."), wrong.text)
    })
}

fn document(root: &Value) -> Checked {
    one(root, "info", &object)?;
    each(root, "servers", &object)?;
    each(root, "tags", &object)?;
    all(root, "paths", &path)?;
    one(root, "components", &|components| {
        object(components)?;
        all(components, "schemas", &schema)?;
        all(components, "parameters", &parameter)?;
        all(components, "requestBodies", &body)?;
        all(components, "responses", &body)
    })
}

/// Parts of a path.
fn path(item: &Value) -> Checked {
    object(item)?;
    each(item, "parameters", &parameter)?;
    super::operations::VERBS.iter().try_for_each(|verb| one(item, verb, &operation))
}

fn operation(of: &Value) -> Checked {
    object(of)?;
    each(of, "tags", &|_| Ok(()))?;
    each(of, "parameters", &parameter)?;
    one(of, "requestBody", &body)?;
    all(of, "responses", &body)
}

fn parameter(of: &Value) -> Checked {
    object(of)?;
    one(of, "schema", &schema)
}

/// Parts of a body or a response.
fn body(of: &Value) -> Checked {
    object(of)?;
    all(of, "content", &|media| {
        object(media)?;
        one(media, "schema", &schema)
    })
}

/// Parts of a schema. The nesting of the document is bounded before.
fn schema(of: &Value) -> Checked {
    // Of OpenAPI 3.1: anything, or nothing.
    if of.is_boolean() {
        return Ok(());
    }
    object(of)?;
    one(of, "$ref", &|of| {
        if of.is_string() { Ok(()) } else { Err(Wrong::new(of, "string")) }
    })?;
    one(of, "type", &|of| {
        if of.is_string() || of.is_array() { Ok(()) } else { Err(Wrong::new(of, "string")) }
    })?;
    each(of, "enum", &|_| Ok(()))?;
    all(of, "properties", &schema)?;
    one(of, "items", &schema)?;
    one(of, "additionalProperties", &schema)?;
    ["allOf", "oneOf", "anyOf"].iter().try_for_each(|name| each(of, name, &schema))
}

fn object(of: &Value) -> Checked {
    if of.is_object() { Ok(()) } else { Err(Wrong::new(of, "object")) }
}

/// The field of an object, unless it is missing or null.
fn field<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    of.get(name).filter(|of| !of.is_null())
}

/// Checks one field.
fn one(of: &Value, name: &str, check: &dyn Fn(&Value) -> Checked) -> Checked {
    field(of, name).map_or(Ok(()), check).map_err(|wrong| wrong.below(name))
}

/// Checks the items of a list.
fn each(of: &Value, name: &str, check: &dyn Fn(&Value) -> Checked) -> Checked {
    one(of, name, &|of| {
        let items = of.as_array().ok_or_else(|| Wrong::new(of, "array"))?;
        let mut items = items.iter().enumerate();
        items.try_for_each(|(i, of)| check(of).map_err(|wrong| wrong.below(i)))
    })
}

/// Checks the values of an object by names, without those of extensions.
fn all(of: &Value, name: &str, check: &dyn Fn(&Value) -> Checked) -> Checked {
    one(of, name, &|of| {
        let entries = of.as_object().ok_or_else(|| Wrong::new(of, "object"))?;
        let mut entries = entries
            .iter()
            .filter(|(key, of)| !of.is_null() && (!key.starts_with("x-") || of.is_object()));
        entries.try_for_each(|(key, of)| check(of).map_err(|wrong| wrong.below(key)))
    })
}
