//! A metadata centre beside the config centre.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::documents::{Document, DocumentKey, DocumentStates, DocumentStore};
use dubhe_core::registry::Registering;

/// The documents of a registry whose metadata, mappings and definitions are in another system.
pub(crate) struct WithMetadataReport {
    name: String,
    /// Has rules and start-up configuration.
    config: Arc<dyn DocumentStore>,
    metadata: Arc<dyn DocumentStore>,
}

impl WithMetadataReport {
    pub(crate) fn new(config: Arc<dyn DocumentStore>, metadata: Arc<dyn DocumentStore>) -> Self {
        let name = format!("{} with the metadata of {}", config.name(), metadata.name());
        Self { name, config, metadata }
    }

    /// The store that has a document.
    fn of(&self, key: &DocumentKey) -> &dyn DocumentStore {
        if is_metadata(key) { &*self.metadata } else { &*self.config }
    }
}

/// Returns `true` for what belongs into a metadata centre.
fn is_metadata(key: &DocumentKey) -> bool {
    match key {
        DocumentKey::Mapping { .. }
        | DocumentKey::Metadata { .. }
        | DocumentKey::Definition { .. } => true,
        DocumentKey::Config { .. } | DocumentKey::Urls { .. } => false,
    }
}

impl DocumentStore for WithMetadataReport {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        self.of(key).get(key)
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        self.of(key).watch(key)
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        self.of(key).put(key, text)
    }

    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool> {
        self.of(key).replace(key, text, version)
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        self.of(key).remove(key)
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        Box::pin(async {
            let (mut all, metadata) = tokio::try_join!(self.config.list(), self.metadata.list())?;
            all.retain(|key| !is_metadata(key));
            all.extend(metadata.into_iter().filter(is_metadata));
            Ok(all)
        })
    }

    fn holds(&self, key: &DocumentKey) -> bool {
        self.of(key).holds(key)
    }
}

#[cfg(test)]
mod tests {
    use dubhe_registry::MemoryDocuments;

    use super::*;

    #[tokio::test]
    async fn each_document_is_in_its_store_and_listed_once() {
        let (config, metadata) = (MemoryDocuments::new(), MemoryDocuments::new());
        let both = WithMetadataReport::new(Arc::new(config.clone()), Arc::new(metadata.clone()));
        let rule = DocumentKey::config("shop.tag-router");
        let mapping = DocumentKey::Mapping { interface: "org.example.Users".into() };
        // What is in the wrong place is not there.
        config.put(&mapping, "old".into()).await.unwrap();
        for key in [&rule, &mapping] {
            both.put(key, "new".into()).await.unwrap();
        }
        assert_eq!(both.list().await.unwrap(), [rule.clone(), mapping.clone()]);
        for (store, key) in [(&config, &rule), (&metadata, &mapping)] {
            assert_eq!(store.get(key).await.unwrap().unwrap().text, "new");
        }
        assert_eq!(both.get(&mapping).await.unwrap().unwrap().text, "new");
        both.remove(&mapping).await.unwrap();
        assert_eq!(config.get(&mapping).await.unwrap().unwrap().text, "old");
        assert!(metadata.get(&mapping).await.unwrap().is_none());
    }
}
