//! Another one while the first is slow.

use dubhe_core::fault::{Attempts, FaultStrategy};
use dubhe_core::status::Origin;
use dubhe_core::time::Duration;
use dubhe_core::{Call, Invoking};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::is_answer;

/// Asks another provider when an answer has not come within a delay, and takes the first answer, as gRPC's hedging
/// (gRFC A6): it cuts off the tail of the latency for a few more calls. The others are cancelled then.
///
/// A failure that may be repeated sends the next attempt at once; any other ends the call. No provider is asked twice.
/// Attempts beyond the first take from the retry budget, and where it is spent there is none. Only what may run twice is sent a second time
/// before the first attempt has failed (`repeatable`).
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::Hedge; } pub use dubhe_core::fault::Fault; }
/// use std::time::Duration;
/// use dubhe::Fault;
/// use dubhe::fault::Hedge;
///
/// // About the 95th percentile of the latency, and two attempts in all.
/// let fault = Fault::strategy(Hedge::new(Duration::from_millis(30), 2));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Hedge {
    delay: Duration,
    max: u32,
}

/// The most attempts of a call, as in gRPC.
const MOST: u32 = 5;

impl Hedge {
    /// Begins an attempt every `delay`, up to `max` in all: at least 1, at most 5.
    pub fn new(delay: Duration, max: u32) -> Self {
        Self { delay, max: max.clamp(1, MOST) }
    }
}

impl FaultStrategy for Hedge {
    fn run(&self, call: Call, attempts: Attempts) -> Invoking {
        let Self { delay, max } = *self;
        Invoking::boxed(async move {
            let Some(copy) = call.try_clone() else { return attempts.next(call).await };
            // Each goes to a provider of its own.
            let providers = u32::try_from(attempts.candidates(&call).len()).unwrap_or(max);
            let max = max.min(providers);
            let mut running = FuturesUnordered::new();
            running.push(attempts.next(copy));
            let (mut sent, mut due) = (1, attempts.sleep(delay));
            loop {
                let hedges = sent < max && attempts.is_repeatable();
                let ended = tokio::select! {
                    biased;
                    ended = running.next() => ended,
                    () = &mut due, if hedges => None,
                };
                if let Some(outcome) = ended {
                    let Err(status) = outcome else { return outcome };
                    if is_answer(&status) {
                        return Err(status);
                    }
                    if !attempts.may_repeat(&status) {
                        // One that was never sent, such as without budget, ends no other.
                        if status.origin() != Origin::Local || running.is_empty() {
                            return Err(status);
                        }
                        sent = max;
                        continue;
                    }
                    if sent >= max {
                        if running.is_empty() {
                            return Err(status);
                        }
                        continue;
                    }
                }
                let Some(copy) = call.try_clone() else { continue };
                running.push(attempts.next(copy));
                sent += 1;
                due = attempts.sleep(delay);
            }
        })
    }
}
