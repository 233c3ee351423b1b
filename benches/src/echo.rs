//! The services that are called.

use bytes::Bytes;
use dubhe::prelude::*;
use dubhe::{Request, Response, Streaming};
use futures_util::Stream;

use crate::proto;

/// Gives back what it is sent.
#[dubhe::interface("org.example.bench.Echo")]
pub trait Echo {
    /// The same bytes.
    async fn echo(&self, data: Bytes) -> Result<Bytes, Status>;
}

/// Answers with the request, on both protocols.
#[derive(Clone, Copy, Debug)]
pub struct Same;

impl Echo for Same {
    async fn echo(&self, data: Bytes) -> Result<Bytes, Status> {
        Ok(data)
    }
}

impl proto::Echo for Same {
    async fn echo(&self, request: Request<proto::Msg>) -> Result<Response<proto::Msg>, Status> {
        Ok(request.into_inner().into())
    }

    async fn stream(
        &self,
        request: Request<Streaming<proto::Msg>>,
    ) -> Result<Response<impl Stream<Item = Result<proto::Msg, Status>>>, Status> {
        Ok(request.into_inner().into())
    }
}
