//! The program `dubhe`, run as a user runs it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod call;
mod decode;
mod demo;
#[cfg(unix)]
mod docs;
mod generate;
mod hostile;
mod new;
mod output;
mod protobuf;
mod registry;
mod round_trip;
mod streams;
mod support;
mod tls;
