//! Services, and the options that they are exported with.

mod published;

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::callback::CallbackParameter;
use dubhe_core::definition::ServiceDefinition;
use dubhe_core::endpoint::Params;
use dubhe_core::filter::{Filter, Hook, Step};
use dubhe_core::gate::Gate;
use dubhe_core::{Call, Invoking, Method, ServiceKey};
use dubhe_filter::layer::{Layer, LayerFilter, NextService};
use tokio::runtime::Handle;

pub use self::published::MethodExport;
use crate::isolation::Isolation;

/// A set of methods under one name; `#[dubhe::interface]` makes one of a trait.
///
/// ```
/// use std::sync::Arc;
/// use dubhe::prelude::*;
/// use dubhe::{Invoking, Method, Payload, Service};
///
/// /// A service by hand; `#[dubhe::interface]` and `dubhe-build` write one like it.
/// struct Clock;
///
/// impl Service for Clock {
///     fn key(&self) -> ServiceKey {
///         ServiceKey::interface_only("org.example.Clock")
///     }
///
///     fn methods(&self) -> Vec<Arc<Method>> {
///         vec![Arc::new(Method::java("zone", ""))]
///     }
///
///     fn call(&self, _: usize, _: Call) -> Invoking {
///         Invoking::ready(Ok(Reply::new(Payload::dynamic(Value::from("UTC")))))
///     }
/// }
///
/// let server = Server::builder().service(Clock);
/// # drop(server);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service",
    note = "`#[dubhe::interface]` on a trait `Greeter`, and `dubhe-build` for a `.proto` file, make \
            `GreeterServer`: export `GreeterServer::new({Self})`"
)]
pub trait Service: Send + Sync + 'static {
    /// Returns its interface, group and version.
    fn key(&self) -> ServiceKey;

    /// Returns its methods.
    fn methods(&self) -> Vec<Arc<Method>>;

    /// Calls the method at this index of [`Service::methods`].
    fn call(&self, method: usize, call: Call) -> Invoking;

    /// Returns the parameters of its methods that are callbacks.
    fn callbacks(&self) -> Vec<CallbackParameter> {
        Vec::new()
    }

    /// Returns its methods and their types by Java's names, for consoles; `None`, the default, for what
    /// the [methods](Service::methods) tell.
    fn definition(&self) -> Option<ServiceDefinition> {
        None
    }

    /// Returns the encoded `google.protobuf.FileDescriptorSet` of the service, imports included, for
    /// reflection; `None` for a service without `.proto` file.
    fn descriptors(&self) -> Option<&'static [u8]> {
        None
    }
}

/// A service to export, with its parameters, gates and filters.
///
/// ```
/// use std::time::Duration;
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Greeter")]
/// # trait Greeter { async fn greet(&self, name: String) -> Result<String, Status>; }
/// # struct Polite;
/// # impl Greeter for Polite {
/// #     async fn greet(&self, name: String) -> Result<String, Status> { Ok(name) }
/// # }
///
/// let north = Export::new(GreeterServer::new(Polite))
///     .group("north")
///     .version("1.0.0")
///     .param("weight", "50")
///     .delay(Duration::from_secs(5)); // until it is announced
/// let server = Server::builder().service(north);
/// # drop(server);
/// ```
#[derive(Clone)]
pub struct Export {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) key: ServiceKey,
    pub(crate) params: Params,
    /// The methods for which it publishes options.
    pub(crate) methods: Vec<ByteString>,
    pub(crate) steps: Vec<Step>,
    pub(crate) gates: Vec<Arc<dyn Gate>>,
    /// The runtime of the handlers; `None` for that of the connections.
    pub(crate) isolation: Option<Isolation>,
    /// `true` for a service of the server itself, which is not registered.
    pub(crate) built_in: bool,
    /// The gates of the server are in front of it.
    pub(crate) gated: bool,
}

impl Export {
    /// Exports `service` under its own interface, group and version.
    pub fn new(service: impl Service) -> Self {
        let key = service.key();
        let service = Arc::new(service);
        Self {
            service,
            key,
            params: Params::new(),
            methods: Vec::new(),
            steps: Vec::new(),
            gates: Vec::new(),
            isolation: None,
            built_in: false,
            gated: true,
        }
    }

    /// Sets the group.
    pub fn group(mut self, group: impl Into<ByteString>) -> Self {
        self.key = self.key.with_group(group);
        self
    }

    /// Sets the version.
    pub fn version(mut self, version: impl Into<ByteString>) -> Self {
        self.key = self.key.with_version(version);
        self
    }

    /// Sets a parameter by Dubbo's name, such as `payload` (bytes, 8388608 by default).
    /// It applies to the server and is published in registries.
    pub fn param(mut self, name: impl Into<ByteString>, value: impl Into<ByteString>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }

    /// Registers the service so long after the start (Dubbo's `delay`, in milliseconds), for example
    /// until caches are filled. Callers that know its address can call it at once.
    pub fn delay(self, delay: Duration) -> Self {
        self.param("delay", delay.as_millis().to_string())
    }

    /// Enables the registration of the service (Dubbo's `register`). Default `true`.
    pub fn register(self, register: bool) -> Self {
        self.param("register", if register { "true" } else { "false" })
    }

    /// Ties the registration to this process (Dubbo's `dynamic`). Default `true`. In ZooKeeper the
    /// node of a service that is not dynamic outlives the session; an orderly stop removes it all the
    /// same.
    pub fn dynamic(self, dynamic: bool) -> Self {
        self.param("dynamic", if dynamic { "true" } else { "false" })
    }

    /// Requires this token of callers and publishes it in registries (Dubbo's `token`).
    pub fn token(self, token: impl Into<ByteString>) -> Self {
        let token = token.into();
        self.param("token", token.clone()).hook(dubhe_filter::token::Token::new(token))
    }

    /// Runs the handlers and their streamed replies on this runtime, each call in a task, in place of
    /// the runtime of the connections. Handlers that compute for long then delay neither their
    /// connection nor other services. A call costs a task and two changes of thread. Gates, filters
    /// and hooks stay with the connection, so that a refusal costs nothing of this.
    ///
    /// A call that is cancelled or exceeds its deadline is aborted at its next wait; its permits and
    /// counts are held until then. When the runtime is shut
    /// down, calls end with [`Code::Unavailable`](dubhe_core::Code::Unavailable).
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.isolation = Some(Isolation::Runtime(runtime));
        self
    }

    /// Runs the handlers on a runtime of their own with this number of threads, at least 1, as
    /// [`Export::runtime`] does: Dubbo's isolated executors. The runtime is shut down in the
    /// background once the service is removed or the server ends, and no call is in flight.
    pub fn isolated(mut self, threads: usize) -> Self {
        self.isolation = Some(Isolation::Threads(threads));
        self
    }

    /// Adds a gate, which is asked before anything of a request is decoded, after the gates of the
    /// server.
    pub fn gate(mut self, gate: impl Gate) -> Self {
        self.gates.push(Arc::new(gate));
        self
    }

    /// Adds a filter of this service, inside the filters of the server.
    pub fn filter(mut self, filter: impl Filter) -> Self {
        self.steps.push(Step::Filter(Arc::new(filter)));
        self
    }

    /// Adds a layer of `tower` around this service, as a filter inside those of the server; see
    /// [`ServerBuilder::layer`](crate::ServerBuilder::layer). A limit of it is one for this service.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<NextService>,
        LayerFilter<L::Service>: Filter,
    {
        self.filter(LayerFilter::new(layer))
    }

    /// Adds a hook, a filter that never waits, inside the filters of the server.
    pub fn hook(mut self, hook: impl Hook) -> Self {
        self.steps.push(Step::Hook(Arc::new(hook)));
        self
    }
}

/// An item that a server exports: a [`Service`], or an [`Export`] of one.
///
/// ```
/// use dubhe::IntoExport;
/// use dubhe::prelude::*;
/// # #[dubhe::interface("org.example.Greeter")]
/// # trait Greeter { async fn greet(&self, name: String) -> Result<String, Status>; }
/// # struct Polite;
/// # impl Greeter for Polite {
/// #     async fn greet(&self, name: String) -> Result<String, Status> { Ok(name) }
/// # }
///
/// /// What all services of an application have in common.
/// fn ours(service: impl IntoExport) -> Export {
///     service.into_export().param("owner", "shop-team").hook(dubhe::filter::Token::new("s3cret"))
/// }
///
/// let server = Server::builder().service(ours(GreeterServer::new(Polite)));
/// # drop(server);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service that can be exported",
    note = "`#[dubhe::interface]` on a trait `Greeter`, and `dubhe-build` for a `.proto` file, make \
            a `GreeterServer`: export `GreeterServer::new(value)` of a value that implements the \
            trait"
)]
pub trait IntoExport {
    /// The export.
    fn into_export(self) -> Export;
}

impl<S: Service> IntoExport for S {
    fn into_export(self) -> Export {
        Export::new(self)
    }
}

impl IntoExport for Export {
    fn into_export(self) -> Export {
        self
    }
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Export({})", self.key)
    }
}
