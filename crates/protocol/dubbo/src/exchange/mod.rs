//! A connection, in both roles at once: each end may call the other, so a client answers
//! callbacks and a server pushes over the connection that the client opened.
//!
//! [`Exchange`] is the half that runs in the connection's task; [`Connection`] is the half that
//! everybody else holds.

mod callbacks;
mod calls;
mod connection;
mod errors;
mod handlers;
mod heartbeat;
mod inbound;
mod offload;
mod one_way;
mod probes;
mod refusals;
mod request_cache;
mod request_templates;
mod role;
mod session;

pub use calls::MAX_CALLS;
pub use connection::{Connection, PeerHandle};
pub(crate) use offload::MAX_READY;
pub use role::Role;
pub use session::Exchange;
