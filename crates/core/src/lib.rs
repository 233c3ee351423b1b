//! The vocabulary of Dubhe.
pub mod value;
