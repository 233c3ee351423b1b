//! A provider that Java, Go and Rust call over the dubbo protocol.
//!
//! `provider HOST:PORT` serves until Ctrl-C; without an address it serves on a free port, calls
//! itself once and ends.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe_examples::{OneUser, UsersServer, address};

#[tokio::main]
async fn main() -> Result<(), Status> {
    let server = Server::builder().application("users").service(UsersServer::new(OneUser));
    if let Some(address) = address() {
        // Ends with Ctrl-C or SIGTERM: registries are told first, then calls end.
        return server.serve(&address).await;
    }
    let running = server.start("127.0.0.1:0").await?;

    let app = App::builder("checks").build()?;
    let url = format!("dubbo://{}", running.addr());
    let users = app.generic("org.example.Users").version("1.0.0").url(&url).build()?;
    let user = users.call("getUser", args!["long" => 1_i64]).await?;
    assert_eq!(user.get("name").and_then(Value::as_str), Some("Ada"));
    println!("serves {user}");

    app.close();
    let cut = running.stop().await;
    println!("drained, {cut} connections cut");
    Ok(())
}
