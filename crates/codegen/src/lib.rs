//! Rust of Java interfaces and classes, and Java of Rust traits.
//!
//! Everything that is read becomes an [`Api`], and everything that is written is written from one:
//!
//! ```text
//! class files, jars   ┐                    ┌ Rust: traits, structs, enums, exceptions
//! service definitions ├──► Api ── check ──►┤ Java: interfaces, classes, a pom.xml
//! Rust sources        ┘                    └ .proto
//! ```
//!
//! Two `Api`s are compared by [`check`], whatever they were read from. What cannot be carried over is
//! left out or widened with a [`Note`] that says where, why and what to do; one bad class never stops the rest.
//!
//! `dubhe gen` and `dubhe_build::java` are made of this crate; use it directly to build another tool.

pub mod archive;
#[cfg(test)]
mod broken;
pub mod check;
pub mod classfile;
mod collection;
pub mod definition;
pub mod folder;
pub mod formatted;
pub mod input;
pub mod java_reader;
pub mod java_writer;
pub mod javadoc;
pub mod jdk;
pub mod model;
pub mod names;
pub mod openapi;
pub mod pattern;
pub mod proto_writer;
pub mod rust_reader;
pub mod rust_writer;
mod written;

pub use model::{Api, Note};
pub use written::Written;
