//! The readers and writers of the crate, from outside.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod java;
mod reading;
