//! The readers and writers of the crate, on whole inputs.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod rust_reader;
