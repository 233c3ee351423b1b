//! Text that is written, for small and for random input.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod rust_writer;
mod rust_writer_random;
