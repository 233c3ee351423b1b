//! The messages of one direction of a stream, as they are received.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dubhe_core::status::Origin;
use dubhe_core::{Code, Status};
use h2::RecvStream;
use http::HeaderMap;

use crate::compression::{Encoding, gunzip};
use crate::frame::{Deframer, FrameError, Message};
use crate::status;

/// Messages out of the DATA frames of a stream.
///
/// Bytes are asked of the peer as they are used: a reader that stops holds one message and the
/// stream's window.
pub(crate) struct Inbound {
    recv: RecvStream,
    deframer: Deframer,
    encoding: Encoding,
}

impl Inbound {
    /// Messages of at most `limit` bytes, of which those that are marked so are compressed by
    /// `encoding`.
    pub(crate) fn new(recv: RecvStream, limit: usize, encoding: Encoding) -> Self {
        Self { recv, deframer: Deframer::new(limit), encoding }
    }

    /// The next message, `None` at the end.
    pub(crate) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Status>>> {
        loop {
            match self.deframer.next_message() {
                Ok(Some(message)) => {
                    return Poll::Ready(Some(self.plain(message).map_err(status::of_frame)));
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(status::of_frame(error)))),
            }
            match ready!(self.recv.poll_data(cx)) {
                Some(Ok(chunk)) => {
                    // Never more than was received, so it cannot fail but on a dead stream.
                    let _ = self.recv.flow_control().release_capacity(chunk.len());
                    self.deframer.push(chunk);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(status::of_h2(error)))),
                None if self.deframer.is_empty() => return Poll::Ready(None),
                None => {
                    return Poll::Ready(Some(Err(malformed("the stream ended within a message"))));
                }
            }
        }
    }

    fn plain(&self, message: Message) -> Result<Bytes, FrameError> {
        let Message { bytes, compressed } = message;
        match (compressed, self.encoding) {
            (false, _) => Ok(bytes),
            (true, Encoding::Identity) => Err(FrameError::Compressed),
            (true, Encoding::Gzip) => {
                let limit = self.deframer.limit();
                gunzip(&bytes, limit).map_err(|error| error.framed(limit))
            }
        }
    }

    pub(crate) async fn message(&mut self) -> Option<Result<Bytes, Status>> {
        std::future::poll_fn(|cx| self.poll_message(cx)).await
    }

    /// The only message, `None` when there is not even one.
    pub(crate) async fn only(&mut self) -> Result<Option<Bytes>, Status> {
        let first = self.message().await.transpose()?;
        if first.is_some() && self.message().await.transpose()?.is_some() {
            return Err(malformed("two messages came where one was expected"));
        }
        Ok(first)
    }

    /// The trailers, once there is no more message.
    pub(crate) fn poll_trailers(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<HeaderMap>, Status>> {
        self.recv.poll_trailers(cx).map_err(status::of_h2)
    }
}

/// The error of a stream without the message that it should have.
pub(crate) fn no_message() -> Status {
    malformed("no message came where one was expected")
}

/// The error of a stream that breaks the rules.
pub(crate) fn malformed(what: &'static str) -> Status {
    Status::new(Code::Internal, what).with_origin(Origin::RemoteFramework)
}
