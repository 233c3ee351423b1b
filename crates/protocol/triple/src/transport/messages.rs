//! The messages of one direction of a stream, as they are received.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use dubhe_core::status::Origin;
use dubhe_core::{Code, Status};
use dubhe_net::memory::{Charge, ConnectionMemory, FREE};
use dubhe_net::poll_watch::{PollKey, PollWatch, watched};
use http::HeaderMap;

use super::Receiver;
use crate::wire::compression::{Encoding, GunzipError, gunzip};
use crate::wire::frame::{Deframer, FrameError, Message};
use crate::wire::status;

/// The bytes of a message that is not whole from which on it goes no further when memory is used up.
const GROWING: usize = 4 * FREE;

/// Messages out of the data of a stream: each behind a prefix, or one without.
///
/// Bytes are asked of the peer as they are used: a reader that stops holds one message and the
/// stream's window.
pub(crate) struct Messages {
    receiver: Receiver,
    deframer: Deframer,
    encoding: Encoding,
    /// All data is expected, not only the rest of a message.
    expected: bool,
    /// The bytes that are held, counted once they are many.
    held: Charge,
    /// The watchdog that sees a message being decompressed, and the method it is for.
    watch: Option<(Arc<PollWatch>, PollKey)>,
}

impl Messages {
    /// Messages of at most `limit` bytes, of which those that are marked so are compressed by
    /// `encoding`.
    pub(crate) fn new(receiver: Receiver, limit: usize, encoding: Encoding) -> Self {
        Self {
            receiver,
            deframer: Deframer::new(limit),
            encoding,
            expected: false,
            held: Charge::default(),
            watch: None,
        }
    }

    /// The same with a watchdog over decompression, for the method of `key`.
    pub(crate) fn watched(mut self, watch: Option<&Arc<PollWatch>>, key: PollKey) -> Self {
        if self.encoding != Encoding::Identity {
            self.watch = watch.map(|watch| (watch.clone(), key));
        }
        self
    }

    /// Decompresses a message.
    fn gunzip(&self, bytes: &[u8]) -> Result<Bytes, GunzipError> {
        let (watch, key) = match &self.watch {
            Some((watch, key)) => (Some(&**watch), *key),
            None => (None, PollKey::NONE),
        };
        watched(watch, key, || gunzip(bytes, self.deframer.limit()))
    }

    /// The handler begins, though messages are still to come.
    pub(crate) fn begin_handler(&mut self) {
        self.receiver.begin_handler();
    }

    /// Hands over the count of the bytes that were held last, once they were many.
    pub(crate) fn take_held(&mut self) -> Charge {
        std::mem::take(&mut self.held)
    }

    /// Counts `bytes` that are held.
    fn hold(&mut self, bytes: usize, memory: &ConnectionMemory) {
        if bytes > FREE && self.held.bytes() == 0 {
            self.held = memory.charge(bytes);
        } else if self.held.bytes() > 0 {
            self.held.set(bytes);
        }
    }

    /// Counts `bytes` of a message that is not whole yet.
    fn grow(&mut self, bytes: usize, memory: &ConnectionMemory) -> Result<(), Status> {
        self.hold(bytes, memory);
        if bytes > GROWING { Ok(memory.check(0)?) } else { Ok(()) }
    }

    /// The next message, `None` at the end. What is held of it counts in `memory`.
    pub(crate) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
        memory: &ConnectionMemory,
    ) -> Poll<Option<Result<Bytes, Status>>> {
        loop {
            match self.deframer.next_message() {
                Ok(Some(message)) => {
                    self.receiver.end_message();
                    return Poll::Ready(Some(self.decompress(message, memory)));
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(status::of_frame(error)))),
            }
            let expected = self.expected || !self.deframer.is_empty();
            match ready!(self.receiver.poll_data(cx, expected)) {
                Some(Ok(chunk)) => {
                    self.deframer.push(chunk);
                    if let Err(status) = self.grow(self.deframer.len(), memory) {
                        return Poll::Ready(Some(Err(status)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None if self.deframer.is_empty() => return Poll::Ready(None),
                None => {
                    return Poll::Ready(Some(Err(malformed("the stream ended within a message"))));
                }
            }
        }
    }

    fn decompress(&mut self, message: Message, memory: &ConnectionMemory) -> Result<Bytes, Status> {
        let Message { bytes, compressed } = message;
        match (compressed, self.encoding) {
            (false, _) => Ok(bytes),
            (true, Encoding::Identity) => Err(status::of_frame(FrameError::Compressed)),
            (true, Encoding::Gzip) => {
                let limit = self.deframer.limit();
                let unpacked = self.gunzip(&bytes);
                let unpacked = unpacked.map_err(|error| status::of_frame(error.framed(limit)))?;
                drop(bytes);
                self.grow(unpacked.len() + self.deframer.len(), memory)?;
                Ok(unpacked)
            }
        }
    }

    async fn message(&mut self, memory: &ConnectionMemory) -> Option<Result<Bytes, Status>> {
        poll_fn(|cx| self.poll_message(cx, memory)).await
    }

    /// The only message, which the peer must send at the least rate of the receiver.
    ///
    /// # Errors
    /// When there is more than one.
    pub(crate) async fn only(
        &mut self,
        memory: &ConnectionMemory,
    ) -> Result<Option<Bytes>, Status> {
        self.expected = true;
        let first = self.message(memory).await.transpose()?;
        if first.is_some() && self.message(memory).await.transpose()?.is_some() {
            return Err(not_one("two messages came where one was expected"));
        }
        Ok(first)
    }

    /// The one message that all of the data is, without a prefix, decompressed. The peer must send it
    /// at the least rate of the receiver.
    ///
    /// # Errors
    /// When it has more bytes than a message may have, before or after.
    pub(crate) async fn whole(&mut self, memory: &ConnectionMemory) -> Result<Bytes, Status> {
        let limit = self.deframer.limit();
        let too_large = || status::of_frame(GunzipError::TooLarge.framed(limit));
        let mut all = BytesMut::new();
        loop {
            match poll_fn(|cx| self.receiver.poll_data(cx, true)).await {
                Some(Ok(data)) if data.len() > limit - all.len() => return Err(too_large()),
                Some(Ok(data)) => {
                    all.extend_from_slice(&data);
                    self.grow(all.len(), memory)?;
                }
                Some(Err(error)) => return Err(error.into()),
                None => break,
            }
        }
        match self.encoding {
            Encoding::Identity => Ok(all.freeze()),
            Encoding::Gzip => {
                let unpacked = self.gunzip(&all).map_err(|error| match error {
                    GunzipError::TooLarge => too_large(),
                    GunzipError::NotGzip => {
                        let text = "the body is not gzip, as its content-encoding says";
                        Status::new(Code::InvalidArgument, text)
                    }
                })?;
                drop(all);
                self.grow(unpacked.len(), memory)?;
                Ok(unpacked)
            }
        }
    }

    /// The trailers, once there is no more message.
    pub(crate) fn poll_trailers(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<HeaderMap>, Status>> {
        self.receiver.poll_trailers(cx).map_err(Status::from)
    }
}

/// The error of a stream without the message that it should have.
pub(crate) fn no_message() -> Status {
    not_one("no message came where one was expected")
}

/// The error of a call whose other end takes its method for one of another kind (gRPC, "Status codes
/// and their use", cardinality violations).
#[cold]
fn not_one(what: &'static str) -> Status {
    malformed(what).with_code(Code::Unimplemented)
}

/// The error of a stream that breaks the rules.
pub(crate) fn malformed(what: &'static str) -> Status {
    Status::new(Code::Internal, what).with_origin(Origin::RemoteFramework)
}
