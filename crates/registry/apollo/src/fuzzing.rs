//! The decoders of answers, for the fuzz target alone.

use std::collections::BTreeMap;

use crate::namespace::Namespace;
use crate::wire::{Notification, Release};

/// Reads a release: its values, and the text of the whole namespace as `dubbo.properties`, which there
/// is when it has values.
pub fn release(answer: &[u8]) -> Option<(BTreeMap<String, String>, Option<String>)> {
    let namespace = Namespace::of(serde_json::from_slice::<Release>(answer).ok()?);
    let whole = namespace.document("dubbo.properties").map(|whole| whole.text.to_string());
    Some((namespace.values.as_ref().clone(), whole))
}

/// Reads the answer to a long poll: the namespaces with their numbers, as they are asked for next.
pub fn notifications(answer: &[u8]) -> Option<String> {
    let read: Vec<Notification> = serde_json::from_slice(answer).ok()?;
    serde_json::to_string(&read).ok()
}
