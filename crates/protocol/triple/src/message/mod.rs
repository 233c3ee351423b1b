//! Payloads as messages, and back. Nothing here does I/O.

pub(crate) mod codec;
pub(crate) mod json;
pub(crate) mod payload;
pub mod wrapper;
pub(crate) mod writer;

pub(crate) use codec::Codec;
