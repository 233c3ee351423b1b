//! Keeping one thing in place, through outages and whoever takes it away.

use std::fmt;
use std::sync::Arc;

use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{SharedClock, after};

use super::audits::{AUDIT_PERIOD, Audits};
use super::kept::Keeper;

/// The times in a row that what somebody takes away is put back without a pause: two processes of one
/// address must not drive each other.
const PROMPT_RETURNS: u32 = 1;

/// The reason why something is not in place.
#[derive(Clone, Debug)]
pub enum Unplaced {
    /// The end of the client, and with it of everything that it kept.
    Closed,
    /// The loss of the connection; the next attempt waits for another.
    Disconnected,
    /// The lack of an answer, which the state of the connection tells of.
    Unanswered,
    /// The refusal of the registry.
    Refused(Status),
}

/// The reason to put something in place again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The end of its session or lease, or the doubt of it.
    Ended,
    /// The act of somebody who took it away, or changed it.
    Taken,
}

/// A thing in a registry.
pub trait Placing<V>: Send {
    /// The name in the log.
    fn name(&self) -> impl fmt::Display;

    /// The pauses after refusals.
    fn backoff(&self) -> FullJitter;

    /// Waits for a connection, and makes sure that the thing is there with this value.
    fn place(&mut self, value: &V) -> impl Future<Output = Result<(), Unplaced>> + Send;

    /// Waits until what is in place is so no more. May be dropped and called again.
    fn lost(&mut self) -> impl Future<Output = Lost> + Send;

    /// Takes it back, if it is ours.
    fn remove(&mut self) -> impl Future<Output = Result<(), Status>> + Send;
}

impl<V: Clone> Keeper<V> {
    /// Keeps the value in place until nobody wants it any more, and takes it back then.
    pub async fn run(
        mut self,
        mut thing: impl Placing<V>,
        clock: SharedClock,
        random: Arc<dyn RandomSource>,
    ) {
        let released = self.released();
        tokio::select! {
            biased;
            () = released => {}
            // The client is closed, and everything gone with its session.
            () = async {
                self.earlier_ended().await;
                self.hold(&mut thing, &clock, &*random).await;
            } => return,
        }
        self.earlier_ended().await;
        self.removed(thing.remove().await);
    }

    /// Puts the value in place whenever it is not; ends when the client is closed.
    async fn hold(
        &mut self,
        thing: &mut impl Placing<V>,
        clock: &SharedClock,
        random: &dyn RandomSource,
    ) {
        let (mut failures, mut contested) = (0_u32, 0_u32);
        let (mut audits, mut taken_at) = (Audits::default(), clock.now());
        loop {
            let (number, value) = self.wanted();
            let pause = match thing.place(&value).await {
                Ok(()) => {
                    if std::mem::take(&mut failures) > 0 {
                        tracing::info!(name = %thing.name(), "registered after all");
                    }
                    self.placed(number);
                    let audit = audits.next(clock.now(), 0, random);
                    let lost = tokio::select! {
                        lost = thing.lost() => lost,
                        () = self.changed() => {
                            audits.restart();
                            continue;
                        }
                        () = clock.sleep_until(audit) => {
                            if after(taken_at, AUDIT_PERIOD / 2) <= clock.now() {
                                contested = 0;
                            }
                            continue;
                        }
                    };
                    audits.restart();
                    if lost == Lost::Ended {
                        continue;
                    }
                    taken_at = clock.now();
                    contested = contested.saturating_add(1);
                    if contested <= PROMPT_RETURNS {
                        continue;
                    }
                    let pause = thing.backoff().pause(contested - PROMPT_RETURNS, random);
                    if contested.is_power_of_two() {
                        tracing::warn!(
                            name = %thing.name(),
                            times = contested,
                            ?pause,
                            "somebody else takes away what we registered; putting it back"
                        );
                    }
                    pause
                }
                Err(Unplaced::Closed) => return,
                Err(Unplaced::Disconnected) => continue,
                Err(error) => {
                    failures = failures.saturating_add(1);
                    let pause = thing.backoff().pause(failures, random);
                    if let Unplaced::Refused(status) = error {
                        let name = thing.name();
                        tracing::warn!(%name, %status, ?pause, "cannot register; trying again");
                        self.refused(number, status);
                    }
                    pause
                }
            };
            tokio::select! {
                () = clock.sleep_until(after(clock.now(), pause)) => {}
                () = self.changed() => {}
            }
        }
    }
}
