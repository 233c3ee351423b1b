//! Service definitions, the JSON that providers publish of their interfaces, as an [`Api`].
//!
//! Dubbo Java writes one for each exported service into its metadata centre (`FullServiceDefinition`, under
//! `/dubbo/metadata/{interface}/{version}/{group}/provider/{application}` in ZooKeeper), and `MetadataService` returns the
//! same of a service. So does Dubhe.
//!
//! What a definition does not say, and what is made of it:
//!
//! | not said | here |
//! | --- | --- |
//! | superclasses: a class has the fields of those above it as its own | classes stand alone |
//! | subclasses, and if a class is abstract | none, and it is not |
//! | exceptions of `throws` | none |
//! | nullness, Javadoc, deprecation, names of parameters | unknown, none, `false`, `arg0` and so on |
//! | type arguments of what is no collection or map: `Page<User>` is `peer.api.Page` | the raw class |
//! | the result of a raw `CompletableFuture`, the messages of a `StreamObserver` | `Object`, with a note |
//! | the order of fields, methods and type parameters: those of a Java process are in the order of hashes | by name |
//! | if a class without fields is an interface | a class, with a note |
//! | the `$` of nested classes, where Java 3 prints their canonical names | found by the class around them that is described, or by the capital letter of its name, then with a note |
//!
//! A class that is used and not described is left for the writer, with a note. Where the interface is at hand as
//! a jar, read that instead.
//!
//! Dubbo Java 3 writes the fields of a class as names of types; 2.7 as nested objects, in which fastjson puts
//! references such as `{"$ref":"$.types[4].properties.date"}`. dubbo-go up to 3.2 writes kinds of Go, such as `ptr`, which are
//! no types of Java: its methods are left out with a note. From 3.3 on it writes none.
//!
//! Source: Dubbo Java `ServiceDefinitionBuilder`, `TypeDefinitionBuilder` and `MetadataUtils` of 3.3.6 and 2.7.23;
//! dubbo-go `metadata/definition` of 3.1.1.

mod build;
mod document;
mod names;
mod protobuf;
#[cfg(test)]
mod tests;

use crate::Api;

/// The most bytes of a definition that are read.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Reason to refuse a definition as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The text is longer than [`MAX_BYTES`].
    #[error("{source_name}: a service definition of {length} bytes; at most {MAX_BYTES} are read")]
    TooLong {
        /// Place where it was read.
        source_name: String,
        /// Length in bytes.
        length: usize,
    },
    /// The text is no JSON, or nested deeper than 127 levels.
    #[error("{source_name}: not the JSON of a service definition: {error}")]
    Json {
        /// Place where it was read.
        source_name: String,
        /// The error, with line and column.
        error: serde_json::Error,
    },
    /// The JSON is something else than a definition.
    #[error("{source_name}: not a service definition: {text}")]
    Form {
        /// Place where it was read.
        source_name: String,
        /// Fault, and its place.
        text: String,
    },
}

/// Reads the definition of one service. `source` is where it was read, for the comments of what is generated
/// and for errors: `zookeeper://10.0.0.1:2181`.
///
/// A method whose types cannot be read is left out, and a field likewise, each with a [`Note`](crate::Note).
///
/// # Errors
/// When the text is longer than [`MAX_BYTES`], no JSON, or no object with the name of an interface and its methods.
///
/// ```
/// let json = r#"{
///     "canonicalName": "org.example.Users",
///     "methods": [{"name": "find", "parameterTypes": ["long"], "returnType": "org.example.User"}],
///     "types": [{"type": "org.example.User", "properties": {"id": "long", "name": "java.lang.String"}}]
/// }"#;
/// let api = dubhe_codegen::definition::read(json, "nacos://127.0.0.1:8848")?;
/// assert!(api.types.contains_key("org.example.Users") && api.types.contains_key("org.example.User"));
/// # Ok::<(), dubhe_codegen::definition::DefinitionError>(())
/// ```
pub fn read(json: &str, source: &str) -> Result<Api, DefinitionError> {
    if json.len() > MAX_BYTES {
        let source_name = source.to_owned();
        return Err(DefinitionError::TooLong { source_name, length: json.len() });
    }
    let root = serde_json::from_str(json.trim_start_matches('\u{feff}'))
        .map_err(|error| DefinitionError::Json { source_name: source.to_owned(), error })?;
    let document = document::Document::read(&root)
        .map_err(|text| DefinitionError::Form { source_name: source.to_owned(), text })?;
    Ok(build::api(document, source))
}
