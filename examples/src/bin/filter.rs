//! Filters on both sides: one that waits, one that never does.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dubhe::prelude::*;
use dubhe::{Guard, Hook};
use dubhe_examples::{OneUser, UsersClient, UsersServer, ada};

/// A filter is a function: it may look, change, wait, answer itself or pass the call on.
async fn sign(mut call: Call, next: Next) -> Result<Reply, Status> {
    call.head.metadata.insert("signature", "s3cret");
    let reply = next.run(call).await?;
    println!("{} attachments came back", reply.metadata.len());
    Ok(reply)
}

/// The cheap form, for filters that never wait.
#[derive(Clone, Default)]
struct Signed {
    refused: Arc<AtomicU64>,
}

impl Hook for Signed {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        if call.head.metadata.get_str("signature") == Some("s3cret") {
            let method = call.head.method.clone();
            // Told of the end of the call, whichever it is.
            return Ok(Guard::new(move |end| println!("{}: {}", method.name, end.name())));
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(Status::new(Code::Unauthenticated, "the call is not signed"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let signed = Signed::default();
    let service = Export::new(UsersServer::new(OneUser)).hook(signed.clone());
    let server = Server::builder().service(service).start("127.0.0.1:0").await?;
    let url = format!("dubbo://{}", server.addr());

    let app = App::builder("filter").build()?;
    let users = app.client::<UsersClient>().url(&url).filter(sign).build()?;
    assert_eq!(users.get_user(1).await?, Some(ada()));
    println!("signed: answered");

    let plain = app.client::<UsersClient>().url(&url).build()?;
    if let Err(status) = plain.get_user(1).await {
        println!("unsigned: {}", status.message());
    }
    assert_eq!(signed.refused.load(Ordering::Relaxed), 1);
    Ok(())
}
