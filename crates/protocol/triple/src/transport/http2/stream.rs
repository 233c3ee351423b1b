//! Both directions of an HTTP/2 stream.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use dubhe_net::memory::ConnectionMemory;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Response, Version};

use crate::transport::version::{ReceiveHalf, RespondHalf, SendHalf, Sent, Unsent};
use crate::transport::{Error, Whole};
use crate::wire::data::Data;
use crate::wire::held::Backlog;

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
pub(crate) struct Responding {
    pub(super) send: SendResponse<Data>,
    /// The count of the connection, until a response is sent.
    pub(super) backlog: Option<Arc<Backlog>>,
}

impl RespondHalf for Responding {
    type Send = Sending;

    fn send_head(&mut self, head: Response<()>) -> Option<Sending> {
        self.send.send_response(head, false).ok().map(Sending)
    }

    fn send_whole(&mut self, response: Whole, memory: &ConnectionMemory) -> Sent<Sending> {
        let Whole { head, data, trailers } = response;
        let data = data.filter(Data::has_remaining);
        let ends = data.is_none() && trailers.is_none();
        let Ok(mut send) = self.send.send_response(head, ends) else { return Sent::Ended };
        let mut sent = true;
        if let Some(mut data) = data {
            let length = data.remaining();
            if let Some(held) = self.backlog.take().and_then(|backlog| backlog.hold(length)) {
                data.hold(held);
            } else {
                // Much waits already, since the peer does not take it.
                data.charge(memory);
                send.reserve_capacity(length);
                if send.capacity() < length {
                    return Sent::Head(Box::new(Unsent { send: Sending(send), data, trailers }));
                }
            }
            sent = send.send_data(data, trailers.is_none()).is_ok();
        }
        if sent && trailers.is_none_or(|trailers| send.send_trailers(trailers).is_ok()) {
            Sent::All
        } else {
            Sent::Ended
        }
    }

    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.send.poll_reset(cx).map(drop)
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
