//! A store whose answers a test writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use dubhe_core::documents::{Document, DocumentKey, DocumentState, DocumentStates, DocumentStore};
use dubhe_core::registry::{Health, Registering};
use dubhe_core::{ByteString, Status};
use futures_util::stream;
use tokio::sync::watch;

/// A store in memory that only watches. A key of which nothing was said yet does not answer.
#[derive(Clone)]
pub(crate) struct Scripted {
    name: &'static str,
    holds_urls: bool,
    documents: Arc<Mutex<HashMap<DocumentKey, watch::Sender<Option<DocumentState>>>>>,
}

impl Scripted {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, holds_urls: false, documents: Arc::default() }
    }

    /// The same with a place for rules that are URLs.
    pub(crate) fn with_urls(mut self) -> Self {
        self.holds_urls = true;
        self
    }

    fn sender(&self, key: &DocumentKey) -> watch::Sender<Option<DocumentState>> {
        self.documents.lock().unwrap().entry(key.clone()).or_default().clone()
    }

    pub(crate) fn say(&self, key: &DocumentKey, text: Option<&str>, health: Health) {
        let document = text
            .map(|text| Document { text: text.into(), version: format!("v{}", text.len()).into() });
        self.sender(key).send_replace(Some(DocumentState { document, health }));
    }

    /// The number of watches of a key.
    pub(crate) fn watches(&self, key: &DocumentKey) -> usize {
        self.sender(key).receiver_count()
    }
}

fn never<T>() -> Registering<'static, T> {
    Box::pin(async { Err(Status::unimplemented("the script only watches")) })
}

impl DocumentStore for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    fn get(&self, _: &DocumentKey) -> Registering<'_, Option<Document>> {
        never()
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let mut receiver = self.sender(key).subscribe();
        receiver.mark_changed();
        Box::pin(stream::unfold(receiver, |mut receiver| async move {
            loop {
                receiver.changed().await.ok()?;
                let state = receiver.borrow_and_update().clone();
                if let Some(state) = state {
                    return Some((state, receiver));
                }
            }
        }))
    }

    fn put(&self, _: &DocumentKey, _: ByteString) -> Registering<'_, ()> {
        never()
    }

    fn replace(
        &self,
        _: &DocumentKey,
        _: ByteString,
        _: Option<ByteString>,
    ) -> Registering<'_, bool> {
        never()
    }

    fn remove(&self, _: &DocumentKey) -> Registering<'_, ()> {
        never()
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        never()
    }

    fn holds(&self, key: &DocumentKey) -> bool {
        self.holds_urls || !matches!(key, DocumentKey::Urls { .. })
    }
}
