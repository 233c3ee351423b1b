//! Compilation of `.proto` files from outside.

#![allow(clippy::unwrap_used, missing_docs)]

mod errors;
