//! The registries through their public API.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod application;
mod documents;
mod file;
mod keeping;
