//! The events of a watch, and the objects in them.

use dubhe_core::printable::Printable;
use serde_json::Value;

use crate::objects::{Meta, Object};

/// An object, or why it cannot be read.
pub(crate) type Read<O> = Result<O, String>;

/// An object with its name and version.
pub(crate) struct Named<O> {
    pub(crate) name: String,
    /// The version; empty when it has none.
    pub(crate) version: String,
    pub(crate) object: Read<O>,
}

impl<O: Object> Named<O> {
    /// Reads an object. One without a name is of no use.
    pub(crate) fn read(mut item: Value) -> Option<Self> {
        let kind = O::LIST.resource().plural();
        match Meta::of(&mut item) {
            Ok(meta) => {
                let (name, version) = (meta.name.clone(), meta.resource_version.clone());
                let object = O::read(meta, item);
                if let Err(why) = &object {
                    let name = Printable(&name);
                    tracing::warn!(kind, %name, why, "an object cannot be read");
                }
                Some(Self { name, version, object })
            }
            Err(why) => {
                tracing::warn!(kind, why, "an object without a name is passed over");
                None
            }
        }
    }
}

/// An event of a watch over objects of a kind.
pub(crate) enum Event<O> {
    /// An object that is new or has changed.
    Applied(Named<O>),
    /// An object is gone.
    Removed(Named<O>),
    /// All events up to a version were told.
    Bookmark { version: String },
    /// The version that the watch began at is gone.
    Gone,
    /// The server refuses or fails.
    Failed { code: Option<u16>, message: String },
    /// An event without an object that can be named, or of an unknown type.
    Other,
}

impl<O: Object> Event<O> {
    /// Reads an event (API concepts of Kubernetes, `WatchEvent`).
    pub(crate) fn read(mut event: Value) -> Self {
        let object = event.get_mut("object").map(Value::take).unwrap_or_default();
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "ERROR" => {
                let code = object.get("code").and_then(Value::as_u64);
                if code == Some(410) {
                    return Self::Gone;
                }
                let said = object.get("message").and_then(Value::as_str).unwrap_or("an error");
                let code = code.and_then(|code| u16::try_from(code).ok());
                Self::Failed { code, message: said.to_owned() }
            }
            "BOOKMARK" => Self::Bookmark { version: text(&object, "resourceVersion") },
            "ADDED" | "MODIFIED" => Named::read(object).map_or(Self::Other, Self::Applied),
            "DELETED" => Named::read(object).map_or(Self::Other, Self::Removed),
            other => {
                tracing::debug!(kind = %Printable(other), "an event of an unknown type");
                Self::Other
            }
        }
    }
}

/// A text of the metadata of an object or a list.
pub(crate) fn text(of: &Value, name: &str) -> String {
    let text = of.get("metadata").and_then(|meta| meta.get(name)).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
