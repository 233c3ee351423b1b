//! The registry against a server that does what the tests say, in paused time, and what is read of
//! values.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod fake;
mod following;
#[path = "../../src/generated/mod.rs"]
mod generated;
mod generated_code;
mod lease;
mod users;
mod vectors;
