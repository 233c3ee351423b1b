//! An instance, an offer of it, and the endpoint that is both.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

use super::state::EndpointState;
use crate::metadata::Metadata;
use crate::printable::Printable;
use crate::sock_addr::unix_path;
use crate::time::{Duration, Instant, SystemTime};
use crate::url::write_unix;

/// Parameters by name, sorted. Unknown ones are kept and passed on.
pub type Params = BTreeMap<ByteString, ByteString>;

/// A running process that serves calls. The facts that decisions depend on have types and are
/// parsed once, by who learns of the instance; a registry that does not know one leaves the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Host name or IP address, without port; or `unix:PATH`, a Unix socket on this machine, whose
    /// offers have the port 0.
    pub host: ByteString,
    /// The application it belongs to, or `""`.
    pub application: ByteString,
    /// The zone it runs in, for routers that prefer what is near; `None` by default.
    pub zone: Option<ByteString>,
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
    /// Parameters of the instance as a whole.
    pub params: Params,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            host: ByteString::new(),
            application: ByteString::new(),
            zone: None,
            ready: true,
            serving: true,
            terminating: false,
            started: None,
            params: Params::new(),
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offer {
    /// The protocol by Dubbo's name, such as `dubbo` or `tri`.
    pub protocol: ByteString,
    /// The TCP port; 0 for a Unix socket.
    pub port: u16,
}

/// The parameters of a service, stored once for all endpoints that share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceParams {
    /// All parameters, by Dubbo's names.
    pub params: Params,
}

impl ServiceParams {
    /// The parameter `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(|v| &**v)
    }
}

/// The weight of a provider that was started `uptime` ago, less than `warmup`.
fn warmup_weight(uptime: Duration, warmup: Duration, weight: u32) -> u32 {
    // Java computes with whole milliseconds and in 32-bit floats.
    let part = uptime.as_millis() as f32 / (warmup.as_millis() as f32 / weight as f32);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounds down and saturates, as Java's does"
    )]
    let part = part as u32;
    part.clamp(1, weight.max(1))
}

/// Dubbo's weight of a provider that says nothing.
const DEFAULT_WEIGHT: u32 = 100;
/// Dubbo's `warmup` of a provider that says nothing.
const DEFAULT_WARMUP: Duration = Duration::from_mins(10);

/// An offer of an instance, with the parameters of the service it is asked for. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint(Arc<Inner>);

struct Inner {
    instance: Arc<Instance>,
    offer: Offer,
    service: Arc<ServiceParams>,
    state: Arc<EndpointState>,
    weight: u32,
    warmup: Duration,
    attachments: Metadata,
}

impl Endpoint {
    /// The endpoint of `offer` on `instance`, with a state of its own; see
    /// [`super::States::adopt`] for states that survive a change of the set.
    pub fn new(instance: Arc<Instance>, offer: Offer, service: Arc<ServiceParams>) -> Self {
        Self::from_parts(instance, offer, service, Arc::default())
    }

    fn from_parts(
        instance: Arc<Instance>,
        offer: Offer,
        service: Arc<ServiceParams>,
        state: Arc<EndpointState>,
    ) -> Self {
        let weight = service.get("weight").and_then(|w| w.parse().ok()).unwrap_or(DEFAULT_WEIGHT);
        let warmup = service.get("warmup").and_then(|ms| ms.parse().ok());
        let warmup = warmup.map_or(DEFAULT_WARMUP, Duration::from_millis);
        let token = service.get("token").filter(|token| !token.is_empty());
        let attachments = token.map(|token| ("token", token)).into_iter().collect();
        Self(Arc::new(Inner { instance, offer, service, state, weight, warmup, attachments }))
    }

    /// The endpoint `protocol://host:port` without further parameters.
    pub fn of(protocol: impl Into<ByteString>, host: impl Into<ByteString>, port: u16) -> Self {
        let instance = Instance { host: host.into(), ..Instance::default() };
        let offer = Offer { protocol: protocol.into(), port };
        Self::new(Arc::new(instance), offer, Arc::default())
    }

    /// The same endpoint with a state that exists already.
    pub fn with_state(mut self, state: Arc<EndpointState>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.state = state;
            return self;
        }
        let Inner { instance, offer, service, .. } = &*self.0;
        Self::from_parts(instance.clone(), offer.clone(), service.clone(), state)
    }

    /// The same endpoint with a state of its own, for a channel that keeps it: the state owns the
    /// channel.
    pub fn detached(&self) -> Self {
        self.clone().with_state(Arc::default())
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

    /// A parameter of the service, else of the instance.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.0.service.get(name).or_else(|| self.0.instance.params.get(name).map(|v| &**v))
    }

    /// The memory that balancers have of it.
    pub fn state(&self) -> &Arc<EndpointState> {
        &self.0.state
    }

    /// The share of the calls at `now`, relative to other instances: the parameter `weight`, 100 by
    /// default, of which a provider that has just started takes its part (Dubbo Java
    /// `AbstractLoadBalance.calculateWarmupWeight`): as much as it has lived of `warmup`
    /// milliseconds, 10 minutes by default, and at least 1.
    pub fn weight(&self, now: Instant) -> u32 {
        match self.warming(now) {
            Some(uptime) => warmup_weight(uptime, self.0.warmup, self.0.weight),
            None => self.0.weight,
        }
    }

    /// The moment at which the weight becomes another one; `None` for never.
    pub fn weight_changes(&self, now: Instant) -> Option<Instant> {
        self.warming(now)?;
        Some(now + (self.0.warmup / self.0.weight.max(1)).max(Duration::from_millis(1)))
    }

    /// The time that it has lived, when that is less than its time of warming up.
    fn warming(&self, now: Instant) -> Option<Duration> {
        let lived = now.saturating_duration_since(self.0.state.started()?);
        (lived < self.0.warmup && self.0.weight > 0).then_some(lived)
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

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Endpoint {}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = &self.0.offer.protocol;
        match self.unix_path() {
            Some(path) => write_unix(f, protocol, path),
            None => write!(f, "{}://{}", Printable(protocol), Printable(self.address())),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_warms_up_as_in_java() {
        // Rows of Dubbo Java 3.3.6: warmup, weight, uptime, answer.
        for (warmup, weight, uptime, expected) in [
            (600_000, 100, 0, 1),
            (600_000, 100, 5_999, 1),
            (600_000, 100, 12_345, 2),
            (600_000, 100, 299_999, 49),
            (600_000, 100, 300_000, 50),
            (600_000, 100, 599_999, 99),
            (600_000, 7, 599_999, 6),
            (600_000, 1000, 333_333, 555),
            (600_000, 2_147_483_647, 100_000, 357_913_952),
            (60_000, 3, 59_999, 2),
            (16_777_217, 16_777_217, 333_333, 333_333),
        ] {
            let [warmup, uptime] = [warmup, uptime].map(Duration::from_millis);
            assert_eq!(warmup_weight(uptime, warmup, weight), expected, "{uptime:?} of {warmup:?}");
        }
    }

    #[test]
    fn a_weight_is_a_function_of_time() {
        let params = [("weight", "200"), ("warmup", "2000")];
        let params = params.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        let service = Arc::new(ServiceParams { params });
        let endpoint = Endpoint::new(Arc::default(), Offer::default(), service);
        let now = Instant::now();
        assert_eq!((endpoint.weight(now), endpoint.weight_changes(now)), (200, None));
        endpoint.state().set_started(now);
        let after = |millis| now + Duration::from_millis(millis);
        let weights = [0, 500, 1999, 2000].map(|millis| endpoint.weight(after(millis)));
        assert_eq!(weights, [1, 50, 199, 200]);
        assert_eq!(endpoint.weight_changes(after(500)), Some(after(510)));
        assert_eq!(endpoint.weight_changes(after(2000)), None);
    }
}
