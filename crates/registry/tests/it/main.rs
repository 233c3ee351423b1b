//! The registries through their public API.

#![allow(clippy::unwrap_used, missing_docs)]

mod documents;
mod file;
