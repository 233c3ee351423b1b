//! An instance, an offer of it, and the endpoint that is both.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

use super::state::EndpointState;
use crate::metadata::Metadata;

/// Parameters by name, sorted. Unknown ones are kept and passed on.
pub type Params = BTreeMap<ByteString, ByteString>;

/// A running process that serves calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Host name or IP address, without port.
    pub host: ByteString,
    /// The application it belongs to, or `""`.
    pub application: ByteString,
    /// Parameters of the instance as a whole.
    pub params: Params,
}

/// One way to reach an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offer {
    /// The protocol by Dubbo's name, such as `dubbo` or `tri`.
    pub protocol: ByteString,
    /// The TCP port.
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

/// Dubbo's weight of a provider that says nothing.
const DEFAULT_WEIGHT: u32 = 100;

/// One offer of one instance, with the parameters of the service it is asked for. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint(Arc<Inner>);

struct Inner {
    instance: Arc<Instance>,
    offer: Offer,
    service: Arc<ServiceParams>,
    state: Arc<EndpointState>,
    weight: u32,
    attachments: Metadata,
}

impl Endpoint {
    /// The endpoint of `offer` on `instance`, with a state of its own; see
    /// [`super::States::adopt`] for states that survive a change of the set.
    pub fn new(instance: Arc<Instance>, offer: Offer, service: Arc<ServiceParams>) -> Self {
        Self::with_state(instance, offer, service, Arc::default())
    }

    /// The endpoint with a state that exists already.
    pub fn with_state(
        instance: Arc<Instance>,
        offer: Offer,
        service: Arc<ServiceParams>,
        state: Arc<EndpointState>,
    ) -> Self {
        let weight = service.get("weight").and_then(|w| w.parse().ok()).unwrap_or(DEFAULT_WEIGHT);
        let token = service.get("token").filter(|token| !token.is_empty());
        let attachments = token.map(|token| ("token", token)).into_iter().collect();
        Self(Arc::new(Inner { instance, offer, service, state, weight, attachments }))
    }

    /// The endpoint `protocol://host:port` without further parameters.
    pub fn of(protocol: impl Into<ByteString>, host: impl Into<ByteString>, port: u16) -> Self {
        let instance = Instance { host: host.into(), ..Instance::default() };
        let offer = Offer { protocol: protocol.into(), port };
        Self::new(Arc::new(instance), offer, Arc::default())
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

    /// What balancers remember of it.
    pub fn state(&self) -> &Arc<EndpointState> {
        &self.0.state
    }

    /// Its share of the calls, relative to others; `weight`, 100 by default.
    pub fn weight(&self) -> u32 {
        self.0.weight
    }

    /// What every call to it carries: the `token` it published, if any.
    pub fn attachments(&self) -> &Metadata {
        &self.0.attachments
    }

    /// What it is recognised by across sets: `protocol://host:port`.
    pub fn identity(&self) -> (&str, &str, u16) {
        (&self.0.offer.protocol, &self.0.instance.host, self.0.offer.port)
    }

    /// The address to dial, `host:port`, with brackets around an IPv6 address.
    pub fn address(&self) -> String {
        let (_, host, port) = self.identity();
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
        write!(f, "{}://{}", self.0.offer.protocol, self.address())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}
