//! The crate from outside.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod text;
