//! The news of one registry, whatever becomes of a subscription.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use dubhe_core::registry::{Registry, Snapshot, Snapshots};
use dubhe_core::time::{Duration, Instant, SharedClock};
use dubhe_core::{ServiceKey, Status};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};

/// The time for which a registry that failed is left alone before it is asked again.
const PAUSE: Duration = Duration::from_secs(3);

/// The news of a subscription.
pub(super) enum News {
    /// The present providers.
    Snapshot(Snapshot),
    /// The subscription failed, ended or panicked, for this reason, and begins anew after a pause.
    Lost(String),
}

/// The news of `service` in `registry`, whatever becomes of a subscription.
pub(super) fn news(
    registry: Arc<dyn Registry>,
    service: ServiceKey,
    clock: SharedClock,
) -> impl Stream<Item = News> + Send {
    let subscription = Subscription { registry, service, clock, current: None, lost: None };
    stream::unfold(subscription, |mut subscription| async move {
        let news = subscription.next().await;
        Some((news, subscription))
    })
}

struct Subscription {
    registry: Arc<dyn Registry>,
    service: ServiceKey,
    clock: SharedClock,
    current: Option<Snapshots>,
    /// The moment at which the subscription before was lost.
    lost: Option<Instant>,
}

impl Subscription {
    async fn next(&mut self) -> News {
        // A registry may panic before it gives a future or a stream, too.
        let error = match AssertUnwindSafe(self.snapshot()).catch_unwind().await {
            Ok(Ok(snapshot)) => return News::Snapshot(snapshot),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the registry panicked; the log says where".to_owned(),
        };
        self.warn(&error);
        self.current = None;
        self.lost = Some(self.clock.now());
        News::Lost(error)
    }

    async fn snapshot(&mut self) -> Result<Snapshot, Status> {
        let current = match &mut self.current {
            Some(current) => current,
            None => {
                if let Some(lost) = self.lost.take() {
                    self.clock.sleep_until(lost + PAUSE).await;
                }
                self.current.insert(self.registry.subscribe(&self.service).await?)
            }
        };
        current.next().await.ok_or_else(|| Status::unavailable("the subscription has ended"))
    }

    fn warn(&self, error: &str) {
        let service = &self.service;
        tracing::warn!(%service, %error, "cannot follow the providers; trying again");
    }
}
