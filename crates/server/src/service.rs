//! What can be exported.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use dubhe_core::endpoint::Params;
use dubhe_core::filter::{Filter, Hook, Step};
use dubhe_core::gate::Gate;
use dubhe_core::{Call, Invoking, Method, ServiceKey};
use tokio::runtime::Handle;

use crate::isolation::Isolation;

/// A set of methods under one name; `#[dubhe::interface]` makes one of a trait.
pub trait Service: Send + Sync + 'static {
    /// Its name, group and version.
    fn key(&self) -> ServiceKey;

    /// Its methods.
    fn methods(&self) -> Vec<Arc<Method>>;

    /// Runs the method at this index of [`Service::methods`].
    fn call(&self, method: usize, call: Call) -> Invoking;

    /// The encoded `google.protobuf.FileDescriptorSet` that describes it, imports included, for
    /// reflection; `None` for a service that no `.proto` file describes.
    fn descriptors(&self) -> Option<&'static [u8]> {
        None
    }
}

/// A service with the parameters and filters it is exported with.
#[derive(Clone)]
pub struct Export {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) key: ServiceKey,
    pub(crate) params: Params,
    pub(crate) steps: Vec<Step>,
    pub(crate) gates: Vec<Arc<dyn Gate>>,
    /// The runtime of its handlers; `None` for that of the connections.
    pub(crate) isolation: Option<Isolation>,
    /// Whether it is one of the server's own, of which no registry is told.
    pub(crate) built_in: bool,
}

impl Export {
    /// Exports `service` as it names itself.
    pub fn new(service: impl Service) -> Self {
        let key = service.key();
        let service = Arc::new(service);
        Self {
            service,
            key,
            params: Params::new(),
            steps: Vec::new(),
            gates: Vec::new(),
            isolation: None,
            built_in: false,
        }
    }

    /// Under another group.
    pub fn group(mut self, group: impl Into<ByteString>) -> Self {
        self.key = self.key.with_group(group);
        self
    }

    /// Under another version.
    pub fn version(mut self, version: impl Into<ByteString>) -> Self {
        self.key = self.key.with_version(version);
        self
    }

    /// Sets a parameter by Dubbo's name, such as `payload` (bytes, 8388608 by default) or
    /// `weight`; it governs the server and is published in registries.
    pub fn param(mut self, name: impl Into<ByteString>, value: impl Into<ByteString>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }

    /// Tells registries of the service so long after the start (Dubbo's `delay`, in milliseconds),
    /// such as for caches to fill. It can be called at once by those who know its address.
    pub fn delay(self, delay: Duration) -> Self {
        self.param("delay", delay.as_millis().to_string())
    }

    /// Whether registries are told of the service (Dubbo's `register`); by default yes.
    pub fn register(self, register: bool) -> Self {
        self.param("register", if register { "true" } else { "false" })
    }

    /// Whether registries forget the service when this process dies (Dubbo's `dynamic`); by default
    /// yes. In ZooKeeper the node of one that is not dynamic outlives the session; an orderly stop
    /// removes it all the same.
    pub fn dynamic(self, dynamic: bool) -> Self {
        self.param("dynamic", if dynamic { "true" } else { "false" })
    }

    /// Asks callers for this token and publishes it in registries (Dubbo's `token`).
    pub fn token(self, token: impl Into<ByteString>) -> Self {
        let token = token.into();
        self.param("token", token.clone()).hook(dubhe_filter::token::Token::new(token))
    }

    /// Runs the handlers on this runtime, each call in a task of it, and streamed replies too, in
    /// place of the runtime of the connections: handlers that compute for long keep up neither
    /// their connection nor other services. A call costs a task and two changes of thread. Gates,
    /// filters and hooks stay with the connection, so that a refusal costs nothing of this.
    ///
    /// A call that is cancelled or late is aborted at its next wait. When the runtime is shut
    /// down, calls end with [`Code::Unavailable`](dubhe_core::Code::Unavailable).
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.isolation = Some(Isolation::Runtime(runtime));
        self
    }

    /// Runs the handlers on a runtime of their own with so many threads, at least 1, as
    /// [`Export::runtime`]: Dubbo's isolated executors. It is shut down in the background once the
    /// service is removed or the server ends, and no call of it is on its way.
    pub fn isolated(mut self, threads: usize) -> Self {
        self.isolation = Some(Isolation::Threads(threads));
        self
    }

    /// Adds a gate, asked before anything of a request is decoded, behind those of the server.
    pub fn gate(mut self, gate: impl Gate) -> Self {
        self.gates.push(Arc::new(gate));
        self
    }

    /// Adds a filter of this service; the server's own filters stand around it.
    pub fn filter(mut self, filter: impl Filter) -> Self {
        self.steps.push(Step::Filter(Arc::new(filter)));
        self
    }

    /// Adds a filter that never waits.
    pub fn hook(mut self, hook: impl Hook) -> Self {
        self.steps.push(Step::Hook(Arc::new(hook)));
        self
    }
}

/// Something that a server exports: a [`Service`], or an [`Export`] of one.
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
