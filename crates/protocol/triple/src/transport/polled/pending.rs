//! The part of a response that has been sent, and that nobody has taken yet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dubhe_net::memory::ConnectionMemory;
use http::{HeaderMap, Response};
use http_body::Frame;
use parking_lot::Mutex;

use super::answering::CutOff;
use crate::message::writer::BATCH;
use crate::transport::body::{BoxError, ResponseBody};
use crate::transport::version::{RespondHalf, SendHalf, Sent};
use crate::transport::{Error, Whole};
use crate::wire::data::Data;

/// The place between what answers, which sends, and what takes.
#[derive(Default)]
pub(in crate::transport) struct PendingResponse(Mutex<State>);

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
pub(super) enum Kind {
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
    /// The head of the response, once it has been sent.
    pub(super) fn take_head(&self) -> Option<Response<Kind>> {
        self.0.lock().head.take()
    }

    /// The next piece of the body; `Err` when there is none for now.
    pub(super) fn next(&self) -> Result<Option<Result<Frame<Data>, BoxError>>, ()> {
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

/// The response side before its head.
///
/// The future that answers is part of what polls it, which drops it when the peer has left. So
/// nothing is sent that has nobody to take it, and nobody need wait for a reset.
pub(crate) struct Responding(pub(in crate::transport) Arc<PendingResponse>);

impl RespondHalf for Responding {
    type Send = Sending;

    fn send_head(&mut self, head: Response<()>) -> Option<Sending> {
        self.0.0.lock().head = Some(head.map(|()| Kind::Stream));
        Some(Sending(self.0.clone()))
    }

    fn send_whole(&mut self, response: Whole, _: &ConnectionMemory) -> Sent<Sending> {
        let Whole { head, data, trailers } = response;
        let mut state = self.0.0.lock();
        if trailers.is_none() {
            state.head = Some(head.map(|()| Kind::Whole(data)));
        } else {
            state.head = Some(head.map(|()| Kind::Stream));
            state.data.extend(data);
            (state.trailers, state.end) = (trailers, Some(BodyEnd::Ended));
        }
        Sent::All
    }

    fn send_body(&mut self, response: Response<ResponseBody>) -> Option<Response<ResponseBody>> {
        self.0.0.lock().head = Some(response.map(Kind::Body));
        None
    }

    fn poll_reset(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// The rest of a response.
pub(crate) struct Sending(Arc<PendingResponse>);

impl SendHalf for Sending {
    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Data) -> Poll<bool> {
        let mut state = self.0.0.lock();
        // Nobody asks again after the last piece.
        if !state.data.is_empty() {
            state.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.data.push_back(data.split_to(BATCH));
        Poll::Ready(true)
    }

    fn send_last(&mut self, data: Data) -> Result<(), Error> {
        self.0.0.lock().data.push_back(data);
        self.end(None);
        Ok(())
    }

    fn end(&mut self, trailers: Option<HeaderMap>) {
        let mut state = self.0.0.lock();
        (state.trailers, state.end) = (trailers, Some(BodyEnd::Ended));
    }

    fn reset(&mut self) {
        self.0.0.lock().end = Some(BodyEnd::Cut);
    }

    fn cancel(&mut self) {
        self.reset();
    }

    fn poll_reset(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
