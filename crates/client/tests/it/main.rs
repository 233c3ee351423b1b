//! A client over scripted providers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod attempts;
mod budget;
mod calls;
#[cfg(feature = "protobuf")]
mod generated;
mod plans;
mod registries;
mod support;
