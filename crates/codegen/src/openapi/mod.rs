//! OpenAPI documents, such as springdoc makes of Spring services, as Rust: types with serde, and clients over
//! `dubhe::http::HttpClient` with a method for each operation.
//!
//! The whole document becomes one file, since its types refer to each other; a client holds the operations of one
//! tag, which for springdoc is a controller. `docs/user/gen-openapi.md` is the page for users.
//!
//! Read are OpenAPI 3.0 and 3.1, as JSON or YAML. References are followed inside the document. What is left out,
//! each with a [`Note`]: operations with cookies that are required, multipart or form bodies, other media types
//! than JSON, text and bytes; callbacks, webhooks, security schemes, and references to other files, which are any JSON value.
//! Validation (`minLength`, `pattern`) is the server's. Dates, UUIDs and other formats of text stay `String`; a `number`
//! without a format is an `f64`, which has 15 digits.

mod build;
mod content;
mod form;
mod graph;
mod items;
mod names;
mod object;
mod operations;
#[cfg(test)]
mod tests;
mod text;
mod writer;

use crate::Note;

pub(crate) use items::Ty;
pub use text::{MAX_BYTES, OpenApiError};

/// Source that is made of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The Rust source, formatted.
    pub rust: String,
    /// Notes on parts that were left out or widened.
    pub notes: Vec<Note>,
}

/// Makes Rust of an OpenAPI document, JSON or YAML. `source` is where it was read, for the comment at the top, for notes
/// and for errors: `http://orders:8080/v3/api-docs`.
///
/// The source needs the crates `dubhe`, `http`, `serde` with `derive`, and `serde_json`. The same document gives the same source.
///
/// # Errors
/// When the text is longer than [`MAX_BYTES`], neither JSON nor YAML, no document of OpenAPI 3, or one of which nothing is
/// written: no operation, and no schema.
///
/// ```
/// let document = r#"{"openapi": "3.0.1", "info": {"title": "Users", "version": "1"}, "paths": {
///     "/users/{id}": {"get": {"operationId": "find",
///         "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int64"}}],
///         "responses": {"200": {"description": "", "content": {"*/*": {"schema": {"type": "string"}}}}}}}
/// }}"#;
/// let generated = dubhe_codegen::openapi::generate(document, "http://users:8080/v3/api-docs")?;
/// assert!(generated.rust.contains("pub async fn find(&self, id: i64) -> Result<String, dubhe::Status>"));
/// assert!(generated.notes.is_empty());
/// # Ok::<(), dubhe_codegen::openapi::OpenApiError>(())
/// ```
pub fn generate(document: &str, source: &str) -> Result<Generated, OpenApiError> {
    let root = text::parse(document, source)?;
    let mut build = build::Build::new(&root);
    build.components();
    let clients = operations::clients(&mut build);
    let (items, notes) = build.finish();
    if items.is_empty() && clients.is_empty() {
        return Err(OpenApiError::Nothing { source_name: source.to_owned(), notes });
    }
    let rust = writer::write(&root, source, &items, &clients);
    Ok(Generated { rust, notes })
}
