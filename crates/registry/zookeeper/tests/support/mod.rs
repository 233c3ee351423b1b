//! Parts that all tests of this crate share.

use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::registry::Registration;
use dubhe_core::time::SharedClock;
use dubhe_net::time::TokioClock;

/// The clock of the runtime, which some tests pause.
pub(crate) fn clock() -> SharedClock {
    Arc::new(TokioClock)
}

/// The service that the tests announce.
pub(crate) fn service() -> ServiceKey {
    ServiceKey::new("demo.Greet", "g1", "1.2.3")
}

/// The ports of providers, sorted.
pub(crate) fn ports(providers: &[Registration]) -> Vec<u16> {
    let mut ports: Vec<u16> = providers.iter().map(|p| p.offer.port).collect();
    ports.sort_unstable();
    ports
}
