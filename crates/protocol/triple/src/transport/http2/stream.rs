//! Both directions of an HTTP/2 stream.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Response};

use super::Error;
use crate::wire::data::Data;

/// The data and the trailers of one direction, as they arrive.
pub(crate) struct Incoming(pub(super) RecvStream);

impl Incoming {
    pub(crate) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let data = ready!(self.0.poll_data(cx));
        if let Some(Ok(data)) = &data {
            // Never more than was received, so it fails on a dead stream only.
            let _ = self.0.flow_control().release_capacity(data.len());
        }
        Poll::Ready(data)
    }

    pub(crate) fn poll_trailers(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<HeaderMap>, Error>> {
        self.0.poll_trailers(cx)
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

/// The response side of a stream before its head.
pub(crate) struct SendHead(pub(super) SendResponse<Data>);

impl SendHead {
    /// Sends the head of a response whose data follows; `None` when the stream has ended.
    pub(crate) fn stream(&mut self, head: Response<()>) -> Option<Outgoing> {
        self.0.send_response(head, false).ok().map(Outgoing)
    }

    /// Sends a response that is all there; `false` when the stream has ended.
    pub(crate) fn whole(
        &mut self,
        head: Response<()>,
        data: Option<Data>,
        trailers: Option<HeaderMap>,
    ) -> bool {
        let data = data.filter(Data::has_remaining);
        let ends = data.is_none() && trailers.is_none();
        let Ok(mut send) = self.0.send_response(head, ends) else { return false };
        let ends = trailers.is_none();
        data.is_none_or(|data| send.send_data(data, ends).is_ok())
            && trailers.is_none_or(|trailers| send.send_trailers(trailers).is_ok())
    }

    pub(crate) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_reset(cx).map(drop)
    }
}

/// The data and the trailers of one direction on their way out.
pub(crate) struct Outgoing(pub(super) SendStream<Data>);

impl Outgoing {
    /// Sends the first piece of `data` that the peer takes; `false` when the stream has ended.
    pub(crate) async fn send_piece(&mut self, data: &mut Data) -> bool {
        self.0.reserve_capacity(data.remaining().max(1));
        while self.0.capacity() == 0 {
            match poll_fn(|cx| self.0.poll_capacity(cx)).await {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return false,
            }
        }
        let piece = data.split_to(self.0.capacity());
        self.0.send_data(piece, false).is_ok()
    }

    pub(crate) fn send_last(&mut self, data: Data) -> Result<(), Error> {
        self.0.send_data(data, true)
    }

    /// Ends the stream. One that has ended needs no end.
    pub(crate) fn end(&mut self, trailers: Option<HeaderMap>) {
        drop(match trailers {
            Some(trailers) => self.0.send_trailers(trailers),
            None => self.0.send_data(Data::nothing(), true),
        });
    }

    pub(crate) fn reset(&mut self) {
        self.0.send_reset(Reason::INTERNAL_ERROR);
    }

    pub(crate) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_reset(cx).map(drop)
    }
}
