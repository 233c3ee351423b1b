//! Streams that go on whatever becomes of a subscription, and tasks that end with their owner.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, Instant, SharedClock, Sleep, after};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::task::AbortHandle;

/// A task that ends when this is dropped.
#[derive(Debug)]
pub(super) struct Task(pub(super) AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Time and chance of decisions.
#[derive(Clone)]
pub(super) struct Pauses {
    pub(super) clock: SharedClock,
    pub(super) random: Arc<dyn RandomSource>,
}

impl Pauses {
    /// Resolves after this time.
    pub(super) fn sleep(&self, time: Duration) -> Sleep {
        self.clock.sleep_until(after(self.clock.now(), time))
    }

    /// The pause after this many failures in a row.
    pub(super) fn pause(&self, backoff: FullJitter, failures: u32) -> Duration {
        backoff.pause(failures, &*self.random)
    }

    /// The output of `future`, or an error when it takes longer than `limit`.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        future: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        tokio::select! {
            output = future => output,
            () = self.sleep(limit) => {
                Err(Status::deadline_exceeded(format!("no answer within {limit:?}")))
            }
        }
    }
}

/// The news of a subscription.
pub(super) enum News<T> {
    /// The present state.
    Present(T),
    /// The subscription failed or ended, for this reason, and begins anew after a pause.
    Lost(Status),
}

/// A future that opens a subscription.
pub(super) type Opening<T> =
    Pin<Box<dyn Future<Output = Result<BoxStream<'static, T>, Status>> + Send>>;

/// Follows what `open` opens, for ever. `what` names it in the log, of what is called `registry`.
pub(super) fn follow<T: Send + 'static>(
    what: String,
    registry: String,
    backoff: FullJitter,
    pauses: Pauses,
    open: impl FnMut() -> Opening<T> + Send + 'static,
) -> BoxStream<'static, News<T>> {
    let following = Following {
        what,
        registry,
        backoff,
        pauses,
        open,
        current: None,
        began: None,
        failures: 0,
        again: None,
        lost: false,
    };
    let news = stream::unfold(following, |mut following| async move {
        let news = following.next().await;
        Some((news, following))
    });
    Box::pin(news)
}

struct Following<T, F> {
    what: String,
    registry: String,
    backoff: FullJitter,
    pauses: Pauses,
    open: F,
    current: Option<BoxStream<'static, T>>,
    /// The moment at which the current subscription began.
    began: Option<Instant>,
    /// The failures in a row.
    failures: u32,
    /// The moment before which nothing is opened.
    again: Option<Instant>,
    /// `true` from a failure until it answers.
    lost: bool,
}

impl<T, F: FnMut() -> Opening<T>> Following<T, F> {
    async fn next(&mut self) -> News<T> {
        // What is not ours may panic.
        let error = match AssertUnwindSafe(self.present()).catch_unwind().await {
            Ok(Ok(present)) => {
                if std::mem::take(&mut self.lost) {
                    tracing::info!(what = self.what, registry = self.registry, "following again");
                }
                return News::Present(present);
            }
            Ok(Err(error)) => error,
            Err(_) => Status::internal("it panicked; the log says where"),
        };
        (self.current, self.lost) = (None, true);
        let now = self.pauses.clock.now();
        let lasted = |began| now.saturating_duration_since(began) > self.backoff.max;
        // One that ends soon counts as one more in a row, lest it be opened in a loop.
        let stable = self.began.take().is_some_and(lasted);
        self.failures = if stable { 1 } else { self.failures.saturating_add(1) };
        let pause = self.pauses.pause(self.backoff, self.failures);
        self.again = Some(after(now, pause));
        let (what, registry) = (&self.what, &self.registry);
        if self.failures.is_power_of_two() {
            tracing::warn!(what, registry, %error, ?pause, "cannot follow; trying again");
        } else {
            tracing::debug!(what, registry, %error, ?pause, "cannot follow; trying again");
        }
        News::Lost(error)
    }

    async fn present(&mut self) -> Result<T, Status> {
        let current = match &mut self.current {
            Some(current) => current,
            None => {
                if let Some(again) = self.again {
                    self.pauses.clock.sleep_until(again).await;
                    self.again = None;
                }
                let current = (self.open)().await?;
                self.began = Some(self.pauses.clock.now());
                self.current.insert(current)
            }
        };
        current.next().await.ok_or_else(|| Status::unavailable("the subscription has ended"))
    }
}
