//! The snapshots of one registry, whatever becomes of a subscription.

use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::registry::{Registry, Snapshot, Snapshots};
use dubhe_core::time::{Duration, SharedClock, Sleep};
use futures_util::{Stream, StreamExt as _, stream};

/// The time for which a registry that failed is left alone before it is asked again.
const PAUSE: Duration = Duration::from_secs(3);

/// The snapshots of `service` in `registry`, which is asked again whenever a subscription fails or
/// ends.
pub(super) fn snapshots(
    registry: Arc<dyn Registry>,
    service: ServiceKey,
    clock: SharedClock,
) -> impl Stream<Item = Snapshot> + Send {
    let subscription = Subscription { registry, service, clock, current: None };
    stream::unfold(subscription, |mut subscription| async move {
        let snapshot = subscription.next().await;
        Some((snapshot, subscription))
    })
}

struct Subscription {
    registry: Arc<dyn Registry>,
    service: ServiceKey,
    clock: SharedClock,
    current: Option<Snapshots>,
}

impl Subscription {
    async fn next(&mut self) -> Snapshot {
        loop {
            if let Some(current) = &mut self.current {
                if let Some(snapshot) = current.next().await {
                    return snapshot;
                }
                self.current = None;
                self.pause().await;
            }
            match self.registry.subscribe(&self.service).await {
                Ok(current) => self.current = Some(current),
                Err(error) => {
                    let service = &self.service;
                    tracing::warn!(%service, %error, "cannot subscribe to the providers; trying again");
                    self.pause().await;
                }
            }
        }
    }

    fn pause(&self) -> Sleep {
        self.clock.sleep_until(self.clock.now() + PAUSE)
    }
}
