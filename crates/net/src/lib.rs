//! The network layer of Dubhe: from the socket up to whole frames. It knows no RPC and is usable
//! alone; `examples/src/bin/custom_protocol.rs` carries a small protocol on it.
//!
//! A connection's life reads from top to bottom:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`io`] | opens and accepts byte streams: TCP, Unix sockets, TLS, in memory; [`io::Listen`] and [`io::Dial`] are the seams |
//! | [`tls`] | certificates from PEM, one-way and mutual, replaceable while running |
//! | [`detect`] | accepts, looks at the first bytes and hands the stream to the protocol that knows them |
//! | [`session`] | drives one framed connection: one task, one write per batch, bounded queues |
//! | [`pool`] | keeps connections to one endpoint, picks the least loaded, reconnects with backoff |
//! | [`keepalive`] | decides when to probe a peer that lets calls wait |
//! | [`drain`] | stops in order: a shutdown signal, guards that count, scopes that own tasks |
//! | [`rate`] | ends peers that do not go on with what they have begun |
//! | [`memory`] | counts the memory that peers make a server hold, and refuses more than its budget |
//! | [`poll_watch`] | tells a watchdog what is polled on each thread |
//! | [`time`] | the clock that the above decide by |
//! | [`work`] | work that takes long and gives way to other tasks |
//! | [`long_replies`] | remembers the targets whose replies take long to encode |

pub mod detect;
pub mod drain;
mod error;
pub mod io;
pub mod keepalive;
pub mod long_replies;
pub mod memory;
pub mod poll_watch;
pub mod pool;
pub mod rate;
pub mod session;
pub mod time;
pub mod timer;
#[cfg(feature = "tls")]
pub mod tls;
pub mod work;

pub use error::{Error, ErrorKind, Result};
