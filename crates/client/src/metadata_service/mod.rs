//! The client of the `MetadataService` of instances, which tells what an application exports.
//!
//! Sources: Dubbo Java `MetadataUtils.referMetadataService`, `MetadataServiceVersionUtils`; dubbo-go
//! `metadata/client.go`.

mod v1;
#[cfg(feature = "protobuf")]
mod v2;

use std::sync::Arc;

use dubhe_cluster::Channels;
use dubhe_core::connect::Channel;
use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::printable::Printable;
use dubhe_core::registry::Registering;
use dubhe_core::time::{Deadline, Duration, SharedClock, after};
use dubhe_core::{
    ByteString, Call, Code, Endpoint, Head, Instance, Invoke as _, Method, Payload, Reply,
    ServiceKey, Status,
};
use dubhe_registry::application::{MetadataClient, MetadataTarget};
use futures_util::future::{Either, select};

/// Code that `dubhe-build` generated from the `.proto` file of the server; a test keeps it current.
#[cfg(feature = "protobuf")]
#[allow(
    dead_code,
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    reason = "generated code"
)]
pub(crate) mod generated {
    pub(crate) use dubhe_protobuf as protobuf;

    include!("generated/org.apache.dubbo.metadata.rs");
}

/// The time that Dubbo Java and dubbo-go wait for the metadata of an instance.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A client of the `MetadataService` of instances, for registries of application level. It calls over
/// the channels of an application, so that the connection to an instance is that of other calls.
///
/// An instance is asked by `MetadataServiceV2`, a protobuf service over Triple, where it says that it
/// has it, else by the Java interface `MetadataService`, over the dubbo protocol or Triple. Its answer
/// is bounded as any reply: by the `payload` or `max_message` of the protocol. Services in it whose
/// port is none are left out, with a warning in the log. There is one attempt, of 5 s by default; the
/// registry asks again, or another instance.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use dubhe::client::{Channels, Environment, RemoteMetadataService};
/// use dubhe::time::TokioClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // The protocols come first, then registries that ask instances, then the clients.
/// let (channels, clock) = (Arc::new(Channels::new(Vec::new())), Arc::new(TokioClock));
/// let metadata = RemoteMetadataService::new(channels.clone(), clock.clone())
///     .timeout(Duration::from_secs(2));
/// let env = Environment::builder("shop", clock).channels(channels).build();
/// # drop((metadata, env));
/// # }
/// ```
#[derive(Clone)]
pub struct RemoteMetadataService {
    channels: Arc<Channels>,
    clock: SharedClock,
    timeout: Duration,
}

impl RemoteMetadataService {
    /// Makes a client that calls over `channels`.
    pub fn new(channels: Arc<Channels>, clock: SharedClock) -> Self {
        Self { channels, clock, timeout: TIMEOUT }
    }

    /// Sets the time that an instance may take to answer, connecting included. Default 5 s, as in
    /// Dubbo.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn ask(&self, target: &MetadataTarget, revision: &str) -> Result<MetadataInfo, Status> {
        #[cfg(feature = "protobuf")]
        if target.v2 {
            let reply = self.send(target, v2::service(target), v2::method(), v2::request(revision));
            return v2::info(reply.await.map_err(v2::hint)?).await;
        }
        let reply = self.send(target, v1::service(target), v1::method(), v1::request(revision));
        v1::info(&reply.await?)
    }

    /// Calls a method of the instance, once and until the timeout.
    async fn send(
        &self,
        target: &MetadataTarget,
        service: ServiceKey,
        method: Method,
        payload: Payload,
    ) -> Result<Reply, Status> {
        let instance = Instance {
            host: target.host.clone(),
            application: target.application.clone(),
            ..Instance::default()
        };
        let endpoint = Endpoint::new(Arc::new(instance), target.offer.clone(), Arc::default());
        let channel: Arc<dyn Channel> = self.channels.open(&endpoint)?;
        let now = self.clock.now();
        let deadline = Deadline::after(now, self.timeout);
        let mut head = Head::new(Arc::new(service), Arc::new(method));
        head.arrived = Some(now);
        head.deadline = Some(deadline);
        head.provider = Some(endpoint.provider().clone());
        let call = channel.invoke(Call::new(head, payload));
        // A protocol of one's own may pay no heed to deadlines.
        let late = self.clock.sleep_until(after(now, self.timeout));
        match select(call, late).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(Status::no_reply(self.timeout)),
        }
    }
}

impl MetadataClient for RemoteMetadataService {
    fn metadata(&self, target: &MetadataTarget, revision: &str) -> Registering<'_, MetadataInfo> {
        let (target, revision) = (target.clone(), revision.to_owned());
        Box::pin(async move {
            self.ask(&target, &revision).await.map_err(|status| {
                status.context(format_args!(
                    "instance {} of {:?} does not tell the metadata of revision {revision}",
                    Place(&target),
                    &*target.application,
                ))
            })
        })
    }
}

/// The address of a target, as a URL.
struct Place<'a>(&'a MetadataTarget);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let MetadataTarget { host, offer, .. } = self.0;
        write!(f, "{}", Endpoint::of(offer.protocol.clone(), host.clone(), offer.port))
    }
}

/// The error of an instance that does not know the revision which its registry names.
fn unknown() -> Status {
    let text = "it knows no such revision; it has another one by now, or is another process than the \
                registry says";
    Status::new(Code::NotFound, text)
}

/// A service of an answer, or `None` when its port is none. The path is the interface where the answer
/// has none.
fn service_info(
    key: ServiceKey,
    protocol: ByteString,
    port: i64,
    path: ByteString,
    params: impl Iterator<Item = (ByteString, ByteString)>,
) -> Option<ServiceInfo> {
    let port = u16::try_from(port).ok()?;
    let path = if path.is_empty() { key.interface().clone() } else { path };
    Some(ServiceInfo { service: key, protocol, port, path, params: params.collect() })
}

/// The metadata of these services, by their keys; without those that cannot be read.
fn metadata_info(
    application: ByteString,
    revision: ByteString,
    services: impl Iterator<Item = Option<ServiceInfo>>,
) -> MetadataInfo {
    let mut left_out: usize = 0;
    let services = services.inspect(|of| left_out += usize::from(of.is_none())).flatten();
    let services = services.map(|of| (of.match_key().into(), of)).collect();
    if left_out > 0 {
        let application = Printable(&*application);
        tracing::warn!(
            %application, left_out,
            "the metadata of an application has services without a name or with a wrong port"
        );
    }
    MetadataInfo { application, revision, services }
}

impl std::fmt::Debug for RemoteMetadataService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RemoteMetadataService({:?}, {:?})", self.channels, self.timeout)
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]
mod tests;
