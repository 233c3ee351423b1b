//! The registry against a real API server. Needs Go; `cargo xtask nightly kubernetes` runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// Where the logs of a test that failed are is for people.
#![allow(clippy::print_stderr)]

#[path = "../support/greeter.rs"]
mod greeter;
#[path = "../support/mod.rs"]
mod support;

mod account;
mod calls;
mod certificate;
mod documents;
mod following;
mod java;
mod manifests;
mod outages;
mod recording;
mod registering;
mod server;
