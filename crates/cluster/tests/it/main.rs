//! Directories, channels and destinations, as their users see them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod balancing;
mod cache;
mod channels;
mod choosing;
mod directory;
mod explaining;
mod fakes;
mod holding;
mod picking;
mod plans;
mod preparing;
mod silent;
mod strategies;
mod support;
