//! Java exceptions with their fields, and attachments both ways.
//!
//! `exceptions HOST:PORT` serves until Ctrl-C, for callers of Java and Go.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe::{ReplyAttachments, status::Origin};
use dubhe_examples::address;

/// The Java class `class InsufficientFundsException extends Exception { long missing; }`.
#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "org.example.InsufficientFundsException")]
struct InsufficientFunds {
    #[java(message)]
    message: String,
    missing: i64,
}

#[dubhe::interface("org.example.Account")]
trait Account {
    async fn withdraw(&self, ctx: &Context, amount: i64) -> Result<i64, InsufficientFunds>;
    async fn close(&self) -> Result<(), Status>;
}

struct Hundred;

impl Account for Hundred {
    async fn withdraw(&self, ctx: &Context, amount: i64) -> Result<i64, InsufficientFunds> {
        let tenant = ctx.attachment("tenant").unwrap_or("nobody");
        ctx.set_reply_attachment("served-for", tenant);
        match 100 - amount {
            left @ 0.. => Ok(left),
            left => Err(InsufficientFunds { message: "not enough".into(), missing: -left }),
        }
    }

    async fn close(&self) -> Result<(), Status> {
        // Its code picks the exception that Java sees: an IllegalStateException.
        Err(Status::business(Code::FailedPrecondition, "the account is not empty"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let server = Server::builder().service(AccountServer::new(Hundred));
    if let Some(address) = address() {
        return server.serve(&address).await;
    }
    let server = server.start("127.0.0.1:0").await?;
    let app = App::builder("exceptions").build()?;
    let account =
        app.client::<AccountClient>().url(&format!("dubbo://{}", server.addr())).build()?;

    let received = ReplyAttachments::new();
    let options = CallOptions::new().attachment("tenant", "acme").reply_attachments(&received);
    let left = account.with(options).withdraw(30).await?;
    assert_eq!(left, 70);
    println!("left {left}, served for {:?}", received.get().get_str("served-for"));

    match account.withdraw(130).await {
        Ok(left) => println!("left {left}"),
        Err(status) => match InsufficientFunds::from_status(&status) {
            Some(InsufficientFunds { message, missing }) => {
                println!("{message}: {missing} missing");
            }
            None => return Err(status),
        },
    }

    // An exception without a Rust type, and an error on the way, are told apart by their origin.
    if let Err(status) = account.close().await {
        assert_eq!(status.origin(), Origin::RemoteBusiness);
        println!("{status}");
    }
    Ok(())
}
