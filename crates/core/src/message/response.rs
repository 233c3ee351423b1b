//! Responses.

use crate::metadata::Metadata;
use crate::payload::Payload;
use crate::reply::{Reply, ReplyBody};

/// A message, or a stream of them, with the metadata that goes before it and after it.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::Response;
///
/// let mut response = Response::new("Hello, Ada");
/// response.metadata_mut().insert("served-by", "shop 1");
/// assert_eq!(response.into_inner(), "Hello, Ada");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Response<T> {
    message: T,
    metadata: Metadata,
    trailers: Metadata,
}

impl<T> Response<T> {
    /// A response without metadata.
    pub fn new(message: T) -> Self {
        Self::with_metadata(message, Metadata::new())
    }

    /// A response with metadata.
    pub fn with_metadata(message: T, metadata: Metadata) -> Self {
        Self { message, metadata, trailers: Metadata::new() }
    }

    /// The message.
    pub fn get_ref(&self) -> &T {
        &self.message
    }

    /// The message, to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.message
    }

    /// The message alone.
    pub fn into_inner(self) -> T {
        self.message
    }

    /// The message and the metadata.
    pub fn into_parts(self) -> (T, Metadata) {
        (self.message, self.metadata)
    }

    /// The metadata that goes before the message.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata, to be added to.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The metadata that goes after the message. A response that was received has that of a reply
    /// of one message here; for many there is [`Streaming::trailers`](crate::Streaming::trailers).
    pub fn trailers(&self) -> &Metadata {
        &self.trailers
    }

    /// The metadata that goes after the message, to be added to; for what is known of a stream
    /// only at its end there is [`Context::set_reply_attachment`].
    ///
    /// [`Context::set_reply_attachment`]: crate::Context::set_reply_attachment
    pub fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.trailers
    }

    /// The reply that carries the message as `encode` gives it.
    pub fn into_reply(self, encode: impl FnOnce(T) -> Payload) -> Reply {
        let Self { message, metadata, trailers } = self;
        let mut reply = Reply::with_metadata(encode(message), metadata);
        if let ReplyBody::One(_, end) = &mut reply.body {
            *end = trailers;
        }
        reply
    }

    /// The same response with another message.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { message, metadata, trailers } = self;
        Response { message: change(message), metadata, trailers }
    }
}

impl<T> From<T> for Response<T> {
    fn from(message: T) -> Self {
        Self::new(message)
    }
}
