//! Several at once.

use dubhe_core::fault::{Attempts, FaultStrategy};
use dubhe_core::invoke::Outcome;
use dubhe_core::{Call, Endpoint, Invoking, Provider};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::is_answer;

/// Asks several providers at once, and takes the first answer (Dubbo's `forking`): for reads that must be fast, at the
/// price of more calls. The others are cancelled then.
///
/// The balancer picks who is asked. All fail, and the call does, with the last failure. Where a call may not run twice,
/// one provider is asked. Dubbo's `forks`, 2 by default, is the number; `0` is all.
///
/// ```
/// # mod dubhe { pub mod fault { pub use dubhe_cluster::fault::Forking; } pub use dubhe_core::fault::Fault; }
/// use dubhe::Fault;
/// use dubhe::fault::Forking;
///
/// let fault = Fault::strategy(Forking::default().forks(3));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Forking {
    forks: usize,
}

impl Default for Forking {
    fn default() -> Self {
        Self { forks: 2 }
    }
}

impl Forking {
    /// The same with another number of providers; 0 for all.
    pub fn forks(mut self, forks: usize) -> Self {
        self.forks = forks;
        self
    }

    /// The endpoints that are asked.
    fn chosen(self, call: &Call, attempts: &Attempts) -> Vec<Endpoint> {
        let all = attempts.candidates(call);
        if self.forks == 0 || self.forks >= all.len() {
            return all;
        }
        let (mut chosen, mut providers): (Vec<Endpoint>, Vec<Provider>) = Default::default();
        while chosen.len() < self.forks
            && let Some(endpoint) = attempts.choose(call, &providers)
            && !providers.contains(endpoint.provider())
        {
            providers.push(endpoint.provider().clone());
            chosen.push(endpoint);
        }
        chosen
    }
}

impl FaultStrategy for Forking {
    fn run(&self, call: Call, attempts: Attempts) -> Invoking {
        let this = *self;
        Invoking::boxed(async move {
            if !attempts.is_repeatable() {
                return attempts.next(call).await;
            }
            let chosen = this.chosen(&call, &attempts);
            let on = |endpoint: &Endpoint| Some(attempts.on(endpoint, call.try_clone()?));
            let forks: FuturesUnordered<_> = chosen.iter().filter_map(on).collect();
            if forks.is_empty() {
                return attempts.next(call).await;
            }
            first(forks).await
        })
    }
}

/// The first answer, or the last failure.
async fn first(mut forks: FuturesUnordered<Invoking>) -> Outcome {
    loop {
        match forks.next().await {
            Some(Err(status)) if !is_answer(&status) && !forks.is_empty() => {}
            Some(outcome) => return outcome,
            None => return std::future::pending().await,
        }
    }
}
