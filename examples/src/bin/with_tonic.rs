//! A server and a client beside tonic and axum: a client of tonic calls a service of Dubhe, and a
//! router of axum has some of the port's paths.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use axum::routing::get;
use dubhe::Server;
use dubhe_examples::hello::Polite;
use dubhe_examples::hello::proto::{GreeterServer, Hello, Said};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::client::Grpc;
use tonic::transport::Endpoint;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Anything that is a `tower::Service` of HTTP requests can be mounted, a server of tonic too.
    let router = axum::Router::new().route("/files/{name}", get(async || "a file\n"));
    let server = Server::builder()
        .service(GreeterServer::new(Polite))
        .mount("/files", router)
        .start("127.0.0.1:0")
        .await?;

    // What `tonic-build` generates comes down to this.
    let channel = Endpoint::from_shared(format!("http://{}", server.addr()))?.connect().await?;
    let mut client = Grpc::new(channel);
    client.ready().await?;
    let codec = tonic_prost::ProstCodec::<Hello, Said>::default();
    let path = "/org.example.hello.Greeter/Greet".parse()?;
    let request = tonic::Request::new(Hello { name: "tonic".into() });
    println!("tonic: {}", client.unary(request, path, codec).await?.into_inner().text);

    let mut stream = tokio::net::TcpStream::connect(server.addr()).await?;
    let request = "GET /files/a HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    println!("axum: {}", response.lines().last().unwrap_or_default());
    Ok(())
}
