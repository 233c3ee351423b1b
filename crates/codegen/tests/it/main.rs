//! The readers and writers of the crate, from outside.

mod java;
