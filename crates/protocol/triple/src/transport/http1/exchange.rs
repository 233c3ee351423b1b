//! The answer to a request over HTTP/1.1, as a service and a body of `hyper`.
//!
//! An answer is a future that sends; `hyper` asks for a response, and then for its body. Both poll
//! the future until it has sent something: no task and no channel is between them.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Buf;
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;

use super::super::body::{BoxError, ResponseBody};
use crate::wire::data::Data;

/// The part of a response that has been sent, and that `hyper` has not taken yet.
#[derive(Default)]
pub(crate) struct PendingResponse(Mutex<State>);

#[derive(Default)]
struct State {
    head: Option<Response<Kind>>,
    data: VecDeque<Data>,
    trailers: Option<HeaderMap>,
    end: Option<BodyEnd>,
    /// The sender that waits until the data is taken.
    waiting: Option<Waker>,
}

/// The origin of a body.
enum Kind {
    Whole(Option<Data>),
    /// The pieces that a future sends.
    Stream,
    Body(ResponseBody),
}

#[derive(Clone, Copy)]
enum BodyEnd {
    Ended,
    Cut,
}

impl PendingResponse {
    /// Sends the head of a response that goes on.
    pub(crate) fn stream(&self, head: Response<()>) {
        self.0.lock().head = Some(head.map(|()| Kind::Stream));
    }

    /// Sends a response that is all there.
    pub(crate) fn whole(
        &self,
        head: Response<()>,
        data: Option<Data>,
        trailers: Option<HeaderMap>,
    ) {
        if trailers.is_none() {
            self.0.lock().head = Some(head.map(|()| Kind::Whole(data)));
            return;
        }
        self.stream(head);
        self.0.lock().data.extend(data);
        self.end(trailers);
    }

    /// Sends a response with a body of its own.
    pub(crate) fn body(&self, response: Response<ResponseBody>) {
        self.0.lock().head = Some(response.map(Kind::Body));
    }

    /// Becomes ready when all data has been taken.
    pub(crate) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.data.is_empty() {
            return Poll::Ready(());
        }
        state.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    pub(crate) fn send(&self, data: Data) {
        self.0.lock().data.push_back(data);
    }

    pub(crate) fn end(&self, trailers: Option<HeaderMap>) {
        let mut state = self.0.lock();
        state.trailers = trailers;
        state.end = Some(BodyEnd::Ended);
    }

    /// Breaks the response off.
    pub(crate) fn cut(&self) {
        self.0.lock().end = Some(BodyEnd::Cut);
    }

    /// The next piece of the body; `Err` when there is none for now.
    fn next(&self) -> Result<Option<Result<Frame<Data>, BoxError>>, ()> {
        let mut state = self.0.lock();
        let cut = matches!(state.end, Some(BodyEnd::Cut));
        if let Some(data) = state.data.pop_front().filter(|_| !cut) {
            if let Some(waiting) = state.waiting.take() {
                waiting.wake();
            }
            return Ok(Some(Ok(Frame::data(data))));
        }
        if cut {
            return Ok(Some(Err(CutOff.into())));
        }
        if let Some(trailers) = state.trailers.take() {
            return Ok(Some(Ok(Frame::trailers(trailers))));
        }
        state.end.map(|_| None).ok_or(())
    }
}

/// A future that answers, until it has sent a head.
pub(super) struct Answering {
    exchange: Arc<PendingResponse>,
    work: Option<Work>,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Answering {
    pub(super) fn new(
        exchange: Arc<PendingResponse>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { exchange, work: Some(Box::pin(work)) }
    }
}

impl Future for Answering {
    type Output = Result<Response<Outgoing>, CutOff>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = run(&mut self.work, cx);
        let head = self.exchange.0.lock().head.take();
        match head {
            Some(head) => Poll::Ready(Ok(head.map(|kind| match kind {
                Kind::Whole(data) => Outgoing::Whole(data.filter(Data::has_remaining)),
                Kind::Body(body) => Outgoing::Body(body),
                Kind::Stream => Outgoing::Stream(Self {
                    exchange: self.exchange.clone(),
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
pub(super) enum Outgoing {
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
            Self::Stream(Answering { exchange, work }) => {
                if let Ok(piece) = exchange.next() {
                    return Poll::Ready(piece);
                }
                let ended = run(work, cx);
                match exchange.next() {
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
pub(super) struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response was broken off")
    }
}

impl std::error::Error for CutOff {}
