//! [`Kubernetes`]: instances of applications.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::backoff::FullJitter;
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::registry::Registering;
use dubhe_core::time::SharedClock;
use dubhe_core::{Code, Status};
use dubhe_registry::application::{
    InstanceSnapshot, InstanceSnapshots, ServiceDiscovery, ServiceInstance,
};
use futures_util::stream;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::connect::{Connected, SERVICE_ACCOUNT, connect};
use crate::follow::Follow;
use crate::kept::Registered;
use crate::map_watch::MapWatches;
use crate::maps::Maps;
use crate::objects::Object;
use crate::options::KubernetesOptions;
use crate::register::Own;
use crate::snapshot::{Choice, View, snapshot};
use crate::state::{ClusterState, Currency, Shared, Table, TableSink};

/// A namespace of Kubernetes as a registry, config centre and metadata centre, and of several
/// clusters as one. Clones share the watches, which begin with the first subscription and end with the
/// last clone.
///
/// An application is the Service of its name, and an instance an address of its EndpointSlices: which
/// pods are there, and whether they are ready, is Kubernetes' own knowledge, and nothing that a
/// provider writes.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_kubernetes::Kubernetes; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::Kubernetes;
/// use dubhe::time::SharedClock;
///
/// /// The namespace of this pod.
/// fn namespace(clock: SharedClock) -> Result<Kubernetes, Status> {
///     Kubernetes::builder("kubernetes://", clock)?.build()
/// }
/// ```
#[derive(Clone)]
pub struct Kubernetes(Arc<Inner>);

struct Inner {
    options: KubernetesOptions,
    name: String,
    clusters: Vec<Cluster>,
    choice: Choice,
    /// The bell of every change of what is known.
    changed: watch::Sender<()>,
    /// The ConfigMaps of the first cluster.
    maps: Maps,
    map_watches: MapWatches,
    /// The name of the own pod.
    pod: Option<String>,
    registered: Registered,
    runtime: Handle,
    /// The watches; empty until the first subscription.
    tasks: Mutex<JoinSet<()>>,
}

struct Cluster {
    api: Api,
    name: Option<ByteString>,
    /// The region of its pods that do not say theirs.
    region: Option<ByteString>,
    shared: Arc<Shared>,
}

/// Makes a [`Kubernetes`].
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_kubernetes::{Kubernetes, KubernetesBuilder}; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::{Kubernetes, KubernetesBuilder};
/// use dubhe::time::SharedClock;
///
/// /// A provider whose host name is not that of its pod, which the downward API tells it.
/// fn on_the_host_network(clock: SharedClock, pod: &str) -> Result<KubernetesBuilder, Status> {
///     Ok(Kubernetes::builder("kubernetes://?namespace=shop", clock)?.pod(pod))
/// }
/// ```
pub struct KubernetesBuilder {
    options: KubernetesOptions,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    pod: Option<String>,
    account: PathBuf,
}

impl Kubernetes {
    /// Begins a registry of the URL that [`KubernetesOptions::parse`] describes.
    ///
    /// # Errors
    /// When the URL is wrong.
    pub fn builder(url: &str, clock: SharedClock) -> Result<KubernetesBuilder, Status> {
        Ok(KubernetesBuilder {
            options: KubernetesOptions::parse(url)?,
            clock,
            random: Arc::new(SplitMix::from_os()),
            pod: std::env::var("HOSTNAME").ok(),
            account: SERVICE_ACCOUNT.into(),
        })
    }

    /// The options.
    pub fn options(&self) -> &KubernetesOptions {
        &self.0.options
    }

    /// The name in the log.
    pub(crate) fn url(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn maps(&self) -> &Maps {
        &self.0.maps
    }

    /// The ConfigMaps of each cluster, those of the first one first.
    pub(crate) fn all_maps(&self) -> impl Iterator<Item = Maps> {
        let Inner { clusters, maps, .. } = &*self.0;
        clusters.iter().map(|cluster| Maps { api: cluster.api.clone(), ..maps.clone() })
    }

    pub(crate) fn map_watches(&self) -> &MapWatches {
        &self.0.map_watches
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// Begins to follow all clusters, unless that has begun: one watch for each kind of object, however
    /// many applications are followed.
    fn start(&self) {
        let mut tasks = self.0.tasks.lock();
        if !tasks.is_empty() {
            return;
        }
        for cluster in &self.0.clusters {
            let inner = &*self.0;
            follow(inner, cluster, &mut tasks, "", |state| &mut state.services);
            follow(inner, cluster, &mut tasks, "", |state| &mut state.slices);
            follow(inner, cluster, &mut tasks, "", |state| &mut state.pods);
            let ours = "labelSelector=dubhe.io%2Fkind%3Dmetadata";
            follow(inner, cluster, &mut tasks, ours, |state| &mut state.metadata);
            if self.options().multicluster {
                follow(inner, cluster, &mut tasks, "", |state| &mut state.imports);
            } else {
                cluster.shared.state.lock().imports.currency = Currency::Current;
            }
        }
    }

    /// Reads what is known of all clusters, once each has answered or failed to.
    fn known<T>(&self, read: impl FnOnce(&[View<'_>]) -> T) -> Option<T> {
        let states: Vec<_> =
            self.0.clusters.iter().map(|cluster| cluster.shared.state.lock()).collect();
        if !states.iter().all(|state| state.is_known()) {
            return None;
        }
        let views = self.0.clusters.iter().zip(&states);
        let views = views.map(|(Cluster { name, region, .. }, state)| View {
            name: name.as_ref(),
            region: region.as_ref(),
            state,
        });
        Some(read(&views.collect::<Vec<_>>()))
    }

    fn snapshot(&self, application: &ByteString) -> Option<InstanceSnapshot> {
        self.known(|views| snapshot(application, views, &self.0.choice))
    }
}

/// Begins to follow a kind of object of a cluster.
fn follow<O: Object>(
    inner: &Inner,
    cluster: &Cluster,
    tasks: &mut JoinSet<()>,
    selector: &str,
    table: fn(&mut ClusterState) -> &mut Table<O>,
) {
    let (shared, changed) = (cluster.shared.clone(), inner.changed.clone());
    let follow = Follow::<O, _> {
        api: cluster.api.clone(),
        selector: selector.to_owned(),
        backoff: inner.maps.backoff,
        random: inner.maps.random.clone(),
        sink: TableSink { shared, table, changed },
        kind: PhantomData,
    };
    tasks.spawn_on(follow.run(), &inner.runtime);
}

impl KubernetesBuilder {
    /// Replaces the source of jitter.
    pub fn random(mut self, random: Arc<dyn RandomSource>) -> Self {
        self.random = random;
        self
    }

    /// The name of the pod that is registered; by default the environment variable `HOSTNAME`.
    pub fn pod(mut self, name: impl Into<String>) -> Self {
        self.pod = Some(name.into());
        self
    }

    /// The folder with the `token`, `ca.crt` and `namespace` of the service account, such as a projected
    /// volume of one's own; by default `/var/run/secrets/kubernetes.io/serviceaccount`. The token is read
    /// again once a minute. It is used where the URL names no server and no kubeconfig, and the
    /// environment the server of a pod (`KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`).
    pub fn service_account(mut self, folder: impl Into<PathBuf>) -> Self {
        self.account = folder.into();
        self
    }

    /// Makes the registry. It reads the service account or the kubeconfig, and connects when it is
    /// first used. Must be called within a tokio runtime, in which it runs whoever uses it.
    ///
    /// # Errors
    /// When there is no service account and no kubeconfig, a context is not in it, or credentials
    /// cannot be read.
    pub fn build(self) -> Result<Kubernetes, Status> {
        let Self { options, clock, random, pod, account } = self;
        let several = options.contexts.len() > 1;
        // It is where this process is: the first of several.
        let mut region = options.region.clone();
        let clusters = connect(&options, &account, &clock)?.into_iter();
        let clusters = clusters.map(|Connected { api, context }| {
            let name = options.cluster.clone().filter(|_| !several);
            let name = name.or_else(|| Some(context.filter(|_| several)?.into()));
            Cluster { api, name, region: region.take(), shared: Arc::default() }
        });
        let clusters: Vec<Cluster> = clusters.collect();
        let Some(first) = clusters.first() else {
            return Err(Status::new(Code::Internal, "kubernetes: no cluster"));
        };
        let backoff =
            FullJitter { initial: options.retry, max: options.retry * 5, ..FullJitter::default() };
        let servers: Vec<_> =
            clusters.iter().map(|of| of.api.server.trim_start_matches("https://")).collect();
        let name = format!("kubernetes://{}/?namespace={}", servers.join(","), first.api.namespace);
        let choice = Choice { port: options.port.clone(), multicluster: options.multicluster };
        Ok(Kubernetes(Arc::new(Inner {
            maps: Maps { api: first.api.clone(), backoff, random },
            name,
            clusters,
            choice,
            registered: Registered::new(options.check),
            options,
            changed: watch::Sender::new(()),
            map_watches: MapWatches::default(),
            pod,
            runtime: Handle::current(),
            tasks: Mutex::new(JoinSet::new()),
        })))
    }
}

impl ServiceDiscovery for Kubernetes {
    fn name(&self) -> &str {
        self.url()
    }

    fn register(&self, instance: ServiceInstance) -> Registering<'_, ()> {
        Box::pin(async move {
            if !self.options().register {
                return Ok(());
            }
            let application = instance.instance.application.clone();
            let Inner { registered, maps, pod, options, runtime, name, .. } = &*self.0;
            let done = async {
                let own = Own::new(pod.as_deref(), options.pod_annotation)?;
                registered.register(name, maps, own, instance, runtime).await
            };
            done.await
                .map_err(|status| status.context(format_args!("cannot register {application}")))
        })
    }

    fn unregister(&self, instance: &ServiceInstance) -> Registering<'_, ()> {
        let application = instance.instance.application.clone();
        Box::pin(async move {
            let Inner { registered, maps, name, .. } = &*self.0;
            let done = registered.unregister(name, maps, &application).await;
            done.map_err(|status| status.context(format_args!("cannot unregister {application}")))
        })
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        self.start();
        let subscription = Subscription {
            changed: self.0.changed.subscribe(),
            application: application.into(),
            kubernetes: self.clone(),
            last: None,
        };
        let snapshots = stream::unfold(subscription, Subscription::next);
        Box::pin(std::future::ready(Ok(Box::pin(snapshots) as InstanceSnapshots)))
    }

    /// The Services of the namespace, and what is imported.
    fn applications(&self) -> Registering<'_, Vec<ByteString>> {
        Box::pin(async move {
            self.start();
            let mut changed = self.0.changed.subscribe();
            loop {
                changed.borrow_and_update();
                let known = self.known(|views| {
                    let names = views.iter().flat_map(|view| {
                        let imports = view.state.imports.objects.keys();
                        view.state.services.objects.keys().chain(imports)
                    });
                    let mut names: Vec<ByteString> =
                        names.map(|name| name.as_str().into()).collect();
                    names.sort();
                    names.dedup();
                    match views.iter().find_map(|view| view.state.failure()) {
                        Some(failure) if names.is_empty() => Err(failure),
                        _ => Ok(names),
                    }
                });
                match known {
                    Some(known) => return known,
                    // The sender is ours.
                    None => drop(changed.changed().await),
                }
            }
        })
    }

    fn is_read_only(&self) -> bool {
        !self.options().register
    }

    fn failure(&self, application: &str) -> Option<Status> {
        self.known(|views| {
            let failure = views.iter().find_map(|view| view.state.failure());
            failure.or_else(|| {
                let has = |view: &View<'_>| {
                    let ClusterState { services, slices, imports, .. } = view.state;
                    let of = |slice: &crate::objects::Slice| {
                        slice.service.as_deref() == Some(application)
                    };
                    services.objects.contains_key(application)
                        || imports.objects.contains_key(application)
                        || slices.objects.values().any(|slice| slice.as_ref().is_ok_and(of))
                };
                (!views.iter().any(has)).then(|| {
                    let what = format!(
                        "{}: there is no Service {application:?}: an application has the name of its \
                         Service, or is mapped to it by provided-by",
                        self.url()
                    );
                    Status::new(Code::NotFound, what)
                })
            })
        })
        .flatten()
    }

    fn backoff(&self) -> FullJitter {
        self.0.maps.backoff
    }
}

struct Subscription {
    kubernetes: Kubernetes,
    application: ByteString,
    changed: watch::Receiver<()>,
    last: Option<InstanceSnapshot>,
}

impl Subscription {
    /// The next snapshot that differs from the last.
    async fn next(mut self) -> Option<(InstanceSnapshot, Self)> {
        loop {
            self.changed.borrow_and_update();
            match self.kubernetes.snapshot(&self.application) {
                Some(now) if self.last.as_ref() != Some(&now) => {
                    self.last = Some(now.clone());
                    return Some((now, self));
                }
                _ => self.changed.changed().await.ok()?,
            }
        }
    }
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kubernetes").field(&self.0.name).finish()
    }
}

impl fmt::Debug for KubernetesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubernetesBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
