//! The body of a request, as a library gives it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, SizeHint};

/// The data of a body, then its trailers.
pub(in crate::transport) struct BodyFrames<B> {
    body: B,
    /// The trailers, once the data has ended.
    trailers: Option<HeaderMap>,
    ended: bool,
}

impl<B: Body<Data = Bytes> + Unpin> BodyFrames<B> {
    pub(in crate::transport) fn new(body: B) -> Self {
        Self { body, trailers: None, ended: false }
    }

    pub(in crate::transport) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, B::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => return Poll::Ready(Some(Ok(data))),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            },
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => {}
        }
        self.ended = true;
        Poll::Ready(None)
    }

    /// Takes the trailers, once the data has ended.
    pub(in crate::transport) fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take()
    }

    pub(in crate::transport) fn is_end_stream(&self) -> bool {
        self.trailers.is_none() && (self.ended || self.body.is_end_stream())
    }

    pub(in crate::transport) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
