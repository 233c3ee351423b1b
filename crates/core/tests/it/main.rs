//! Calls through chains, seen from outside.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod chains;
mod delays;
mod ends;
mod panics;
mod stats;
mod support;
