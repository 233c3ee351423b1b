//! A router whose rules change while calls go on. `changed` has it prepare anew at once; without it
//! the next call does, which itself still goes by the rules before.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{future::pending, pin::Pin, sync::Arc};

use dubhe::prelude::*;
use dubhe::router::{Endpoints, PreparedRouter, Router, ZoneAffinity};
use dubhe_examples::Fleet;
use tokio::sync::watch;

/// The zone to call, and the number of the change that chose it.
struct Rules(watch::Receiver<(u64, &'static str)>);

impl Router for Rules {
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let (_, zone) = *self.0.borrow();
        ZoneAffinity::new(zone).prepare(set)
    }

    fn generation(&self) -> u64 {
        self.0.borrow().0
    }

    fn changed(&self, seen: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut rules = self.0.clone();
        Box::pin(async move {
            let other = rules.wait_for(|(generation, _)| *generation != seen).await.is_ok();
            // The rules cannot change any more when their sender is gone.
            if !other {
                pending::<()>().await;
            }
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (rules, receiver) = watch::channel((0, "hz"));
    let fleet = Fleet::start().await?;
    let client = fleet.client().router(Rules(receiver)).build()?;
    fleet.call(20, &client).await?;
    rules.send_replace((1, "sh"));
    while fleet.called() < 3 {
        client.get_user(1).await?;
    }
    println!("calls go to the other zone");
    Ok(())
}
