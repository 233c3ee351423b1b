//! Hessian 2.0: what Java wrote, any value there and back, and bytes that no honest peer sends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod layout;
mod malformed;
mod memory;
mod realize;
mod round_trip;
mod serde_types;
mod vectors;
