//! The cases of a file.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A decision of Dubbo Java. The fields differ by kind.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    /// The id, `kind/name`.
    pub(crate) id: String,
    /// The kind.
    pub(crate) kind: String,
    /// The decision.
    pub(crate) outcome: Value,
    /// All other fields.
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}
