//! The readers and writers of the crate, on whole inputs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod families;
mod java;
mod java_writer;
mod proto_writer;
mod reading;
mod rust_reader;
mod rust_writer;
mod rust_writer_random;
mod shop;
