//! The body of a request over HTTP/1.1.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Version};
use http_body::{Body, SizeHint};

use super::watch::Progress;
use crate::transport::Error;
use crate::transport::version::ReceiveHalf;

/// The data of a request, then its trailers.
pub(crate) struct Incoming {
    body: hyper::body::Incoming,
    /// The trailers, once the data has ended.
    trailers: Option<HeaderMap>,
    ended: bool,
    progress: Arc<Progress>,
}

impl Incoming {
    pub(super) fn new(body: hyper::body::Incoming, progress: Arc<Progress>) -> Self {
        Self { body, trailers: None, ended: false, progress }
    }
}

impl ReceiveHalf for Incoming {
    fn version(&self) -> Version {
        Version::HTTP_11
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.progress.await_body(polled.is_pending());
        match ready!(polled) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => return Poll::Ready(Some(Ok(data))),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            },
            Some(Err(error)) => return Poll::Ready(Some(Err(Error::Http1(error)))),
            None => {}
        }
        self.ended = true;
        Poll::Ready(None)
    }

    /// Skips what is left of the data.
    fn poll_trailers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<HeaderMap>, Error>> {
        while ready!(self.poll_data(cx)).transpose()?.is_some() {}
        Poll::Ready(Ok(self.trailers.take()))
    }

    fn is_end_stream(&self) -> bool {
        self.trailers.is_none() && (self.ended || self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
