//! Both directions of an HTTP/2 stream.

use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Response, Version};

use crate::transport::version::{ReceiveHalf, RespondHalf, SendHalf};
use crate::transport::{Error, Whole};
use crate::wire::data::Data;

/// The data and the trailers of one direction, as they arrive.
pub(crate) struct Incoming(pub(super) RecvStream);

impl ReceiveHalf for Incoming {
    fn version(&self) -> Version {
        Version::HTTP_2
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let data = ready!(self.0.poll_data(cx));
        if let Some(Ok(data)) = &data {
            // Never more than was received, so it fails on a dead stream only.
            let _ = self.0.flow_control().release_capacity(data.len());
        }
        Poll::Ready(data.map(|data| data.map_err(Error::Http2)))
    }

    fn poll_trailers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<HeaderMap>, Error>> {
        self.0.poll_trailers(cx).map_err(Error::Http2)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

/// The response side of a stream before its head.
pub(crate) struct Responding(pub(super) SendResponse<Data>);

impl RespondHalf for Responding {
    type Send = Sending;

    fn send_head(&mut self, head: Response<()>) -> Option<Sending> {
        self.0.send_response(head, false).ok().map(Sending)
    }

    fn send_whole(&mut self, response: Whole) -> bool {
        let Whole { head, data, trailers } = response;
        let data = data.filter(Data::has_remaining);
        let ends = data.is_none() && trailers.is_none();
        let Ok(mut send) = self.0.send_response(head, ends) else { return false };
        let ends = trailers.is_none();
        data.is_none_or(|data| send.send_data(data, ends).is_ok())
            && trailers.is_none_or(|trailers| send.send_trailers(trailers).is_ok())
    }

    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_reset(cx).map(drop)
    }
}

/// The data and the trailers of one direction on their way out.
pub(crate) struct Sending(pub(super) SendStream<Data>);

impl SendHalf for Sending {
    fn poll_send(&mut self, cx: &mut Context<'_>, data: &mut Data) -> Poll<bool> {
        self.0.reserve_capacity(data.remaining().max(1));
        while self.0.capacity() == 0 {
            match ready!(self.0.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(false),
            }
        }
        let piece = data.split_to(self.0.capacity());
        Poll::Ready(self.0.send_data(piece, false).is_ok())
    }

    fn send_last(&mut self, data: Data) -> Result<(), Error> {
        self.0.send_data(data, true).map_err(Error::Http2)
    }

    fn end(&mut self, trailers: Option<HeaderMap>) {
        drop(match trailers {
            Some(trailers) => self.0.send_trailers(trailers),
            None => self.0.send_data(Data::nothing(), true),
        });
    }

    fn reset(&mut self) {
        self.0.send_reset(Reason::INTERNAL_ERROR);
    }

    fn cancel(&mut self) {
        self.0.send_reset(Reason::CANCEL);
    }

    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_reset(cx).map(drop)
    }
}
