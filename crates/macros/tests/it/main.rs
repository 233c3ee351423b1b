//! The macros as users of them see them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::struct_field_names, missing_docs)]

mod exception;
mod java;
mod support;
mod ui;
