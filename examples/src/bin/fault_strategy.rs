//! A fault strategy: a second attempt beside the first one when that is slow. The reply that comes
//! first counts, and dropping the other attempt cancels it.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use dubhe::prelude::*;
use dubhe::{Attempts, Fault};
use dubhe_examples::{OneUser, UsersClient, UsersServer, users};

/// Hedges calls that can be sent twice.
async fn hedge(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let Some(again) = call.try_clone() else { return attempts.next(call).await };
    let first = attempts.next(call);
    let second = async {
        attempts.sleep(Duration::from_millis(50)).await;
        attempts.next(again).await
    };
    tokio::select! {
        reply = first => reply,
        reply = second => reply,
    }
}

async fn never(_: Call, _: Next) -> Result<Reply, Status> {
    std::future::pending().await
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let hung = Server::builder().service(UsersServer::new(OneUser)).filter(never);
    let providers = [hung.start("127.0.0.1:0").await?, users().await?];
    let client = App::builder("fault-strategy").build()?.client::<UsersClient>();
    let client = providers.iter().fold(client, |c, p| c.url(&format!("dubbo://{}", p.addr())));
    let users = client.balance(dubhe_examples::First).fault(Fault::strategy(hedge)).build()?;
    let user = users.get_user(1).await?;
    println!("{:?} from the second of two", user.map(|user| user.name));
    Ok(())
}
