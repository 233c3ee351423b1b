//! Documents: ZooKeeper as a config centre and a metadata centre.

mod following;
mod listing;
mod paths;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::documents::{Document, DocumentKey, DocumentStates, DocumentStore};
use dubhe_core::registry::Registering;
use dubhe_core::{Code, Status};
use futures_util::stream;

use dubhe_registry::names::decode;

use crate::client::{Error, Stat};
use crate::ensemble::Ensemble;
use following::Following;
use paths::Paths;

/// The documents in a ZooKeeper ensemble, where Dubbo Java and dubbo-go keep them; from
/// [`ZooKeeper::documents`](crate::ZooKeeper::documents). Clones share one session.
///
/// | document | node |
/// | --- | --- |
/// | [`DocumentKey::Config`] | `/dubbo/config/{group}/{key}`; `namespace` of the registry URL in place of `dubbo` |
/// | [`DocumentKey::Mapping`] | `/dubbo/mapping/{interface}`; `group` in place of `dubbo`, here and below |
/// | [`DocumentKey::Metadata`] | `/dubbo/metadata/{application}/{revision}`; `get` looks at `/dubbo/{application}/{revision}`, too, where dubbo-go 3.3.2 writes it |
/// | [`DocumentKey::Urls`] | the names of the children of `/dubbo/{interface}/configurators` and `…/routers`, decoded and sorted; read alone |
/// | [`DocumentKey::Definition`] | `/dubbo/metadata/{interface}/{version}/{group}/{side}/{application}`, without what is empty |
///
/// A [`version`](Document::version) is that of the node, which begins anew when the node is removed
/// and made again. What is not answered within the `timeout` of the registry URL is an error.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod documents { pub use dubhe_core::documents::*; } pub mod registry { pub use dubhe_zookeeper::{ZooKeeper, ZooKeeperDocuments}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::documents::{DocumentKey, DocumentStore};
/// use dubhe::registry::{ZooKeeper, ZooKeeperDocuments};
/// use dubhe::time::SharedClock;
///
/// /// The tag rule of an application.
/// async fn rule(clock: SharedClock) -> Result<Option<String>, Status> {
///     let zookeeper = ZooKeeper::builder("zookeeper://10.0.0.1:2181", clock)?.build();
///     let documents: ZooKeeperDocuments = zookeeper.documents();
///     let rule = documents.get(&DocumentKey::config("shop.tag-router")).await?;
///     Ok(rule.map(|document| document.text.to_string()))
/// }
/// ```
#[derive(Clone)]
pub struct ZooKeeperDocuments(Arc<Ensemble>);

impl ZooKeeperDocuments {
    pub(crate) fn new(ensemble: Arc<Ensemble>) -> Self {
        Self(ensemble)
    }

    fn paths(&self) -> Paths<'_> {
        Paths { root: &self.0.options.root, config: &self.0.options.config_root }
    }

    /// Reads the first of the nodes that exists.
    async fn read(&self, paths: &[String]) -> Result<Option<(Bytes, Stat)>, Error> {
        for path in paths {
            match self.0.client().get(path).await {
                Err(Error::NoNode) => {}
                read => return read.map(Some),
            }
        }
        Ok(None)
    }

    /// The names of the children of these nodes, those that are there.
    async fn names(&self, paths: &[String]) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        for path in paths {
            match self.0.client().list(path).await {
                Err(Error::NoNode) => {}
                names => all.extend(names?),
            }
        }
        Ok(all)
    }

    /// Writes a node, whatever is there.
    async fn write(&self, path: &str, data: &[u8]) -> Result<(), Error> {
        let client = self.0.client();
        loop {
            match client.set(path, data).await {
                Err(Error::NoNode) => {}
                done => return done.map(drop),
            }
            match client.create_with_parents(path, data).await {
                Err(Error::NodeExists) => {}
                done => return done,
            }
        }
    }

    /// The node of a document that is to be written.
    fn writable(&self, key: &DocumentKey) -> Result<String, Status> {
        if !self.0.options.register {
            return Err(self.0.failed(&"nothing is written, by register=false of its URL"));
        }
        if let DocumentKey::Urls { .. } = key {
            let why = "rules that are URLs are read alone; write a rule of its service, such as \
                       INTERFACE:VERSION:GROUP.configurators";
            return Err(Status::new(Code::Unimplemented, why));
        }
        self.paths().of(key)
    }
}

/// Says what failed, and for which document.
fn failed(what: &str, key: &DocumentKey) -> impl FnOnce(Status) -> Status + Send + use<> {
    let what = format!("cannot {what} the document {key}");
    move |status| status.context(what)
}

/// The document that a node holds.
fn document(data: Bytes, stat: Stat) -> Result<Document, &'static str> {
    let text = ByteString::try_from(data).map_err(|_| "its node holds no UTF-8 text")?;
    Ok(Document { text, version: stat.version.to_string().into() })
}

/// The document of rules that are URLs, from the names of their nodes (Dubbo Java
/// `ZookeeperRegistry.toUrlPath`). It has no version: nobody replaces it.
fn urls(names: Vec<String>) -> Document {
    let line = |name: &String| decode(name).replace(['\n', '\r'], "%0A");
    let mut lines: Vec<String> = names.iter().map(line).collect();
    lines.sort_unstable();
    Document { text: lines.join("\n").into(), version: ByteString::new() }
}

impl DocumentStore for ZooKeeperDocuments {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        let (paths, failed) = (self.paths().readable(key), failed("read", key));
        let of_names = matches!(key, DocumentKey::Urls { .. });
        Box::pin(async move {
            let done = async {
                let paths = paths?;
                if of_names {
                    let names = self.0.repeated(|| self.names(&paths)).await?;
                    return Ok((!names.is_empty()).then(|| urls(names)));
                }
                match self.0.repeated(|| self.read(&paths)).await? {
                    None => Ok(None),
                    Some((data, stat)) => {
                        document(data, stat).map(Some).map_err(|why| self.0.failed(&why))
                    }
                }
            };
            done.await.map_err(failed)
        })
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let path = self.paths().of(key).map_err(failed("watch", key));
        let of_names = matches!(key, DocumentKey::Urls { .. });
        let following = Following::new(self.0.clone(), path, of_names);
        Box::pin(stream::unfold(following, async |mut following| {
            let state = following.next().await?;
            Some((state, following))
        }))
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        let (path, failed) = (self.writable(key), failed("write", key));
        Box::pin(async move {
            let done = async {
                let path = path?;
                self.0.repeated(|| self.write(&path, text.as_bytes())).await
            };
            done.await.map_err(failed)
        })
    }

    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool> {
        let (path, failed) = (self.writable(key), failed("replace", key));
        Box::pin(async move {
            let done = async {
                let (path, client) = (path?, self.0.client());
                let done = self.0.once(async {
                    let done = match version {
                        None => client.create_with_parents(&path, text.as_bytes()).await,
                        Some(version) => match version.parse() {
                            // A version of ours is never negative: that would be any.
                            Ok(version @ 0..) => {
                                client.set_version(&path, text.as_bytes(), version).await.map(drop)
                            }
                            // Another store's: this one never had it.
                            _ => Err(Error::BadVersion),
                        },
                    };
                    match done {
                        Ok(()) => Ok(true),
                        Err(Error::NodeExists | Error::BadVersion | Error::NoNode) => Ok(false),
                        Err(error) => Err(error),
                    }
                });
                done.await
            };
            done.await.map_err(failed)
        })
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        let (path, failed) = (self.writable(key), failed("remove", key));
        Box::pin(async move {
            let done = async {
                let (path, client) = (path?, self.0.client());
                let remove = async || match client.delete(&path).await {
                    Ok(()) | Err(Error::NoNode) => Ok(()),
                    Err(error) => Err(error),
                };
                self.0.repeated(remove).await
            };
            done.await.map_err(failed)
        })
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        Box::pin(async move {
            let done = self.0.repeated(|| listing::list(self.0.client(), self.paths())).await;
            done.map_err(|status| status.context("cannot list the documents"))
        })
    }

    fn holds(&self, _: &DocumentKey) -> bool {
        true
    }
}

impl fmt::Debug for ZooKeeperDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ZooKeeperDocuments").field(&self.0.options).finish()
    }
}
