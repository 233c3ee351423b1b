//! The body of a request over HTTP/1.1.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Version};
use http_body::SizeHint;

use super::watch::Progress;
use crate::transport::Error;
use crate::transport::polled::BodyFrames;
use crate::transport::version::ReceiveHalf;

/// The data of a request, then its trailers.
pub(crate) struct Incoming {
    body: BodyFrames<hyper::body::Incoming>,
    progress: Arc<Progress>,
}

impl Incoming {
    pub(super) fn new(body: hyper::body::Incoming, progress: Arc<Progress>) -> Self {
        Self { body: BodyFrames::new(body), progress }
    }
}

impl ReceiveHalf for Incoming {
    fn version(&self) -> Version {
        Version::HTTP_11
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let polled = self.body.poll_data(cx);
        self.progress.await_body(polled.is_pending());
        polled.map_err(Error::Http1)
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
