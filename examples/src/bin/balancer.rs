//! A balancer that prepares: the same caller always gets the same provider, while it is there.

use dubhe::balance::{Balance, Pick, Selection};
use dubhe::prelude::*;
use dubhe_examples::{Fleet, UsersClient, hash};

struct Sticky;
struct Ring(Vec<(u64, usize)>);

impl Balance for Sticky {
    /// Sorts the providers by the hashes of their addresses, once for each set.
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        let place = |n| Some((hash(&set.get(n)?.address()), set.place(n)?));
        let mut ring: Vec<_> = (0..set.len()).filter_map(place).collect();
        ring.sort_unstable();
        Box::new(Ring(ring))
    }
}

impl Pick for Ring {
    /// Finds the next on the ring that can be called now.
    fn pick<'a>(&self, call: &CallView<'_>, of: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        let key = hash(call.head().metadata.get_str("user")?);
        let start = self.0.partition_point(|(hash, _)| *hash < key);
        self.0.iter().cycle().skip(start).take(self.0.len()).find_map(|(_, place)| of.at(*place))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let fleet = Fleet::start().await?;
    let users = fleet.app().client::<UsersClient>().attachment("user", "ada").balance(Sticky);
    fleet.call(20, &users.build()?).await
}
