//! An endpoint: a provider and the memory that calls leave of it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytestring::ByteString;

use super::state::EndpointState;
use crate::instance::{Instance, Offer, Provider};
use crate::origin::Origin;
use crate::params::{Params, ServiceParams};
use crate::service::ServiceKey;
use crate::time::{Duration, Instant, after};

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

/// A [`Provider`] with its state: its channel, its calls in flight, what balancers learnt of it.
/// Cheap to clone.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; }
/// use std::time::Instant;
/// use dubhe::Endpoint;
///
/// let endpoint = Endpoint::of("tri", "10.0.0.7", 50051);
/// assert_eq!(endpoint.to_string(), "tri://10.0.0.7:50051");
/// assert_eq!(endpoint.weight(Instant::now()), 100);
/// // It has the facts of its `Provider`:
/// assert_eq!(endpoint.offer().protocol, "tri");
/// ```
#[derive(Clone)]
pub struct Endpoint {
    provider: Provider,
    state: Arc<EndpointState>,
}

impl Endpoint {
    /// The endpoint of `offer` on `instance`, with a state of its own. A client gives it the state of the
    /// endpoint that its [`Directory`](crate::directory::Directory) had before at the same address.
    pub fn new(instance: Arc<Instance>, offer: Offer, service: Arc<ServiceParams>) -> Self {
        let state = Arc::<EndpointState>::default();
        let provider = Provider::new(instance, offer, service).with_stats(state.stats().clone());
        Self { provider, state }
    }

    /// The endpoint `protocol://host:port` without further parameters.
    pub fn of(protocol: impl Into<ByteString>, host: impl Into<ByteString>, port: u16) -> Self {
        let instance = Instance { host: host.into(), ..Instance::default() };
        let offer = Offer { protocol: protocol.into(), port };
        Self::new(Arc::new(instance), offer, Arc::default())
    }

    /// The same endpoint with a state that exists already.
    pub fn with_state(self, state: Arc<EndpointState>) -> Self {
        let provider = self.provider.with_stats(state.stats().clone());
        Self { provider, state }
    }

    /// The same endpoint, to which calls are for the service `key`, whatever that of the client is.
    pub fn with_service_key(self, key: Arc<ServiceKey>) -> Self {
        Self { provider: self.provider.with_service_key(key), ..self }
    }

    /// The same endpoint with the parameters `params` of its service, of which configurators set `overrides`: a
    /// timeout, retries or balancer among these goes before what a client has for all methods, and one of a method
    /// before what it has for that method.
    pub fn with_params(self, params: Arc<ServiceParams>, overrides: &Params) -> Self {
        Self { provider: self.provider.with_params(params, overrides), ..self }
    }

    /// The same endpoint, known to these registries; see [`Provider::origins`].
    pub fn with_origins(self, origins: Arc<[Arc<Origin>]>) -> Self {
        Self { provider: self.provider.with_origins(origins), ..self }
    }

    /// The same endpoint with a state of its own, for a channel that keeps it: the state owns the
    /// channel.
    pub fn detached(&self) -> Self {
        self.clone().with_state(Arc::default())
    }

    /// The facts alone.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The memory that balancers have of it.
    pub fn state(&self) -> &Arc<EndpointState> {
        &self.state
    }

    /// The share of the calls at `now`, relative to other instances: the parameter `weight`, 100 by
    /// default, of which a provider that has just started takes its part (Dubbo Java
    /// `AbstractLoadBalance.calculateWarmupWeight`): as much as it has lived of `warmup`
    /// milliseconds, 10 minutes by default, and at least 1.
    pub fn weight(&self, now: Instant) -> u32 {
        match self.warming(now) {
            Some(uptime) => {
                warmup_weight(uptime, self.provider.warmup(), self.provider.full_weight())
            }
            None => self.provider.full_weight(),
        }
    }

    /// The moment at which the weight becomes another one; `None` for never.
    pub fn weight_changes(&self, now: Instant) -> Option<Instant> {
        self.warming(now)?;
        let step = self.provider.warmup() / self.provider.full_weight().max(1);
        Some(after(now, step.max(Duration::from_millis(1))))
    }

    /// The time that it has lived, when that is less than its time of warming up.
    fn warming(&self, now: Instant) -> Option<Duration> {
        let lived = now.saturating_duration_since(self.state.started()?);
        (lived < self.provider.warmup() && self.provider.full_weight() > 0).then_some(lived)
    }
}

impl Deref for Endpoint {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        &self.provider
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.provider == other.provider
    }
}

impl Eq for Endpoint {}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.provider.fmt(f)
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
        let service = Arc::new(ServiceParams::new(&params));
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
