//! A consumer of a Java interface.
//!
//! `consumer HOST:PORT` calls the provider there, of whatever language; without an address it
//! starts one of its own.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use dubhe::prelude::*;
use dubhe_examples::{UsersClient, ada, address, users};

#[tokio::main]
async fn main() -> Result<(), Status> {
    let own = users().await?;
    let address = address().unwrap_or_else(|| own.addr().to_string());

    let app = App::builder("consumer").build()?;
    let users = app
        .client::<UsersClient>()
        .url(&format!("dubbo://{address}"))
        .timeout(Duration::from_secs(3))
        .retries(1)
        .method("listAll", |m| m.retries(0))
        .build()?;

    let user = users.get_user(1).await?;
    assert_eq!(user, Some(ada()));
    println!("user 1: {user:?}");
    println!("user 2: {:?}", users.get_user(2).await?);
    println!("all: {} user(s)", users.list().await?.len());

    // The same without Rust types.
    let any = app.generic("org.example.Users").version("1.0.0").url(&format!("dubbo://{address}"));
    let user = any.build()?.call("getUser", args!["long" => 1_i64]).await?;
    println!("generic: {user}");
    Ok(())
}
