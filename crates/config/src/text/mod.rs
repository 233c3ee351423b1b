//! Texts as trees of values with their places.

mod fields;
mod node;
pub(crate) mod properties;
mod scalar;
mod yaml;

pub(crate) use fields::{Fields, limited};
pub(crate) use node::{Kind, Node};
pub(crate) use yaml::{parse, parse_all};
