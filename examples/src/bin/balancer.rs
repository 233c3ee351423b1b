//! A balancer that prepares: the same caller always gets the same provider, while it is there.

use dubhe::balance::{Balance, Pick, Selection};
use dubhe::prelude::*;
use dubhe_examples::{Fleet, hash};

struct Sticky;
struct Ring(std::collections::BTreeMap<u64, usize>);

impl Balance for Sticky {
    fn prepare(&self, set: &Selection) -> Box<dyn Pick> {
        let place = |n| Some((hash(&set.get(n)?.address()), set.place(n)?));
        Box::new(Ring((0..set.len()).filter_map(place).collect()))
    }
}

impl Pick for Ring {
    fn pick<'a>(&self, call: &CallView<'_>, of: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        let key = hash(call.head().metadata.get_str("user")?);
        // The next on the ring that can be called now.
        self.0.range(key..).chain(self.0.range(..key)).find_map(|(_, place)| of.at(*place))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let fleet = Fleet::start().await?;
    fleet.call(20, &fleet.client().attachment("user", "ada").balance(Sticky).build()?).await
}
