//! The program `dubhe`, run as a user runs it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod call;
mod decode;
mod demo;
mod protobuf;
mod support;
