//! Services that are added to a server and removed from it while it runs.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::Service as _;
use dubhe::prelude::*;
use dubhe_examples::{OneUser, UsersClient, UsersServer};

#[tokio::main]
async fn main() -> Result<(), Status> {
    let server = Server::builder().start("127.0.0.1:0").await?;
    let client = App::builder("live-services").build()?.client::<UsersClient>();
    let client = client.url(&format!("tri://{}", server.addr())).build()?;
    let show = |when, outcome: Result<_, Status>| match outcome {
        Ok(_) => println!("{when}: answered"),
        Err(status) => println!("{when}: {}", status.code()),
    };
    show("before", client.get_user(1).await);

    let users = UsersServer::new(OneUser);
    let key = users.key();
    server.add(users).await?;
    show("added", client.get_user(1).await);

    // Withdrawn from registries first, where there are some; calls that have begun end normally.
    server.remove(&key).await?;
    show("removed", client.get_user(1).await);
    Ok(())
}
