//! ConfigMaps that several write to.

use std::collections::BTreeMap;
use std::sync::Arc;

use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;
use dubhe_core::time::after;
use serde_json::{Map, Value, json};

use crate::access::Access;
use crate::api::{Api, Ask, Failure};
use crate::names;
use crate::objects::{ConfigMap, Meta, Object as _};

/// The label of our ConfigMaps that says what they hold.
pub(crate) const KIND: &str = "dubhe.io/kind";
/// The annotation that says whose they are: the application or the group.
pub(crate) const OF: &str = "dubhe.io/of";
/// The attempts at a change that others are faster with each time.
const ATTEMPTS: u32 = 16;

/// The contents of a ConfigMap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rules and start-up configuration of a group.
    Config,
    /// The applications of interfaces.
    Mapping,
    /// Metadata: what an application and its pods say of themselves.
    Metadata,
    /// The definitions of the services of an application.
    Definitions,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Mapping => "mapping",
            Self::Metadata => "metadata",
            Self::Definitions => "definitions",
        }
    }
}

/// A ConfigMap by what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    /// The application or group.
    pub(crate) of: String,
    /// The name of the object.
    pub(crate) name: String,
}

impl Place {
    pub(crate) fn new(kind: Kind, of: &str) -> Self {
        let name = match kind {
            Kind::Mapping => "dubhe-mapping".to_owned(),
            kind => names::object(&format!("dubhe-{}", kind.as_str()), of),
        };
        Self { kind, of: of.to_owned(), name }
    }
}

/// The name of the ConfigMap of an application.
pub(crate) fn metadata_name(application: &str) -> String {
    Place::new(Kind::Metadata, application).name
}

/// A change of a ConfigMap: a key to set, or to remove for `None`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Change {
    pub(crate) data: BTreeMap<String, Option<String>>,
    pub(crate) annotations: BTreeMap<String, Option<String>>,
}

impl Change {
    /// Returns `true` if nothing is to be changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.data.is_empty() && self.annotations.is_empty()
    }
}

/// The ConfigMaps of a namespace.
#[derive(Clone)]
pub(crate) struct Maps {
    pub(crate) api: Api,
    pub(crate) backoff: FullJitter,
    pub(crate) random: Arc<dyn RandomSource>,
}

impl Maps {
    /// Reads one; `None` when there is none.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<ConfigMap>, Failure> {
        self.read_by(Ask::of(Access::GetMap).name(name)).await
    }

    /// Reads one as the server remembers it, which may be a moment old, and costs its store nothing (API
    /// concepts, "resourceVersion unset or 0").
    pub(crate) async fn glance(&self, name: &str) -> Result<Option<ConfigMap>, Failure> {
        self.read_by(Ask::of(Access::GetMap).name(name).query("resourceVersion=0")).await
    }

    async fn read_by(&self, ask: Ask<'_>) -> Result<Option<ConfigMap>, Failure> {
        match self.api.call(ask).await {
            Ok(object) => self.read(object).map(Some),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn read(&self, mut object: Value) -> Result<ConfigMap, Failure> {
        Meta::of(&mut object)
            .and_then(|meta| ConfigMap::read(meta, object))
            .map_err(|why| self.api.failed(Access::GetMap, None, why))
    }

    /// Lists those of ours, with their kinds.
    pub(crate) async fn list(&self) -> Result<Vec<(String, ConfigMap)>, Failure> {
        let ask = Ask::of(Access::ListMaps).query("labelSelector=dubhe.io%2Fkind");
        let mut list = self.api.call(ask).await?;
        let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else {
            return Ok(Vec::new());
        };
        let read = |mut item: Value| {
            let meta = Meta::of(&mut item).ok()?;
            let kind = meta.labels.get(KIND)?.clone();
            Some((kind, ConfigMap::read(meta, item).ok()?))
        };
        Ok(items.into_iter().filter_map(read).collect())
    }

    /// Changes one, or creates it, by what `change` says of how it is: again when somebody else was
    /// faster. `None` leaves it; returns `false` then.
    pub(crate) async fn update(
        &self,
        place: &Place,
        mut change: impl FnMut(Option<&ConfigMap>) -> Option<Change>,
    ) -> Result<bool, Failure> {
        let mut attempt = 1;
        loop {
            let now = self.get(&place.name).await?;
            let Some(change) = change(now.as_ref()) else { return Ok(false) };
            if change.is_empty() {
                return Ok(true);
            }
            let done = match &now {
                None => self.create(place, &change).await,
                Some(now) => self.patch(place, now, &change).await,
            };
            match done {
                Ok(_) => return Ok(true),
                // A conflict, or it was removed meanwhile.
                Err(failure)
                    if attempt < ATTEMPTS && (failure.is_conflict() || failure.is_not_found()) =>
                {
                    let pause = self.backoff.pause(attempt, &*self.random);
                    self.api.clock.sleep_until(after(self.api.clock.now(), pause)).await;
                    attempt += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn create(&self, place: &Place, change: &Change) -> Result<Value, Failure> {
        let mut annotations = present(&change.annotations);
        annotations.insert(OF.to_owned(), Value::from(&*place.of));
        let body = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": place.name,
                "labels": {"app.kubernetes.io/managed-by": "dubhe", KIND: place.kind.as_str()},
                "annotations": annotations,
            },
            "data": present(&change.data),
        });
        self.api.call(Ask::of(Access::CreateMap).body(&body)).await
    }

    async fn patch(
        &self,
        place: &Place,
        now: &ConfigMap,
        change: &Change,
    ) -> Result<Value, Failure> {
        // With the version in it, the server refuses the patch (409) when it is another by now.
        let mut body = json!({"metadata": {
            "resourceVersion": now.resource_version,
            "annotations": change.annotations,
        }});
        if let (false, Some(body)) = (change.data.is_empty(), body.as_object_mut()) {
            body.insert("data".to_owned(), json!(change.data));
        }
        self.api.call(Ask::of(Access::PatchMap).name(&place.name).body(&body)).await
    }
}

/// The keys that are to be set.
fn present(changes: &BTreeMap<String, Option<String>>) -> Map<String, Value> {
    let set = changes
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), Value::from(value.as_deref()?))));
    set.collect()
}
