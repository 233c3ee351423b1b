//! Dubbo's balancers and treatments of failures by their names, for a client or for one method.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use dubhe::fault::{Failback, Hedge};
use dubhe::prelude::*;
use dubhe_examples::Fleet;

#[tokio::main]
async fn main() -> Result<(), Status> {
    // The same user always at the same provider, and all others in turn.
    let fleet = Fleet::start().await?;
    let pinned = |users: dubhe::MethodBuilder| users.balance("consistenthash");
    let users = fleet.client().balance("roundrobin").method("getUser", pinned).build()?;
    fleet.call(20, &users).await?;
    for _ in 0..3 {
        users.list().await?;
    }
    println!("others went to {}", fleet.called());

    // Who does the work has fewer calls in flight; what fails is tried again later, or does not matter.
    let audit = fleet.client().balance("leastactive").fault("failsafe").build()?;
    let notices = fleet.client().fault(Failback::default().tasks(1_000)).build()?;
    // The tail of the latency is cut off by a second attempt.
    let hedge = Hedge::new(Duration::from_millis(20), 2);
    let search = fleet.client().balance("p2c").fault(hedge).build()?;
    for client in [audit, notices, search] {
        assert!(client.get_user(1).await?.is_some());
    }

    // A name that nobody knows is an error before the first call.
    if let Err(error) = fleet.client().balance("round-robin").build() {
        println!("{error}");
    }
    Ok(())
}
