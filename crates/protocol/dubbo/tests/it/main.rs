//! The dubbo protocol: client and server, and bare peers of either.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod backpressure;
mod both_ends;
mod bounds;
mod channel;
mod cut;
mod gates;
mod hessian_limits;
mod keepalive;
mod long_replies;
mod memory;
mod raw_client;
mod raw_server;
mod refusals;
mod slow;
mod support;
