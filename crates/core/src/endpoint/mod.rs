//! Instances, the protocols they offer, and sets of both.

mod instance;
mod set;
mod state;
mod timeouts;

pub use instance::{Endpoint, Instance, Offer, Params, ServiceParams};
pub use set::{Endpoints, Health};
pub use state::{Changes, EndpointState, States};
pub use timeouts::TimeoutLimit;
