//! A protobuf service: gRPC on the wire, JSON for curl, one port.
//!
//! `hello HOST:PORT` serves until Ctrl-C; without an address it serves on a free port, calls
//! itself once and ends.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe_examples::address;
use dubhe_examples::hello::Polite;
use dubhe_examples::hello::proto::{GreeterClient, GreeterServer, Hello};

#[tokio::main]
async fn main() -> Result<(), Status> {
    let server = Server::builder().service(GreeterServer::new(Polite));
    if let Some(address) = address() {
        // curl -H 'content-type: application/json' -d '{"name":"Ada"}' \
        //     http://HOST:PORT/org.example.hello.Greeter/Greet
        return server.serve(&address).await;
    }
    let server = server.start("127.0.0.1:0").await?;

    let app = App::builder("hello").build()?;
    // `grpc://` reaches any gRPC server; `tri://` is the same to Dubbo.
    let greeter =
        app.client::<GreeterClient>().url(&format!("grpc://{}", server.addr())).build()?;
    let said = greeter.greet(Hello { name: "Ada".into() }).await?;
    println!("{}", said.get_ref().text);
    server.stop().await;
    Ok(())
}
