//! Hessian 2.0 as Dubbo speaks it.
//!
//! A message is a sequence of values that share three tables: class definitions, type names, and
//! the numbers of containers. [`Encoder`] and [`Decoder`] keep them; everything else stands on
//! those two.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`Encode`], [`Decode`], [`JavaType`] | the traits of types that travel |
//! | [`Arguments`], [`DecodeArguments`] | tuples as the arguments of a call |
//! | [`Value`], [`from_value`], [`to_value`] | any value, without a Rust type |
//! | [`java`], [`Array`] | Java's own types |
//! | [`Form`] | values for callers without Rust types |
//! | [`mod@serde`] | types of serde |
//! | [`layout`] | arguments that share tables into ones that do not, and back |
//! | [`payload`] | the bridge to the payloads of `dubhe-core` |
//!
//! Sources for the wire: the Hessian 2.0 draft; hessian-lite's `Hessian2Output`, `Hessian2Input`
//! and serializers, which differ from it; bytes recorded from hessian-lite 4.0.4 and 3.2.

mod class;
mod codec;
mod decode;
#[doc(hidden)]
pub mod derive;
mod descriptor;
mod dynamic;
mod encode;
mod error;
mod form;
pub mod java;
pub mod layout;
mod limits;
pub mod payload;
pub mod serde;
mod tag;
mod types;

pub use class::Class;
pub use codec::{Arguments, Decode, DecodeArguments, Encode, JavaType, from_bytes, to_bytes};
pub use decode::{Decoder, Entries, Items};
pub use dynamic::{from_value, to_value};
pub use encode::{DEPTH, Encoder};
pub use error::{Error, ErrorKind};
pub use form::Form;
pub use limits::Limits;
pub use serde::Serde;
pub use types::Array;

pub use dubhe_core::Value;

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Includes the modules that `dubhe_build::java` made of the interfaces and classes in jars.
///
/// It needs what the build script has made:
///
/// ```text
/// mod api {
///     dubhe::include_java!();
/// }
/// ```
#[macro_export]
macro_rules! include_java {
    () => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/dubhe.java/mod.rs"));
    };
}
