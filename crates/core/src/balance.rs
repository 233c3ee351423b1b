//! Which endpoint answers this call.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::call::CallView;
use crate::endpoint::{Endpoint, Endpoints};
use crate::metadata::Metadata;
use crate::route::Bitmap;
use crate::status::Status;

/// The endpoints a balancer may pick from.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    all: &'a Endpoints,
    only: Option<&'a Bitmap>,
}

impl<'a> Selection<'a> {
    /// All endpoints of a snapshot.
    pub fn all(all: &'a Endpoints) -> Self {
        Self { all, only: None }
    }

    /// Those of a snapshot that are in `only`.
    pub fn only(all: &'a Endpoints, only: &'a Bitmap) -> Self {
        Self { all, only: Some(only) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.only.map_or(self.all.len(), Bitmap::count)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number `n` of the selection, from 0.
    pub fn get(&self, n: usize) -> Option<&'a Endpoint> {
        let index = match self.only {
            None => n,
            Some(map) => map.nth(n)?,
        };
        self.all.get(index)
    }

    /// All of the selection, in the order of the snapshot.
    pub fn iter(&self) -> impl Iterator<Item = &'a Endpoint> {
        let Self { all, only } = *self;
        all.iter()
            .enumerate()
            .filter(move |(i, _)| only.is_none_or(|m| m.contains(*i)))
            .map(|(_, e)| e)
    }

    /// The sum of the weights.
    pub fn weight(&self) -> u64 {
        match self.only {
            None => self.all.weight(),
            Some(_) => self.iter().map(|e| u64::from(e.weight())).sum(),
        }
    }

    /// Whether all weights of the whole snapshot are equal.
    pub fn uniform(&self) -> bool {
        self.all.uniform()
    }
}

/// What became of a call, for the balancer to learn from.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// From the pick to the head of the reply.
    pub latency: Duration,
    /// The error, when it failed.
    pub status: Option<&'a Status>,
    /// The attachments of the reply.
    pub metadata: &'a Metadata,
}

/// A balancer: a synchronous state machine.
pub trait Balance: Send + Sync + 'static {
    /// Picks an endpoint; `None` when `from` is empty.
    fn pick(&self, call: &CallView<'_>, from: Selection<'_>) -> Option<Picked>;
}

/// Learns what became of a pick.
pub trait Finish: Send + Sync {
    /// The call ended. `None`: it was cancelled.
    fn finish(&self, endpoint: &Endpoint, outcome: Option<&Outcome<'_>>);
}

/// A picked endpoint. It counts as in flight until this is finished or dropped; dropped without
/// an outcome, the call was cancelled.
pub struct Picked {
    endpoint: Endpoint,
    learn: Option<Arc<dyn Finish>>,
}

impl Picked {
    /// Picks `endpoint`.
    pub fn new(endpoint: &Endpoint) -> Self {
        endpoint.state().in_flight.fetch_add(1, Ordering::Relaxed);
        Self { endpoint: endpoint.clone(), learn: None }
    }

    /// Tells `learn` how the call ended.
    pub fn with_finish(mut self, learn: Arc<dyn Finish>) -> Self {
        self.learn = Some(learn);
        self
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Ends the call with its outcome.
    pub fn finish(mut self, outcome: &Outcome<'_>) {
        if let Some(learn) = self.learn.take() {
            learn.finish(&self.endpoint, Some(outcome));
        }
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        self.endpoint.state().in_flight.fetch_sub(1, Ordering::Relaxed);
        if let Some(learn) = self.learn.take() {
            learn.finish(&self.endpoint, None);
        }
    }
}

impl fmt::Debug for Picked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Picked").field(&self.endpoint).finish()
    }
}
