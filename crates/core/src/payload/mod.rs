//! What a call carries: arguments, a message, or bytes that nobody has decoded yet.

mod encode;
mod encoded;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;

pub use encode::{Encode, Sink};
pub use encoded::{Encoded, Format};

use crate::status::Status;
use crate::value::Value;

/// Payloads in order, ended by the end of the stream or by an error.
pub type PayloadStream = Pin<Box<dyn Stream<Item = Result<Payload, Status>> + Send>>;

/// One unit of content.
#[derive(Clone, Debug)]
pub enum Payload {
    /// The arguments of a method that takes several: the dubbo protocol shares one Hessian table
    /// over them, Triple's wrapper encodes each alone.
    Args(Args),
    /// One message: a protobuf message, a result, any typed or dynamic value.
    Message(Content),
    /// Bytes in a known format: received and not decoded yet, or forwarded untouched.
    Encoded(Encoded),
}

/// The arguments of a call.
#[derive(Clone, Debug)]
pub struct Args {
    /// How many there are.
    pub count: usize,
    /// The values, encoded one after the other.
    pub values: Content,
}

/// Content that exists as values, to be encoded once the protocol is known.
#[derive(Clone)]
pub enum Content {
    /// Values of Rust types that know how to write themselves. A retry encodes them again.
    Typed(Arc<dyn Encode>),
    /// One dynamic value.
    Dynamic(Value),
    /// Dynamic values, one an argument.
    Values(Arc<[Value]>),
    /// Bytes that are in the format of the wire already.
    Encoded(Encoded),
}

impl fmt::Debug for Content {
    // Contents may be secret; only the kind is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed(_) => f.write_str("Typed(..)"),
            Self::Dynamic(_) => f.write_str("Dynamic(..)"),
            Self::Values(v) => write!(f, "Values({} values)", v.len()),
            Self::Encoded(e) => e.fmt(f),
        }
    }
}

impl Payload {
    /// The payload of a dynamic value.
    pub fn dynamic(value: Value) -> Self {
        Self::Message(Content::Dynamic(value))
    }

    /// The payload of a typed value.
    pub fn typed(value: impl Encode + 'static) -> Self {
        Self::Message(Content::Typed(Arc::new(value)))
    }

    /// The undecoded bytes, when that is what it holds.
    pub fn encoded(&self) -> Option<&Encoded> {
        match self {
            Self::Encoded(e)
            | Self::Message(Content::Encoded(e))
            | Self::Args(Args { values: Content::Encoded(e), .. }) => Some(e),
            _ => None,
        }
    }
}
