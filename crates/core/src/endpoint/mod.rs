//! Instances, the protocols they offer, endpoints that are both, and sets of these.

#[allow(clippy::module_inception, reason = "the type that the module is named after")]
mod endpoint;
mod explanation;
mod set;
mod state;
mod timeouts;

pub use endpoint::Endpoint;
pub use explanation::{DirectoryState, InstanceState, KnownTo, RegistryState, Usage};
pub use set::{Endpoints, Health};
pub use state::{Changes, EndpointState, States};
pub use timeouts::TimeoutLimit;

pub use crate::defaults::{CallDefaults, Level};
pub use crate::instance::{Instance, Offer, Provider};
pub use crate::params::{PackedParams, Params, ServiceParams, SharedParams};
