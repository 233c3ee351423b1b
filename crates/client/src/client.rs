//! A client of one service.

use std::sync::Arc;

use dubhe_cluster::{Cluster, Tasks};
use dubhe_core::endpoint::{DirectoryState, Endpoints};
use dubhe_core::time::Instant;
use dubhe_core::{Call, CallBody, Head, Method, Payload, Reply, ServiceKey, Status};

use crate::options::CallOptions;
use crate::rules::FollowedRules;

/// A client of one service, whoever provides it. Cheap to clone.
///
/// ```no_run
/// use std::time::{Duration, Instant};
/// use dubhe::Client;
/// use dubhe::prelude::*;
///
/// # async fn run(app: App) -> Result<(), Status> {
/// let service = ServiceKey::interface_only("org.example.Users");
/// let users = app.client::<Client>().service(service).url("dubbo://127.0.0.1:20880").build()?;
/// users.ready(Instant::now() + Duration::from_secs(3)).await?;
/// println!("{} providers", users.providers().len());
/// if let Some(state) = users.explain() {
///     println!("{state}"); // a line for each registry and each instance
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    service: Arc<ServiceKey>,
    cluster: Cluster,
    /// The tasks of the application, which end with it and its last client.
    _tasks: Arc<Tasks>,
    /// The rules of the service and of those who provide it, which are followed while there is the
    /// client.
    _rules: Option<FollowedRules>,
}

impl Client {
    pub(crate) fn new(
        service: Arc<ServiceKey>,
        cluster: Cluster,
        tasks: Arc<Tasks>,
        rules: Option<FollowedRules>,
    ) -> Self {
        Self(Arc::new(Inner { service, cluster, _tasks: tasks, _rules: rules }))
    }

    /// The service.
    pub fn service(&self) -> &Arc<ServiceKey> {
        &self.0.service
    }

    /// The cluster of its providers.
    pub fn cluster(&self) -> &Cluster {
        &self.0.cluster
    }

    /// The providers that are known now.
    pub fn providers(&self) -> Arc<Endpoints> {
        self.0.cluster.plan().default_policy().destination.snapshot()
    }

    /// Returns the account of the directory: what each registry says, and for each instance whether it is
    /// used or why not. `None` for a client of URLs or of a directory of your own that gives none.
    pub fn explain(&self) -> Option<DirectoryState> {
        self.providers().explain()
    }

    /// Waits until a provider is known and connected, at most until `until`.
    ///
    /// # Errors
    /// [`Code::Unavailable`](dubhe_core::Code::Unavailable) when there is none by then; the message
    /// says why.
    pub async fn ready(&self, until: Instant) -> Result<(), Status> {
        let ready = self.0.cluster.ready(until).await;
        ready.map_err(|status| status.context(format_args!("no provider for {}", self.0.service)))
    }

    /// Calls `method` with `payload`. Dropping the future cancels the call.
    ///
    /// # Errors
    /// Those of the service and of the way to it.
    pub fn call(
        &self,
        method: &Arc<Method>,
        payload: Payload,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Reply, Status>> + Send + use<'_> {
        self.send(method, CallBody::One(payload), options)
    }

    /// Calls `method` with one payload or many. A stream can be sent only once, so such a call is
    /// not retried. Dropping the future cancels the call.
    ///
    /// # Errors
    /// Those of the service and of the way to it.
    pub fn send(
        &self,
        method: &Arc<Method>,
        body: CallBody,
        options: &CallOptions,
    ) -> impl Future<Output = Result<Reply, Status>> + Send + use<'_> {
        let mut head = Head::new(self.0.service.clone(), method.clone());
        head.metadata = options.metadata.clone();
        head.timeout = options.timeout;
        head.deadline = options.deadline;
        if let Some(callbacks) = &options.callbacks {
            head.extensions.insert(callbacks.clone());
        }
        let captured = options.reply.clone();
        self.0.cluster.call_and(Call { head, body }, move |outcome| {
            if let Some(captured) = captured {
                captured.set(match outcome {
                    Ok(reply) => reply.metadata.clone(),
                    Err(status) => status.headers().clone(),
                });
            }
        })
    }
}

#[cfg(feature = "http")]
impl Client {
    /// Makes a call.
    pub(crate) fn invoke(
        &self,
        call: Call,
    ) -> impl Future<Output = Result<Reply, Status>> + Send + use<'_> {
        self.0.cluster.call_and(call, |_| {})
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.0.service)
    }
}
