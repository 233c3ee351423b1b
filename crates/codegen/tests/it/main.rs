//! The readers and writers of the crate, on whole inputs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod java_writer;
mod proto_writer;
mod rust_reader;
mod shop;
