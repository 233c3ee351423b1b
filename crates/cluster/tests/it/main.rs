//! Destinations as those who pick from them see them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod picking;
mod preparing;
mod support;
