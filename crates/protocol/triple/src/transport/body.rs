//! Streams as bodies of [`http_body`], for the services that are mounted.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dubhe_net::memory::ConnectionMemory;
use http::{Response, Version};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

use super::coop::Turn;
use super::stream::{Receiver, Responder, Whole};
use crate::wire::data::Data;

/// Any error of a body or a mounted service.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The body of a response, of whatever kind.
pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, BoxError>;

/// The body of a request, as it arrives: [`http_body::Body`] of [`Bytes`].
///
/// Bytes are asked of the peer as they are read: a reader that stops stops the sender.
///
/// ```
/// # mod dubhe { pub mod http { pub use dubhe_triple::http::{Body, BoxError}; } }
/// use dubhe::http::{Body, BoxError};
/// use http::{Request, Response};
/// use http_body_util::BodyExt as _;
///
/// /// A handler that is mounted: answers with the length of what it was sent.
/// async fn length(request: Request<Body>) -> Result<Response<String>, BoxError> {
///     let bytes = request.into_body().collect().await?.to_bytes();
///     Ok(Response::new(bytes.len().to_string()))
/// }
/// # let _ = length(Request::new(Body::empty()));
/// ```
pub struct Body(Kind);

enum Kind {
    Stream { receiver: Receiver, data_ended: bool },
    Whole(Option<Bytes>),
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self(Kind::Whole(None))
    }
}

impl From<Receiver> for Body {
    fn from(receiver: Receiver) -> Self {
        Self(Kind::Stream { receiver, data_ended: false })
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
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Stream { receiver, data_ended } => {
                if !*data_ended {
                    // Before, nothing can be said until the body has ended.
                    let expected = receiver.version() < Version::HTTP_2;
                    if let Some(data) = ready!(receiver.poll_data(cx, expected)) {
                        let frame = data.map(Frame::data).map_err(super::Error::into_inner);
                        return Poll::Ready(Some(frame));
                    }
                    *data_ended = true;
                }
                let trailers = ready!(receiver.poll_trailers(cx));
                let trailers = trailers.map_err(super::Error::into_inner)?;
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Stream { receiver, .. } => receiver.is_end_stream(),
            Kind::Whole(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Stream { receiver, .. } => receiver.size_hint(),
            Kind::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Stream { receiver, .. } => write!(f, "Body({:?})", receiver.version()),
            Kind::Whole(_) => f.write_str("Body(whole)"),
        }
    }
}

/// Sends a response with its body, as fast as the caller takes it.
pub(super) async fn forward(mut respond: Responder, response: Response<ResponseBody>) {
    let (head, mut body) = response.into_parts();
    let head = Response::from_parts(head, ());
    if http_body::Body::is_end_stream(&body) {
        respond.send_now(Whole::head(head), &ConnectionMemory::UNCOUNTED);
        return;
    }
    // A stream that has ended needs no answer.
    let Some(mut send) = respond.send_head(head) else { return };
    let mut turn = Turn::default();
    loop {
        let frame = tokio::select! {
            biased;
            frame = turn.poll(|_, cx| http_body::Body::poll_frame(Pin::new(&mut body), cx)) => frame,
            () = poll_fn(|cx| send.poll_reset(cx)) => return,
        };
        match frame.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(data))) => {
                if !send.send(Data::framed(data)).await {
                    return;
                }
            }
            Some(Ok(Err(trailers))) => {
                return send.end(Some(trailers.into_trailers().unwrap_or_default()));
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "the body of a response broke off");
                return send.reset();
            }
            None => return send.end(None),
        }
    }
}
