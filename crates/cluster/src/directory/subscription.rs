//! The news of one registry, whatever becomes of a subscription.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dubhe_core::random::RandomSource;
use dubhe_core::registry::{Registry, Snapshot, Snapshots};
use dubhe_core::time::{Duration, Instant, SharedClock, after};
use dubhe_core::{ServiceKey, Status};
use futures_util::stream::{BoxStream, SelectAll, select_all};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};

use crate::panicked::registry_name;

/// The news of a subscription.
pub(super) enum News {
    /// The present providers.
    Snapshot(Snapshot),
    /// The subscription failed, ended or panicked, for this reason, and begins anew after a pause.
    Lost(String),
}

/// The news of several registries, with their places.
pub(super) type AllNews = SelectAll<BoxStream<'static, (usize, News)>>;

/// The news of `service` in these registries.
pub(super) fn all_news(
    registries: &[Arc<dyn Registry>],
    service: &ServiceKey,
    clock: &SharedClock,
    random: &Arc<dyn RandomSource>,
) -> AllNews {
    let all = registries.iter().enumerate().map(|(place, registry)| {
        let news = news(registry.clone(), service.clone(), clock.clone(), random.clone());
        news.map(move |news| (place, news)).boxed()
    });
    select_all(all)
}

/// The news of `service` in `registry`, whatever becomes of a subscription.
fn news(
    registry: Arc<dyn Registry>,
    service: ServiceKey,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
) -> impl Stream<Item = News> + Send {
    let subscription = Subscription {
        registry,
        service,
        clock,
        random,
        current: None,
        began: None,
        failures: 0,
        again: None,
    };
    stream::unfold(subscription, |mut subscription| async move {
        let news = subscription.next().await;
        Some((news, subscription))
    })
}

struct Subscription {
    registry: Arc<dyn Registry>,
    service: ServiceKey,
    clock: SharedClock,
    random: Arc<dyn RandomSource>,
    current: Option<Snapshots>,
    /// The moment at which the current subscription began.
    began: Option<Instant>,
    /// The failures in a row.
    failures: u32,
    /// The moment before which a registry that failed is left alone.
    again: Option<Instant>,
}

impl Subscription {
    async fn next(&mut self) -> News {
        // A registry may panic before it gives a future or a stream, too.
        let error = match AssertUnwindSafe(self.snapshot()).catch_unwind().await {
            Ok(Ok(snapshot)) => return News::Snapshot(snapshot),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the registry panicked; the log says where".to_owned(),
        };
        self.current = None;
        let pause = self.pause();
        self.again = Some(after(self.clock.now(), pause));
        let (service, registry) = (&self.service, registry_name(&self.registry));
        tracing::warn!(
            %service, registry, %error, ?pause, "cannot follow the providers; trying again"
        );
        News::Lost(error)
    }

    async fn snapshot(&mut self) -> Result<Snapshot, Status> {
        let current = match &mut self.current {
            Some(current) => current,
            None => {
                if let Some(again) = self.again.take() {
                    self.clock.sleep_until(again).await;
                }
                let current = self.registry.subscribe(&self.service).await?;
                self.began = Some(self.clock.now());
                self.current.insert(current)
            }
        };
        current.next().await.ok_or_else(|| Status::unavailable("the subscription has ended"))
    }

    /// The pause after one more failure. A subscription that ends sooner than the longest pause counts
    /// as one more in a row: a registry that lets clients in and throws them out is not asked in a loop.
    fn pause(&mut self) -> Duration {
        let backoff = catch_unwind(AssertUnwindSafe(|| self.registry.backoff()));
        let backoff = backoff.unwrap_or_default();
        let now = self.clock.now();
        let lasted = |began| now.saturating_duration_since(began) > backoff.max;
        let stable = self.began.take().is_some_and(lasted);
        self.failures = if stable { 1 } else { self.failures.saturating_add(1) };
        backoff.pause(self.failures, &*self.random)
    }
}
