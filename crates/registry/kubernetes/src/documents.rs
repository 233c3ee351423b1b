//! Documents in ConfigMaps.
//!
//! | document | ConfigMap | key |
//! | --- | --- | --- |
//! | configuration | `dubhe-config-{group}` | the key |
//! | mapping | `dubhe-mapping` | the interface |
//! | metadata | `dubhe-metadata-{application}` | `revision.{revision}` |
//! | definition | `dubhe-definitions-{application}` | `{interface}:{version}:{group}:{side}` |
//!
//! Of several clusters, metadata is read in each, since pods write it in their own; everything else
//! is in the first.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::documents::{
    Document, DocumentKey, DocumentState, DocumentStates, DocumentStore, Side,
};
use dubhe_core::registry::{Health, Registering};
use dubhe_core::{Code, ServiceKey, Status};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;

use crate::api::Failure;
use crate::discovery::Kubernetes;
use crate::map_watch::{MapState, MapWatch};
use crate::maps::{Change, Kind, Maps, OF, Place};
use crate::names;
use crate::objects::{ConfigMap, OF_REVISION};
use crate::state::Currency;

/// The place of a document.
pub(crate) struct Location {
    pub(crate) place: Place,
    pub(crate) key: String,
}

pub(crate) fn location(key: &DocumentKey) -> Result<Location, Status> {
    let (place, key) = match key {
        DocumentKey::Config { group, key } => (Place::new(Kind::Config, group), names::key(key)?),
        DocumentKey::Mapping { interface } => {
            (Place::new(Kind::Mapping, ""), names::key(interface)?)
        }
        DocumentKey::Metadata { application, revision } => {
            let place = Place::new(Kind::Metadata, application);
            (place, names::key(&format!("{OF_REVISION}{revision}"))?)
        }
        DocumentKey::Definition { service, side, application } => {
            let (interface, version) = (service.interface(), service.version());
            let text = format!("{interface}:{version}:{}:{}", service.group(), side.as_str());
            (Place::new(Kind::Definitions, application), names::key(&text)?)
        }
        DocumentKey::Urls { .. } => {
            let text = format!("there is no ConfigMap for {key}, which is written by Dubbo 2.6");
            return Err(Status::new(Code::Unimplemented, text));
        }
    };
    Ok(Location { place, key })
}

/// The document under a key of a ConfigMap; `None` for keys that are none of ours.
pub(crate) fn document_key(kind: &str, of: &str, key: &str) -> Option<DocumentKey> {
    let text = names::text(key)?;
    match kind {
        "config" => Some(DocumentKey::Config { group: of.into(), key: text.into() }),
        "mapping" => Some(DocumentKey::Mapping { interface: text.into() }),
        "metadata" => {
            let revision = text.strip_prefix(OF_REVISION)?.into();
            Some(DocumentKey::Metadata { application: of.into(), revision })
        }
        "definitions" => {
            let mut parts = text.split(':');
            let (interface, version, group) = (parts.next()?, parts.next()?, parts.next()?);
            let side = [Side::Provider, Side::Consumer];
            let name = parts.next()?;
            let side = side.into_iter().find(|side| side.as_str() == name)?;
            let service = ServiceKey::new(interface, group, version);
            Some(DocumentKey::Definition { service, side, application: of.into() })
        }
        _ => None,
    }
}

fn document(map: Option<&ConfigMap>, key: &str) -> Option<Document> {
    let text = map?.data.get(key)?.clone();
    // Of one key, where the version of Kubernetes is of all: others change theirs in peace.
    Some(Document { version: names::version(&text).into(), text })
}

impl Kubernetes {
    async fn write(
        &self,
        key: &DocumentKey,
        text: Option<ByteString>,
        allowed: impl Fn(Option<&Document>) -> bool,
    ) -> Result<bool, Status> {
        let Location { place, key: name } = location(key)?;
        let updated = self.maps().update(&place, |map| {
            let now = document(map, &name);
            if !allowed(now.as_ref()) {
                return None;
            }
            let mut change = Change::default();
            if now.map(|now| now.text) != text {
                change.data.insert(name.clone(), text.as_ref().map(ToString::to_string));
            }
            Some(change)
        });
        updated.await.map_err(|failure| failure.status.context(format_args!("cannot write {key}")))
    }

    /// Reads a document in all these clusters at once: the first that has it answers, and the others
    /// may be away.
    async fn read(
        &self,
        clusters: impl Iterator<Item = Maps>,
        key: &DocumentKey,
    ) -> Result<Option<Document>, Status> {
        let Location { place, key: name } = &location(key)?;
        let mut answers: FuturesUnordered<_> = clusters
            .map(|maps| async move {
                let map = maps.get(&place.name).await?;
                Ok::<_, Failure>(document(map.as_ref(), name))
            })
            .collect();
        let mut missing = Ok(None);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(Some(document)) => return Ok(Some(document)),
                Ok(None) => {}
                Err(failure) => {
                    missing = Err(failure.status.context(format_args!("cannot read {key}")));
                }
            }
        }
        missing
    }
}

impl DocumentStore for Kubernetes {
    fn name(&self) -> &str {
        self.url()
    }

    fn get(&self, key: &DocumentKey) -> Registering<'_, Option<Document>> {
        let key = key.clone();
        let everywhere = matches!(key, DocumentKey::Metadata { .. });
        let clusters = self.all_maps().take(if everywhere { usize::MAX } else { 1 });
        Box::pin(async move { self.read(clusters, &key).await })
    }

    fn watch(&self, key: &DocumentKey) -> DocumentStates {
        let Location { place, key } = match location(key) {
            Ok(location) => location,
            Err(status) => {
                tracing::warn!(%key, %status, "a document that cannot exist is watched");
                let absent = DocumentState { document: None, health: Health::Fresh };
                return Box::pin(stream::iter([absent]).chain(stream::pending()));
            }
        };
        let watch = self.map_watches().watch(&place.name, self.maps(), self.runtime());
        let states = watch.states();
        Box::pin(stream::unfold((watch, states, key, None), next_state))
    }

    fn put(&self, key: &DocumentKey, text: ByteString) -> Registering<'_, ()> {
        let key = key.clone();
        Box::pin(async move { self.write(&key, Some(text), |_| true).await.map(|_| ()) })
    }

    fn replace(
        &self,
        key: &DocumentKey,
        text: ByteString,
        version: Option<ByteString>,
    ) -> Registering<'_, bool> {
        let key = key.clone();
        Box::pin(async move {
            let same = |now: Option<&Document>| now.map(|now| &now.version) == version.as_ref();
            self.write(&key, Some(text), same).await
        })
    }

    fn remove(&self, key: &DocumentKey) -> Registering<'_, ()> {
        let key = key.clone();
        Box::pin(async move { self.write(&key, None, |now| now.is_some()).await.map(|_| ()) })
    }

    fn list(&self) -> Registering<'_, Vec<DocumentKey>> {
        Box::pin(async move {
            let maps = self.maps().list().await.map_err(|failure| failure.status)?;
            let keys = maps.iter().flat_map(|(kind, map)| {
                let of = map.annotations.get(OF).map(String::as_str).unwrap_or_default();
                map.data.keys().filter_map(move |key| document_key(kind, of, key))
            });
            let mut keys: Vec<_> = keys.collect();
            keys.sort();
            Ok(keys)
        })
    }
}

type Watching = (Arc<MapWatch>, watch::Receiver<MapState>, String, Option<DocumentState>);

/// The next state of a document that differs from the last.
async fn next_state(watching: Watching) -> Option<(DocumentState, Watching)> {
    let (watch, mut states, key, last) = watching;
    loop {
        let now = {
            let state = states.borrow_and_update();
            let health = match state.currency {
                Currency::Starting => None,
                Currency::Current => Some(Health::Fresh),
                Currency::Failed(_) => Some(Health::Stale),
            };
            health.map(|health| DocumentState {
                document: document(state.map.as_ref(), &key),
                health,
            })
        };
        match now {
            Some(now) if last.as_ref() != Some(&now) => {
                return Some((now.clone(), (watch, states, key, Some(now))));
            }
            // It ends with the runtime alone.
            _ => states.changed().await.ok()?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_places_and_come_back() {
        let definition = DocumentKey::Definition {
            service: ServiceKey::new("a.B", "g", "1.0"),
            side: Side::Provider,
            application: "shop".into(),
        };
        let metadata = DocumentKey::Metadata { application: "Shop".into(), revision: "ab".into() };
        let config =
            DocumentKey::Config { group: "G_1".into(), key: "shop::.configurators".into() };
        let cases = [
            (DocumentKey::config("shop.tag-router"), "dubhe-config-dubbo", "shop.tag-router"),
            (config, "dubhe-config-g-1-", "shop_3A_3A.configurators"),
            (DocumentKey::Mapping { interface: "a.B".into() }, "dubhe-mapping", "a.B"),
            (metadata, "dubhe-metadata-shop-", "revision.ab"),
            (definition, "dubhe-definitions-shop", "a.B_3A1.0_3Ag_3Aprovider"),
        ];
        for (key, name, within) in cases {
            let found = location(&key).unwrap();
            assert!(found.place.name.starts_with(name), "{}", found.place.name);
            assert_eq!(found.key, within);
            let back = document_key(found.place.kind.as_str(), &found.place.of, &found.key);
            assert_eq!(back, Some(key));
        }
        for (kind, key) in
            [("metadata", "template.1"), ("other", "a"), ("definitions", "a"), ("config", "_")]
        {
            assert_eq!(document_key(kind, "x", key), None, "{kind} {key}");
        }
    }
}
