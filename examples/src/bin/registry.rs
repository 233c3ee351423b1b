//! A consumer that finds its providers in a registry.
//!
//! `registry zookeeper://127.0.0.1:2181` joins the fleet of that ZooKeeper; without a URL the
//! registry is a folder, which is enough for the processes of one machine.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe::{RunningServer, registry_at};
use dubhe_examples::{OneUser, UsersClient, UsersServer};

#[tokio::main]
async fn main() -> Result<(), Status> {
    let folder = std::env::temp_dir().join(format!("dubhe-registry-{}", std::process::id()));
    let url = std::env::args().nth(1).unwrap_or_else(|| format!("file://{}", folder.display()));

    // Two providers announce themselves; Java and Go consumers of that registry find them too.
    let providers = [provider(&url).await?, provider(&url).await?];

    let app = App::builder("consumer").registry(&url).build()?;
    let users = app.client::<UsersClient>().build()?;
    for _ in 0..4 {
        println!("found {:?}", users.get_user(1).await?.map(|user| user.name));
    }

    // Each takes its announcement back before it stops, so nobody calls it any more.
    for provider in providers {
        println!("{} connections cut", provider.stop().await);
    }
    // It need not be there.
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}

async fn provider(registry: &str) -> Result<RunningServer, Status> {
    Server::builder()
        .application("users")
        .registry(registry_at(registry, "users")?)
        .service(UsersServer::new(OneUser))
        .start("127.0.0.1:0")
        .await
}
