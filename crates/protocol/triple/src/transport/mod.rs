//! Connections and their streams. `h2` is named in `http2` alone, and `hyper` in `http1`; outside this
//! folder a version is asked for only to know if there are trailers.
//!
//! ```text
//! server   serve_http2 ─┐                              ┌─ Receiver: data, trailers
//!          serve_http1 ─┼─ ServerStream ── its request ┤
//!          hosted ──────┘     └─ Responder ── head ────┴─ Sender: data, trailers, reset
//!
//! client   Connector ── Connection ── ClientStream: Sender, then head and Receiver
//! ```
//!
//! A [`Receiver`], a [`Sender`] and a [`Responder`] are of one type for all versions of HTTP; see
//! `version.rs` for what a version implements. What is received counts as taken when it is read, and
//! what is sent waits until the peer takes more, so that a reader that stops stops its writer.

mod body;
mod coalesced;
mod coop;
mod deadline;
mod drain;
mod error;
pub(crate) mod hosted;
mod http1;
mod http2;
mod messages;
mod polled;
mod rate;
mod stream;
#[cfg(test)]
mod tests;
mod version;

pub(crate) use body::ResponseBody;
pub use body::{Body, BoxError};
pub(crate) use coop::Turn;
pub(crate) use deadline::passed;
pub(crate) use error::Error;
pub(crate) use http1::serve as serve_http1;
pub(crate) use http2::serve as serve_http2;
// Clients speak HTTP/2 alone.
pub(crate) use http2::{ClientStream, Connection, Connector, InFlight};
pub(crate) use messages::{Messages, malformed, no_message};
pub(crate) use polled::{Answering, Outgoing};
pub(crate) use stream::{Receiver, Responder, Sender, ServerStream, Whole};
pub(crate) use version::{Sent, Unsent};
