//! `peer.api.GreetService`: what every dubbo peer exports and calls.

mod provider;

use dubhe::{Status, interface};

pub(crate) use provider::Greeter;

/// The name of the service.
pub(crate) const INTERFACE: &str = "peer.api.GreetService";

/// The same service, called without waiting.
#[interface("peer.api.GreetService")]
pub(crate) trait GreetOneway {
    #[java(oneway)]
    async fn nothing(&self) -> Result<(), Status>;
}
