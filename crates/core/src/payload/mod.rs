//! The content of calls and replies: arguments, messages, and bytes that nobody has decoded yet.

mod args;
mod encode;
mod encoded;
mod limits;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;

pub use args::{Args, ArgsLayout, EncodedArgs};
pub use encode::{EncodePayload, Sink};
pub use encoded::{Encoded, Format};
pub use limits::DecodeLimits;

use crate::descriptor;
use crate::service::{CallKind, Method};
use crate::status::{Code, Origin, Status};
use crate::value::Value;

/// Payloads in order, ended by the end of the stream or by an error.
pub type PayloadStream = Pin<Box<dyn Stream<Item = Result<Payload, Status>> + Send>>;

/// A unit of content.
///
/// A result is a message. Arguments are taken for a message where there is exactly one, and a
/// message for the only argument, so that either can be sent on as the other.
#[derive(Clone, Debug)]
pub enum Payload {
    /// The arguments of a method that takes any number of them: one of a Java interface.
    Args(Args),
    /// A message: a protobuf message, a result, any typed or dynamic value.
    Message(Content),
}

/// A message.
#[derive(Clone)]
pub enum Content {
    /// A value of a Rust type that knows how to write itself. A retry encodes it again.
    Typed(Arc<dyn EncodePayload>),
    /// A dynamic value.
    Dynamic(Value),
    /// Bytes: received and not decoded yet, or forwarded untouched.
    Encoded(Encoded),
}

impl fmt::Debug for Content {
    // Contents may be secret; only the kind is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed(_) => f.write_str("Typed(..)"),
            Self::Dynamic(_) => f.write_str("Dynamic(..)"),
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
    pub fn typed(value: impl EncodePayload + 'static) -> Self {
        Self::Message(Content::Typed(Arc::new(value)))
    }

    /// The number of values: of arguments, or the one of a message.
    pub fn count(&self) -> usize {
        match self {
            Self::Args(args) => args.count(),
            Self::Message(_) => 1,
        }
    }

    /// Makes sure that there is a value for each parameter of a method of a Java interface, and
    /// one in each request of a stream.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] that blames the caller.
    pub fn fits(&self, method: &Method) -> Result<(), Status> {
        let descriptor = method.descriptor.as_deref().unwrap_or_default();
        let wanted = match method.kind {
            CallKind::ClientStream | CallKind::Bidirectional => Some(1),
            _ => descriptor::count(descriptor).ok(),
        };
        let given = self.count();
        if wanted == Some(given) {
            return Ok(());
        }
        let text = format!("{given} arguments were given for {}({descriptor})", method.name);
        Err(Status::new(Code::InvalidArgument, text).with_origin(Origin::Caller))
    }

    /// The limits of decoding it; the default ones of values that exist already.
    pub fn limits(&self) -> DecodeLimits {
        match self {
            Self::Args(Args::Encoded(e)) => e.limits().clone(),
            Self::Message(Content::Encoded(e)) => e.limits().clone(),
            _ => DecodeLimits::default(),
        }
    }

    /// The undecoded bytes, when it is a message that exists as bytes.
    pub fn encoded(&self) -> Option<&Encoded> {
        match self {
            Self::Message(Content::Encoded(e)) => Some(e),
            _ => None,
        }
    }

    /// The bytes of a message that exists as bytes; 0 for others, whose length is not known before they
    /// are written.
    pub fn encoded_len(&self) -> usize {
        self.encoded().map_or(0, Encoded::len)
    }
}

impl From<Args> for Payload {
    fn from(args: Args) -> Self {
        Self::Args(args)
    }
}

impl From<EncodedArgs> for Payload {
    fn from(args: EncodedArgs) -> Self {
        Self::Args(Args::Encoded(args))
    }
}

impl From<Encoded> for Payload {
    fn from(message: Encoded) -> Self {
        Self::Message(Content::Encoded(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_value_for_each_parameter() {
        let one = Payload::dynamic(Value::Null);
        let of = |count| Payload::from(Args::Values(vec![Value::Null; count].into()));
        let method = Method::java("f", "IJ");
        assert!(of(2).fits(&method).is_ok());
        assert!(one.fits(&Method::java("f", "I")).is_ok());
        for (payload, method) in [(of(1), &method), (of(3), &method), (one.clone(), &method)] {
            let error = payload.fits(method).unwrap_err();
            assert_eq!((error.code(), error.origin()), (Code::InvalidArgument, Origin::Caller));
            assert!(error.message().ends_with("arguments were given for f(IJ)"), "{error}");
        }
        let stream =
            Method::java("f", "Lorg/Observer;Lorg/Observer;").kind(CallKind::Bidirectional);
        assert!(one.fits(&stream).is_ok() && of(2).fits(&stream).is_err());
        assert!(of(1).fits(&Method::java("f", "nonsense")).is_err());
    }

    /// A payload is moved with every call, through every filter: it fits a cache line.
    #[test]
    fn payloads_stay_small() {
        assert!(size_of::<Payload>() <= 64, "{}", size_of::<Payload>());
        assert!(size_of::<Args>() <= 56, "{}", size_of::<Args>());
        assert!(size_of::<Content>() <= 56, "{}", size_of::<Content>());
        assert!(size_of::<Format>() <= 16, "{}", size_of::<Format>());
    }
}
