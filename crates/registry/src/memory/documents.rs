//! A config centre and metadata centre within one process.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::documents::{Document, DocumentKey, DocumentState, DocumentStates, DocumentStore};
use dubhe_core::registry::{Health, Registering};
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::watch;

/// A config centre and metadata centre within one process; clones share it.
///
/// ```
/// # mod dubhe { pub mod documents { pub use dubhe_core::documents::{DocumentKey, DocumentStore}; } pub mod registry { pub use dubhe_registry::MemoryDocuments; } }
/// use dubhe::documents::{DocumentKey, DocumentStore};
/// use dubhe::registry::MemoryDocuments;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let center = MemoryDocuments::new();
/// let key = DocumentKey::config("shop.tag-router");
/// assert!(center.replace(&key, "enabled: true".into(), None).await?);
/// assert!(!center.replace(&key, "enabled: false".into(), None).await?, "somebody was faster");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryDocuments(Arc<Mutex<Documents>>);

#[derive(Debug, Default)]
struct Documents {
    all: BTreeMap<DocumentKey, watch::Sender<Option<Document>>>,
    /// The versions so far.
    versions: u64,
}

impl MemoryDocuments {
    /// Makes a store with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes a document when `change` takes its version.
    fn change(
        &self,
        key: &DocumentKey,
        text: Option<ByteString>,
        takes: impl FnOnce(Option<&ByteString>) -> bool,
    ) -> bool {
        let mut documents = self.0.lock();
        let documents = &mut *documents;
        let known = documents.all.get(key).and_then(|sender| sender.borrow().clone());
        if !takes(known.as_ref().map(|document| &document.version)) {
            return false;
        }
        documents.versions += 1;
        let version = documents.versions.to_string().into();
        let document = text.map(|text| Document { text, version });
        let sender = documents.all.entry(key.clone()).or_default();
        sender.send_replace(document);
        // One that is neither there nor watched needs no room.
        documents.all.retain(|of, sender| of != key || is_needed(sender));
        true
    }
}

fn is_needed(sender: &watch::Sender<Option<Document>>) -> bool {
    sender.receiver_count() > 0 || sender.borrow().is_some()
}

impl DocumentStore for MemoryDocuments {
    fn name(&self) -> &'static str {
        "memory://"
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        let known = self.0.lock().all.get(key).and_then(|sender| sender.borrow().clone());
        Box::pin(std::future::ready(Ok(known)))
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let receiver = self.0.lock().all.entry(key.clone()).or_default().subscribe();
        let watch = Watch { receiver: Some(receiver), key: key.clone(), store: self.clone() };
        Box::pin(stream::unfold((watch, false), |(mut watch, told)| async move {
            let receiver = watch.receiver.as_mut()?;
            if told {
                receiver.changed().await.ok()?;
            }
            let document = receiver.borrow_and_update().clone();
            Some((DocumentState { document, health: Health::Fresh }, (watch, true)))
        }))
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        self.change(key, Some(text), |_| true);
        Box::pin(std::future::ready(Ok(())))
    }

    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool> {
        let done = self.change(key, Some(text), |known| known == version.as_ref());
        Box::pin(std::future::ready(Ok(done)))
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        self.change(key, None, |known| known.is_some());
        Box::pin(std::future::ready(Ok(())))
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        let documents = self.0.lock();
        let there = documents.all.iter().filter(|(_, sender)| sender.borrow().is_some());
        let keys = there.map(|(key, _)| key.clone()).collect();
        Box::pin(std::future::ready(Ok(keys)))
    }

    fn holds(&self, _: &DocumentKey) -> bool {
        true
    }
}

/// A watch of one document, which leaves nothing behind.
struct Watch {
    receiver: Option<watch::Receiver<Option<Document>>>,
    key: DocumentKey,
    store: MemoryDocuments,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.receiver = None;
        let mut documents = self.store.0.lock();
        if documents.all.get(&self.key).is_some_and(|sender| !is_needed(sender)) {
            documents.all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn documents_are_watched_compared_and_removed() {
        let store = MemoryDocuments::new();
        let key = DocumentKey::config("a");
        let mut seen = store.watch(&key);
        let absent = DocumentState { document: None, health: Health::Fresh };
        assert_eq!(seen.next().await, Some(absent.clone()));
        assert!(!store.replace(&key, "x".into(), Some("1".into())).await.unwrap());
        store.put(&key, "x".into()).await.unwrap();
        let known = seen.next().await.unwrap().document.unwrap();
        assert_eq!(Some(known.clone()), store.get(&key).await.unwrap());
        assert!(store.replace(&key, "y".into(), Some(known.version.clone())).await.unwrap());
        assert!(!store.replace(&key, "z".into(), Some(known.version)).await.unwrap());
        assert_eq!(&*seen.next().await.unwrap().document.unwrap().text, "y");
        assert_eq!(store.list().await.unwrap(), std::slice::from_ref(&key));
        store.remove(&key).await.unwrap();
        assert_eq!(seen.next().await, Some(absent));
        drop(seen);
        assert_eq!(store.0.lock().all.len(), 0, "nothing is left");
    }
}
