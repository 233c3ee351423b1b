//! The body of a request.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

use super::BoxError;

/// The body of a request, as it arrives: [`http_body::Body`] of [`Bytes`].
///
/// Bytes are asked of the peer as they are read: a reader that stops stops the sender.
pub struct Body(Kind);

enum Kind {
    Http1(Incoming),
    Http2 { recv: RecvStream, data_ended: bool },
    Whole(Option<Bytes>),
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self(Kind::Whole(None))
    }

    pub(crate) fn http1(incoming: Incoming) -> Self {
        Self(Kind::Http1(incoming))
    }

    pub(crate) fn http2(recv: RecvStream) -> Self {
        Self(Kind::Http2 { recv, data_ended: false })
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Http1(incoming) => {
                Pin::new(incoming).poll_frame(cx).map(|frame| frame.map(|f| f.map_err(Into::into)))
            }
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Http2 { recv, data_ended } => {
                if !*data_ended {
                    if let Some(data) = ready!(recv.poll_data(cx)) {
                        let data = data?;
                        // Never more than was received, so it fails on a dead stream only.
                        let _ = recv.flow_control().release_capacity(data.len());
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    *data_ended = true;
                }
                let trailers = ready!(recv.poll_trailers(cx))?;
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Http1(incoming) => incoming.is_end_stream(),
            Kind::Http2 { recv, .. } => recv.is_end_stream(),
            Kind::Whole(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Http1(incoming) => incoming.size_hint(),
            Kind::Http2 { .. } => SizeHint::default(),
            Kind::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Http1(_) => "Body(HTTP/1.1)",
            Kind::Http2 { .. } => "Body(HTTP/2)",
            Kind::Whole(_) => "Body(whole)",
        })
    }
}
