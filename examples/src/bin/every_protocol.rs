//! A service on one port, by every protocol: dubbo, Triple, gRPC and JSON over HTTP/1.1.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::net::SocketAddr;

use dubhe::prelude::*;
use dubhe_examples::hello::Polite;
use dubhe_examples::hello::proto::{GreeterClient, GreeterServer, Hello};
use dubhe_examples::{OneUser, UsersClient, UsersServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder()
        .service(UsersServer::new(OneUser)) // a Java interface
        .service(GreeterServer::new(Polite)) // a protobuf service
        .start("127.0.0.1:0")
        .await?;
    let addr = server.addr();
    let app = App::builder("every-protocol").build()?;

    // The interface: Hessian2 over the dubbo protocol, and over Triple in its wrapper.
    for protocol in ["dubbo", "tri"] {
        let users = app.client::<UsersClient>().url(&format!("{protocol}://{addr}")).build()?;
        println!("{protocol}: {:?}", users.get_user(1).await?.map(|user| user.name));
    }
    // The protobuf service: gRPC.
    let greeter = app.client::<GreeterClient>().url(&format!("grpc://{addr}")).build()?;
    println!("grpc: {}", greeter.greet(Hello { name: "Ada".into() }).await?.into_inner().text);
    // Both in JSON, as with curl.
    let user = post(addr, "/org.example.Users/getUser", "[1]").await?;
    println!("json: {user}");
    let said = post(addr, "/org.example.hello.Greeter/Greet", r#"{"name":"Ada"}"#).await?;
    println!("json: {said}");

    // One stop for all of them.
    println!("{} connections cut", server.stop().await);
    Ok(())
}

/// `curl -H 'content-type: application/json' -d BODY http://ADDRESS/PATH`
async fn post(addr: SocketAddr, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
