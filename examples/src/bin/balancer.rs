//! A balancer that prepares: the same caller always gets the same provider, while it is there.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use dubhe::balance::{Balance, Pick, Selection};
use dubhe::prelude::*;
use dubhe::{CallView, Endpoint};
use dubhe_examples::{UsersClient, fleet};

struct Sticky;

/// The providers' places in the set, in order of the hashes of their addresses.
struct Ring(Vec<(u64, usize)>);

impl Balance for Sticky {
    /// Sorts once, when the set has changed.
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        let place = |n| Some((hash(&set.get(n)?.address()), set.place(n)?));
        let mut ring: Vec<_> = (0..set.len()).filter_map(place).collect();
        ring.sort_unstable();
        Box::new(Ring(ring))
    }
}

impl Pick for Ring {
    /// Finds the next on the ring that can be asked now.
    fn pick<'a>(
        &self,
        call: &CallView<'_>,
        from: &'a Selection,
        _: Instant,
    ) -> Option<&'a Endpoint> {
        let key = hash(call.head().metadata.get_str("user").unwrap_or_default());
        let start = self.0.partition_point(|(at, _)| *at < key);
        self.0.iter().cycle().skip(start).take(self.0.len()).find_map(|(_, place)| from.at(*place))
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (registry, providers) = fleet().await?;
    let app = App::builder("balancer").registry_instance(registry).build()?;
    let users = app.client::<UsersClient>().attachment("user", "ada").balance(Sticky).build()?;
    for _ in 0..3 {
        users.get_user(1).await?;
    }
    let called = providers.iter().filter(|provider| provider.connections() > 0).count();
    println!("3 calls went to {called} provider");
    Ok(())
}
