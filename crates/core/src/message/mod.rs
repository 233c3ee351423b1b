//! Typed messages with their metadata, as handlers and clients see them, whatever the codec.

mod request;
mod response;
mod streaming;

pub use request::{IntoStreamingRequest, Request};
pub use response::Response;
pub use streaming::{DecodeMessage, Streaming};
