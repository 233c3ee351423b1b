//! The client and the registry against a server whose every frame the tests write, in paused time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod discovery;
mod documents;
mod fake;
mod following;
mod session;
mod tree;
