//! Documents: what Dubbo's config centres and metadata centres hold.
//!
//! One store serves both: a rule, the metadata of an application, the mapping of an interface to
//! applications and the definition of a service are texts under a key. Where a store keeps each
//! is its own business:
//!
//! | document | ZooKeeper | Nacos (data id, group) | etcd |
//! | --- | --- | --- | --- |
//! | [`DocumentKey::Config`] | `/dubbo/config/{group}/{key}` | `{key}`, `{group}` | `/dubbo/config/{group}/{key}` |
//! | [`DocumentKey::Mapping`] | `/dubbo/mapping/{interface}` | `{interface}`, `mapping` | `/dubbo/mapping/{interface}` |
//! | [`DocumentKey::Metadata`] | `/dubbo/metadata/{application}/{revision}` | `{application}`, `{revision}` | `/dubbo/{application}/{revision}` |
//! | [`DocumentKey::Urls`] | the children of `/dubbo/{interface}/{category}` | none | none |
//! | [`DocumentKey::Definition`] | `/dubbo/metadata/{interface}/{version}/{group}/{side}/{application}` | `{interface}:{version}:{group}:{side}:{application}`, `dubbo` | as ZooKeeper |
//!
//! Sources: Dubbo Java `ZookeeperDynamicConfiguration`, `ZookeeperMetadataReport`,
//! `NacosDynamicConfiguration`, `NacosMetadataReport`; dubbo-go `metadata/report/etcd`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;
use futures_core::Stream;

use crate::endpoint::Health;
use crate::printable::Printable;
use crate::registry::Registering;
use crate::service::ServiceKey;

/// The group of rules and start-up configuration in a config centre, unless it says otherwise.
pub const CONFIG_GROUP: &str = "dubbo";

/// The side of a service that a definition describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The service as a provider exports it.
    Provider,
    /// The service as a consumer refers to it.
    Consumer,
}

impl Side {
    /// Returns Dubbo's name: `provider` or `consumer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }
}

/// The category of rules that are URLs beside the providers of a service.
///
/// ```
/// # mod dubhe { pub use dubhe_core::ServiceKey; pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::ServiceKey;
/// use dubhe::documents::{DocumentKey, UrlCategory};
///
/// let service = ServiceKey::interface_only("org.example.Greeter");
/// let key = DocumentKey::Urls { service, category: UrlCategory::Routers };
/// assert_eq!(key.to_string(), "routers/org.example.Greeter");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UrlCategory {
    /// Configurators: `override://` and `absent://`.
    Configurators,
    /// Routing rules: `condition://`, `script://` and `route://`.
    Routers,
}

impl UrlCategory {
    /// Returns Dubbo's name: `configurators` or `routers`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configurators => "configurators",
            Self::Routers => "routers",
        }
    }
}

/// The key of a document.
///
/// ```
/// # mod dubhe { pub mod documents { pub use dubhe_core::documents::DocumentKey; } }
/// use dubhe::documents::DocumentKey;
///
/// let rule = DocumentKey::config("shop.tag-router");
/// assert_eq!(rule.to_string(), "dubbo/shop.tag-router");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKey {
    /// A rule or start-up configuration, such as `shop.tag-router` of the group `dubbo`.
    Config {
        /// The group, [`CONFIG_GROUP`] for most.
        group: ByteString,
        /// The key within the group.
        key: ByteString,
    },
    /// The applications that provide an interface, separated by commas.
    Mapping {
        /// The interface.
        interface: ByteString,
    },
    /// The metadata of the services of an application, as JSON.
    Metadata {
        /// The application.
        application: ByteString,
        /// The revision, a digest of the services.
        revision: ByteString,
    },
    /// The definition of a service, as JSON.
    Definition {
        /// The service.
        service: ServiceKey,
        /// The side that it describes.
        side: Side,
        /// The application of that side.
        application: ByteString,
    },
    /// The rules of a service that are URLs beside its providers, as Dubbo 2.6 and before write them:
    /// one a line, those for other groups and versions of the interface among them. They are read, not
    /// written, and few stores [hold](DocumentStore::holds) them.
    Urls {
        /// The service.
        service: ServiceKey,
        /// The category.
        category: UrlCategory,
    },
}

impl DocumentKey {
    /// A key of the group [`CONFIG_GROUP`].
    pub fn config(key: impl Into<ByteString>) -> Self {
        Self::Config { group: ByteString::from_static(CONFIG_GROUP), key: key.into() }
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config { group, key } => write!(f, "{}/{}", Printable(group), Printable(key)),
            Self::Mapping { interface } => write!(f, "mapping/{}", Printable(interface)),
            Self::Metadata { application, revision } => {
                write!(f, "metadata/{}/{}", Printable(application), Printable(revision))
            }
            Self::Definition { service, side, application } => {
                write!(f, "definition/{service}/{}/{}", side.as_str(), Printable(application))
            }
            Self::Urls { service, category } => write!(f, "{}/{service}", category.as_str()),
        }
    }
}

/// A document as a store holds it.
///
/// ```
/// # mod dubhe { pub mod documents { pub use dubhe_core::documents::Document; } }
/// use dubhe::documents::Document;
///
/// let document = Document { text: "shop,stock".into(), version: "3".into() };
/// assert_eq!(document.text.split(',').count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The text.
    pub text: ByteString,
    /// The version in the words of the store, for [`DocumentStore::replace`].
    pub version: ByteString,
}

/// The present state of a document that is watched.
///
/// ```
/// # mod dubhe { pub mod documents { pub use dubhe_core::documents::DocumentState; } pub mod registry { pub use dubhe_core::registry::Health; } }
/// use dubhe::documents::DocumentState;
/// use dubhe::registry::Health;
///
/// // The store answered: there is no such document.
/// let absent = DocumentState { document: None, health: Health::Fresh };
/// assert_ne!(absent, DocumentState::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentState {
    /// The document; `None` when there is none.
    pub document: Option<Document>,
    /// The currency: stale while the store is out of reach, with the document that was known before.
    pub health: Health,
}

impl Default for DocumentState {
    fn default() -> Self {
        Self { document: None, health: Health::Stale }
    }
}

/// The states of a document as they change, each whole; the present one comes first.
pub type DocumentStates = Pin<Box<dyn Stream<Item = DocumentState> + Send>>;

/// A config centre and metadata centre.
///
/// ```
/// # mod dubhe { pub use dubhe_core::*; }
/// use dubhe::Status;
/// use dubhe::documents::{DocumentKey, DocumentStore};
///
/// /// Adds an application to those that provide an interface, unless somebody else is faster.
/// async fn add(store: &dyn DocumentStore, interface: &str, application: &str) -> Result<bool, Status> {
///     let key = DocumentKey::Mapping { interface: interface.into() };
///     let known = store.get(&key).await?;
///     let text = match &known {
///         Some(document) => format!("{},{application}", document.text),
///         None => application.to_owned(),
///     };
///     store.replace(&key, text.into(), known.map(|document| document.version)).await
/// }
/// ```
pub trait DocumentStore: Send + Sync + 'static {
    /// Returns the name of the store in the log, such as its URL without secrets.
    fn name(&self) -> &str;

    /// Returns the document; `None` when there is none.
    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>>;

    /// Follows a document, which need not exist. The stream yields the present state first, stale
    /// when the store cannot be reached in the beginning; it goes on through every outage. Dropping
    /// it ends the watch.
    fn watch(&self, key: &DocumentKey) -> DocumentStates;

    /// Writes a document, whatever is there.
    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()>;

    /// Writes a document if its version is still `version`, or if there is none when that is `None`.
    /// Returns `false` when somebody else was faster.
    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool>;

    /// Removes a document; there need be none.
    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()>;

    /// Lists the keys of all documents that the store can list, such as for `dubhe registry`.
    fn list(&self) -> Registering<'_, Vec<DocumentKey>>;

    /// Returns `true` if the store has a place for a document; by default for all but
    /// [`DocumentKey::Urls`]. One without is not asked for it.
    fn holds(&self, key: &DocumentKey) -> bool {
        !matches!(key, DocumentKey::Urls { .. })
    }
}

impl<T: DocumentStore + ?Sized> DocumentStore for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        (**self).get(key)
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        (**self).watch(key)
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        (**self).put(key, text)
    }

    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool> {
        (**self).replace(key, text, version)
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        (**self).remove(key)
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        (**self).list()
    }

    fn holds(&self, key: &DocumentKey) -> bool {
        (**self).holds(key)
    }
}
