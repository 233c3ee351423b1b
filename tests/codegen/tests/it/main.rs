//! Generated code: that it is up to date, compiles without a warning, travels and is called.
#![deny(warnings, missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod calls;
mod fresh;
/// What is written of `dubhe_generated::api`.
#[path = "../../generated/mod.rs"]
pub mod generated;
mod objects;

/// What the options name for `org.example.shop.Money`.
#[derive(dubhe::Java, Clone, Debug, Default, PartialEq)]
#[java(class = "org.example.shop.Money")]
pub struct Money {
    /// In hundredths.
    pub amount: i64,
    /// Its code.
    pub currency: Option<String>,
}
