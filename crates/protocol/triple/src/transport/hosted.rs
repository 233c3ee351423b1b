//! Requests whose connection another server drives, such as that of axum.
//!
//! The version of HTTP is what their heads say. What sends is polled only as the other server asks for
//! it, so that a peer that takes nothing is that server's to see to.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dubhe_net::rate::MinRate;
use http::{HeaderMap, Request, Version};
use http_body::{Body, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use super::Error;
use super::body::BoxError;
pub(super) use super::polled::Responding;
use super::polled::{Answering, BodyFrames, PendingResponse};
use super::stream::{Receiver, Responder, ServerStream};
use super::version::{Each, ReceiveHalf};

/// The response to a request: `answer` is polled by whoever polls it, and is dropped with it.
pub(crate) fn respond<B, F>(
    request: Request<B>,
    rate: MinRate,
    answer: impl FnOnce(ServerStream) -> F,
) -> Answering
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (head, body) = request.into_parts();
    let body = Incoming {
        body: BodyFrames::new(body.map_err(Into::into).boxed_unsync()),
        version: head.version,
    };
    let body = Receiver::from(Each::Hosted(Box::new(body))).with_rate(rate);
    let response = Arc::new(PendingResponse::default());
    let respond = Responder::from(Each::Hosted(Responding(response.clone())));
    Answering::new(response, answer(ServerStream { head, body, respond }))
}

/// The data of a request, then its trailers.
pub(crate) struct Incoming {
    body: BodyFrames<UnsyncBoxBody<Bytes, BoxError>>,
    version: Version,
}

impl ReceiveHalf for Incoming {
    fn version(&self) -> Version {
        self.version
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        self.body.poll_data(cx).map_err(Error::Hosted)
    }

    /// Skips what is left of the data.
    fn poll_trailers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<HeaderMap>, Error>> {
        while ready!(self.poll_data(cx)).transpose()?.is_some() {}
        Poll::Ready(Ok(self.body.take_trailers()))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
