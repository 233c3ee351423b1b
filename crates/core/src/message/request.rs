//! Requests.

use std::sync::Arc;

use futures_core::Stream;

use crate::context::Context;
use crate::metadata::Metadata;

/// A message, or a stream of them, with the metadata beside it.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::Request;
///
/// let mut request = Request::new("Ada");
/// request.metadata_mut().insert("tenant", "acme");
/// assert_eq!(request.metadata().get_str("tenant"), Some("acme"));
/// assert_eq!(request.into_inner(), "Ada");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Request<T> {
    message: T,
    metadata: Metadata,
    context: Option<Arc<Context>>,
}

impl<T> Request<T> {
    /// A request without metadata.
    pub fn new(message: T) -> Self {
        Self { message, metadata: Metadata::new(), context: None }
    }

    /// A request that arrived, with the attachments of its call as metadata.
    pub fn arrived(message: T, context: Arc<Context>) -> Self {
        Self { message, metadata: context.attachments().clone(), context: Some(context) }
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

    /// The metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata, to be added to.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// Peer, deadline and cancellation of a call that is served; `None` for a request that this
    /// process makes.
    pub fn context(&self) -> Option<&Arc<Context>> {
        self.context.as_ref()
    }

    /// The same request with another message.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Request<U> {
        let Self { message, metadata, context } = self;
        Request { message: change(message), metadata, context }
    }
}

impl<T> From<T> for Request<T> {
    fn from(message: T) -> Self {
        Self::new(message)
    }
}

/// The requests of a method that takes many messages: a stream of them, or a [`Request`] of one.
pub trait IntoStreamingRequest {
    /// The type of a message.
    type Message;
    /// The stream.
    type Stream: Stream<Item = Self::Message> + Send + 'static;

    /// The stream with its metadata.
    fn into_streaming_request(self) -> Request<Self::Stream>;
}

impl<S: Stream + Send + 'static> IntoStreamingRequest for S {
    type Message = S::Item;
    type Stream = S;

    fn into_streaming_request(self) -> Request<S> {
        Request::new(self)
    }
}

impl<S: Stream + Send + 'static> IntoStreamingRequest for Request<S> {
    type Message = S::Item;
    type Stream = S;

    fn into_streaming_request(self) -> Self {
        self
    }
}
