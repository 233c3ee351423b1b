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
    /// What was decided.
    #[allow(dead_code, reason = "kinds compare it")]
    pub(crate) outcome: Value,
    /// All other fields.
    #[allow(dead_code, reason = "kinds read them")]
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}
