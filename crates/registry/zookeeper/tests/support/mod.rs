//! Parts that all tests of this crate share.

use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::registry::Registration;
use dubhe_core::time::{Clock, Instant, SharedClock, Sleep};

/// tokio's clock, which some tests pause.
pub(crate) struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        Box::pin(tokio::time::sleep_until(when.into()))
    }

    fn wall(&self) -> std::time::SystemTime {
        std::time::SystemTime::now()
    }
}

/// The clock of the runtime.
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
