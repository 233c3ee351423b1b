//! A namespace, as it is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::documents::{Document, DocumentKey, DocumentState};
use dubhe_core::registry::Health;

use crate::options::Options;
use crate::wire::{Release, properties};

/// The key that stands for a whole namespace.
const WHOLE: &str = "dubbo.properties";
/// Apollo's own namespace of an application.
const APPLICATION: &str = "application";

/// A namespace, as it is known; an absent one has no values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespace {
    pub(crate) values: Arc<BTreeMap<String, String>>,
    pub(crate) release: ByteString,
    /// `None` until Apollo was asked.
    pub(crate) health: Option<Health>,
}

impl Namespace {
    /// The values of a release.
    pub(crate) fn of(release: Release) -> Self {
        let health = Some(Health::Fresh);
        Self {
            values: Arc::new(release.configurations),
            release: release.release_key.into(),
            health,
        }
    }

    /// The document `key` in it.
    pub(crate) fn document(&self, key: &str) -> Option<Document> {
        let text: ByteString = if key == WHOLE {
            if self.values.is_empty() {
                return None;
            }
            properties(&self.values).into()
        } else {
            self.values.get(key)?.as_str().into()
        };
        Some(Document { text, version: self.release.clone() })
    }

    /// The state of the document `key`; `None` until Apollo was asked.
    pub(crate) fn state(&self, key: &str) -> Option<DocumentState> {
        Some(DocumentState { document: self.document(key), health: self.health? })
    }
}

impl Options {
    /// The namespace of a document, and its key there; `None` for documents without a place.
    pub(crate) fn place(&self, key: &DocumentKey) -> Option<(String, ByteString)> {
        let DocumentKey::Config { group, key } = key else { return None };
        let own = self.application.as_deref() == Some(&**group);
        let namespace = if own { APPLICATION } else { group };
        Some((namespace.to_owned(), key.clone()))
    }
}
