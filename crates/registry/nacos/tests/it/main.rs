//! The client and the registry against a server whose every message the tests write, in paused time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod address_server;
mod auth;
mod bad_input;
mod documents;
mod fake;
mod outages;
mod publishing;
mod pushes;
