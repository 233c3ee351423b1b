//! Hessian 2.0 as Dubbo speaks it.

mod class;
mod codec;
mod decode;
#[doc(hidden)]
pub mod derive;
mod descriptor;
mod dynamic;
mod encode;
mod error;
pub mod java;
mod limits;
pub mod payload;
mod tag;
mod types;

pub use class::Class;
pub use codec::{Arguments, Decode, DecodeArguments, Encode, JavaType, from_bytes, to_bytes};
pub use decode::{Decoder, Entries, Items};
pub use dynamic::{from_value, to_value};
pub use encode::{DEPTH, Encoder};
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use types::Array;

pub use dubhe_core::Value;
