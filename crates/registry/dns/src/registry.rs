//! The registry [`Dns`].

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::backoff::FullJitter;
use dubhe_core::endpoint::{Instance, Offer, Params, ServiceParams};
use dubhe_core::random::{RandomSource, SplitMix};
use dubhe_core::registry::{
    Excluded, Health, MAX_EXCLUDED, Registering, Registration, Registry, Snapshot, Snapshots,
};
use dubhe_core::time::{Duration, SharedClock, after};
use dubhe_core::{Code, ServiceKey, Status};
use futures_util::stream;
use hickory_resolver::TokioResolver;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::options::{DnsOptions, Query};
use crate::resolve::{Resolved, Target, resolve, resolver};

/// The shortest time between two resolutions, however short records are valid.
const MIN_TTL: Duration = Duration::from_secs(5);
/// The longest time between two resolutions, however long records are valid.
const MAX_TTL: Duration = Duration::from_mins(5);

/// A name in DNS as a registry for finding providers; nothing is written. Clones share one resolver
/// and what it found.
///
/// The name is resolved again when its records are no longer valid, after 5 s at the earliest and 5
/// minutes at the latest. Addresses that no name server answers for stay as they were, and are asked for
/// again within 5 s. Of SRV records, those of a higher number stand back: their providers are
/// not ready, and so are called when no other can be.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_dns::Dns; } pub mod time { pub use dubhe_core::time::SharedClock; } }
/// use dubhe::Status;
/// use dubhe::registry::Dns;
/// use dubhe::time::SharedClock;
///
/// /// A headless Service, by the name server of the cluster.
/// fn greeter(clock: SharedClock) -> Result<Dns, Status> {
///     Dns::new("dns://10.96.0.10/greeter.shop.svc.cluster.local:50051?protocol=tri", clock)
/// }
/// ```
#[derive(Clone)]
pub struct Dns(Arc<Inner>);

struct Inner {
    options: DnsOptions,
    name: String,
    shared: Arc<Shared>,
    /// The task that resolves, from the first subscription on.
    task: Mutex<Option<AbortHandle>>,
    runtime: Handle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
    }
}

/// The state that the task shares with subscribers.
struct Shared {
    resolver: TokioResolver,
    options: DnsOptions,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    known: watch::Sender<Known>,
    wanted: Notify,
}

/// The knowledge of the name.
#[derive(Default)]
struct Known {
    /// `true` once it was resolved or could not be.
    tried: bool,
    resolved: Arc<Resolved>,
    /// The error of the last resolution, or of a host that its SRV records name.
    failure: Option<Status>,
    /// `true` once there were targets and the name servers say that there are none any more.
    emptied: bool,
}

impl Known {
    /// Takes an error. One that says that there are no records is an answer, where there were some: to keep
    /// them for ever would be to call addresses that may be somebody else's by now.
    fn fail(&mut self, status: Status) {
        let none = status.code() == Code::NotFound;
        self.emptied = none && (self.emptied || !self.resolved.targets.is_empty());
        if self.emptied {
            self.resolved = Arc::default();
        }
        (self.tried, self.failure) = (true, Some(status));
    }
}

impl Dns {
    /// Makes a registry of the URL that [`DnsOptions::parse`] describes. Must be called within a tokio
    /// runtime, in which it runs whoever uses it.
    ///
    /// # Errors
    /// When the URL is wrong, or names no server and those of the system cannot be read.
    pub fn new(url: &str, clock: SharedClock) -> Result<Self, Status> {
        Self::with_random(url, clock, Arc::new(SplitMix::from_os()))
    }

    /// The same with a source of jitter.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_random(
        url: &str,
        clock: SharedClock,
        random: Arc<dyn RandomSource>,
    ) -> Result<Self, Status> {
        let options = DnsOptions::parse(url)?;
        let servers: Vec<_> = options.servers.iter().map(ToString::to_string).collect();
        let port = match options.query {
            Query::Addresses { port } => format!(":{port}"),
            Query::Services => String::new(),
        };
        let shared = Shared {
            resolver: resolver(&options)?,
            options: options.clone(),
            clock,
            random,
            known: watch::Sender::default(),
            wanted: Notify::new(),
        };
        Ok(Self(Arc::new(Inner {
            name: format!("dns://{}/{}{port}", servers.join(","), options.name),
            options,
            shared: Arc::new(shared),
            task: Mutex::default(),
            runtime: Handle::current(),
        })))
    }

    /// The options.
    pub fn options(&self) -> &DnsOptions {
        &self.0.options
    }

    /// Resolves the name again before its time, such as when providers refuse connections; not within
    /// 5 s of the last time, but then.
    pub fn refresh(&self) {
        self.0.shared.wanted.notify_one();
    }

    fn start(&self) {
        let mut task = self.0.task.lock();
        if task.is_none() {
            let shared = self.0.shared.clone();
            *task = Some(self.0.runtime.spawn(shared.run()).abort_handle());
        }
    }
}

impl Shared {
    /// Resolves again and again.
    async fn run(self: Arc<Self>) {
        let mut failures = 0;
        loop {
            let last = self.known.borrow().resolved.clone();
            let outcome = resolve(&self.resolver, &self.options, &last).await;
            let earliest = after(self.clock.now(), MIN_TTL);
            let failure = match &outcome {
                Ok(resolved) => resolved.unanswered.clone(),
                Err(status) => Some(status.clone()),
            };
            let again = match &failure {
                None => {
                    if failures > 0 {
                        tracing::info!(name = &*self.options.name, "resolved again");
                    }
                    failures = 0;
                    MAX_TTL
                }
                Some(status) => {
                    failures += 1;
                    if failures == 1 {
                        tracing::warn!(%status, "a name is not resolved; trying goes on");
                    }
                    FullJitter::default().pause(failures, &*self.random)
                }
            };
            let pause = match outcome {
                Ok(resolved) => {
                    let ttl = resolved.ttl.clamp(MIN_TTL, MAX_TTL);
                    self.known.send_modify(|known| {
                        known.tried = true;
                        (known.failure, known.emptied) = (failure, false);
                        known.resolved = Arc::new(resolved);
                    });
                    again.min(ttl)
                }
                Err(status) => {
                    self.known.send_modify(|known| known.fail(status));
                    again
                }
            };
            tokio::select! {
                () = self.clock.sleep_until(after(self.clock.now(), pause)) => {}
                () = async {
                    self.wanted.notified().await;
                    self.clock.sleep_until(earliest).await;
                } => {}
            }
        }
    }
}

impl Known {
    /// The providers of a service, whichever is asked for; `None` before the first answer.
    fn snapshot(&self, service: &ServiceKey, options: &DnsOptions) -> Option<Snapshot> {
        if !self.tried {
            return None;
        }
        // DNS knows of no groups and versions.
        let service = service.one_taken();
        let providers =
            self.resolved.targets.iter().map(|(address, target)| {
                registration(&service, &options.protocol, *address, *target)
            });
        let excluded = self
            .resolved
            .lost
            .iter()
            .take(MAX_EXCLUDED)
            .map(|(instance, why)| Excluded::new(instance.as_str(), why.as_str()));
        Some(Snapshot {
            providers: providers.collect(),
            health: match self.failure {
                Some(_) if !self.emptied => Health::Stale,
                _ => Health::Fresh,
            },
            excluded: excluded.collect(),
            level: None,
        })
    }
}

fn registration(
    service: &ServiceKey,
    protocol: &ByteString,
    address: SocketAddr,
    target: Target,
) -> Registration {
    let instance = Instance {
        host: address.ip().to_string().into(),
        ready: !target.reserve,
        ..Instance::default()
    };
    let weight = target.weight.map(|weight| ("weight".into(), weight.to_string().into()));
    let params: Params = weight.into_iter().collect();
    Registration {
        service: service.clone(),
        instance: Arc::new(instance),
        offer: Offer { protocol: protocol.clone(), port: address.port() },
        params: Arc::new(ServiceParams::new(&params)),
    }
}

impl Registry for Dns {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn is_read_only(&self) -> bool {
        true
    }

    fn register(&self, registration: Registration) -> Registering<'_, ()> {
        let what = format!(
            "cannot register {}: {} is only for finding providers; what is in DNS is written there",
            registration.service, self.0.name
        );
        Box::pin(std::future::ready(Err(Status::new(Code::Unimplemented, what))))
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        self.start();
        let subscription = Subscription {
            known: self.0.shared.known.subscribe(),
            dns: self.clone(),
            service: service.clone(),
            last: None,
        };
        let snapshots = stream::unfold(subscription, Subscription::next);
        Box::pin(std::future::ready(Ok(Box::pin(snapshots) as Snapshots)))
    }

    fn failure(&self, _: &ServiceKey) -> Option<Status> {
        self.0.shared.known.borrow().failure.clone()
    }
}

struct Subscription {
    dns: Dns,
    service: ServiceKey,
    known: watch::Receiver<Known>,
    last: Option<Snapshot>,
}

impl Subscription {
    /// The next snapshot that differs from the last.
    async fn next(mut self) -> Option<(Snapshot, Self)> {
        loop {
            let now = self.known.borrow_and_update().snapshot(&self.service, self.dns.options());
            match now {
                Some(now) if self.last.as_ref() != Some(&now) => {
                    self.last = Some(now.clone());
                    return Some((now, self));
                }
                _ => self.known.changed().await.ok()?,
            }
        }
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dns").field(&self.0.options).finish()
    }
}
