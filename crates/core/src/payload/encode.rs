//! The seam between typed values and the formats they are written in.

use std::any::Any;

use super::Format;
use crate::status::{Code, Status};

/// A value, or the arguments of a call, that can be written in one or more formats.
///
/// A protocol hands over a [`Sink`] of its format after an endpoint, and so a protocol, is chosen.
/// Implementations ask the sink for the encoder they know and leave all others alone:
///
/// ```
/// use dubhe_core::{EncodePayload, Sink, Status};
///
/// struct Text(String);
///
/// impl EncodePayload for Text {
///     fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
///         match sink.encoder::<Vec<u8>>() {
///             Some(out) => Ok(out.extend_from_slice(self.0.as_bytes())),
///             None => Err(sink.unsupported("Text")),
///         }
///     }
/// }
/// ```
pub trait EncodePayload: Send + Sync {
    /// Writes the value into the encoder that `sink` holds.
    ///
    /// # Errors
    /// When the type has no form in the sink's format, or the value breaks one of its rules.
    fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status>;
}

/// An encoder of some format, seen without naming its type.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod payload { pub use dubhe_core::payload::{EncodePayload, Sink}; pub use dubhe_core::Format; } }
/// use dubhe::Status;
/// use dubhe::payload::{EncodePayload, Format, Sink};
///
/// /// A payload that only a protocol of your own can send, which gives it a `Vec<u8>` to write to.
/// struct Raw(Vec<u8>);
///
/// impl EncodePayload for Raw {
///     fn encode(&self, sink: &mut Sink<'_>) -> Result<(), Status> {
///         let Some(out) = sink.encoder::<Vec<u8>>() else {
///             return Err(sink.unsupported("raw bytes"));
///         };
///         out.extend_from_slice(&self.0);
///         Ok(())
///     }
/// }
///
/// let mut out = Vec::<u8>::new();
/// Raw(vec![1, 2]).encode(&mut Sink::new(Format::other("raw"), &mut out))?;
/// assert_eq!(out, [1, 2]);
/// # Ok::<(), Status>(())
/// ```
pub struct Sink<'a> {
    format: Format,
    encoder: &'a mut dyn Any,
}

impl<'a> Sink<'a> {
    /// A sink for `format` whose encoder is `encoder`.
    pub fn new(format: Format, encoder: &'a mut dyn Any) -> Self {
        Self { format, encoder }
    }

    /// The format that is being written.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// The encoder, when its type is `T`.
    pub fn encoder<T: 'static>(&mut self) -> Option<&mut T> {
        self.encoder.downcast_mut()
    }

    /// The error of a value that has no form in this format.
    pub fn unsupported(&self, what: &str) -> Status {
        Status::new(
            Code::Internal,
            format!("{what} cannot be written as {}; give it a codec for that format", self.format),
        )
    }
}
