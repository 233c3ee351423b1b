//! The parts that all clients of an application share.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_cluster::router::RegistryChoice;
use dubhe_cluster::{Channels, Directories, Tasks};
use dubhe_config::{ConfigSnapshot, ConfigWatcher};
use dubhe_core::ServiceKey;
use dubhe_core::connect::Connect;
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::registry::Registry;
use dubhe_core::time::SharedClock;
use dubhe_net::io::source_address;
use dubhe_rules::Consumer;
use dubhe_rules::script::ScriptEngine;

/// The parts that all clients of an application share. Cheap to clone; the last clone ends its tasks.
///
/// ```
/// use std::sync::Arc;
/// use dubhe::ClientBuilder;
/// use dubhe::client::Environment;
/// use dubhe::connect::{DubboConnect, DubboOptions};
/// use dubhe::time::TokioClock;
/// use dubhe::{Client, ServiceKey, Status};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Status> {
/// // What an `App` makes, with one protocol and nothing else.
/// let env = Environment::builder("shop", Arc::new(TokioClock))
///     .connect(Arc::new(DubboConnect::new(DubboOptions::default())))
///     .build();
/// let client = ClientBuilder::<Client>::new(&env)
///     .service(ServiceKey::interface_only("org.example.Users"))
///     .url("dubbo://127.0.0.1:20880")
///     .build()?;
/// assert_eq!(env.application(), "shop");
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Environment(Arc<Inner>);

struct Inner {
    application: ByteString,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    zone: Option<ByteString>,
    channels: Arc<Channels>,
    directories: Directories,
    /// The directories of applications that are called over HTTP.
    applications: Directories,
    config: Option<Arc<ConfigWatcher>>,
    start_up: Option<Arc<ConfigSnapshot>>,
    params: Vec<(ByteString, ByteString)>,
    scripts: Option<ScriptEngine>,
    tasks: Arc<Tasks>,
}

/// Makes an [`Environment`].
///
/// ```
/// use std::sync::Arc;
/// use dubhe::client::Environment;
/// use dubhe::random::SplitMix;
/// use dubhe::registry::Memory;
/// use dubhe::time::TokioClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // A simulation: a seed of its own, and a registry in memory.
/// let env = Environment::builder("shop", Arc::new(TokioClock))
///     .registry(Arc::new(Memory::new()))
///     .random(Arc::new(SplitMix::new(7)))
///     .build();
/// assert_eq!(env.registries().len(), 1);
/// # }
/// ```
pub struct EnvironmentBuilder {
    application: ByteString,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    connectors: Vec<Arc<dyn Connect>>,
    channels: Option<Arc<Channels>>,
    registries: Vec<Arc<dyn Registry>>,
    applications: Vec<Arc<dyn Registry>>,
    config: Option<Arc<ConfigWatcher>>,
    start_up: Option<Arc<ConfigSnapshot>>,
    params: Vec<(ByteString, ByteString)>,
    scripts: Option<ScriptEngine>,
    zone: Option<ByteString>,
    cache: Option<PathBuf>,
}

impl Environment {
    /// Begins an environment for the application of this name.
    pub fn builder(application: impl Into<ByteString>, clock: SharedClock) -> EnvironmentBuilder {
        EnvironmentBuilder {
            application: application.into(),
            clock,
            random: Arc::new(SplitMix::from_os()),
            connectors: Vec::new(),
            channels: None,
            registries: Vec::new(),
            applications: Vec::new(),
            config: None,
            start_up: None,
            params: Vec::new(),
            scripts: None,
            zone: None,
            cache: None,
        }
    }

    /// The name of the application.
    pub fn application(&self) -> &ByteString {
        &self.0.application
    }

    /// The clock.
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// The source of randomness.
    pub fn random(&self) -> &Arc<dyn RandomSource> {
        &self.0.random
    }

    /// The channels.
    pub fn channels(&self) -> &Arc<Channels> {
        &self.0.channels
    }

    /// The registries.
    pub fn registries(&self) -> &[Arc<dyn Registry>] {
        self.0.directories.registries()
    }

    /// The directories of services in registries.
    pub fn directories(&self) -> &Directories {
        &self.0.directories
    }

    /// The directories of applications that are called over HTTP.
    pub fn applications(&self) -> &Directories {
        &self.0.applications
    }

    /// The rules and the start-up configuration that the application follows in its config centres;
    /// `None` without one.
    pub fn config(&self) -> Option<&Arc<ConfigWatcher>> {
        self.0.config.as_ref()
    }

    /// The start-up configuration with which the application began, which never changes; `None` when it
    /// began without.
    pub fn start_up(&self) -> Option<&Arc<ConfigSnapshot>> {
        self.0.start_up.as_ref()
    }

    /// Closes each connection once its calls in flight have ended, and ends what goes on in the
    /// background. All other calls fail with [`Code::Unavailable`](dubhe_core::Code::Unavailable) from
    /// now on, those of new clients too.
    pub fn close(&self) {
        self.0.channels.close(false);
        self.0.tasks.end();
    }

    /// The choice between registries, where their traits ask for one.
    pub(crate) fn registry_choice(&self) -> Option<RegistryChoice> {
        let choice = RegistryChoice::new(self.random().clone());
        let choice = match &self.0.zone {
            Some(zone) => choice.zone(zone.clone()),
            None => choice,
        };
        self.directories().has_choice().then_some(choice)
    }

    /// The engine of script rules.
    pub(crate) fn scripts(&self) -> Option<&ScriptEngine> {
        self.0.scripts.as_ref()
    }

    /// The facts of a consumer of `service` in this application that rules look at.
    pub(crate) fn consumer(&self, service: &ServiceKey) -> Consumer {
        let consumer = Consumer::new(service.clone(), self.application().clone(), own_host());
        let params = self.0.params.iter().cloned();
        let all = params.chain(self.configured_params());
        all.fold(consumer, |consumer, (name, value)| consumer.with_param(name, value))
    }

    /// The parameters that the start-up configuration gives to the consumers of the application, those of all
    /// consumers last: they win (Dubbo Java `ApplicationConfig.parameters`, `ConsumerConfig.parameters`).
    fn configured_params(&self) -> Vec<(ByteString, ByteString)> {
        let Some(start_up) = self.start_up() else { return Vec::new() };
        let below = |prefix: &'static str| {
            let settings = start_up.settings(self.application(), prefix).into_iter();
            settings.filter_map(move |setting| {
                Some((setting.key.strip_prefix(prefix)?.into(), setting.value.clone()))
            })
        };
        below("dubbo.application.parameters.").chain(below("dubbo.consumer.parameters.")).collect()
    }

    /// The tasks that end with the environment.
    pub(crate) fn tasks(&self) -> &Arc<Tasks> {
        &self.0.tasks
    }
}

/// The variable in which Dubbo Java and dubbo-go look for the address to register.
const DUBBO_IP_TO_REGISTRY: &str = "DUBBO_IP_TO_REGISTRY";

/// The address of this machine as servers register it.
fn own_host() -> ByteString {
    let given = std::env::var(DUBBO_IP_TO_REGISTRY).ok().filter(|host| !host.is_empty());
    given.unwrap_or_else(|| source_address(Ipv4Addr::UNSPECIFIED.into()).to_string()).into()
}

impl EnvironmentBuilder {
    /// Shares `channels` with what there is before the environment, such as the
    /// [`RemoteMetadataService`](crate::RemoteMetadataService) of its registries. Their protocols are
    /// those of the environment, in place of any that are added.
    pub fn channels(mut self, channels: Arc<Channels>) -> Self {
        self.channels = Some(channels);
        self
    }

    /// Adds a protocol; the first added is the most preferred.
    pub fn connect(mut self, connector: Arc<dyn Connect>) -> Self {
        self.connectors.push(connector);
        self
    }

    /// Adds a registry to find providers in.
    pub fn registry(mut self, registry: Arc<dyn Registry>) -> Self {
        self.registries.push(registry);
        self
    }

    /// Adds a registry to find applications in that are called over HTTP, such as a
    /// `SpringCloud`; the service that is asked for is the application.
    pub fn applications(mut self, registry: Arc<dyn Registry>) -> Self {
        self.applications.push(registry);
        self
    }

    /// Follows rules in config centres. Clients follow the rules of their services in it, and those of the
    /// applications that provide these.
    pub fn config(mut self, config: Arc<ConfigWatcher>) -> Self {
        self.config = Some(config);
        self
    }

    /// Gives clients the timeouts and retries of the start-up configuration in `snapshot`, for as long as
    /// there is the environment.
    pub fn start_up(mut self, snapshot: Arc<ConfigSnapshot>) -> Self {
        self.start_up = Some(snapshot);
        self
    }

    /// Adds a parameter of the application that rules see as one of its consumers.
    pub fn parameter(mut self, name: impl Into<ByteString>, value: impl Into<ByteString>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Runs the script rules that clients follow; without an engine these let all providers pass.
    pub fn scripts(mut self, engine: ScriptEngine) -> Self {
        self.scripts = Some(engine);
        self
    }

    /// Sets the zone that the application runs in, for calls that choose between registries and name none.
    pub fn zone(mut self, zone: impl Into<ByteString>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// Keeps the last providers of each service in files of this folder, for a start while registries are
    /// away. Nothing is written by default.
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Replaces the source of randomness.
    pub fn random(mut self, random: Arc<dyn RandomSource>) -> Self {
        self.random = random;
        self
    }

    /// Makes the environment.
    pub fn build(self) -> Environment {
        let connectors = self.connectors;
        let channels = self.channels.unwrap_or_else(|| Arc::new(Channels::new(connectors)));
        let (clock, random, cache) = (&self.clock, &self.random, &self.cache);
        let following = |registries| {
            let directories =
                Directories::new(registries, channels.clone(), clock.clone(), random.clone());
            match cache {
                Some(folder) => directories.with_cache(folder),
                None => directories,
            }
        };
        let directories = following(self.registries);
        let applications = following(self.applications);
        Environment(Arc::new(Inner {
            application: self.application,
            clock: self.clock,
            random: self.random,
            zone: self.zone,
            channels,
            directories,
            applications,
            config: self.config,
            start_up: self.start_up,
            params: self.params,
            scripts: self.scripts,
            tasks: Arc::default(),
        }))
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Environment({:?})", &*self.0.application)
    }
}

impl std::fmt::Debug for EnvironmentBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EnvironmentBuilder({:?})", &*self.application)
    }
}
