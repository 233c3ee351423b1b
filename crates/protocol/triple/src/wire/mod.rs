//! The headers, frames and codes of gRPC and Triple. Nothing here does I/O.

pub(crate) mod compression;
pub mod content;
pub(crate) mod data;
pub(crate) mod details;
pub(crate) mod fields;
pub mod frame;
pub(crate) mod headers;
pub(crate) mod held;
pub mod metadata;
pub mod percent;
pub mod status;
pub mod timeout;
