//! The wait for a provider that takes calls.

use std::sync::Arc;

use dubhe_core::connect::{Channel, ChannelState};
use dubhe_core::endpoint::Endpoints;
use dubhe_core::plan::Destination;
use dubhe_core::registry::Health;
use dubhe_core::time::Instant;
use dubhe_core::{Code, Status};
use futures_util::FutureExt as _;
use futures_util::future::select_all;

use crate::cluster::{Cluster, unknown};

/// The number of providers to which a connection is tried; one that works is enough.
const TRIED: usize = 8;

impl Cluster {
    /// Waits until a provider is known and takes calls, at most until `until`.
    ///
    /// # Errors
    /// [`Code::Unavailable`] with the reason why there is none.
    pub async fn ready(&self, until: Instant) -> Result<(), Status> {
        let mut late = self.clock().sleep_until(until);
        let destination = self.plan().default_policy().destination.clone();
        loop {
            let set = destination.snapshot();
            // A provider that cannot be reached at all, such as one with a wrong parameter, is one of
            // several.
            let (mut channels, mut error): (Vec<Arc<dyn Channel>>, _) = (Vec::new(), None);
            for endpoint in set.iter() {
                match self.channel(endpoint) {
                    Ok(channel) => channels.push(channel.clone()),
                    Err(status) => error = Some(status),
                }
                if channels.len() == TRIED {
                    break;
                }
            }
            if let Some(error) = error.filter(|_| channels.is_empty()) {
                return Err(error);
            }
            for channel in &channels {
                channel.warm_up();
            }
            let states: Vec<ChannelState> = channels.iter().map(|c| c.state()).collect();
            if states.contains(&ChannelState::Ready) {
                return Ok(());
            }
            let changes = channels.iter().zip(&states);
            let changes = changes.map(|(channel, seen)| channel.changed(*seen).map(drop).boxed());
            let changed = select_all(changes.chain([destination.changed(set.number())]));
            tokio::select! {
                biased;
                _ = changed => {}
                () = &mut late => return Err(Status::new(Code::Unavailable, why(&*destination, &set))),
            }
        }
    }
}

/// The reason why no endpoint of `set` could be called.
fn why(destination: &dyn Destination, set: &Endpoints) -> String {
    match set.iter().next() {
        Some(one) => {
            let which = match set.len() {
                1 => one.to_string(),
                all => format!("any of {all} providers, such as {one}"),
            };
            let source = match set.failure().filter(|_| set.health() == Health::Stale) {
                Some(failure) => format!("; the registry cannot be asked: {failure}"),
                None => String::new(),
            };
            format!("no connection to {which} in time; the log has the error{source}")
        }
        None => unknown(destination, set),
    }
}
