//! A store of documents that is away.

use dubhe_core::ByteString;
use dubhe_core::documents::{Document, DocumentKey, DocumentStates, DocumentStore};
use dubhe_core::registry::Registering;
use futures_util::stream;

/// A store of this name that never answers: requests wait for ever, and of what is watched not even a stale
/// state is told.
#[derive(Clone, Copy, Debug)]
pub struct SilentDocuments(pub &'static str);

fn never<T: Send + 'static>() -> Registering<'static, T> {
    Box::pin(std::future::pending())
}

impl DocumentStore for SilentDocuments {
    fn name(&self) -> &'static str {
        self.0
    }

    fn get(&self, _: &DocumentKey) -> Registering<'_, Option<Document>> {
        never()
    }

    fn watch(&self, _: &DocumentKey) -> DocumentStates {
        Box::pin(stream::pending())
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
}
