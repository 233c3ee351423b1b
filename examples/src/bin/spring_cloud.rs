//! A REST service that Spring Cloud applications call by its name, and one that calls them.
//!
//! `spring_cloud nacos://127.0.0.1:8848` joins the applications of that Nacos: OpenFeign and
//! `RestClient` find `greeting-service` there. Without a URL the registry is in this process.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use dubhe::prelude::*;
use dubhe::registry::MemoryDiscovery;
use dubhe::registry::application::SpringCloud;
use dubhe::spring_cloud_at;
use http::Request;

#[tokio::main]
async fn main() -> Result<(), Status> {
    let registry = match std::env::args().nth(1) {
        Some(url) => spring_cloud_at(&url, "greeting-service")?,
        None => SpringCloud::new(Arc::new(MemoryDiscovery::new())),
    };

    // Any tower service of HTTP requests is mounted; the application is registered by its name.
    let routes = Router::new().route("/greet/{name}", get(greet));
    let server = Server::builder()
        .application("greeting-service")
        .registry(registry.clone())
        .mount("/", routes)
        .start("127.0.0.1:0")
        .await?;

    // An HTTP request is a call: found, balanced and retried as any other.
    let app = App::builder("consumer").applications(registry).build()?;
    let greetings = app.http("greeting-service").build()?;
    let request = Request::get("/greet/Ada").body(String::new());
    let request = request.map_err(|error| Status::invalid_argument(error.to_string()))?;
    let response = greetings.send(request).await?;
    let (status, body) = (response.status(), response.into_body().bytes().await?);
    println!("{status}: {}", String::from_utf8_lossy(&body));

    server.stop().await;
    Ok(())
}

async fn greet(Path(name): Path<String>) -> String {
    format!("Hello, {name}")
}
