//! The store.

mod builder;

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::documents::{
    CONFIG_GROUP, Document, DocumentKey, DocumentState, DocumentStates, DocumentStore,
};
use dubhe_core::registry::Registering;
use dubhe_core::time::SharedClock;
use dubhe_core::{Code, Status};
use futures_util::stream;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub use self::builder::ApolloBuilder;
use crate::driver::Driver;
use crate::namespace::Namespace;
use crate::options::Options;
use crate::shared::Shared;

/// Apollo as a config centre, read-only.
///
/// One long poll is open for all namespaces that are followed. While no server can be reached,
/// documents keep their last texts, as stale. Dropping it ends its task; streams that are left then
/// end.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod documents { pub use dubhe_apollo::Apollo; pub use dubhe_core::documents::*; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::documents::{Apollo, DocumentKey, DocumentStore};
/// use dubhe::time::SharedClock;
///
/// async fn tags(clock: SharedClock) -> Result<(), Status> {
///     let store = Apollo::builder("apollo://10.0.0.2:8080?app.id=shop", clock)?.start()?;
///     println!("{:?}", store.get(&DocumentKey::config("shop.tag-router")).await?);
///     Ok(())
/// }
/// # let _ = tags;
/// ```
pub struct Apollo {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Apollo {
    /// Reads `apollo://host:port?app.id=shop`, with `cluster` (default `default`) and `backup` for
    /// further servers, and the access key as the password of the URL. The servers are those of the
    /// config service; a meta server is not asked.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it is no URL, or has no `app.id`.
    pub fn builder(url: &str, clock: SharedClock) -> Result<ApolloBuilder, Status> {
        Options::parse(url, clock).map(ApolloBuilder)
    }

    fn start(options: Options) -> Result<Self, Status> {
        let runtime = Handle::try_current().map_err(|error| {
            let what = "Apollo is followed within a tokio runtime; call this in one";
            Status::new(Code::FailedPrecondition, what).with_source(error)
        })?;
        let (namespaces, added) = (Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { options, namespaces, added });
        let task = runtime.spawn(Driver::new(shared.clone()).run());
        Ok(Self { shared, task })
    }

    fn place(&self, key: &DocumentKey) -> Result<(String, ByteString), Status> {
        self.shared.options.place(key).ok_or_else(|| {
            Status::new(Code::Unimplemented, format!("Apollo has no place for {key}"))
        })
    }

    fn follow(&self, namespace: String) -> watch::Receiver<Namespace> {
        let mut namespaces = self.shared.namespaces.lock();
        let receiver = namespaces.entry(namespace).or_default().subscribe();
        drop(namespaces);
        self.shared.added.notify_one();
        receiver
    }
}

impl Drop for Apollo {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.namespaces.lock().clear();
    }
}

fn read_only<T: Send + 'static>() -> Registering<'static, T> {
    let what = "documents in Apollo are written in its portal; here it is read-only";
    Box::pin(async move { Err(Status::new(Code::Unimplemented, what)) })
}

impl DocumentStore for Apollo {
    fn name(&self) -> &str {
        &self.shared.options.name
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        let place = self.place(key);
        Box::pin(async move {
            let (namespace, key) = place?;
            Ok(self.shared.read(&namespace).await?.document(&key))
        })
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let Ok((namespace, key)) = self.place(key) else {
            // There is none, and never will be.
            let absent = DocumentState { document: None, ..DocumentState::default() };
            let never = stream::pending();
            return Box::pin(stream::StreamExt::chain(stream::iter([absent]), never));
        };
        let mut receiver = self.follow(namespace);
        receiver.mark_changed();
        let watch = DocumentWatch { receiver, key, last: None };
        Box::pin(stream::unfold(watch, |mut watch| async move {
            let state = watch.next().await?;
            Some((state, watch))
        }))
    }

    fn put(&self, _: &DocumentKey, _: ByteString) -> Registering<'_, ()> {
        read_only()
    }

    fn replace(
        &self,
        _: &DocumentKey,
        _: ByteString,
        _: Option<ByteString>,
    ) -> Registering<'_, bool> {
        read_only()
    }

    fn remove(&self, _: &DocumentKey) -> Registering<'_, ()> {
        read_only()
    }

    /// Lists the properties of the namespace `dubbo`.
    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        Box::pin(async move {
            let namespace = self.shared.read(CONFIG_GROUP).await?;
            Ok(namespace.values.keys().map(|key| DocumentKey::config(key.as_str())).collect())
        })
    }
}

/// A document of a namespace that is followed.
struct DocumentWatch {
    receiver: watch::Receiver<Namespace>,
    key: ByteString,
    last: Option<DocumentState>,
}

impl DocumentWatch {
    /// The next state that differs; `None` when the store is gone.
    async fn next(&mut self) -> Option<DocumentState> {
        loop {
            self.receiver.changed().await.ok()?;
            let state = self.receiver.borrow_and_update().state(&self.key);
            let Some(state) = state else { continue };
            // A new release of the namespace may leave this document as it was.
            let text = |state: &DocumentState| state.document.as_ref().map(|d| d.text.clone());
            let same = self
                .last
                .as_ref()
                .is_some_and(|last| last.health == state.health && text(last) == text(&state));
            if !same {
                self.last = Some(state.clone());
                return Some(state);
            }
        }
    }
}

impl std::fmt::Debug for Apollo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Apollo({})", self.shared.options.name)
    }
}
