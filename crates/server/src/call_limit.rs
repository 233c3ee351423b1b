//! The limit of the calls that a server runs at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe_core::Status;
use dubhe_core::filter::Guard;
use dubhe_core::gate::{Arrival, Gate};
use dubhe_core::log::OncePerSecond;
use dubhe_net::time;

/// A gate that admits a number of calls at once, of all connections and protocols.
#[derive(Debug)]
pub(crate) struct CallLimit {
    running: Arc<AtomicUsize>,
    limit: usize,
    log: OncePerSecond,
}

impl CallLimit {
    pub(crate) fn new(limit: usize) -> Self {
        Self { running: Arc::default(), limit, log: OncePerSecond::default() }
    }

    #[cold]
    fn refuse(&self, arrival: &Arrival<'_>) -> Status {
        let limit = self.limit;
        if let Some(refusals) = self.log.count(time::now()) {
            tracing::warn!(
                peer = arrival.peer.remote.as_ref().map(tracing::field::display),
                limit,
                refusals,
                "the server runs as many calls as it may; new ones are refused until one ends: raise \
                 max_calls, or add a provider"
            );
        }
        Status::resource_exhausted(format!(
            "the server runs {limit} calls, which is its limit; call another provider, or raise \
             max_calls of the server"
        ))
    }
}

impl Gate for CallLimit {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        let more = |running: usize| (running < self.limit).then_some(running + 1);
        match self.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => {
                let permit = Permit(self.running.clone());
                Ok(Guard::new(move |_| drop(permit)))
            }
            Err(_) => Err(self.refuse(arrival)),
        }
    }
}

/// A call that counts until this is dropped.
struct Permit(Arc<AtomicUsize>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
