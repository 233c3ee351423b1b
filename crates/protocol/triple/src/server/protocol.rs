//! The part of an exchange that differs from protocol to protocol: the look of requests and
//! replies.

use bytes::Bytes;
use dubhe_core::reply::Trailers;
use dubhe_core::time::Deadline;
use dubhe_core::{Code, Metadata, Method, Payload, Status};
use http::{HeaderMap, Response};

use super::target::{Overloaded, ResolvedTarget};
use crate::message::writer::Writer;
use crate::transport::Whole;
use crate::wire::compression::Encoding;
use crate::wire::data::Data;
use crate::wire::metadata::BinaryNames;

/// A request whose headers are in order.
pub(super) struct Accepted<'a, P> {
    pub(super) target: ResolvedTarget<'a>,
    pub(super) deadline: Option<Deadline>,
    /// The compression of what is received.
    pub(super) encoding: Encoding,
    /// The bytes in a message that is received, at most.
    pub(super) limit: usize,
    pub(super) protocol: P,
}

/// The delimiting of the messages in the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// A prefix stands before each message.
    Prefixed,
    /// The whole body is one message, and no body an empty one.
    Whole,
}

/// A message of a request.
pub(super) struct Decoded {
    pub(super) payload: Payload,
    /// The method that its arguments are for, where they tell.
    pub(super) overload: Option<Overloaded>,
}

/// A reply of one message.
pub(super) struct Unary {
    pub(super) response: Whole,
    /// The bytes of the message, before compression.
    pub(super) length: usize,
}

/// The end of a reply of many messages.
pub(super) struct StreamEnd {
    pub(super) data: Option<Data>,
    pub(super) trailers: Option<HeaderMap>,
}

/// The look of one request and its reply, as the protocol has it and the headers have said.
pub(super) trait RequestProtocol: Clone + Send + Sync + 'static {
    const FRAMING: Framing;

    /// The naming of binary metadata.
    fn binary_names(&self) -> BinaryNames;

    /// The payload of a message for `method` or another one of its name.
    fn decode(&self, message: Bytes, method: &Method) -> Result<Decoded, Status>;

    /// Returns `true` when messages of the reply are compressed.
    fn compresses(&self) -> bool;

    /// The reply of one message.
    ///
    /// # Errors
    /// When the message cannot be written.
    fn unary(
        &self,
        payload: &Payload,
        metadata: Metadata,
        trailers: Metadata,
    ) -> Result<Unary, Status>;

    /// The reply that is an error and nothing else.
    fn error(&self, status: &Status) -> Whole;

    /// The refusal of a call that has not begun.
    fn refusal(&self, status: &Status) -> Whole {
        self.error(status)
    }

    /// The head of a reply of many messages, and what writes these.
    ///
    /// # Errors
    /// When the protocol has no such replies.
    fn stream(&self, _: &Metadata) -> Result<(Response<()>, Writer<'_>), Status> {
        let text = "the handler of a unary method answered with a stream";
        Err(Status::new(Code::Internal, text))
    }

    /// The end of such a reply.
    fn stream_end(&self, _: &Trailers) -> StreamEnd {
        StreamEnd { data: None, trailers: None }
    }
}
