//! The answer to a request, as the future of a response and as its body. Both poll the future that
//! answers until it has sent something.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Buf;
use http::Response;
use http_body::{Body, Frame, SizeHint};

use super::pending::{Kind, PendingResponse};
use crate::transport::body::{BoxError, ResponseBody};
use crate::wire::data::Data;

/// A future that answers, until it has sent a head.
pub(crate) struct Answering {
    response: Arc<PendingResponse>,
    work: Option<Work>,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Answering {
    pub(in crate::transport) fn new(
        response: Arc<PendingResponse>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { response, work: Some(Box::pin(work)) }
    }
}

impl Future for Answering {
    type Output = Result<Response<Outgoing>, CutOff>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = run(&mut self.work, cx);
        let head = self.response.take_head();
        match head {
            Some(head) => Poll::Ready(Ok(head.map(|kind| match kind {
                Kind::Whole(data) => Outgoing::Whole(data.filter(Data::has_remaining)),
                Kind::Body(body) => Outgoing::Body(body),
                Kind::Stream => Outgoing::Stream(Self {
                    response: self.response.clone(),
                    work: self.work.take(),
                }),
            }))),
            None if ended => Poll::Ready(Err(CutOff)),
            None => Poll::Pending,
        }
    }
}

/// Polls `work`, which is let go of when it has ended. Returns `true` when nothing is left.
fn run(work: &mut Option<Work>, cx: &mut Context<'_>) -> bool {
    if work.as_mut().is_some_and(|work| work.as_mut().poll(cx).is_ready()) {
        *work = None;
    }
    work.is_none()
}

/// The body of a response.
pub(crate) enum Outgoing {
    Whole(Option<Data>),
    /// The pieces that a future sends.
    Stream(Answering),
    Body(ResponseBody),
}

impl Body for Outgoing {
    type Data = Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Data>, BoxError>>> {
        match &mut *self {
            Self::Whole(data) => Poll::Ready(data.take().map(|data| Ok(Frame::data(data)))),
            Self::Body(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(Data::framed)))),
            Self::Stream(Answering { response, work }) => {
                if let Ok(piece) = response.next() {
                    return Poll::Ready(piece);
                }
                let ended = run(work, cx);
                match response.next() {
                    Ok(piece) => Poll::Ready(piece),
                    Err(()) if ended => Poll::Ready(Some(Err(CutOff.into()))),
                    Err(()) => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(data) => data.is_none(),
            Self::Stream(_) => false,
            Self::Body(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(data) => {
                let length = data.as_ref().map_or(0, Buf::remaining);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Self::Stream(_) => SizeHint::default(),
            Self::Body(body) => body.size_hint(),
        }
    }
}

/// The error of a response that its sender did not end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response was broken off")
    }
}

impl std::error::Error for CutOff {}
