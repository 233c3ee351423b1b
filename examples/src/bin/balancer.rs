//! A balancer of one's own: the provider with the fewest calls in flight.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::atomic::Ordering;

use dubhe::core::CallView;
use dubhe::core::balance::{Balance, Picked, Selection};
use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe_examples::{OneUser, UsersClient, UsersServer};

/// Picks the least busy provider. `Picked` counts the call as in flight until it has ended.
struct LeastBusy;

impl Balance for LeastBusy {
    fn pick(&self, _: &CallView<'_>, from: Selection<'_>) -> Option<Picked> {
        let busy = |e: &&dubhe::Endpoint| e.state().in_flight.load(Ordering::Relaxed);
        from.iter().min_by_key(busy).map(Picked::new)
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let registry = Memory::new();
    let mut providers = Vec::new();
    for _ in 0..3 {
        let server = Server::builder().registry(registry.clone());
        let server = server.service(UsersServer::new(OneUser)).filter(slow);
        providers.push(server.start("127.0.0.1:0").await?);
    }

    let app = App::builder("balancer").registry_instance(registry).build()?;
    let users = app.client::<UsersClient>().balance(LeastBusy).build()?;
    users.list().await?;
    // Three calls at once go to three providers.
    tokio::try_join!(users.get_user(1), users.get_user(1), users.get_user(1))?;
    for provider in &providers {
        assert_eq!(provider.connections(), 1);
        println!("{} was called", provider.addr());
    }
    Ok(())
}

/// Takes its time, so that calls overlap.
async fn slow(call: Call, next: Next) -> Result<Reply, Status> {
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    next.run(call).await
}
