//! Layers of tower around a server: a limit of calls at once, of which more are shed, and a timeout.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::time::Duration;

use dubhe::prelude::*;
use dubhe_examples::{OneUser, UsersClient, UsersServer};
use tokio::sync::Notify;
use tower::ServiceBuilder;

/// Takes too long for calls that say so, and tells when one has begun.
async fn slow(begun: Arc<Notify>, call: Call, next: Next) -> Result<Reply, Status> {
    if call.head.metadata.get_str("slow").is_some() {
        begun.notify_one();
        std::future::pending::<()>().await;
    }
    next.run(call).await
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let layers = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .timeout(Duration::from_millis(300))
        .into_inner();
    let begun = Arc::new(Notify::new());
    let told = begun.clone();
    let slow = move |call: Call, next: Next| slow(told.clone(), call, next);
    let server = Server::builder().service(UsersServer::new(OneUser)).layer(layers).filter(slow);
    let server = server.start("127.0.0.1:0").await?;

    let app = App::builder("layer").build()?;
    for protocol in ["dubbo", "tri"] {
        let url = format!("{protocol}://{}", server.addr());
        let users = app.client::<UsersClient>().url(&url).retries(0).build()?;
        println!("{protocol}: {:?}", users.get_user(1).await?.map(|user| user.name));
        let hung = users.with(CallOptions::new().attachment("slow", "yes"));
        let second = async {
            begun.notified().await;
            users.get_user(1).await
        };
        let (late, second) = tokio::join!(hung.get_user(1), second);
        for refused in [late, second].into_iter().filter_map(Result::err) {
            println!("{protocol}: {}: {}", refused.code(), refused.message());
        }
    }
    Ok(())
}
