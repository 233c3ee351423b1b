//! The service of `proto/hello.proto`, implemented.

use dubhe::{Request, Response, Status, Streaming};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

/// The code that `build.rs` generates.
#[allow(missing_docs, reason = "the comments are in the .proto file")]
pub mod proto {
    dubhe::include_proto!("org.example.hello");
}

use proto::{Greeter, Hello, Said};

/// Greets politely.
#[derive(Clone, Copy, Debug)]
pub struct Polite;

/// The greeting of one.
pub fn said(hello: &Hello) -> Said {
    Said { text: format!("Hello, {}", hello.name) }
}

impl Greeter for Polite {
    async fn greet(&self, request: Request<Hello>) -> Result<Response<Said>, Status> {
        Ok(said(request.get_ref()).into())
    }

    async fn repeat(
        &self,
        request: Request<Hello>,
    ) -> Result<Response<impl Stream<Item = Result<Said, Status>>>, Status> {
        let hello = request.into_inner();
        Ok(stream::iter((0..3).map(move |_| Ok(said(&hello)))).into())
    }

    async fn welcome(&self, request: Request<Streaming<Hello>>) -> Result<Response<Said>, Status> {
        let names: Vec<String> =
            request.into_inner().map_ok(|hello| hello.name).try_collect().await?;
        Ok(said(&Hello { name: names.join(" and ") }).into())
    }

    async fn chat(
        &self,
        request: Request<Streaming<Hello>>,
    ) -> Result<Response<impl Stream<Item = Result<Said, Status>>>, Status> {
        Ok(request.into_inner().map(|hello| Ok(said(&hello?))).into())
    }
}
