//! The config centre and metadata centre.

mod keys;
mod list;
mod watch;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::documents::{Document, DocumentKey, DocumentStates, DocumentStore};
use dubhe_core::registry::Registering;
use futures_util::stream;
use md5::{Digest as _, Md5};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::client::{Link, Session};
use crate::error::Error;
use crate::nacos::Inner;
use crate::options::PUBLIC;
use crate::wire::{ConfigPublish, ConfigQuery, ConfigRemove, code};
pub(crate) use keys::Place;
pub(crate) use watch::Watched;

/// A Nacos as a config centre and metadata centre.
///
/// A document is an item of configuration; its version is the MD5 of its text. Nacos refuses an empty
/// text. It replaces a document that is missing whatever version is wanted, so
/// [`replace`](DocumentStore::replace) looks first, and one that is removed at that very moment is
/// written again. What was written is read by others, and by the writer, a moment later: the server
/// answers from a cache.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod documents { pub use dubhe_core::documents::{DocumentKey, DocumentStore}; } pub mod registry { pub use dubhe_nacos::Nacos; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::documents::{DocumentKey, DocumentStore};
/// use dubhe::registry::Nacos;
/// use dubhe::time::SharedClock;
///
/// /// The tag rule of an application, if there is one.
/// async fn rule(clock: SharedClock) -> Result<Option<String>, Status> {
///     let store = Nacos::builder("nacos://10.0.0.1?namespace=prod", clock)?.build().documents();
///     let rule = store.get(&DocumentKey::config("shop.tag-router")).await?;
///     Ok(rule.map(|document| document.text.to_string()))
/// }
/// ```
#[derive(Clone)]
pub struct NacosDocuments(pub(crate) Arc<Inner>);

/// The documents of a namespace.
pub(crate) struct Documents {
    shared: Arc<Shared>,
    /// The runtime of the tasks, which may be another than that of a caller.
    runtime: Handle,
    /// Follow documents; end with this.
    tasks: Mutex<JoinSet<()>>,
}

/// The parts that the tasks share.
struct Shared {
    link: Link,
    namespace: String,
    watched: Arc<Watched>,
}

impl Documents {
    pub(crate) fn new(
        link: Link,
        namespace: String,
        watched: Arc<Watched>,
        runtime: Handle,
    ) -> Self {
        let shared = Arc::new(Shared { link, namespace, watched });
        Self { shared, runtime, tasks: Mutex::default() }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.shared.link
    }

    /// The connection for a request that somebody waits for: the first one is waited for too.
    async fn session(&self, inner: &Inner) -> Result<Arc<Session>, Error> {
        tokio::select! {
            session = self.shared.link.connected() => session,
            () = inner.clock.sleep_until(dubhe_core::time::after(inner.clock.now(), inner.options.timeout)) => {
                Err(self.shared.link.failure().unwrap_or(Error::Late))
            }
        }
    }
}

impl Shared {
    /// The namespace as the server calls it. Before Nacos 3, that of those who name none has no name
    /// among documents, and listening to `public` is listening to nothing (Nacos 2.5.1
    /// `ConfigChangeBatchListenRequestHandler`).
    fn tenant(&self, session: &Session) -> &str {
        if self.namespace == PUBLIC && !session.is_v3 { "" } else { &self.namespace }
    }

    async fn query(&self, session: &Session, place: &Place) -> Result<Option<Document>, Error> {
        let Place { data_id, group } = place;
        let query = ConfigQuery { data_id, group, tenant: self.tenant(session) };
        match self.link.request_over(session, &query).await {
            Ok(config) => {
                let text: ByteString = config.content.unwrap_or_default().into();
                let version = config.md5.map_or_else(|| md5(&text), ByteString::from);
                Ok(Some(Document { text, version }))
            }
            Err(Error::Refused { code: code::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Publishes a text; `false` if the document is another than `version`.
    async fn publish(
        &self,
        session: &Session,
        place: &Place,
        text: &str,
        version: Option<&str>,
    ) -> Result<bool, Error> {
        let Place { data_id, group } = place;
        let publish = ConfigPublish {
            data_id,
            group,
            tenant: self.tenant(session),
            content: text,
            cas_md5: version,
            addition_map: BTreeMap::from([("type", "text")]),
        };
        match self.link.request_over(session, &publish).await {
            Ok(_) => Ok(true),
            // Nacos has no code for it.
            Err(Error::Refused { message, .. })
                if version.is_some() && message.contains("Cas publish fail") =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// The MD5 of a text, as Nacos writes it.
fn md5(text: &str) -> ByteString {
    let digest = Md5::digest(text.as_bytes());
    digest
        .iter()
        .fold(String::with_capacity(32), |mut hex, byte| {
            // Writing to a text never fails.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
        .into()
}

/// The version of a document that is not there: no MD5 is this (Dubbo Java `NacosMetadataReport`).
const ABSENT: &str = "0";

impl NacosDocuments {
    fn failed<T>(
        &self,
        what: &str,
        key: &DocumentKey,
        outcome: Result<T, Error>,
    ) -> Result<T, Status> {
        outcome.map_err(|error| self.0.failed(&error).context(format_args!("cannot {what} {key}")))
    }
}

impl DocumentStore for NacosDocuments {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        let key = key.clone();
        Box::pin(async move {
            let documents = self.0.documents();
            let got = async {
                let session = documents.session(&self.0).await?;
                documents.shared.query(&session, &keys::place(&key)).await
            };
            self.failed("read", &key, got.await)
        })
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let following = self.0.documents().follow(&keys::place(key));
        // The connection is kept as long as somebody follows it.
        Box::pin(stream::unfold((following, self.clone()), |(mut following, store)| async {
            let state = following.next().await?;
            Some((state, (following, store)))
        }))
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            let documents = self.0.documents();
            let put = async {
                let session = documents.session(&self.0).await?;
                documents.shared.publish(&session, &keys::place(&key), &text, None).await
            };
            self.failed("write", &key, put.await).map(drop)
        })
    }

    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool> {
        let key = key.clone();
        Box::pin(async move {
            let documents = self.0.documents();
            let replaced = async {
                let session = documents.session(&self.0).await?;
                let place = keys::place(&key);
                if version.is_some() && documents.shared.query(&session, &place).await?.is_none() {
                    return Ok(false);
                }
                let version = version.as_deref().unwrap_or(ABSENT);
                documents.shared.publish(&session, &place, &text, Some(version)).await
            };
            self.failed("replace", &key, replaced.await)
        })
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            let documents = self.0.documents();
            let removed = async {
                let session = documents.session(&self.0).await?;
                let Place { data_id, group } = &keys::place(&key);
                let shared = &documents.shared;
                let remove = ConfigRemove { data_id, group, tenant: shared.tenant(&session) };
                shared.link.request_over(&session, &remove).await
            };
            self.failed("remove", &key, removed.await).map(drop)
        })
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        Box::pin(async move {
            let places = list::places(&self.0).await;
            let places =
                places.map_err(|error| self.0.failed(&error).context("cannot list documents"))?;
            Ok(places.iter().map(keys::key).collect())
        })
    }
}

impl fmt::Debug for NacosDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NacosDocuments").field(&self.0.options).finish()
    }
}
