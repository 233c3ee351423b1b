//! Connections that a directory opens before a call needs them.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use dubhe_core::Endpoint;
use dubhe_core::endpoint::EndpointState;
use dubhe_core::random::RandomSource;
use dubhe_core::time::Instant;

use crate::channels::Channels;
use crate::panicked::guard;

/// Endpoints that are to be connected, in turn, at the pace of the application.
#[derive(Default)]
pub(super) struct Connects {
    waiting: VecDeque<Endpoint>,
    /// The moment at which the first of them has its turn.
    turn: Option<Instant>,
}

impl Connects {
    /// Adds endpoints that have no connection.
    pub(super) fn add(&mut self, endpoints: impl Iterator<Item = Endpoint>) {
        self.waiting.extend(endpoints);
    }

    /// Forgets those that are not among `wanted`.
    pub(super) fn keep<'a>(&mut self, wanted: impl Iterator<Item = &'a Endpoint>) {
        if self.waiting.is_empty() {
            return;
        }
        let present: HashSet<_> = wanted.map(|endpoint| endpoint.identity()).collect();
        self.waiting.retain(|endpoint| present.contains(&endpoint.identity()));
        if self.waiting.is_empty() {
            self.turn = None;
        }
    }

    /// The states of those whose turn has not come.
    pub(super) fn waiting(&self) -> HashSet<*const EndpointState> {
        self.waiting.iter().map(|endpoint| Arc::as_ptr(endpoint.state())).collect()
    }

    /// The moment of the next turn.
    pub(super) fn next(&self) -> Option<Instant> {
        self.turn
    }

    /// Connects those whose turn it is at `now`.
    pub(super) fn advance(&mut self, now: Instant, channels: &Channels, random: &dyn RandomSource) {
        while let Some(endpoint) = self.waiting.front() {
            if let Some(channel) = endpoint.state().channel() {
                // It connects by itself, or does so now.
                channel.warm_up();
            } else {
                // One that others have costs nothing.
                if !channels.is_open(endpoint) {
                    let turn = *self.turn.get_or_insert_with(|| channels.connect_turn(now, random));
                    if now < turn {
                        return;
                    }
                }
                let open = || endpoint.state().channel_or(|| channels.open(endpoint)).map(drop);
                let opened = guard(open, || "the protocol of an endpoint".to_owned());
                let error = match opened {
                    Ok(Ok(())) => None,
                    Ok(Err(status)) => Some(status.to_string()),
                    Err(panicked) => Some(panicked.to_string()),
                };
                if let Some(error) = error {
                    tracing::debug!(provider = %endpoint, error, "cannot connect to a provider");
                }
            }
            self.turn = None;
            self.waiting.pop_front();
        }
    }
}
