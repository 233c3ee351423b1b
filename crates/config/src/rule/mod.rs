//! Typed rules, one module for each kind.

pub mod affinity;
pub mod condition;
pub mod configurator;
mod header;
pub mod mesh;
pub mod migration;
pub mod script;
pub mod string_match;
pub mod tag;
pub mod urls;

pub use header::RuleHeader;
