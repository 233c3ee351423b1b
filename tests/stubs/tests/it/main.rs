//! Generated code, called.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod built_in;
mod calls;
mod codes;
mod http;
mod json;
mod memory;
mod names;
mod required;
mod unknown;
mod unused;
