//! Documents: configuration, mappings, metadata and definitions.
//!
//! Sources: dubbo-go `metadata/report/etcd/report.go`, which keeps the metadata of an application beside
//! the interfaces, at `{root}/{application}/{revision}`; for the others the places of ZooKeeper.

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::documents::{
    Document, DocumentKey, DocumentState, DocumentStates, DocumentStore, Side,
};
use dubhe_core::registry::{Health, Registering};
use dubhe_core::{Code, ServiceKey, Status};
use futures_util::stream::{self, StreamExt};

use super::Etcd;
use crate::client::{Entry, Follow, KeyRange, View, Write};

/// The last parts of keys below an interface, which is no application.
const CATEGORIES: [&str; 4] = ["providers", "consumers", "configurators", "routers"];

/// The folders of a definition between the interface and the side, for the parts that are not empty.
fn definition(root: &str, service: &ServiceKey, side: Side, application: &str) -> String {
    let parts =
        [service.interface(), service.version(), service.group(), side.as_str(), application];
    let parts = parts.iter().filter(|part| !part.is_empty());
    parts.fold(format!("{root}/metadata"), |path, part| path + "/" + part)
}

/// The keys of a document: where it is written, and where else it may be.
fn keys(root: &str, key: &DocumentKey) -> (String, Option<String>) {
    match key {
        DocumentKey::Config { group, key } => (format!("{root}/config/{group}/{key}"), None),
        DocumentKey::Mapping { interface } => (format!("{root}/mapping/{interface}"), None),
        DocumentKey::Metadata { application, revision } => {
            let own = format!("{root}/{application}/{revision}");
            (own, Some(format!("{root}/metadata/{application}/{revision}")))
        }
        DocumentKey::Definition { service, side, application } => {
            (definition(root, service, *side, application), None)
        }
        // Not held: nobody writes it.
        DocumentKey::Urls { service, category } => {
            (format!("{root}/{}/{}", service.interface(), category.as_str()), None)
        }
    }
}

/// The document at a key, such as `config/dubbo/shop.tag-router`, below the root.
fn parse(path: &str) -> Option<DocumentKey> {
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    Some(match *parts.as_slice() {
        ["config", group, ..] => {
            let key = path.strip_prefix("config/")?.strip_prefix(group)?.strip_prefix('/')?;
            DocumentKey::Config { group: group.into(), key: key.into() }
        }
        ["mapping", interface] => DocumentKey::Mapping { interface: interface.into() },
        ["metadata", interface, ref between @ .., side, application]
            if matches!(side, "provider" | "consumer") && between.len() <= 2 =>
        {
            // With one part alone, nothing says whether it is a version or a group.
            let (version, group) = match *between {
                [version, group] => (version, group),
                [one] if one.starts_with(|first: char| first.is_ascii_digit()) => (one, ""),
                [one] => ("", one),
                _ => ("", ""),
            };
            let side = if side == "provider" { Side::Provider } else { Side::Consumer };
            let service = ServiceKey::new(interface, group, version);
            DocumentKey::Definition { service, side, application: application.into() }
        }
        ["metadata", application, revision] => metadata(application, revision),
        ["config" | "mapping" | "metadata", ..] => return None,
        [application, revision] if !CATEGORIES.contains(&revision) => {
            metadata(application, revision)
        }
        _ => return None,
    })
}

fn metadata(application: &str, revision: &str) -> DocumentKey {
    DocumentKey::Metadata { application: application.into(), revision: revision.into() }
}

/// The document that an entry holds.
fn document(entry: &Entry) -> Result<Document, Status> {
    let text = ByteString::try_from(entry.value.clone());
    let text = text.map_err(|_| Status::new(Code::DataLoss, "the document is not UTF-8"))?;
    Ok(Document { text, version: entry.mod_revision.to_string().into() })
}

/// The state of a document by the views of its keys, the first that has one.
fn state(views: &[(String, View)]) -> DocumentState {
    let found = views.iter().find_map(|(key, view)| view.entries.get(key.as_bytes()));
    let document = found.map(document).transpose();
    let fresh = views.iter().all(|(_, view)| view.is_known && view.is_fresh) && document.is_ok();
    let health = if fresh { Health::Fresh } else { Health::Stale };
    DocumentState { document: document.unwrap_or_default(), health }
}

impl Etcd {
    /// An error of etcd's about a document.
    fn about(&self, key: &DocumentKey, status: Status) -> Status {
        let code = status.code();
        self.failed(&status.context(key)).with_code(code)
    }

    async fn find(&self, key: &DocumentKey) -> Result<Option<Document>, Status> {
        let (own, other) = keys(&self.options().root, key);
        let mut found = self.client().get(own).await?;
        if let (None, Some(other)) = (&found, other) {
            found = self.client().get(other).await?;
        }
        found.as_ref().map(document).transpose()
    }

    async fn change(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Result<bool, Status> {
        let (own, _) = keys(&self.options().root, key);
        let revision = match version {
            None => None,
            Some(version) => Some(version.parse().map_err(|_| {
                let why = format!("{version:?} is no version of a document in etcd");
                Status::new(Code::InvalidArgument, why)
            })?),
        };
        self.client().replace(own, revision, Write::Put(text.into_bytes(), 0)).await
    }
}

impl DocumentStore for Etcd {
    fn name(&self) -> &str {
        &self.inner().name
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        let key = key.clone();
        Box::pin(async move { self.find(&key).await.map_err(|status| self.about(&key, status)) })
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let (own, other) = keys(&self.options().root, key);
        let follows: Vec<(String, Follow)> = std::iter::once(own)
            .chain(other)
            .map(|key| (key.clone(), self.client().follow(KeyRange::key(key))))
            .collect();
        let views = follows.iter().map(|(key, follow)| (key.clone(), follow.view())).collect();
        let watched =
            Watched { _registry: self.clone(), key: key.clone(), follows, views, last: None };
        Box::pin(stream::unfold(watched, |mut watched| async {
            let state = watched.next().await?;
            Some((state, watched))
        }))
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            let (own, _) = keys(&self.options().root, &key);
            let done = self.client().put(own, text.into_bytes(), 0).await;
            done.map_err(|status| self.about(&key, status))
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
            let done = self.change(&key, text, version).await;
            done.map_err(|status| self.about(&key, status))
        })
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            let (own, other) = keys(&self.options().root, &key);
            for at in std::iter::once(own).chain(other) {
                let done = self.client().delete(at).await;
                done.map_err(|status| self.about(&key, status))?;
            }
            Ok(())
        })
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        Box::pin(async {
            let root = format!("{}/", self.options().root);
            let keys = self.client().keys(&KeyRange::prefix(root.clone())).await;
            let keys = keys.map_err(|status| {
                let code = status.code();
                self.failed(&status.context("cannot list the documents")).with_code(code)
            })?;
            let path = |key: &Bytes| {
                let key = std::str::from_utf8(key).ok()?;
                parse(key.strip_prefix(&*root)?)
            };
            let mut found: Vec<DocumentKey> = keys.iter().filter_map(path).collect();
            found.sort();
            found.dedup();
            Ok(found)
        })
    }
}

/// A document that is watched.
struct Watched {
    /// The registry, which lives as long as what watches it.
    _registry: Etcd,
    key: DocumentKey,
    follows: Vec<(String, Follow)>,
    views: Vec<(String, View)>,
    last: Option<DocumentState>,
}

impl Watched {
    /// The next state that differs from the last.
    async fn next(&mut self) -> Option<DocumentState> {
        loop {
            let now = state(&self.views);
            if self.last.as_ref() != Some(&now) {
                if self.views.iter().any(|(_, view)| view.is_fresh) && now.health == Health::Stale {
                    tracing::debug!(key = %self.key, "a document is not current");
                }
                self.last = Some(now.clone());
                return Some(now);
            }
            let changes = self.follows.iter_mut().enumerate();
            let mut changes: stream::FuturesUnordered<_> =
                changes.map(|(at, (_, follow))| async move { (at, follow.next().await) }).collect();
            let (at, view) = changes.next().await?;
            drop(changes);
            // The client is closed.
            let view = view?;
            if let Some((_, known)) = self.views.get_mut(at) {
                *known = view;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_dubbo_go_and_read_back() {
        let service = |group, version| ServiceKey::new("a.B", group, version);
        let definition = |group, version| DocumentKey::Definition {
            service: service(group, version),
            side: Side::Provider,
            application: "shop".into(),
        };
        for (key, path) in [
            (DocumentKey::config("shop.tag-router"), "config/dubbo/shop.tag-router"),
            (DocumentKey::Config { group: "g".into(), key: "a/b".into() }, "config/g/a/b"),
            (DocumentKey::Mapping { interface: "a.B".into() }, "mapping/a.B"),
            (metadata("shop", "17"), "shop/17"),
            (definition("", ""), "metadata/a.B/provider/shop"),
            (definition("g", ""), "metadata/a.B/g/provider/shop"),
            (definition("", "1.0"), "metadata/a.B/1.0/provider/shop"),
            (definition("g", "1.0"), "metadata/a.B/1.0/g/provider/shop"),
        ] {
            assert_eq!(keys("/dubbo", &key).0, format!("/dubbo/{path}"));
            assert_eq!(parse(path), Some(key), "{path}");
        }
        assert_eq!(parse("metadata/shop/17"), Some(metadata("shop", "17")));
    }

    #[test]
    fn what_is_no_document_is_passed_over() {
        for path in [
            "",
            "a.B",
            "a.B/providers",
            "a.B/providers/x",
            "config/g",
            "mapping",
            "metadata",
            "config//x",
            "metadata/a.B/1/2/3/provider/shop",
            "mapping/a/b",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
