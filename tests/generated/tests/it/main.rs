//! Generated code: that it is up to date, compiles without a warning, travels and is called.
#![deny(warnings, missing_docs)]
// The limit that a note names for `odd::levels`.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

pub mod build_script;
mod calls;
mod forms;
mod fresh;
/// The files that are written of `dubhe_generated::api`.
#[path = "../../generated/mod.rs"]
pub mod generated;
mod objects;

/// The type that the options name for `org.example.shop.Money`.
#[derive(dubhe::Java, Clone, Debug, Default, PartialEq)]
#[java(class = "org.example.shop.Money")]
pub struct Money {
    /// Hundredths.
    pub amount: i64,
    /// The code of ISO 4217.
    pub currency: Option<String>,
}
