//! The network layer from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod backpressure;
mod detect;
mod memory;
mod pool;
mod session;
mod stalls;
mod support;
mod tls;
#[cfg(unix)]
mod unix;
