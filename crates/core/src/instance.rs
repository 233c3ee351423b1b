//! An instance, an offer of it, and the provider that is both.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

use crate::defaults::CallDefaults;
use crate::level::DiscoveryLevel;
use crate::metadata::Metadata;
use crate::origin::Origin;
use crate::params::{PackedParams, Params, ServiceParams};
use crate::printable::Printable;
use crate::service::ServiceKey;
use crate::sock_addr::{unix_path, write_unix};
use crate::stats::ProviderStats;
use crate::time::{Duration, SystemTime};

/// A running process that serves calls. The facts that decisions depend on have types and are
/// parsed once, by who learns of the instance; a registry that does not know one leaves the default.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_core::endpoint::Instance; } }
/// use dubhe::registry::Instance;
///
/// let instance = Instance {
///     host: "10.0.0.7".into(),
///     application: "shop".into(),
///     zone: Some("north".into()),
///     ..Instance::default()
/// };
/// assert!(instance.is_available());
/// let leaving = Instance { terminating: true, ..instance };
/// assert!(!leaving.is_available());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    /// Host name or IP address, without port; or `unix:PATH`, a Unix socket on this machine, whose
    /// offers have the port 0.
    pub host: ByteString,
    /// The application it belongs to, or `""`.
    pub application: ByteString,
    /// The zone it runs in, for routers that prefer what is near; `None` by default.
    pub zone: Option<ByteString>,
    /// The region of the zone; `None` by default.
    pub region: Option<ByteString>,
    /// The cluster that its registry belongs to, where several are read as one; `None` by default.
    pub cluster: Option<ByteString>,
    /// The machine that it runs on, such as a node of Kubernetes; `None` by default.
    pub node: Option<ByteString>,
    /// Readiness for new calls; `true` by default. One that is not ready is asked only when no
    /// other can be.
    pub ready: bool,
    /// The ability to answer; `true` by default. An instance that terminates may still serve, and
    /// is then preferred to one that does not, when none is ready.
    pub serving: bool,
    /// An orderly stop that has begun; `false` by default. Passed over like one that is not ready.
    pub terminating: bool,
    /// The start of the process, from which it warms up; `None` for "long ago", the default.
    pub started: Option<SystemTime>,
    /// The level at which it was found, which decides on what rules see of it; interface by default.
    pub level: DiscoveryLevel,
    /// Parameters of the instance as a whole.
    pub params: PackedParams,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            host: ByteString::new(),
            application: ByteString::new(),
            zone: None,
            region: None,
            cluster: None,
            node: None,
            ready: true,
            serving: true,
            terminating: false,
            started: None,
            level: DiscoveryLevel::default(),
            params: PackedParams::default(),
        }
    }
}

impl Instance {
    /// The time since its start at `wall`; nothing for one that is to start in future, and `None`
    /// when the start is not known.
    pub fn age(&self, wall: SystemTime) -> Option<Duration> {
        self.started.map(|started| wall.duration_since(started).unwrap_or_default())
    }

    /// Returns `true` if it takes new calls, by what it says of itself.
    pub fn is_available(&self) -> bool {
        self.ready && !self.terminating
    }
}

/// A way to reach an instance.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod registry { pub use dubhe_core::endpoint::{Instance, Offer}; } }
/// use std::sync::Arc;
/// use dubhe::Endpoint;
/// use dubhe::registry::{Instance, Offer};
///
/// let instance = Arc::new(Instance { host: "10.0.0.7".into(), ..Instance::default() });
/// let offer = Offer { protocol: "tri".into(), port: 50051 };
/// let endpoint = Endpoint::new(instance, offer, Arc::default());
/// assert_eq!(endpoint.to_string(), "tri://10.0.0.7:50051");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offer {
    /// The protocol by Dubbo's name, such as `dubbo` or `tri`.
    pub protocol: ByteString,
    /// The TCP port; 0 for a Unix socket.
    pub port: u16,
}

/// Dubbo's weight of a provider that says nothing.
const DEFAULT_WEIGHT: u32 = 100;
/// Dubbo's `warmup` of a provider that says nothing.
const DEFAULT_WARMUP: Duration = Duration::from_mins(10);

/// The facts of an endpoint: an offer of an instance, with the parameters of the service it is asked
/// for. Cheap to clone; it keeps no connection.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Call, Provider}; }
/// use dubhe::{Call, Provider};
///
/// /// The address of the provider of a call, which filters of endpoints know.
/// fn address(call: &Call) -> Option<String> {
///     call.head.provider.as_ref().map(Provider::address)
/// }
/// ```
#[derive(Clone)]
pub struct Provider(Arc<Facts>);

#[derive(Clone)]
struct Facts {
    instance: Arc<Instance>,
    offer: Offer,
    service: Arc<ServiceParams>,
    key: Option<Arc<ServiceKey>>,
    origins: Option<Arc<[Arc<Origin>]>>,
    defaults: Option<Arc<CallDefaults>>,
    weight: u32,
    warmup: Duration,
    attachments: Metadata,
    stats: Arc<ProviderStats>,
}

impl Provider {
    /// The facts of `offer` on `instance`.
    pub fn new(instance: Arc<Instance>, offer: Offer, service: Arc<ServiceParams>) -> Self {
        let weight = service.get("weight").and_then(|w| w.parse().ok()).unwrap_or(DEFAULT_WEIGHT);
        let warmup = service.get("warmup").and_then(|ms| ms.parse().ok());
        let warmup = warmup.map_or(DEFAULT_WARMUP, Duration::from_millis);
        let token = service.get("token").filter(|token| !token.is_empty());
        let attachments = token.map(|token| ("token", token)).into_iter().collect();
        let defaults = CallDefaults::of(service.iter()).map(Arc::from);
        let (key, origins, stats) = (None, None, Arc::default());
        Self(Arc::new(Facts {
            instance,
            offer,
            service,
            key,
            origins,
            defaults,
            weight,
            warmup,
            attachments,
            stats,
        }))
    }

    /// The same, with the stats of a provider that was known before.
    pub(crate) fn with_stats(mut self, stats: Arc<ProviderStats>) -> Self {
        Arc::make_mut(&mut self.0).stats = stats;
        self
    }

    /// The same with the parameters `params`, of which configurators set `overrides`: these go before what a
    /// consumer set for all methods, and those of a method before what it set for that.
    pub(crate) fn with_params(mut self, params: Arc<ServiceParams>, overrides: &Params) -> Self {
        let (instance, offer) = (self.0.instance.clone(), self.0.offer.clone());
        let published = Arc::clone(&self.0.service);
        let mut facts = Self::new(instance, offer, params).0;
        let overrides = overrides.iter().map(|(name, value)| (&**name, &**value));
        let own = Arc::make_mut(&mut self.0);
        let new = Arc::make_mut(&mut facts);
        own.defaults = CallDefaults::overridden(published.iter(), overrides).map(Arc::from);
        own.service = new.service.clone();
        (own.weight, own.warmup) = (new.weight, new.warmup);
        own.attachments = std::mem::take(&mut new.attachments);
        self
    }

    /// The same, offered under `key`; see [`Provider::service_key`].
    pub(crate) fn with_service_key(mut self, key: Arc<ServiceKey>) -> Self {
        Arc::make_mut(&mut self.0).key = Some(key);
        self
    }

    /// The same, known to these registries; see [`Provider::origins`].
    pub(crate) fn with_origins(mut self, origins: Arc<[Arc<Origin>]>) -> Self {
        Arc::make_mut(&mut self.0).origins = Some(origins);
        self
    }

    /// The instance.
    pub fn instance(&self) -> &Arc<Instance> {
        &self.0.instance
    }

    /// The offer.
    pub fn offer(&self) -> &Offer {
        &self.0.offer
    }

    /// The parameters of the service.
    pub fn service(&self) -> &Arc<ServiceParams> {
        &self.0.service
    }

    /// The service that calls to it are for, where that is not the one of the client: a client of
    /// several groups or versions picks providers of each, and one at a URL has the group and the
    /// version that the URL names.
    pub fn service_key(&self) -> Option<&Arc<ServiceKey>> {
        self.0.key.as_ref()
    }

    /// The registries that know it, in the order of the application, where one of these has
    /// [traits](crate::registry::RegistryTraits); otherwise none, since nothing depends on it.
    pub fn origins(&self) -> &[Arc<Origin>] {
        self.0.origins.as_deref().unwrap_or_default()
    }

    /// The options of calls that it publishes, if any.
    pub fn call_defaults(&self) -> Option<&CallDefaults> {
        self.0.defaults.as_deref()
    }

    /// The calls in flight, and what filters and limiters keep of it by type.
    pub fn stats(&self) -> &ProviderStats {
        &self.0.stats
    }

    /// A parameter of the service, else of the instance.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.0.service.get(name).or_else(|| self.0.instance.params.get(name))
    }

    /// The parameter `weight`, 100 by default: the share of the calls once it has warmed up.
    pub(crate) fn full_weight(&self) -> u32 {
        self.0.weight
    }

    /// The parameter `warmup`, 10 minutes by default.
    pub(crate) fn warmup(&self) -> Duration {
        self.0.warmup
    }

    /// The attachments of every call to it: the `token` it published, if any.
    pub fn attachments(&self) -> &Metadata {
        &self.0.attachments
    }

    /// The identity across sets: `protocol://host:port`.
    pub fn identity(&self) -> (&str, &str, u16) {
        (&self.0.offer.protocol, &self.0.instance.host, self.0.offer.port)
    }

    /// The path of the Unix socket that it is reached by; `None` for one reached over TCP.
    pub fn unix_path(&self) -> Option<&str> {
        unix_path(&self.0.instance.host)
    }

    /// The address to dial: `host:port`, with brackets around an IPv6 address, or `unix:PATH`.
    pub fn address(&self) -> String {
        let (_, host, port) = self.identity();
        if self.unix_path().is_some() {
            return host.to_owned();
        }
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl PartialEq for Provider {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.identity() == other.identity() && self.0.key == other.0.key
    }
}

impl Eq for Provider {}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = &self.0.offer.protocol;
        match self.unix_path() {
            Some(path) => write_unix(f, protocol, path),
            None => write!(f, "{}://{}", Printable(protocol), Printable(self.address())),
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({self})")
    }
}
