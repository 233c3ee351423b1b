//! Where a client's providers come from.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_cluster::directory::Followed;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::registry::{Health, Registry, Snapshot};
use dubhe_core::time::Duration;
use dubhe_core::{Endpoint, ServiceKey};
use futures_util::StreamExt;
use futures_util::stream::SelectAll;

use crate::environment::Environment;

/// Where a client's providers come from.
#[derive(Clone, Debug, Default)]
pub enum Source {
    /// The registries of the environment.
    #[default]
    Registries,
    /// A fixed list: Dubbo's direct `url`.
    Direct(Vec<Endpoint>),
    /// A directory of the caller's own.
    Custom(CustomDirectory),
}

/// A directory of the caller's own.
#[derive(Clone)]
pub struct CustomDirectory(pub Arc<dyn Directory>);

impl std::fmt::Debug for CustomDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CustomDirectory")
    }
}

/// How long a registry that failed is left alone before it is asked again.
const PAUSE: Duration = Duration::from_secs(3);

impl Source {
    /// The directory of `service`; for registries, a task keeps it current.
    pub(crate) fn directory(
        &self,
        env: &Environment,
        service: &ServiceKey,
        protocols: Vec<ByteString>,
    ) -> Arc<dyn Directory> {
        match self {
            Self::Direct(list) => Arc::new(Arc::new(Endpoints::new(list.iter().cloned()))),
            Self::Custom(directory) => directory.0.clone(),
            Self::Registries => {
                let directory = Arc::new(Followed::new(env.clock().clone()));
                let weak = Arc::downgrade(&directory);
                let follow = Follow {
                    registries: env.registries().to_vec(),
                    service: service.clone(),
                    protocols,
                    channels: env.channels().clone(),
                    clock: env.clock().clone(),
                };
                env.tasks().spawn(async move { follow.run(weak).await });
                directory
            }
        }
    }
}

struct Follow {
    registries: Vec<Arc<dyn Registry>>,
    service: ServiceKey,
    /// Those that may be used; all when there is none.
    protocols: Vec<ByteString>,
    channels: Arc<dubhe_cluster::Channels>,
    clock: dubhe_core::time::SharedClock,
}

impl Follow {
    /// Joins the snapshots of all registries until nobody has the directory any more.
    async fn run(self, directory: std::sync::Weak<Followed>) {
        let mut sets =
            vec![Snapshot { health: Health::Stale, ..Snapshot::default() }; self.registries.len()];
        let mut changes = SelectAll::new();
        for (at, registry) in self.registries.iter().enumerate() {
            changes.push(self.snapshots(registry.clone()).map(move |s| (at, s)).boxed());
        }
        while let Some((at, snapshot)) = changes.next().await {
            let Some(directory) = directory.upgrade() else { return };
            if let Some(set) = sets.get_mut(at) {
                *set = snapshot;
            }
            directory.update(&join(&sets), |protocol| self.rank(protocol));
        }
    }

    /// How much a protocol is preferred, 0 most; `None` when it cannot be used.
    fn rank(&self, protocol: &str) -> Option<usize> {
        let admitted = self.protocols.is_empty() || self.protocols.iter().any(|p| p == protocol);
        if admitted { self.channels.rank(protocol) } else { None }
    }

    /// The snapshots of one registry, asked again for as long as it fails.
    fn snapshots(
        &self,
        registry: Arc<dyn Registry>,
    ) -> impl futures_util::Stream<Item = Snapshot> + Send + use<> {
        let (service, clock) = (self.service.clone(), self.clock.clone());
        futures_util::stream::unfold(None, move |current| {
            let (registry, service, clock) = (registry.clone(), service.clone(), clock.clone());
            async move {
                let mut current: Option<dubhe_core::registry::Snapshots> = current;
                loop {
                    if let Some(stream) = &mut current
                        && let Some(snapshot) = stream.next().await
                    {
                        return Some((snapshot, current));
                    }
                    match registry.subscribe(&service).await {
                        Ok(stream) if current.is_none() => current = Some(stream),
                        Ok(stream) => {
                            clock.sleep_until(clock.now() + PAUSE).await;
                            current = Some(stream);
                        }
                        Err(error) => {
                            tracing::warn!(%service, %error, "cannot follow the providers; will try again");
                            clock.sleep_until(clock.now() + PAUSE).await;
                        }
                    }
                }
            }
        })
    }
}

/// All providers of all registries, each once; current as soon as one registry is.
fn join(sets: &[Snapshot]) -> Snapshot {
    let mut all = Snapshot { health: Health::Stale, ..Snapshot::default() };
    for set in sets {
        if set.health == Health::Fresh {
            all.health = Health::Fresh;
        }
        for provider in &set.providers {
            let known = |p: &dubhe_core::registry::Registration| {
                p.offer == provider.offer && p.instance.host == provider.instance.host
            };
            if !all.providers.iter().any(known) {
                all.providers.push(provider.clone());
            }
        }
    }
    all
}
