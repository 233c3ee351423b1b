//! The text of a document.

use serde_json::Value;

use crate::Note;

/// The most bytes of a document that are read.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The deepest nesting of a document.
const MAX_DEPTH: usize = 100;

/// Reason to refuse a document as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenApiError {
    /// The text is longer than [`MAX_BYTES`].
    #[error("{source_name}: an OpenAPI document of {length} bytes; at most {MAX_BYTES} are read")]
    TooLong {
        /// Place where it was read.
        source_name: String,
        /// Length in bytes.
        length: usize,
    },
    /// The text is neither JSON nor YAML, or nested deeper than 100 levels.
    #[error("{source_name}: neither JSON nor YAML: {text}")]
    Syntax {
        /// Place where it was read.
        source_name: String,
        /// Fault, with line and column.
        text: String,
    },
    /// The text is no document of OpenAPI 3.0 or 3.1.
    #[error("{source_name}: not an OpenAPI document: {text}")]
    Form {
        /// Place where it was read.
        source_name: String,
        /// Fault with its place, or the remedy.
        text: String,
    },
    /// The document has nothing that is written: no operation but those that are left out, and no schema.
    #[error("{source_name}: there is nothing to write code of")]
    Nothing {
        /// Place where it was read.
        source_name: String,
        /// Notes on what is left out.
        notes: Vec<Note>,
    },
}

/// Reads a document, whose root is an object.
pub(super) fn parse(text: &str, source: &str) -> Result<Value, OpenApiError> {
    let source_name = || source.to_owned();
    if text.len() > MAX_BYTES {
        return Err(OpenApiError::TooLong { source_name: source_name(), length: text.len() });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let syntax = |text: String| OpenApiError::Syntax { source_name: source_name(), text };
    let root: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| syntax(error.to_string()))?
    } else {
        // The core schema of YAML 1.2: `no`, `y` and `1_000` are texts, which YAML 1.1 had as other values.
        let options = serde_saphyr::options! {
            strict_booleans: true,
            underscored_numbers_as_strings: true,
        };
        serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| syntax(plain(&error.to_string())))?
    };
    if depth(&root) > MAX_DEPTH {
        return Err(syntax(format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let form =
        |text: &str| OpenApiError::Form { source_name: source_name(), text: text.to_owned() };
    if root.get("swagger").is_some() {
        return Err(form("Swagger 2 is not read; springdoc writes OpenAPI 3 at /v3/api-docs"));
    }
    // Without quotes, YAML takes a version of two parts for a number.
    let version = root.get("openapi").map(|of| match of {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    match version {
        Some(version) if version.starts_with("3.0") || version.starts_with("3.1") => {}
        Some(_) => return Err(form("`openapi` is neither 3.0 nor 3.1")),
        None => return Err(form("`openapi` with the version is missing")),
    }
    super::form::check(&root).map_err(|text| form(&text))?;
    Ok(root)
}

/// An error of the reader of YAML, in words that do not speak of its own options.
fn plain(error: &str) -> String {
    const OWN: [(&str, &str); 2] = [
        (", set DuplicateKeyPolicy in Options if acceptable", ""),
        ("recursive references require weak recursion types", "an anchor refers to itself"),
    ];
    let error = OWN.iter().fold(error.to_owned(), |error, (own, plain)| error.replace(own, plain));
    match error.split_once("budget breached") {
        Some((place, _)) => {
            format!("{place}it has more parts than are read, as anchors within anchors make them")
        }
        None => error,
    }
}

/// The nesting of a value, looked at level by level.
fn depth(root: &Value) -> usize {
    let mut level = vec![root];
    let mut depth = 0;
    while !level.is_empty() && depth <= MAX_DEPTH {
        depth += 1;
        let mut next = Vec::new();
        for value in level {
            match value {
                Value::Array(items) => next.extend(items),
                Value::Object(fields) => next.extend(fields.values()),
                _ => {}
            }
        }
        level = next;
    }
    depth
}
