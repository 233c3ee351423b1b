//! Triple over sockets: client and server, and bare peers of either.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod bounds;
mod client;
mod compression;
mod drained;
mod ends;
mod first_head;
mod gone;
mod grpc;
mod hostile;
mod keepalive;
mod layout;
mod limit_lines;
mod long_replies;
mod memory;
mod options;
mod resets;
mod server;
mod slow;
mod support;
mod target;
mod trailers_only;
mod uncompressed;
mod unread;
mod versions;
mod writes;
