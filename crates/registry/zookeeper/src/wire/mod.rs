//! The protocol between a ZooKeeper client and server: jute records in frames.
//!
//! A frame is a big-endian `i32` length and that many bytes. The first frame each way is the
//! handshake; then requests carry `xid, operation` and replies `xid, zxid, error` before their
//! record (ZooKeeper `zookeeper.jute`, `ZooDefs`). The server answers in the order of the
//! requests; what is nobody's answer has a negative xid of [`xid`].

mod frame;
mod read;
mod reply;
mod request;
mod write;

pub(crate) use frame::split_frame;
pub(crate) use read::{Malformed, Reader};
pub use reply::Stat;
pub(crate) use reply::{ConnectResponse, Event, EventKind, Header, data, names};
pub(crate) use request::{
    ANY_VERSION, Acl, ConnectRequest, auth, children, close, create, delete, exists, get_data,
    ping, set_data, set_watches,
};

/// The ids of frames that are nobody's request or reply.
pub(crate) mod xid {
    /// A watch fired.
    pub(crate) const EVENT: i32 = -1;
    /// A sign of life, or its answer.
    pub(crate) const PING: i32 = -2;
    /// Credentials, or the answer to them.
    pub(crate) const AUTH: i32 = -4;
    /// Watches that a new connection takes over, or that this was done.
    pub(crate) const SET_WATCHES: i32 = -8;
}
