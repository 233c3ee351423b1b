//! Changes of an OpenAPI document, by the Rust that was generated of it before and of what it is now.
//!
//! Both are read from Rust by the same reader, so nothing but what the code says of the document is compared. The rules are
//! those of JSON as Jackson and serde read it, and of Spring for parameters; `docs/user/gen-check.md` lists them.

mod operations;
mod read;
mod schemas;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use super::Change;
use super::effect::Sides;
use super::flow::Flow;
use super::found::Found;
use read::{Document, Schema, Ty};

/// Returns what changed between the Rust of two OpenAPI documents, sorted; `None` if one of them is no such Rust.
///
/// What only the text has, such as comments and functions that somebody added, is no change.
///
/// ```
/// use dubhe_codegen::{check, openapi};
///
/// let rust = |state: &str| {
///     let document = format!(r#"{{"openapi": "3.0.1", "info": {{"title": "T", "version": "1"}}, "paths": {{}},
///         "components": {{"schemas": {{"State": {{"type": "string", "enum": [{state}]}}}}}}}}"#);
///     openapi::generate(&document, "example").map(|made| made.rust)
/// };
/// let changes = check::openapi_differences(&rust(r#""NEW""#)?, &rust(r#""NEW", "SENT""#)?).unwrap();
/// assert!(changes[0].to_string().starts_with("State.SENT: the value is new: conditional: "));
/// # Ok::<(), openapi::OpenApiError>(())
/// ```
pub fn openapi_differences(old: &str, new: &str) -> Option<Vec<Change>> {
    let (old, new) = (Document::read(old)?, Document::read(new)?);
    let mut changes =
        Changes { found: Found::default(), flows: flows(&old, &new), old: &old, new: &new };
    operations::compare(&mut changes);
    schemas::compare(&mut changes);
    Some(changes.found.sorted())
}

/// Returns `true` if two Rust sources are the same but for comments and space.
pub fn is_same_code(old: &str, new: &str) -> bool {
    match (read::code(old), read::code(new)) {
        (Some(old), Some(new)) => old == new,
        _ => old == new,
    }
}

/// Changes that are found, and the means to judge them.
struct Changes<'a> {
    found: Found,
    flows: BTreeMap<String, Flow>,
    old: &'a Document,
    new: &'a Document,
}

impl Changes<'_> {
    /// The sides of a type that became another.
    fn travel(&self, flow: Flow, old: &Ty, new: &Ty) -> Sides {
        let forward = types::effect((self.old, old), (self.new, new));
        let backward = types::effect((self.new, new), (self.old, old));
        Sides::along(flow, &forward, &backward)
    }

    /// The direction of a schema; what no operation leads to may travel either way.
    fn flow(&self, schema: &str) -> Flow {
        self.flows.get(schema).copied().unwrap_or(Flow::BOTH)
    }
}

/// The direction of each schema that an operation leads to, in either document.
fn flows(old: &Document, new: &Document) -> BTreeMap<String, Flow> {
    let mut flows: BTreeMap<String, Flow> = BTreeMap::new();
    for document in [old, new] {
        for flow in [Flow::REQUESTS, Flow::REPLIES] {
            let mut open = BTreeSet::new();
            for operation in &document.operations {
                if flow == Flow::REPLIES {
                    operation.result.named(&mut open);
                } else {
                    operation.parameters.iter().for_each(|of| of.ty.named(&mut open));
                }
            }
            let mut seen = BTreeSet::new();
            while let Some(name) = open.pop_first() {
                if !seen.insert(name.clone()) {
                    continue;
                }
                let known = flows.get(&name).copied().unwrap_or_default();
                match document.schemas.get(&name) {
                    Some(Schema::Alias(of)) => of.named(&mut open),
                    Some(Schema::Object { fields, rest }) => {
                        for of in fields.values() {
                            of.ty.named(&mut open);
                        }
                        if let Some(of) = rest {
                            of.named(&mut open);
                        }
                    }
                    Some(Schema::Union { variants, .. }) => {
                        for of in variants.values() {
                            of.named(&mut open);
                        }
                    }
                    Some(Schema::Enum(_)) | None => {}
                }
                flows.insert(name, known.join(flow));
            }
        }
    }
    flows
}
