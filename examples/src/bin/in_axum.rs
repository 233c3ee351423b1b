//! The services of a server inside a router of axum, which has the port: a client of Dubhe, and JSON
//! beside a route of axum.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use axum::Router;
use axum::routing::get;
use dubhe::prelude::*;
use dubhe_examples::hello::Polite;
use dubhe_examples::hello::proto::{GreeterClient, GreeterServer, Hello};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A server without an address of its own. With `start(..)` it has one as well.
    let server = Server::builder().service(GreeterServer::new(Polite)).start_unbound().await?;
    let router = Router::new()
        .route("/about", get(async || "a page of axum\n"))
        .fallback_service(server.routes());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let axum = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let axum = tokio::spawn(axum.into_future());

    let app = App::builder("in_axum").build()?;
    let greeter = app.client::<GreeterClient>().url(&format!("grpc://{addr}")).build()?;
    println!("gRPC: {}", greeter.greet(Hello { name: "Ada".into() }).await?.into_inner().text);

    let json = "content-type: application/json\r\ncontent-length: 14\r\n\r\n{\"name\":\"Ada\"}";
    println!("JSON: {}", http(addr, "POST /org.example.hello.Greeter/Greet", json).await?);
    println!("axum: {}", http(addr, "GET /about", "\r\n").await?);

    // axum first, which writes the replies; then the services, of which registries learn.
    app.close();
    let _ = stop.send(());
    axum.await??;
    println!("stopped, {} calls cut", server.stop().await);
    Ok(())
}

/// The last line of the response to a request.
async fn http(addr: std::net::SocketAddr, line: &str, rest: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let head = format!("{line} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{rest}");
    stream.write_all(head.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response.lines().last().unwrap_or_default().to_owned())
}
