//! Connections and their streams. `h2` is named in `http2` alone, and `hyper` in `http1`.
//!
//! ```text
//! server   http2::serve ─┐                              ┌─ Receiver: data, trailers
//!          http1::serve ─┴─ ServerStream ── its request ┤
//!                              └─ Responder ── head ────┴─ Sender: data, trailers, reset
//!
//! client   http2::Connector ── Connection ── ClientStream: Sender, then head and Receiver
//! ```
//!
//! A [`Receiver`], a [`Sender`] and a [`Responder`] are of one type for all versions of HTTP. What
//! is received counts as taken when it is read, and what is sent waits until the peer takes more,
//! so that a reader that stops stops its writer.

mod body;
mod coalesced;
mod coop;
mod deadline;
mod error;
pub(crate) mod http1;
pub(crate) mod http2;
mod messages;
mod rate;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use body::ResponseBody;
pub use body::{Body, BoxError};
pub(crate) use deadline::passed;
pub(crate) use error::Error;
pub(crate) use messages::{Messages, malformed, no_message};
pub(crate) use stream::{Receiver, Responder, Sender, ServerStream, Whole};
